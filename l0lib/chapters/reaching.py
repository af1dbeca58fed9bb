"""How far the penalties of a stored run reach, and how many of its first weights lie within: a prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..attraction import reach
from ..experiments.records import Record

#: A weight below this counts as dead.
DEAD = 1e-3


@dataclass(frozen=True)
class Reach:
    """What can be said of a run before it is made, and what came of it.

    ``total`` is the sum of the learning rates over ``1 - momentum``; ``reach`` maps a layer to
    :func:`l0lib.attraction.reach` of its penalty; ``predicted`` is the share of the first weights that lie within it,
    ``found`` the share of the weights of magnitude below :data:`DEAD` at the end of training.
    """

    total: float
    reach: dict[str, float]
    predicted: float
    found: float


def reached(record: Record) -> Reach:
    """Compare the first weights of a run with the reach of its penalties, and with the weights it ended with."""
    from ..compress import MAGNITUDE_EDGES, layer_sizes, learning_rates
    from ..experiments import run

    config = record.config
    how = config.training
    per_epoch = math.ceil(record.train / how.batch_size)
    rates = learning_rates(how.schedule, how.epochs * per_epoch, how.learning_rate, round(how.warm_up * per_epoch))
    total = sum(rates) / (1 - how.momentum)
    model = run.network(config, record.seed)
    sizes = layer_sizes(model)
    weights = {name: dict(model.named_parameters())[f"{name}.weight"].detach().abs() for name in sizes}
    penalties = how.penalty.build(sizes)
    reaches = {name: 0.0 if penalty is None else float(reach(penalty, total)) for name, penalty in penalties.items()}
    within = sum(int((weights[name] < reaches[name]).sum()) for name in weights)
    edges, magnitudes = np.array(MAGNITUDE_EDGES[1:]), np.array(record.magnitudes)
    return Reach(
        total,
        reaches,
        within / sum(w.numel() for w in weights.values()),
        float(magnitudes[edges <= math.log10(DEAD) + 1e-9].sum() / magnitudes.sum()),
    )
