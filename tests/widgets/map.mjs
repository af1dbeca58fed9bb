// Questions [stored, settings]: every cell, the readings, and their words.
import { cellsOf, readings, words } from "../../l0lib/widgets/js/map.js";
import { answerAll } from "./answers.mjs";

await answerAll(([stored, v]) => {
  const found = readings(v, stored);
  return { cells: cellsOf(v, stored), readings: found, words: found.map(words), stored };
});
