// The map of alpha and beta: a cell for every trained network, a point that moves over it, and what happened there.
// Nothing is interpolated: a cell without a run stays empty.
import { make } from "./dom.js";
import { short, whole } from "./numbers.js";
import { atChance, cellsOf, denseError, errorsOf, percent, readings, words } from "./map.js";
import { chart, log10 } from "./plot.js";
import { nearest } from "./settings.js";

const HELP = "Drag, or arrow keys: the point A moves. Click a cell, or space key: B stays behind for comparison.";
const COLOURS = { error: "the fewer errors, the stronger; in percent", ratio: "the higher, the stronger; – for none", dead: "the more dead, the stronger; in percent" };
const NAMES = ["A", "B"];
const LINES = [{ style: "l2+l0", dash: [], width: 2.6 }, { style: "l2+l0", dash: [5, 3], width: 2.2 }];
const STRIP = 0.1; // decades of beta above and below the cells, for the names of the lines
const FLOOR = 0.05; // percent: where the axis of errors begins

const error = (x) => (x === null ? "–" : `${x.toFixed(2)} %${atChance(x) ? ", chance level" : ""}`);

/** Where cells begin and end: half-way to their neighbours on a logarithmic scale. */
function edges(values) {
  const logs = values.map(log10), middle = logs.slice(1).map((x, i) => (x + logs[i]) / 2);
  return [2 * logs[0] - middle[0], ...middle, 2 * logs.at(-1) - middle.at(-1)];
}
const within = (list, x) => list.slice(1, -1).filter((edge) => x >= edge).length;

const channels = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
/** A colour between the page's and the map's; and whether dark or light letters are read on it. */
function shade(colours, strength) {
  const from = channels(colours.back), to = channels(colours.grey), t = 0.06 + 0.94 * strength;
  const mixed = from.map((c, i) => Math.round(c + t * (to[i] - c)));
  const light = mixed.reduce((s, c, i) => s + [0.2126, 0.7152, 0.0722][i] * (c / 255) ** 2.2, 0);
  return [`rgb(${mixed.join()})`, light > 0.18 ? "#14181e" : "#ffffff"];
}
const inCell = { error: (x) => (x < 9.95 ? x.toFixed(1) : String(Math.round(x))), ratio: (x) => (x ? short(x) : "–"), dead: (x) => String(Math.round(100 * x)) };

/** The numbers of both points as a table. */
function numbers(parent) {
  const head = make("tr"), body = make("tbody"), said = make("div");
  const table = make("table", { class: "l0-costs l0-map-numbers" }, make("thead", {}, head), body);
  parent.append(make("div", { class: "l0-panel l0-wide l0-told" }, said, table));
  return (readings, v, stored, dense) => {
    said.replaceChildren(...readings.map((r, i) => make("p", { class: "l0-said" }, make("b", {}, NAMES[i]), ` ${words(r)}`)));
    head.replaceChildren(make("th", { scope: "col" }, ""), ...readings.map((r, i) => make("th", { scope: "col" }, `${NAMES[i]}: α ${short(r.alpha)}, β ${short(r.beta)}`)));
    const seeds = (r) => (r.seeds.length ? ` (${r.seeds.length} seed${r.seeds.length > 1 ? "s" : ""})` : "");
    const rows = [
      ["error before pruning", (r) => (r.whole === null ? "not run yet" : error(r.whole) + seeds(r))],
      ...(v.ratio > 1 ? [[`error pruned ${short(v.ratio)}×`, (r) => error(r.error)]] : []),
      [`highest ratio within a point of dense${dense === null ? " (dense: not run yet)" : ` (${dense.toFixed(2)} %)`}`, (r) => (r.highest === null ? "–" : r.highest === 0 ? "none" : r.highest === 1 ? "not pruned" : `${short(r.highest)}×`)],
      ["first weights within reach", (r) => `${percent(r.predicted)} (reach ${short(r.reach, 2)})`],
      [`dead: below ${short(stored.dead_below)} at the end`, (r) => (r.dead === null ? "–" : percent(r.dead))],
      ...(v.ratio > 1 ? [[`the cut at ${short(v.ratio)}×`, (r) => (r.threshold ? `${short(r.threshold[0], 2)} to ${short(r.threshold[1], 2)}` : "–")]] : []),
      ["swing band ηαβ, first step and last epoch", (r) => r.band.map((x) => short(x, 2)).join(" and ")],
    ];
    body.replaceChildren(...rows.map(([name, tell]) => make("tr", {}, make("th", { scope: "row" }, name), ...readings.map((r) => make("td", {}, tell(r))))));
  };
}

export function alphaBetaMap(panels, api) {
  const stored = api.model.get("stored"), { alphas, betas, ratios } = stored;
  const xs = edges(alphas), ys = edges(betas), tested = [1, ...ratios];
  const dense = denseError(stored);
  let v, d, cells, coloured;

  const rect = (pen, i, j) => [pen.X(xs[i]), pen.Y(ys[j + 1]), pen.X(xs[i + 1]) - pen.X(xs[i]), pen.Y(ys[j]) - pen.Y(ys[j + 1])];
  function cell(pen, i, j) {
    const { ctx, k, colours } = pen, [x, y, w, h] = rect(pen, i, j), it = d.cells[j][i];
    if (!it.run) { // an empty ring
      ctx.strokeStyle = colours.grey; ctx.lineWidth = k; ctx.beginPath();
      ctx.arc(x + w / 2, y + h / 2, 2.5 * k, 0, 2 * Math.PI); ctx.stroke();
      return;
    }
    ctx.fillStyle = shade(colours, it.chance ? 0 : it.strength)[0];
    ctx.fillRect(x + k / 2, y + k / 2, w - k, h - k);
    if (!it.chance) return;
    const inset = 3.5 * k, rise = [y + h - inset, y + inset]; // a stroke from corner to corner, a cross where all is lost
    for (const [a, b] of it.lost ? [rise, [...rise].reverse()] : [rise]) pen.line(x + inset, a, x + w - inset, b, "warn", { width: 1.6 });
  }
  /** The numbers of the cells, where there is room, each on a patch of its cell's colour, so that lines pass behind. */
  function figures(pen) {
    const { ctx, k, colours } = pen, [, , wide] = rect(pen, 0, 0);
    ctx.textAlign = "center"; ctx.textBaseline = "middle";
    d.cells.forEach((row, j) => {
      const [, , , tall] = rect(pen, 0, j), size = Math.min(12, wide / k / 2.3, tall / k / 1.5);
      if (size < 7) return;
      ctx.font = `${size * k}px system-ui, sans-serif`;
      row.forEach((it, i) => {
        if (!it.run || it.chance) return;
        const [fill, ink] = shade(colours, it.strength), told = it.value === null ? "?" : inCell[v.colour](it.value);
        const [x, y, w, h] = rect(pen, i, j), half = 0.33 * size * k * told.length;
        ctx.fillStyle = fill; ctx.fillRect(x + w / 2 - half, y + h / 2 - 0.55 * size * k, 2 * half, 1.1 * size * k);
        ctx.fillStyle = ink; ctx.fillText(told, x + w / 2, y + h / 2);
      });
    });
  }
  function path(pen, points, colour, { width = 1.5, dash = [] } = {}) {
    const { ctx, k } = pen;
    for (const [stroke, wide, broken] of [[pen.colours.back, width + 2, []], [pen.colours[colour], width, dash]]) {
      ctx.strokeStyle = stroke; ctx.lineWidth = wide * k; ctx.setLineDash(broken.map((n) => n * k));
      ctx.globalAlpha = stroke === pen.colours.back ? 0.55 : 1;
      ctx.beginPath();
      for (const [x, y] of points) ctx.lineTo(pen.X(x), pen.Y(y));
      ctx.stroke();
    }
    ctx.setLineDash([]); ctx.globalAlpha = 1;
  }
  function mark(pen, reading, place) {
    const i = alphas.indexOf(reading.alpha), j = betas.indexOf(reading.beta), { ctx, k, colours } = pen, [x, y, w, h] = rect(pen, i, j);
    ctx.lineJoin = "round";
    for (const [colour, width, dash] of [[colours.back, 5, []], [colours[LINES[place].style], 3, LINES[place].dash]]) {
      ctx.strokeStyle = colour; ctx.lineWidth = width * k; ctx.setLineDash(dash.map((n) => n * k));
      ctx.strokeRect(x, y, w, h);
    }
    ctx.setLineDash([]);
    pen.text(place ? x + w - 5 * k : x + 5 * k, y + 1 * k, NAMES[place], LINES[place].style, { size: 13, bold: true, align: place ? "right" : "left" });
  }
  const low = ys[0] - STRIP, high = ys.at(-1) + STRIP;
  const map = chart(panels, {
    name: "Map of alpha and beta",
    x: { label: "α of the ℓ0 term", range: () => [xs[0], xs.at(-1)], log: () => true },
    y: { label: "β", range: () => [low, high], log: () => "fine" },
    lines: [{ style: "grey", paths: () => null }],
    over(pen) {
      if (!d) return;
      d.cells.forEach((row, j) => row.forEach((_, i) => cell(pen, i, j)));
      for (let power = -6; power <= -1; power++) {
        path(pen, [[power - low, low], [power - high, high]], "text", { width: 1, dash: [2, 3] });
        const at = power - (high - STRIP / 2);
        if (at > xs[0] && at < xs.at(-1)) pen.text(pen.X(at), pen.top, `αβ = 10${String(power).replace("-", "⁻").replace(/\d/, (c) => "⁰¹²³⁴⁵⁶"[c])}`, "text", { size: 11, align: "center" });
      }
      stored.lines.forEach((line, place) => {
        path(pen, line.alphas.map((a, n) => [log10(a), log10(stored.line_betas[n])]), "l0", { width: 2 });
        const told = `${Math.round(100 * line.share)}${place === stored.lines.length - 1 ? " %" : ""}`; // there is little room
        pen.text(pen.X(log10(line.alphas[0])), pen.bottom, told, "l0", { size: 11, align: "center", bold: true });
      });
      figures(pen);
      [...d.readings].map((r, place) => [r, place]).reverse().forEach(([r, place]) => mark(pen, r, place));
    },
  });
  map.box.classList.add("l0-wide", "l0-map");
  map.box.tabIndex = 0;
  map.box.setAttribute("role", "application");
  map.box.dataset.lmSuppressShortcuts = "true";
  panels.append(make("p", { class: "l0-help l0-wide" }, HELP));
  const tell = numbers(panels);

  // ---- moving the point
  const put = (pairs) => { for (const [name, value] of Object.entries(pairs)) api.set(name, value); api.save(); };
  const at = (e) => {
    const r = map.u.over.getBoundingClientRect();
    return { alpha: alphas[within(xs, map.u.posToVal(e.clientX - r.left, "x"))], beta: betas[within(ys, map.u.posToVal(e.clientY - r.top, "y"))] };
  };
  const same = (a, b) => a.alpha === b.alpha && a.beta === b.beta;
  const compare = (to) => put({ compare: true, alpha_2: v.alpha, beta_2: v.beta, ...to });
  let pressed = null, dragged = false;
  const over = map.u.over;
  over.style.cursor = "crosshair";
  over.style.touchAction = "pan-y";
  over.addEventListener("pointerdown", (e) => { pressed = at(e); dragged = false; over.setPointerCapture(e.pointerId); });
  over.addEventListener("pointermove", (e) => {
    if (!pressed) return;
    const now = at(e);
    dragged ||= !same(now, pressed);
    if (dragged && !same(now, v)) put(now);
  });
  over.addEventListener("pointerup", (e) => {
    if (pressed && !dragged && !same(pressed, v)) compare(pressed);
    pressed = null;
  });
  over.addEventListener("pointercancel", () => { pressed = null; });
  map.box.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], Home: [-99, 0], End: [99, 0], PageUp: [0, 99], PageDown: [0, -99] }[e.key];
    const moved = (list, value, by) => list[Math.min(list.length - 1, Math.max(0, list.indexOf(value) + by))];
    if (step) {
      v = { ...v, alpha: moved(alphas, v.alpha, step[0]), beta: moved(betas, v.beta, step[1]) }; // keys may come faster than pictures
      put({ alpha: v.alpha, beta: v.beta });
    } else if (e.key === " " || e.key === "Enter") compare({});
    else return;
    e.preventDefault();
    e.stopPropagation();
  });

  // ---- the two pictures below
  const runOf = (r) => stored.points[betas.indexOf(r.beta)][alphas.indexOf(r.alpha)].run;
  const up = (e) => log10(Math.max(e, FLOOR));
  const curves = chart(panels, {
    name: "Test error against compression ratio",
    x: { label: "compression ratio", range: () => [-0.06, log10(ratios.at(-1)) + 0.06], log: () => "fine" },
    y: { label: "test error (%)", range: () => [log10(Math.max(FLOOR, 0.8 * Math.min(...d?.lowest ?? [1]))), 2], log: () => "fine" },
    lines: [{ style: "grey", paths: () => null }],
    onPoint: (x) => { api.set("ratio", nearest(api.spec("ratio"), 10 ** x)); api.save(); },
    over(pen) {
      if (!d) return;
      if (d.dense !== null) for (const e of [d.dense, d.dense + 1]) pen.horizontal(up(e), "grey", { dash: [6, 4] });
      pen.vertical(log10(v.ratio), "grey", { dash: [3, 3] });
      d.readings.forEach((r, place) => {
        const run = runOf(r);
        if (!run) return;
        const errors = errorsOf(stored, run);
        path(pen, tested.map((x, i) => [log10(x), up(errors[i])]), LINES[place].style, LINES[place]);
        tested.forEach((x, i) => pen.dot(log10(x), up(errors[i]), LINES[place].style, { size: x === v.ratio ? 5.5 : 3, hollow: place > 0 }));
      });
    },
  });
  const from = -7; // decades: what is smaller is counted at the edge
  const weights = chart(panels, {
    name: "Weights by magnitude",
    x: { label: "magnitude of a weight", range: () => [from, 0.5], log: () => true },
    y: { label: "weights", range: () => [-0.15, 5.4], log: () => true },
    lines: [{ style: "grey", paths: () => null }],
    over(pen) {
      if (!d) return;
      const [a] = d.readings, { ctx } = pen;
      pen.strip(log10(a.band[1]), log10(a.band[0]), "amber", 0.3);
      pen.vertical(log10(stored.dead_below), "grey", { dash: [3, 3] });
      [...d.readings.keys()].reverse().forEach((place) => {
        const run = runOf(d.readings[place]);
        if (!run) return;
        const counts = run.magnitudes, skip = Math.round((from - stored.first_edge) / stored.bin), points = [];
        const bins = [counts.slice(0, skip + 1).reduce((s, n) => s + n, 0), ...counts.slice(skip + 1)];
        bins.forEach((n, b) => { for (const more of [0, 1]) points.push([from + (b + more) * stored.bin, n ? log10(n) : -1]); });
        if (!place) {
          ctx.globalAlpha = 0.25; ctx.fillStyle = pen.colours[LINES[0].style]; ctx.beginPath();
          ctx.moveTo(pen.X(from), pen.bottom);
          for (const [x, y] of points) ctx.lineTo(pen.X(x), pen.Y(y));
          ctx.lineTo(pen.right, pen.bottom); ctx.fill(); ctx.globalAlpha = 1;
        }
        path(pen, points, LINES[place].style, { width: 1.4, dash: LINES[place].dash });
      });
      const cut = a.threshold && log10(Math.sqrt(a.threshold[0] * a.threshold[1]));
      if (cut) { pen.vertical(cut, "text", { width: 1.6 }); pen.text(pen.X(cut), pen.top, "cut", "text", { align: "center", size: 11 }); }
      pen.text(pen.X(Math.max(from, Math.min(0, (log10(a.band[0]) + log10(a.band[1])) / 2))), pen.top + 16 * pen.k, "ηαβ", "cross", { align: "center", size: 11 });
    },
  });

  const lowest = () => d.readings.map(runOf).filter(Boolean).flatMap((run) => errorsOf(stored, run)).concat(d.dense ?? []);
  return {
    update(now) {
      const shown = `${now.colour} ${now.ratio}`;
      if (shown !== coloured) [coloured, cells] = [shown, cellsOf(now, stored)];
      v = now;
      d = { cells, dense, readings: readings(v, stored) };
      d.lowest = lowest();
      for (const part of [map, curves, weights]) part.draw([[0, 1], [null, null]]);
      tell(d.readings, v, stored, d.dense);
      const say = d.readings.map(words).join(" ");
      map.box.setAttribute("aria-label", `Map of α and β. ${HELP} ${say}`);
      const count = d.cells.flat().filter((it) => it.run).length, all = alphas.length * betas.length;
      const key = [
        { style: "grey", dot: true, name: "shade", text: COLOURS[v.colour] },
        { style: "text", dash: [2, 3], width: 1.2, name: "αβ constant" },
        { style: "l0", width: 2, name: "reach", text: "so many % of the first weights lie within" },
        ...(d.cells.flat().some((it) => it.lost) ? [{ style: "warn", mark: "×", name: "cross", text: "chance level before pruning" }] : []),
        ...(d.cells.flat().some((it) => it.chance && !it.lost) ? [{ style: "warn", mark: "/", name: "stroke", text: "pruned to chance level" }] : []),
        ...(count < all ? [{ style: "grey", mark: "○", name: "ring", text: `not run yet (${whole(all - count)} of ${all})` }] : []),
        ...d.readings.map((r, i) => ({ ...LINES[i], name: NAMES[i], text: i ? "the second point" : "the point" })),
        { style: "cross", dot: true, name: "ηαβ", text: "the swing band of A, from the last epoch to the first step" },
      ];
      return { data: { ...d, stored }, key, say, hide: v.compare ? [] : ["alpha_2", "beta_2"] };
    },
    resize: () => { for (const part of [map, curves, weights]) part.resize(); },
    recolour: () => { for (const part of [map, curves, weights]) part.recolour(); },
    destroy: () => { for (const part of [map, curves, weights]) part.destroy(); },
  };
}
