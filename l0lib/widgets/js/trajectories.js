// A weight under each penalty alone, step by step (paper, Fig. 1).
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, log10 } from "./plot.js";

const KINDS = ["l2", "l1", "l0"], DRAWN = ["l0", "l2", "l1"]; // the wide swing lies below the narrow one
const NAME = { l2: "ℓ2", l1: "ℓ1", l0: "smoothed ℓ0" };

/** The first step at which the weight has reached zero or crossed it; Infinity if none. */
export function arrival(path) {
  const n = path.findIndex((w) => w * Math.sign(path[0]) <= 1e-9 * Math.abs(path[0])); // rounding leaves l1 at 1e-16
  return n < 0 ? Infinity : n;
}

export function compute(v) {
  const penalties = v.equal ? F.matchInitialRate(v.first_step, v.w0, v.eta, v.beta)
    : Object.fromEntries(KINDS.map((k) => [k, F.penalty(k, v[`alpha_${k}`], v.beta)]));
  const out = { step: F.linspace(0, v.steps, v.steps + 1), penalties, band: {}, arrival: {} };
  for (const k of KINDS) {
    out[k] = F.trajectory(penalties[k], v.w0, v.eta, v.steps);
    out.band[k] = F.swingBand(penalties[k], v.eta);
    out.arrival[k] = k === "l2" ? Infinity : arrival(out[k]);
  }
  return out;
}

function fate(k, d, v) {
  if (k === "l2") {
    const rate = 2 * v.eta * d.penalties.l2.alpha;
    if (rate > 2) return "grows without bound";
    if (rate === 2) return "swings for ever: α is at its bound 1/η";
    if (rate === 1) return "is zero after one step";
    const half = Math.log(0.5) / Math.log(Math.abs(1 - rate));
    return `${rate > 1 ? "changes sign at each step and " : ""}halves every ${half < 10 ? short(half, 2) : Math.round(half)} steps, never arrives`;
  }
  const n = d.arrival[k];
  if (n === Infinity) return `has not arrived after ${v.steps} steps`;
  const far = d[k].slice(n).reduce((a, w) => (Math.abs(w) > Math.abs(a) ? w : a), 0);
  if (Math.abs(far) > Math.abs(v.w0)) return `crosses zero at step ${n} and is flung as far as ${short(far)}`;
  return `arrives at step ${n}, then swings within ±${short(d.band[k])}`;
}

export function trajectories(panels) {
  let v, d, view;
  const logarithmic = () => view.axis === "log";
  const range = () => {
    const size = Math.abs(view.w0);
    if (logarithmic()) {
      const bands = [d.band.l1, d.band.l0].filter((b) => b > 0 && b < size);
      return [Math.max(-8, Math.floor(log10(Math.min(size, ...bands) / 8))), log10(size) + 0.12];
    }
    return [-Math.max(0.22 * size, Math.min(1.2 * d.band.l0, 1.1 * size)), 1.1 * size];
  };
  const place = (w) => (logarithmic() ? Math.max(log10(Math.abs(w)), -12) : w);
  const p = chart(panels, {
    name: "Weight against step",
    x: { label: "step n", range: () => [0, view.steps] },
    y: { label: "weight w", range, log: logarithmic },
    lines: DRAWN.map((k) => ({ style: k, width: k === "l0" ? 2.4 : 2 })),
    under(pen) {
      const [low] = range();
      for (const k of ["l1", "l0"]) pen.band(logarithmic() ? low : -d.band[k], logarithmic() ? log10(d.band[k]) : d.band[k], k, k === "l0" ? 0.16 : 0.3);
      if (!logarithmic()) pen.horizontal(0, "grey", { width: 1 });
    },
    over(pen) {
      for (const k of ["l1", "l0"]) {
        const n = d.arrival[k];
        if (n === Infinity || n > view.steps) continue;
        pen.vertical(n, k, { dash: [3, 3] });
        if (!logarithmic()) pen.dot(n, 0, k);
        pen.text(pen.X(n) + 6 * pen.k, pen.top + (k === "l0" ? 14 : 32) * pen.k, `${NAME[k]} arrives: step ${n}`, k, { bold: true });
      }
      const top = logarithmic() ? log10(d.band.l0) : d.band.l0, [low, high] = range();
      if (top > low && top < high && d.arrival.l0 < view.steps * 0.8)
        pen.text(pen.right, pen.Y(top) - 9 * pen.k, `swing band of ℓ0: ±ηαβ = ±${short(d.band.l0)}`, "l0", { align: "right" });
    },
  });
  return {
    update(now) {
      v = now; d = compute(v); view = v;
      p.label(1, logarithmic() ? "magnitude |w|" : "weight w");
      p.draw([d.step, ...DRAWN.map((k) => Array.from(d[k], (w) => (Number.isFinite(w) ? place(w) : null)))]);
      const fates = Object.fromEntries(KINDS.map((k) => [k, fate(k, d, v)]));
      return {
        data: d,
        key: KINDS.map((k) => ({ style: k, name: NAME[k], text: `α = ${short(d.penalties[k].alpha)}${k === "l0" ? `, β = ${short(v.beta)}` : ""}: ${fates[k]}` })),
        say: `A weight that starts at ${short(v.w0)}, learning rate ${short(v.eta)}, beta ${short(v.beta)}. ${KINDS.map((k) => `${NAME[k]} with alpha ${short(d.penalties[k].alpha)} ${fates[k]}`).join("; ")}.`,
        hide: v.equal ? ["alpha_l2", "alpha_l1", "alpha_l0"] : ["first_step"],
      };
    },
    resize: p.resize, recolour: p.recolour, destroy: p.destroy,
  };
}
