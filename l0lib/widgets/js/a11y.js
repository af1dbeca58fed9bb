// What ipywidgets 8 leaves out: a slider's handle has no accessible name, a selection slider announces its index, and
// the read-out beside it is an editable box without a role; toggle buttons do not say which one is down.
const seen = new WeakSet();

function mend(slider) {
  const handle = slider.querySelector(".noUi-handle");
  if (!handle || seen.has(slider)) return;
  seen.add(slider);
  const readout = slider.querySelector(".widget-readout");
  const name = slider.querySelector(".widget-label")?.textContent.trim() || slider.title || "slider";
  handle.setAttribute("aria-label", name);
  if (readout?.isContentEditable) {
    readout.setAttribute("role", "textbox");
    readout.setAttribute("aria-label", `${name} (type a value)`);
  }
  const say = () => {
    const text = readout?.textContent.trim();
    if (text && handle.getAttribute("aria-valuetext") !== text) handle.setAttribute("aria-valuetext", text);
  };
  say();
  const observer = new MutationObserver(say);
  if (readout) observer.observe(readout, { childList: true, characterData: true, subtree: true });
  observer.observe(handle, { attributes: true, attributeFilter: ["aria-valuetext"] });
}

/** A row of toggle buttons: say which one is down, and what the row is about. */
function mendToggles(row) {
  if (seen.has(row)) return;
  seen.add(row);
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", row.querySelector(".widget-label")?.textContent.trim() || "choice");
  const say = () => row.querySelectorAll("button").forEach((b) => {
    const down = String(b.classList.contains("mod-active"));
    if (b.getAttribute("aria-pressed") !== down) b.setAttribute("aria-pressed", down);
  });
  say();
  new MutationObserver(say).observe(row, { attributes: true, attributeFilter: ["class"], subtree: true, childList: true });
}

const TOGGLES = ".l0-controls .widget-toggle-buttons";
const SLIDERS = ".l0-controls .widget-slider, .l0-controls .jupyter-widget-slider, .l0-controls .widget-hslider";
let installed = false;

export function installA11y() {
  if (installed) return;
  installed = true;
  const scan = () => {
    document.querySelectorAll(SLIDERS).forEach(mend);
    document.querySelectorAll(TOGGLES).forEach(mendToggles);
  };
  let queued = false;
  new MutationObserver((records) => {
    // with every move numbers change, which are text; sliders are elements
    if (queued || !records.some((r) => [...r.addedNodes].some((n) => n.nodeType === 1))) return;
    queued = true;
    requestAnimationFrame(() => { queued = false; scan(); });
  }).observe(document.body, { childList: true, subtree: true });
  scan();
}
