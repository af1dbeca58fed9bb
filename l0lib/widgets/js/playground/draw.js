// Pictures of the playground, each on a canvas of its own. Sizes are CSS pixels; colours come from the theme.
import { palette } from "../theme.js";
import { scores } from "./network.js";

const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
const GRID = 40, REACH = 1.15; // the plane is drawn from -REACH to REACH, in GRID x GRID cells
const EDGES = 6; // widths of lines
// Colours of penalties are the book's. Classes, and the signs of weights, have two of their own.
const pair = () => [palette().plus, palette().minus];
export const penaltyColour = (values, arm) => palette()[values[`${arm}_penalty`]] ?? palette().grey;
export const ARM_DASH = { a: [7, 3], b: [] };

/** A canvas that fills `parent`, whose size the page's layout decides. */
export function surface(parent, name) {
  const canvas = document.createElement("canvas");
  canvas.className = "pg-canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  parent.append(canvas);
  const self = { canvas, name, ctx: canvas.getContext("2d"), w: 0, h: 0, stamp: 0 };
  self.resize = () => {
    const w = Math.max(80, parent.clientWidth), h = Math.max(40, parent.clientHeight);
    const k = Math.min(2, globalThis.devicePixelRatio || 1);
    if (w === self.w && h === self.h && k === self.k) return;
    Object.assign(self, { w, h, k, stamp: self.stamp + 1 });
    canvas.width = w * k;
    canvas.height = h * k;
    self.ctx.setTransform(k, 0, 0, k, 0, 0);
  };
  self.clear = () => self.ctx.clearRect(0, 0, self.w, self.h);
  self.say = (text) => { if (canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text); };
  return self;
}

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function text(ctx, words, x, y, { align = "left", colour = palette().text, size = 11, base = "middle" } = {}) {
  ctx.font = `${size}px ${FONT}`;
  ctx.textAlign = align;
  ctx.textBaseline = base;
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
}

/** The plane: how sure the network is of each class, and the training points. */
export function planePicture(s) {
  const small = document.createElement("canvas"), dots = document.createElement("canvas");
  small.width = small.height = GRID;
  const paint = small.getContext("2d"), pixels = paint.createImageData(GRID, GRID);
  const x = new Float64Array(2 * GRID * GRID);
  for (let i = 0; i < GRID * GRID; i++) {
    x[2 * i] = (((i % GRID) + 0.5) / GRID * 2 - 1) * REACH;
    x[2 * i + 1] = (1 - (Math.floor(i / GRID) + 0.5) / GRID * 2) * REACH;
  }
  let drawn = "", data = null;
  const square = () => {
    const side = Math.min(s.w, s.h);
    return { side, left: (s.w - side) / 2, top: (s.h - side) / 2 };
  };
  function points(back) {
    dots.width = s.canvas.width;
    dots.height = s.canvas.height;
    const ctx = dots.getContext("2d"), { side, left, top } = square(), scale = side / (2 * REACH), r = Math.max(1.6, Math.min(3, side / 90));
    ctx.setTransform(s.k, 0, 0, s.k, left * s.k, top * s.k);
    ctx.beginPath();
    ctx.rect(0, 0, side, side);
    ctx.clip();
    for (let i = 0; i < data.y.length; i++) {
      ctx.beginPath();
      ctx.arc((data.x[2 * i] + REACH) * scale, (REACH - data.x[2 * i + 1]) * scale, r, 0, 7);
      ctx.fillStyle = pair()[data.y[i]];
      ctx.fill();
      ctx.lineWidth = 0.6;
      ctx.strokeStyle = back;
      ctx.stroke();
    }
  }
  return (net, now) => {
    const theme = palette(), key = `${theme.back}${s.stamp}`, z = scores(net, x, GRID * GRID);
    if (data !== now || drawn !== key) { data = now; drawn = key; points(theme.back); }
    const [back, one, two] = [theme.back, ...pair()].map(channels), out = pixels.data;
    for (let i = 0; i < GRID * GRID; i++) {
      const p = 1 / (1 + Math.exp(z[2 * i] - z[2 * i + 1])); // of the second class
      const side = p > 0.5 ? two : one, strength = 0.42 * Math.abs(2 * p - 1);
      for (let c = 0; c < 3; c++) out[4 * i + c] = back[c] + strength * (side[c] - back[c]);
      out[4 * i + 3] = 255;
    }
    paint.putImageData(pixels, 0, 0);
    const { side, left, top } = square();
    s.clear();
    s.ctx.imageSmoothingEnabled = true;
    s.ctx.drawImage(small, left, top, side, side);
    s.ctx.drawImage(dots, 0, 0, s.w, s.h);
  };
}

/** The weights of the first layer, one small picture a hidden unit: for the digits. */
export function filterPicture(s, side = 8) {
  const small = document.createElement("canvas"), paint = small.getContext("2d");
  return (net) => {
    const { inputs, outputs, w } = net.layers[0], theme = palette(), cols = Math.ceil(Math.sqrt(outputs)), rows = Math.ceil(outputs / cols);
    const wide = cols * (side + 1) - 1, tall = rows * (side + 1) - 1;
    if (small.width !== wide || small.height !== tall) { small.width = wide; small.height = tall; }
    const pixels = paint.createImageData(wide, tall), [plus, minus, back] = [...pair(), theme.back].map(channels);
    let top = 1e-12;
    for (let i = w; i < w + inputs * outputs; i++) top = Math.max(top, Math.abs(net.p[i]));
    for (let u = 0; u < outputs; u++)
      for (let k = 0; k < inputs; k++) {
        const v = net.p[w + u * inputs + k] / top, colour = v < 0 ? minus : plus, strength = Math.abs(v);
        const at = 4 * ((Math.floor(u / cols) * (side + 1) + Math.floor(k / side)) * wide + (u % cols) * (side + 1) + (k % side));
        for (let c = 0; c < 3; c++) pixels.data[at + c] = back[c] + strength * (colour[c] - back[c]);
        pixels.data[at + 3] = 255;
      }
    paint.putImageData(pixels, 0, 0);
    s.clear();
    s.ctx.imageSmoothingEnabled = false;
    const scale = Math.min(s.w / wide, s.h / tall);
    s.ctx.drawImage(small, (s.w - wide * scale) / 2, (s.h - tall * scale) / 2, wide * scale, tall * scale);
  };
}

/** The network: a line for each weight that is not zero, as wide as the weight is large. */
export function graphPicture(s) {
  return (net) => {
    const { ctx, w, h } = s, theme = palette(), columns = net.sizes.length, gap = w / columns;
    s.clear();
    const place = (l, i) => [gap * (l + 0.5), h * (i + 0.5) / net.sizes[l]];
    let top = 1e-12;
    for (const { w: from, b } of net.layers) for (let i = from; i < b; i++) top = Math.max(top, Math.abs(net.p[i]));
    const bins = Array.from({ length: 2 * EDGES }, () => new Path2D());
    net.layers.forEach(({ inputs, outputs, w: from }, l) => {
      for (let o = 0, at = from; o < outputs; o++)
        for (let i = 0; i < inputs; i++, at++) {
          const v = net.p[at], size = Math.abs(v) / top;
          if (size < 0.004) continue;
          const bin = Math.min(EDGES - 1, Math.floor(EDGES * Math.sqrt(size))), path = bins[(v < 0 ? EDGES : 0) + bin];
          path.moveTo(...place(l, i));
          path.lineTo(...place(l + 1, o));
        }
    });
    const crowded = net.p.length > 1500 ? 0.5 : 1;
    bins.forEach((path, k) => {
      const bin = k % EDGES;
      ctx.strokeStyle = pair()[k < EDGES ? 0 : 1];
      ctx.globalAlpha = 0.25 + (0.7 * bin) / EDGES;
      ctx.lineWidth = crowded * (0.4 + 0.65 * bin);
      ctx.stroke(path);
    });
    ctx.globalAlpha = 1;
    for (let l = 0; l < columns; l++) {
      const n = net.sizes[l], r = Math.max(1.2, Math.min(5, h / n / 3));
      for (let i = 0; i < n; i++) {
        const [x, y] = place(l, i);
        ctx.beginPath();
        ctx.arc(x, y, r, 0, 7);
        ctx.fillStyle = theme.text;
        ctx.fill();
      }
    }
  };
}

const LOW = -5, HIGH = 1, BINS = 36;
const DECADES = [[1e-5, "10⁻⁵"], [1e-3, "10⁻³"], [0.1, "0.1"], [1, "1"]];

/** How the magnitudes of the weights are spread, on a logarithmic axis; exact zeros stand at the left edge. */
export function spreadOf(net) {
  const counts = new Int32Array(BINS);
  let zeros = 0;
  for (const { w, b } of net.layers)
    for (let i = w; i < b; i++) {
      const size = Math.abs(net.p[i]);
      if (size === 0) zeros++;
      else counts[Math.max(0, Math.min(BINS - 1, Math.floor(((Math.log10(size) - LOW) / (HIGH - LOW)) * BINS)))]++;
    }
  return { counts, zeros };
}

/** The outline of a histogram whose bars end at `tops`. */
function outline(ctx, tops, left, wide, floor) {
  ctx.beginPath();
  ctx.moveTo(left, floor);
  tops.forEach((y, i) => { ctx.lineTo(left + wide * i, y); ctx.lineTo(left + wide * (i + 1), y); });
  ctx.stroke();
}

export function histogramPicture(s) {
  let most = 10;
  return (net, { threshold, band, colour, before }) => {
    const { ctx, w, h } = s, theme = palette(), { counts, zeros } = spreadOf(net), left = 34, floor = h - 18, room = w - left - 4;
    s.clear();
    const highest = Math.max(10, ...counts, ...(before ? spreadOf(before).counts : []));
    most = highest > most || highest < 0.5 * most ? highest * 1.15 : most; // a ruler that jumps seldom
    const X = (size) => left + (room * (Math.log10(size) - LOW)) / (HIGH - LOW), tall = (n) => ((floor - 4) * n) / most;
    if (band > 10 ** LOW) {
      ctx.globalAlpha = 0.16;
      ctx.fillStyle = theme.l0;
      ctx.fillRect(left, 2, Math.max(0, Math.min(X(band), w - 4) - left), floor - 2);
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = colour;
    counts.forEach((n, i) => ctx.fillRect(left + (room * i) / BINS + 0.5, floor - tall(n), room / BINS - 1, tall(n)));
    if (zeros) {
      const full = Math.min(tall(zeros), floor - 16);
      ctx.fillRect(9, floor - full, 12, full);
      if (full < tall(zeros)) ctx.clearRect(7, floor - full + 6, 16, 3); // a broken bar: its number is said
      text(ctx, String(zeros), 15, floor - full - 7, { align: "center" });
    }
    ctx.strokeStyle = theme.grey;
    ctx.lineWidth = 1;
    if (before) outline(ctx, spreadOf(before).counts.map((n) => floor - tall(n)), left, room / BINS, floor);
    ctx.beginPath();
    ctx.moveTo(5, floor + 0.5);
    ctx.lineTo(25, floor + 0.5);
    ctx.moveTo(left, floor + 0.5);
    ctx.lineTo(w - 4, floor + 0.5);
    ctx.stroke();
    ctx.setLineDash([4, 3]);
    ctx.strokeStyle = theme.text;
    ctx.beginPath();
    ctx.moveTo(X(threshold), 2);
    ctx.lineTo(X(threshold), floor);
    ctx.stroke();
    ctx.setLineDash([]);
    text(ctx, "0", 15, h - 8, { align: "center" });
    for (const [size, words] of DECADES) text(ctx, words, X(size), h - 8, { align: size === 1e-5 ? "left" : "center" });
    text(ctx, String(Math.round(most)), left + 2, 8, { colour: theme.grey });
  };
}

/** Room at the sides of the two plots: the slider below stands under the axis. */
export const PLOT = { left: 44, right: 14 };

function frame(s, low, high, ticks, label) {
  const { ctx, w, h } = s, theme = palette(), left = PLOT.left, right = w - PLOT.right, top = 8, floor = h - 30;
  s.clear();
  const Y = (v) => floor - ((floor - top) * (v - low)) / (high - low);
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.grid;
  ctx.beginPath();
  for (const t of ticks) { ctx.moveTo(left, Y(t) + 0.5); ctx.lineTo(right, Y(t) + 0.5); }
  ctx.stroke();
  for (const t of ticks) text(ctx, `${Math.round(100 * t)} %`, left - 5, Y(t), { align: "right" });
  text(ctx, label, (left + right) / 2, h - 7, { align: "center" });
  return { left, right, top, floor, Y };
}

function path(ctx, xs, ys, colour, dash = [], width = 2) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  let pen = false;
  for (let i = 0; i < xs.length; i++) {
    if (ys[i] === null) { pen = false; continue; }
    if (pen) ctx.lineTo(xs[i], ys[i]); else ctx.moveTo(xs[i], ys[i]);
    pen = true;
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Test accuracy (solid) and the loss on the last batch (dotted, the same axis: 1 for ln of the classes) over the steps. */
export function historyPicture(s) {
  return (history, now, marks, classes, colours) => {
    const { left, right, top, floor, Y } = frame(s, 0, 1, TENTHS, "steps"), theme = palette(), { ctx } = s;
    const end = Math.max(100, now), X = (n) => left + ((right - left) * n) / end;
    for (const at of marks) path(ctx, [X(at), X(at)], [top, floor], theme.grey, [2, 3], 1);
    text(ctx, "0", left, floor + 10, { align: "center" });
    text(ctx, String(end), right + 8, floor + 10, { align: "right" });
    const xs = history.step.map(X);
    for (const arm of ["a", "b"]) {
      const colour = colours[arm], low = (v) => (v === null ? null : Y(Math.min(1, v / Math.log(classes))));
      path(ctx, xs, history[`${arm}_loss`].map(low), colour, [1.5, 3], 1);
      path(ctx, xs, history[`${arm}_accuracy`].map((v) => (v === null ? null : Y(v))), colour, ARM_DASH[arm], 2);
    }
  };
}

const ROUND = [1, 2, 5, 10, 20, 50, 100], MOST = 100;

/**
 * Test accuracy against compression ratio. seen: {now and before: {a: [[ratio, accuracy], ...], b}, at: the ratio of the
 * slider, here: {a, b}: the accuracies there, cut: the last pruning, colours: {a, b}, classes, note: said in the plot}.
 */
export function curvePicture(s) {
  const across = () => ({ left: PLOT.left, right: s.w - PLOT.right });
  const draw = ({ now, before, at, here, cut, colours, classes, note }) => {
    const { left, right, top, floor, Y } = frame(s, 0, 1, TENTHS, "compression ratio"), theme = palette(), { ctx } = s;
    const X = (r) => left + ((right - left) * Math.log(r)) / Math.log(MOST);
    const dot = (r, v, colour, hollow = false, size = 4) => {
      if (v === null) return;
      ctx.beginPath();
      ctx.arc(X(r), Y(v), size, 0, 7);
      ctx.fillStyle = hollow ? theme.back : colour;
      ctx.fill();
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.5;
      ctx.stroke();
    };
    for (const r of ROUND) text(ctx, `${r}×`, X(r), floor + 10, { align: "center" });
    path(ctx, [left, right], [Y(1 / classes), Y(1 / classes)], theme.grey, [3, 4], 1);
    path(ctx, [X(at), X(at)], [top, floor], theme.text, [], 1);
    const line = (found, arm, width) => path(ctx, found.map(([r]) => X(r)), found.map(([, v]) => Y(v)), colours[arm], ARM_DASH[arm], width);
    for (const arm of ["a", "b"]) {
      ctx.globalAlpha = 0.5;
      line(before[arm], arm, 1.2);
      ctx.globalAlpha = 1;
      line(now[arm], arm, 2);
      if (cut) dot(cut.ratio, cut.pruned[arm], colours[arm], true);
      dot(at, here[arm], colours[arm]);
    }
    if (note) text(ctx, note, (left + right) / 2, (top + floor) / 2, { align: "center", colour: theme.grey });
  };
  /** The ratio at `x` pixels from the left. */
  draw.ratioAt = (x) => {
    const { left, right } = across();
    return MOST ** Math.min(1, Math.max(0, (x - left) / (right - left)));
  };
  return draw;
}
