// The formulas that a reader types: read by mathjs into a tree, which is worked out and drawn here. Nothing is compiled.
import { create, parseDependencies } from "mathjs/number";

const { parse } = create({ parseDependencies });

/** Names of the Greek letters that the book uses; a reader may type the letter or the name. */
export const GREEK = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", zeta: "ζ", eta: "η", theta: "θ", kappa: "κ", lambda: "λ", mu: "μ",
  nu: "ν", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", omega: "ω",
};
const LETTERS = Object.fromEntries([...Object.entries(GREEK).map(([name, letter]) => [letter, name]), ["ϵ", "epsilon"], ["ϑ", "theta"], ["ϕ", "phi"], ["µ", "mu"]]);
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹", LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const CONSTANTS = { e: Math.E, pi: Math.PI };

/** Lambert's W, the solution w >= -1 of w e^w = x. */
export function lambertW(x) {
  if (!(x >= -1 / Math.E)) return NaN;
  if (x === 0 || x === Infinity) return x;
  let w = x < -0.3 ? -1 + Math.sqrt(Math.max(0, 2 * (1 + Math.E * x))) : x < 2 ? Math.log1p(x) * 0.8 : Math.log(x) - Math.log(Math.log(x) + 1);
  for (let i = 0; i < 60; i++) {
    const e = Math.exp(w), gap = w * e - x, slope = e * (w + 1);
    if (slope === 0) break;
    const step = gap / (slope - ((w + 2) * gap) / (2 * w + 2));
    w -= step;
    if (Math.abs(step) <= 1e-16 * (1 + Math.abs(w))) break;
  }
  return w;
}

/** What a formula may call, with the number of arguments (null: any number from two on). */
export const FUNCTIONS = {
  exp: [1, Math.exp], log: [1, (x) => (x < 0 ? NaN : Math.log(x))], sqrt: [1, Math.sqrt], abs: [1, Math.abs], sign: [1, Math.sign],
  log2: [1, Math.log2], log10: [1, Math.log10], tanh: [1, Math.tanh], floor: [1, Math.floor], ceil: [1, Math.ceil], W: [1, lambertW],
  max: [null, Math.max], min: [null, Math.min],
};
const OTHER_NAMES = { ln: "log", sgn: "sign", lb: "log2", lg: "log10", lambertw: "W", LambertW: "W", lambertW: "W", sqr: "sqrt" };
const OPERATORS = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b, pow: (a, b) => a ** b,
  unaryMinus: (a) => -a, unaryPlus: (a) => a, unaryPercentage: (a) => a / 100,
};

/** An error whose message is meant for the reader. */
export class Unreadable extends Error {}

/** Bars around a magnitude become abs(...): a bar that follows an operand closes, any other opens. */
function magnitudes(text) {
  if ((text.match(/\|/g)?.length ?? 0) % 2) throw new Unreadable("A bar of |…| has no partner.");
  let made = "";
  for (const c of text) {
    if (c !== "|") made += c;
    else made += /[\w)%!]$/.test(made.trimEnd()) && (made.match(/\uE000/g)?.length ?? 0) > (made.match(/\uE001/g)?.length ?? 0) ? "\uE001)" : " abs(\uE000";
  }
  return made.replace(/[\uE000\uE001]/g, "");
}

/** Pasted TeX, in the signs that are typed: fractions, roots, braces and names. */
function untex(text) {
  let t = text.replace(/\\[lr]?vert(?![a-z])/g, "|").replace(/\\(left|right|[,;! ])/g, "").replace(/\\(cdot|times)(?![a-z])/g, "*");
  t = t.replace(/\\(operatorname|mathrm|text)\s*\{(\w+)\}/g, " $2");
  for (let last = ""; last !== t; ) {
    last = t; // from the inside out
    t = t.replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))").replace(/\\sqrt\s*\{([^{}]*)\}/g, "sqrt($1)").replace(/\^\s*\{([^{}]*)\}/g, "^($1)");
  }
  return t.replace(/\\/g, " ");
}

/** What is typed, in the signs that mathjs reads. */
export function plain(text) {
  let t = text.normalize("NFC").replace(/[\u2212\u2013]/g, "-").replace(/[·×⋅∙]/g, "*").replace(/[÷∕]/g, "/").replace(/\*\*/g, "^").replace(/√\s*/g, "sqrt ");
  t = untex(t).replace(/ℓ/g, "l");
  t = t.replace(new RegExp(`[${RAISED}]+`, "g"), (found) => `^${[...found].map((c) => RAISED.indexOf(c)).join("")}`).replace(/⁻\^/g, "^-");
  t = t.replace(new RegExp(`_?\\{?([${LOWERED}])\\}?`, "g"), (_, c) => String(LOWERED.indexOf(c))).replace(/_\{?(\w+)\}?/g, "$1");
  // letters side by side are a product; a digit behind a letter belongs to its name
  t = t.replace(new RegExp(`([${Object.keys(LETTERS).join("")}])(\\d*)`, "g"), (_, letter, digits) => ` ${LETTERS[letter]}${digits} `);
  t = t.replace(/\bsqrt +(\w+)/g, "sqrt($1)");
  if (/^\s*[-+]?\d+,\d+\s*$/.test(t)) t = t.replace(",", "."); // a decimal comma, where nothing else can be meant
  return magnitudes(t);
}

/** The tree of a formula in the names `symbols`; throws `Unreadable` with what is wrong. */
export function read(text, symbols) {
  let tree;
  try {
    tree = parse(plain(text));
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const place = /\(char (\d+)\)/.exec(error.message);
    const what = error.message.replace(/\s*\(char \d+\)/, "").replace(/^\w/, (c) => c.toLowerCase());
    throw new Unreadable(`This is no whole formula yet: ${what}${place ? `, at sign ${place[1]}` : ""}.`);
  }
  return known(tree, symbols);
}

/** The tree in our own terms: {number}, {symbol}, {constant}, {call, of}, {op, of}. */
function known(node, symbols) {
  const of = (nodes) => nodes.map((n) => known(n, symbols));
  const told = symbols.length ? ` Here you can use ${symbols.map((s) => GREEK[s] ?? s).join(", ")}.` : "";
  switch (node.type) {
    case "ParenthesisNode": return known(node.content, symbols);
    case "ConstantNode":
      if (typeof node.value !== "number") break;
      return { number: node.value };
    case "SymbolNode":
      if (symbols.includes(node.name)) return { symbol: node.name };
      if (node.name in CONSTANTS) return { constant: node.name };
      if ((OTHER_NAMES[node.name] ?? node.name) in FUNCTIONS) throw new Unreadable(`${node.name} needs brackets: ${node.name}(…).`);
      throw new Unreadable(`What is ${node.name}?${told}`);
    case "FunctionNode": {
      const name = node.fn.name, called = OTHER_NAMES[name] ?? name;
      if (symbols.includes(name) && node.args.length === 1) return { op: "multiply", of: [{ symbol: name }, known(node.args[0], symbols)] };
      if (!Object.hasOwn(FUNCTIONS, called)) throw new Unreadable(`What is ${name}(…)?${told}`);
      const [count] = FUNCTIONS[called];
      if (count === null ? node.args.length < 2 : node.args.length !== count) throw new Unreadable(`${name} takes ${count === null ? "two numbers or more" : "one number"}.`);
      return { call: called, of: of(node.args) };
    }
    case "OperatorNode":
      if (Object.hasOwn(OPERATORS, node.fn)) return { op: node.fn, of: of(node.args) };
  }
  throw new Unreadable("Only numbers, symbols, + − · / ^, brackets and functions are read here.");
}

/** The value of a tree where the symbols have `values`. */
export function value(tree, values) {
  if ("number" in tree) return tree.number;
  if ("symbol" in tree) return values[tree.symbol];
  if ("constant" in tree) return CONSTANTS[tree.constant];
  const of = tree.of.map((part) => value(part, values));
  return tree.call ? FUNCTIONS[tree.call][1](...of) : OPERATORS[tree.op](...of);
}

const RANK = { add: 1, subtract: 1, multiply: 2, divide: 4, unaryMinus: 2, unaryPlus: 2, pow: 3, unaryPercentage: 4 };
const rank = (tree) => ("number" in tree ? (tree.number < 0 ? 1 : 5) : tree.op ? RANK[tree.op] : tree.call === "exp" ? 3 : 5);

/** The MathML of a tree; `make(tag, ...children)` makes an element. */
export function draw(tree, make) {
  const row = (...parts) => make("mrow", ...parts), sign = (text) => make("mo", text);
  const inside = (part, least) => (rank(part) < least ? row(sign("("), draw(part, make), sign(")")) : draw(part, make));
  const list = (parts) => parts.flatMap((part, i) => (i ? [sign(","), draw(part, make)] : [draw(part, make)]));
  if ("number" in tree) {
    const [mantissa, power] = String(tree.number).split("e");
    const shown = make("mn", mantissa.replace("-", "−").replace(/^−?\d{5,}$/, (n) => n.replace(/\B(?=(\d{3})+$)/g, ",")));
    return power ? row(shown, sign("·"), make("msup", make("mn", "10"), make("mn", power.replace("+", "").replace("-", "−")))) : shown;
  }
  if ("symbol" in tree) return name(tree.symbol, make);
  if ("constant" in tree) return make("mi", tree.constant === "pi" ? "π" : "e");
  const [a, b] = tree.of;
  if (tree.call === "abs") return row(sign("|"), draw(a, make), sign("|"));
  if (tree.call === "sqrt") return make("msqrt", draw(a, make));
  if (tree.call === "exp") return make("msup", make("mi", "e"), draw(a, make));
  if (tree.call === "floor") return row(sign("⌊"), draw(a, make), sign("⌋"));
  if (tree.call === "ceil") return row(sign("⌈"), draw(a, make), sign("⌉"));
  if (tree.call) {
    const head = /^log(2|10)$/.exec(tree.call);
    const f = head ? make("msub", make("mi", "log"), make("mn", head[1])) : make("mi", tree.call === "log" ? "ln" : tree.call);
    return row(f, row(sign("("), ...list(tree.of), sign(")")));
  }
  switch (tree.op) {
    case "add": return row(inside(a, 1), sign("+"), inside(b, 2));
    case "subtract": return row(inside(a, 1), sign("−"), inside(b, 2));
    case "multiply": return row(inside(a, 2), sign(rank(b) >= 3 && !("number" in b) ? "\u2062" : "·"), inside(b, b.op === "unaryMinus" ? 3 : 2));
    case "divide": return make("mfrac", draw(a, make), draw(b, make));
    case "pow": return make("msup", inside(a, 5), draw(b, make));
    case "unaryPercentage": return row(inside(a, 4), sign("%"));
    default: return row(sign(tree.op === "unaryMinus" ? "−" : "+"), inside(a, 2));
  }
}

/** A symbol: Greek by letter, what follows its first part as an index (w0, alpha2, alpha_l0). */
function name(symbol, make) {
  const [, head, index] = /^([a-zA-Z]+?)(\d+|l[02]|max|min)?$/.exec(symbol) ?? [null, symbol];
  const letter = make("mi", GREEK[head] ?? head);
  return index ? make("msub", letter, /\d/.test(index) && !/l/.test(index) ? make("mn", index) : make("mi", index.replace("l", "ℓ"))) : letter;
}
