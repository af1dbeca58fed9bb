/* Print, and "save as PDF": always in the light theme, with all pictures, and with the solutions where the reader wants
   them. */
(() => {
  const root = document.documentElement;
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    for (const picture of document.querySelectorAll("img[loading]")) picture.loading = "eager";
  });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before;
  });
  addEventListener("DOMContentLoaded", () => {
    const first = document.querySelector(".solution.admonition") && document.querySelector(".exercise.admonition");
    if (!first) return;
    const box = Object.assign(document.createElement("input"), { type: "checkbox" });
    box.addEventListener("change", () => root.toggleAttribute("data-solutions", box.checked));
    const choice = Object.assign(document.createElement("label"), { className: "l0-print-choice" });
    choice.append(box, "Print the solutions too");
    first.before(choice);
  });
})();
