r"""Sparse variational dropout: D. Molchanov, A. Ashukha and D. Vetrov, *Variational Dropout Sparsifies Deep Neural
Networks*, ICML 2017.

Each weight is normal, of mean :math:`\theta` and variance :math:`\sigma^2`, both trained: additive noise, whose
gradient with respect to :math:`\theta` does not grow with :math:`\alpha = \sigma^2/\theta^2`. The loss is the mean
cross-entropy plus 1/N of the divergence from a log-uniform prior (N counts the training images), of each weight about
:math:`k_1 - k_1\,\sigma(k_2 + k_3\log\alpha) + \tfrac12\log(1 + 1/\alpha)` with :math:`k` = 0.63576, 1.87320, 1.48695,
times a factor that rises evenly from 0 to 1 over a warm-up. Linear layers and convolutions draw at their outputs (local
reparameterisation): of inputs :math:`a` they make :math:`\sum_i a_i\theta_i + \epsilon\sqrt{\sum_i a_i^2\sigma_i^2}`,
with an :math:`\epsilon` for every output of every image.

Our reading: as in the authors' code for LeNet-300-100, means become zero where :math:`\log\alpha` exceeds a threshold,
here after the warm-up. At the end the n/r smallest :math:`\log\alpha` are kept, below the threshold or not. Biases have
no noise, as in the paper; they stay whole, and count. The authors train with Adam, we with SGD, whose steps of
:math:`\log\sigma^2` are ``variance_rate`` times as long.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.functional import logsigmoid
from torch.utils.hooks import RemovableHandle

from ..masks import Masks
from ..models import Convolution
from ..pruning import prune_by_scores
from ..selection import check_plain, named_parameters
from .protocol import Data, Plan, train


def divergence(log_alpha: torch.Tensor) -> torch.Tensor:
    """Return the approximate divergence of each weight from the log-uniform prior: 0 at infinite alpha."""
    return 0.63576 * torch.sigmoid(-1.87320 - 1.48695 * log_alpha) - logsigmoid(log_alpha) / 2


def add_noise(layer: nn.Module, log_variance: torch.Tensor, generator: torch.Generator) -> RemovableHandle:
    """Let ``layer`` add noise to its outputs until the handle's ``remove()``."""
    twin: Any = copy.deepcopy(layer)
    del twin.weight  # from now on a tensor like others
    twin.register_parameter("bias", None)

    def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...], mean: torch.Tensor) -> torch.Tensor:
        twin.weight = log_variance.exp()
        deviation = (twin.forward(inputs[0].square()) + 1e-8).sqrt()
        return mean + deviation * torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)

    return layer.register_forward_hook(hook)


@torch.no_grad()
def keep_smallest(model: nn.Module, log_alphas: dict[torch.Tensor, torch.Tensor], ratio: float) -> Masks:
    """Prune the weights that have alphas, the largest first, until the network has ``ratio``."""
    signal_over_noise = {name: (-log_alphas[p] / 2).exp() for name, p in named_parameters(model) if p in log_alphas}
    return prune_by_scores(model, ratio, signal_over_noise, only=signal_over_noise)


def sparse_variational_dropout(
    model: nn.Module,
    data: Data,
    plan: Plan,
    *,
    warm_up: float = 0.5,
    threshold: float = 3.0,
    variance_rate: float = 300.0,
    fine_tuning: float = 0.3,
    weight_decay: float = 1e-4,
) -> Masks:
    """Train with noise, ``warm_up`` (> 0) of these steps warming up; prune; fine-tune under ``weight_decay``."""
    check_plain(model)
    noisy, tuned = plan.split(1 - fine_tuning, fine_tuning)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | Convolution)]
    log_variances = {layer.weight: torch.full_like(layer.weight, -10, requires_grad=True) for layer in layers}
    groups: list[dict] = [
        {"params": list(model.parameters())},
        {"params": list(log_variances.values()), "lr": variance_rate},
    ]
    generator = torch.Generator(layers[0].weight.device).manual_seed(plan.seed)
    factor = 0.0

    def log_alphas() -> dict[torch.Tensor, torch.Tensor]:
        return {mean: log_variance - (mean.square() + 1e-8).log() for mean, log_variance in log_variances.items()}

    def penalty() -> torch.Tensor:
        return factor / len(data[1]) * torch.stack([divergence(each).sum() for each in log_alphas().values()]).sum()

    @torch.no_grad()
    def after_step(step: int, steps: int) -> None:
        nonlocal factor
        factor = min(step / (warm_up * steps), 1.0)
        for mean, log_alpha in log_alphas().items() if factor == 1 else ():
            mean.masked_fill_(log_alpha > threshold, 0)

    handles = [add_noise(layer, log_variances[layer.weight], generator) for layer in layers]
    try:
        train(model, data, plan, 0, noisy, groups=groups, extra=penalty, after_step=after_step)
    finally:
        for handle in handles:
            handle.remove()
    masks = keep_smallest(model, log_alphas(), plan.ratio)
    train(model, data, plan, noisy, tuned, masks=masks, weight_decay=weight_decay)
    return masks


#: Settings to search. The first is the authors' as far as it translates.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.1, "variance_rate": 300, "warm_up": 0.5, "fine_tuning": 0.1},
    {"learning_rate": 0.1, "variance_rate": 300, "warm_up": 0.5, "fine_tuning": 0.3},
    {"learning_rate": 0.1, "variance_rate": 1000, "warm_up": 0.5, "fine_tuning": 0.3},
    {"learning_rate": 0.1, "variance_rate": 100, "warm_up": 0.2, "fine_tuning": 0.3},
    {"learning_rate": 0.05, "variance_rate": 1000, "warm_up": 0.5, "fine_tuning": 0.5},
    {"learning_rate": 0.05, "variance_rate": 300, "warm_up": 0.2, "fine_tuning": 0.3},
    {"learning_rate": 0.2, "variance_rate": 300, "warm_up": 0.5, "fine_tuning": 0.5},
    {"learning_rate": 0.1, "variance_rate": 300, "warm_up": 0.9, "fine_tuning": 0.3},
)
