/* An admonition of class `predict` (a question, a folded answer) takes a guess: a choice where it lists options, else a
   text. The answer opens when the guess is locked, and stands beside it. With `answer-N` among its classes option N is
   what happened, and the box says whether that was the guess. Who cannot guess may see the answer, which locks too.
   Without this script the folded answer does the job.

   Nothing is stored here. Who keeps state listens and speaks to the box, whose `id` is written in the chapter:
   - `l0:answered` bubbles from the box with `{id, kind: "predict", value, right, shown: true}`: the number of the option
     or the text, null without a guess; true or false where option N is known to be right, else null;
   - `l0:restore`, sent to the box with `{value}`, locks that again, silently; `l0:clear` unlocks and empties;
   - `data-answered` on the box is "right", "wrong", "given" (nobody judges a text), "none", or absent. */
(() => {
  const make = (name, set, ...inside) => {
    const made = Object.assign(document.createElement(name), set);
    made.append(...inside);
    return made;
  };

  function build(box, index) {
    const folded = box.querySelector(":scope > .admonition");
    if (!folded) return;
    const list = box.querySelector(":scope > ol");
    const right = Number([...box.classList].find((c) => c.startsWith("answer-"))?.slice(7)) || null;

    // A copy without the folding's own button and listeners: it opens by the guess alone.
    const answer = folded.cloneNode(true);
    for (const button of answer.querySelectorAll(".toggle-button")) button.remove();
    answer.classList.remove("dropdown", "toggle", "toggle-hidden");
    answer.classList.add("predict-answer");
    answer.hidden = true;
    answer.querySelector(".admonition-title").replaceChildren("What happened");

    const said = make("p", { className: "predict-said" });
    said.setAttribute("role", "status");
    const fields = make("fieldset", {}, make("legend", {}, "Your guess"));
    const form = make("form", { className: "predict-form" }, fields);
    let guess, fill, words;
    if (list) {
      const labels = [...list.children].map((item, i) => {
        const radio = make("input", { type: "radio", name: `predict-${index}`, value: String(i + 1) });
        const only = item.children.length === 1 && item.firstElementChild.tagName === "P" ? item.firstElementChild : item;
        return make("label", {}, radio, make("span", {}, ...only.childNodes));
      });
      fields.append(...labels);
      list.replaceWith(form);
      guess = () => Number(fields.querySelector("input:checked")?.value) || null;
      fill = (value) => labels.forEach((label, i) => (label.firstChild.checked = i + 1 === value));
      words = (value) => [...labels[value - 1].lastChild.cloneNode(true).childNodes];
    } else {
      const text = make("textarea", { rows: 2, ariaLabel: "Your guess" });
      fields.append(text);
      folded.before(form);
      guess = () => text.value.trim() || null;
      fill = (value) => (text.value = value ?? "");
      words = (value) => [value];
    }
    const skip = make("button", { type: "button", className: "predict-skip" }, "Show it without a guess");
    form.append(make("button", { type: "submit" }, "Lock my guess"), skip, said);

    const beside = make("div", { className: "predict-both" });
    folded.replaceWith(beside);
    beside.append(answer);

    const fits = (value) => value === null || (list ? Number.isInteger(value) && value >= 1 && value <= list.children.length : typeof value === "string");

    function lock(value) {
      fill(value);
      const judged = value === null || right === null ? null : value === right;
      box.dataset.answered = value === null ? "none" : judged === null ? "given" : judged ? "right" : "wrong";
      form.hidden = true;
      answer.hidden = false;
      beside.querySelector(".predict-guess")?.remove();
      const verdict = judged === null ? [] : [make("p", { className: "predict-verdict" }, judged ? "That is what happened." : "It came otherwise.")];
      const guessed = value === null ? ["None."] : words(value);
      beside.prepend(make("div", { className: "predict-guess" }, make("p", {}, make("strong", {}, "Your guess")), make("p", { className: "predict-words" }, ...guessed), ...verdict));
      return judged;
    }

    // The answer is read first, and the guess beside it is in its name.
    function close(value) {
      const judged = lock(value);
      beside.tabIndex = -1;
      beside.setAttribute("role", "group");
      beside.setAttribute("aria-label", "Your guess, and what happened");
      beside.focus();
      box.dispatchEvent(new CustomEvent("l0:answered", { bubbles: true, detail: { id: box.id, kind: "predict", value, right: judged, shown: true } }));
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = guess();
      if (value === null) said.textContent = "Guess first, or see the answer without a guess.";
      else close(value);
    });
    skip.addEventListener("click", () => close(null));
    box.addEventListener("l0:restore", ({ detail }) => {
      if (fits(detail.value)) lock(detail.value);
    });
    box.addEventListener("l0:clear", () => {
      fill(null);
      delete box.dataset.answered;
      beside.querySelector(".predict-guess")?.remove();
      said.textContent = "";
      form.hidden = false;
      answer.hidden = true;
    });
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".admonition.predict").forEach(build));
})();
