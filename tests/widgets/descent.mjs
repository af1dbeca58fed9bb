// Questions {steep, eta, mu, eta_adam, steps}: three ways down a valley.
import { compute } from "../../l0lib/widgets/js/valley.js";
import { answerAll } from "./answers.mjs";

await answerAll(compute);
