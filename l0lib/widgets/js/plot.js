// uPlot as the explorers use it: line charts on plain axes, our own ticks, and marks drawn on the canvas.
import uPlot from "uplot";
import { DASH, palette } from "./theme.js";

const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
const ratio = () => uPlot.pxRatio;
// Before an audience labels have 18 pixels and lines are thick: all that is drawn is so many times its size.
const BIG = 1.5, LEAST = 18;
const TEXT = 12, TITLE = 13, X_SIZE = 36, Y_SIZE = 44, LABEL = 18;
export const log10 = (x) => Math.log10(x);

function niceSteps(low, high, room) {
  const raw = (high - low) / Math.max(2, room), power = 10 ** Math.floor(log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((m) => m * power >= raw * 0.999) * power;
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) out.push(Number((k * step).toPrecision(12)));
  return out;
}
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (k) => `10${String(k).replace(/./g, (c) => RAISED[c] ?? "⁻")}`;
const decade = (k) => (k >= -3 && k <= 3 ? String(Number((10 ** k).toPrecision(3))) : power(k));
const plain = (x, all) => {
  const top = Math.max(...all.map(Math.abs));
  return top > 0 && (top < 1e-3 || top >= 1e5) ? String(Number(x.toPrecision(4))).replace("-", "−").replace(/e\+?(−|-)?(\d+)/, (_, s, d) => `·10${s ? "⁻" : ""}${d.replace(/./g, (c) => RAISED[c])}`) : String(Number(x.toPrecision(4))).replace("-", "−");
};

/** Where a logarithmic axis that spans few decades has its ticks: at 1, 2 and 5 of each decade, where there is room. */
function fineSteps(low, high, room) {
  const of = [[1, 2, 5], [1, 3], [1]].find((m) => m.length * (high - low) <= room) ?? [1], out = [];
  for (let k = Math.floor(low); k <= high; k++) for (const m of of) out.push(k + log10(m));
  return out.filter((x) => x >= low - 1e-9 && x <= high + 1e-9);
}

/** An axis over [low, high] = range(); when log() the numbers on it are log10 of what the labels say ("fine": few decades). */
function axis(side, label, logarithmic, size) {
  return {
    side, label, labelSize: LABEL, labelFont: `${TITLE}px ${FONT}`, font: `${TEXT}px ${FONT}`, size, gap: 4,
    stroke: () => palette().text, grid: { stroke: () => palette().grid, width: 1 },
    ticks: { stroke: () => palette().grid, width: 1, size: 5 },
    splits: (u, i, low, high) => {
      const room = side === 2 ? u.width / 70 : u.height / 45;
      if (!logarithmic()) return niceSteps(low, high, room);
      if (logarithmic() === "fine") return fineSteps(low, high, room);
      const out = [], every = Math.max(1, Math.ceil((high - low) / room));
      for (let k = Math.ceil(low - 1e-9); k <= high + 1e-9; k += every) out.push(k);
      return out;
    },
    values: (u, splits) => splits.map((s) => (logarithmic() === "fine" ? String(Number((10 ** s).toPrecision(2))) : logarithmic() ? decade(s) : plain(s, splits))),
  };
}

/** The width of an axis on the left: that of its longest number, so that the axis' title stands clear of them. */
function widthOf(u, values, i, cycle) {
  const { font, ticks, gap, _size } = u.axes[i], least = Y_SIZE * (u.l0Scale ?? 1);
  if (!values) return least;
  if (cycle > 1) return _size; // uPlot asks until nothing moves
  u.ctx.font = font[0];
  const text = Math.max(0, ...values.map((v) => u.ctx.measureText(v).width)) / ratio();
  return Math.max(least, Math.ceil(text + ticks.size + gap + 4));
}

/** Set the sizes of an existing chart's letters and lines. uPlot keeps a font as [css in device pixels, its size, the same in CSS pixels]. */
function scale(u, lines, by) {
  const font = (size) => [`${Math.round(size * by * ratio())}px ${FONT}`, Math.round(size * by * ratio()), size * by];
  u.l0Scale = by;
  for (const a of u.axes) Object.assign(a, { font: font(TEXT), labelFont: font(TITLE), labelSize: LABEL * by });
  u.axes[0].size = () => X_SIZE * by;
  lines.forEach((l, i) => { u.series[i + 1].width = (l.width ?? 2) * by; });
}

/**
 * A chart in `parent`. lines: [{style, width, dash, paths, fill}]; x, y: {label, range() -> [low, high], log()}.
 * under(p), over(p) draw before and after the lines through a pen (below). draw(data) shows columns [x, ...lines].
 */
export function chart(parent, { name, x, y, lines, under, over, onPoint }) {
  const box = document.createElement("div");
  box.className = "l0-panel l0-chart";
  box.dataset.name = name;
  box.setAttribute("role", "img");
  parent.append(box);
  const never = () => false;
  // the style sheet says how large a chart is; what uPlot draws has no say in it
  const size = () => ({ width: Math.max(160, Math.floor(box.clientWidth || 640)), height: Math.max(120, Math.floor(box.clientHeight || 300)) });
  const u = new uPlot({
    ...size(), pxAlign: false, legend: { show: false },
    cursor: { show: false }, padding: [10, 18, 0, 0],
    scales: {
      x: { time: false, range: () => x.range() },
      y: { range: () => y.range() },
    },
    axes: [axis(2, x.label, x.log ?? never, () => X_SIZE), axis(3, y.label, y.log ?? never, widthOf)],
    series: [{}, ...lines.map((l) => ({
      stroke: () => palette()[l.style], width: l.width ?? 2, dash: l.dash ?? DASH[l.style],
      points: { show: false },
      ...(l.paths ? { paths: l.paths } : {}), ...(l.fill ? { fill: () => palette()[l.style] + "55" } : {}),
    }))],
    hooks: {
      init: [(self) => { self.l0Scale = 1; }],
      drawAxes: under ? [(self) => inside(self, under)] : [],
      draw: over ? [(self) => inside(self, over)] : [],
    },
  }, [[0, 1], ...lines.map(() => [null, null])], box);
  if (onPoint) points(u, onPoint);
  const fit = () => {
    const by = box.closest(".l0-present") ? BIG : 1, { width, height } = size();
    if (by !== u.l0Scale) scale(u, lines, by);
    else if (width === u.width && height === u.height) return;
    u.setSize({ width, height });
  };
  const observer = new ResizeObserver(() => { if (box.clientWidth) fit(); });
  observer.observe(box);
  return {
    u, box,
    draw: (data) => u.setData(data),
    label: (i, text) => { u.axes[i].label = text; },
    resize: fit,
    recolour: () => u.redraw(false),
    destroy: () => { observer.disconnect(); u.destroy(); },
  };
}

/**
 * A curve with a jump between points i - 1 and i as two lines, each drawn up to the jump and no further.
 * (A null between them would not do: uPlot draws across it and clips, which leaves slivers.)
 */
export function pieces(y, i) {
  return [Array.from(y, (v, k) => (k < i ? v : null)), Array.from(y, (v, k) => (k >= i ? v : null))];
}

/** Click and drag: callback(x, y) in the axes' own numbers. Vertical swipes on a phone still scroll the page. */
function points(u, callback) {
  let down = false;
  const at = (e) => {
    const r = u.over.getBoundingClientRect();
    const px = Math.min(r.width, Math.max(0, e.clientX - r.left)), py = Math.min(r.height, Math.max(0, e.clientY - r.top));
    callback(u.posToVal(px, "x"), u.posToVal(py, "y"));
  };
  u.over.style.cursor = "crosshair";
  u.over.style.touchAction = "pan-y";
  u.over.addEventListener("pointerdown", (e) => { down = true; u.over.setPointerCapture(e.pointerId); at(e); });
  u.over.addEventListener("pointermove", (e) => { if (down) at(e); });
  for (const end of ["pointerup", "pointercancel"]) u.over.addEventListener(end, () => { down = false; });
}

function inside(u, paint) {
  const { ctx, bbox } = u, k = ratio() * u.l0Scale;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(pen(u, ctx, bbox, k));
  ctx.restore();
}

/** Marks in the axes' numbers. Sizes are CSS pixels. */
function pen(u, ctx, bbox, k) {
  const X = (v) => u.valToPos(v, "x", true), Y = (v) => u.valToPos(v, "y", true);
  const colours = palette();
  const paint = (colour) => colours[colour] ?? colour;
  const letters = (size) => Math.max(size * k, u.l0Scale > 1 ? LEAST * ratio() : 0);
  const self = {
    ctx, X, Y, k, colours,
    left: bbox.left, top: bbox.top, right: bbox.left + bbox.width, bottom: bbox.top + bbox.height,
    line(x1, y1, x2, y2, colour, { width = 1, dash = [] } = {}) {
      ctx.strokeStyle = paint(colour); ctx.lineWidth = width * k; ctx.setLineDash(dash.map((d) => d * k));
      ctx.beginPath(); ctx.moveTo(x1, y1); ctx.lineTo(x2, y2); ctx.stroke(); ctx.setLineDash([]);
    },
    vertical(x, colour, options) { self.line(X(x), self.top, X(x), self.bottom, colour, options); },
    horizontal(y, colour, options) { self.line(self.left, Y(y), self.right, Y(y), colour, options); },
    band(low, high, colour, alpha = 0.14) {
      ctx.globalAlpha = alpha; ctx.fillStyle = paint(colour);
      const a = Math.max(self.top, Math.min(self.bottom, Y(high))), b = Math.max(self.top, Math.min(self.bottom, Y(low)));
      ctx.fillRect(self.left, a, self.right - self.left, b - a); ctx.globalAlpha = 1;
    },
    strip(low, high, colour, alpha = 0.14) {
      ctx.globalAlpha = alpha; ctx.fillStyle = paint(colour);
      const a = Math.max(self.left, X(low)), b = Math.min(self.right, X(high));
      if (b > a) ctx.fillRect(a, self.top, b - a, self.bottom - self.top); ctx.globalAlpha = 1;
    },
    /** A small square at (0, y[0]), (1, y[1]), ... */
    specks(ys, colour, size = 2.5) {
      const a = X(0), step = X(1) - a, b = Y(0), slope = Y(1) - b, s = size * k;
      ctx.fillStyle = paint(colour);
      const speck = (n) => ctx.fillRect(a + n * step - s / 2, b + ys[n] * slope - s / 2, s, s);
      const every = Math.max(1, Math.floor(ys.length / 1600)); // more than that no screen can tell apart
      for (let n = 0; n < ys.length; n += every) {
        speck(n);
        if (every > 1 && n + 1 < ys.length) speck(n + 1); // a swing needs both of its sides
      }
    },
    dot(x, y, colour, { size = 5, hollow = false } = {}) {
      ctx.beginPath(); ctx.arc(X(x), Y(y), size * k, 0, 2 * Math.PI);
      ctx.fillStyle = hollow ? colours.back : paint(colour); ctx.fill();
      ctx.lineWidth = (hollow ? 2 : 1.5) * k; ctx.strokeStyle = hollow ? paint(colour) : colours.back; ctx.stroke();
    },
    /** Text beside a place, kept inside the plot, with a halo so that lines may pass behind it. */
    text(px, py, words, colour = "text", { align = "left", base = "middle", size = 12, bold = false } = {}) {
      ctx.font = `${bold ? "600 " : ""}${letters(size)}px ${FONT}`;
      const w = ctx.measureText(words).width, pad = 4 * k;
      let left = align === "center" ? px - w / 2 : align === "right" ? px - w : px;
      left = Math.min(Math.max(left, self.left + pad), self.right - w - pad);
      const half = letters(size) / 2 + pad / 2;
      const y = Math.min(Math.max(py, self.top + half), self.bottom - half);
      ctx.textAlign = "left"; ctx.textBaseline = base;
      ctx.lineJoin = "round"; ctx.lineWidth = 3.5 * k; ctx.strokeStyle = colours.back; ctx.strokeText(words, left, y);
      ctx.fillStyle = paint(colour); ctx.fillText(words, left, y);
    },
    /** Small text along the way from one place to another, without a halo: for words inside a narrow region; left out where there is no room. */
    along(x1, y1, x2, y2, words, colour, size) {
      ctx.save();
      ctx.font = `${letters(size)}px ${FONT}`;
      if (ctx.measureText(words).width > Math.hypot(x2 - x1, y2 - y1)) { ctx.restore(); return; }
      ctx.translate((x1 + x2) / 2, (y1 + y2) / 2); ctx.rotate(Math.atan2(y2 - y1, x2 - x1));
      ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.fillStyle = paint(colour);
      ctx.fillText(words, 0, 0);
      ctx.restore();
    },
    label(x, y, words, colour, { dx = 8, dy = -10, ...options } = {}) { self.text(X(x) + dx * k, Y(y) + dy * k, words, colour, options); },
  };
  return self;
}
export const bars = uPlot.paths.bars;
export const stepped = uPlot.paths.stepped;
