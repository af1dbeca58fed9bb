// The whole scheme on a linear model: train, prune, fine-tune (chapter "Why compress").
// l0lib/chapters/sparse_regression.py says what each number is.
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { chart, log10 } from "./plot.js";
import { normals, uniforms } from "./playground/chance.js";
import { nearest } from "./settings.js";

const WEIGHTS = 100, RELEVANT = 10, EXAMPLES = 70, NOISE = 0.5, FIRST = 0.01, ETA = 0.1, TRAINING = 200, TUNING = 100;
const SIDE = 1.8, LEAST = 1e-4, MOST = 3, EVERY = 5; // what the pictures show, and every how many steps

function makeProblem(seed) {
  const sign = uniforms(seed, 0, RELEVANT), size = uniforms(seed, 1, RELEVANT), truth = new Float64Array(WEIGHTS);
  for (let j = 0; j < RELEVANT; j++) truth[j] = (sign[j] < 0.5 ? -1 : 1) * (0.5 + size[j]);
  const inputs = normals(seed, 2, EXAMPLES * WEIGHTS), noise = normals(seed, 3, EXAMPLES);
  // the gradient Xᵀ(Xw − y)/n is square · w − pull
  const square = new Float64Array(WEIGHTS * WEIGHTS), pull = new Float64Array(WEIGHTS);
  for (let e = 0; e < EXAMPLES; e++) {
    const x = inputs.subarray(e * WEIGHTS, (e + 1) * WEIGHTS);
    let y = 0;
    for (let j = 0; j < WEIGHTS; j++) y += x[j] * truth[j];
    y = (y + NOISE * noise[e]) / EXAMPLES;
    for (let i = 0; i < WEIGHTS; i++) {
      pull[i] += x[i] * y;
      const part = x[i] / EXAMPLES;
      for (let j = 0; j < WEIGHTS; j++) square[i * WEIGHTS + j] += part * x[j];
    }
  }
  return { truth, square, pull, first: normals(seed, 4, WEIGHTS).map((z) => FIRST * z) };
}

/** The weights before the first step and after each, one after the other; `steps` steps of `size` weights. */
function descend(square, pull, slope, first, steps) {
  const size = first.length, path = new Float64Array((steps + 1) * size), g = new Float64Array(size);
  path.set(first);
  for (let n = 0; n < steps; n++) {
    const w = path.subarray(n * size, (n + 1) * size), next = path.subarray((n + 1) * size);
    let i = 0;
    for (; i + 3 < size; i += 4) { // four sums at a time: none waits for the other
      let a = 0, b = 0, c = 0, d = 0;
      const p = i * size, q = p + size, r = q + size, s = r + size;
      for (let j = 0; j < size; j++) {
        const x = w[j];
        a += square[p + j] * x; b += square[q + j] * x; c += square[r + j] * x; d += square[s + j] * x;
      }
      g[i] = a; g[i + 1] = b; g[i + 2] = c; g[i + 3] = d;
    }
    for (; i < size; i++) {
      let a = 0;
      for (let j = 0; j < size; j++) a += square[i * size + j] * w[j];
      g[i] = a;
    }
    for (i = 0; i < size; i++) next[i] = w[i] - ETA * (g[i] - pull[i] + slope(w[i]));
  }
  return path;
}

/** The places of the largest magnitudes, largest first; ties go to the earlier one. */
function ranked(w) {
  return Int32Array.from(w.keys()).sort((a, b) => Math.abs(w[b]) - Math.abs(w[a]) || a - b);
}

function freshError({ truth }, w) {
  let sum = NOISE * NOISE;
  for (let j = 0; j < WEIGHTS; j++) sum += (w[j] - truth[j]) ** 2;
  return sum;
}

const held = new Map(); // what a change of the ratio need not train anew
function once(key, make) {
  if (!held.has(key)) {
    if (held.size > 8) held.clear();
    held.set(key, make());
  }
  return held.get(key);
}

export function compute({ penalty, alpha, beta, ratio, problem: seed }) {
  const problem = once(`problem ${seed}`, () => makeProblem(seed)), p = F.penalty(penalty, alpha, beta);
  const slope = penalty === "none" ? () => 0 : (w) => F.gradient(p, w);
  const { training, order } = once([penalty, alpha, beta, seed].join(), () => {
    const path = descend(problem.square, problem.pull, slope, problem.first, TRAINING);
    return { training: path, order: ranked(path.subarray(TRAINING * WEIGHTS)) };
  });
  const trained = training.subarray(TRAINING * WEIGHTS), kept = order.slice(0, Math.floor(WEIGHTS / ratio)).sort();
  const size = kept.length, square = new Float64Array(size * size);
  kept.forEach((a, i) => kept.forEach((b, j) => { square[i * size + j] = problem.square[a * WEIGHTS + b]; }));
  const tuning = descend(square, Float64Array.from(kept, (j) => problem.pull[j]), () => 0, Float64Array.from(kept, (j) => trained[j]), TUNING);
  const whole = (at) => {
    const w = new Float64Array(WEIGHTS);
    kept.forEach((j, i) => { w[j] = tuning[at * size + i]; });
    return w;
  };
  const errors = [trained, whole(0), whole(TUNING)].map((w) => freshError(problem, w));
  return { truth: problem.truth, training, order, kept, tuning, errors, found: kept.filter((j) => j < RELEVANT).length };
}

export function sparseRegression(panels, api) {
  let v, d;
  const colour = () => (v.penalty === "none" ? "text" : v.penalty);
  /** One polyline for each of the weights `which`, in one stroke. */
  const lines = (pen, path, size, which, from, style, width, alpha) => {
    const { ctx } = pen, steps = path.length / size - 1;
    ctx.globalAlpha = alpha; ctx.strokeStyle = pen.colours[style]; ctx.lineWidth = width * pen.k;
    ctx.beginPath();
    for (const j of which) {
      ctx.moveTo(pen.X(from), pen.Y(path[j]));
      for (let n = EVERY; n <= steps; n += EVERY) ctx.lineTo(pen.X(from + n), pen.Y(path[n * size + j]));
    }
    ctx.stroke();
    ctx.globalAlpha = 1;
  };
  const paths = chart(panels, {
    name: "All weights, step by step",
    x: { label: "step n", range: () => [0, (TRAINING + TUNING) * 1.03] }, y: { label: "weight w", range: () => [-SIDE, SIDE] }, lines: [],
    under(pen) { pen.horizontal(0, "grey", { width: 0.6 }); },
    over(pen) {
      const all = [...Array(WEIGHTS).keys()], places = [...d.kept.keys()], matters = (j) => j < RELEVANT;
      lines(pen, d.training, WEIGHTS, all.filter((j) => !matters(j)), 0, "grey", 0.7, 1);
      lines(pen, d.tuning, d.kept.length, places.filter((i) => !matters(d.kept[i])), TRAINING, "grey", 0.9, 1);
      lines(pen, d.training, WEIGHTS, all.filter(matters), 0, colour(), 1.8, 1);
      lines(pen, d.tuning, d.kept.length, places.filter((i) => matters(d.kept[i])), TRAINING, colour(), 1.8, 1);
      pen.vertical(TRAINING, "text", { dash: [4, 3] });
      for (let j = 0; j < RELEVANT; j++) pen.dot(TRAINING + TUNING, d.truth[j], "text", { size: 3.5, hollow: true });
      const base = (x, words) => pen.text(pen.X(x), pen.bottom, words, "text", { align: "center" });
      base(TRAINING / 2, "1 train"); base(TRAINING + TUNING / 2, "3 fine-tune");
      pen.text(pen.X(TRAINING) - 6 * pen.k, pen.top, "2 prune", "text", { align: "right" });
    },
  });
  const sorted = chart(panels, {
    name: "Sorted magnitudes after training, and where pruning cuts",
    x: { label: "rank", range: () => [0, WEIGHTS + 1] },
    y: { label: "magnitude |w|", range: () => [log10(LEAST), log10(MOST)], log: () => true }, lines: [],
    onPoint: (x) => { api.set("ratio", nearest(api.spec("ratio"), WEIGHTS / Math.max(1, x))); api.save(); },
    under(pen) { pen.strip(-1, d.kept.length + 0.5, colour(), 0.1); },
    over(pen) {
      const { ctx } = pen, r = 2.6 * pen.k, last = TRAINING * WEIGHTS;
      const place = (rank) => [pen.X(rank + 1), pen.Y(log10(Math.max(LEAST, Math.abs(d.training[last + d.order[rank]]))))];
      ctx.strokeStyle = pen.colours.grey; ctx.lineWidth = 1.2 * pen.k; ctx.beginPath();
      d.order.forEach((j, rank) => {
        if (j < RELEVANT) return;
        const [x, y] = place(rank);
        ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x - r, y + r); ctx.lineTo(x + r, y - r);
      });
      ctx.stroke();
      ctx.fillStyle = pen.colours[colour()]; ctx.beginPath();
      d.order.forEach((j, rank) => {
        if (j >= RELEVANT) return;
        const [x, y] = place(rank);
        ctx.moveTo(x + 1.6 * r, y); ctx.arc(x, y, 1.6 * r, 0, 2 * Math.PI);
      });
      ctx.fill();
      pen.vertical(d.kept.length + 0.5, "text", { dash: [4, 3] });
      pen.label(d.kept.length + 0.5, log10(MOST), `pruning keeps ${d.kept.length} of ${WEIGHTS}`, "text", { dy: 12 });
    },
  });
  const nothing = [[0, 1]];
  return {
    update(now) {
      v = now; d = compute(v);
      paths.draw(nothing); sorted.draw(nothing);
      const name = { none: "no penalty", l2: "ℓ2", l1: "ℓ1", l0: "smoothed ℓ0" }[v.penalty];
      const [trained, pruned, tuned] = d.errors.map((e) => e.toFixed(2)), style = colour(), other = d.kept.length - d.found;
      return {
        data: d,
        hide: v.penalty === "none" ? ["unused_alpha", "unused_beta"] : v.penalty === "l0" ? [] : ["unused_beta"],
        key: [
          { style, dash: [], name: "error on fresh data", text: `trained ${trained}, pruned ${pruned}, fine-tuned ${tuned}; noise alone makes ${NOISE * NOISE}` },
          { style, dot: true, name: "weights that matter", text: `pruning keeps ${d.found} of ${RELEVANT}; rings at the right edge mark their true values` },
          { style: "grey", mark: "×", name: "weights that do not matter", text: `pruning keeps ${other} of ${WEIGHTS - RELEVANT}` },
        ],
        say: `Penalty: ${name}${v.penalty === "none" ? "" : `, alpha ${short(v.alpha)}`}${v.penalty === "l0" ? `, beta ${short(v.beta)}` : ""}. Problem ${v.problem}, pruned ${short(v.ratio)} times. Error on fresh data ${trained} once trained, ${pruned} pruned, ${tuned} fine-tuned. Of ${RELEVANT} weights that matter pruning keeps ${d.found}.`,
      };
    },
    resize() { paths.resize(); sorted.resize(); },
    recolour() { paths.recolour(); sorted.recolour(); },
    destroy() { paths.destroy(); sorted.destroy(); },
  };
}
