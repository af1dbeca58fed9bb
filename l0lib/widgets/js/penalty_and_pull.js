// The penalty and the length of its step, beside l1 and l2 (paper, Fig. 2), and where they cross.
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, log10 } from "./plot.js";

const POINTS = 400; // even, so that the grid leaves out w = 0, where the pull jumps

export function compute(v) {
  const w = F.linspace(-v.reach, v.reach, POINTS);
  const of = { l2: F.penalty("l2", v.alpha), l1: F.penalty("l1", v.alpha), first: F.penalty("l0", v.alpha, v.beta_1), second: F.penalty("l0", v.alpha, v.beta_2) };
  const out = { w };
  for (const [name, p] of Object.entries(of)) {
    out[`value_${name}`] = w.map((x) => F.value(p, x));
    out[`pull_${name}`] = w.map((x) => Math.abs(F.term(p, x, v.eta)));
  }
  out.crossovers = [v.beta_1, v.beta_2].map((beta) => ({ beta, l1: F.crossoverL1(beta), l2: F.crossoverL2(beta) }));
  return out;
}

const ORDER = ["l2", "l1", "first", "second"];
const LINES = [{ style: "l2" }, { style: "l1" }, { style: "l0", width: 1.6 }, { style: "l0", width: 3.4 }];

export function penaltyAndPull(panels) {
  let v, d;
  const logarithmic = () => v.axis === "log";
  const x = { label: "weight w", range: () => [-v.reach, v.reach] };
  const top = () => v.eta * v.alpha * Math.max(v.beta_1, v.beta_2);
  const pulls = () => (logarithmic() ? [log10((v.eta * v.alpha) / 30), log10(top() * 1.6)] : [0, top() * 1.08]);
  const place = (y) => (logarithmic() ? Math.max(log10(y), -40) : y);
  const names = (pen, at) => {
    for (const [beta, side] of [[v.beta_1, -1], [v.beta_2, 1]]) at(pen, beta, side);
  };
  const left = chart(panels, {
    name: "Penalty against weight", x,
    y: { label: "penalty αΩ(w)", range: () => [0, 1.25 * v.alpha] }, lines: LINES,
    over: (pen) => names(pen, (q, beta, side) => {
      const w = side * Math.min(0.55 * v.reach, 1.1 / beta);
      q.label(w, F.value(F.penalty("l0", v.alpha, beta), w), `β = ${short(beta)}`, "l0", { dx: side * 8, dy: side < 0 ? 14 : -4, align: side < 0 ? "right" : "left", bold: true });
    }),
  });
  const right = chart(panels, {
    name: "Pull against weight", x,
    y: { label: "pull η|gradient|", range: pulls, log: logarithmic }, lines: LINES,
    over(pen) {
      const [low, high] = pulls();
      d.crossovers.forEach(({ beta, l1, l2 }, i) => {
        for (const [k, at, y] of [["l1", l1, v.eta * v.alpha], ["l2", l2, 2 * v.eta * v.alpha * l2]]) {
          if (!(at > 0 && at < v.reach)) continue;
          const dash = [2, 3], py = pen.Y(place(y));
          pen.line(pen.X(at), py, pen.X(at), pen.bottom, k, { dash });
          pen.dot(at, place(y), k, { size: 4.5, hollow: i === 0 });
        }
      });
      names(pen, (q, beta, side) => {
        const most = v.eta * v.alpha * beta, y = logarithmic() ? low + 0.62 * (high - low) : 0.55 * most;
        const w = (side * Math.log(most / (logarithmic() ? 10 ** y : y))) / beta;
        if (w * side > 0 && Math.abs(w) < v.reach) q.label(w, y, `β = ${short(beta)}`, "l0", { dx: side * 8, dy: -8, align: side < 0 ? "right" : "left", bold: true });
      });
    },
  });
  const cross = (c) => (c.l1 > 0 ? `pulls harder than ℓ1 below |w| = ${short(c.l1)} and harder than ℓ2 below ${short(c.l2)}` : `is nowhere stronger than ℓ1; harder than ℓ2 below |w| = ${short(c.l2)}`);
  return {
    update(now) {
      v = now; d = compute(v);
      const columns = (what, f) => [d.w, ...ORDER.map((k) => Array.from(d[`${what}_${k}`], f))];
      left.draw(columns("value", (y) => y));
      right.draw(columns("pull", place));
      const [a, b] = d.crossovers;
      return {
        data: d,
        key: [
          { style: "l0", name: `smoothed ℓ0, β = ${short(a.beta)} (thin)`, width: 1.6, text: cross(a) },
          { style: "l0", name: `smoothed ℓ0, β = ${short(b.beta)} (thick)`, width: 3.8, text: cross(b) },
          { style: "l1", name: "ℓ1", text: "pulls alike everywhere; its dots: where ℓ0 overtakes it" },
          { style: "l2", name: "ℓ2", text: "lets go near zero; its dots: where ℓ0 overtakes it" },
        ],
        say: `Learning rate ${short(v.eta)}, alpha ${short(v.alpha)}. Smoothed ℓ0 with beta ${short(a.beta)} ${cross(a)}. With beta ${short(b.beta)} it ${cross(b)}.`,
      };
    },
    resize() { left.resize(); right.resize(); },
    recolour() { left.recolour(); right.recolour(); },
    destroy() { left.destroy(); right.destroy(); },
  };
}
