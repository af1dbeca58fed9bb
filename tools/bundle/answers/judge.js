// Whether an answer holds: compared with the right one at points of its domain, edges and both signs included.
import { GREEK, Unreadable, read, value } from "./language.js";

/** A small generator of numbers in [0, 1) from a seed (mulberry32), so that a draw can be had again. */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const names = (exercise) => Object.keys(exercise.symbols);

/** The values of a number exercise: those of seed 0 are the ones printed, the first of each list. */
export function drawn(exercise, seed) {
  const next = chance(seed);
  const pick = (values) => values[seed === 0 ? 0 : Math.floor(next() * values.length)];
  return Object.fromEntries(names(exercise).map((name) => [name, pick(exercise.symbols[name].values)]));
}

/** Points of a formula's domain: at random, evenly in the logarithm where a range is wide, and each edge in turn. */
export function points(exercise, seed = 1, count = 40) {
  const next = chance(seed), symbols = exercise.symbols, found = [];
  const conditions = (exercise.where ?? []).map((text) => read(text, names(exercise)));
  const one = ({ from, to, values, whole }) => {
    if (values) return values[Math.floor(next() * values.length)];
    const wide = from > 0 && to / from > 20;
    const x = wide ? from * (to / from) ** next() : from + (to - from) * next();
    return whole ? Math.round(x) : x;
  };
  const all = () => Object.fromEntries(names(exercise).map((name) => [name, one(symbols[name])]));
  const keep = (point) => {
    const left = names(exercise).every((name) => !symbols[name].not?.includes(point[name]));
    if (left && conditions.every((tree) => value(tree, point) > 0)) found.push(point);
  };
  for (let tries = 0; found.length < count && tries < 50 * count; tries++) keep(all());
  for (const name of names(exercise)) {
    const { from, to, values, edges = [] } = symbols[name];
    const special = values ?? [from, to, ...(from < 0 && to > 0 ? [0] : []), ...edges];
    for (const at of special) for (let i = 0; i < 6; i++) keep({ ...all(), [name]: at });
    if (!values && from < 0 && to > 0) for (let i = 0; i < 6; i++) keep((({ [name]: x, ...rest }) => ({ ...rest, [name]: -x }))(all()));
  }
  return found;
}

const same = (a, b, tolerance, floor) => Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), floor);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const letter = (name) => GREEK[name] ?? name;
const short = (x) => String(Number(x.toPrecision(4))).replace("-", "−");
const told = (point) => Object.entries(point).map(([name, x]) => `${letter(name)} = ${short(x)}`).join(", ");

/** Parts of the domain that can be named: a sign, an edge, and the cases that the exercise itself tells of. */
function parts(exercise) {
  const found = (exercise.cases ?? []).map(({ where, says }) => {
    const tree = read(where, names(exercise));
    return [says, (point) => value(tree, point) > 0];
  });
  for (const [name, { from, to, values, edges = [] }] of Object.entries(exercise.symbols)) {
    if (values) continue;
    if (from < 0 && to > 0) found.push([`${letter(name)} < 0`, (p) => p[name] < 0], [`${letter(name)} > 0`, (p) => p[name] > 0], [`${letter(name)} ≤ 0`, (p) => p[name] <= 0], [`${letter(name)} ≥ 0`, (p) => p[name] >= 0], [`${letter(name)} ≠ 0`, (p) => p[name] !== 0]);
    for (const at of new Set([0, from, to, ...edges])) found.push([`${letter(name)} = ${short(at)}`, (p) => p[name] === at]);
  }
  return found;
}

/** What is to be said of an answer: {kind, says}; kind is empty, unreadable, right, except, slip or wrong. */
export function judge(exercise, text, seed = 0) {
  if (!text.trim()) return { kind: "empty", says: "No answer yet: type one first." };
  let tree;
  try {
    tree = read(text, exercise.kind === "formula" ? names(exercise) : []);
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "unreadable", says: error.message };
    throw error;
  }
  return exercise.kind === "formula" ? judgeFormula(exercise, tree, seed) : judgeNumber(exercise, tree, seed);
}

function judgeFormula(exercise, tree, seed) {
  const right = read(exercise.answer, names(exercise));
  const at = points(exercise, seed + 1).map((point) => ({ point, want: value(right, point), got: value(tree, point) })).filter((p) => Number.isFinite(p.want));
  const floor = 1e-6 * median(at.map((p) => Math.abs(p.want)));
  const equal = (a, b) => same(a, b, exercise.tolerance, floor);
  const bad = at.filter((p) => !equal(p.got, p.want)), good = at.filter((p) => equal(p.got, p.want));
  if (!bad.length) return { kind: "right", says: "Right." };
  // where both are as good as zero nothing is told: such a point may lie in the part that is wrong
  const above = good.filter((p) => Math.abs(p.want) > floor), sure = above.length ? above : good;
  const part = good.length ? parts(exercise).find(([, holds]) => bad.every((p) => holds(p.point)) && !sure.some((p) => holds(p.point))) : undefined;
  const except = part ? `Right except where ${part[0]}. ` : "";
  for (const slip of exercise.slips) {
    const other = read(slip.answer, names(exercise));
    if (at.every((p) => { const v = value(other, p.point); return Number.isFinite(v) ? equal(p.got, v) : !Number.isFinite(p.got); })) return { kind: part ? "except" : "slip", says: except + slip.says };
  }
  if (part) return { kind: "except", says: except.trim() };
  const lost = bad.find((p) => !Number.isFinite(p.got));
  if (lost) return { kind: "wrong", says: `Your formula has no value at ${told(lost.point)}.` };
  if (at.every((p) => equal(-p.got, p.want))) return { kind: "slip", says: "Look at the sign: yours is the opposite everywhere." };
  const bigger = at.filter((p) => Math.abs(p.want) > floor), ratio = bigger[0].got / bigger[0].want;
  if (ratio !== 0 && at.every((p) => equal(p.got, ratio * p.want))) return { kind: "slip", says: `Look for a factor: yours is ${short(ratio)} times the right one everywhere.` };
  const gap = at[0].got - at[0].want;
  if (at.every((p) => equal(p.got, p.want + gap))) return { kind: "slip", says: `Look for a term: yours differs by ${short(gap)} everywhere.` };
  const worst = bad[0];
  return { kind: "wrong", says: `Not this. At ${told(worst.point)} yours is ${short(worst.got)}, and it should be ${short(worst.want)}.` };
}

function judgeNumber(exercise, tree, seed) {
  const values = drawn(exercise, seed), got = value(tree, {});
  const of = (text) => value(read(text, names(exercise)), values);
  const equal = (a, b) => same(a, b, exercise.tolerance, 1e-12);
  const want = of(exercise.answer);
  if (!Number.isFinite(got)) return { kind: "wrong", says: "That is no finite number." };
  if (equal(got, want)) return { kind: "right", says: `Right: it is ${short(want)}.` };
  for (const slip of exercise.slips) if (equal(got, of(slip.answer))) return { kind: "slip", says: slip.says };
  if (equal(-got, want)) return { kind: "slip", says: "Look at the sign." };
  const power = Math.round(Math.log10(Math.abs(got / want)));
  if (power && Number.isFinite(power) && equal(got, want * 10 ** power)) return { kind: "slip", says: "The digits are right, the power of ten is not." };
  if (same(got, want, 10 * exercise.tolerance, 1e-12)) return { kind: "wrong", says: "Close, but not close enough: keep more digits on the way." };
  return { kind: "wrong", says: got < want ? "Not this: it is too small." : "Not this: it is too large." };
}
