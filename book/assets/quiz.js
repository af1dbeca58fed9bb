/* Turns an admonition of class `quiz answer-N` (a question, an ordered list, a folded answer) into radio buttons with
   feedback: a wrong choice gets a hint, and the solution comes on request. The hint is the text of an admonition of class
   `hint` in the quiz; where there is none, it is the first reference in the answer. Without this script the folded answer
   does the job. Nothing is stored. */
(() => {
  function build(box, index) {
    const right = Number([...box.classList].find((c) => c.startsWith("answer-"))?.slice(7));
    const list = box.querySelector(":scope > ol");
    const folded = box.querySelector(":scope > .admonition:not(.hint)");
    if (!list || !folded || !(right >= 1 && right <= list.children.length)) return;

    // A copy without the folding's own button and listeners.
    const answer = folded.cloneNode(true);
    for (const button of answer.querySelectorAll(".toggle-button")) button.remove();
    answer.classList.remove("dropdown", "toggle", "toggle-hidden");

    const title = box.querySelector(":scope > .admonition-title");
    const form = document.createElement("fieldset");
    form.className = "quiz-form";
    const legend = document.createElement("legend");
    for (let node = title.nextSibling; node && node !== list; ) {
      const next = node.nextSibling;
      legend.append(node);
      node = next;
    }
    form.append(legend);

    const written = box.querySelector(":scope > .admonition.hint");
    const reference = folded.querySelector("a.reference.internal");
    const hint = () => {
      const words = document.createElement("span");
      if (written) words.append(...[...written.children].filter((e) => !e.matches(".admonition-title, .toggle-button")).flatMap((e) => [...e.cloneNode(true).childNodes]));
      else if (reference) words.append("Look again at ", reference.cloneNode(true), ".");
      else words.append("It is one of the others.");
      return words;
    };
    const solve = Object.assign(document.createElement("button"), { type: "button", className: "quiz-solve", textContent: "Show the solution", hidden: true });
    solve.addEventListener("click", () => {
      answer.hidden = false;
      solve.hidden = true;
      answer.tabIndex = -1;
      answer.focus();
    });

    const feedback = document.createElement("p");
    feedback.className = "quiz-feedback";
    feedback.setAttribute("role", "status");

    [...list.children].forEach((item, i) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: `quiz-${index}`, value: String(i + 1) });
      const text = document.createElement("span");
      // An option may be a paragraph of its own (a loose list); a label holds phrasing content only.
      const only = item.children.length === 1 && item.firstElementChild.tagName === "P" ? item.firstElementChild : item;
      text.append(...only.childNodes);
      label.append(radio, `${i + 1}. `, text);
      form.append(label);
      radio.addEventListener("change", () => {
        const ok = i + 1 === right;
        for (const other of form.querySelectorAll("label")) other.classList.remove("right", "wrong");
        label.classList.add(ok ? "right" : "wrong");
        if (ok) feedback.textContent = "Right.";
        else feedback.replaceChildren("Not this one. Hint: ", hint());
        if (ok) answer.hidden = false;
        solve.hidden = !answer.hidden;
      });
    });
    list.replaceWith(form);
    folded.replaceWith(answer);
    answer.classList.add("quiz-explanation");
    answer.hidden = true;
    written?.remove();
    form.after(feedback, solve);
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".admonition.quiz").forEach(build));
})();
