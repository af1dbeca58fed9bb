r"""Hard concrete gates: C. Louizos, M. Welling and D. P. Kingma, *Learning Sparse Neural Networks through L0
Regularization*, ICLR 2018.

Each weight is multiplied by a gate :math:`z`, drawn anew for every batch from :math:`u \sim U(0, 1)`,

.. math:: s = \sigma\big((\log u - \log(1 - u) + \log\alpha)/\beta\big), \qquad
          z = \min(1, \max(0,\; s(\zeta - \gamma) + \gamma)),

with :math:`\beta = 2/3, \gamma = -0.1, \zeta = 1.1`. The loss is cross-entropy plus :math:`\lambda/N` times the
expected number of gates that are not zero (N counts the training images),

.. math:: \sum_j P(z_j > 0) = \sum_j \sigma\big(\log\alpha_j - \beta\log(-\gamma/\zeta)\big).

At the end :math:`\hat z = \min(1, \max(0, \sigma(\log\alpha)(\zeta - \gamma) + \gamma))` takes the gate's place.
Where ours differs: the authors give a gate to each group of weights (the outputs of a neuron, a feature map), we give
one to each parameter but a normalisation's, since what is compared here is unstructured. They train with Adam, we with
SGD, whose steps of :math:`\log\alpha` are ``gate_rate`` times as long. As in their code, :math:`\log\alpha` stays
between -log 100 and log 100. The n/r largest :math:`|w\hat z|` are kept and fine-tuned.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.utils import parametrize

from ..._validate import number
from ..masks import Masks
from ..selection import NORMS, check_plain
from .protocol import Data, Plan, prune_and_fine_tune, train

TEMPERATURE, LOW, HIGH = 2 / 3, -0.1, 1.1


def gates(log_alpha: torch.Tensor, uniform: torch.Tensor | None = None) -> torch.Tensor:
    """Return the gates that ``uniform`` numbers between 0 and 1 draw, or those of the end."""
    logits = log_alpha if uniform is None else (torch.logit(uniform) + log_alpha) / TEMPERATURE
    return (torch.sigmoid(logits) * (HIGH - LOW) + LOW).clamp(0, 1)


def probability_open(log_alpha: torch.Tensor) -> torch.Tensor:
    """Return the probability that a gate is not zero."""
    return torch.sigmoid(log_alpha - TEMPERATURE * math.log(-LOW / HIGH))


class Gate(nn.Module):  # of one parameter, drawn anew whenever it is read
    def __init__(self, like: torch.Tensor, drop: float, generator: torch.Generator):
        super().__init__()
        spread = torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
        self.log_alpha = nn.Parameter(math.log(1 - drop) - math.log(drop) + 0.01 * spread)
        self.generator = generator

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        uniform = torch.rand(weight.shape, generator=self.generator, device=weight.device, dtype=weight.dtype)
        return weight * gates(self.log_alpha, uniform)


def hard_concrete(
    model: nn.Module,
    data: Data,
    plan: Plan,
    *,
    penalty: float = 0.1,
    drop: float = 0.5,
    gate_rate: float = 100.0,
    fine_tuning: float = 0.3,
    weight_decay: float = 1e-4,
) -> Masks:
    r"""Train gates and weights under ``penalty`` :math:`\lambda`, prune, and fine-tune under ``weight_decay``.

    ``drop``, between 0 and 1, is the share of gates below one half at first; ``fine_tuning`` is a share of the epochs.
    """
    number("drop", drop, "drop must be between 0 and 1", lambda x: 0 < x < 1)
    check_plain(model)
    gated, _ = plan.split(1 - fine_tuning, fine_tuning)
    weights = list(model.parameters())
    generator = torch.Generator(weights[0].device).manual_seed(plan.seed)
    modules = [module for module in model.modules() if not isinstance(module, NORMS)]
    places = [(module, name, p) for module in modules for name, p in module.named_parameters(recurse=False)]
    of = {p: Gate(p, drop, generator) for p in dict.fromkeys(p for _, _, p in places)}
    for module, name, p in places:
        parametrize.register_parametrization(module, name, of[p])
    log_alphas = [gate.log_alpha for gate in of.values()]
    groups: list[dict] = [{"params": weights}, {"params": log_alphas, "lr": gate_rate}]

    def expected_count() -> torch.Tensor:
        return penalty / len(data[1]) * torch.stack([probability_open(each).sum() for each in log_alphas]).sum()

    @torch.no_grad()
    def limit(*_: int) -> None:
        for log_alpha in log_alphas:
            log_alpha.clamp_(-math.log(100), math.log(100))

    try:
        train(model, data, plan, 0, gated, groups=groups, extra=expected_count, after_step=limit)
    finally:
        for module, name, _ in places:
            parametrize.remove_parametrizations(module, name, leave_parametrized=False)
    with torch.no_grad():
        for p, gate in of.items():
            p.mul_(gates(gate.log_alpha))
    return prune_and_fine_tune(model, data, plan, gated, weight_decay=weight_decay)


#: Settings to search. The first is the authors' as far as it translates; most have a larger penalty.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "penalty": 0.1, "gate_rate": 100, "fine_tuning": 0.3},
    {"learning_rate": 0.1, "penalty": 1, "gate_rate": 100, "fine_tuning": 0.3},
    {"learning_rate": 0.1, "penalty": 5, "gate_rate": 100, "fine_tuning": 0.3},
    {"learning_rate": 0.1, "penalty": 1, "gate_rate": 300, "fine_tuning": 0.3},
    {"learning_rate": 0.05, "penalty": 1, "gate_rate": 300, "fine_tuning": 0.5},
    {"learning_rate": 0.1, "penalty": 0.3, "gate_rate": 1000, "fine_tuning": 0.5},
    {"learning_rate": 0.1, "penalty": 5, "gate_rate": 30, "fine_tuning": 0.5},
    {"learning_rate": 0.2, "penalty": 2, "gate_rate": 100, "fine_tuning": 0.5, "drop": 0.2},
)
