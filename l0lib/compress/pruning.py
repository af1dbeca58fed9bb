"""Which parameters to remove: a score, a number to keep, a mask."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import nn

from .. import _validate
from .._counts import apportion, number_to_keep
from .masks import Masks, keep_largest
from .models import BatchNorm


def norm_parameters(model: torch.nn.Module) -> set[str]:
    """Return the names of the scales and shifts of ``model``'s batch normalisations: what pruning spares.

    They are few, and their size says nothing of their worth: a scale multiplies a whole channel, whatever its weights.
    """
    _validate.network(model)
    return {
        f"{name}.{own}" if name else own
        for name, module in model.named_modules()
        if isinstance(module, BatchNorm | nn.InstanceNorm1d | nn.InstanceNorm2d | nn.InstanceNorm3d)
        for own, _ in module.named_parameters(recurse=False)
    }


def prune_global(
    model: torch.nn.Module, ratio: float, within: Masks | None = None, spare: Collection[str] = ()
) -> Masks:
    r"""Remove the smallest parameters of a network, wherever they stand: global magnitude pruning (GP).

    Solves :math:`\max_S \sum_{j \in S} |w_j|` subject to :math:`|S| = \lfloor n/r \rfloor`, where :math:`n` counts
    all parameters, biases too, and :math:`r` is the compression ratio; what is not in :math:`S` becomes zero.

    Parameters
    ----------
    model : Module
        Changed in place.
    ratio : float
        All parameters over kept parameters, >= 1.
    within : Masks or None
        What an earlier pruning kept: nothing else comes back, even where a kept weight has become zero.
    spare : collection of str
        Names of parameters that stay, whatever their size, such as :func:`norm_parameters`. They count as all others.

    Returns
    -------
    Masks
        What is kept, exactly :math:`\lfloor n/r \rfloor` parameters (fewer only where ``within`` holds fewer).

    Raises
    ------
    ValueError
        If ``ratio`` is out of range, a parameter is NaN, ``within`` belongs to another network, or ``spare`` names
        what is no parameter, or more than the ratio leaves.

    Notes
    -----
    Source: paper, Section 4.1, strategy i. Ties are broken by position (:func:`~l0lib.compress.keep_largest`).
    """
    _validate.network(model)
    scores = [p.detach().abs().flatten() for p in model.parameters()]
    return _keep_best(model, ratio, scores, within, spare)


def prune_layerwise(
    model: torch.nn.Module, ratio: float, within: Masks | None = None, spare: Collection[str] = ()
) -> Masks:
    r"""Remove the smallest parameters of each layer, at the same ratio in all: layerwise magnitude pruning (LP).

    A layer is the weights and the bias of one module together. The network keeps as many parameters as under global
    pruning, :math:`\lfloor n/r \rfloor`, so that its ratio is never below the one asked for. :func:`apportion` divides
    them among the layers: each keeps its due, rounded down or up. At a high ratio a very small layer may keep nothing.

    Arguments, result and errors as in :func:`prune_global`. Source: paper, Section 4.1, strategy ii.
    """
    _validate.network(model)
    parameters = dict(model.named_parameters())
    places = _places(model, within)
    layers: dict[str, list[str]] = {}
    for name in parameters:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    keep, spared = _number_to_keep(model, ratio, spare)
    masks = {name: torch.ones_like(parameters[name], dtype=torch.bool).flatten() for name in spare}
    layers = {layer: some for layer, names in layers.items() if (some := [name for name in names if name not in spare])}
    sizes = [sum(parameters[name].numel() for name in names) for names in layers.values()]
    for names, share in zip(layers.values(), apportion(sizes, keep - spared), strict=True):
        scores = [parameters[name].detach().abs().flatten() for name in names]
        kept = _best(scores, share, [places[name] for name in names if places])
        masks.update(zip(names, kept, strict=True))
    return _cut(model, masks)


def prune_random(
    model: torch.nn.Module, ratio: float, *, seed: int, within: Masks | None = None, spare: Collection[str] = ()
) -> Masks:
    r"""Remove parameters drawn at random from the whole network, whatever their magnitude: random pruning (RP).

    Every set of :math:`\lfloor n/r \rfloor` parameters is as likely as every other one. With one seed, what is kept at
    a higher ratio is part of what is kept at a lower one.

    ``seed`` is that of the draw; torch's global generator is neither read nor changed. Other arguments, result and
    errors as in :func:`prune_global`. Source: paper, Section 4.1, strategy iii.
    """
    _validate.network(model)
    _validate.seed(seed)
    parameters = list(model.parameters())
    sizes = [p.numel() for p in parameters]
    # float64 holds every rank exactly, so that there are no ties
    ranks = torch.randperm(sum(sizes), generator=torch.Generator().manual_seed(seed)).double()
    scores = [rank.to(p.device) for rank, p in zip(ranks.split(sizes), parameters, strict=True)]
    return _keep_best(model, ratio, scores, within, spare)


def _number_to_keep(model: torch.nn.Module, ratio: float, spare: Collection[str]) -> tuple[int, int]:
    """Return how many parameters are kept, and how many of them are spared."""
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    if unknown := sorted(set(spare) - set(sizes)):
        raise ValueError(f"spare must name parameters of the model; got {', '.join(unknown)}")
    keep, spared = number_to_keep(sum(sizes.values()), ratio), sum(sizes[name] for name in set(spare))
    if spared > keep:
        raise ValueError(f"ratio must leave the {spared} parameters that are spared; it leaves {keep}")
    return keep, spared


def _places(model: torch.nn.Module, within: Masks | None) -> dict[str, torch.Tensor]:
    if within is None:
        return {}
    by_parameter = within.by_parameter(model)
    return {name: by_parameter[p].flatten() for name, p in model.named_parameters()}


def _best(scores: list[torch.Tensor], keep: int, places: list[torch.Tensor]) -> Sequence[torch.Tensor]:
    """Return one flat mask for each of ``scores`` (all >= 0), true at the ``keep`` best of all that are in place."""
    flat = torch.cat(scores)
    if places:
        allowed = torch.cat(places)
        keep = min(keep, int(allowed.sum()))
        flat = flat.masked_fill(~allowed, -1)
    return keep_largest(flat, keep).split([len(part) for part in scores])


def _keep_best(
    model: torch.nn.Module, ratio: float, scores: list[torch.Tensor], within: Masks | None, spare: Collection[str]
) -> Masks:
    places = _places(model, within)
    names = [name for name, _ in model.named_parameters()]
    keep, _ = _number_to_keep(model, ratio, spare)
    scores = [
        part.new_full((len(part),), math.inf) if name in spare else part
        for name, part in zip(names, scores, strict=True)
    ]
    kept = _best(scores, keep, list(places.values()))
    return _cut(model, dict(zip(names, kept, strict=True)))


def _cut(model: torch.nn.Module, kept: dict[str, torch.Tensor]) -> Masks:
    masks = Masks({name: kept[name].view_as(p) for name, p in model.named_parameters()})
    masks.apply_(model)
    return masks
