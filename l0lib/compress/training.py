"""The training loop: data as one tensor in memory, batches as index slices, one seed for the order of batches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from ..penalties import Penalty
from .data import Part
from .masks import Masks
from .optim import PenalisedSGD, parameter_groups

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
        Mean cross-entropy over the epoch's images, each taken when its batch came, in nats (NaN at epoch 0).
    penalty : float
        The penalty of all penalised weights at the end of the epoch.
    magnitudes : tuple of int
        Penalised weights in each bin of :data:`MAGNITUDE_EDGES`, at the end of the epoch.
    """

    epoch: int
    learning_rate: float
    loss: float
    penalty: float
    magnitudes: tuple[int, ...]


def cosine(step: int, steps: int, start: float) -> float:
    """Return the learning rate of step 0 <= ``step`` < ``steps``: half a cosine from ``start`` towards 0."""
    return start * (1 + math.cos(math.pi * step / steps)) / 2


@torch.no_grad()
def magnitude_histogram(model: torch.nn.Module) -> tuple[int, ...]:
    """Count the weights (biases left out) by log10 of their magnitude, in the bins of :data:`MAGNITUDE_EDGES`."""
    weights = torch.cat([p.detach().flatten() for p in model.parameters() if p.ndim > 1])
    first, last, bins = MAGNITUDE_EDGES[0], MAGNITUDE_EDGES[-1], len(MAGNITUDE_EDGES) - 1
    width = (last - first) / bins
    place = weights.abs().log10_().sub_(first).div_(width).floor_().clamp_(0, bins - 1)
    return tuple(torch.bincount(place.long(), minlength=bins).tolist())


def train(
    model: torch.nn.Module,
    part: Part | tuple[torch.Tensor, torch.Tensor],
    penalty: Penalty | None = None,
    *,
    epochs: int,
    learning_rate: float,
    momentum: float = 0.9,
    batch_size: int = 128,
    update: str = "coupled",
    seed: int = 0,
    masks: Masks | None = None,
) -> list[Epoch]:
    r"""Minimise the mean cross-entropy plus :math:`\alpha\Omega(w)` by SGD with momentum and a cosine learning rate.

    Parameters
    ----------
    model : Module
        Changed in place.
    part : Part or (images, labels) tensors
        What to train on; tensors must be on the model's device.
    penalty : Penalty or None
        Of the weights, not of the biases. It adds to the mean loss of a batch at every step.
    epochs : int
        Passes over ``part``, >= 1.
    learning_rate : float
        Of the first step, > 0; it falls to 0 along half a cosine (:func:`cosine`).
    momentum, update
        See :class:`~l0lib.compress.PenalisedSGD`.
    batch_size : int, default 128
        The last batch of an epoch is smaller where the sizes do not divide.
    seed : int, default 0
        Seed of the order of the images. It does not depend on the penalty: two runs with one seed see the same batches.
    masks : Masks or None
        What pruning kept. The rest is set to zero and held there; this is checked after every epoch.

    Returns
    -------
    list of Epoch
        ``epochs + 1`` entries; the first describes the state before training.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    RuntimeError
        If the loss is no longer finite, or a pruned parameter is found nonzero.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be >= 1; got {epochs!r}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be >= 1; got {batch_size!r}")
    x, y = part.tensors() if isinstance(part, Part) else part
    optimizer = PenalisedSGD(parameter_groups(model, penalty), lr=learning_rate, momentum=momentum, update=update)
    if masks is not None:
        masks.apply_(model)
        optimizer.hold(masks.by_parameter(model))
    generator = torch.Generator().manual_seed(seed)
    steps, step = epochs * math.ceil(len(y) / batch_size), 0
    history = [_describe(model, penalty, 0, learning_rate, math.nan)]
    model.train()
    for epoch in range(1, epochs + 1):
        total = torch.zeros((), device=y.device)
        for batch in torch.randperm(len(y), generator=generator).to(y.device).split(batch_size):
            for group in optimizer.param_groups:
                group["lr"] = cosine(step, steps, learning_rate)
            loss = cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)
            step += 1
        mean = float(total) / len(y)
        if not math.isfinite(mean):
            raise RuntimeError(f"loss must stay finite; got {mean} in epoch {epoch}: try a smaller learning rate")
        history.append(_describe(model, penalty, epoch, optimizer.param_groups[0]["lr"], mean))
        if masks is not None:
            masks.check(model, optimizer)
    return history


@torch.no_grad()
def _describe(model: torch.nn.Module, penalty: Penalty | None, epoch: int, rate: float, loss: float) -> Epoch:
    size = 0.0 if penalty is None else sum(float(penalty.value(p)) for p in model.parameters() if p.ndim > 1)
    return Epoch(epoch, rate, loss, size, magnitude_histogram(model))
