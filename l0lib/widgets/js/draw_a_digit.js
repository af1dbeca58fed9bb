// Draw a digit: the compressed network runs on it here, and the dense one beside it where the reader asks for it.
import { make } from "./dom.js";
import { whole } from "./numbers.js";
import { UNITS, image as imageOf } from "./digit.js";
import { short } from "./frame.js";
import { costs, decode, scores, softmax } from "./network.js";
import { palette } from "./theme.js";
import { onStaticPage } from "./url.js";

const SIDE = 28, STEP = 10, EMPTY = "Nothing is drawn yet: draw a digit in the square.";
const HELP = "Draw with the mouse or a finger. With the keyboard: arrows move the pen, space lowers or lifts it, Delete clears.";
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const percent = (p) => (p >= 0.9995 ? "100 %" : p >= 0.1 ? `${(100 * p).toFixed(p >= 0.99 ? 1 : 0)} %` : `${short(100 * p, 2)} %`);
const best = (p) => p.indexOf(Math.max(...p));

/** A script file and not data, because a page opened from disk may load nothing else. */
function fromPage(key) {
  if (globalThis.L0Networks?.[key]) return Promise.resolve(globalThis.L0Networks[key]);
  const root = document.documentElement.dataset.content_root ?? "";
  return new Promise((done, failed) => {
    const script = make("script", { src: `${root}_static/networks/${key}.js` });
    script.onload = () => (globalThis.L0Networks?.[key] ? done(globalThis.L0Networks[key]) : failed(new Error("the file holds no network")));
    script.onerror = () => failed(new Error("its file could not be read"));
    document.head.append(script);
  });
}

/** With a kernel behind the view, Python sends what the same file holds. */
function fromKernel(model) {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error("no kernel answers")), 20000);
    const take = () => {
      const text = model.get("dense_json");
      if (!text) return;
      clearTimeout(timer);
      model.off("change:dense_json", take);
      done(JSON.parse(text));
    };
    model.on("change:dense_json", take);
    model.set("dense_wanted", true);
    model.save_changes();
    take();
  });
}

/** Milliseconds of one run, from as many runs as fill a few clock ticks. */
function time(layers, picture) {
  const start = performance.now();
  let runs = 0;
  do { scores(layers, picture); runs++; } while (performance.now() - start < 6 && runs < 500);
  return (performance.now() - start) / runs;
}

/** Ten pairs of bars, one pair a class. */
function bars(parent) {
  const box = make("div", { class: "l0-bars l0-panel", role: "img" });
  box.dataset.name = "Probability of each class";
  const pairs = Array.from({ length: 10 }, (_, d) => {
    const sparse = make("i", { class: "l0-sparse" }), dense = make("i", { class: "l0-dense" }), label = make("b", {}, String(d));
    box.append(make("span", {}, make("span", {}, sparse, dense), label));
    return { sparse, dense, label };
  });
  parent.append(box);
  return (sparse, dense) => pairs.forEach((pair, d) => {
    pair.sparse.style.height = `${100 * (sparse?.[d] ?? 0)}%`;
    pair.dense.style.height = `${100 * (dense?.[d] ?? 0)}%`;
    pair.label.classList.toggle("l0-top", sparse !== null && best(sparse) === d);
  });
}

/** What each network costs: rows of [name, compressed, dense], and how many times more the dense one takes. */
function table(parent) {
  const body = make("tbody"), head = ["", "compressed", "dense", "ratio"].map((t) => (t ? make("th", { scope: "col" }, t) : make("td")));
  const box = make("table", { class: "l0-costs" }, make("thead", {}, make("tr", {}, ...head)), body);
  parent.append(box);
  return (rows) => body.replaceChildren(...rows.map(([name, sparse, dense, unit = whole]) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...[sparse, dense].map((x) => make("td", {}, x ? unit(x) : "–")),
      make("td", {}, sparse && dense ? `${short(dense / sparse, 3)}×` : "–"))));
}

export function drawADigit(panels, api) {
  const { model } = api;
  const compressed = decode(model.get("network")), cost = costs(compressed);
  const examples = Uint8Array.from(atob(model.get("examples")), (c) => c.charCodeAt(0));
  const times = { sparse: 0, dense: 0 };
  let strokes = model.get("strokes"), dense = null, picture = new Float64Array(SIDE * SIDE), now = null;
  const told = model.get("dense_scores"); // of the examples
  let together = told.length > 0 && !navigator.connection?.saveData; // at the first stroke, once
  let drawing = false, pen = [UNITS / 2, UNITS / 2], down = false, byKeys = false, clock = 0;

  const pad = make("canvas", { class: "l0-pad", tabindex: "0", role: "application", "aria-label": `Drawing square. ${HELP}`, "data-lm-suppress-shortcuts": "true" });
  const clear = make("button", { type: "button" }, "Clear");
  const left = make("div", { class: "l0-panel l0-draw" }, pad, make("p", { class: "l0-help" }, HELP), make("div", { class: "l0-tools" }, clear));
  const seen = make("canvas", { class: "l0-seen", width: SIDE, height: SIDE, role: "img" });
  seen.dataset.name = "The image of 28 by 28 pixels that the networks see";
  const right = make("div", { class: "l0-panel l0-says" });
  panels.append(left, right);
  right.append(make("div", { class: "l0-sees" }, seen, make("p", {}, "What the networks see: 28 × 28 pixels, scaled and centred as MNIST's digits are.")));
  const show = bars(right), tell = table(right);
  const ask = make("button", { type: "button" }, `Run the dense network too (${short(model.get("dense_bytes") / 1e6, 2)} MB)`);
  const trouble = make("p", { class: "l0-notice l0-bad", role: "alert", hidden: "" });
  if (model.get("dense_key")) right.append(make("div", { class: "l0-tools" }, ask), trouble);

  const mine = () => now?.digit === "own";
  const changed = () => { api.set("digit", "own"); api.redraw(); };
  const keep = () => { model.set("strokes", strokes.map((s) => [...s])); api.save(); };
  const begin = (point) => {
    if (together) load();
    together = false;
    if (!mine()) strokes = [];
    strokes = [...strokes, [...point]];
    changed();
  };
  const extend = (point) => {
    const stroke = strokes.at(-1), [x, y] = stroke.slice(-2);
    if (Math.hypot(point[0] - x, point[1] - y) < 2) return;
    stroke.push(...point);
    api.redraw();
  };
  const wipe = () => { strokes = []; down = false; changed(); keep(); };

  // --- mouse and touch ---
  const at = (e) => {
    const r = pad.getBoundingClientRect(), unit = (x, size) => Math.round(Math.min(1, Math.max(0, x / size)) * UNITS);
    return [unit(e.clientX - r.left, r.width), unit(e.clientY - r.top, r.height)];
  };
  pad.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    pad.setPointerCapture(e.pointerId);
    drawing = true; down = byKeys = false;
    begin(at(e));
  });
  pad.addEventListener("pointermove", (e) => {
    if (!drawing) return;
    const all = e.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [e]) extend(at(one));
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { if (drawing) { drawing = false; keep(); } });

  // --- keyboard ---
  pad.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const way = KEYS[e.key];
    if (way) {
      pen = pen.map((x, i) => Math.min(UNITS, Math.max(0, x + way[i] * STEP)));
      byKeys = true;
      down ? extend(pen) : api.redraw();
    } else if (e.key === " ") {
      down = !down; byKeys = true;
      down ? begin(pen) : (keep(), api.redraw());
    } else if (e.key === "Delete" || e.key === "Backspace") { byKeys = true; wipe(); }
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  pad.addEventListener("blur", () => { if (down) { down = false; keep(); } api.redraw(); });
  pad.addEventListener("focus", () => api.redraw());
  clear.addEventListener("click", wipe);

  // --- the dense network ---
  const load = async () => {
    if (ask.disabled) return;
    ask.disabled = true; trouble.hidden = true;
    ask.textContent = "Loading the dense network …";
    try {
      dense = decode(await (onStaticPage() ? fromPage(model.get("dense_key")) : fromKernel(model)));
      ask.parentElement.hidden = true;
      api.redraw();
      measure();
    } catch (error) {
      trouble.textContent = `The dense network did not load: ${error.message}.`;
      trouble.hidden = false;
      ask.disabled = false;
      ask.textContent = "Try again to load the dense network";
    }
  };
  ask.addEventListener("click", load);

  const rows = () => tell([
    ["parameters that are not zero", cost.nonzero, cost.parameters],
    ["bytes on disk", model.get("network").bytes, 4 * cost.parameters],
    ["multiply-adds for one digit", cost.sparse, cost.dense],
    ["milliseconds in this browser", times.sparse, times.dense, (x) => short(x, 2)],
  ]);
  // once the page is at rest: the figures are the reader's own
  const measure = () => {
    clearTimeout(clock);
    clock = setTimeout(() => {
      times.sparse = time(compressed, picture);
      if (dense) times.dense = time(dense, picture);
      rows();
    }, 400);
  };

  const moved = () => { strokes = model.get("strokes").map((s) => [...s]); api.redraw(); };
  model.on("change:strokes", moved);

  function paintPad() {
    const size = Math.max(1, Math.round(pad.clientWidth * (globalThis.devicePixelRatio || 1)));
    if (pad.width !== size) pad.width = pad.height = size;
    const c = pad.getContext("2d"), k = size / UNITS, colours = palette();
    c.fillStyle = colours.back;
    c.fillRect(0, 0, size, size);
    if (mine()) {
      c.strokeStyle = c.fillStyle = colours.text;
      c.lineWidth = (now.pen / 100) * size;
      c.lineCap = c.lineJoin = "round";
      for (const s of strokes) {
        c.beginPath();
        c.moveTo(s[0] * k, s[1] * k);
        for (let i = 0; i < s.length; i += 2) c.lineTo(s[i] * k, s[i + 1] * k);
        c.stroke();
      }
    } else {
      c.imageSmoothingEnabled = false;
      c.drawImage(seen, 0, 0, size, size);
    }
    if (byKeys && document.activeElement === pad) {
      c.strokeStyle = c.fillStyle = colours.warn;
      c.lineWidth = 2 * (globalThis.devicePixelRatio || 1);
      c.beginPath();
      c.arc(pen[0] * k, pen[1] * k, 8 * k, 0, 2 * Math.PI);
      down ? c.fill() : c.stroke();
    }
  }
  function paintSeen() {
    const c = seen.getContext("2d"), pixels = c.createImageData(SIDE, SIDE), colours = palette();
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const back = rgb(colours.back), front = rgb(colours.text);
    picture.forEach((v, i) => {
      for (let j = 0; j < 3; j++) pixels.data[4 * i + j] = back[j] + v * (front[j] - back[j]);
      pixels.data[4 * i + 3] = 255;
    });
    c.putImageData(pixels, 0, 0);
  }
  const recolour = () => {
    const colours = palette();
    right.style.setProperty("--l0-sparse", colours["l2+l0"]);
    right.style.setProperty("--l0-dense", colours.grey);
    paintSeen(); // the pad shows an example by its picture
    if (now) paintPad();
  };

  measure();
  return {
    update(settings) {
      now = settings;
      const empty = mine() && !strokes.length;
      picture = mine() ? imageOf(strokes, now.pen) : Float64Array.from(examples.subarray(SIDE * SIDE * now.digit, SIDE * SIDE * (Number(now.digit) + 1)), (v) => v / 255);
      const answer = (layers) => (empty || !layers ? null : scores(layers, picture));
      const found = { compressed: answer(compressed), dense: dense || mine() || !told.length ? answer(dense) : told[now.digit] };
      const sparse = found.compressed && softmax(found.compressed), other = found.dense && softmax(found.dense);
      recolour();
      show(sparse, other);
      rows();
      const says = (p) => (p ? `says ${best(p)} (${percent(p[best(p)])})` : "is waiting for a drawing");
      const key = [{ style: "l2+l0", dot: true, name: "The compressed network", text: says(sparse) }];
      if (other || dense) key.push({ style: "grey", dot: true, name: "The dense network", text: says(other) });
      const spoken = empty ? EMPTY : key.map((k) => `${k.name} ${k.text}.`).join(" ");
      return {
        data: { strokes: mine() ? strokes : [], image: picture, scores: found, probabilities: { compressed: sparse, dense: other }, cost, network: model.get("network") },
        key,
        say: byKeys && document.activeElement === pad ? `${spoken} Pen ${down ? "down" : "up"}, ${Math.round((100 * pen[0]) / UNITS)} % across, ${Math.round((100 * pen[1]) / UNITS)} % down.` : spoken,
      };
    },
    resize: recolour,
    recolour,
    destroy() { clearTimeout(clock); model.off("change:strokes", moved); },
  };
}
