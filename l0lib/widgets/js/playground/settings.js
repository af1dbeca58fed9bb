// The playground's settings: settings.json says what there is, this file which values each one can take.
import table from "../../../playground/settings.json" with { type: "json" };

const ARMS = ["a", "b"];

/** Every setting by its name; those of an arm stand twice, as a_beta and b_beta. */
export const SETTINGS = new Map(table.flatMap((s) =>
  s.arm ? ARMS.map((arm, i) => [`${arm}_${s.name}`, { ...s, key: s.name, arm, default: s.default[i] }])
    : [[s.name, { ...s, key: s.name }]]));

const rounded = (x) => Number(x.toPrecision(3));

/** The values a logarithmic slider holds: `each` of them a decade, to three digits, both ends included. */
export function ladder({ min, max, each }) {
  const steps = Math.round(Math.log10(max / min) * each);
  return Array.from({ length: steps + 1 }, (_, i) => rounded(min * 10 ** (i / each)));
}

/** The rung nearest to `x` on a logarithmic scale. */
export function nearestRung(s, x) {
  const rungs = ladder(s), at = Math.round(Math.log10(x / s.min) * s.each);
  return rungs[Math.min(rungs.length - 1, Math.max(0, at))];
}

/** The value that a setting takes for `value`, a number or a text; undefined if it can take none such. */
export function parse(name, value) {
  const s = SETTINGS.get(name);
  if (!s) return undefined;
  const text = String(value), number = text.trim() === "" ? NaN : Number(text);
  switch (s.kind) {
    case "choice": return s.values.find((v) => String(v) === text);
    case "check": return { true: true, false: false }[text];
    case "whole": return Number.isInteger(number) && number >= s.min && number <= s.max ? number : undefined;
    case "linear": {
      const near = Math.round((number - s.min) / s.step) * s.step + s.min;
      return number >= s.min && number <= s.max && Math.abs(near - number) < 1e-9 ? rounded(near) : undefined;
    }
    case "log": {
      const near = nearestRung(s, number);
      return number > 0 && Math.abs(near / number - 1) < 1e-6 ? near : undefined;
    }
    case "units": {
      const units = text.split("-").map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
      return units.length <= s.most && units.every((n) => n >= s.min && n <= s.max) ? units.join("-") : undefined;
    }
  }
  return undefined;
}

/** What can be said of a value that is refused. */
export function rule(name) {
  const s = SETTINGS.get(name);
  if (!s) return `there is no setting ${name}`;
  if (s.kind === "choice") return `${name} must be one of ${s.values.join(", ")}`;
  if (s.kind === "check") return `${name} must be true or false`;
  if (s.kind === "units") return `${name} must be 1 to ${s.most} layers of ${s.min} to ${s.max} units, such as 16-16`;
  const kind = s.kind === "log" ? `a value of its slider from` : s.kind === "whole" ? "a whole number from" : `a multiple of ${s.step} from`;
  return `${name} must be ${kind} ${s.min} to ${s.max}`;
}

export const defaults = () => Object.fromEntries([...SETTINGS].map(([name, s]) => [name, s.default]));

/** The penalty of one arm as factors (network.js); terms that it has not are missing. */
export function penaltyOf(values, arm) {
  const kind = values[`${arm}_penalty`], has = (term) => kind.split("+").includes(term), factors = {};
  for (const term of ["l2", "l1", "l0"]) if (has(term)) factors[term] = values[`${arm}_${term}`];
  if (has("l0")) factors.beta = values[`${arm}_beta`];
  return factors;
}
