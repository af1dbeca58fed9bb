// The reach of a penalty in a whole training, against beta and against epochs (chapter "A hundred classes, few epochs").
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, log10 } from "./plot.js";
import { nearest } from "./settings.js";

const STEPS = 500; // of an epoch: 50,000 images in batches of 100, as in the widget's Python
const BETAS = [1, 100], EPOCHS = [1, 500], POINTS = 201;
const spread = ([low, high]) => F.linspace(log10(low), log10(high), POINTS).map((x) => 10 ** x);
// of ln(1 + x)/√x: where it is largest, and its value there
const BEST = -2 / F.lambertw0(-2 * Math.exp(-2)) - 1, MOST = Math.log1p(BEST) / Math.sqrt(BEST);

const l0 = (alpha, beta, total) => Math.log1p(alpha * beta * beta * total) / beta;

export function compute(v) {
  const each = (STEPS * v.eta) / (1 - v.momentum), total = each * v.epochs;
  const beta = spread(BETAS), epochs = spread(EPOCHS);
  return {
    total, beta, epochs, reach: l0(v.alpha, v.beta, total), l1: v.alpha * v.beta * total,
    overBeta: beta.map((b) => l0(v.alpha, b, total)), overEpochs: epochs.map((e) => l0(v.alpha, v.beta, each * e)),
    l1OverEpochs: epochs.map((e) => v.alpha * v.beta * each * e),
    bestBeta: Math.sqrt(BEST / (v.alpha * total)), most: MOST * Math.sqrt(v.alpha * total),
  };
}

export function reach(panels, api) {
  let v, d;
  const y = { label: "reach r", range: () => [-4, 1], log: () => true };
  const clamp = (r) => log10(Math.max(r, 1e-5));
  const here = (pen, x) => {
    pen.vertical(log10(x), "grey", { dash: [3, 3] });
    pen.dot(log10(x), clamp(d.reach), "l0", { size: 7 });
    pen.label(log10(x), clamp(d.reach), `r = ${short(d.reach)}`, "l0", { bold: true, dx: 9, dy: 16 });
  };
  /** The curve's name, beside its point number `i`. */
  const name = (pen, x, y, i, words, style, dx, dy, align) => pen.label(log10(x[i]), clamp(y[i]), words, style, { bold: true, dx, dy, align });
  const pick = (name) => (x) => { api.set(name, nearest(api.spec(name), 10 ** x)); api.save(); };
  const left = chart(panels, {
    name: "Reach against beta", y,
    x: { label: "sharpness β", range: () => BETAS.map(log10), log: () => true },
    lines: [{ style: "l0", width: 2.8 }], onPoint: pick("beta"),
    under(pen) { pen.horizontal(clamp(d.most), "grey", { dash: [2, 3] }); },
    over(pen) { name(pen, d.beta, d.overBeta, 170, "smoothed ℓ0", "l0", -8, 14, "right"); here(pen, v.beta); },
  });
  const right = chart(panels, {
    name: "Reach against epochs", y,
    x: { label: "epochs", range: () => EPOCHS.map(log10), log: () => true },
    lines: [{ style: "l0", width: 2.8 }, { style: "l1" }], onPoint: pick("epochs"),
    over(pen) {
      name(pen, d.epochs, d.overEpochs, 90, "smoothed ℓ0", "l0", 8, 14, "left");
      name(pen, d.epochs, d.l1OverEpochs, 120, "ℓ1", "l1", -8, -10, "right");
      here(pen, v.epochs);
    },
  });
  return {
    update(now) {
      v = now; d = compute(v);
      left.draw([d.beta.map(log10), d.overBeta.map(clamp)]);
      right.draw([d.epochs.map(log10), d.overEpochs.map(clamp), d.l1OverEpochs.map(clamp)]);
      return {
        data: d,
        key: [
          { style: "l0", name: "smoothed ℓ0", text: `brings every weight up to ${short(d.reach)} to zero that the loss leaves alone; H = ${short(d.total)}` },
          { style: "l1", name: "ℓ1", text: `with the same pull at zero: up to ${short(d.l1)}` },
          { style: "grey", dash: [2, 3], name: "the furthest", text: `with this α and H: ${short(d.most)}, at β = ${short(d.bestBeta)}` },
        ],
        say: `Alpha ${short(v.alpha)}, beta ${short(v.beta)}, total learning rate ${short(d.total)}. The smoothed l0 reaches ${short(d.reach)}, l1 with the same pull at zero ${short(d.l1)}. No beta reaches further than ${short(d.most)}; the best is ${short(d.bestBeta)}.`,
      };
    },
    resize() { left.resize(); right.resize(); },
    recolour() { left.recolour(); right.recolour(); },
    destroy() { left.destroy(); right.destroy(); },
  };
}
