// What is read at a point of the map of alpha and beta: twins of l0lib/chapters/alpha_beta_map.py.
import { short } from "./numbers.js";

const CHANCE = 85, LEVEL = 1, LIMITED = 0.9;

const mean = (list) => list.reduce((s, x) => s + x, 0) / list.length;

/** The mean error of the networks without an l0 term in percent, or null. */
export const denseError = (stored) => (stored.dense.length ? (100 * mean(stored.dense)) / stored.images : null);

/** Mean errors in percent: of the whole network, and at every ratio. */
export const errorsOf = (stored, run) => [run.whole, ...stored.ratios.map((_, i) => run.pruned.map((seed) => seed[i]))].map((column) => (100 * mean(column)) / stored.images);

function highest(stored, errors) {
  const dense = denseError(stored);
  if (dense === null) return null;
  return [1, ...stored.ratios].reduce((best, r, i) => (errors[i] <= dense + LEVEL + 1e-9 ? Math.max(best, r) : best), 0);
}

/** The edges of the bin that holds the smallest of the kept weights. */
function threshold(stored, run, place) {
  const kept = run.kept[place];
  if (!kept) return null;
  let bin = run.magnitudes.length, left = 0;
  while (left < kept) left += run.magnitudes[--bin];
  const low = stored.first_edge + stored.bin * bin;
  return [10 ** low, 10 ** (low + stored.bin)];
}

/** What was predicted at a point and, where it was run, what happened. */
export function readAt(stored, alpha, beta, ratio) {
  const point = stored.points[stored.betas.indexOf(beta)][stored.alphas.indexOf(alpha)], { run } = point;
  const band = [stored.rate, stored.last_rate].map((rate) => rate * alpha * beta);
  const ahead = { alpha, beta, ratio, reach: point.reach, predicted: point.predicted, band };
  if (!run) return { ...ahead, seeds: [], whole: null, error: null, highest: null, dead: null, threshold: null, lost: false };
  const errors = errorsOf(stored, run);
  return {
    ...ahead, seeds: run.seeds, whole: errors[0], error: errors[[1, ...stored.ratios].indexOf(ratio)],
    highest: highest(stored, errors), dead: mean(run.dead),
    threshold: ratio === 1 ? null : threshold(stored, run, stored.ratios.indexOf(ratio)), lost: errors[0] >= CHANCE,
  };
}

export const percent = (share) => `${Math.min(100 * share, share === 1 ? 100 : 99.9).toFixed(1)} %`;
export const atChance = (error) => error !== null && error >= CHANCE;

const highestWords = (ratio) => (ratio === 0 ? "Not even the whole network is within a point of the dense one"
  : ratio === 1 ? "At no ratio tried is it within a point of the dense network" : `Up to ${short(ratio)}× it is within a point of the dense network`);
const swing = ([first, last], cut) => (first < cut ? "lies below the cut in every step" : `begins above the cut and is ${last < cut ? "below" : "above"} it in the last epoch`);

/** A reading as a few sentences. */
export function words(r) {
  const told = `At α = ${short(r.alpha)} and β = ${short(r.beta)}`;
  const ahead = `the reach is ${short(r.reach, 2)}, with ${percent(r.predicted)} of the first weights within`;
  if (r.whole === null) return `${told} no network is trained yet; ${ahead}.`;
  const seeds = `${r.seeds.length} seed${r.seeds.length > 1 ? "s" : ""}`;
  if (r.lost) return `${told} the network is at chance level: it errs on ${r.whole.toFixed(2)} % before pruning (${seeds}). The penalty took what the task needs. Dead are ${percent(r.dead)} of the weights; ${ahead}.`;
  const pruned = r.ratio > 1 ? `, and on ${r.error.toFixed(2)} % pruned ${short(r.ratio)}×` : "";
  const sentences = [`${told} the network errs on ${r.whole.toFixed(2)} % before pruning${pruned}${atChance(r.error) ? ", which is chance level" : ""} (${seeds}).`];
  if (r.highest !== null) sentences.push(`${highestWords(r.highest)}.`);
  sentences.push(`Dead are ${percent(r.dead)} of the weights; ${ahead}: ${r.predicted >= LIMITED ? "the loss decides which of them live" : "the others begin too far away to die"}.`);
  if (r.threshold) sentences.push(`The swing band ηαβ ${swing(r.band, r.threshold[0])}.`);
  return sentences.join(" ");
}

/** The least mean error of a network before pruning, in percent, at least one wrong answer: where the colours begin. */
export function leastError(stored) {
  const runs = stored.points.flat().map((p) => p.run).filter(Boolean);
  if (!runs.length) return 1;
  return Math.max(Math.min(...runs.map((run) => (100 * mean(run.whole)) / stored.images)), 100 / stored.images);
}

/** How strongly a value is coloured, from 0 to 1: the better, or the more dead weights, the stronger. */
export function strength(stored, colour, value, least = leastError(stored)) {
  if (colour === "dead") return value;
  if (colour === "ratio") return value ? Math.log(value) / Math.log(stored.ratios.at(-1)) : 0;
  return Math.max(0, 1 - Math.log(Math.max(value, least) / least) / Math.log(CHANCE / least));
}

const SHOWN = { error: "error", ratio: "highest", dead: "dead" };

/** Every cell of the map, row by row of beta. */
export function cellsOf(v, stored) {
  const least = leastError(stored);
  return stored.betas.map((beta) => stored.alphas.map((alpha) => {
    const r = readAt(stored, alpha, beta, v.ratio), value = r[SHOWN[v.colour]];
    const chance = r.lost || (v.colour === "error" && atChance(r.error));
    return { run: r.whole !== null, lost: r.lost, chance, value, strength: value === null ? 0 : strength(stored, v.colour, value, least) };
  }));
}

/** The readings of the one or two points. */
export function readings(v, stored) {
  const points = [[v.alpha, v.beta], ...(v.compare ? [[v.alpha_2, v.beta_2]] : [])];
  return points.map(([alpha, beta]) => readAt(stored, alpha, beta, v.ratio));
}
