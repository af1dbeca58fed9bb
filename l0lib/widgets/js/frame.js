// What every explorer has around its plots: the key, the live sentence, the buttons, the redraw on change.
import { make } from "./dom.js";
import { installA11y } from "./a11y.js";
import { short } from "./numbers.js";
import { presenter } from "./present.js";
import { nearest, read, readAll, snap, trait, write } from "./settings.js";
import { DASH, onTheme, palette } from "./theme.js";
import { changed, linkTo, onStaticPage, register } from "./url.js";

export { short };

const NARROW = 640; // px: where controls beside the picture would leave it too little room

function swatch({ style, dash = DASH[style] ?? [], width = 2.5, dot, mark }) {
  const box = make("span", { class: "l0-swatch" });
  const shape = mark ? `<text x="15" y="10" text-anchor="middle">${mark}</text>` : dot ? `<circle cx="15" cy="5" r="4.5"/>` : `<line x1="1" y1="5" x2="29" y2="5" stroke-width="${width}" stroke-dasharray="${dash.join(" ")}"/>`;
  box.innerHTML = `<svg width="30" height="10" aria-hidden="true">${shape}</svg>`;
  return box;
}

/** The key of the lines: entries [{style, name, text, dash, width, dot, mark, flow}], kept as one list so that a screen reader reads it in order. */
function keyOf(list) {
  let shape = "";
  return (entries) => {
    const now = entries.map((e) => e.style + e.name).join("|");
    if (now !== shape) {
      shape = now;
      list.replaceChildren(...entries.map((e) => make("li", { "data-style": e.style, ...(e.flow ? { class: "l0-flow" } : {}) }, swatch(e), make("b", {}, e.name), make("span"))));
    }
    entries.forEach((e, i) => {
      const span = list.children[i].lastElementChild, text = e.text ? ` ${e.text}` : "";
      if (span.textContent !== text) span.textContent = text;
      list.children[i].style.setProperty("--l0-line", palette()[e.style]);
    });
  };
}

/** ipywidgets lets a reader type beside a selection slider and then forgets it: take the nearest value it can hold. */
function acceptTyping(box, model) {
  const take = (e) => {
    const readout = e.target.closest?.(".widget-readout");
    const s = readout && model.get("spec").find((x) => x.kind === "log" && readout.closest(`.l0-c-${x.name}`));
    if (!s || (e.type === "keydown" && e.key !== "Enter")) return;
    const x = Number(readout.textContent.replace("−", "-"));
    if (x > 0 && Number.isFinite(x)) write(model, s, nearest(s, x));
    readout.textContent = String(read(model, s));
    model.save_changes();
    if (e.type === "keydown") e.preventDefault();
  };
  box.addEventListener("keydown", take);
  box.addEventListener("focusout", take);
}

async function copy(entry, notice) {
  const link = linkTo(entry);
  try {
    await navigator.clipboard.writeText(link);
    notice("Link copied.", false);
  } catch {
    const box = make("input", { readonly: "", value: link, "aria-label": "Link to this view" });
    notice("Copy this link:", false).append(box);
    box.select();
  }
}

/** What is longer than its place scrolls: then it can be reached by keyboard. */
function reachable(root) {
  for (const part of root.querySelectorAll(".l0-key, .l0-layers, .l0-weights, .l0-told, .l0-removal")) {
    if (part.scrollHeight > part.clientHeight + 2) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}

/**
 * Build the frame, let `explorer` fill it, and keep it up to date.
 * explorer(panels, api) returns {update(values) -> {data, key, say, hide}, resize(), recolour(), destroy()}.
 */
export function mount(model, el, explorer, title) {
  installA11y();
  const kind = model.get("kind");
  const notice = make("p", { class: "l0-notice", role: "alert", hidden: "" });
  const list = make("ul", { class: "l0-key" });
  const panels = make("div", { class: "l0-panels" });
  const status = make("p", { class: "l0-status", role: "status", "aria-live": "polite" });
  const reset = make("button", { type: "button" }, "Reset"), present = make("button", { type: "button" }, "Present");
  const tools = make("div", { class: "l0-tools" }, reset);
  const root = make("figure", { class: "l0-view", "aria-label": `Explorer: ${title}` }, notice, panels, list, status, tools);
  el.append(root);

  const stats = { draws: 0, work: [] };
  const showKey = keyOf(list);
  let state, timer = 0, hiding = 0, frame = 0, box = null, unpresent = () => {};

  const show = (text, bad = true) => {
    clearTimeout(hiding);
    notice.className = bad ? "l0-notice l0-bad" : "l0-notice";
    notice.textContent = text;
    notice.hidden = false;
    if (!bad) hiding = setTimeout(() => { if (!notice.querySelector("input")) notice.hidden = true; }, 4000);
    return notice;
  };
  notice.addEventListener("click", (e) => { if (e.target.tagName !== "INPUT") notice.hidden = true; });
  const entry = register(root, model, show);
  if (onStaticPage()) {
    const link = make("button", { type: "button" }, "Copy link");
    link.addEventListener("click", () => copy(entry, show));
    tools.append(link);
  }
  tools.append(present);

  const api = { root, set: (name, value) => {
    write(model, model.get("spec").find((s) => s.name === name), value);
  }, spec: (name) => model.get("spec").find((s) => s.name === name), save: () => model.save_changes(), model, redraw: () => ask() };
  const view = explorer(panels, api);

  const draw = () => {
    const start = performance.now();
    state = view.update(readAll(model));
    showKey(state.key);
    if (box) box.dataset.hide = (state.hide ?? []).join(" ");
    panels.querySelectorAll("[role=img]").forEach((p) => p.setAttribute("aria-label", `${p.dataset.name}. ${state.say}`));
    // at most four sentences a second, and always the last one
    timer ||= setTimeout(() => {
      timer = 0;
      if (status.textContent !== state.say) status.textContent = state.say;
      reachable(root);
    }, 250);
    stats.draws++;
    queueMicrotask(() => stats.work.push(performance.now() - start)); // uPlot draws in a microtask of its own, before
  };
  // The first change of a frame is drawn at once, while the browser still waits for its time to paint; those that
  // follow before it are drawn together.
  let late = false;
  const redraw = () => { snap(model); draw(); };
  const ask = () => {
    changed(entry);
    if (frame) { late = true; return; }
    queueMicrotask(redraw); // when all that one event changes is set
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (late) { late = false; redraw(); }
    });
  };
  const traits = model.get("spec").map(trait);
  traits.forEach((name) => model.on(`change:${name}`, ask));
  reset.addEventListener("click", () => {
    for (const s of model.get("spec")) write(model, s, s.start);
    model.save_changes();
    notice.hidden = true;
  });
  const stopTheme = onTheme(() => { view.recolour(); if (state) showKey(state.key); });
  let size = "";
  const observer = new ResizeObserver(() => {
    const now = `${box.clientWidth} ${box.clientHeight}`;
    if (now === size || !box.clientWidth) return;
    size = now;
    box.classList.toggle("l0-narrow", box.clientWidth < NARROW);
    view.resize();
    reachable(root);
  });
  /** The view stands in a box with the controls, some frames later: controls and picture are laid out together there. */
  let waited = 0, waiting = 0;
  const settle = () => {
    box = root.closest(".l0-explorer");
    if (!box) {
      if (waited++ < 600) waiting = requestAnimationFrame(settle);
      return;
    }
    for (let e = root; e !== box; e = e.parentElement) e.classList.add("l0-through");
    box.dataset.kind = kind;
    box.dataset.hide = (state.hide ?? []).join(" ");
    acceptTyping(box, model);
    unpresent = presenter(present, box, () => view.resize());
    observer.observe(box);
  };
  draw();
  settle();
  root.l0 = { kind, data: () => state.data, vals: () => readAll(model), stats, model };
  return () => {
    traits.forEach((name) => model.off(`change:${name}`, ask));
    cancelAnimationFrame(frame);
    cancelAnimationFrame(waiting);
    observer.disconnect();
    unpresent();
    stopTheme();
    view.destroy();
  };
}
