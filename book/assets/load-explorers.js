/* The code of a page's explorers comes when the first of them is near, or when the address or a test asks for it. Until
   then each has its place, of its own height (static_widgets.py); where the code does not come, its picture returns.
   A page that opens with an explorer names this script in its head, and "soon": the code is fetched while the page is
   read, and run when the page is there. */
(() => {
  const NEAR = "800px";
  const { load: named, soon } = document.currentScript.dataset;
  const files = named.split(" ");
  let asked = false;
  if (soon !== undefined) for (const href of files) document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href }));
  const still = () => { for (const place of document.querySelectorAll(".l0-place")) place.classList.add("l0-still"); };
  function load() {
    if (asked) return;
    asked = true;
    watcher.disconnect();
    for (const src of files) {
      const script = Object.assign(document.createElement("script"), { src, async: false });
      script.addEventListener("error", still);
      document.head.append(script);
    }
  }
  /* A chapter's ten thousand boxes of formulas, off screen, would be painted with every move: leave them out, at the
     height that they have. What is on screen stays as it is. */
  function leaveOut() {
    const parts = [...document.querySelectorAll(".bd-article section > :is(p, ul, ol, dl, .admonition, .proof, .exercise, .solution, .math, .amsmath, .math-wrapper)")];
    // the height to keep is that of the contents: padding and border come on top
    const inner = (part) => {
      const { paddingTop, paddingBottom, borderTopWidth, borderBottomWidth } = getComputedStyle(part);
      const around = [paddingTop, paddingBottom, borderTopWidth, borderBottomWidth].map(parseFloat);
      return around.reduce((left, more) => left - more, part.getBoundingClientRect().height);
    };
    const boxes = parts.map((part) => ({ rect: part.getBoundingClientRect(), height: inner(part) }));
    parts.forEach((part, i) => {
      const { rect: { top, bottom }, height } = boxes[i];
      if (height <= 0 || (bottom > -innerHeight && top < 2 * innerHeight)) return;
      part.style.containIntrinsicSize = `auto ${height}px`;
      part.classList.add("l0-far");
    });
  }
  document.addEventListener("l0:ready", leaveOut);
  // paper shows the still pictures
  addEventListener("beforeprint", () => { for (const picture of document.querySelectorAll(".l0-place .l0-fallback img")) picture.loading = "eager"; });
  const watcher = new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) load(); }, { rootMargin: NEAR });
  document.addEventListener("l0:wake", load);
  const begin = () => {
    if (location.search) load(); // it may hold settings
    else if (!asked) for (const place of document.querySelectorAll(".l0-place")) watcher.observe(place);
  };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", begin) : begin();
})();
