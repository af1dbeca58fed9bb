/* An admonition of class `predict` (a question, a folded answer) takes a guess, a choice where it lists options, and then
   shows it beside what happened. Without this script, and without a guess, the folded answer does the job. Nothing is
   stored. */
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
    const said = make("p", { className: "predict-said" });
    said.setAttribute("role", "status");
    const form = make("form", { className: "predict-form" });
    let guess;
    if (list) {
      const choice = make("fieldset", {}, make("legend", {}, "Your guess"));
      for (const [i, item] of [...list.children].entries()) {
        const radio = make("input", { type: "radio", name: `predict-${index}`, value: String(i) });
        const only = item.children.length === 1 && item.firstElementChild.tagName === "P" ? item.firstElementChild : item;
        choice.append(make("label", {}, radio, make("span", {}, ...only.childNodes)));
      }
      list.replaceWith(form);
      form.append(choice);
      guess = () => [...(choice.querySelector("input:checked")?.nextElementSibling.cloneNode(true).childNodes ?? [])];
    } else {
      const text = make("textarea", { rows: 2 });
      folded.before(form);
      form.append(make("label", {}, "Your guess", text));
      guess = () => (text.value.trim() ? [text.value.trim()] : []);
    }
    form.append(make("button", { type: "submit" }, "Compare"), said);

    const beside = make("div", { className: "predict-both" });
    folded.replaceWith(beside);
    beside.append(folded);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = guess();
      if (!words.length) {
        said.textContent = "Guess first, or open the answer without a guess.";
        return;
      }
      beside.querySelector(".predict-guess")?.remove();
      beside.prepend(make("div", { className: "predict-guess" }, make("p", {}, make("strong", {}, "Your guess")), make("p", {}, ...words)));
      if (folded.classList.contains("toggle-hidden")) folded.querySelector(".toggle-button")?.click();
      said.textContent = "Your guess stands beside what happened.";
    });
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".admonition.predict").forEach(build));
})();
