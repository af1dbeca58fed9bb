"""Dead paths: parameters that survived the pruning and yet cannot matter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from .._counts import number_to_keep
from .masks import Masks
from .models import Chain
from .pruning import prune_global


@runtime_checkable
class HasChain(Protocol):
    """A network whose layers stand in one line."""

    def chain(self) -> Chain:
        """Return the layers in order, each with the function that takes a constant output to the next layer's input."""
        ...


@torch.no_grad()
def remove_dead_paths(model: nn.Module, masks: Masks | None = None) -> Masks:
    r"""Set to zero what cannot change the output; the network computes the same function with fewer parameters.

    A unit is one output of a linear layer or one channel of a convolution. Two kinds are dead:

    - *nothing comes in*: all its incoming weights are zero. Then its output is the constant :math:`c = \varphi(b)`,
      with :math:`b` its bias and :math:`\varphi` what stands between the layers. What it gives to the units of the next
      layer moves into their biases, :math:`b'_j \leftarrow b'_j + c \sum w_{ji}` (the sum is over the positions of a
      kernel, or over those of a flattened channel), and its bias and its outgoing weights become zero.
    - *nothing goes out*: all its outgoing weights are zero. Then its incoming weights and its bias become zero.

    One death leads to others. The first kind is followed from the first layer to the last, then the second kind from
    the last to the first; after this neither kind has a nonzero parameter left. The number of nonzero parameters never
    grows: a constant that reaches :math:`m` units had at least :math:`m` weights and one bias, all removed, and fills
    at most :math:`m` biases that were zero.

    Parameters
    ----------
    model : Module
        A network with a ``chain()``, such as :class:`~l0lib.compress.LeNet300100` or
        :class:`~l0lib.compress.LeNet5Caffe`. Changed in place.
    masks : Masks or None
        What was kept so far; None stands for what is not zero.

    Returns
    -------
    Masks
        ``masks`` without the dead units, and with the biases that took a constant over: what fine-tuning may move.

    Raises
    ------
    ValueError
        If the network has no chain, or one in which a constant cannot move on exactly: a layer without bias, or, behind
        the first, a convolution with padding (the constant ends at the border) or with groups.

    Notes
    -----
    Whether a unit is dead is read from the parameters, not from the masks. Where all constants are zero the output
    stays the same to the last bit; elsewhere up to the rounding of the new biases.
    """
    chain = _chain(model)
    kept = {p: p != 0 for p in model.parameters()} if masks is None else masks.by_parameter(model)
    kept = {p: mask.clone() for p, mask in kept.items()}

    def clear(parameter: torch.Tensor, where: torch.Tensor | tuple[slice, torch.Tensor]) -> None:
        parameter[where] = 0
        kept[parameter][where] = False

    for (weight, bias, between), (next_weight, next_bias, _) in pairwise(chain):
        silent = ~weight.flatten(1).any(1)
        moved = _outgoing(weight, next_weight).sum(2) @ torch.where(silent, between(bias), 0)
        next_bias.add_(moved)
        kept[next_bias] |= moved != 0
        clear(weight, silent)
        clear(bias, silent)
        # behind a flattened channel, one unit stands for several inputs
        inputs = silent.repeat_interleave(next_weight.shape[1] // weight.shape[0])
        clear(next_weight, (slice(None), inputs))
    for (weight, bias, _), (next_weight, _, _) in reversed(list(pairwise(chain))):
        unheard = ~_outgoing(weight, next_weight).any(2).any(0)
        clear(weight, unheard)
        clear(bias, unheard)
    return Masks({name: kept[p] for name, p in model.named_parameters()})


@torch.no_grad()
def prune_alive(
    model: nn.Module,
    ratio: float,
    prune: Callable[..., Masks] = prune_global,
    *,
    within: Masks | None = None,
) -> Masks:
    r"""Prune to a ratio that counts only what is alive: as few parameters go as dead paths allow.

    To prune to the ratio :math:`r` and then to remove the dead paths overshoots: fewer than
    :math:`k = \lfloor n/r \rfloor` parameters are left. This one prunes less. It keeps the largest number of parameters
    of which, without the dead paths, at most :math:`k` are left; that number is found by bisection.

    Parameters
    ----------
    model : Module
        As in :func:`remove_dead_paths`. Changed in place.
    ratio : float
        All parameters over those that are left alive, >= 1.
    prune : function (model, ratio, within=...) -> Masks
        One of the three ways to prune; random pruning with its seed bound: ``partial(prune_random, seed=0)``.
    within : Masks or None
        What an earlier pruning kept, as in :func:`~l0lib.compress.prune_global`.

    Returns
    -------
    Masks
        What is kept, as :func:`remove_dead_paths` returns it: at most ``number_to_keep(n, ratio)`` parameters. A few
        less where the next largest parameter would bring a whole unit back to life.

    Raises
    ------
    ValueError
        As in :func:`~l0lib.compress.prune_global` and in :func:`remove_dead_paths`.
    """
    _chain(model)
    before = {name: p.clone() for name, p in model.named_parameters()}
    total = sum(p.numel() for p in before.values())
    keep = number_to_keep(total, ratio)

    def cut(number: int) -> Masks:
        for name, p in model.named_parameters():
            p.copy_(before[name])
        return remove_dead_paths(model, prune(model, Fraction(total, number), within=within))

    least = keep
    most = total if within is None else max(keep, within.kept)
    masks = cut(keep)
    if masks.kept < keep:
        while least < most:
            middle = (least + most + 1) // 2
            if cut(middle).kept <= keep:
                least = middle
            else:
                most = middle - 1
        masks = cut(least)
    return masks


def _outgoing(weight: torch.Tensor, next_weight: torch.Tensor) -> torch.Tensor:
    """Return the next layer's weights as (its units, units of this layer, positions)."""
    return next_weight.reshape(next_weight.shape[0], weight.shape[0], -1)


def _chain(model: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]]:
    """Return weight, bias and what follows, layer by layer."""
    if not isinstance(model, HasChain):
        raise ValueError(
            f"model must have a chain() of its layers, as LeNet300100 and LeNet5Caffe have; got {type(model).__name__}"
        )
    links = []
    for place, (layer, between) in enumerate(model.chain()):
        if layer.bias is None:
            raise ValueError(f"layers of a chain must have a bias, which takes over constants; got {layer}")
        if place and isinstance(layer, nn.Conv2d) and (layer.padding not in ((0, 0), "valid") or layer.groups != 1):
            raise ValueError(f"convolutions behind the first layer must have no padding and one group; got {layer}")
        links.append((layer.weight, layer.bias, between))
    return links
