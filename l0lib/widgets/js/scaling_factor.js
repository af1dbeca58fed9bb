// The scaling factor lambda (paper, Eq. 15) over the plane of magnitude and alpha, and its bound (Eq. 16, Table 1).
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, log10 } from "./plot.js";
import { nearest } from "./settings.js";

const LOW = 1e-3, HIGH = 2, POINTS = 241, ALPHA = [-3, 3];
const NAME = { l2: "ℓ2", l1: "ℓ1", l0: "smoothed ℓ0" };

export function compute(v) {
  const p = F.penalty(v.penalty, v.alpha, v.beta);
  const w = F.linspace(log10(LOW), log10(HIGH), POINTS).map((x) => 10 ** x);
  const bound = w.map((x) => F.alphaBound(p, x, v.eta));
  return {
    w, bound, cross: bound.map((b) => b / 2), lambda: w.map((x) => F.scalingFactor(p, x, v.eta)),
    at: F.scalingFactor(p, v.w, v.eta), boundAt: F.alphaBound(p, v.w, v.eta),
    critical: F.criticalMagnitude(p, v.eta), crossing: F.crossingMagnitude(p, v.eta),
  };
}

export const regimeOf = (lambda) => (lambda <= -1 ? "grows" : lambda < 0 ? "crosses" : "shrinks");
const WORDS = {
  shrinks: "the step shrinks the magnitude and keeps the sign",
  crosses: "the step shrinks the magnitude and crosses zero",
  grows: "the step crosses zero and does not shrink the magnitude",
};

export function scalingFactor(panels, api) {
  let v, d;
  const x = { label: "magnitude |w|", range: () => [log10(LOW), log10(HIGH)], log: () => true };
  const fillBelow = (pen, ys, colour, alpha, floor) => {
    const { ctx } = pen;
    ctx.globalAlpha = alpha; ctx.fillStyle = pen.colours[colour];
    ctx.beginPath();
    ctx.moveTo(pen.left, floor ? pen.Y(log10(floor[0])) : pen.top);
    d.w.forEach((w, i) => ctx.lineTo(pen.X(log10(w)), pen.Y(log10(ys[i]))));
    if (floor) for (let i = d.w.length - 1; i >= 0; i--) ctx.lineTo(pen.X(log10(d.w[i])), pen.Y(log10(floor[i])));
    else { ctx.lineTo(pen.right, pen.top); ctx.lineTo(pen.left, pen.top); }
    ctx.closePath(); ctx.fill(); ctx.globalAlpha = 1;
  };
  const pick = (lx, ly) => {
    api.set("w", nearest(api.spec("w"), 10 ** lx));
    if (ly !== undefined) api.set("alpha", nearest(api.spec("alpha"), 10 ** ly));
    api.save();
  };
  const plane = chart(panels, {
    name: "Regimes over magnitude and alpha", x,
    y: { label: "penalty factor α", range: () => ALPHA, log: () => true },
    lines: [{ style: "warn", width: 2 }, { style: "cross", width: 2, dash: [6, 4] }],
    onPoint: (a, b) => pick(a, b),
    under(pen) {
      fillBelow(pen, d.bound, "warn", 0.16);
      fillBelow(pen, d.bound, "amber", 0.28, d.cross);
    },
    over(pen) {
      const mid = (ys, f) => { // words where the region is tall enough, a third of the way along
        const i = Math.round(POINTS * f);
        return [pen.X(log10(d.w[i])), pen.Y(log10(ys[i]))];
      };
      const [gx, gy] = mid(d.bound, 0.3), [sx, sy] = mid(d.cross, 0.8);
      pen.text(gx, (gy + pen.top) / 2, "grows: λ ≤ −1", "warn", { align: "center", bold: true, size: 13 });
      pen.text(sx, Math.max((sy + pen.bottom) / 2, pen.bottom - 50 * pen.k), "shrinks: 0 ≤ λ < 1", "text", { align: "center", bold: true, size: 13 });
      const i = Math.round(POINTS * 0.44), j = Math.round(POINTS * 0.04), middle = (k) => (pen.Y(log10(d.bound[k])) + pen.Y(log10(d.cross[k]))) / 2;
      pen.along(pen.X(log10(d.w[j])), middle(j), pen.X(log10(d.w[i])), middle(i), "crosses zero: −1 < λ < 0", "text", 11);
      pen.vertical(log10(v.w), "grey", { dash: [3, 3] });
      pen.horizontal(log10(v.alpha), "grey", { dash: [3, 3] });
      pen.dot(log10(v.w), log10(v.alpha), v.penalty, { size: 7 });
      pen.label(log10(v.w), log10(v.alpha), `λ = ${short(d.at)}`, v.penalty, { bold: true, size: 13, dx: 11, dy: -13 });
    },
  });
  const below = chart(panels, {
    name: "Scaling factor against magnitude", x,
    y: { label: "scaling factor λ", range: () => [-2.2, 1.25] },
    lines: [{ style: "l0", width: 0.001 }, { style: "text", width: 2.2, dash: [] }],
    onPoint: (a) => pick(a),
    under(pen) {
      pen.band(-9, -1, "warn", 0.16);
      pen.band(-1, 0, "amber", 0.28);
      for (const y of [-1, 0, 1]) pen.horizontal(y, "grey", { width: 1, dash: y ? [4, 3] : [] });
    },
    over(pen) {
      for (const [m, words, dy] of [[d.critical, "|λ| = 1 at |w| = ", 14], [d.crossing, "λ = 0 at |w| = ", 30]]) {
        if (!(m > LOW && m < HIGH)) continue;
        const y = words.startsWith("λ") ? 0 : -1;
        pen.dot(log10(m), y, "text", { size: 3.5 });
        pen.label(log10(m), y, words + short(m), "text", { dx: 9, dy: 9 });
      }
      pen.vertical(log10(v.w), "grey", { dash: [3, 3] });
      pen.dot(log10(v.w), Math.max(-2.2, d.at), v.penalty, { size: 7 });
    },
  });
  return {
    update(now) {
      v = now; d = compute(v);
      const logs = (a) => Array.from(a, log10), xs = logs(d.w);
      plane.draw([xs, logs(d.bound), logs(d.cross)]);
      below.draw([xs, xs.map(() => null), Array.from(d.lambda, (y) => Math.max(y, -50))]);
      const r = regimeOf(d.at), name = NAME[v.penalty];
      return {
        data: d,
        key: [
          { style: "warn", name: "bound", text: `α = ${short(d.boundAt)} at |w| = ${short(v.w)}: there λ = −1` },
          { style: "cross", dash: [6, 4], name: "half the bound", text: `α = ${short(d.boundAt / 2)}: there λ = 0` },
          { style: v.penalty, dot: true, name: "your point", text: `|w| = ${short(v.w)}, α = ${short(v.alpha)}, λ = ${short(d.at)}: ${WORDS[r]} (click or drag to move it)` },
        ],
        say: `${name}, learning rate ${short(v.eta)}${v.penalty === "l0" ? `, beta ${short(v.beta)}` : ""}. At magnitude ${short(v.w)} and alpha ${short(v.alpha)} lambda is ${short(d.at)}: ${WORDS[r]}. The bound of alpha there is ${short(d.boundAt)}.`,
        hide: v.penalty === "l0" ? [] : ["beta"],
      };
    },
    resize() { plane.resize(); below.resize(); },
    recolour() { plane.recolour(); below.recolour(); },
    destroy() { plane.destroy(); below.destroy(); },
  };
}
