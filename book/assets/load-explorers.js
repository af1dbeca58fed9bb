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
  const watcher = new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) load(); }, { rootMargin: NEAR });
  document.addEventListener("l0:wake", load);
  const begin = () => {
    if (location.search) load(); // it may hold settings
    else if (!asked) for (const place of document.querySelectorAll(".l0-place")) watcher.observe(place);
  };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", begin) : begin();
})();
