"""How far a network can be pruned before its loss rises, as a whole and layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from .. import _validate
from .._counts import number_to_keep
from .masks import Masks
from .measure import evaluation_mode, layers
from .pruning import prune_global
from .selection import Selectors, check_plain, named_parameters, plain_name, spared_parameters

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
Loss = Callable[[Any, torch.Tensor], torch.Tensor]


@torch.no_grad()
def mean_loss(model: torch.nn.Module, batches: Batches, loss: Loss = cross_entropy) -> float:
    """Return the mean over all images of ``loss(model(images), labels)``, a mean over a batch, in evaluation mode."""
    total, count = 0.0, 0
    with evaluation_mode(model):
        for images, labels in (_validate.two("batches", batch) for batch in batches):
            _validate.tensor("batches", images, 1)
            _validate.tensor("batches", labels, 1)
            total += float(loss(model(images), labels)) * len(labels)
            count += len(labels)
    if not count:
        raise ValueError("batches must hold one image at least; got none")
    return total / count


def prune_to_tolerance(
    model: torch.nn.Module,
    batches: Batches,
    tolerance: float,
    *,
    loss: Loss = cross_entropy,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> Masks:
    r"""Prune by magnitude to the highest ratio whose loss rises by at most a given share of itself.

    With :math:`L(k)` for the mean loss of the network that keeps its :math:`k` largest parameters
    (:func:`~l0lib.compress.prune_global`), finds :math:`k` with :math:`L(k) \le (1 + t)\,L(n)` by bisection: with one
    parameter less the bound is broken. Where the loss does not rise all the way as more is removed, there may be
    smaller :math:`k` that hold it, too.

    Parameters
    ----------
    model : Module
        Changed in place.
    batches : sequence of (images, labels)
        Read some twenty times. Take images that are neither trained nor tested on.
    tolerance : float
        :math:`t`, >= 0 and finite; 0.01 allows the loss one per cent.
    loss : function (scores, labels) -> scalar tensor
        A mean over the batch.
    spare, only
        As in :func:`~l0lib.compress.prune_global`.

    Returns
    -------
    Masks

    Raises
    ------
    ValueError
        If an argument breaks its rule, or the loss of the unpruned network is not finite.

    Notes
    -----
    The largest threshold whose loss stays within a tolerance is how D. Barth and P. von Petersenn choose what to prune,
    *Efficient compression of neural networks and datasets*, arXiv 2505.17469 (2025).
    """
    check_plain(_validate.network(model))
    _validate.number("tolerance", tolerance, "tolerance must be >= 0 and finite", lambda x: x >= 0)
    batches = _validate.items("batches", batches, "(images, labels)")
    start = mean_loss(model, batches, loss)
    if not math.isfinite(start):
        raise ValueError(f"model must have a finite loss before it is pruned; got {start}")
    sizes = {name: p.numel() for name, p in named_parameters(model)}
    total = sum(sizes.values())
    low, high = max(1, sum(sizes[name] for name in spared_parameters(model, spare, only))), total
    while low < high:
        keep = (low + high) // 2
        with _restored(model):
            prune_global(model, Fraction(total, keep), spare=spare, only=only)
            held = mean_loss(model, batches, loss) <= (1 + tolerance) * start
        low, high = (low, keep) if held else (keep + 1, high)
    return prune_global(model, Fraction(total, high), spare=spare, only=only)


@dataclass(frozen=True)
class LayerLoss:
    """The mean loss of a network of which one layer alone is pruned, at a compression ratio of its own."""

    layer: str
    ratio: float
    loss: float


def layer_sensitivity(
    model: torch.nn.Module, batches: Batches, ratios: Sequence[float], *, loss: Loss = cross_entropy
) -> list[LayerLoss]:
    """Prune each layer by itself, by magnitude, at each of ``ratios`` (>= 1), and return the losses of the network.

    A row for each layer that has parameters, in the model's order, and each ratio at which it keeps one at least.
    ``model`` is left as it was. ``batches`` and ``loss`` are as in :func:`prune_to_tolerance`.
    """
    check_plain(_validate.network(model))
    batches = _validate.items("batches", batches, "(images, labels)")
    ratios = [
        _validate.number("ratios", ratio, "ratios must be >= 1", lambda x: x >= 1)
        for ratio in _validate.items("ratios", ratios, "numbers")
    ]
    sizes = {name: p.numel() for name, p in named_parameters(model)}
    total, found = sum(sizes.values()), []
    for layer in layers(model):
        name = plain_name(layer.name)
        own = [parameter for parameter in sizes if parameter.rpartition(".")[0] == name]
        size = sum(sizes[parameter] for parameter in own)
        for ratio in ratios:
            if ratio > size:
                continue
            with _restored(model):
                prune_global(model, Fraction(total, total - size + number_to_keep(size, ratio)), only=own)
                found.append(LayerLoss(name, float(ratio), mean_loss(model, batches, loss)))
    return found


@contextmanager
def _restored(model: torch.nn.Module) -> Iterator[None]:
    """At the end every parameter is what it was."""
    before = [p.detach().clone() for p in model.parameters()]
    try:
        yield
    finally:
        with torch.no_grad():
            for p, old in zip(model.parameters(), before, strict=True):
                p.copy_(old)
