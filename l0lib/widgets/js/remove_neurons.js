// Remove neurons: one row a layer, a mark for every unit; shapes and counts follow the reader's picks.
import { make } from "./dom.js";
import { short, whole } from "./numbers.js";
import { mayToggle, remove } from "./removal.js";
import { palette } from "./theme.js";

const HELP = "Click a mark to remove that unit, or to bring it back. With the keyboard: arrows move along a row, space removes.";
const EDGES = "A thick edge marks the layers that make the unit touched last, a double edge those that read it.";

const put = (cell, now, before) => {
  const text = now === before ? whole(now) : `${whole(now)} of ${whole(before)}`;
  if (cell.textContent !== text) cell.textContent = text;
  cell.classList.toggle("l0-less", now !== before);
};

export function removeNeurons(panels, api) {
  const { model } = api, plan = model.get("plan"), name = model.get("network_name");
  let toggled = model.get("toggled").map((t) => [...t]), d, at = { family: -1, unit: 0 }, told = "";

  const head = make("tr", {}, ...["layer", "reads", "gives", "parameters", "units"].map((t) => make("th", { scope: "col" }, t)));
  const body = make("tbody");
  const table = make("table", { class: "l0-costs l0-units" }, make("thead", {}, head), body);
  panels.append(make("div", { class: "l0-panel l0-wide l0-removal" }, make("p", { class: "l0-help" }, `${HELP} ${EDGES}`), table));

  // a normalisation has no row of its own: its parameters are counted with the layer in front of it
  const rows = [], first = new Set();
  plan.layers.forEach((layer, i) => {
    if (layer.kind === "norm") { rows.at(-1)?.norms.push(i); return; }
    const cells = [make("td"), make("td"), make("td")], strip = make("canvas");
    const row = make("tr", {}, make("th", { scope: "row" }, layer.name), ...cells, make("td", {}, strip));
    body.append(row);
    const it = { layer, i, norms: [], cells, strip, row };
    rows.push(it);
    if (layer.writes < 0) return;
    if (!first.has(layer.writes)) { // a family is one stop for the Tab key
      first.add(layer.writes);
      strip.tabIndex = 0;
      strip.setAttribute("role", "application");
      strip.dataset.lmSuppressShortcuts = "true";
    }
    const unitAt = (e) => {
      const r = strip.getBoundingClientRect();
      return Math.min(layer.outputs - 1, Math.max(0, Math.floor(((e.clientX - r.left) / r.width) * layer.outputs)));
    };
    strip.addEventListener("click", (e) => toggle(layer.writes, unitAt(e)));
    strip.addEventListener("focus", () => { at = { family: layer.writes, unit: at.family === layer.writes ? at.unit : 0 }; api.redraw(); });
    strip.addEventListener("blur", () => api.redraw());
    strip.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -layer.outputs, End: layer.outputs }[e.key];
      if (step) at = { family: layer.writes, unit: Math.min(layer.outputs - 1, Math.max(0, at.unit + step)) }, (told = ""), api.redraw();
      else if (e.key === " " || e.key === "Enter") toggle(layer.writes, at.unit);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
  });

  function toggle(family, unit) {
    at = { family, unit };
    if (!mayToggle(plan, d.gone, family, unit)) told = "The last unit stays.";
    else {
      const i = toggled.findIndex(([f, u]) => f === family && u === unit);
      toggled = i < 0 ? [...toggled, [family, unit]] : toggled.filter((_, k) => k !== i);
      told = "";
      model.set("toggled", toggled);
      api.save();
    }
    api.redraw();
  }
  const moved = () => { toggled = model.get("toggled").map((t) => [...t]); api.redraw(); };
  model.on("change:toggled", moved);
  // the frame's Reset puts the slider back; the picks are reset with it
  const reset = () => { model.set("toggled", []); };
  api.root.querySelector(".l0-tools button")?.addEventListener("click", reset);

  const marked = (layer) => [layer.writes >= 0 && layer.writes === at.family, layer.reads >= 0 && layer.reads === at.family];

  // all strips are as wide as the first: one question to the browser, whose layout it must finish to answer
  let width = 0, tall = 0, ratio = 1;
  function measure() {
    ratio = globalThis.devicePixelRatio || 1;
    width = Math.round(rows[0].strip.clientWidth * ratio);
    tall = Math.round(rows[0].strip.clientHeight * ratio);
    for (const { strip } of rows) (strip.width = width), (strip.height = tall);
  }

  function paint() {
    if (!width) measure();
    if (!width) return;
    const colours = palette();
    for (const { layer, strip, row } of rows) {
      const [gives, reads] = marked(layer);
      row.classList.toggle("l0-gives", gives);
      row.classList.toggle("l0-reads", reads && !gives);
      const c = strip.getContext("2d"), n = layer.outputs, cell = width / n, gap = cell > 4 * ratio ? ratio : 0;
      c.clearRect(0, 0, width, tall);
      const norms = layer.writes < 0 ? null : plan.norms[layer.writes], most = norms ? Math.max(...norms) : 1;
      for (let u = 0; u < n; u++) {
        const away = norms && d.gone[layer.writes].has(u);
        c.globalAlpha = away ? 1 : norms ? 0.25 + (0.75 * norms[u]) / most : 0.3;
        c.fillStyle = away ? colours.grid : norms ? colours.teal : colours.grey;
        if (away) c.fillRect(u * cell, tall / 2 - ratio, Math.max(1, cell - gap), 2 * ratio);
        else c.fillRect(u * cell, 0, Math.max(1, cell - gap), tall);
      }
      c.globalAlpha = 1;
      if (gives && document.activeElement === strip) {
        c.strokeStyle = colours.warn;
        c.lineWidth = 2 * ratio;
        c.strokeRect(at.unit * cell + ratio, ratio, Math.max(3 * ratio, cell - gap) - 2 * ratio, tall - 2 * ratio);
      }
    }
  }

  const share = ([before, after]) => `${whole(after)} of ${whole(before)} (${short((100 * after) / before, 3)} %; ${short(before / after, 3)}× fewer)`;
  return {
    update(values) {
      d = remove(plan, values.share, toggled);
      for (const { layer, i, norms, cells } of rows) {
        put(cells[0], d.after[i].inputs, d.before[i].inputs);
        put(cells[1], d.after[i].outputs, d.before[i].outputs);
        const all = (list) => [i, ...norms].reduce((s, k) => s + list[k].parameters, 0);
        put(cells[2], all(d.after), all(d.before));
        if (layer.writes >= 0) {
          rows.find((r) => r.layer.writes === layer.writes).strip.setAttribute("aria-label",
            `Units of ${plan.families[layer.writes].join(", ")}: ${d.after[i].outputs} of ${d.before[i].outputs} left. ${HELP}`);
        }
      }
      paint();
      const names = at.family < 0 ? "" : plan.families[at.family].join(", ");
      const readers = plan.layers.filter((l) => l.kind !== "norm" && l.reads === at.family).map((l) => l.name).join(", ");
      const here = at.family < 0 ? "" : ` Unit ${at.unit} of ${names}, norm ${short(plan.norms[at.family][at.unit])}, is ${d.gone[at.family].has(at.unit) ? "removed" : "kept"}; read by ${readers}.`;
      const key = [
        { style: "teal", dot: true, name: name, text: `${whole(d.unitsLeft)} of ${whole(d.units)} units left` },
        { style: "grey", dot: true, name: "parameters", text: share(d.parameters) },
        { style: "grey", dot: true, name: "multiply-adds", text: share(d.adds) },
      ];
      if (at.family >= 0) key.push({ style: "warn", dot: true, name: "last touched", text: told || here.slice(1) });
      return {
        data: { plan, gone: d.gone.map((g) => [...g].sort((a, b) => a - b)), after: d.after, parameters: d.parameters, adds: d.adds, toggled },
        key,
        say: `${name}: ${whole(d.unitsLeft)} of ${whole(d.units)} units left; parameters ${share(d.parameters)}; multiply-adds ${share(d.adds)}.${told ? ` ${told}` : here}`,
      };
    },
    resize: () => { measure(); if (d) paint(); },
    recolour: () => d && paint(),
    destroy() { model.off("change:toggled", moved); },
  };
}
