"""Records that nobody ran, for the map of α and β: errors and weights follow a rule that a test can redo."""

import math

import numpy as np

from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import Config
from tests import made_up

WEIGHTS, IMAGES = 266_200, 10_000
ARMS = STUDIES["alpha-beta-map"].arms("full")
#: Bins of 0.1 decade from 1e-9: the first 60 end at a thousandth.
BINS, BELOW = 95, 60


def run(alpha, beta, seed=0, whole=None):
    """A run at a point of the grid, or without the l0 term where ``alpha`` is 0.

    The larger αβ, the more weights are dead, the later the pruned network fails, and the more the whole one errs;
    beyond a tenth it is at chance level.
    """
    product = alpha * beta
    some = next(iter(ARMS.values()))
    penalty = some.training.penalty.model_copy(update={"alpha_l0": alpha, "beta": beta})
    training = some.training.model_copy(update={"penalty": penalty})
    name = f"alpha-{alpha:g}-beta-{beta:g}" if alpha else "dense"
    what = Config.model_validate({**some.model_dump(), "arm": name, "training": training.model_dump()})
    if whole is None:
        whole = 9_020 if product > 1e-2 else 160 + 3 * seed + round(4e5 * product)
    lasts = 3 + 4e5 * product  # the ratio at which it fails
    record = made_up.record(seed, what=what, dense=whole, images=IMAGES)
    alive = round(WEIGHTS / (2 + 2e5 * product))
    magnitudes = np.zeros(BINS, dtype=int)
    magnitudes[50:BELOW] = (WEIGHTS - alive) // 10
    magnitudes[75:85] = (WEIGHTS - magnitudes.sum()) // 10
    magnitudes[80] += WEIGHTS - magnitudes.sum()
    points = []
    for point in record.points:
        wrong = min(9_020, round(whole * (1 + (point.requested / lasts) ** 3)))
        kept = math.floor(WEIGHTS / point.requested)
        change = {"errors": wrong, "images": IMAGES}
        points.append(
            point.model_copy(
                update={"measured": point.measured.model_copy(update=change), "weights_only_ratio": WEIGHTS / kept}
            )
        )
    return record.model_copy(update={"magnitudes": tuple(magnitudes.tolist()), "points": tuple(points)})


def grid(every=1, dense=(0, 1, 2)):
    """Every ``every``-th point of the grid, three seeds of the first, and the networks without an l0 term."""
    factors = [(c.training.penalty.alpha_l0, c.training.penalty.beta) for c in ARMS.values()]
    factors = [(alpha, beta) for alpha, beta in factors if alpha]
    first = [run(*factors[0], seed) for seed in (0, 1, 2)]
    return [*first, *(run(*point) for point in factors[every::every]), *(run(0.0, 5.0, seed) for seed in dense)]
