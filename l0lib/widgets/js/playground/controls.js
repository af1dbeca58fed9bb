// The playground's controls: native inputs, one for each setting, labelled, that report what the reader chose.
import { make } from "../dom.js";
import { ladder, nearestRung, parse, SETTINGS } from "./settings.js";

let made = 0;
const named = (s, arm) => (arm ? `${s.label}, network ${arm.toUpperCase()}` : s.label);

/** Build the control of `name`; `changed(name, value)` is called on input. Returns {box, show(value)}. */
export function control(name, changed) {
  const s = SETTINGS.get(name), id = `pg-${++made}`, label = make("label", { for: id }, s.label);
  const box = make("div", { class: `pg-control pg-${s.kind}`, "data-name": name });
  const tell = (value) => changed(name, value);
  if (s.kind === "choice") {
    const list = make("select", { id, "aria-label": named(s, s.arm) }, ...s.values.map((v) => make("option", { value: String(v) }, s.labels?.[v] ?? String(v))));
    list.addEventListener("change", () => tell(s.values[list.selectedIndex]));
    box.append(label, list);
    return { box, show: (v) => { list.value = String(v); } };
  }
  if (s.kind === "check") {
    const tick = make("input", { type: "checkbox", id, "aria-label": named(s, s.arm) });
    tick.addEventListener("change", () => tell(tick.checked));
    box.append(tick, label);
    return { box, show: (v) => { tick.checked = v; } };
  }
  if (s.kind === "whole") {
    const field = make("input", { type: "number", id, min: s.min, max: s.max, step: 1 });
    field.addEventListener("change", () => {
      const value = parse(name, field.value);
      if (value === undefined) field.value = field.dataset.last;
      else tell(value);
    });
    box.append(label, field);
    return { box, show: (v) => { field.value = field.dataset.last = v; } };
  }
  if (s.kind === "units") return units(name, s, box, tell);
  // sliders: a logarithmic one counts rungs and says the value
  const rungs = s.kind === "log" ? ladder(s) : null;
  const slider = make("input", { type: "range", id, "aria-label": named(s, s.arm), ...(rungs ? { min: 0, max: rungs.length - 1, step: 1 } : { min: s.min, max: s.max, step: s.step }) });
  const field = make("input", { type: "text", inputmode: "decimal", class: "pg-value", "aria-label": `${named(s, s.arm)}, as a number` });
  const of = (raw) => (rungs ? rungs[raw] : parse(name, Number(raw).toFixed(6)));
  slider.addEventListener("input", () => tell(of(slider.value)));
  field.addEventListener("change", () => {
    const x = Number(field.value.replace(",", ".").replace("−", "-"));
    if (rungs ? x > 0 && Number.isFinite(x) : field.value.trim() !== "" && Number.isFinite(x))
      tell(rungs ? nearestRung(s, x) : parse(name, Math.min(s.max, Math.max(s.min, Math.round((x - s.min) / s.step) * s.step + s.min)).toFixed(6)));
    else field.value = field.dataset.last;
  });
  box.append(label, slider, field);
  return {
    box,
    show: (v) => {
      slider.value = rungs ? rungs.indexOf(v) : v;
      slider.setAttribute("aria-valuetext", String(v));
      field.value = field.dataset.last = String(v);
    },
  };
}

/** Hidden layers: how many, and the units of each. */
function units(name, s, box, tell) {
  const id = `pg-${++made}`;
  const layers = make("select", { id }, ...Array.from({ length: s.most }, (_, i) => make("option", {}, String(i + 1))));
  const fields = Array.from({ length: s.most }, (_, i) => make("input", { type: "number", min: s.min, max: s.max, step: 1, "aria-label": `units of hidden layer ${i + 1}` }));
  const now = () => fields.slice(0, layers.selectedIndex + 1).map((f) => f.value).join("-");
  const send = () => {
    const value = parse(name, now());
    if (value === undefined) show(box.dataset.last);
    else tell(value);
  };
  const show = (v) => {
    const sizes = v.split("-");
    box.dataset.last = v;
    layers.selectedIndex = sizes.length - 1;
    fields.forEach((f, i) => { f.hidden = i >= sizes.length; if (i < sizes.length) f.value = sizes[i]; else f.value ||= 8; });
  };
  layers.addEventListener("change", send);
  for (const f of fields) f.addEventListener("change", send);
  box.append(make("label", { for: id }, "hidden layers"), layers, make("span", { class: "pg-sizes" }, "units", ...fields));
  return { box, show };
}
