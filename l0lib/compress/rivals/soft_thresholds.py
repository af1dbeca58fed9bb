r"""Soft threshold weight reparameterization: A. Kusupati and others, *Soft Threshold Weight Reparameterization for
Learnable Sparsity* (STR), ICML 2020.

Every layer :math:`l` has a threshold of its own, learned with the weights by the same steps:

.. math:: \tilde w = \operatorname{sign}(w)\,\max(|w| - g(s_l),\, 0), \qquad g(s) = \frac{1}{1 + e^{-s}} .

:math:`s_l` starts far below zero, where :math:`g` is nearly zero, and weight decay, the same as that of the weights,
draws it up towards zero until the loss holds it back. So **the ratio is not set**: it follows from the weight decay and
from where :math:`s_l` starts. If the network keeps more than n/r in the end, the smallest weights that are left are
pruned globally, down to the ratio; if it keeps fewer, none comes back, and the ratio is higher than the plan's. Then it
is fine-tuned, as the other methods are; the paper has neither pruning nor fine-tuning.

Biases and normalisations have no threshold; global pruning takes biases as well. :math:`s` after the share of
training is about :math:`s_0 e^{-\lambda \sum \eta/(1 - \mu)}`, with weight decay :math:`\lambda`, rates :math:`\eta`
and momentum :math:`\mu`: in the paper, for ResNet-50 on ImageNet, :math:`s_0 = -3200` and an exponent of about 11. With
fewer steps a larger :math:`\lambda` makes up for it.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.func import functional_call

from ..masks import Masks
from .protocol import Data, Plan, prune_and_fine_tune, train


def soft_threshold(w: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    r"""Return :math:`\operatorname{sign}(w)\max(|w| - g, 0)`."""
    return w.sign() * (w.abs() - threshold).relu()


class Thresholded(nn.Module):
    """A network whose weights are thresholded each time before it computes."""

    def __init__(self, model: nn.Module, initial: float):
        super().__init__()
        self.model = model
        self.names = [name for name, p in model.named_parameters() if p.ndim > 1]
        own = dict(model.named_parameters())
        self.logits = nn.ParameterList([nn.Parameter(own[name].new_full((), initial)) for name in self.names])

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the thresholded weights by their names."""
        own = dict(self.model.named_parameters())
        pairs = zip(self.names, self.logits, strict=True)
        return {name: soft_threshold(own[name], torch.sigmoid(logit)) for name, logit in pairs}

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores that the network gives with these weights."""
        return functional_call(self.model, self.weights(), (images,))


def soft_thresholds(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    *,
    initial: float = -3200.0,
    weight_decay: float = 6e-4,
    training: float = 0.7,
    fine_tuning_rate: float = 0.5,
    fine_tuning_decay: float = 1e-4,
) -> Masks:
    r"""Train with thresholds from :math:`s_0` = ``initial`` on for the share ``training`` of the epochs; fine-tune."""
    first, _ = plan.split(training, 1 - training)
    thresholded = Thresholded(model, initial)
    train(thresholded, data, plan, 0, first, weight_decay=weight_decay)
    with torch.no_grad():
        for name, weight in thresholded.weights().items():
            model.get_parameter(name).copy_(weight)
    left = Masks.from_nonzeros(model)
    return prune_and_fine_tune(
        model, data, plan, first, rate=fine_tuning_rate, weight_decay=fine_tuning_decay, within=left
    )


#: Settings to try, chosen before any of them was run. The first has the exponent of the paper's ResNet-50 in 70 epochs
#: of 469 steps at a mean rate of 0.05; the others reach less far, or start nearer.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "initial": -3200, "weight_decay": 6.7e-4},
    {"learning_rate": 0.1, "initial": -3200, "weight_decay": 5e-4},
    {"learning_rate": 0.1, "initial": -3200, "weight_decay": 4e-4},
    {"learning_rate": 0.1, "initial": -200, "weight_decay": 3e-4},
    {"learning_rate": 0.1, "initial": -200, "weight_decay": 2e-4},
    {"learning_rate": 0.1, "initial": -20, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "initial": -10, "weight_decay": 2e-4},
    {"learning_rate": 0.05, "initial": -5, "weight_decay": 2e-4},
)
