r"""Iterative magnitude pruning with rewinding, of the learning rate or of the weights.

A. Renda, J. Frankle and M. Carbin, *Comparing Rewinding and Fine-tuning in Neural Network Pruning*, ICLR 2020: train
for :math:`T` epochs; then, round by round, remove a share of the weights that are left, the smallest, and train again
as in the last :math:`t` of the :math:`T` epochs. Under *learning-rate rewinding* the weights stay what they became, and
the learning rate alone returns to what it was in epoch :math:`T - t`. Under *weight rewinding* the weights return to
their values of then as well. With :math:`t = T`, to the first weights, this is how *lottery tickets* are found:
J. Frankle and M. Carbin, *The Lottery Ticket Hypothesis*, ICLR 2019.

The plan's epochs are divided: with :math:`m` rounds and the share :math:`\rho = (T - t)/T` they are
:math:`T(1 + m(1 - \rho))`. Our reading: :math:`m` is the number of rounds in which the share removed is at most the one
asked for (20 % in both papers), the same in all rounds, and no more than leaves three epochs to each training where all
are equally long, since from first weights a single epoch learns little. Pruning is global, as in the first paper and in
the second one's deeper networks; its LeNet is pruned by layers. Rates follow our half cosine, and momentum begins anew.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch

from ..._validate import number
from ..masks import Masks
from ..pruning import prune_global
from ..schedules import log
from ..selection import norm_parameters
from .protocol import Data, Plan, train


def rewinding(weights: bool) -> Callable[..., Masks]:
    """Return the method that rewinds the learning rate, and the ``weights`` with it or not."""

    def method(
        model: torch.nn.Module,
        data: Data,
        plan: Plan,
        *,
        share: float = 0.2,
        rewind: float = 0.0,
        weight_decay: float = 1e-4,
    ) -> Masks:
        """Prune in rounds and train again from share ``rewind`` of the first training on, 0 <= rewind < 1.

        ``share``, between 0 and 1, is what a round removes at most of what is left.
        """
        return _in_rounds(model, data, plan, share, rewind, weight_decay, weights)

    return method


rate_rewinding, lottery_ticket = rewinding(weights=False), rewinding(weights=True)


def rounds(ratio: float, share: float, most: int) -> int:
    """Return the rounds after which, at ``share`` a round, 1/ratio is left; at least 1 and at most ``most``."""
    return min(max(math.ceil(math.log(ratio) / -math.log1p(-share) - 1e-9), 1), most)


def _in_rounds(
    model: torch.nn.Module, data: Data, plan: Plan, share: float, rewind: float, weight_decay: float, weights: bool
) -> Masks:
    number("share", share, "share must be between 0 and 1", lambda x: 0 < x < 1)
    number("rewind", rewind, "rewind must be >= 0 and < 1", lambda x: 0 <= x < 1)
    count = rounds(plan.ratio, share, max(plan.epochs // 3 - 1, 1))
    whole = 1 + count * (1 - rewind)
    first, *others = plan.split(1 / whole, *[(1 - rewind) / whole] * count)
    past = [max(first - epochs, 0) for epochs in others]
    early = copy.deepcopy(model.state_dict())

    def remember(step: int, steps: int) -> None:
        nonlocal early
        if step * first == steps * past[0]:
            early = copy.deepcopy(model.state_dict())

    spare = norm_parameters(model)
    train(model, data, plan, 0, first, weight_decay=weight_decay, after_step=remember if weights else None)
    masks: Masks | None = None
    done = first
    for i, epochs in enumerate(others):
        masks = prune_global(model, log(i + 1, count, 1, plan.ratio), within=masks, spare=spare)
        if weights:
            model.load_state_dict(early)
        train(model, data, plan, done, epochs, masks=masks, past=past[i], weight_decay=weight_decay)
        done += epochs
    assert masks is not None
    return masks


#: Settings to search, for both methods. The first has the authors' rounds; with fewer, each training is longer.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "share": 0.2},
    {"learning_rate": 0.1, "share": 0.4},
    {"learning_rate": 0.1, "share": 0.6},
    {"learning_rate": 0.1, "share": 0.8},
    {"learning_rate": 0.2, "share": 0.6},
    {"learning_rate": 0.05, "share": 0.6},
    {"learning_rate": 0.1, "share": 0.4, "rewind": 0.2},
    {"learning_rate": 0.1, "share": 0.6, "rewind": 0.2, "weight_decay": 5e-4},
)
