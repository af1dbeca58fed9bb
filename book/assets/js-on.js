/* Before the first paint: style sheets may hide what a script is about to replace. */
document.documentElement.classList.add("js");
/* From disk a browser may not fetch other pages: the search then lists its results without excerpts. */
if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    if (typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  });
}
/* What scrolls can be reached by keyboard, and a picture or a formula says so; what fits is no stop on the way. Each is
   asked once it is laid out, which for most of a page is when it comes near. */
document.addEventListener("DOMContentLoaded", () => {
  const named = ".picture, div.math";
  const frames = document.querySelectorAll(`.bd-article :is(${named}, pre, .cell_output > .output, .jp-RenderedHTMLCommon, .pst-scrollable-table-container)`);
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (!target.matches(named)) {
        if (target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
        continue;
      }
      if (target.scrollWidth <= target.clientWidth + 1) {
        for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
        continue;
      }
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      const number = target.parentElement.querySelector(":scope > figcaption .caption-number") ?? target.querySelector(".eqno");
      const name = target.classList.contains("picture") ? number?.textContent ?? "Figure" : `Equation ${number?.firstChild.textContent ?? ""}`;
      target.setAttribute("aria-label", `${name.trim()}, scrolls sideways`);
    }
  });
  for (const frame of frames) watch.observe(frame);
  // the letters of a formula far down come when it does, and may be wider than those that stood for them
  document.fonts.addEventListener("loadingdone", () => { for (const frame of frames) { watch.unobserve(frame); watch.observe(frame); } });
});
/* A formula stands three times in a page (MathML, its TeX source, the drawn boxes): an excerpt of the search needs it once. */
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const text = Search.htmlToText;
  Search.htmlToText = (page, anchor) => text(page.replace(/<span class="katex-mathml">[^]*?<\/math><\/span>/g, ""), anchor);
});
/* The index is a plain object, in which "constructor" and "__proto__" are found although no page has the word. */
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined" || !Search.hasIndex()) return;
  const bare = Object.create(null, { hasOwnProperty: { value: Object.prototype.hasOwnProperty } });
  for (const words of [Search._index.terms, Search._index.titleterms]) Object.setPrototypeOf(words, bare);
});
