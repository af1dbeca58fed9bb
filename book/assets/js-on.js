/* Before the first paint: style sheets may hide what a script is about to replace. */
document.documentElement.classList.add("js");
/* From disk a browser may not fetch other pages: the search then lists its results without excerpts. */
if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    if (typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  });
}
