// Exercises of a page whose answer is a formula or a number: the forms that the page holds begin to answer.
// A form tells of an answer and takes one back as the boxes of quiz.js do: `l0:answered` with `{id, kind: "exercise",
// value: {text, seed}, right}`, `l0:restore`, `l0:clear`, `data-answered`.
import { GREEK, Unreadable, draw, read } from "./language.js";
import { drawn, judge } from "./judge.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";

function element(tag, ...children) {
  const made = document.createElementNS(MATHML, tag);
  made.append(...children);
  return made;
}

/** How a symbol is written: by its name, or as its description says ("t_d" has an index). */
function written(exercise, name) {
  const [head, index] = (exercise.symbols[name].shown ?? "").split("_");
  if (!head) return draw({ symbol: name }, element);
  return index ? element("msub", element("mi", head), element("mi", index)) : element("mi", head);
}
const spoken = (exercise, name) => exercise.symbols[name].shown?.replace("_", "") ?? GREEK[name] ?? name;

/** "η = 0.05, β = 10", as formulas. */
function given(exercise, values) {
  return Object.entries(values).flatMap(([name, x], i) => [i ? ", " : "", element("math", written(exercise, name), element("mo", "="), draw({ number: x }, element))]);
}

function live(form, exercise) {
  const field = form.querySelector("input"), shown = form.querySelector(".l0-typed"), said = form.querySelector("[role=status]");
  const again = form.querySelector(".l0-again");
  const list = [...document.getElementById(form.dataset.for).querySelectorAll("p")].find((p) => p.textContent.startsWith("Given:"));
  const symbols = exercise.kind === "formula" ? Object.keys(exercise.symbols) : [];
  let seed = 0;
  const say = (kind, text) => {
    form.dataset.verdict = kind;
    said.textContent = text;
    field.setAttribute("aria-invalid", String(["unreadable", "empty"].includes(kind)));
  };
  const typed = () => {
    shown.replaceChildren();
    if (!field.value.trim()) return;
    try {
      const tree = read(field.value, symbols);
      shown.append(element("math", draw(tree, element)));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      shown.append(error.message);
    }
  };
  const put = (to) => {
    seed = to;
    if (exercise.kind === "number") list?.replaceChildren("Given: ", ...given(exercise, drawn(exercise, seed)), ".");
  };
  const answered = (verdict) => {
    form.dataset.answered = verdict.kind === "right" ? "right" : "wrong";
  };
  const forget = () => {
    field.value = "";
    delete form.dataset.answered;
    put(0);
    typed();
    say("", "");
  };
  form.addEventListener("l0:clear", forget);
  form.addEventListener("l0:restore", ({ detail: { value } }) => {
    if (typeof value?.text !== "string" || !Number.isInteger(value.seed)) return;
    const verdict = judge(exercise, value.text, value.seed);
    field.value = value.text;
    if (exercise.kind === "number") put(value.seed);
    typed();
    say(verdict.kind, verdict.says);
    answered(verdict);
  });
  field.addEventListener("input", () => {
    typed();
    say("", "");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const verdict = judge(exercise, field.value, seed);
    said.textContent = "";
    // the same words twice are said twice
    requestAnimationFrame(() => say(verdict.kind, verdict.says));
    if (["empty", "unreadable"].includes(verdict.kind)) return;
    answered(verdict);
    const detail = { kind: "exercise", id: form.id, value: { text: field.value, seed }, right: verdict.kind === "right", shown: false };
    form.dispatchEvent(new CustomEvent("l0:answered", { bubbles: true, detail }));
  });
  again?.addEventListener("click", () => {
    const before = JSON.stringify(drawn(exercise, seed));
    let next = seed;
    for (let tries = 0; tries < 50 && (next === seed || JSON.stringify(drawn(exercise, next)) === before); tries++) next = 1 + Math.floor(Math.random() * 1e6);
    put(next);
    field.value = "";
    typed();
    say("", `New values: ${Object.entries(drawn(exercise, seed)).map(([name, x]) => `${spoken(exercise, name)} = ${x}`).join(", ")}.`);
    field.focus();
  });
  field.disabled = false;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}

function start() {
  const data = document.getElementById("l0-answers");
  if (!data) return;
  const exercises = JSON.parse(data.textContent);
  for (const form of document.querySelectorAll("form.l0-answer")) live(form, exercises[form.dataset.for]);
  document.documentElement.dataset.answersReady = "1";
  document.dispatchEvent(new CustomEvent("l0:answers-ready"));
}

start();
