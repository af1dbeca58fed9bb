// What a weight does once it has arrived: the map as a cobweb, the orbit, and how its states are spread over the band.
import * as F from "./formulas.js";
import { short } from "./frame.js";
import { bars, chart, pieces } from "./plot.js";

const MAP = 200, BINS = 40, WEB = 60;

/** Shares of `values` in equal bins over [-c, c]. */
export function histogram(values, c, bins = BINS) {
  const share = new Float64Array(bins);
  for (const w of values) share[Math.min(bins - 1, Math.max(0, Math.floor(((w + c) / (2 * c)) * bins)))] += 1;
  return share.map((n) => (values.length ? n / values.length : 0));
}

export function compute(v) {
  const l0 = F.penalty("l0", v.alpha, v.beta), l1 = F.penalty("l1", v.alpha * v.beta); // l1 with the same band
  const c = F.swingBand(l0, v.eta);
  const w = F.linspace(-1.3 * c, 1.3 * c, MAP);
  const orbit = F.trajectory(l0, v.w0, v.eta, v.steps), cycle = F.trajectory(l1, v.w0, v.eta, v.steps);
  const arrived = orbit.findIndex((x) => Math.abs(x) <= c), arrivedL1 = cycle.findIndex((x) => Math.abs(x) <= c);
  const settled = arrived < 0 ? orbit.slice(0, 0) : orbit.slice(arrived);
  return {
    w, map_l0: w.map((x) => F.step(l0, x, v.eta)), map_l1: w.map((x) => F.step(l1, x, v.eta)),
    step: F.linspace(0, v.steps, v.steps + 1), orbit, cycle, band: c, settled: F.settledBands(l0, v.eta), arrived, arrivedL1,
    center: F.linspace(-c + c / BINS, c - c / BINS, BINS), share: histogram(settled, c),
    mean: settled.length ? settled.reduce((s, x) => s + Math.abs(x), 0) / settled.length : NaN,
    critical: F.criticalMagnitude(l0, v.eta),
  };
}

export function atZero(panels) {
  let v, d;
  const near = () => [-1.3 * d.band, 1.3 * d.band];
  const wide = () => [-1.3 * d.band, Math.max(1.3 * d.band, d.arrived > 0 ? Math.min(1.05 * v.w0, 4 * d.band) : 1.05 * v.w0)];
  const web = (pen, path, from, colour, width) => {
    const { ctx } = pen;
    ctx.strokeStyle = pen.colours[colour]; ctx.lineWidth = width * pen.k; ctx.globalAlpha = 0.65;
    ctx.beginPath();
    for (let n = from; n + 1 < path.length; n++) {
      if (n === from) ctx.moveTo(pen.X(path[n]), pen.Y(path[n]));
      ctx.lineTo(pen.X(path[n]), pen.Y(path[n + 1]));
      ctx.lineTo(pen.X(path[n + 1]), pen.Y(path[n + 1]));
    }
    ctx.stroke(); ctx.globalAlpha = 1;
  };
  const cobweb = chart(panels, {
    name: "The map near zero",
    x: { label: "weight w", range: near }, y: { label: "after one step f(w)", range: near },
    lines: [{ style: "grey", width: 1 }, { style: "l1" }, { style: "l1" }, { style: "l0", width: 2.6 }, { style: "l0", width: 2.6 }],
    under(pen) {
      pen.horizontal(0, "grey", { width: 0.6 }); pen.vertical(0, "grey", { width: 0.6 });
    },
    over(pen) {
      web(pen, d.orbit.slice(-WEB - 1), 0, "l0", 0.9);
      if (d.arrivedL1 >= 0) web(pen, d.cycle.slice(-4), 0, "l1", 2);
      for (const s of [1, -1]) pen.dot(s * d.critical, -s * d.critical, "l0", { size: 4.5, hollow: true });
      pen.text(pen.right, pen.bottom - 12 * pen.k, `○ unstable cycle ±${short(d.critical)}`, "l0", { align: "right" });
    },
  });
  const spread = chart(panels, {
    name: "How often the arrived weight is where",
    x: { label: "weight w", range: near },
    y: { label: "share of steps", range: () => [0, Math.max(0.06, 1.15 * Math.max(...d.share))] },
    lines: [{ style: "l0", width: 1, fill: true, paths: bars({ size: [0.94, 100] }) }],
    over(pen) {
      for (const s of [-1, 1]) pen.vertical(s * d.band, "l0", { dash: [5, 3] });
      pen.text(pen.X(d.band) - 4 * pen.k, pen.top + 12 * pen.k, `ηαβ = ${short(d.band)}`, "l0", { align: "right" });
      if (d.arrivedL1 >= 0) {
        const pair = [d.cycle.at(-1), d.cycle.at(-2)];
        for (const w of pair) pen.vertical(w, "l1", { width: 2 });
        pen.text(pen.X(Math.max(...pair)) + 5 * pen.k, pen.top + 30 * pen.k, "ℓ1", "l1");
      }
      if (d.arrived < 0) pen.text((pen.left + pen.right) / 2, (pen.top + pen.bottom) / 2, "not arrived yet", "text", { align: "center", bold: true });
    },
  });
  const orbit = chart(panels, {
    name: "The orbit",
    x: { label: "step n", range: () => [0, v.steps] }, y: { label: "weight w", range: wide },
    lines: [{ style: "l0", paths: () => null }], // the states are drawn below: ten thousand of uPlot's round points take 20 ms
    under(pen) {
      pen.band(-d.band, d.band, "l0", 0.12);
    },
    over(pen) {
      pen.specks(d.orbit, "l0");
      pen.specks(d.cycle, "l1");
      for (const s of [-1, 1]) pen.horizontal(s * d.band, "l0", { dash: [5, 3] });
      pen.text(pen.right, pen.Y(d.band) - 9 * pen.k, "band ±ηαβ", "l0", { align: "right" });
    },
  });
  orbit.box.classList.add("l0-wide");
  return {
    update(now) {
      v = now; d = compute(v);
      cobweb.draw([d.w, d.w, ...pieces(d.map_l1, MAP / 2), ...pieces(d.map_l0, MAP / 2)]); // both jump at w = 0
      spread.draw([d.center, d.share]);
      orbit.draw([d.step, d.orbit]);
      const last = d.orbit.slice(-Math.ceil(d.orbit.length / 2)), side = Math.sign(last[0]);
      const thrown = d.arrived >= 0 && last.length > 20 && last.every((w) => Math.sign(w) === side);
      const where = thrown ? `was thrown out to ${short(last.at(-1))}, where hardly any pull is left: the step is far too large` : d.arrived < 0 ? `has not arrived after ${v.steps} steps`
        : `arrived at step ${d.arrived}, ${d.settled ? `settles to alternate between |w| ≤ ${short(d.settled[0])} and |w| ≥ ${short(d.settled[1])}` : `wanders over ±${short(d.band)}`}, mean |w| ${short(d.mean)} (${short(d.mean / d.band, 2)} of the band)`;
      // rounding leaves 1e-17 where the cycle holds zero
      const pair = [d.cycle.at(-1), d.cycle.at(-2)].map((w) => (Math.abs(w) < 1e-9 * d.band ? 0 : w));
      const beside = d.arrivedL1 < 0 ? `has not arrived after ${v.steps} steps`
        : `arrived at step ${d.arrivedL1}, repeats ${pair.map((w) => short(w)).join(" and ")} for ever`;
      return {
        data: d,
        key: [{ style: "l0", name: "smoothed ℓ0", text: where }, { style: "l1", name: "ℓ1, factor αβ", text: beside }, { style: "grey", name: "f(w) = w", width: 1.2, text: "a step that changes nothing" }],
        say: `Learning rate ${short(v.eta)}, alpha ${short(v.alpha)}, beta ${short(v.beta)}, start ${short(v.w0)}. Smoothed ℓ0 ${where}. ℓ1 with factor alpha times beta ${beside}.`,
      };
    },
    resize() { for (const p of [cobweb, spread, orbit]) p.resize(); },
    recolour() { for (const p of [cobweb, spread, orbit]) p.recolour(); },
    destroy() { for (const p of [cobweb, spread, orbit]) p.destroy(); },
  };
}
