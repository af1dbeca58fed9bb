// stdin: [[function, [arguments]], ...]; stdout: the results, with NaN and infinities as text.
import * as F from "../../l0lib/widgets/js/formulas.js";

const encode = (x) =>
  typeof x === "number" ? (Number.isFinite(x) ? x : String(x))
  : x === null || typeof x === "string" || typeof x === "boolean" ? x
  : ArrayBuffer.isView(x) || Array.isArray(x) ? Array.from(x, encode)
  : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, encode(v)]));

let text = "";
for await (const chunk of process.stdin) text += chunk;
const answers = JSON.parse(text).map(([name, many]) => many.map((values) => F[name](...values)));
console.log(JSON.stringify(encode(answers)));
