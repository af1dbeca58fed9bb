// One convolution, step by step: the image, the sums of a moving window, ReLU and pooling; below, the window's sum.
import { POOLED, SIDE, SUMS, WINDOW, compute } from "./convolution.js";
import { make } from "./dom.js";
import { short } from "./numbers.js";
import { palette } from "./theme.js";

const two = (x) => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2).replace("-", "−");
const LAST = SUMS * SUMS - 1, BEAT = 90; // ms from one place to the next
const HELP = "Point into a picture to move the window there. With the keyboard: arrows move it.";
const MAPS = [
  { name: "image", of: "pixels", side: SIDE, note: `${SIDE} × ${SIDE} pixels` },
  { name: "sums", of: "sums", side: SUMS, note: `${SUMS} × ${SUMS}, one for each place` },
  { name: "after ReLU", of: "relu", side: SUMS, note: "negative sums are zero" },
  { name: "pooled", of: "pooled", side: POOLED, note: `${POOLED} × ${POOLED}, the largest of four` },
];

export function oneConvolution(panels, api) {
  const { model } = api, kernels = model.get("kernels"), largest = model.get("largest");
  const all = Uint8Array.from(atob(model.get("digits")), (c) => c.charCodeAt(0));
  let own = [...model.get("own")], d = null, now = null, timer = 0;

  // --- the pictures ---
  const strip = make("div", { class: "l0-panel l0-wide l0-maps" });
  const maps = MAPS.map((map) => {
    const canvas = make("canvas", { role: "img" });
    canvas.dataset.name = `${map.name}, ${map.note}`;
    strip.append(make("div", {}, make("p", {}, make("b", {}, map.name), ` ${map.note}`), canvas));
    return { ...map, canvas };
  });
  const pad = maps[0].canvas;
  pad.tabIndex = 0;
  pad.setAttribute("role", "application");
  pad.dataset.lmSuppressShortcuts = "true";

  // --- the window's own sum ---
  const work = make("div", { class: "l0-panel l0-wide l0-sum" });
  const grid = (title, cell) => {
    const cells = Array.from({ length: WINDOW * WINDOW }, cell);
    const box = make("div", { class: "l0-nine" }, ...cells);
    work.append(make("div", {}, make("p", {}, make("b", {}, title)), box));
    return cells;
  };
  const under = grid("pixels there", () => make("span"));
  work.append(make("i", {}, "×"));
  const inputs = grid("weights: edit", (_, k) => make("input", {
    type: "number", step: "0.5", min: String(-largest), max: String(largest),
    "aria-label": `weight in row ${Math.floor(k / 3) + 1}, column ${(k % 3) + 1}`,
  }));
  work.append(make("i", {}, "="));
  const products = grid("products", () => make("span"));
  const totals = Array.from({ length: 4 }, () => make("span"));
  const play = make("button", { type: "button" }, "Play");
  work.append(make("div", { class: "l0-result" }, ...totals, make("div", { class: "l0-tools" }, play)));
  panels.append(strip, work, make("p", { class: "l0-help" }, HELP));

  // --- moving the window ---
  const move = (row, column) => {
    const within = (x) => Math.min(SUMS - 1, Math.max(0, x));
    api.set("position", within(row) * SUMS + within(column));
    api.save();
  };
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; api.redraw(); };
  const start = () => {
    move(0, 0);
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (now.position >= LAST) { stop(); return; }
      api.set("position", now.position + 1);
      api.save();
    }, BEAT);
  };
  play.addEventListener("click", () => (timer ? stop() : start()));
  for (const { canvas, side } of maps) {
    const at = (e) => {
      if (timer) stop();
      const r = canvas.getBoundingClientRect(), cell = (x, size) => Math.floor((x / size) * side);
      const row = cell(e.clientY - r.top, r.height), column = cell(e.clientX - r.left, r.width);
      // on the image the pointer is in the middle of the window; a pooled value stands for four places
      if (side === SIDE) move(row - 1, column - 1);
      else if (side === POOLED) move(2 * row, 2 * column);
      else move(row, column);
    };
    let down = false;
    canvas.addEventListener("pointerdown", (e) => { if (!e.button) { down = true; canvas.setPointerCapture(e.pointerId); at(e); } });
    canvas.addEventListener("pointermove", (e) => { if (down) at(e); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { down = false; });
  }
  pad.addEventListener("keydown", (e) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
    if (!way || e.ctrlKey || e.metaKey || e.altKey) return;
    if (timer) stop();
    const at = Math.round(model.get("position")); // not what is drawn: keys may come faster than pictures
    move(Math.floor(at / SUMS) + way[0], (at % SUMS) + way[1]);
    e.preventDefault();
    e.stopPropagation();
  });

  // --- the reader's own weights ---
  const weights = () => (now.kernel === "own" ? own : kernels[now.kernel]);
  inputs.forEach((input, k) => {
    input.dataset.lmSuppressShortcuts = "true";
    input.addEventListener("change", () => {
      const value = input.value.trim() === "" ? NaN : Number(input.value);
      if (!Number.isFinite(value)) { input.value = String(weights()[k]); return; }
      own = weights().map((w, i) => (i === k ? Math.min(largest, Math.max(-largest, value)) : w));
      model.set("own", own);
      api.set("kernel", "own");
      api.save();
      api.redraw();
    });
  });
  const changed = () => { own = [...model.get("own")]; api.redraw(); };
  model.on("change:own", changed);
  const first = [...own];
  api.root.querySelector(".l0-tools button:not(.l0-sum button)")?.addEventListener("click", () => { stop(); model.set("own", first); });

  // --- painting ---
  let size = 0, ratio = 1;
  function measure() {
    ratio = globalThis.devicePixelRatio || 1;
    size = Math.round(pad.clientWidth * ratio);
  }
  function paint() {
    if (!size) measure();
    if (!size) return;
    const colours = palette();
    for (const { canvas, of, side } of maps) {
      if (canvas.width !== size) canvas.width = canvas.height = size;
      const c = canvas.getContext("2d"), cell = size / side, values = d[of];
      const most = Math.max(1e-9, ...values.map(Math.abs));
      c.fillStyle = colours.back;
      c.fillRect(0, 0, size, size);
      values.forEach((v, i) => {
        const row = Math.floor(i / side), column = i % side;
        // while the window moves by itself, what it has not reached yet is left out
        const place = side === SUMS ? i : side === POOLED ? (2 * row + 1) * SUMS + 2 * column + 1 : -1;
        if (timer && place > now.position) return;
        c.globalAlpha = Math.abs(v) / most;
        c.fillStyle = v < 0 ? colours.minus : colours.text;
        c.fillRect(column * cell, row * cell, cell + 0.5, cell + 0.5);
      });
      c.globalAlpha = 1;
      const [row, column, wide] = side === SIDE ? [d.row, d.column, WINDOW] : side === POOLED ? [d.row >> 1, d.column >> 1, 1] : [d.row, d.column, 1];
      c.strokeStyle = colours.warn;
      c.lineWidth = 2 * ratio;
      c.strokeRect(column * cell, row * cell, wide * cell, wide * cell);
    }
  }

  const put = (e, text) => { if (e.textContent !== text) e.textContent = text; };
  return {
    update(values) {
      now = values;
      const kernel = weights();
      d = compute(Float64Array.from(all.subarray(SIDE * SIDE * now.digit, SIDE * SIDE * (Number(now.digit) + 1)), (v) => v / 255), kernel, now.bias, now.position);
      d.under.forEach((v, k) => put(under[k], two(v)));
      kernel.forEach((w, k) => { if (document.activeElement !== inputs[k]) inputs[k].value = String(w); });
      d.products.forEach((v, k) => put(products[k], two(v)));
      [`their sum: ${two(d.sum - now.bias)}`, `with the bias: ${two(d.sum)}`, `after ReLU: ${two(d.out)}`, `pooling keeps: ${two(d.pool)}`].forEach((text, i) => put(totals[i], text));
      paint();
      pad.setAttribute("aria-label", `${pad.dataset.name}. Window at row ${d.row + 1}, column ${d.column + 1}. ${HELP}`);
      return {
        data: { ...d, own },
        key: [
          { style: "warn", dot: true, name: "the window", text: `at row ${d.row + 1}, column ${d.column + 1}, and what becomes of it` },
          { style: "minus", dot: true, name: "negative sums", text: "which ReLU takes away; elsewhere, the stronger the ink, the larger the number" },
        ],
        say: timer ? "The window moves over the image." : `A handwritten ${now.digit}, weights ${now.kernel === "own" ? "of your own" : now.kernel}: with the window at row ${d.row + 1}, column ${d.column + 1} the sum with the bias is ${short(d.sum)}; ReLU gives ${short(d.out)}, and pooling keeps ${short(d.pool)}.`,
      };
    },
    resize: () => { measure(); if (d) paint(); },
    recolour: () => d && paint(),
    destroy() { clearInterval(timer); model.off("change:own", changed); },
  };
}
