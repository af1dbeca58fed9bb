/* Code on request: cells come folded; one switch in the header opens or closes all, here and on the next page. */
addEventListener("DOMContentLoaded", () => {
  const cells = document.querySelectorAll("details.hide.above-input");
  const bar = document.querySelector(".header-article-items__end .article-header-buttons");
  if (!cells.length || !bar) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm l0-code" });
  button.innerHTML = '<span aria-hidden="true">&lt;/&gt;</span> <span class="l0-code-name">Code</span>';
  const show = (all) => {
    for (const cell of cells) cell.open = all;
    button.setAttribute("aria-pressed", String(all));
    button.title = all ? "Fold the code of all cells" : "Show the code of all cells";
  };
  button.addEventListener("click", () => {
    const all = button.getAttribute("aria-pressed") !== "true";
    localStorage.setItem("l0-code", all ? "shown" : "");
    show(all);
  });
  show(localStorage.getItem("l0-code") === "shown");
  bar.prepend(button);
});
