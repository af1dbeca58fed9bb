/* Turns an admonition of class `quiz answer-N` (a question, an ordered list, a hint, a folded answer) into radio buttons
   with feedback: a wrong choice gets the hint, and the solution comes on request. The hint is an admonition of class
   `hint` in the quiz. Without this script the folded answer does the job.

   Nothing is stored here. Who keeps state listens and speaks to the box, whose `id` is written in the chapter:
   - `l0:answered` bubbles from the box with `{id, kind: "quiz", value, right, shown}`: the number of the chosen option,
     whether it is the right one, whether the solution stands open;
   - `l0:restore`, sent to the box with `{value, shown}`, sets that again, silently; `l0:clear` empties it;
   - `data-answered` on the box is "right", "wrong", or absent. */
(() => {
  const make = (name, set, ...inside) => {
    const made = Object.assign(document.createElement(name), set);
    made.append(...inside);
    return made;
  };

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
    const form = make("fieldset", { className: "quiz-form" });
    const legend = make("legend");
    for (let node = title.nextSibling; node && node !== list; ) {
      const next = node.nextSibling;
      if (!node.matches?.(".admonition")) legend.append(node);
      node = next;
    }
    form.append(legend);

    const written = box.querySelector(":scope > .admonition.hint");
    const hint = () => [...(written?.children ?? [])].filter((e) => !e.matches(".admonition-title, .toggle-button")).flatMap((e) => [...e.cloneNode(true).childNodes, " "]);
    const solve = make("button", { type: "button", className: "quiz-solve", textContent: "Show the solution", hidden: true });
    const feedback = make("p", { className: "quiz-feedback" });
    feedback.setAttribute("role", "status");

    let value = null;
    const tell = () => box.dispatchEvent(new CustomEvent("l0:answered", { bubbles: true, detail: { id: box.id, kind: "quiz", value, right: value === right, shown: !answer.hidden } }));

    function choose(chosen, shown) {
      value = chosen;
      const ok = value === right;
      labels.forEach((label, i) => {
        label.classList.toggle("right", ok && i + 1 === value);
        label.classList.toggle("wrong", !ok && i + 1 === value);
        label.querySelector("input").checked = i + 1 === value;
      });
      if (value === null) {
        delete box.dataset.answered;
        feedback.replaceChildren();
        solve.hidden = answer.hidden = true;
        return;
      }
      box.dataset.answered = ok ? "right" : "wrong";
      if (ok) feedback.textContent = "Right.";
      else feedback.replaceChildren("Not this one. ", make("span", { className: "quiz-hint" }, "Hint: ", ...hint()));
      answer.hidden = !(ok || shown);
      solve.hidden = !answer.hidden;
    }

    const labels = [...list.children].map((item, i) => {
      const radio = make("input", { type: "radio", name: `quiz-${index}`, value: String(i + 1) });
      // An option may be a paragraph of its own (a loose list); a label holds phrasing content only.
      const only = item.children.length === 1 && item.firstElementChild.tagName === "P" ? item.firstElementChild : item;
      radio.addEventListener("change", () => {
        choose(i + 1, !answer.hidden);
        tell();
      });
      return make("label", {}, radio, `${i + 1}. `, make("span", {}, ...only.childNodes));
    });
    form.append(...labels);

    solve.addEventListener("click", () => {
      choose(value, true);
      answer.tabIndex = -1;
      answer.focus();
      tell();
    });
    box.addEventListener("l0:restore", ({ detail }) => {
      if (Number.isInteger(detail.value) && detail.value >= 1 && detail.value <= labels.length) choose(detail.value, Boolean(detail.shown));
    });
    box.addEventListener("l0:clear", () => choose(null));

    list.replaceWith(form);
    folded.replaceWith(answer);
    answer.classList.add("quiz-explanation");
    answer.hidden = true;
    written?.remove();
    form.after(feedback, solve);
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".admonition.quiz").forEach(build));
})();
