"""Dead paths, parameters that survived the pruning and yet cannot matter; and the smaller network that pruning left."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from .. import _validate
from .._counts import number_to_keep
from .masks import Masks, check_masks
from .models import Chain, Convolution
from .pruning import prune_global

#: A layer of a chain, its bias, and what follows it.
Link = tuple[nn.Linear | Convolution, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]


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
        If the network has no chain, or one in which a constant cannot move on exactly: a layer without bias, a layer
        that stands in it twice or shares its weights, or, behind the first, a convolution with padding (the constant
        ends at the border) or with groups.

    Notes
    -----
    Whether a unit is dead is read from the parameters, not from the masks. Where all constants are zero the output
    stays the same to the last bit; elsewhere up to the rounding of the new biases.
    """
    if masks is not None:
        check_masks(masks)
    chain = [(layer.weight, bias, between) for layer, bias, between in _exact_chain(model)]
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
    of which, without the dead paths, at most :math:`k` are left; that number is found by steps that double, then by
    bisection.

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
    _validate.function(prune, "prune must be a function such as prune_global", model, ratio, within=within)
    _exact_chain(model)
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
        step = keep - masks.kept  # as many are missing: with them it is seldom too much by far
        while least + step < most:
            if cut(least + step).kept > keep:
                most = least + step - 1
                break
            least, step = least + step, 2 * step
        while least < most:
            middle = (least + most + 1) // 2
            if cut(middle).kept <= keep:
                least = middle
            else:
                most = middle - 1
        masks = cut(least)
    return masks


@dataclass(frozen=True)
class Shrunk:
    """A network without the units that pruning emptied.

    Attributes
    ----------
    model : Module
        A dense network of the same kind, with narrower layers.
    masks : Masks
        Its masks: what was kept inside the units that remain.
    outputs, inputs : tuple of int64 tensors
        For each layer of the chain, which outputs and which inputs of the large layer it has.
    """

    model: nn.Module
    masks: Masks
    outputs: tuple[torch.Tensor, ...]
    inputs: tuple[torch.Tensor, ...]

    @torch.no_grad()
    def write_into(self, model: nn.Module) -> None:
        """Copy the parameters back to their places in the large network ``model``, and set all others to zero."""
        pairs = zip(_chain(model), _chain(self.model), strict=True)
        for ((large, bias, _), (small, small_bias, _)), rows, columns in zip(
            pairs, self.outputs, self.inputs, strict=True
        ):
            large.weight.zero_()
            large.weight[rows[:, None], columns[None]] = small.weight
            bias.zero_()
            bias[rows] = small_bias


@torch.no_grad()
def shrink(model: nn.Module, masks: Masks) -> Shrunk:
    r"""Return a smaller dense network that computes the same function.

    A unit whose incoming weights, bias and outgoing weights are all masked gives zero and is left out: its row in the
    one layer, its columns in the next.
    :func:`~l0lib.compress.remove_dead_paths` brings as many units as possible into this state; call it first. A layer
    that would lose all its units keeps one. Inputs and outputs of the network stay as they are.

    Trained under its masks, the small network takes the same steps as the large one, up to rounding (sums over fewer
    zeros): fine-tuning after strong pruning then costs a fraction of the time.

    Parameters
    ----------
    model : Module
        A network with a ``chain()``. Not changed.
    masks : Masks
        What was kept; everything else must be zero.

    Raises
    ------
    ValueError
        If the network has no chain, or one as in :func:`remove_dead_paths`; if a convolution has groups, or parameters
        stand outside of the chain; or if activations give something else than zero for zero.
    RuntimeError
        If a parameter outside the masks is not zero.
    """
    chain = _chain(model)
    check_masks(masks)
    masks.check(model)
    if getattr(chain[0][0], "groups", 1) != 1:
        raise ValueError(f"convolutions of a chain must have one group to lose units; got {chain[0][0]}")
    inside = {p for layer, bias, _ in chain for p in (layer.weight, bias)}
    if outside := [name for name, p in model.named_parameters() if p not in inside]:
        raise ValueError(f"chain() must hold all parameters of a network that shrinks; it lacks {', '.join(outside)}")
    kept = masks.by_parameter(model)
    alive = []
    for place, (layer, bias, between) in enumerate(chain):
        units = kept[layer.weight].flatten(1).any(1) | kept[bias]
        if place + 1 == len(chain):
            units = torch.ones_like(units)
        else:
            if bool(between(torch.zeros(1)) != 0):
                raise ValueError(f"activations must give zero for zero; the one behind layer {place} does not")
            units |= _outgoing(layer.weight, kept[chain[place + 1][0].weight]).any(2).any(0)
            if not units.any():
                units[0] = True
        alive.append(units.nonzero().flatten())
    small = copy.deepcopy(model)
    inputs = [torch.arange(chain[0][0].weight.shape[1], device=alive[0].device)]
    for (layer, _, _), (following, _, _), units in zip(chain, chain[1:], alive, strict=False):
        # behind a flattened channel, one unit stands for several inputs
        each = following.weight.shape[1] // layer.weight.shape[0]
        inputs.append((units[:, None] * each + torch.arange(each, device=units.device)).flatten())
    names: dict[torch.Tensor, str] = {p: name for name, p in model.named_parameters()}
    small_masks = {}
    for (large, bias, _), (layer, _, _), rows, columns in zip(chain, _chain(small), alive, inputs, strict=True):
        weight = laid_out_like(large.weight, large.weight[rows][:, columns])
        layer.weight = nn.Parameter(weight, large.weight.requires_grad)
        layer.bias = nn.Parameter(bias[rows].clone(), bias.requires_grad)
        small_masks[names[large.weight]] = laid_out_like(large.weight, kept[large.weight][rows][:, columns])
        small_masks[names[bias]] = kept[bias][rows]
        if isinstance(layer, Convolution):
            layer.out_channels, layer.in_channels = len(rows), len(columns)
        else:
            layer.out_features, layer.in_features = len(rows), len(columns)
    ordered = Masks({name: small_masks[name] for name, _ in small.named_parameters()})
    return Shrunk(small, ordered, tuple(alive), tuple(inputs))


def copied(model: nn.Module) -> nn.Module:
    """Return a deep copy of a network, also where torch's pruning has left tensors with a history in its modules."""
    computed = [
        value for module in model.modules() for value in vars(module).values() if isinstance(value, torch.Tensor)
    ]
    return copy.deepcopy(model, {id(value): value.detach().clone() for value in computed})


def laid_out_like(large: torch.Tensor, small: torch.Tensor) -> torch.Tensor:
    """Lay ``small`` out in memory as ``large`` is, channels last or not."""
    # a kernel of one input channel is contiguous in both ways: its strides alone tell which way a convolution takes
    last = large.ndim == 4 and large.stride(1) == 1
    form = torch.channels_last if last else torch.contiguous_format
    return torch.empty_like(small, memory_format=form).copy_(small)


def _exact_chain(model: nn.Module) -> list[Link]:
    """Return the chain of a network in which constants can move on exactly; a ValueError says why they cannot."""
    links = _chain(model)
    for layer, _, _ in links[1:]:
        if isinstance(layer, Convolution) and layer.padding != "valid" and any(layer.padding):
            raise ValueError(f"convolutions behind the first layer must have no padding; got {layer}")
    return links


def _chain(model: nn.Module) -> list[Link]:
    if not isinstance(model, HasChain):
        raise ValueError(
            f"model must have a chain() of its layers, as LeNet300100 and LeNet5Caffe have; got {type(model).__name__}"
        )
    links: list[Link] = []
    for layer, between in model.chain():
        if layer.bias is None:
            raise ValueError(f"layers of a chain must have a bias, which takes over constants; got {layer}")
        earlier = {parameter for link, bias, _ in links for parameter in (link.weight, bias)}
        if earlier.intersection(layer.parameters()):
            raise ValueError(
                f"layers of a chain must have weights of their own and stand in it once; got {layer} again"
            )
        if links and (getattr(layer, "groups", 1) != 1 or layer.weight.shape[1] % links[-1][0].weight.shape[0]):
            before = links[-1][0]
            raise ValueError(f"layers of a chain must read all outputs of the one before; got {layer} behind {before}")
        links.append((layer, layer.bias, between))
    return links


def _outgoing(weight: torch.Tensor, next_weight: torch.Tensor) -> torch.Tensor:
    """Return the next layer's weights as (its units, units of this layer, positions)."""
    return next_weight.reshape(next_weight.shape[0], weight.shape[0], -1)
