r"""Learning-compression: M. Carreira-Perpiñán and Y. Idelbayev, *"Learning-Compression" algorithms for neural net
pruning*, CVPR 2018.

It solves :math:`\min_{w,\theta} L(w)` subject to :math:`w = \theta` and :math:`\|\theta\|_0 \le \kappa` by the
augmented Lagrangian

.. math:: L(w) + \frac{\mu}{2}\Big\|w - \theta - \frac{\lambda}{\mu}\Big\|^2, \quad \|\theta\|_0 \le \kappa,

in turns. L step: train :math:`w`. C step: :math:`\theta` keeps the :math:`\kappa` largest of :math:`w - \lambda/\mu`,
and is zero elsewhere. Then :math:`\lambda \leftarrow \lambda - \mu(w - \theta)`, and :math:`\mu` grows. With
:math:`\lambda = 0` throughout it is the quadratic penalty. It begins with a trained network, and ends with
:math:`\theta`.

Our readings: :math:`\kappa = \lfloor n/r \rfloor` counts biases as all methods here do; the L steps share one stretch
of training, whose rate falls along the half cosine without a new start; the epochs left fine-tune :math:`\theta`, as
for the other methods. The authors' toolkit takes 40 L steps of 20 epochs each, with :math:`\mu` from 9e-5 and 1.1 times
as much at each step; in few epochs it has to rise faster.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..._validate import positive, whole
from ..masks import Masks, keep_largest_of_all
from ..pruning import number_to_keep_besides
from ..selection import named_parameters, norm_parameters
from .protocol import Data, Plan, prune_and_fine_tune, train


class Lagrangian:
    """What an L step adds to the loss, and the C step: ``weights`` are pulled towards ``theta``, ``keep`` in number."""

    def __init__(self, weights: Sequence[torch.Tensor], keep: int, mu: float, growth: float, augmented: bool = True):
        self.weights, self.keep, self.mu, self.growth, self.augmented = list(weights), keep, mu, growth, augmented
        self.multipliers = [torch.zeros_like(w) for w in self.weights]
        self._compress()  # direct compression, where they begin

    def penalty(self) -> torch.Tensor:
        r"""Return :math:`\frac{\mu}{2}\|w - \theta - \lambda/\mu\|^2`."""
        squares = [(w - target).square().sum() for w, target in zip(self.weights, self._targets, strict=True)]
        return self.mu / 2 * torch.stack(squares).sum()

    @torch.no_grad()
    def step(self) -> None:
        r"""Make a C step, change :math:`\lambda`, and let :math:`\mu` grow."""
        self._compress()
        if self.augmented:
            for multiplier, w, theta in zip(self.multipliers, self.weights, self.theta, strict=True):
                multiplier -= self.mu * (w - theta)
        self.mu *= self.growth
        self._aim()

    @torch.no_grad()
    def _compress(self) -> None:
        shifted = [w - multiplier / self.mu for w, multiplier in zip(self.weights, self.multipliers, strict=True)]
        kept = keep_largest_of_all(shifted, self.keep, magnitudes=True)
        self.theta = [v.masked_fill(~mask, 0) for v, mask in zip(shifted, kept, strict=True)]
        self._aim()

    def _aim(self) -> None:
        self._targets = [t + m / self.mu for t, m in zip(self.theta, self.multipliers, strict=True)]


def learning_compression(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    *,
    mu: float = 1e-3,
    growth: float = 1.1,
    iterations: int = 40,
    augmented: float = 1,
    reference: float = 0.3,
    learning: float = 0.5,
    weight_decay: float = 0.0,
    fine_tuning_rate: float = 0.5,
) -> Masks:
    """Train for the share ``reference`` of the epochs, in L and C steps for ``learning``; fine-tune for the rest.

    ``augmented`` 0 takes the quadratic penalty alone. L steps of less than a batch fall away.
    """
    positive("mu", mu)
    positive("growth", growth)
    iterations = whole("iterations", iterations, 1)
    first, second, _ = plan.split(reference, learning, 1 - reference - learning)
    train(model, data, plan, 0, first, weight_decay=weight_decay)

    spared = norm_parameters(model)
    free = [p for name, p in named_parameters(model) if name not in spared]
    keep = number_to_keep_besides(model, plan.ratio, spared)
    lagrangian = Lagrangian(free, keep, mu, growth, bool(augmented))

    def after_step(step: int, steps: int) -> None:
        if step * iterations // steps > (step - 1) * iterations // steps:
            lagrangian.step()

    train(model, data, plan, first, second, weight_decay=weight_decay, extra=lagrangian.penalty, after_step=after_step)
    with torch.no_grad():
        for p, theta in zip(free, lagrangian.theta, strict=True):
            p.copy_(theta)
    # what pruning keeps is theta's own support
    return prune_and_fine_tune(model, data, plan, first + second, rate=fine_tuning_rate, weight_decay=weight_decay)


#: Settings to try, chosen before any of them was run; the first is the toolkit's for LeNet-300-100.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "mu": 9e-5, "growth": 1.1, "iterations": 40},
    {"learning_rate": 0.1, "mu": 9e-5, "growth": 1.2, "iterations": 40},
    {"learning_rate": 0.1, "mu": 1e-3, "growth": 1.1, "iterations": 40},
    {"learning_rate": 0.05, "mu": 1e-3, "growth": 1.1, "iterations": 40, "weight_decay": 1e-4},
    {"learning_rate": 0.1, "mu": 1e-3, "growth": 1.2, "iterations": 30},
    {"learning_rate": 0.1, "mu": 1e-3, "growth": 1.1, "iterations": 40, "augmented": 0},
    {"learning_rate": 0.08, "mu": 5e-3, "growth": 1.1, "iterations": 30, "reference": 0.4, "learning": 0.4},
    {"learning_rate": 0.1, "mu": 3e-4, "growth": 1.15, "iterations": 40, "reference": 0.2, "learning": 0.6},
)
