// The playground's page: what stands where, and one picture after the other while it runs.
import { onTheme, palette } from "../theme.js";
import { control, make } from "./controls.js";
import * as D from "./draw.js";
import { unpack } from "./digits.js";
import { script } from "./export.js";
import { accuracy, ARMS, describe, Machine, MOST_STEPS, understand } from "./machine.js";
import { defaults, SETTINGS } from "./settings.js";
import { STORIES } from "./stories.js";

const SPEEDS = [1, 5, 20, 100], TELL = 4000, CALM = 500; // ms between two sentences; between two pictures where motion is unwelcome
const TERMS = { l2: ["l2", "l2+l0"], l1: ["l1"], l0: ["l0", "l2+l0"], beta: ["l0", "l2+l0"], clipped: ["l2", "l1", "l0", "l2+l0"] };
const LABEL = { none: "no penalty", l2: "ℓ2", l1: "ℓ1", l0: "ℓ0", "l2+l0": "ℓ2+ℓ0" };
const percent = (x) => `${(100 * x).toFixed(1)} %`;

let unpacked = null;
/** Real digits come in a script of their own, because a page opened from disk may load nothing else. */
function loadDigits() {
  const ready = () => (unpacked ??= unpack(globalThis.L0DigitsPacked));
  if (globalThis.L0DigitsPacked) return Promise.resolve(ready());
  const root = document.documentElement.dataset.content_root ?? "";
  return new Promise((done, failed) => {
    const tag = make("script", { src: `${root}_static/digits/digits.js` });
    tag.onload = () => (globalThis.L0DigitsPacked ? done(ready()) : failed(new Error("the file holds no digits")));
    tag.onerror = () => failed(new Error("its file could not be read"));
    document.head.append(tag);
  });
}

/**
 * Build the playground in `el`. options: {words: the start, as an address would say it; digits(): promise of the data;
 * changed(machine, busy): told of every change; address: whether the page's address is ours}.
 */
export function playground(el, options = {}) {
  const digits = options.digits ?? loadDigits;
  const stats = { work: [], frames: 0, at: [] };
  const notice = make("p", { class: "l0-notice l0-bad", role: "alert", hidden: "" });
  const status = make("p", { class: "l0-status", role: "status", "aria-live": "polite" });
  const play = make("button", { type: "button", class: "pg-play" }, "Play");
  const one = make("button", { type: "button" }, "Step"), reset = make("button", { type: "button" }, "Reset");
  const speed = make("select", { "aria-label": "steps in each picture" }, ...SPEEDS.map((n) => make("option", { value: n }, `${n} step${n > 1 ? "s" : ""} a picture`)));
  const count = make("span", { class: "pg-count" });
  const scene = make("p", { class: "pg-scene" });
  const stories = make("div", { class: "pg-stories", role: "group", "aria-label": "Guided scenes" });
  const bar = make("div", { class: "pg-bar" }, play, one, reset, speed, count);
  const shared = make("div", { class: "pg-controls" });
  const armBoxes = {}, armCharts = {}, numbers = {};
  const arms = make("div", { class: "pg-arms" });
  const prune = make("button", { type: "button" }, "Prune and fine-tune"), undo = make("button", { type: "button", disabled: "" }, "Take the pruning back");
  const pruning = make("div", { class: "pg-pruning" });
  const both = make("div", { class: "pg-both" });
  const link = make("button", { type: "button" }, "Copy link to this view"), code = make("button", { type: "button" }, "Python script");
  const shown = make("pre", { class: "pg-script", hidden: "", tabindex: "0", "aria-label": "Python script of this run" });
  const root = make("figure", { class: "pg", "aria-label": "The ℓ0 playground" }, notice, stories, scene, bar, shared, arms, both, pruning, status, make("div", { class: "l0-tools" }, link, code), shown);
  el.append(root);
  speed.value = 5;

  const controls = new Map();
  const add = (parent, name) => {
    const c = control(name, choose);
    controls.set(name, c);
    parent.append(c.box);
  };
  for (const name of ["task", "noise", "points", "seed", "hidden", "activation", "batch", "rate", "momentum"]) add(shared, name);
  for (const arm of ARMS) {
    const head = make("h3", {}, `Network ${arm.toUpperCase()}`), set = make("div", { class: "pg-controls" });
    numbers[arm] = make("p", { class: "pg-numbers" });
    const box = make("section", { class: "pg-arm", "data-arm": arm, "aria-label": `Network ${arm.toUpperCase()}` }, head, set, numbers[arm]);
    arms.append(box);
    armBoxes[arm] = box;
    for (const name of ["penalty", "l2", "l1", "l0", "beta", "clipped"]) add(set, `${arm}_${name}`);
    const pictures = make("div", { class: "pg-pictures" }), left = make("div"), right = make("div"), below = make("div");
    pictures.append(left, right);
    box.append(pictures, below);
    const seen = D.surface(left, "what the network has learnt", (w) => w), graph = D.surface(right, "the network", (w) => w), spread = D.surface(below, "magnitudes of the weights", 110);
    armCharts[arm] = { seen, graph, spread, plane: D.planePicture(seen), filters: D.filterPicture(seen), net: D.graphPicture(graph), histogram: D.histogramPicture(spread) };
  }
  const long = make("div"), trace = make("div");
  both.append(make("p", { class: "pg-title" }, "Test accuracy (lines) and loss of the last batch (dots), step by step"), long);
  for (const name of ["ratio", "a_way", "b_way", "threshold"]) add(pruning, name);
  controls.get("a_way").box.querySelector("label").textContent = "prune A";
  controls.get("b_way").box.querySelector("label").textContent = "prune B";
  pruning.append(make("div", { class: "l0-tools" }, prune, undo), make("p", { class: "pg-title" }, "Test accuracy after pruning, at each ratio that the slider has been to"), trace);
  const history = D.surface(long, "accuracy and loss", 190), traces = D.surface(trace, "accuracy against compression ratio", 190);
  const lines = D.historyPicture(history), curve = D.tracePicture(traces);
  const surfaces = [...ARMS.flatMap((arm) => [armCharts[arm].seen, armCharts[arm].graph, armCharts[arm].spread]), history, traces];

  let machine = null, playing = false, frame = 0, found = { a: [], b: [] }, last = 0, told = 0, dirty = true, goal = Infinity;
  let visible = true, gone = false, replaying = false;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  for (const [i, s] of STORIES.entries()) {
    const button = make("button", { type: "button" }, `${i + 1}. ${s.title}`);
    button.addEventListener("click", () => begin({ ...defaults(), ...s.values }, [], 0).then(() => { scene.textContent = s.say; goal = s.steps; run(true); }));
    stories.append(button);
  }

  const warn = (text) => { notice.textContent = text; notice.hidden = !text; };
  const forget = () => { found = { a: [], b: [] }; };

  async function begin(values, story, steps) {
    run(false);
    warn("");
    scene.textContent = "";
    try {
      const data = values.task === "digits" ? await digits() : null;
      machine = new Machine(values, data);
    } catch (error) {
      warn(`The digits cannot be shown: ${error.message}.`);
      machine = new Machine({ ...values, task: "moons" });
    }
    forget();
    goal = Infinity;
    replaying = true;
    const busy = machine.replay(story, steps);
    await new Promise((done) => {
      const more = () => {
        const start = performance.now();
        while (performance.now() - start < 12) if (busy.next().done) return done();
        count.textContent = `Making ${steps} steps again: ${machine.step}`;
        requestAnimationFrame(more);
      };
      more();
    });
    replaying = false;
    if (machine.values.ratio > 1) probe();
    show();
  }

  function choose(name, value) {
    const again = { ...machine.values, [name]: value };
    if (SETTINGS.get(name).restart) {
      const on = playing;
      begin(again, [], 0).then(() => { if (on) run(true); });
      return;
    }
    machine.set(name, value);
    if (name === "ratio") probe();
    else if (name.endsWith("_way")) { forget(); probe(); }
    show();
  }

  /** What each network would still know, pruned to the ratio that the slider shows. */
  function probe() {
    const r = machine.values.ratio, { testX, testY } = machine.data;
    for (const arm of ARMS) {
      if (machine.diverged[arm]) continue;
      found[arm] = found[arm].filter(([at]) => at !== r);
      found[arm].push([r, accuracy(machine.preview(arm, r), testX, testY)]);
    }
  }

  function show() {
    for (const [name, c] of controls) c.show(machine.values[name]);
    for (const arm of ARMS)
      for (const [name, kinds] of Object.entries(TERMS)) controls.get(`${arm}_${name}`).box.hidden = !kinds.includes(machine.values[`${arm}_penalty`]);
    for (const name of ["noise", "points"]) controls.get(name).box.hidden = machine.values.task === "digits";
    undo.disabled = !machine.pruned;
    prune.disabled = machine.values.ratio <= 1;
    dirty = true;
    ask();
    options.changed?.(machine, playing);
  }

  function run(on) {
    playing = on && !(machine?.diverged.a && machine?.diverged.b);
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(playing));
    if (!playing && machine) { speak(true); address(); }
    ask();
  }

  function draw() {
    const v = machine.values, classes = machine.data.classes;
    for (const arm of ARMS) {
      const c = armCharts[arm], colour = palette()[D.ARM_COLOUR[arm]];
      armBoxes[arm].style.setProperty("--pg-arm", colour);
      const net = machine.diverged[arm] ? null : machine.preview(arm);
      const name = LABEL[v[`${arm}_penalty`]];
      if (!net) {
        for (const s of [c.seen, c.graph, c.spread]) s.clear();
        numbers[arm].textContent = `${name}: diverged at step ${machine.step}. Lower the learning rate or α, then Reset.`;
        continue;
      }
      if (v.task === "digits") c.filters(net); else c.plane(net, machine.data);
      c.net(net);
      const factors = v[`${arm}_penalty`].includes("l0") ? v.rate * v[`${arm}_l0`] * v[`${arm}_beta`] : 0;
      c.histogram(net, { threshold: v.threshold, band: factors, colour });
      const said = sentence(arm, net);
      numbers[arm].textContent = said;
      c.seen.say(`${v.task === "digits" ? "Weights of the first layer, one picture a unit" : "The plane, coloured by what the network says of each place"}. ${said}`);
      c.graph.say(`The network as lines, as wide as its weights are large. ${said}`);
      c.spread.say(`Magnitudes of the weights on a logarithmic axis; the dashed line is the threshold${factors ? ", the shaded band reaches to η α β" : ""}. ${said}`);
    }
    lines(machine.history, machine.step, machine.story.filter((e) => e[1] === "prune").map((e) => e[0]), classes);
    curve(found, v.ratio, classes);
    count.textContent = `Step ${machine.step}, epoch ${Math.floor(machine.step / Math.ceil(machine.data.y.length / v.batch))}${machine.pruned ? ", fine-tuning" : ""}`;
  }

  function sentence(arm, net) {
    const v = machine.values, { testX, testY } = machine.data, total = net.p.length;
    let below = 0, weights = 0, left = 0;
    for (const layer of net.layers)
      for (let i = layer.w; i < layer.end; i++) {
        if (net.p[i] !== 0) left++;
        if (i < layer.b) { weights++; if (Math.abs(net.p[i]) < v.threshold) below++; }
      }
    const pruned = net !== machine.nets[arm] ? `, pruned ${v.ratio}×` : machine.pruned ? ", fine-tuned" : "";
    return `${LABEL[v[`${arm}_penalty`]]}${pruned}: test accuracy ${percent(accuracy(net, testX, testY))}; ${below} of ${weights} weights below ${v.threshold}; ${left} of ${total} parameters are not zero.`;
  }

  function speak(now = false) {
    const time = performance.now();
    if (!now && time - told < TELL) return;
    told = time;
    const text = `${count.textContent}. ${ARMS.map((arm) => `Network ${arm.toUpperCase()}, ${numbers[arm].textContent}`).join(" ")}`;
    if (status.textContent !== text) status.textContent = text;
  }

  function tick(time) {
    frame = 0;
    if (gone || !machine || replaying) return;
    const start = performance.now();
    const stop = !visible || document.hidden;
    if (playing && !stop) {
      const steps = Math.min(Number(speed.value), goal - machine.step, MOST_STEPS - machine.step);
      machine.advance(Math.max(0, steps));
      if (found.a.length || found.b.length) forget();
      if (machine.values.ratio > 1) probe();
      dirty = true;
      if (machine.step >= goal) { goal = Infinity; run(false); }
      else if (machine.step >= MOST_STEPS || (machine.diverged.a && machine.diverged.b)) run(false);
    }
    if (dirty && (!still.matches || !playing || time - last >= CALM)) {
      draw();
      last = time;
      dirty = false;
      if (playing) speak();
      stats.frames++;
    }
    stats.work.push(performance.now() - start);
    stats.at.push(time);
    if (stats.work.length > 2000) { stats.work.splice(0, 1000); stats.at.splice(0, 1000); }
    if (playing && !stop) ask();
  }
  function ask() { if (!gone) frame ||= requestAnimationFrame(tick); }

  let waiting = 0;
  function address() {
    if (!options.address || !machine) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const next = `${location.pathname}${query(describe(machine))}${location.hash}`;
      if (next !== location.pathname + location.search + location.hash) history_(next);
    }, 300);
  }
  const history_ = (next) => globalThis.history.replaceState(globalThis.history.state, "", next);

  play.addEventListener("click", () => { goal = Infinity; run(!playing); });
  one.addEventListener("click", () => { run(false); machine.advance(1); forget(); if (machine.values.ratio > 1) probe(); show(); });
  reset.addEventListener("click", () => begin(machine.values, [], 0));
  prune.addEventListener("click", () => { machine.prune(); machine.set("ratio", 1); forget(); show(); address(); });
  undo.addEventListener("click", () => { machine.restore(); forget(); show(); address(); });
  link.addEventListener("click", async () => {
    const text = new URL(query(describe(machine)), location.href).href;
    try { await navigator.clipboard.writeText(text); warn(""); status.textContent = "Link copied."; link.textContent = "Link copied"; setTimeout(() => { link.textContent = "Copy link to this view"; }, 2500); }
    catch { warn(`Copy this link: ${text}`); }
  });
  code.addEventListener("click", () => { shown.hidden = !shown.hidden; if (!shown.hidden) shown.textContent = script(machine); });
  const watch = new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; if (visible) ask(); });
  watch.observe(root);
  const wake = () => { if (!document.hidden) ask(); };
  document.addEventListener("visibilitychange", wake);
  const size = new ResizeObserver(() => { for (const s of surfaces) s.resize(); dirty = true; ask(); });
  size.observe(root);
  const stopTheme = onTheme(() => { dirty = true; for (const s of surfaces) s.stamp++; ask(); });

  const words = options.words ?? {}, read = understand(words);
  for (const s of surfaces) s.resize();
  const ready = begin({ ...defaults(), ...read.values }, read.story, read.steps).then(() => {
    if (read.refused.length) warn(`The page's address asks for what cannot be set, and that part is ignored: ${read.refused.join("; ")}.`);
  });
  root.l0 = { machine: () => machine, stats, ready, run, begin, playing: () => playing };
  return {
    root,
    ready,
    api: root.l0,
    destroy() {
      gone = true;
      cancelAnimationFrame(frame);
      watch.disconnect();
      size.disconnect();
      document.removeEventListener("visibilitychange", wake);
      stopTheme();
    },
  };
}

/** An address's part behind the question mark, with ours in front of each name; what belongs to others stays. */
export function query(words) {
  const params = new URLSearchParams(location.search);
  for (const name of [...params.keys()]) if (name.startsWith("playground.")) params.delete(name);
  for (const [name, value] of Object.entries(words)) params.set(`playground.${name}`, value);
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** What the address says of the playground. */
export const fromAddress = () => Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("playground.")).map(([name, value]) => [name.slice(11), value]));
