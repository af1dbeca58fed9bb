// What stands where: the playground's elements, and nothing of what they do.
import { make } from "../dom.js";
import { control } from "./controls.js";
import * as D from "./draw.js";
import { STORIES } from "./stories.js";

const ARMS = ["a", "b"];
const SPEEDS = [1, 5, 20, 100];
/** Which settings stand in the open, and which under *More*; each network's own begin with its letter. */
const TASK = ["task", "hidden", "rate"], ARM = ["penalty", "l2", "l1", "l0", "beta", "clipped"];
const MORE = ["noise", "points", "seed", "activation", "batch", "momentum", "threshold", "a_way", "b_way"];
/** Labels of those that stand outside their network's box. */
const NAMED = { a_way: "prune A", b_way: "prune B" };

const button = (text, more = {}) => make("button", { type: "button", ...more }, text);

/** Build the elements in `el`; `choose(name, value)` hears of every setting that the reader changes. */
export function layout(el, choose, id) {
  const controls = new Map();
  const add = (parent, name) => {
    const c = control(name, choose);
    controls.set(name, c);
    if (NAMED[name]) c.box.querySelector("label").textContent = NAMED[name];
    parent.append(c.box);
  };

  const steps = STORIES.map((s, i) => button(`${i + 1}. ${s.title}`));
  const scenes = make("ol", { class: "pg-steps", "aria-label": "Guided scenes" }, ...steps.map((b) => make("li", {}, b)));
  const play = button("Play", { class: "pg-play" }), one = button("Step");
  const restart = button("Restart", { title: "Train from the first step again, with these settings" });
  const reset = button("Reset", { title: "Settings and networks as they were at the start" });
  const speed = make("select", { "aria-label": "steps in each picture" }, ...SPEEDS.map((n) => make("option", { value: n }, `${n} step${n > 1 ? "s" : ""} a picture`)));
  const count = make("span", { class: "pg-count" }), share = make("span", { class: "pg-share" });
  const bar = make("div", { class: "pg-bar" }, play, one, restart, reset, speed, count, share);
  const scene = make("p", { class: "pg-scene" });

  const shared = make("div", { class: "pg-set" });
  for (const name of TASK) add(shared, name);
  const more = make("details", { class: "pg-more" }, make("summary", {}, "More"), make("div", { class: "pg-rest" }));
  for (const name of MORE) add(more.lastElementChild, name);
  const settings = make("details", { class: "pg-settings", open: "" }, make("summary", {}, "Task, network and penalties"));
  const board = make("div", { class: "pg-board" }, shared);
  settings.append(board);

  const arms = make("div", { class: "pg-arms" }), armBoxes = {}, titles = {}, numbers = {}, charts = {};
  for (const arm of ARMS) {
    const letter = arm.toUpperCase(), set = make("div", { class: "pg-set", role: "group", "aria-label": `Penalty of network ${letter}`, "data-arm": arm });
    set.append(make("b", { "aria-hidden": "true" }, letter));
    for (const name of ARM) add(set, `${arm}_${name}`);
    board.append(set);
    titles[arm] = make("h3", {}, `Network ${letter}`);
    numbers[arm] = make("p", { class: "pg-numbers" });
    const [seen, graph, spread] = ["pg-seen", "pg-graph", "pg-spread"].map((c) => make("div", { class: `pg-picture ${c}` }));
    armBoxes[arm] = [make("section", { class: "pg-arm", "data-arm": arm, "aria-label": `Network ${letter}` }, titles[arm], numbers[arm], seen, graph, spread), set];
    arms.append(armBoxes[arm][0]);
    const on = { seen: D.surface(seen, "what the network has learnt"), graph: D.surface(graph, "the network"), spread: D.surface(spread, "magnitudes of the weights") };
    charts[arm] = { ...on, plane: D.planePicture(on.seen), filters: D.filterPicture(on.seen), net: D.graphPicture(on.graph), histogram: D.histogramPicture(on.spread) };
  }
  board.append(more);

  const title = (text) => make("p", { class: "pg-title" }, text);
  const long = make("div", { class: "pg-picture" }), trace = make("div", { class: "pg-picture pg-trace" });
  const past = make("div", { class: "pg-past" }, title("Accuracy (lines), loss (dots)"), long);
  const curve = make("div", { class: "pg-curve" }, title("Accuracy when pruned to"));
  add(curve, "ratio");
  curve.append(trace);
  const prune = button("Prune and fine-tune", { class: "pg-strong" }), undo = button("Take it back", { disabled: "" });
  const table = make("table", { class: "pg-table" }, make("caption", {}, "Test accuracy, %"));
  const cells = {};
  table.append(make("thead", {}, make("tr", {}, make("td"), ...ARMS.map((arm) => make("th", { scope: "col" }, arm.toUpperCase())))));
  const body = make("tbody");
  for (const row of ["whole", "pruned", "tuned"]) {
    cells[row] = { head: make("th", { scope: "row" }), a: make("td"), b: make("td") };
    body.append(make("tr", {}, ...Object.values(cells[row])));
  }
  table.append(body);
  const pruning = make("div", { class: "pg-pruning" }, prune, undo, table);
  const below = make("div", { class: "pg-below" }, past, curve, pruning);

  const notice = make("p", { class: "l0-notice l0-bad pg-notice", role: "alert", hidden: "" });
  const status = make("p", { class: "l0-status", role: "status", "aria-live": "polite" });
  const root = make("figure", { class: "pg", "aria-label": "The ℓ0 playground" }, notice, scenes, bar, scene, settings, arms, below, status);
  if (!document.getElementById(id)) root.id = id;
  const room = make("div", { class: "pg-room" }, root);
  el.append(room);

  const history = D.surface(long, "accuracy and loss"), traces = D.surface(trace, "accuracy against compression ratio");
  const pictures = { history: D.historyPicture(history), curve: D.curvePicture(traces) };
  const surfaces = [...ARMS.flatMap((arm) => [charts[arm].seen, charts[arm].graph, charts[arm].spread]), history, traces];
  return {
    root, controls, steps, play, one, restart, reset, speed, count, share, scene, settings, more, armBoxes, titles, numbers, charts,
    trace, traces, history, pictures, surfaces, prune, undo, cells, notice, status,
  };
}
