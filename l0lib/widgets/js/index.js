// The module that anywidget loads: one view for each kind of explorer.
import { alphaBetaMap } from "./alpha_beta_map.js";
import { atZero } from "./at_zero.js";
import { compressionRatio } from "./compression_ratio.js";
import { descent } from "./descent.js";
import { drawADigit } from "./draw_a_digit.js";
import { fourSteps } from "./four_steps.js";
import { mount } from "./frame.js";
import { lossAndPenalty } from "./loss_and_penalty.js";
import { oneConvolution } from "./one_convolution.js";
import { penaltyAndPull } from "./penalty_and_pull.js";
import { reach } from "./reach.js";
import { removeNeurons } from "./remove_neurons.js";
import { scalingFactor } from "./scaling_factor.js";
import { sparseRegression } from "./sparse_regression.js";
import { trajectories } from "./trajectories.js";

const EXPLORERS = {
  trajectories: [trajectories, "a weight under each penalty, step by step"],
  penalty_and_pull: [penaltyAndPull, "the penalties and their pull"],
  scaling_factor: [scalingFactor, "the scaling factor and the bound of alpha"],
  at_zero: [atZero, "what happens at zero"],
  loss_and_penalty: [lossAndPenalty, "loss against penalty"],
  compression_ratio: [compressionRatio, "stored runs at a compression ratio"],
  remove_neurons: [removeNeurons, "remove neurons"],
  alpha_beta_map: [alphaBetaMap, "what alpha and beta do to a network"],
  four_steps: [fourSteps, "four steps towards zero"],
  reach: [reach, "the reach of a penalty"],
  draw_a_digit: [drawADigit, "draw a digit"],
  one_convolution: [oneConvolution, "one convolution, step by step"],
  sparse_regression: [sparseRegression, "train, prune, fine-tune"],
  descent: [descent, "three ways down a valley"],
};

export default {
  render({ model, el }) {
    const [explorer, title] = EXPLORERS[model.get("kind")];
    return mount(model, el, explorer, title);
  },
};
