// Before anything is painted: the theme that the reader chose, else the system's, and whether there is room for slides.
(() => {
  const root = document.documentElement, asked = new URLSearchParams(location.search);
  root.classList.add("js");
  const print = asked.has("print-pdf");
  // the speaker's window shows the deck in narrow frames
  if (print || asked.has("receiver") || innerWidth >= 1000) root.classList.add("deck");
  let kept = null;
  try { kept = localStorage.getItem("l0-slides-theme"); } catch { /* site data may be blocked */ }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = print ? "light" : asked.get("theme") ?? kept ?? (dark ? "dark" : "light"); // paper is white
})();
