"""Which parameters to remove: a score, a number to keep, a mask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

import torch

from .. import _validate
from .._counts import apportion, number_to_keep
from .masks import Masks, check_masks, keep_largest_of_all
from .selection import Selectors, check_plain, named_parameters, spared_parameters


def prune_global(
    model: torch.nn.Module,
    ratio: float | Fraction,
    within: Masks | None = None,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> Masks:
    r"""Remove the smallest parameters of a network, wherever they stand: global magnitude pruning (GP).

    Solves :math:`\max_S \sum_{j \in S} |w_j|` subject to :math:`|S| = \lfloor n/r \rfloor`, where :math:`n` counts
    all parameters, biases too, and :math:`r` is the compression ratio; what is not in :math:`S` becomes zero.

    Parameters
    ----------
    model : Module
        Changed in place.
    ratio : float or Fraction
        All parameters over kept parameters, >= 1.
    within : Masks or None
        What an earlier pruning kept: nothing else comes back, even where a kept weight has become zero.
    spare, only : names, patterns of names (``"head.*"``), types of modules, or a collection of these
        What stays whole, such as :func:`norm_parameters`, and what alone is pruned (None: everything). Of a module, all
        that is in it. What stays counts as all else: ``ratio`` is that of the whole network.

    Returns
    -------
    Masks
        What is kept, exactly :math:`\lfloor n/r \rfloor` parameters (fewer only where ``within`` holds fewer).

    Raises
    ------
    ValueError
        If ``ratio`` is out of range, a parameter is NaN, ``within`` belongs to another network, ``spare`` or ``only``
        names what is no parameter, more is spared than the ratio leaves, or a parameter is computed from others (under
        masks of ``torch.nn.utils.prune``, weight normalisation): :func:`~l0lib.compress.strip` the network first.

    Notes
    -----
    Source: paper, Section 4.1, strategy i. Ties are broken by position (:func:`~l0lib.compress.keep_largest`).
    """
    _validate.network(model)
    return prune_by_scores(model, ratio, dict(named_parameters(model)), within, spare, only)


def prune_by_scores(
    model: torch.nn.Module,
    ratio: float | Fraction,
    scores: Mapping[str, torch.Tensor],
    within: Masks | None = None,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> Masks:
    """Keep the parameters of a network whose scores are largest in size, wherever they stand.

    ``scores`` has a tensor for each parameter that may be pruned, under its name and in its shape; anything else is a
    ValueError. Other arguments, result and errors as in :func:`prune_global`, whose scores are the parameters.
    """
    plan = _Plan(model, ratio, within, spare, only)
    for name, p in plan.free.items():
        if name not in scores or scores[name].shape != p.shape:
            found = tuple(scores[name].shape) if name in scores else "none"
            raise ValueError(f"scores must have the shape {tuple(p.shape)} for {name}; got {found}")
    plan.keep(plan.free, plan.keep_free, {name: scores[name].detach() for name in plan.free})
    return plan.cut()


def number_to_keep_besides(model: torch.nn.Module, ratio: float | Fraction, spared: Collection[str]) -> int:
    """Return how many parameters a ratio keeps besides the ``spared`` ones (names); a ValueError if it keeps fewer."""
    sizes = {name: p.numel() for name, p in named_parameters(model)}
    keep, count = number_to_keep(sum(sizes.values()), ratio), sum(sizes[name] for name in spared)
    if keep < count:
        raise ValueError(f"ratio must leave the {count} parameters that are spared; it leaves {keep}")
    return keep - count


def prune_layerwise(
    model: torch.nn.Module,
    ratio: float | Fraction,
    within: Masks | None = None,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> Masks:
    r"""Remove the smallest parameters of each layer, at the same ratio in all: layerwise magnitude pruning (LP).

    A layer is the weights and the bias of one module together. The network keeps as many parameters as under global
    pruning, :math:`\lfloor n/r \rfloor`, so that its ratio is never below the one asked for. :func:`apportion` divides
    them among the layers: each keeps its due, rounded down or up. At a high ratio a very small layer may keep nothing.

    Arguments, result and errors as in :func:`prune_global`. Source: paper, Section 4.1, strategy ii.
    """
    plan = _Plan(model, ratio, within, spare, only)
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for name, p in plan.free.items():
        layers.setdefault(name.rpartition(".")[0], {})[name] = p.detach()
    sizes = [sum(p.numel() for p in own.values()) for own in layers.values()]
    for own, share in zip(layers.values(), apportion(sizes, plan.keep_free), strict=True):
        plan.keep(own, share, own)
    return plan.cut()


def prune_random(
    model: torch.nn.Module,
    ratio: float | Fraction,
    *,
    seed: int,
    within: Masks | None = None,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> Masks:
    r"""Remove parameters drawn at random from the whole network, whatever their magnitude: random pruning (RP).

    Every set of :math:`\lfloor n/r \rfloor` parameters is as likely as every other one. With one seed, what is kept at
    a higher ratio is part of what is kept at a lower one.

    ``seed`` is that of the draw; torch's global generator is neither read nor changed. Other arguments, result and
    errors as in :func:`prune_global`. Source: paper, Section 4.1, strategy iii.
    """
    seed = _validate.seed(seed)
    _validate.network(model)
    parameters = dict(named_parameters(model))
    sizes = [p.numel() for p in parameters.values()]
    kind = torch.int32 if sum(sizes) < 2**31 else torch.int64
    ranks = torch.randperm(sum(sizes), generator=torch.Generator().manual_seed(seed), dtype=kind).split(sizes)
    scores = {name: own.view(p.shape) for (name, p), own in zip(parameters.items(), ranks, strict=True)}
    return prune_by_scores(model, ratio, scores, within, spare, only)


class _Plan:
    """A pruning before anything is removed: what is spared, how many of the others are kept, and which."""

    def __init__(
        self,
        model: torch.nn.Module,
        ratio: float | Fraction,
        within: Masks | None,
        spare: Selectors,
        only: Selectors | None,
    ):
        check_plain(model)
        self.model, parameters = model, dict(named_parameters(model))
        spared = spared_parameters(model, spare, only)
        if within is not None:
            check_masks(within, "within")
        self.places = None if within is None else within.by_parameter(model)
        self.free = {name: p for name, p in parameters.items() if name not in spared}
        self.keep_free = number_to_keep_besides(model, ratio, spared)
        self.kept = {name: torch.ones_like(parameters[name], dtype=torch.bool) for name in spared}

    def keep(self, names: Iterable[str], number: int, scores: dict[str, torch.Tensor]) -> None:
        """Keep the ``number`` best of these parameters by the size of their scores, of what is in place."""
        names = list(names)
        places = None if self.places is None else [self.places[self.free[name]] for name in names]
        if places is not None:
            number = min(number, sum(int(place.sum()) for place in places))
        kept = keep_largest_of_all([scores[name] for name in names], number, magnitudes=True, allowed=places)
        self.kept |= zip(names, kept, strict=True)

    def cut(self) -> Masks:
        """Set what is not kept to zero, and return the masks."""
        masks = Masks({name: self.kept[name].to(p.device) for name, p in named_parameters(self.model)})
        masks.apply_(self.model)
        return masks
