// Questions [plan, share, toggled]: what removing these units leaves.
import { remove } from "../../l0lib/widgets/js/removal.js";
import { answerAll } from "./answers.mjs";

await answerAll(([plan, share, toggled]) => {
  const found = remove(plan, share, toggled);
  return { ...found, plan, toggled, gone: found.gone.map((units) => [...units].sort((a, b) => a - b)) };
});
