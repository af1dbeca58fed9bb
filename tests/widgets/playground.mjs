// Questions [what, argument] about the playground.
import { readFileSync } from "node:fs";
import * as chance from "../../l0lib/widgets/js/playground/chance.js";
import * as N from "../../l0lib/widgets/js/playground/network.js";
import { unpack } from "../../l0lib/widgets/js/playground/digits.js";
import { DARK, LIGHT } from "../../l0lib/widgets/js/theme.js";
import { script } from "../../l0lib/widgets/js/playground/export.js";
import { describe, Machine, understand } from "../../l0lib/widgets/js/playground/machine.js";
import { defaults, ladder, parse, SETTINGS } from "../../l0lib/widgets/js/playground/settings.js";
import { STORIES } from "../../l0lib/widgets/js/playground/stories.js";
import * as tasks from "../../l0lib/widgets/js/playground/tasks.js";
import { answerAll } from "./answers.mjs";

function restored({ sizes, activation, p, m, mask, step }) {
  const net = N.network(sizes, activation);
  net.p.set(p);
  net.m.set(m);
  net.mask = mask && Uint8Array.from(mask);
  net.step = step;
  return net;
}
const told = (net, more = {}) => ({ p: net.p, m: net.m, mask: net.mask, step: net.step, ...more });

const ASK = {
  uniforms: ({ seed, stream, count }) => chance.uniforms(seed, stream, count),
  normals: ({ seed, stream, count }) => chance.normals(seed, stream, count),
  permutation: ({ seed, stream, count }) => chance.permutation(seed, stream, count),
  plane: ({ task, count, noise, seed }) => tasks.plane(task, count, noise, seed),
  initial({ sizes, activation, seed }) {
    const net = N.network(sizes, activation);
    N.initialise(net, seed);
    return net.p;
  },
  batch: ({ count, size, step, seed }) => N.batch(count, size, step, seed),
  step({ net, x, y, options }) {
    const one = restored(net), loss = N.step(one, Float64Array.from(x), y, y.length, options);
    return told(one, { loss });
  },
  scores: ({ net, x, n }) => N.scores(restored(net), Float64Array.from(x), n),
  prune({ net, ratio, way, seed }) {
    const one = restored(net);
    N.prune(one, ratio, way, seed);
    return told(one);
  },
  train({ net, x, y, inputs, size, seed, steps, options }) {
    const one = restored(net), all = Float64Array.from(x), losses = [];
    for (let k = 0; k < steps; k++) {
      const chosen = N.batch(y.length, size, one.step, seed), labels = Array.from(chosen, (i) => y[i]);
      const rows = Float64Array.from(Array.from(chosen, (i) => [...all.subarray(i * inputs, (i + 1) * inputs)]).flat());
      losses.push(N.step(one, rows, labels, labels.length, options));
    }
    return told(one, { losses });
  },
  keep: (pairs) => pairs.map(([total, ratio]) => N.numberToKeep(total, ratio)),
  settings: () => ({ defaults: defaults(), ladders: Object.fromEntries([...SETTINGS].filter(([, s]) => s.kind === "log").map(([name, s]) => [name, ladder(s)])) }),
  parse: ([name, value]) => parse(name, value) ?? null,
  stories: () => STORIES,
  palettes: () => ({ light: LIGHT, dark: DARK }),
  understand: (words) => understand(words),
  digits: (file) => {
    (0, eval)(readFileSync(file, "utf8"));
    return unpack(globalThis.L0DigitsPacked);
  },
  view: (words) => view(words),
  script: (words) => script(made(words)),
  /** Test accuracy at every ratio of the slider, of the networks and of those before the last pruning. */
  measure: (words) => {
    const machine = made(words), now = { a: [], b: [] }, before = { a: [], b: [] };
    for (const _ of machine.measure(machine.nets, now, machine.cut?.ratio));
    if (machine.cut) for (const _ of machine.measure(machine.cut.before, before));
    return { now, before, cut: machine.cut ? { whole: machine.cut.whole, pruned: machine.cut.pruned } : null };
  },
  /** Do a list of things, [method, ...arguments], and say what the view is then. */
  act: ({ words, acts }) => {
    const machine = made(words), seen = [];
    for (const [what, ...rest] of acts) {
      machine[what](...rest);
      seen.push({ words: describe(machine), a: machine.nets.a.p.slice(), p: machine.nets.b.p.slice(), pruned: machine.pruned });
    }
    return seen;
  },
};

function made(words) {
  const { values, story, steps, refused } = understand(words);
  if (refused.length) throw new Error(refused.join("; "));
  const machine = new Machine(values);
  for (const _ of machine.replay(story, steps, 7));
  return machine;
}

function view(words) {
  const machine = made(words);
  return { a: machine.nets.a.p, b: machine.nets.b.p, words: describe(machine), history: machine.history, diverged: machine.diverged };
}

await answerAll(([what, argument]) => ASK[what](argument));
