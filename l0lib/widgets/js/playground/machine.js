// The playground without its page: two networks side by side, everything that can be done to them, and the story of
// what was done, from which the same state can be made again anywhere.
import * as N from "./network.js";
import { defaults, ladder, parse, penaltyOf, rule, SETTINGS } from "./settings.js";
import { plane } from "./tasks.js";

export const ARMS = ["a", "b"];
const KEPT = 600; // points of the history; then every second one goes
export const MOST_STEPS = 200_000;

/** Whether a setting only shows: it changes the picture and no network. */
export const shows = (name) => name === "threshold" || name === "ratio" || name.endsWith("_way");

/** Fraction of right answers. */
export function accuracy(net, x, y) {
  const classes = net.sizes.at(-1), z = N.scores(net, x, y.length);
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (z[i * classes + c] > z[i * classes + best]) best = c;
    if (best === y[i]) right++;
  }
  return right / y.length;
}

/**
 * `digits` is the data of that task, {x, y, testX, testY, inputs, classes}, where it is at hand.
 * `story` is a list of what was done: [step, name, value] for a setting changed while training, [step, "prune"],
 * [step, "restore"].
 */
export class Machine {
  constructor(values = {}, digits = null) {
    this.values = { ...defaults(), ...values };
    this.digits = digits;
    this.start();
  }

  /** Begin anew with the present settings. */
  start() {
    const v = this.values;
    if (v.task === "digits" && !this.digits) throw new Error("the digits are not loaded");
    this.first = { ...v }; // what a link has to say of the settings: those at the start
    this.data = v.task === "digits" ? this.digits : plane(v.task, v.points, v.noise, v.seed);
    const sizes = [this.data.inputs, ...v.hidden.split("-").map(Number), this.data.classes];
    this.nets = {};
    for (const arm of ARMS) {
      this.nets[arm] = N.network(sizes, v.activation);
      N.initialise(this.nets[arm], v.seed);
    }
    this.step = 0;
    this.story = [];
    this.cuts = []; // each pruning: {step, ratio, before: the networks, values, diverged, whole, pruned: test accuracies}
    this.loss = { a: NaN, b: NaN };
    this.diverged = { a: false, b: false };
    this.order = null;
    this.history = { step: [], every: 1, a_loss: [], b_loss: [], a_accuracy: [], b_accuracy: [] };
    this.room = { x: new Float64Array(v.batch * this.data.inputs), y: new Int32Array(v.batch) };
    this.record();
  }

  /** The last pruning, if there was one. */
  get cut() { return this.cuts.at(-1); }
  get pruned() { return this.cuts.length > 0; }

  /** Change a setting; true if it means to begin anew, which is done. */
  set(name, value) {
    const taken = parse(name, value);
    if (taken === undefined) throw new RangeError(`${rule(name)}; got ${value}`);
    if (this.values[name] === taken) return false;
    this.values[name] = taken;
    if (SETTINGS.get(name).restart) { this.start(); return true; }
    this.tell(name, taken);
    return false;
  }

  tell(name, value) {
    if (shows(name)) return this.first[name] = value;
    if (this.step === 0 && !this.pruned) { this.first[name] = value; return; }
    const last = this.story.at(-1);
    if (last && last[0] === this.step && last[1] === name) last[2] = value;
    else this.story.push([this.step, name, value]);
  }

  /** Make `count` steps in both arms, on the same examples. */
  advance(count) {
    const v = this.values, { x, y, inputs } = this.data, perEpoch = Math.ceil(y.length / v.batch);
    for (let k = 0; k < count; k++) {
      const epoch = Math.floor(this.step / perEpoch), place = this.step % perEpoch;
      if (this.order?.epoch !== epoch) {
        this.order = { epoch, all: N.order(y.length, epoch, v.seed) };
      }
      const chosen = this.order.all.subarray(place * v.batch, (place + 1) * v.batch);
      for (let i = 0; i < chosen.length; i++) {
        for (let j = 0, at = chosen[i] * inputs; j < inputs; j++) this.room.x[i * inputs + j] = x[at + j];
        this.room.y[i] = y[chosen[i]];
      }
      for (const arm of ARMS) {
        if (this.diverged[arm]) continue;
        const how = { rate: v.rate, momentum: v.momentum, penalty: penaltyOf(v, arm), clipped: v[`${arm}_clipped`] };
        this.loss[arm] = N.step(this.nets[arm], this.room.x, this.room.y, chosen.length, how);
        if (!Number.isFinite(this.loss[arm]) || !this.nets[arm].p.every(Number.isFinite)) this.diverged[arm] = true;
      }
      this.step++;
      if (this.step % this.history.every === 0) this.record();
    }
  }

  record() {
    const h = this.history, { testX, testY } = this.data;
    h.step.push(this.step);
    for (const arm of ARMS) {
      const out = this.diverged[arm];
      h[`${arm}_loss`].push(out ? null : this.step ? this.loss[arm] : null);
      h[`${arm}_accuracy`].push(out ? null : accuracy(this.nets[arm], testX, testY));
    }
    if (this.step === 0) h.every = 5;
    if (h.step.length > KEPT) {
      h.every *= 2;
      for (const name of Object.keys(h)) if (name !== "every") h[name] = h[name].filter((_, i) => h.step[i] % h.every === 0 || name === "step");
      h.step = h.step.filter((s) => s % h.every === 0);
    }
  }

  /** One arm as pruning to `ratio` would leave it, without doing it; the network itself for a ratio of 1. */
  preview(arm, ratio = this.values.ratio) {
    const net = this.nets[arm];
    return ratio <= (this.cut?.ratio ?? 1) ? net : this.without(net, arm, ratio);
  }

  /** A copy of `net` pruned to `ratio` as `arm` is; no network loses its last parameter. */
  without(net, arm, ratio) {
    const twin = N.copy(net);
    N.prune(twin, Math.min(ratio, net.p.length), this.values[`${arm}_way`], this.values.seed);
    return twin;
  }

  /** Test accuracy of `net`. */
  tested(net) { return accuracy(net, this.data.testX, this.data.testY); }

  /**
   * Test accuracy of both networks at every ratio of the slider from `least` on: a generator that pauses after each
   * pruning, and fills `found`, {a: [[ratio, accuracy], ...], b: ...}.
   */
  *measure(nets, found, least = 1) {
    const total = nets.a.p.length;
    for (const ratio of ladder(SETTINGS.get("ratio")).filter((r) => r >= least && r <= total))
      for (const arm of ARMS) {
        if (this.diverged[arm]) continue;
        found[arm].push([ratio, this.tested(ratio > 1 ? this.without(nets[arm], arm, ratio) : nets[arm])]);
        yield ratio;
      }
  }

  /** Prune both arms to the ratio that is set; what follows is fine-tuning. */
  prune() {
    const v = this.values, tested = () => Object.fromEntries(ARMS.map((arm) => [arm, this.diverged[arm] ? null : this.tested(this.nets[arm])]));
    const before = Object.fromEntries(ARMS.map((arm) => [arm, N.copy(this.nets[arm])])), whole = tested();
    for (const arm of ARMS) if (!this.diverged[arm]) N.prune(this.nets[arm], Math.min(v.ratio, this.nets[arm].p.length), v[`${arm}_way`], v.seed);
    this.cuts.push({ step: this.step, ratio: v.ratio, before, values: { ...v }, diverged: { ...this.diverged }, whole, pruned: tested() });
    this.story.push([this.step, "prune", v.ratio, v.a_way, v.b_way]);
  }

  /** Take the last pruning back, and every step and change since. */
  restore() {
    const cut = this.cuts.pop();
    if (!cut) return;
    this.nets = cut.before;
    for (const name of Object.keys(this.values)) if (!shows(name)) this.values[name] = cut.values[name];
    let last;
    do last = this.story.pop(); while (last[1] !== "prune");
    this.step = cut.step;
    this.diverged = cut.diverged;
    const h = this.history, n = h.step.filter((s) => s <= this.step).length;
    for (const name of Object.keys(h)) if (name !== "every") h[name].length = n;
  }

  /** Do again what `story` tells, up to `steps`: a generator that pauses after every `chunk` steps. */
  *replay(story, steps, chunk = 200) {
    const until = function* (machine, goal) {
      while (machine.step < goal) {
        machine.advance(Math.min(chunk, goal - machine.step));
        yield machine.step;
      }
    };
    for (const [at, what, ...rest] of story) {
      yield* until(this, at);
      if (what === "prune") {
        this.values.ratio = rest[0];
        [this.values.a_way, this.values.b_way] = rest.slice(1);
        this.prune();
      } else this.set(what, rest[0]);
    }
    yield* until(this, steps);
    for (const name of Object.keys(this.values)) if (shows(name)) this.values[name] = this.first[name]; // a pruning of the story set some
  }
}

const brief = (value) => String(value);

/** The whole view as the words of an address: settings at the start, steps, and what was done on the way. */
export function describe(machine) {
  const out = {}, start = defaults();
  for (const [name, value] of Object.entries(machine.first)) if (value !== start[name]) out[name] = brief(value);
  if (machine.step) out.steps = String(machine.step);
  if (machine.story.length) out.story = machine.story.map((entry) => entry.map(brief).join("*")).join("~");
  return out;
}

/** Read an address: {values, steps, story, refused}. What cannot be set is left out and named. */
export function understand(words) {
  const values = {}, refused = [];
  let steps = 0, story = [];
  for (const [name, text] of Object.entries(words)) {
    if (name === "steps") {
      steps = Number(text);
      if (!Number.isInteger(steps) || steps < 0 || steps > MOST_STEPS) {
        refused.push(`steps must be a whole number from 0 to ${MOST_STEPS}; got ${text}`);
        steps = 0;
      }
    } else if (name === "story") {
      const read = text.split("~").map(entry);
      if (read.some((e) => e === null) || read.some((e, i) => i && e[0] < read[i - 1][0])) refused.push("the story cannot be read");
      else story = read;
    } else {
      const value = parse(name, text);
      if (value === undefined) refused.push(`${rule(name)}; got ${text}`);
      else values[name] = value;
    }
  }
  if (story.length && story.at(-1)[0] > steps) { refused.push("the story is longer than its steps"); story = []; }
  return { values, steps, story, refused };
}

function entry(text) {
  const [at, what, ...rest] = text.split("*"), step = Number(at);
  if (!/^\d+$/.test(at) || what === undefined) return null;
  if (what === "prune") {
    const [ratio, a, b] = [parse("ratio", rest[0]), parse("a_way", rest[1]), parse("b_way", rest[2])];
    return [ratio, a, b].includes(undefined) || rest.length !== 3 ? null : [step, "prune", ratio, a, b];
  }
  const value = parse(what, rest[0]);
  return value === undefined || rest.length !== 1 || SETTINGS.get(what).restart ? null : [step, what, value];
}
