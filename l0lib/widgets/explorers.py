"""The explorers that compute from formulas alone: what can be set in each, and what its picture says in words.

Their JavaScript stands in ``js/``, one module a kind; their pictures in :mod:`l0lib.figures.explorers`, one function of
the same name a kind, which takes the same settings.
"""

from __future__ import annotations

import numpy as np

from .. import attraction, labels, landscape
from ..chapters import sparse_regression as regression
from ..figures import explorers as pictures
from ..figures.explorers import STEPS_OF_AN_EPOCH
from ..penalties import L0, L1, L2
from .explorer import Explorer, Setting

_ETA = Setting.log("eta", "learning rate η", 0.04, 1e-3, 1)
_AXIS = {"linear": "linear", "log": "log"}


class Trajectories(Explorer):
    """A weight under each penalty alone, step by step (paper, Fig. 1).

    Settings: ``eta``, ``w0``, ``equal`` (the same first step for all three, of length ``first_step``; otherwise
    ``alpha_l2``, ``alpha_l1`` and ``alpha_l0``), ``beta``, ``steps``, ``axis`` (``"linear"`` or ``"log"``).
    """

    kind = "trajectories"
    declared = (
        Setting.check("equal", "equal first step", True),
        Setting.choice("axis", "axis", "linear", _AXIS),
        Setting.log("first_step", "first step", 0.005, 1e-4, 0.1),
        Setting.log("alpha_l2", "α of ℓ2", 0.1, 1e-3, 100),
        Setting.log("alpha_l1", "α of ℓ1", 0.1, 1e-3, 100),
        Setting.log("alpha_l0", "α of smoothed ℓ0", 0.1, 1e-3, 100),
        Setting.linear("beta", "sharpness β", 3.0, 1, 20, 0.5),
        _ETA,
        Setting.linear("w0", "start w₀", 1.0, 0.1, 2, 0.1),
        Setting.log("steps", "steps", 300, 20, 5000, whole=True),
    )

    def describe(self) -> str:
        s = self.settings
        if s["equal"]:
            l2, l1, l0 = attraction.match_initial_rate(s["first_step"], s["w0"], s["eta"], s["beta"])
            how = f"all three take a first step of {s['first_step']:g}"
        else:
            l2, l1, l0 = L2(s["alpha_l2"]), L1(s["alpha_l1"]), L0(s["alpha_l0"], s["beta"])
            how = f"factors {l2.alpha:g}, {l1.alpha:g} and {l0.alpha:g}"
        return (
            f"A weight from {s['w0']:g} under ℓ2, ℓ1 and smoothed ℓ0 over {s['steps']} steps, learning rate "
            f"{s['eta']:g}, beta {s['beta']:g}; {how}. Smoothed ℓ0 needs about "
            f"{float(attraction.steps_to_zero(l0, s['w0'], s['eta'])):.0f} steps to zero and ℓ1 "
            f"{float(attraction.steps_to_zero(l1, s['w0'], s['eta'])):.0f}; then they swing within plus or minus "
            f"{float(attraction.swing_band(l0, s['eta'])):.3g} and {float(attraction.swing_band(l1, s['eta'])):.3g}. "
            + (
                "ℓ2 comes ever closer and never arrives."
                if l2.alpha * s["eta"] < 0.5
                else "The factor of ℓ2 is so large that its steps cross zero."
            )
        )


class PenaltyAndPull(Explorer):
    """The penalty and the length of its step for two sharpnesses, beside ℓ1 and ℓ2 (paper, Fig. 2).

    Settings: ``eta``, ``alpha``, ``beta_1``, ``beta_2``, ``reach`` (weights from ``-reach`` to ``reach``), ``axis`` of
    the pull (``"linear"`` or ``"log"``).
    """

    kind = "penalty_and_pull"
    declared = (
        Setting.linear("beta_1", "thin curve: β", 5.0, 1, 50, 1),
        Setting.linear("beta_2", "thick curve: β", 20.0, 1, 50, 1),
        Setting.log("alpha", "penalty factor α", 0.01, 1e-4, 1),
        _ETA,
        Setting.linear("reach", "widest weight", 1.0, 0.1, 2, 0.1),
        Setting.choice("axis", "axis of the pull", "log", _AXIS),
    )

    def describe(self) -> str:
        s = self.settings
        crossings = "; ".join(
            f"with beta {b:g} smoothed ℓ0 pulls harder than ℓ1 below {float(attraction.crossover_l1(b)):.3g} and "
            f"harder than ℓ2 below {float(attraction.crossover_l2(b)):.3g}"
            for b in (s["beta_1"], s["beta_2"])
        )
        return (
            f"Left the penalties, right the length of their step, for weights up to {s['reach']:g}, learning rate "
            f"{s['eta']:g}, alpha {s['alpha']:g}: {crossings}."
        )


class ScalingFactor(Explorer):
    """The scaling factor λ over the plane of ``|w|`` and α, and the bound of α (paper, Eqs. 15 and 16, Table 1).

    Settings: ``penalty`` (``"l2"``, ``"l1"``, ``"l0"``), ``w`` and ``alpha`` (the reader's point), ``eta``, ``beta``.
    """

    kind = "scaling_factor"
    declared = (
        Setting.choice("penalty", "penalty", "l0", {"l2": "ℓ2", "l1": "ℓ1", "l0": "ℓ0"}),
        Setting.log("w", "magnitude |w|", 0.1, 1e-3, 2),
        Setting.log("alpha", "penalty factor α", 0.2, 1e-3, 1e3),
        _ETA,
        Setting.linear("beta", "sharpness β", 5.0, 1, 20, 0.5),
    )

    def describe(self) -> str:
        s = self.settings
        penalty = {"l2": L2(s["alpha"]), "l1": L1(s["alpha"]), "l0": L0(s["alpha"], s["beta"])}[s["penalty"]]
        factor = float(attraction.scaling_factor(penalty, s["w"], s["eta"]))
        fate = "shrinks it" if factor >= 0 else "shrinks it across zero" if factor > -1 else "does not shrink it"
        return (
            f"Plane of magnitude and alpha for {labels.PENALTIES[s['penalty']]}, learning rate {s['eta']:g}, in three "
            f"regimes: the step shrinks the weight, crosses zero, or no longer shrinks it. At magnitude {s['w']:g} and "
            f"alpha {s['alpha']:g} the scaling factor is {factor:.3g}, so the step {fate}; the bound of alpha there is "
            f"{float(attraction.alpha_bound(penalty, s['w'], s['eta'])):.3g}. "
            "Below, the scaling factor against magnitude."
        )


class AtZero(Explorer):
    """A weight that has arrived: the map near zero as a cobweb, its orbit, and where it spends its steps.

    Settings: ``alpha``, ``beta``, ``eta``, ``w0``, ``steps``.
    """

    kind = "at_zero"
    declared = (
        Setting.log("alpha", "penalty factor α", 0.01, 1e-3, 10),
        Setting.linear("beta", "sharpness β", 20.0, 1, 50, 1),
        _ETA,
        Setting.log("w0", "start w₀", 0.005, 1e-4, 1),
        Setting.log("steps", "steps", 2000, 50, 10000, whole=True),
    )

    def describe(self) -> str:
        s = self.settings
        l0 = L0(s["alpha"], s["beta"])
        return (
            f"The map of smoothed ℓ0 near zero as a cobweb, its orbit over {s['steps']} steps from {s['w0']:g}, and a "
            f"histogram; learning rate {s['eta']:g}, alpha {s['alpha']:g}, beta {s['beta']:g}. Once arrived, "
            f"smoothed ℓ0 stays within plus or minus {float(attraction.swing_band(l0, s['eta'])):.3g} and no cycle "
            f"attracts it; ℓ1 with the factor alpha times beta has the same band and repeats two values."
        )


class LossAndPenalty(Explorer):
    """One weight between a quadratic loss and the smoothed ℓ0 penalty, and the proximal operator.

    Settings: ``v`` (the optimum without penalty), ``curvature`` of the loss, ``alpha``, ``beta``.
    """

    kind = "loss_and_penalty"
    declared = (
        Setting.linear("v", "loss optimum v", 0.45, 0, 2, 0.01),
        Setting.log("curvature", "curvature h", 1.0, 0.1, 10),
        Setting.log("alpha", "penalty factor α", 0.1, 1e-3, 10),
        Setting.linear("beta", "sharpness β", 5.0, 1, 20, 0.5),
    )

    def describe(self) -> str:
        s = self.settings
        penalty, h = L0(s["alpha"], s["beta"]), s["curvature"]
        words = {
            "kill": "zero attracts every start",
            "bistable": "zero and a positive minimum both attract",
            "free": "zero repels",
        }[str(landscape.regime(penalty, s["v"], h))]
        return (
            f"Left a quadratic loss with optimum {s['v']:g} and curvature {h:g}, the smoothed ℓ0 penalty with alpha "
            f"{s['alpha']:g} and beta {s['beta']:g}, and their sum, least at "
            f"{float(np.asarray(landscape.minimiser(penalty, s['v'], h))):.3g}: {words}. Right the minimum against the "
            f"optimum of the loss, between soft and hard thresholding; the kill zone ends at "
            f"{float(landscape.kill_zone(penalty, h)):.3g}."
        )


class FourSteps(Explorer):
    """The gradient step and the proximal step of ℓ2 and ℓ1, one of them and many.

    Settings: ``alpha``, ``eta``, ``w0`` and ``steps``.
    """

    kind = "four_steps"
    declared = (
        Setting.log("alpha", "penalty factor α", 1.5, 1e-2, 10),
        Setting.log("eta", "learning rate η", 0.1, 1e-3, 1),
        Setting.linear("w0", "start w₀", 0.8, 0, 1, 0.01),
        Setting.log("steps", "steps", 20, 10, 500, whole=True),
    )

    def describe(self) -> str:
        s = self.settings
        paths = pictures.four_paths(s["alpha"], s["eta"], s["w0"], s["steps"])
        zeros = np.flatnonzero(paths["l1_prox"] == 0)
        end = f"is exactly zero after {zeros[0]} steps" if len(zeros) else f"ends at {paths['l1_prox'][-1]:.3g}"
        return (
            f"Left a weight after one step against the weight before it, right the weight from {s['w0']:g} over "
            f"{s['steps']} steps, learning rate {s['eta']:g}, alpha {s['alpha']:g}. Under ℓ2 it ends at "
            f"{paths['l2'][-1]:.3g} by gradient steps and {paths['l2_prox'][-1]:.3g} by proximal ones; under ℓ1 by "
            f"gradient steps at {paths['l1'][-1]:.3g}, and by proximal steps, soft thresholding, it {end}."
        )


class Reach(Explorer):
    """How far a penalty carries a weight home in a whole training, against β and against epochs.

    Settings: ``alpha``, ``beta``, ``eta`` (the mean learning rate), ``epochs`` of 500 steps, ``momentum``.
    """

    kind = "reach"
    declared = (
        Setting.log("alpha", "penalty factor α", 1e-5, 1e-7, 1e-2),
        Setting.linear("beta", "sharpness β", 5.0, 1, 100, 1),
        Setting.log("eta", "learning rate η", 0.05, 1e-3, 1),
        Setting.log("epochs", "epochs", 100, 1, 500, whole=True),
        Setting.linear("momentum", "momentum μ", 0.9, 0, 0.95, 0.05),
    )

    def describe(self) -> str:
        s = self.settings
        total = STEPS_OF_AN_EPOCH * s["eta"] * s["epochs"] / (1 - s["momentum"])
        l0, l1 = L0(s["alpha"], s["beta"]), L1(s["alpha"] * s["beta"])
        return (
            f"The reach of smoothed ℓ0 against beta and against epochs, alpha {s['alpha']:g}, total learning rate "
            f"{total:g}. With beta {s['beta']:g} and {s['epochs']} epochs it brings weights up to "
            f"{float(attraction.reach(l0, total)):.3g} to zero where the loss leaves them alone, and ℓ1 with the same "
            f"pull at zero weights up to {float(attraction.reach(l1, total)):.3g}."
        )


class SparseRegression(Explorer):
    """The whole scheme on a linear model: every weight in training and fine-tuning, and where pruning cuts.

    Settings: ``penalty`` (``"none"``, ``"l2"``, ``"l1"``, ``"l0"``), ``alpha``, ``beta``, ``ratio`` (the compression
    ratio) and ``problem`` (the seed of its random numbers).
    """

    kind = "sparse_regression"
    declared = (
        Setting.choice("penalty", "penalty", "l0", {"none": "none", "l2": "ℓ2", "l1": "ℓ1", "l0": "ℓ0"}),
        Setting.log("alpha", "penalty factor α", 0.02, 1e-3, 0.5),
        Setting.linear("beta", "sharpness β", 5.0, 1, 20, 1),
        Setting.log("ratio", "ratio R", 10, 1, 50),
        Setting.linear("problem", "problem", 0, 0, 9, 1),
    )

    def describe(self) -> str:
        s = self.settings
        penalty = regression.choose(s["penalty"], s["alpha"], s["beta"])
        it = regression.run_scheme(regression.make_problem(int(s["problem"])), penalty, s["ratio"])
        name = labels.PENALTIES[s["penalty"]] if s["penalty"] != "none" else "no penalty"
        trained, pruned, tuned = it.errors
        return (
            f"A linear model with {regression.WEIGHTS} weights, {regression.RELEVANT} of which matter, trained with "
            f"{name}, alpha {s['alpha']:g}, beta {s['beta']:g}, pruned {s['ratio']:g} times and fine-tuned. Left every "
            f"weight step by step, right the sorted magnitudes once trained. The error on fresh data is {trained:.2f} "
            f"trained, {pruned:.2f} pruned and {tuned:.2f} fine-tuned; {it.found} of the weights that matter are kept."
        )
