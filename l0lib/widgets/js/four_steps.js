// The gradient step and the proximal step of l2 and of l1: one step, and many (chapter "Penalties").
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart } from "./plot.js";
import { nearest } from "./settings.js";

const POINTS = 401, SIDE = 1, BY_GRADIENT = [7, 4]; // proximal steps are drawn whole

/** The four steps with t = ηα. */
export const steps = (t) => ({
  l2: (w) => w - 2 * t * w, l1: (w) => w - t * Math.sign(w),
  l2_prox: (w) => w / (1 + 2 * t), l1_prox: (w) => F.softThreshold(w, t),
});

function path(step, w, count) {
  const out = [w];
  for (let n = 0; n < count; n++) out.push((w = step(w)));
  return out;
}

export function compute(v) {
  const w = F.linspace(-SIDE, SIDE, POINTS), four = steps(v.eta * v.alpha), data = { w, length: v.eta * v.alpha };
  for (const [name, step] of Object.entries(four)) {
    data[name] = w.map(step);
    data[`${name}_path`] = path(step, v.w0, v.steps);
  }
  data.zero = data.l1_prox_path.indexOf(0);
  return data;
}

export function fourSteps(panels, api) {
  let v, d;
  const lines = [{ style: "l2", dash: BY_GRADIENT }, { style: "l2", dash: [] }, { style: "l1", dash: BY_GRADIENT }, { style: "l1", dash: [], width: 2.8 }];
  const left = chart(panels, {
    name: "A weight after one step against the weight before it",
    x: { label: "weight w", range: () => [-SIDE, SIDE] }, y: { label: "after one step", range: () => [-SIDE, SIDE] },
    lines: [{ style: "grey", width: 1 }, ...lines],
    onPoint: (x) => { api.set("w0", nearest(api.spec("w0"), Math.abs(x))); api.save(); },
    under(pen) { pen.vertical(0, "grey", { width: 0.6 }); pen.strip(-d.length, d.length, "amber", 0.28); },
    over(pen) { pen.dot(v.w0, d.l1_prox_path[1], "l1", { size: 6 }); },
  });
  const right = chart(panels, {
    name: "The weight step by step",
    x: { label: "step n", range: () => [0, v.steps] }, y: { label: "weight w", range: () => [-0.2 * SIDE, 1.05 * SIDE] },
    lines,
    under(pen) { pen.horizontal(0, "grey", { width: 0.6 }); },
    over(pen) {
      if (d.zero < 0) return;
      pen.dot(d.zero, 0, "l1", { size: 6 });
      pen.label(d.zero, 0, `exactly zero from step ${d.zero} on`, "l1", { bold: true, dx: 6, dy: 18 });
    },
  });
  return {
    update(now) {
      v = now; d = compute(v);
      left.draw([d.w, d.w, d.l2, d.l2_prox, d.l1, d.l1_prox]);
      right.draw([d.l2_path.map((_, n) => n), d.l2_path, d.l2_prox_path, d.l1_path, d.l1_prox_path]);
      const last = (name) => short(d[`${name}_path`].at(-1));
      return {
        data: d,
        key: [
          { style: "l2", dash: BY_GRADIENT, name: "ℓ2, gradient step", text: `times ${short(1 - 2 * d.length)}; ends at ${last("l2")}` },
          { style: "l2", dash: [], name: "ℓ2, proximal step", text: `divided by ${short(1 + 2 * d.length)}; ends at ${last("l2_prox")}` },
          { style: "l1", dash: BY_GRADIENT, name: "ℓ1, gradient step", text: `${short(d.length)} towards zero, and across it; ends at ${last("l1")}` },
          { style: "l1", dash: [], width: 2.8, name: "ℓ1, proximal step", text: d.zero < 0 ? `soft thresholding; ends at ${last("l1_prox")}` : `soft thresholding; exactly zero after ${d.zero} steps` },
        ],
        say: `Step length eta times alpha ${short(d.length)}, start ${short(v.w0)}, ${v.steps} steps. l2 ends at ${last("l2")} by gradient and ${last("l2_prox")} by proximal steps; l1 at ${last("l1")} by gradient steps, and by proximal steps ${d.zero < 0 ? `at ${last("l1_prox")}` : `exactly at zero after ${d.zero}`}.`,
      };
    },
    resize() { left.resize(); right.resize(); },
    recolour() { left.recolour(); right.recolour(); },
    destroy() { left.destroy(); right.destroy(); },
  };
}
