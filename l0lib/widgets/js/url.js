// An explorer's settings in the page's address, as ?trajectories.beta=5&trajectories-2.eta=0.1, on the published page
// only: JupyterLab's address belongs to JupyterLab.
import { parse, read, write } from "./settings.js";

const views = [];
const REST = 400; // ms without a change before the address follows

/** widgets-slim.js sets this before any view is made. */
export const onStaticPage = () => globalThis.l0StaticPage === true;

function put(params, { key, model }) {
  for (const name of [...params.keys()]) if (name.startsWith(`${key}.`)) params.delete(name);
  for (const s of model.get("spec")) {
    const value = read(model, s);
    if (value !== s.start) params.set(`${key}.${s.name}`, value); // what was changed, and nothing else
  }
}

function address(params, hash) {
  const query = params.toString();
  return location.pathname + (query ? `?${query}` : "") + hash;
}

/** A link to this explorer, set as it is now. Its place in the page has an id (book/_ext/static_widgets.py). */
export function linkTo(entry) {
  const params = new URLSearchParams();
  put(params, entry);
  const place = entry.root.closest(".l0-place[id]")?.id;
  return new URL(address(params, place ? `#${place}` : ""), location.href).href;
}

/** The browser went to the anchor before the page had its explorers and its fonts: go again, unless the reader has moved. */
async function land() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest(".l0-place");
  if (!place) return;
  let moved = false;
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, () => { moved = true; }, { once: true, passive: true });
  place.scrollIntoView();
  await document.fonts?.ready;
  requestAnimationFrame(() => { if (!moved) place.scrollIntoView(); });
}

/** Call for every view; `notice(text)` shows a message in it. Returns what linkTo and changed take. */
export function register(root, model, notice) {
  const entry = { root, model, notice, key: model.get("kind"), timer: 0, restored: false };
  if (onStaticPage()) views.push(entry);
  return entry;
}

export function changed(entry) {
  if (!onStaticPage() || !entry.restored) return;
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => {
    const params = new URLSearchParams(location.search);
    put(params, entry);
    // the history's own state belongs to the theme
    const next = address(params, location.hash);
    if (next !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", next);
  }, REST);
}

function restore() {
  views.sort((a, b) => (a.root.compareDocumentPosition(b.root) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const count = {};
  const byKey = new Map();
  for (const entry of views) {
    const kind = entry.model.get("kind"), n = (count[kind] = (count[kind] ?? 0) + 1);
    entry.key = n === 1 ? kind : `${kind}-${n}`;
    entry.root.dataset.key = entry.key;
    byKey.set(entry.key, entry);
  }
  const refused = new Map();
  const refuse = (entry, text) => refused.set(entry, [...(refused.get(entry) ?? []), text]);
  for (const [name, text] of new URLSearchParams(location.search)) {
    const [key, setting, ...rest] = name.split(".");
    if (setting === undefined || rest.length) continue; // not ours
    const entry = byKey.get(key);
    if (!entry) {
      if (KINDS.has(key.replace(/-\d+$/, "")) && views.length) refuse(views[0], `${name}: no such explorer on this page`);
      continue;
    }
    const s = entry.model.get("spec").find((x) => x.name === setting);
    const value = s && parse(s, text);
    if (value === undefined) refuse(entry, s ? `${name}=${text}: its control has no such value` : `${name}: no such setting`);
    else write(entry.model, s, value);
  }
  for (const entry of views) { entry.model.save_changes(); entry.restored = true; }
  for (const [entry, texts] of refused) entry.notice(`The page's address asks for what cannot be set, and that part is ignored. ${texts.join("; ")}.`);
  land();
}

const KINDS = new Set(["trajectories", "penalty_and_pull", "scaling_factor", "at_zero", "loss_and_penalty", "draw_a_digit", "compression_ratio", "remove_neurons", "alpha_beta_map", "one_convolution", "descent", "four_steps", "reach", "sparse_regression"]);

// widgets-slim.js says when every view of the page stands: only then is their order known
document.addEventListener("l0:ready", restore);
