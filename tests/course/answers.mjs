// Answers judged as the page does. Reads {"judge": [[exercise, text, seed], ...], "points": [[exercise, seed], ...],
// "read": [[text, symbols, values], ...]} from standard input, and writes what came of each.
import fs from "node:fs";
import { drawn, judge, points } from "../../tools/bundle/answers/judge.js";
import { draw, read, value } from "../../tools/bundle/answers/language.js";

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const make = (tag, ...children) => `<${tag}>${children.join("")}</${tag}>`;
function at(exercise, seed) {
  const right = read(exercise.answer, Object.keys(exercise.symbols));
  const found = exercise.kind === "formula" ? points(exercise, seed) : [drawn(exercise, seed)];
  return found.map((point) => [point, value(right, point)]);
}
function tried(text, symbols, values) {
  try {
    const tree = read(text, symbols);
    return { value: value(tree, values), drawn: draw(tree, make) };
  } catch (error) {
    return { error: error.message };
  }
}
process.stdout.write(JSON.stringify({
  judge: (asked.judge ?? []).map((one) => judge(...one)),
  points: (asked.points ?? []).map((one) => at(...one)),
  read: (asked.read ?? []).map((one) => tried(...one)),
}));
