// Twins of l0lib.penalties, l0lib.attraction and l0lib.landscape, which are the reference: tests/widgets/test_parity.py
// holds each of these against NumPy. A penalty is {kind: "l2" | "l1" | "l0", alpha, beta}.

const { abs, exp, expm1, log, log1p, sign, sqrt } = Math;

export const penalty = (kind, alpha, beta) => (kind === "l0" ? { kind, alpha, beta } : { kind, alpha });

/** Principal branch of the Lambert W function; gap = 1 + e x where the caller knows it without cancellation. */
export function lambertw0(x, gap = 1 + Math.E * x) {
  if (gap < -4 * Number.EPSILON) return NaN;
  gap = gap > 0 ? gap : 0;
  const p = sqrt(2 * gap);
  const series = -1 + p * (1 + p * (-1 / 3 + p * (11 / 72 + p * (-43 / 540 + p * (769 / 17280)))));
  if (gap < 1e-6) return series; // exact to rounding, and Halley's quotient would be 0/0
  const l = log1p(x);
  let w = gap > 0.3 ? l * (1 - log1p(l) / (2 + l)) : series;
  for (let i = 0; i < 5; i++) {
    const e = exp(w), f = w * e - x;
    w -= f / (e * (w + 1) - ((w + 2) * f) / (2 * (w + 1)));
  }
  return w;
}

// --- penalties ---------------------------------------------------------------------------------------------------

export function value({ kind, alpha, beta }, w) {
  if (kind === "l2") return alpha * (w * w);
  if (kind === "l1") return alpha * abs(w);
  return -alpha * expm1(-beta * abs(w));
}

export function gradient({ kind, alpha, beta }, w) {
  if (kind === "l2") return 2 * alpha * w;
  if (kind === "l1") return alpha * sign(w);
  return alpha * beta * sign(w) * exp(-beta * abs(w));
}

// --- attraction: no loss, only the penalty's own step ------------------------------------------------------------

export const term = (p, w, eta) => -eta * gradient(p, w);
export const step = (p, w, eta) => w + term(p, w, eta);

export function scalingFactor({ kind, alpha, beta }, w, eta) {
  if (kind === "l2") return 1 - 2 * eta * alpha;
  if (w === 0) return alpha > 0 ? -Infinity : 1;
  if (kind === "l1") return 1 - (eta * alpha) / abs(w);
  return 1 - (eta * alpha * beta * exp(-beta * abs(w))) / abs(w);
}

/** The alpha at which |lambda| = 1 (paper, Table 1 and Eq. 16). */
export function alphaBound({ kind, beta }, w, eta) {
  if (kind === "l2") return 1 / eta;
  if (kind === "l1") return (2 * abs(w)) / eta;
  return (2 * abs(w)) / (eta * beta * exp(-beta * abs(w)));
}

/** All states 0..steps. */
export function trajectory(p, w0, eta, steps) {
  const out = new Float64Array(steps + 1);
  out[0] = w0;
  for (let n = 0; n < steps; n++) out[n + 1] = step(p, out[n], eta);
  return out;
}

export function matchInitialRate(firstStep, w0, eta, beta) {
  return {
    l2: penalty("l2", firstStep / (2 * eta * abs(w0))),
    l1: penalty("l1", firstStep / eta),
    l0: penalty("l0", (firstStep * exp(beta * abs(w0))) / (eta * beta), beta),
  };
}

export function criticalMagnitude({ kind, alpha, beta }, eta) {
  if (kind === "l2") return alpha * eta < 1 ? 0 : Infinity;
  if (kind === "l1") return (eta * alpha) / 2;
  return lambertw0((eta * alpha * beta * beta) / 2) / beta;
}

export function crossingMagnitude({ kind, alpha, beta }, eta) {
  if (kind === "l2") return alpha * eta <= 0.5 ? 0 : Infinity;
  if (kind === "l1") return eta * alpha;
  return lambertw0(eta * alpha * beta * beta) / beta;
}

export function swingBand(p, eta) {
  if (p.kind === "l2") return criticalMagnitude(p, eta);
  return p.kind === "l1" ? eta * p.alpha : eta * p.alpha * p.beta;
}

/** Where a weight under smoothed l0 is found once its swing has settled: [inner, outer], or null for a strong penalty. */
export function settledBands({ alpha, beta }, eta) {
  const band = eta * alpha * beta, a = band * beta, delta = -expm1(-a), outer = exp(-a * delta) - delta;
  return outer < delta ? null : [band * delta, band * outer];
}

export const crossoverL1 = (beta) => log(beta) / beta;
export const crossoverL2 = (beta) => lambertw0((beta * beta) / 2) / beta;

// --- landscape: the loss (h/2)(w - v)^2 beside the smoothed l0 penalty ------------------------------------------

export const kappa = ({ alpha, beta }, h) => (alpha * beta * beta) / h;
export const objective = (p, w, v, h) => 0.5 * h * (w - v) ** 2 + value(p, w);

/** The positive local minimum for v >= 0, NaN where there is none. */
export function stationaryPoint(p, v, h) {
  const k = kappa(p, h), s = p.beta * v, gap = -expm1(1 + log(k) - s);
  if (gap < 0) return NaN;
  const u = s + lambertw0(-k * exp(-s), gap);
  return u > 0 ? u / p.beta : NaN;
}

/** The other stationary point between zero and the positive minimum, a maximum; NaN where there is none. */
export function localMaximum(p, v, h) {
  const k = kappa(p, h), s = p.beta * v;
  if (!(k > 1) || !(s >= 1 + log(k)) || !(s <= k)) return NaN;
  // on (0, log k) the slope u - s + k e^(-u) falls from k - s >= 0 to 1 + log k - s <= 0: bisection cannot fail
  let lo = 0, hi = log(k);
  for (let i = 0; i < 80; i++) {
    const m = (lo + hi) / 2;
    if (m - s + k * exp(-m) > 0) lo = m; else hi = m;
  }
  return (lo + hi) / 2 / p.beta;
}

/** argmin over w of penalty(w) + (w - v)^2 / (2 step); a tie gives zero. */
export function prox(p, v, length) {
  const size = abs(v), s = v < 0 ? -1 : 1;
  if (p.kind === "l2") return (s * size) / (1 + 2 * p.alpha * length);
  if (p.kind === "l1") return s * softThreshold(size, p.alpha * length);
  const h = 1 / length, k = kappa(p, h), scaled = p.beta * size, u = p.beta * stationaryPoint(p, size, h);
  const gain = (u * (u - 2 * scaled)) / 2 - k * expm1(-u);
  return gain < 0 ? (s * u) / p.beta : 0;
}
export const minimiser = (p, v, h) => prox(p, v, 1 / h);

/** Below this optimum v a start anywhere ends at zero. */
export function killZone(p, h) {
  const k = kappa(p, h);
  return (k <= 1 ? k : 1 + log(k)) / p.beta;
}

export function regime(p, v, h) {
  const k = kappa(p, h), s = p.beta * abs(v);
  if (k <= 1 ? s <= k : s < 1 + log(k)) return "kill";
  return s < k ? "bistable" : "free";
}

export const softThreshold = (v, t) => sign(v) * Math.max(abs(v) - t, 0);
export const hardThreshold = (v, t) => (abs(v) > t ? v : 0);

/** n points from a to b, both included, as numpy.linspace makes them. */
export function linspace(a, b, n) {
  const out = new Float64Array(n), d = (b - a) / (n - 1);
  for (let i = 0; i < n; i++) out[i] = a + i * d;
  out[n - 1] = b;
  return out;
}
