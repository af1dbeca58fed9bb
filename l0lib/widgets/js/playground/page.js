// The playground's page: what its buttons do, and one picture after the other while it runs.
import { make } from "../dom.js";
import { onTheme } from "../theme.js";
import * as D from "./draw.js";
import { unpack } from "./digits.js";
import { script } from "./export.js";
import { layout } from "./layout.js";
import { ARMS, describe, Machine, MOST_STEPS, understand } from "./machine.js";
import { defaults, nearestRung, SETTINGS } from "./settings.js";
import { copied, sayingButton, scriptDialog } from "./share.js";
import { STORIES } from "./stories.js";
import { ofMoment, ofNetwork, ofSteps, percent, read, sceneOf } from "./words.js";

const TELL = 4000, CALM = 500; // ms between two sentences; between two pictures where motion is unwelcome
const MEASURED = 8; // ms in each picture that the curve may take
const FINE_TUNING = 500; // steps
const ROOMY = 860, TALL = 900; // px of width and height from which on the settings, and those under More, stand open; explorers.css has the first too
/** Penalties for which a setting means something. */
const TERMS = { l2: ["l2", "l2+l0"], l1: ["l1"], l0: ["l0", "l2+l0"], beta: ["l0", "l2+l0"], clipped: ["l2", "l1", "l0", "l2+l0"] };
/** Where a link leads. */
export const ANCHOR = "playground";

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

const empty = () => ({ a: [], b: [] });

/**
 * Build the playground in `el`. options: {words: the start, as an address would say it; home: what Reset comes back to,
 * in such words too; digits(): promise of the data; changed(machine, busy): told of every change; address: whether the
 * page's address is ours}.
 */
export function playground(el, options = {}) {
  const digits = options.digits ?? loadDigits;
  const stats = { work: [], frames: 0, at: [] };
  const ui = layout(el, (name, value) => choose(name, value), ANCHOR);
  const { root, controls, charts, pictures, status, notice } = ui;
  const tell = (text) => { if (status.textContent !== text) status.textContent = text; };
  const code = scriptDialog(tell);
  root.append(code.dialog);
  ui.speed.value = 5;

  let machine = null, playing = false, frame = 0, last = 0, told = 0, dirty = true, aloud = false, goal = Infinity;
  let gone = false, turns = 0, replaying = false, home = { ...defaults(), ...understand(options.home ?? {}).values };
  let curve = empty(), measuring = null, curveOf = ""; // the curve, the generator that fills it, and what it is of
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const dismiss = make("button", { type: "button" }, "Dismiss");
  dismiss.addEventListener("click", () => warn(""));
  const warn = (text) => { notice.replaceChildren(text, dismiss); notice.hidden = !text; };

  async function begin(values, story = [], steps = 0) {
    run(false);
    warn("");
    const turn = ++turns; // whatever is begun later overtakes what is still loading or being made again
    let made;
    try {
      made = new Machine(values, values.task === "digits" ? await digits() : null);
    } catch (error) {
      warn(`The digits cannot be shown: ${error.message}.`);
      made = new Machine({ ...values, task: "moons" });
    }
    if (turn !== turns) return false;
    machine = made;
    goal = Infinity;
    replaying = true;
    const busy = machine.replay(story, steps);
    await new Promise((done) => {
      const more = () => {
        if (turn !== turns || gone) return done();
        const start = performance.now();
        while (performance.now() - start < 12) if (busy.next().done) return done();
        ui.count.textContent = `Making ${steps} steps again: ${machine.step}`;
        requestAnimationFrame(more);
      };
      more();
    });
    if (turn !== turns) return false;
    replaying = false;
    show();
    return true;
  }

  function choose(name, value) {
    if (SETTINGS.get(name).restart) {
      const on = playing;
      begin({ ...machine.values, [name]: value }).then((done) => { if (done && on) run(true); });
      return;
    }
    machine.set(name, value);
    show();
  }

  /** Bring controls and picture up to what the machine is now. */
  function show() {
    const v = machine.values, scene = STORIES.indexOf(sceneOf(machine));
    for (const [name, c] of controls) c.show(v[name]);
    for (const arm of ARMS)
      for (const [name, kinds] of Object.entries(TERMS)) controls.get(`${arm}_${name}`).box.hidden = !kinds.includes(v[`${arm}_penalty`]);
    for (const name of ["noise", "points"]) controls.get(name).box.hidden = v.task === "digits";
    ui.steps.forEach((b, i) => { if (i === scene) b.setAttribute("aria-current", "step"); else b.removeAttribute("aria-current"); });
    ui.undo.disabled = !machine.cut;
    ui.prune.disabled = v.ratio <= (machine.cut?.ratio ?? 1);
    dirty = true;
    if (!playing) address();
    ask();
    options.changed?.(machine, playing);
  }

  function run(on) {
    playing = on && !(machine.diverged.a && machine.diverged.b);
    ui.play.textContent = playing ? "Pause" : "Play";
    ui.play.setAttribute("aria-pressed", String(playing));
    if (!machine) return;
    if (!playing) aloud = true;
    show();
  }

  /** Play on: as far as the scene goes, or until somebody stops it. */
  function play() {
    const scene = sceneOf(machine);
    goal = scene && machine.step < scene.steps ? scene.steps : Infinity;
    run(true);
  }

  /** Begin the curve anew where it is no longer of the networks that are shown; while they train there is none. */
  function keepCurve() {
    const { cut, values: v, step } = machine, now = playing ? "" : [step, machine.cuts.length, v.a_way, v.b_way, v.seed].join();
    if (now && now === curveOf && curve.machine === machine) return;
    if (!now && !curveOf) return;
    curveOf = now;
    curve = { ...empty(), machine };
    measuring = now ? measure(curve, cut) : null;
  }
  function* measure(found, cut) {
    const before = machine.cuts.at(-2);
    yield* machine.measure(machine.nets, found, cut?.ratio);
    if (!cut || cut.curve) return;
    const whole = empty();
    yield* machine.measure(cut.before, whole, before?.ratio);
    cut.curve = whole;
  }

  /** One picture, and what is said of it: both from the same state. */
  function draw() {
    const v = machine.values, { cut } = machine, classes = machine.data.classes;
    const seen = Object.fromEntries(ARMS.map((arm) => [arm, read(machine, arm)])), colours = {}, said = {};
    for (const arm of ARMS) {
      const c = charts[arm], { net } = seen[arm], colour = D.penaltyColour(v, arm);
      colours[arm] = colour;
      const { title, numbers } = ofNetwork(machine, arm, seen[arm]);
      said[arm] = `${title}: ${numbers}`;
      ui.titles[arm].textContent = `${arm.toUpperCase()}: ${title}`;
      ui.numbers[arm].textContent = numbers;
      for (const box of ui.armBoxes[arm]) box.style.setProperty("--pg-arm", colour);
      if (!net) {
        for (const s of [c.seen, c.graph, c.spread]) { s.clear(); s.say(said[arm]); }
        continue;
      }
      if (v.task === "digits") c.filters(net); else c.plane(net, machine.data);
      c.net(net);
      const band = v[`${arm}_penalty`].includes("l0") ? v.rate * v[`${arm}_l0`] * v[`${arm}_beta`] : 0;
      c.histogram(net, { threshold: v.threshold, band, colour, before: cut?.before[arm] });
      c.seen.say(`${v.task === "digits" ? "Weights of the first layer, one picture a unit" : "The plane, coloured by what the network says of each place"}. ${said[arm]}`);
      c.graph.say(`The network as lines, as wide as its weights are large. ${said[arm]}`);
      c.spread.say(`Magnitudes of the weights on a logarithmic axis; the dashed line is the threshold${band ? ", the shaded band reaches to η α β" : ""}${cut ? ", the thin outline is before pruning" : ""}. ${said[arm]}`);
    }
    ui.scene.textContent = ofMoment(machine, seen, playing);
    ui.count.textContent = ofSteps(machine);
    pictures.history(machine.history, machine.step, machine.cuts.map((c) => c.step), classes, colours);
    ui.history.say(`Test accuracy and loss over the steps, A dashed, B solid. ${ofSteps(machine)}.`);
    drawCurve({ at: v.ratio, here: { a: seen.a.accuracy, b: seen.b.accuracy }, cut, colours, classes });
    fill(seen);
    speak(said);
  }

  function drawCurve(seen) {
    const note = playing ? "every ratio, as soon as training pauses" : "";
    pictures.curve({ ...seen, now: curve, before: seen.cut?.curve ?? empty(), note });
    const at = ARMS.map((arm) => `network ${arm.toUpperCase()} ${percent(seen.here[arm])}`).join(", ");
    const fall = ARMS.map((arm) => {
      const below = curve[arm].find(([, share]) => share < 0.9);
      return curve[arm].length ? `${arm.toUpperCase()} ${below ? `falls below 90 % at ${below[0]}×` : "stays at 90 % or more"}` : "";
    }).filter(Boolean).join(", ");
    ui.traces.say(`Test accuracy against compression ratio, A dashed, B solid. At ${seen.at}×: ${at}. ${fall}${note}`);
  }

  /** The table of what pruning took and fine-tuning brought back. */
  function fill(seen) {
    const { cut, step, values: v } = machine, { cells } = ui;
    const share = (x) => (x === undefined ? "–" : percent(x).replace(" %", "")), tuned = cut && step > cut.step;
    cells.whole.head.textContent = machine.cuts.length > 1 ? "before" : "whole";
    cells.pruned.head.textContent = `pruned ${(cut ?? v).ratio}×`;
    cells.tuned.head.textContent = tuned ? `+ ${step - cut.step} steps` : "fine-tuned";
    for (const arm of ARMS) {
      const { own, accuracy } = seen[arm];
      cells.whole[arm].textContent = share(cut ? cut.whole[arm] : own);
      cells.pruned[arm].textContent = share(cut ? cut.pruned[arm] : v.ratio > 1 ? accuracy : undefined);
      cells.tuned[arm].textContent = share(tuned ? own : undefined);
    }
  }

  /** For who hears the page: at every pause, and now and then on the way. */
  function speak(said) {
    const time = performance.now();
    if (!aloud && !(playing && time - told >= TELL)) return;
    told = time;
    aloud = false;
    tell(`${ui.count.textContent}. ${ARMS.map((arm) => `Network ${arm.toUpperCase()}, ${said[arm]}`).join(" ")}`);
  }

  // asked at every picture, not remembered: of several notices at once only the last is true, and an element that is taller
  // than the window may get none for as long as somebody looks at it
  const inView = () => {
    const { top, bottom } = root.getBoundingClientRect();
    return !document.hidden && bottom > 0 && top < innerHeight;
  };

  function tick(time) {
    frame = 0;
    if (gone || !machine || replaying) return;
    const start = performance.now(), on = playing && inView();
    if (on) {
      machine.advance(Math.max(0, Math.min(Number(ui.speed.value), goal - machine.step, MOST_STEPS - machine.step)));
      dirty = true;
      if (machine.step >= goal || machine.step >= MOST_STEPS || (machine.diverged.a && machine.diverged.b)) run(false);
    }
    keepCurve();
    while (measuring && performance.now() - start < MEASURED) {
      dirty = true;
      if (measuring.next().done) measuring = null;
    }
    if (dirty && (!still.matches || !playing || time - last >= CALM)) {
      draw();
      last = time;
      dirty = false;
      stats.frames++;
    }
    stats.work.push(performance.now() - start);
    stats.at.push(time);
    if (stats.work.length > 2000) { stats.work.splice(0, 1000); stats.at.splice(0, 1000); }
    if ((playing && on) || measuring) ask();
  }
  function ask() { if (!gone) frame ||= requestAnimationFrame(tick); }

  let waiting = 0;
  function address() {
    if (!options.address || !machine) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (playing) return; // the next pause says it
      const words = query(describe(machine)), next = `${location.pathname}${words}${words.includes(`${ANCHOR}.`) ? `#${ANCHOR}` : location.hash}`;
      if (next !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", next);
    }, 300);
  }

  STORIES.forEach((s, i) => ui.steps[i].addEventListener("click", () => {
    home = { ...defaults(), ...s.values };
    begin(home).then((done) => { if (done) play(); });
  }));
  ui.play.addEventListener("click", () => { if (playing) run(false); else play(); });
  ui.one.addEventListener("click", () => { machine.advance(1); run(false); });
  ui.restart.addEventListener("click", () => begin(machine.values));
  ui.reset.addEventListener("click", () => begin(home));
  ui.prune.addEventListener("click", () => {
    machine.prune();
    goal = machine.step + FINE_TUNING;
    run(true);
  });
  ui.undo.addEventListener("click", () => { machine.restore(); run(false); });
  const link = sayingButton("Copy link", async (say) => {
    const text = new URL(`${query(describe(machine))}#${ANCHOR}`, location.href).href;
    if (!(await copied(text))) return warn(`Copy this link: ${text}`);
    say("Link copied.");
    tell("Link copied.");
  });
  link.button.setAttribute("title", "A link to this view");
  const python = make("button", { type: "button" }, "Python script");
  python.addEventListener("click", () => code.open(script(machine)));
  ui.share.append(...(options.address ? [link.box] : []), python);
  ui.more.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || !ui.more.open) return;
    ui.more.open = false;
    ui.more.firstElementChild.focus();
  });
  const toRatio = (e) => choose("ratio", nearestRung(SETTINGS.get("ratio"), pictures.curve.ratioAt(e.clientX - ui.trace.getBoundingClientRect().left)));
  ui.trace.addEventListener("pointerdown", (e) => { ui.trace.setPointerCapture(e.pointerId); toRatio(e); });
  ui.trace.addEventListener("pointermove", (e) => { if (ui.trace.hasPointerCapture(e.pointerId)) toRatio(e); });

  const watch = new IntersectionObserver(() => ask());
  watch.observe(root);
  document.addEventListener("visibilitychange", ask);
  let roomy = null, tall = null;
  /** Where there is room the settings stand open; only a change of the room folds or unfolds them. */
  function fold() {
    const wide = root.clientWidth >= ROOMY, high = wide && root.clientHeight >= TALL;
    if (wide !== roomy) roomy = ui.settings.open = wide;
    if (high !== tall) tall = ui.more.open = high;
    root.classList.toggle("pg-tall", high);
  }
  const size = new ResizeObserver(() => {
    fold();
    for (const s of ui.surfaces) s.resize();
    dirty = true;
    ask();
  });
  for (const box of [root, ...ui.surfaces.map((s) => s.canvas.parentElement)]) size.observe(box);
  const stopTheme = onTheme(() => { dirty = true; for (const s of ui.surfaces) s.stamp++; ask(); });

  const words = understand(options.words ?? {});
  fold();
  for (const s of ui.surfaces) s.resize();
  const ready = begin({ ...defaults(), ...words.values }, words.story, words.steps).then(() => {
    if (words.refused.length) warn(`The page's address asks for what cannot be set, and that part is ignored: ${words.refused.join("; ")}.`);
  });
  if (options.address && location.hash === `#${ANCHOR}`) root.scrollIntoView();
  root.l0 = { machine: () => machine, stats, ready, run, begin, playing: () => playing, curve: () => (measuring ? null : curve) };
  return {
    root,
    ready,
    api: root.l0,
    destroy() {
      gone = true;
      cancelAnimationFrame(frame);
      watch.disconnect();
      size.disconnect();
      document.removeEventListener("visibilitychange", ask);
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
