// Questions [pixels, kernel, bias, position]: what one convolution, ReLU and pooling make of a small image.
import { compute } from "../../l0lib/widgets/js/convolution.js";
import { answerAll } from "./answers.mjs";

await answerAll(([pixels, kernel, bias, position]) => compute(pixels, kernel, bias, position));
