// What the playground says in words, all of it from one and the same state of its machine.
import { shows } from "./machine.js";
import { defaults } from "./settings.js";
import { STORIES } from "./stories.js";

const LABEL = { none: "no penalty", l2: "ℓ2", l1: "ℓ1", l0: "ℓ0", "l2+l0": "ℓ2+ℓ0" };
export const percent = (x) => (x === null ? "diverged" : `${(100 * x).toFixed(1)} %`);
const name = (machine, arm) => LABEL[machine.values[`${arm}_penalty`]];

/**
 * One network as the picture shows it, and what is counted on it: {net, accuracy, own, below, weights, left, total}; `own`
 * is the test accuracy of the network itself, where the picture shows it pruned.
 */
export function read(machine, arm) {
  if (machine.diverged[arm]) return { net: null, accuracy: null, own: null };
  const net = machine.preview(arm), { threshold } = machine.values, accuracy = machine.tested(net);
  let below = 0, weights = 0, left = 0;
  for (const layer of net.layers)
    for (let i = layer.w; i < layer.end; i++) {
      if (net.p[i] !== 0) left++;
      if (i < layer.b) { weights++; if (Math.abs(net.p[i]) < threshold) below++; }
    }
  const own = net === machine.nets[arm] ? accuracy : machine.tested(machine.nets[arm]);
  return { net, accuracy, own, below, weights, left, total: net.p.length };
}

function stage(machine, arm, net) {
  const { cut, values, step } = machine, tuned = cut && step > cut.step;
  if (net && net !== machine.nets[arm]) return `${tuned ? ", fine-tuned" : ""}, pruned ${values.ratio}×`;
  return cut ? `, pruned ${cut.ratio}×${tuned ? ", fine-tuned" : ""}` : "";
}

/** What is said of one network, {title, numbers}; `seen` is what `read` found. */
export function ofNetwork(machine, arm, seen) {
  const title = `${name(machine, arm)}${stage(machine, arm, seen.net)}`;
  if (!seen.net) return { title, numbers: `Diverged at step ${machine.step}. Lower the learning rate or α, then Restart.` };
  return { title, numbers: `Test accuracy ${percent(seen.accuracy)}; ${seen.below} of ${seen.weights} weights below ${machine.values.threshold}; ${seen.left} of ${seen.total} parameters are not zero.` };
}

/** The guided scene that the machine is in: as the scene set it up, and nothing but training since. */
export function sceneOf(machine) {
  const acts = (values) => Object.entries(values).filter(([key]) => !shows(key) || key.endsWith("_way"));
  return STORIES.find((s) => machine.story.length === 0 && acts({ ...defaults(), ...s.values }).every(([key, value]) => machine.first[key] === value));
}

/** One or two sentences of what is to be seen just now; `seen` is what `read` found of each network. */
export function ofMoment(machine, seen, playing) {
  const { cut, step } = machine, scene = sceneOf(machine);
  if (cut) {
    const way = (arm) => [cut.whole[arm], cut.pruned[arm], ...(step > cut.step ? [seen[arm].own] : [])].map(percent).join(" → ");
    const done = step > cut.step ? `then fine-tuned for ${step - cut.step} steps (whole → pruned → now)` : "not yet fine-tuned (whole → pruned)";
    return `Pruned ${cut.ratio}× at step ${cut.step}, ${done}. Test accuracy of A: ${way("a")}; of B: ${way("b")}.`;
  }
  if (scene) return step < scene.steps ? scene.watch : scene.say;
  const who = `Network A is under ${name(machine, "a")}, network B under ${name(machine, "b")}.`;
  if (playing) return `${who} Both see the same examples, step by step.`;
  if (step === 0) return `${who} Both start from the same weights: press Play.`;
  return `${who} Training has paused: the curve has every ratio, and the slider shows both networks at one of them.`;
}

/** How far training has come. */
export function ofSteps(machine) {
  const perEpoch = Math.ceil(machine.data.y.length / machine.values.batch);
  return `Step ${machine.step}, epoch ${Math.floor(machine.step / perEpoch)}`;
}
