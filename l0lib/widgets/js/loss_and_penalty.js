// One weight between a quadratic loss and the smoothed l0 penalty, and the proximal operator that settles the matter.
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, pieces } from "./plot.js";
import { nearest } from "./settings.js";

const POINTS = 361;
// far enough to see the loss rise again on the other side of its optimum
const far = (v) => Math.max(0.8, 1.7 * v.v);

export function compute(v) {
  const h = v.curvature, p = F.penalty("l0", v.alpha, v.beta);
  const w = F.linspace(-0.25 * far(v), far(v), POINTS), optimum = F.linspace(0, 2, POINTS);
  const soft = (v.alpha * v.beta) / h, hard = Math.sqrt((2 * v.alpha) / h);
  return {
    w, loss: w.map((x) => 0.5 * h * (x - v.v) ** 2), penalty: w.map((x) => F.value(p, x)),
    objective: w.map((x) => F.objective(p, x, v.v, h)),
    v: optimum, prox: optimum.map((x) => F.minimiser(p, x, h)),
    soft: optimum.map((x) => F.softThreshold(x, soft)), hard: optimum.map((x) => F.hardThreshold(x, hard)),
    softAt: soft, hardAt: hard, kappa: F.kappa(p, h), killZone: F.killZone(p, h),
    bistableEnd: Math.max(F.killZone(p, h), soft), regime: F.regime(p, v.v, h),
    minimum: F.stationaryPoint(p, v.v, h), maximum: F.localMaximum(p, v.v, h), best: F.minimiser(p, v.v, h),
  };
}

const WORDS = {
  kill: "kill zone: zero attracts from everywhere",
  bistable: "both zero and w* attract: the start decides",
  free: "zero repels: the weight stays at w*",
};

export function lossAndPenalty(panels, api) {
  let v, d, p;
  const height = () => [0, 1.25 * Math.max(F.objective(p, 0, v.v, v.curvature), F.objective(p, v.v, v.v, v.curvature), 0.02)];
  const left = chart(panels, {
    name: "Loss and penalty against weight",
    x: { label: "weight w", range: () => [-0.25 * far(v), far(v)] }, y: { label: "loss, penalty, sum", range: height },
    lines: [{ style: "grey", width: 2, dash: [2, 3] }, { style: "l0" }, { style: "text", width: 2.8, dash: [] }],
    under(pen) {
      pen.vertical(0, "grey", { width: 0.6 });
      pen.vertical(v.v, "grey", { dash: [3, 3] });
    },
    over(pen) {
      const at = (w) => F.objective(p, w, v.v, v.curvature);
      pen.text(pen.X(v.v) + 5 * pen.k, pen.top + 12 * pen.k, `v = ${short(v.v)}`, "grey");
      if (d.regime !== "free") pen.dot(0, at(0), "text", { size: d.best === 0 ? 6.5 : 4, hollow: d.best !== 0 });
      if (Number.isFinite(d.maximum)) pen.dot(d.maximum, at(d.maximum), "warn", { size: 4, hollow: true });
      if (d.minimum > 0) pen.dot(d.minimum, at(d.minimum), "text", { size: d.best > 0 ? 6.5 : 4, hollow: d.best === 0 });
      pen.label(d.best, at(d.best), `minimum at ${short(d.best)}`, "text", { bold: true, dx: 6, dy: 16 });
    },
  });
  const right = chart(panels, {
    name: "Where the weight ends, against its optimum without penalty",
    x: { label: "optimum without penalty v", range: () => [0, 2] }, y: { label: "minimum with penalty", range: () => [-0.06, 2] },
    lines: [{ style: "grey", width: 1 }, { style: "l1" }, { style: "text", width: 1.5, dash: [2, 3] }, { style: "text", width: 1.5, dash: [2, 3] }, { style: "l0", width: 2.8 }, { style: "l0", width: 2.8 }],
    onPoint: (x) => { api.set("v", nearest(api.spec("v"), x)); api.save(); },
    under(pen) {
      pen.strip(0, d.killZone, "warn", 0.16);
      pen.strip(d.killZone, d.bistableEnd, "amber", 0.28);
    },
    over(pen) {
      if (d.killZone > 0.05) pen.text(pen.X(0) + 6 * pen.k, pen.top + 14 * pen.k, `kill zone: v < ${short(d.killZone)}`, "warn", { bold: true });
      if (d.bistableEnd > d.killZone) pen.text(pen.X(0) + 6 * pen.k, pen.top + 32 * pen.k, `two minima: up to ${short(d.bistableEnd)}`, "text");
      pen.dot(v.v, d.best, "l0", { size: 7 });
    },
  });
  return {
    update(now) {
      v = now; p = F.penalty("l0", v.alpha, v.beta); d = compute(v);
      left.draw([d.w, d.loss, d.penalty, d.objective]);
      right.draw([d.v, d.v, d.soft, ...pieces(d.hard, jump(d.hard)), ...pieces(d.prox, jump(d.prox))]);
      return {
        data: d,
        key: [
          { style: "text", name: "sum", text: `κ = αβ²/h = ${short(d.kappa)}; ${WORDS[d.regime]}` },
          { style: "grey", dash: [2, 3], name: "loss", text: "½h(w − v)²" },
          { style: "l0", name: "smoothed ℓ0", text: `left: the penalty; right: its minimum, here ${short(d.best)}` },
          { style: "l1", name: "soft threshold", text: `ℓ1 with the same pull at zero (αβ = ${short(v.alpha * v.beta)}) shifts every weight by ${short(d.softAt)}` },
          { style: "text", width: 1.5, dash: [2, 3], name: "hard threshold", text: `exact ℓ0: zero up to ${short(d.hardAt)}, untouched above` },
        ],
        say: `Curvature ${short(v.curvature)}, optimum ${short(v.v)}, alpha ${short(v.alpha)}, beta ${short(v.beta)}. Kappa is ${short(d.kappa)}: ${WORDS[d.regime]}. The minimum stands at ${short(d.best)}; the kill zone ends at ${short(d.killZone)}.`,
      };
    },
    resize() { left.resize(); right.resize(); },
    recolour() { left.recolour(); right.recolour(); },
    destroy() { left.destroy(); right.destroy(); },
  };
}

/** Where the curve leaves zero. */
function jump(y) {
  const i = y.findIndex((w) => w > 0);
  return i < 0 ? y.length : i;
}
