// stdin: {networks: [[network, [image, ...]], ...], drawings: [[strokes, pen], ...], halves: [[number, ...]]}
// stdout: the class scores and the costs of each network, the image of each drawing, the halves as numbers.
import { image } from "../../l0lib/widgets/js/digit.js";
import { costs, decode, halves, scores } from "../../l0lib/widgets/js/network.js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const asked = JSON.parse(text);
console.log(JSON.stringify({
  networks: asked.networks.map(([network, images]) => {
    const layers = decode(network);
    return { scores: images.map((x) => Array.from(scores(layers, x))), costs: costs(layers) };
  }),
  drawings: asked.drawings.map(([strokes, pen]) => Array.from(image(strokes, pen))),
  halves: Array.from(halves(Uint8Array.from(asked.halves))),
}));
