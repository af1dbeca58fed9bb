// Stored results of pruned networks: at the reader's compression ratio their error on the curve, what every layer keeps,
// and the first layer's weights. Nothing is computed here but places on the screen.
import { make } from "./dom.js";
import { short, whole } from "./numbers.js";
import { chart, log10 } from "./plot.js";
import { compute, length, nearest } from "./stored.js";
import { palette } from "./theme.js";

const STAGES = { before: "just pruned", after: "fine-tuned" };
const LINES = {
  before: { dash: [3, 4], width: 1.8 },
  after: { dash: [], width: 2.6 },
};

// Other methods, thin, in their penalty's colour: dashes tell them apart.
const RIVALS = [[1, 3], [8, 4], [9, 3, 2, 3], [4, 2], [14, 4], [2, 6]];

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const percent = (x) => `${x < 10 ? x.toFixed(2) : x.toFixed(1)} %`;

/** Horizontal bars, one a layer: parameters kept, of all. */
function layerBars(parent) {
  const rows = make("div", { class: "l0-rows" });
  const ruler = make("div", { class: "l0-ruler", "aria-hidden": "true" }, ...[0.01, 0.1, 1, 10, 100].map((p) => {
    const mark = make("span", {}, `${p} %`);
    mark.style.left = `${100 * length(p / 100)}%`;
    return mark;
  }));
  const box = make("div", { class: "l0-panel l0-layers", role: "img" }, make("p", {}, "Kept of all parameters, by layer"), rows);
  box.dataset.name = "Parameters kept by layer";
  parent.append(box);
  let names = "";
  return (arm, kept, style) => {
    box.style.setProperty("--l0-line", palette()[style]);
    if (names !== arm.layers.map((l) => l.name).join()) {
      names = arm.layers.map((l) => l.name).join();
      rows.replaceChildren(...arm.layers.map((l) => make("div", { class: "l0-layer" }, make("span", {}, l.name), make("span"), make("span", { class: "l0-track" }, make("i")))), ruler);
    }
    arm.layers.forEach((layer, i) => {
      const [, told, track] = rows.children[i].children, share = kept[i] / layer.parameters;
      told.textContent = `${whole(kept[i])} of ${whole(layer.parameters)} (${short(100 * share, 2)} %)`;
      track.firstChild.style.width = `${100 * length(share)}%`;
    });
  };
}

/** The surviving weights of the first layer: filters side by side, or how many weights each pixel has left. A filter
 * of colours is drawn in colours: red, green and blue are its three weights at a place, grey is zero. */
function firstLayer(parent) {
  const canvas = make("canvas", { class: "l0-first" }), words = make("p");
  const box = make("div", { class: "l0-panel l0-weights", role: "img" }, make("p", {}, "The first layer"), canvas, words);
  box.dataset.name = "Surviving weights of the first layer";
  parent.append(box);
  const rgb = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return (shape, values, style) => {
    box.hidden = !values.length;
    if (box.hidden) return "";
    const grid = shape.length > 2, channels = shape.length === 4 ? shape[1] : 1, across = grid ? 5 : 1, [tall, wide] = shape.slice(-2), gap = grid ? 1 : 0;
    const count = grid ? shape[0] : 1, columns = Math.min(across, count), rows = Math.ceil(count / columns);
    canvas.width = columns * (wide + gap) - gap; canvas.height = rows * (tall + gap) - gap;
    canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
    const ctx = canvas.getContext("2d"), image = ctx.createImageData(canvas.width, canvas.height);
    const back = rgb(palette().back), ground = rgb(palette().grey).map((c, i) => back[i] + 0.14 * (c - back[i]));
    const most = Math.max(1, ...values.map(Math.abs));
    const size = tall * wide;
    const signed = (value) => {
      const colour = rgb(palette()[grid ? (value < 0 ? "minus" : "plus") : style]), share = 0.25 + (0.75 * Math.abs(value)) / most;
      return back.map((b, k) => b + share * (colour[k] - b));
    };
    for (let i = 0; i < count * size; i++) {
      const filter = Math.floor(i / size), r = Math.floor((i % size) / wide), c = i % wide;
      const x = (filter % columns) * (wide + gap) + c, y = Math.floor(filter / columns) * (tall + gap) + r;
      const here = Array.from({ length: channels }, (_, k) => values[(filter * channels + k) * size + (i % size)]);
      const paint = !here.some(Boolean) ? ground : channels === 3 ? here.map((value) => 128 + (127 * value) / most) : signed(here[0]);
      image.data.set([...paint, 255], 4 * (y * canvas.width + x));
    }
    ctx.putImageData(image, 0, 0);
    const left = values.filter(Boolean).length;
    return (words.textContent = grid ? `${left} of ${values.length} weights of the ${count} filters left; ${channels === 3 ? "the colour of a place is made of its weights for red, green and blue: grey zero, pale all removed" : "gold positive, magenta negative, pale removed"}`
      : `${left} of ${values.length} pixels still read, by up to ${most} weights each`);
  };
}

export function compressionRatio(panels, api) {
  const stored = api.model.get("stored");
  let v, d;
  const rival = (arm) => RIVALS[stored.arms.filter((a) => stored.facets.slice(1).every((f) => a.choices[f] === arm.choices[f])).indexOf(arm) % RIVALS.length];
  const drawn = () => [d.arm, ...d.others].filter(Boolean);
  const span = () => {
    const all = drawn().flatMap((a) => [...a.before.requested, ...a.after.requested]);
    return [log10(Math.min(...all) / 1.15), log10(Math.max(...all) * 1.15)];
  };
  const rise = () => {
    const all = drawn().flatMap((a) => [...a.before.errors.flat(), ...a.after.errors.flat(), a.dense]).filter((e) => e > 0);
    return [log10(Math.min(...all) * 0.85), log10(Math.min(100, Math.max(...all)) * 1.12)];
  };
  const path = (pen, xs, ys, colour, width, dash) => {
    const { ctx } = pen;
    ctx.strokeStyle = pen.colours[colour]; ctx.lineWidth = width * pen.k; ctx.setLineDash(dash.map((n) => n * pen.k));
    ctx.beginPath();
    xs.forEach((x, i) => ctx.lineTo(pen.X(log10(x)), pen.Y(log10(Math.max(ys[i], 1e-3)))));
    ctx.stroke(); ctx.setLineDash([]);
  };
  const band = (pen, curve, colour) => {
    const { ctx } = pen, at = (ys) => (x, i) => ctx.lineTo(pen.X(log10(x)), pen.Y(log10(Math.max(ys[i], 1e-3))));
    ctx.beginPath();
    curve.requested.forEach(at(curve.low));
    curve.requested.map((x, i) => [x, i]).reverse().forEach(([x, i]) => at(curve.high)(x, i));
    ctx.closePath(); ctx.globalAlpha = 0.16; ctx.fillStyle = pen.colours[colour]; ctx.fill(); ctx.globalAlpha = 1;
  };
  const curves = chart(panels, {
    name: "Test error against compression ratio",
    x: { label: "compression ratio", range: span, log: () => "fine" },
    y: { label: "test error (%)", range: rise, log: () => "fine" },
    lines: [{ style: "grey", paths: () => null }], // the stages have different ratios: drawn below
    onPoint: (x) => { api.set("ratio", nearest(api.spec("ratio").values, 10 ** x)); api.save(); },
    over(pen) {
      for (const a of d.others) path(pen, a[v.stage].requested, a[v.stage].mean, a.style, 1.4, rival(a));
      if (!d.arm) return;
      const { arm } = d;
      pen.horizontal(log10(arm.dense), "grey", { dash: [6, 4] });
      pen.vertical(log10(d.asked), "grey", { dash: [3, 3] });
      for (const stage of ["before", "after"]) {
        const c = arm[stage], solid = stage === "after";
        band(pen, c, arm.style);
        path(pen, c.requested, c.mean, arm.style, LINES[stage].width, LINES[stage].dash);
        c.requested.forEach((x, i) => {
          for (const e of c.errors[i]) pen.dot(log10(x), log10(Math.max(e, 1e-3)), arm.style, { size: 2.2 });
          pen.dot(log10(x), log10(Math.max(c.mean[i], 1e-3)), arm.style, { size: x === d.asked ? 6.5 : 3.6, hollow: !solid });
        });
        const here = d[stage];
        if (here) pen.label(log10(d.asked), log10(here.mean), percent(here.mean), arm.style, { bold: true, dy: solid ? 14 : -12 });
      }
    },
  });
  curves.box.classList.add("l0-wide");
  const bars = layerBars(panels), picture = firstLayer(panels);

  function told(here) {
    if (!here) return "not stored at this ratio";
    const n = here.errors.length;
    return `error ${percent(here.mean)} (${percent(here.low).replace(" %", "")} to ${percent(here.high)}), ${n} seed${n === 1 ? "" : "s"}, counted ratio ${short(here.ratio ?? Infinity)}×`;
  }
  return {
    update(now) {
      v = now; d = compute(v, stored);
      curves.draw([[0, 1], [null, null]]);
      const names = stored.facets.map((f) => v[f]).join(", ");
      if (!d.arm) {
        const say = `No runs of ${names} are recorded yet.`;
        return { data: d, key: [{ style: "grey", name: names, text: "not recorded yet" }], say };
      }
      const here = d[d.shown], { arm } = d, stages = Object.keys(STAGES).filter((stage) => arm[stage].requested.length);
      bars(arm, here.kept, arm.style);
      const first = picture(arm.shape, here.first, arm.style);
      const which = d.shown === v.stage ? STAGES[d.shown] : `${STAGES[d.shown]} (nothing stored ${STAGES[v.stage]} at this ratio)`;
      return {
        data: { ...d, others: d.others.map((a) => a.name), lengths: here.kept.map((k, i) => length(k / arm.layers[i].parameters)) },
        key: [
          ...stages.map((stage) => ({ style: arm.style, name: `${arm.name}, ${STAGES[stage]}`, ...LINES[stage], text: told(d[stage]) })),
          { style: "grey", name: "whole network", dash: [6, 4], width: 1.2, text: `error ${percent(arm.dense)}, ${whole(arm.layers.reduce((s, l) => s + l.parameters, 0))} parameters` },
          ...d.others.filter((a) => a[v.stage].requested.length).map((a) => ({ style: a.style, name: a.name, dash: rival(a), width: 1.4, flow: true, text: `${STAGES[v.stage]}, thin` })),
        ],
        say: `${arm.name} at a compression ratio of ${short(d.asked)}. ${stages.map((stage) => `${capital(STAGES[stage])}: ${told(d[stage])}. `).join("")}Whole network: ${percent(arm.dense)}. Kept, ${which}, seed 0: ${arm.layers.map((l, i) => `${l.name} ${whole(here.kept[i])} of ${whole(l.parameters)}`).join(", ")}.${first && ` First layer: ${first}.`}`,
      };
    },
    resize: curves.resize,
    recolour() {
      curves.recolour();
      if (!d?.arm) return;
      const here = d[d.shown];
      bars(d.arm, here.kept, d.arm.style);
      picture(d.arm.shape, here.first, d.arm.style);
    },
    destroy: curves.destroy,
  };
}
