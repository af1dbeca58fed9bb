r"""Gradual magnitude pruning: M. Zhu and S. Gupta, *To prune, or not to prune*, arXiv 1710.01878 (2017).

The sparsity rises from :math:`s_0 = 0` to the final :math:`s_f` in :math:`n` prunings, evenly spaced from step
:math:`t_0` to :math:`t_1` (Eq. 1 of the paper),

.. math:: s_t = s_f + (s_0 - s_f)\left(1 - \frac{t - t_0}{t_1 - t_0}\right)^3 .

At each pruning the smallest weights of those that are left become zero. The paper prunes each layer to the same
sparsity; we prune globally, as all other methods here do. Between prunings, before and after them, training goes on.
"""

from __future__ import annotations

import torch

from ..masks import Masks
from ..pruning import prune_global
from ..selection import norm_parameters
from .protocol import Data, Plan, train


def sparsity(step: int, first: int, last: int, final: float) -> float:
    """Return :math:`s_t` of the paper's Eq. 1 with :math:`s_0 = 0`: 0 before ``first``, ``final`` from ``last`` on."""
    along = min(max((step - first) / (last - first), 0.0), 1.0)
    return final - final * (1 - along) ** 3


def gradual(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    *,
    begin: float = 0.2,
    end: float = 0.7,
    prunings: int = 30,
    weight_decay: float = 1e-4,
) -> Masks:
    """Train for ``plan.epochs``, pruning ``prunings`` times from share ``begin`` to share ``end`` of the steps."""
    steps = plan.epochs * -(-len(data[1]) // plan.batch_size)
    first, last = int(begin * steps), int(end * steps)
    due = {round(first + (last - first) * k / prunings) for k in range(1, prunings + 1)}
    spare = norm_parameters(model)
    masks: Masks | None = None

    def after_step(step: int, _: int) -> None:
        nonlocal masks
        if step in due:
            share = sparsity(step, first, last, 1 - 1 / plan.ratio)
            ratio = plan.ratio if step >= last else 1 / (1 - share)
            masks = prune_global(model, ratio, within=masks, spare=spare)
        elif masks is not None:
            masks.apply_(model)

    train(model, data, plan, 0, plan.epochs, weight_decay=weight_decay, after_step=after_step)
    assert masks is not None
    return masks


#: Settings to try, written down before any ran; the second is the middle of what the paper tries.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "begin": 0.1, "end": 0.5, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "begin": 0.2, "end": 0.7, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "begin": 0.1, "end": 0.7, "weight_decay": 0.0},
    {"learning_rate": 0.05, "begin": 0.1, "end": 0.7, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "begin": 0.0, "end": 0.8, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "begin": 0.2, "end": 0.7, "weight_decay": 5e-4},
    {"learning_rate": 0.2, "begin": 0.1, "end": 0.7, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "begin": 0.3, "end": 0.9, "weight_decay": 1e-4},
)
