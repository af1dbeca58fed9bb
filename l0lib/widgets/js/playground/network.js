// The network and its training, step by step as in l0lib/playground/network.py, on flat arrays that are made once.
import { normals, permutation, uniforms } from "./chance.js";

const WEIGHTS = 16, PRUNING = 32, ORDER = 64;
const { abs, exp, sign, sqrt, tanh } = Math;

/** What a penalty adds to the gradient of one weight; factors that are missing count as 0. */
export function pull({ l2 = 0, l1 = 0, l0 = 0, beta = 1 }, w) {
  if (w === 0) return 0;
  return 2 * l2 * w + sign(w) * (l1 + (l0 ? l0 * beta * exp(-beta * abs(w)) : 0));
}

/** A network of the given layer sizes: parameters `p`, weights and biases of each layer in turn, and room to compute. */
export function network(sizes, activation) {
  const layers = [];
  let size = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const inputs = sizes[l], outputs = sizes[l + 1], w = size, b = w + inputs * outputs;
    size = b + outputs;
    layers.push({ inputs, outputs, w, b, end: size });
  }
  const net = { sizes: [...sizes], activation, layers, step: 0, mask: null, room: null };
  for (const name of ["p", "m", "g"]) net[name] = new Float64Array(size);
  return net;
}

/** Fresh weights from a seed. */
export function initialise(net, seed) {
  const gain = net.activation === "relu" ? 2 : 1;
  net.p.fill(0);
  net.m.fill(0);
  net.layers.forEach(({ inputs, outputs, w }, l) => {
    const drawn = normals(seed, WEIGHTS + l, inputs * outputs), scale = sqrt(gain / inputs);
    for (let i = 0; i < drawn.length; i++) net.p[w + i] = drawn[i] * scale;
  });
  net.step = 0;
  net.mask = null;
}

/** A deep copy that shares nothing. */
export function copy(net) {
  const twin = network(net.sizes, net.activation);
  for (const name of ["p", "m", "g"]) twin[name].set(net[name]);
  twin.step = net.step;
  twin.mask = net.mask && net.mask.slice();
  return twin;
}

function roomFor(net, n) {
  if (!net.room || net.room.n < n) {
    const wide = Math.max(...net.sizes);
    net.room = {
      n,
      a: net.sizes.map((size) => new Float64Array(size * n)),
      back: new Float64Array(wide * n),
      next: new Float64Array(wide * n),
    };
  }
  return net.room;
}

/** Class scores of `n` inputs, which start at `x[0]`: a view that the next call overwrites. */
export function scores(net, x, n) {
  const room = roomFor(net, n), { p, layers } = net, relu = net.activation === "relu";
  room.a[0].set(n * net.sizes[0] === x.length ? x : x.subarray(0, n * net.sizes[0]));
  for (let l = 0; l < layers.length; l++) {
    const { inputs, outputs, w, b } = layers[l], from = room.a[l], to = room.a[l + 1], last = l + 1 === layers.length;
    for (let i = 0; i < n; i++)
      for (let o = 0, at = w; o < outputs; o++) {
        let z = 0;
        for (let k = 0, source = i * inputs; k < inputs; k++) z += from[source + k] * p[at++];
        z += p[b + o];
        to[i * outputs + o] = last ? z : relu ? (z < 0 ? 0 : z) : tanh(z);
      }
  }
  return room.a[layers.length];
}

/** Mean cross-entropy of the batch, and its gradient in `net.g`. */
export function lossAndGradient(net, x, y, n) {
  const { p, g, layers } = net, relu = net.activation === "relu", z = scores(net, x, n), { room } = net;
  const classes = net.sizes.at(-1);
  let { back, next } = room, loss = 0;
  for (let i = 0; i < n; i++) {
    const at = i * classes;
    let top = -Infinity, total = 0;
    for (let c = 0; c < classes; c++) top = z[at + c] > top || Number.isNaN(z[at + c]) ? z[at + c] : top;
    for (let c = 0; c < classes; c++) total += back[at + c] = exp(z[at + c] - top);
    loss += Math.log(total) - (z[at + y[i]] - top);
    for (let c = 0; c < classes; c++) back[at + c] = (back[at + c] / total - (c === y[i] ? 1 : 0)) / n;
  }
  g.fill(0);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { inputs, outputs, w, b } = layers[l], from = room.a[l];
    if (l) next.fill(0, 0, n * inputs);
    for (let i = 0; i < n; i++)
      for (let o = 0, at = w; o < outputs; o++, at += inputs) {
        const d = back[i * outputs + o], source = i * inputs;
        if (d === 0) continue;
        g[b + o] += d;
        for (let k = 0; k < inputs; k++) g[at + k] += d * from[source + k];
        if (l) for (let k = 0; k < inputs; k++) next[source + k] += d * p[at + k];
      }
    if (l) {
      for (let j = 0; j < n * inputs; j++) next[j] *= relu ? (from[j] > 0 ? 1 : 0) : 1 - from[j] * from[j];
      [back, next] = [next, back];
    }
  }
  return loss / n;
}

/** The order in which an epoch takes its `count` examples. */
export const order = (count, epoch, seed) => permutation(seed, ORDER + epoch, count);

/** Which of `count` examples step number `step` takes. */
export function batch(count, size, step, seed) {
  const perEpoch = Math.ceil(count / size), epoch = Math.floor(step / perEpoch), place = step % perEpoch;
  return order(count, epoch, seed).subarray(place * size, (place + 1) * size);
}

/** One step on a batch of `n` examples, in place; returns the loss before it, without the penalty. */
export function step(net, x, y, n, { rate, momentum, penalty, clipped = false }) {
  const loss = lossAndGradient(net, x, y, n), { p, m, g, mask } = net, reach = rate / (1 - momentum);
  const any = penalty && (penalty.l2 || penalty.l1 || penalty.l0);
  for (const { w, b, end } of net.layers)
    for (let i = w; i < end; i++) {
      const force = any && i < b ? pull(penalty, p[i]) : 0;
      let d = clipped ? g[i] : g[i] + force;
      if (mask) d *= mask[i];
      m[i] = momentum * m[i] + d;
      p[i] -= rate * m[i];
      if (clipped && force) p[i] = sign(p[i]) * Math.max(abs(p[i]) - reach * abs(force), 0);
    }
  net.step++;
  return loss;
}

/** A mask of exactly `keep` largest of the values from `a` to `b`, the first ones on a tie; those below 0 never count. */
function largest(values, a, b, keep, mask) {
  const order = Int32Array.from({ length: b - a }, (_, i) => a + i).sort((i, j) => values[j] - values[i] || i - j);
  for (let i = 0; i < keep && i < order.length; i++) if (values[order[i]] >= 0) mask[order[i]] = 1;
}

/** The largest number of parameters at which `total / number`, as a float, is not below `ratio`. */
export function numberToKeep(total, ratio) {
  const near = Math.floor(total / ratio);
  return total / (near + 1) >= ratio ? near + 1 : total / near < ratio ? near - 1 : near;
}

/** Which parameters pruning to a ratio keeps: 1 or 0 for each. The network stays as it is. */
export function choose(net, ratio, way, seed) {
  const total = net.p.length, keep = numberToKeep(total, ratio), mask = new Uint8Array(total);
  const values = way === "RP" ? uniforms(seed, PRUNING, total) : net.p.map(abs);
  if (net.mask) for (let i = 0; i < total; i++) if (!net.mask[i]) values[i] = -1;
  if (way !== "LP") {
    largest(values, 0, total, keep, mask);
    return mask;
  }
  const sizes = net.layers.map(({ w, end }) => end - w);
  const shares = sizes.map((size) => Math.floor((size * keep) / total)), rest = sizes.map((size) => (size * keep) % total);
  let left = keep - shares.reduce((a, b) => a + b, 0);
  for (const l of [...sizes.keys()].sort((i, j) => rest[j] - rest[i] || i - j)) if (left-- > 0) shares[l]++;
  net.layers.forEach(({ w, end }, l) => largest(values, w, end, shares[l], mask));
  return mask;
}

/** Prune for good: parameters and momenta become zero, and the mask holds them there. */
export function prune(net, ratio, way, seed) {
  net.mask = choose(net, ratio, way, seed);
  for (let i = 0; i < net.p.length; i++) {
    net.p[i] *= net.mask[i];
    net.m[i] *= net.mask[i];
  }
}
