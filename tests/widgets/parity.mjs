// Questions [function, [arguments, ...]]: a formula on each list of arguments.
import * as F from "../../l0lib/widgets/js/formulas.js";
import { answerAll } from "./answers.mjs";

await answerAll(([name, many]) => many.map((values) => F[name](...values)));
