// The settings as the declarations of l0lib/widgets/explorers.py send them (trait `spec`): read, set, check, write.

const whole = (x) => Number(x.toPrecision(12)); // 0.1 * 3 is to read 0.3

export const trait = (s) => (s.values ? `${s.name}_index` : s.name);

export function read(model, s) {
  const raw = model.get(trait(s));
  // a slider adds up its steps and comes to 3.5000000000000004
  return s.values ? s.values[raw] : s.kind === "linear" ? whole(raw) : raw;
}

export const readAll = (model) => Object.fromEntries(model.get("spec").map((s) => [s.name, read(model, s)]));

export const write = (model, s, value) => model.set(trait(s), s.values ? s.values.indexOf(value) : value);

/** The value nearest to `x` that the setting's slider can hold. */
export function nearest(s, x) {
  if (s.kind === "linear") {
    const k = Math.round((Math.min(s.max, Math.max(s.min, x)) - s.min) / s.step);
    return whole(s.min + k * s.step);
  }
  return s.values.reduce((a, b) => (Math.abs(Math.log(b / x)) < Math.abs(Math.log(a / x)) ? b : a));
}

/** The value that a text of the address stands for, or undefined if the control cannot show it. */
export function parse(s, text) {
  if (s.kind === "check") return { true: true, false: false }[text];
  if (s.kind === "choice") return s.values.includes(text) ? text : undefined;
  const x = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(x)) return undefined;
  const near = nearest(s, x);
  return Math.abs(near - x) <= 1e-9 * Math.max(Math.abs(x), s.step ?? 0) ? near : undefined;
}

/** A number typed beside a linear slider may fall between its steps, where Python and the address would refuse it. */
export function snap(model) {
  let moved = false;
  for (const s of model.get("spec")) {
    if (s.kind !== "linear") continue;
    const x = model.get(s.name), near = nearest(s, x);
    if (Math.abs(near - x) > 1e-9 * s.step) moved = true, model.set(s.name, near);
  }
  if (moved) model.save_changes();
}
