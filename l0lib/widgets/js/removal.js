// What removing units leaves of every layer: twins of l0lib/compress/blueprint.py and l0lib/widgets/removal.py.

const KEEP = 1;

/** The units of each family that go: a share of each, smallest norms first, then those that the reader has toggled. */
export function removedUnits(plan, share, toggled) {
  const gone = plan.norms.map((norms) => {
    const order = norms.map((_, i) => i).sort((a, b) => norms[a] - norms[b] || a - b);
    return new Set(order.slice(0, Math.min(Math.floor(share * norms.length + 1e-9), norms.length - KEEP)));
  });
  for (const [family, unit] of toggled) if (!gone[family].delete(unit)) gone[family].add(unit);
  return gone;
}

/** Whether the reader may toggle this unit: the last one of a family stays. */
export const mayToggle = (plan, gone, family, unit) => gone[family].has(unit) || gone[family].size < plan.norms[family].length - KEEP;

/** {outputs, inputs, parameters, adds} of each layer once the units `gone` are removed. */
export function sizes(plan, gone) {
  const left = plan.norms.map((norms, f) => norms.length - gone[f].size);
  return plan.layers.map((l) => {
    const outputs = l.writes < 0 ? l.outputs : left[l.writes];
    const inputs = l.reads < 0 || l.kind === "norm" ? l.inputs : left[l.reads] * l.each;
    const pairs = outputs * inputs;
    return { outputs, inputs, parameters: pairs * l.kernel + outputs * l.bias, adds: pairs * l.uses };
  });
}

const sum = (list, key) => list.reduce((s, x) => s + x[key], 0);

/** Everything the view shows: the units that go, the sizes before and after, and the totals. */
export function remove(plan, share, toggled) {
  const gone = removedUnits(plan, share, toggled), none = plan.norms.map(() => new Set());
  const before = sizes(plan, none), after = sizes(plan, gone), units = plan.norms.reduce((s, n) => s + n.length, 0);
  return {
    gone, before, after, units,
    unitsLeft: units - gone.reduce((s, g) => s + g.size, 0),
    parameters: [sum(before, "parameters"), sum(after, "parameters")],
    adds: [sum(before, "adds"), sum(after, "adds")],
  };
}
