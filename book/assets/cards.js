/* Hover cards: a link to an equation, a source, a proposition, a figure or a word of the glossary shows what it leads to,
   and a symbol what the notation says of it. By mouse, or by keyboard on a link; Escape closes. */
addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (!article || !matchMedia("(hover: hover)").matches) return;
  const SHOWN = "div.math, div.citation, div.proof, div.exercise, figure, table";
  const GREEK = { alpha: "α", beta: "β", gamma: "γ", eta: "η", kappa: "κ", lambda: "λ", mu: "μ", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", Omega: "Ω" };
  const root = document.documentElement.dataset.content_root ?? "./";
  const pages = new Map();
  let card = null, of = null, timer = 0;

  /** The page at `url` as a document; null where none can be had, as from disk. */
  function page(url) {
    const at = url.origin + url.pathname;
    if (at === location.origin + location.pathname) return document;
    if (location.protocol === "file:") return null;
    if (!pages.has(at)) {
      pages.set(at, fetch(at).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
        .then((text) => new DOMParser().parseFromString(text, "text/html")).catch(() => null));
    }
    return pages.get(at);
  }

  /** What is worth showing of a link's target, as a copy that holds no names, links or controls. */
  async function copyOf(url) {
    const target = (await page(url))?.getElementById(decodeURIComponent(url.hash.slice(1)));
    if (!target) return null;
    let parts = [target.closest(SHOWN) ?? target.querySelector(":scope > :is(figure, div.math)")];
    if (target.tagName === "DT") parts = [target, target.nextElementSibling];
    if (!parts[0]) return null;
    const box = document.createElement("div");
    for (const part of parts) box.append(document.importNode(part, true));
    for (const gone of box.querySelectorAll("script, button, .headerlink, .fn-bracket, .backrefs, .toggle-button")) gone.remove();
    for (const named of box.querySelectorAll("[id]")) named.removeAttribute("id");
    for (const far of box.querySelectorAll("[data-far]")) far.removeAttribute("data-far");
    for (const link of box.querySelectorAll("a")) link.replaceWith(...link.childNodes);
    for (const image of box.querySelectorAll("img[src]")) image.src = new URL(image.getAttribute("src"), url).href;
    return box;
  }

  const plain = (text) => text.replace(/\\(\w+)/g, (whole, name) => GREEK[name] ?? whole).replace(/[\s{}]/g, "");
  const tex = (formula) => plain(formula.querySelector("annotation")?.textContent ?? "");

  /** What the notation says of each symbol, by its TeX. */
  let symbols = null;
  const notation = () => (symbols ??= (async () => {
    const found = new Map();
    const read = await page(new URL(`${root}book/notation.html`, location.href));
    for (const row of read?.querySelectorAll("table tbody tr") ?? []) {
      const [names, meaning] = row.cells, words = names.cloneNode(true);
      const keys = [...names.querySelectorAll(".katex")].map(tex);
      for (const formula of words.querySelectorAll(".katex")) formula.remove();
      for (const name of [...keys, ...words.textContent.split(/[,;\s]+/)]) if (name && !found.has(name)) found.set(name, meaning);
    }
    return found;
  })());

  async function symbol(formula) {
    const name = tex(formula);
    const meaning = name.length <= 16 ? (await notation()).get(name) : null;
    if (!meaning) return null;
    const box = document.createElement("div");
    const words = document.importNode(meaning, true);
    for (const link of words.querySelectorAll("a")) link.replaceWith(...link.childNodes);
    box.append(formula.cloneNode(true), ": ", ...words.childNodes);
    return box;
  }

  function close() {
    clearTimeout(timer);
    card?.remove();
    of?.removeAttribute("aria-describedby");
    card = of = null;
  }

  function open(from, make) {
    if (from === of) return clearTimeout(timer);
    close();
    of = from;
    timer = setTimeout(async () => {
      const box = await make();
      if (!box || of !== from) return;
      card = box;
      Object.assign(card, { id: "l0-card", className: "l0-card" });
      card.setAttribute("role", "tooltip");
      document.body.append(card);
      const at = from.getBoundingClientRect(), high = card.offsetHeight, below = at.bottom + high + 8 < innerHeight;
      card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 8)) + scrollX}px`;
      card.style.top = `${(below ? at.bottom + 6 : Math.max(8, at.top - high - 6)) + scrollY}px`;
      if (from.tagName === "A") from.setAttribute("aria-describedby", "l0-card");
      card.addEventListener("pointerenter", () => clearTimeout(timer));
      card.addEventListener("pointerleave", leave);
    }, 250);
  }
  const leave = () => { clearTimeout(timer); timer = setTimeout(close, 200); };

  const what = (event) => {
    const link = event.target.closest?.("a.reference[href*='#'], a.l0-word");
    if (link) return [link, () => copyOf(new URL(link.href))];
    const formula = event.type === "pointerover" ? event.target.closest?.("span.math .katex") : null;
    return formula ? [formula, () => symbol(formula)] : null;
  };
  for (const type of ["pointerover", "focusin"]) article.addEventListener(type, (event) => { const found = what(event); if (found) open(...found); });
  for (const type of ["pointerout", "focusout"]) article.addEventListener(type, (event) => { if (of && of.contains(event.target)) leave(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
});
