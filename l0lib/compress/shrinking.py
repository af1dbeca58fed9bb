"""A physically smaller network: what pruning left of its units, as dense layers of fewer outputs and inputs."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn

from .masks import Masks
from .surgery import HasChain


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
        small = [layer for layer, _ in _chain(self.model)]
        for (large, _), layer, rows, columns in zip(_chain(model), small, self.outputs, self.inputs, strict=True):
            large.weight.zero_()
            large.weight[rows[:, None], columns[None]] = layer.weight
            assert large.bias is not None
            assert layer.bias is not None
            large.bias.zero_()
            large.bias[rows] = layer.bias


@torch.no_grad()
def shrink(model: nn.Module, masks: Masks) -> Shrunk:
    r"""Return a smaller dense network that computes the same function.

    A unit is one output of a linear layer or one channel of a convolution. One whose incoming weights, bias and
    outgoing weights are all masked gives zero and is left out: its row in the one layer, its columns in the next.
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
        If the network has no chain, or its activations give something else than zero for zero.
    RuntimeError
        If a parameter outside the masks is not zero.
    """
    masks.check(model)
    chain = _chain(model)
    kept = masks.by_parameter(model)
    alive = []
    for place, (layer, between) in enumerate(chain):
        assert layer.bias is not None
        units = kept[layer.weight].flatten(1).any(1) | kept[layer.bias]
        if place + 1 == len(chain):
            units = torch.ones_like(units)
        else:
            if bool(between(torch.zeros(1)) != 0):
                raise ValueError(f"activations must give zero for zero; the one behind layer {place} does not")
            following = kept[chain[place + 1][0].weight]
            units |= following.reshape(following.shape[0], len(units), -1).any(2).any(0)
            if not units.any():
                units[0] = True
        alive.append(units.nonzero().flatten())
    small = copy.deepcopy(model)
    inputs = [torch.arange(chain[0][0].weight.shape[1], device=alive[0].device)]
    for (layer, _), (following, _), units in zip(chain, chain[1:], alive, strict=False):
        # behind a flattened channel, one unit stands for several inputs
        each = following.weight.shape[1] // layer.weight.shape[0]
        inputs.append((units[:, None] * each + torch.arange(each, device=units.device)).flatten())
    names = {p: name for name, p in model.named_parameters()}
    small_masks = {}
    for (large, _), (layer, _), rows, columns in zip(chain, _chain(small), alive, inputs, strict=True):
        assert large.bias is not None
        layer.weight = nn.Parameter(laid_out_like(large.weight, large.weight[rows][:, columns]))
        layer.bias = nn.Parameter(large.bias[rows].clone())
        small_masks[names[large.weight]] = laid_out_like(large.weight, kept[large.weight][rows][:, columns])
        small_masks[names[large.bias]] = kept[large.bias][rows]
        if isinstance(layer, nn.Conv2d):
            layer.out_channels, layer.in_channels = len(rows), len(columns)
        else:
            layer.out_features, layer.in_features = len(rows), len(columns)
    ordered = Masks({name: small_masks[name] for name, _ in small.named_parameters()})
    return Shrunk(small, ordered, tuple(alive), tuple(inputs))


def laid_out_like(large: torch.Tensor, small: torch.Tensor) -> torch.Tensor:
    """Lay ``small`` out in memory as ``large`` is, channels last or not."""
    # a kernel of one input channel is contiguous in both ways: its strides alone tell which way a convolution takes
    last = large.ndim == 4 and large.stride(1) == 1
    form = torch.channels_last if last else torch.contiguous_format
    return torch.empty_like(small, memory_format=form).copy_(small)


def _chain(model: nn.Module):
    if not isinstance(model, HasChain):
        raise ValueError(
            f"model must have a chain() of its layers, as LeNet300100 and LeNet5Caffe have; got {type(model).__name__}"
        )
    return model.chain()
