// Three ways down a valley: plain gradient descent, SGD with momentum, Adam.
import { short } from "./numbers.js";
import { chart, log10 } from "./plot.js";
import { compute, height } from "./valley.js";

const WAYS = ["plain", "momentum", "adam"];
const STYLE = { plain: "grey", momentum: "text", adam: "cross" }, DASHES = { plain: [7, 4], momentum: [], adam: [2, 3] };
const FLOOR = -9, ACROSS = 5, UP = 2; // the plane from -5 to 3 and from -2 to 2; losses from 1e-9

const last = (way) => way.loss[way.loss.length - 1];
const fate = (way, steps) => (Number.isFinite(last(way)) ? `loss ${short(last(way))} after ${steps} steps` : "leaves the valley: the rate is too large");

export function descent(panels) {
  let v, d;
  const plane = chart(panels, {
    name: "The valley from above",
    x: { label: "x, along the valley", range: () => [-ACROSS, ACROSS - 2] }, y: { label: "y, across it", range: () => [-UP, UP] },
    lines: [],
    under({ ctx, X, Y, k, colours }) {
      ctx.strokeStyle = colours.grey; ctx.lineWidth = 0.7 * k; ctx.globalAlpha = 0.6;
      for (let level = height([-ACROSS, UP], v.steep), n = 0; n < 12; n++, level *= 0.6) {
        const wide = Math.sqrt(2 * level), high = Math.sqrt((2 * level) / v.steep);
        ctx.beginPath();
        ctx.ellipse(X(0), Y(0), Math.abs(X(wide) - X(0)), Math.abs(Y(high) - Y(0)), 0, 0, 2 * Math.PI);
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
    },
    over(pen) {
      const { ctx, X, Y, k, colours } = pen;
      for (const way of WAYS) {
        const { x, y } = d[way];
        ctx.strokeStyle = ctx.fillStyle = colours[STYLE[way]];
        ctx.lineWidth = 1.6 * k; ctx.setLineDash(DASHES[way].map((dash) => dash * k));
        ctx.beginPath();
        for (let n = 0; n < x.length && Number.isFinite(x[n]); n++) ctx.lineTo(X(x[n]), Y(y[n]));
        ctx.stroke(); ctx.setLineDash([]);
        for (let n = 1; n < x.length && Number.isFinite(x[n]); n++) ctx.fillRect(X(x[n]) - 1.5 * k, Y(y[n]) - 1.5 * k, 3 * k, 3 * k);
      }
      pen.dot(d.plain.x[0], d.plain.y[0], "warn");
      pen.label(d.plain.x[0], d.plain.y[0], "start", "text");
      pen.dot(0, 0, "warn", { hollow: true });
    },
  });
  const losses = chart(panels, {
    name: "Loss against step",
    x: { label: "step", range: () => [0, v.steps] }, y: { label: "loss", range: () => [FLOOR, 3], log: () => true },
    lines: WAYS.map((way) => ({ style: STYLE[way], dash: DASHES[way] })),
  });
  return {
    update(now) {
      v = now; d = compute(v);
      plane.draw([[0, 1]]);
      losses.draw([Float64Array.from(d.plain.loss, (_, n) => n), ...WAYS.map((way) => Array.from(d[way].loss, (x) => (Number.isFinite(x) ? Math.max(log10(x), FLOOR) : null)))]);
      const names = { plain: `plain, η = ${short(v.eta)}`, momentum: `momentum ${short(v.mu)}, η = ${short(v.eta)}`, adam: `Adam, η = ${short(v.eta_adam)}` };
      const limits = { plain: `; stable below η = ${short(d.limit.plain)}`, momentum: `; stable below η = ${short(d.limit.momentum)}`, adam: "" };
      return {
        data: d,
        key: WAYS.map((way) => ({ style: STYLE[way], dash: DASHES[way], name: names[way], text: fate(d[way], v.steps) + limits[way] })),
        say: `A valley ${short(v.steep)} times as steep across as along. ${WAYS.map((way) => `${names[way]}: ${fate(d[way], v.steps)}`).join("; ")}.`,
      };
    },
    resize() { plane.resize(); losses.resize(); },
    recolour() { plane.recolour(); losses.recolour(); },
    destroy() { plane.destroy(); losses.destroy(); },
  };
}
