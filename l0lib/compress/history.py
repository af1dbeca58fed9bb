"""What a run looked like, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

#: Edges of the histogram of weight magnitudes, in log10|w|: 0.1 decades wide; magnitudes beyond fall in the end bins.
MAGNITUDE_EDGES = tuple(-9 + i / 10 for i in range(96))


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images did.

    Attributes
    ----------
    epoch : int
        1 is the first pass; 0 stands for the state before it.
    learning_rate : float
        At the last step of the epoch (at epoch 0: the first one to come).
    loss : float
        Mean loss over the epoch's images, each taken when its batch came, in nats (NaN at epoch 0): the cross-entropy,
        or what a teacher makes of it (:func:`distill.loss`), without the penalty.
    penalty : float
        The penalty of all penalised weights at the end of the epoch.
    magnitudes : tuple of int
        Weights (biases left out) in each bin of :data:`MAGNITUDE_EDGES`, at the end of the epoch.
    """

    epoch: int
    learning_rate: float
    loss: float
    penalty: float
    magnitudes: tuple[int, ...]


@torch.no_grad()
def magnitude_histogram(model: torch.nn.Module) -> tuple[int, ...]:
    """Count the weights (biases left out) by log10 of their magnitude, in the bins of :data:`MAGNITUDE_EDGES`."""
    weights = torch.cat([p.detach().flatten() for p in model.parameters() if p.ndim > 1])
    first, last, bins = MAGNITUDE_EDGES[0], MAGNITUDE_EDGES[-1], len(MAGNITUDE_EDGES) - 1
    width = (last - first) / bins
    place = weights.abs().log10_().sub_(first).div_(width).floor_().clamp_(0, bins - 1)
    return tuple(torch.bincount(place.long(), minlength=bins).tolist())


@torch.no_grad()
def penalty_size(groups: Iterable[Mapping[str, Any]]) -> float:
    """Return the penalty of all parameters of an optimizer's groups, each group under its own."""
    return sum(
        (float(group["penalty"].value(p)) for group in groups if group["penalty"] is not None for p in group["params"]),
        0.0,
    )
