// Which of the stored results are shown: twins of l0lib/widgets/ratio.py.

const FLOOR = 1e-4; // the share of a layer at which its bar begins

/** The entry of `list` nearest to `x` on a logarithmic scale; the first of two equally near. */
export const nearest = (list, x) => list.reduce((a, b) => (Math.abs(Math.log(b / x)) < Math.abs(Math.log(a / x)) ? b : a));

/** Length of a bar for `share` kept: 0 at one in ten thousand or less, 1 at everything, logarithmic between. */
export const length = (share) => (share > FLOOR ? 1 - Math.log10(share) / Math.log10(FLOOR) : 0);

/** What is stored for the reader's choice, at the stored ratio nearest to the reader's. */
export function compute(v, stored) {
  const chosen = (arm) => stored.facets.every((f) => arm.choices[f] === v[f]);
  const arm = stored.arms.find(chosen) ?? null;
  const others = stored.arms.filter((a) => a !== arm && stored.facets.slice(1).every((f) => a.choices[f] === v[f]));
  if (!arm) return { arm: null, others };
  const asked = nearest([...arm.before.requested, ...arm.after.requested].sort((a, b) => a - b), v.ratio);
  const at = Object.fromEntries(["before", "after"].map((stage) => [stage, arm[stage].requested.indexOf(asked)]));
  const shown = at[v.stage] >= 0 ? v.stage : v.stage === "before" ? "after" : "before";
  const of = (stage) => (at[stage] < 0 ? null : Object.fromEntries(Object.entries(arm[stage]).map(([k, list]) => [k, list[at[stage]]])));
  return { arm, others, asked, shown, before: of("before"), after: of("after") };
}
