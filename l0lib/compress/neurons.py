"""Neuron pruning: filters and hidden units removed for real, through batch normalisation and around residual blocks.

Which layers hang together is found by following the network on an example (the package ``torch-pruning``). A blueprint
says what removing neurons does to every layer, without doing it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from .. import _validate
from .measure import evaluation_mode, forward_hooks, multiply_adds
from .models import BatchNorm
from .surgery import laid_out_like


@dataclass(frozen=True)
class Neurons:
    """Units that can be removed together: unit ``i`` of each of ``layers`` goes with unit ``i`` of the others.

    Outside of residual networks a family is one layer. What a residual block adds to its way around has as many
    channels as the way around, so all layers that write to it are one family.

    Attributes
    ----------
    layers : tuple of str
        Names of the convolutions and linear layers whose outputs these units are.
    norms : float tensor (units,)
        The l2 norm of each unit's incoming weights, over all of ``layers``; biases do not count.
    """

    layers: tuple[str, ...]
    norms: torch.Tensor

    @property
    def name(self) -> str:
        """The first layer: the name of the family."""
        return self.layers[0]


class Graph:
    """The dependencies of a network, in the terms of this module."""

    def __init__(self, model: nn.Module, example: torch.Tensor):
        import torch_pruning  # here: training and pruning single weights must not need it

        # following the network must not move the statistics of the batch normalisations
        with evaluation_mode(model), _recorded_calls(model) as called, torch.enable_grad():
            self.graph = torch_pruning.DependencyGraph().build_dependency(model, example_inputs=example)
        # it gives the class scores, whatever was registered last
        self.last = next(module for module in reversed(called) if isinstance(module, nn.Conv2d | nn.Linear))
        self.names = {module: name for name, module in model.named_modules()}
        self.modules = dict(model.named_modules())
        self.prune_convolution = torch_pruning.prune_conv_out_channels
        self.prune_linear = torch_pruning.prune_linear_out_channels

    def group(self, layer: str, units: list[int]):
        module = self.modules[layer]
        way = self.prune_convolution if isinstance(module, nn.Conv2d) else self.prune_linear
        return self.graph.get_pruning_group(module, way, idxs=units)

    def touched(self, layer: str, units: list[int]) -> list[tuple[str, list[int], bool]]:
        """Return what goes with units: layer, places among its outputs or inputs, and whether these are inputs."""
        found = []
        for dependency, places in self.group(layer, units):
            module = dependency.target.module
            if isinstance(module, nn.Conv2d | nn.Linear | BatchNorm):
                inward = not self.graph.is_out_channel_pruning_fn(dependency.handler)
                found.append((self.names[module], places, inward))
        return found

    def outputs(self, layer: str, units: list[int]) -> dict[str, list[int]]:
        """Return the layers that lose outputs with these units, and which."""
        return {name: places for name, places, inward in self.touched(layer, units) if not inward}

    def families(self) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        layers = [name for name, module in self.modules.items() if isinstance(module, nn.Conv2d | nn.Linear)]
        for layer in layers:
            if self.modules[layer] is not self.last and not any(layer in family for family in found):
                together = self.outputs(layer, [0])
                found.append(tuple(name for name in layers if name in together))
        return [family for family in found if self.names[self.last] not in family]


def neurons(model: nn.Module, example: torch.Tensor) -> list[Neurons]:
    r"""Return the units of ``model`` that can be removed, family by family, each with its norm.

    The norm of unit :math:`i` is :math:`\sqrt{\sum_l \lVert w_{l,i} \rVert_2^2}` over the layers :math:`l` of its
    family, with :math:`w_{l,i}` the weights that come into it (paper, Section 4.6). The outputs of the network, its
    class scores, are no units of this kind.

    Parameters
    ----------
    model : Module
        Convolutions, linear layers, batch normalisations, and what stands between them.
    example : tensor
        A batch of inputs, whose values do not matter.
    """
    _validate.network(model)
    _validate.tensor("example", example, 1)
    graph = Graph(model, example)
    found = []
    for family in graph.families():
        weights = [graph.modules[layer].weight.detach().flatten(1) for layer in family]
        found.append(Neurons(family, torch.cat(weights, 1).norm(dim=1)))
    return found


def smallest_neurons(
    found: Iterable[Neurons], share: float, *, within: str = "layer", keep: int = 1
) -> dict[str, list[int]]:
    """Choose the units of smallest norm: a share of them all, or the same share of each family.

    Parameters
    ----------
    found : iterable of Neurons
        Of :func:`neurons`, or some of them.
    share : float
        How many to remove, 0 <= share < 1.
    within : {"layer", "network"}
        Compare norms within each family, or across all of them. Norms of layers with more inputs are larger: across
        layers, narrow ones go first.
    keep : int
        Every family keeps so many units at least.

    Returns
    -------
    dict of str to list of int
        The units to remove, by the family's first layer, as :func:`remove_neurons` takes them.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share must be >= 0 and < 1; got {share!r}")
    if within not in ("layer", "network"):
        raise ValueError(f"within must be one of layer, network; got {within!r}")
    if keep < 1:
        raise ValueError(f"keep must be >= 1; got {keep!r}")
    families = list(found)
    chosen: dict[str, list[int]] = {}
    for compared in [families] if within == "network" else [[family] for family in families]:
        # the largest ones of each family stay; of the others the smallest go
        free = []
        for place, family in enumerate(compared):
            small_first = sorted((norm, place, unit) for unit, norm in enumerate(family.norms.tolist()))
            free += small_first[: max(len(small_first) - keep, 0)]
        # 0.29 of 100 are 29, though the product is a little less
        going = math.floor(share * sum(len(family.norms) for family in compared) + 1e-9)
        for _, place, unit in sorted(free)[:going]:
            chosen.setdefault(compared[place].name, []).append(unit)
    return {name: sorted(units) for name, units in chosen.items()}


def _checked(graph: Graph, units: Mapping[str, Iterable[int]]) -> list[tuple[str, list[int]]]:
    families = graph.families()
    wanted, seen = [], set()
    for layer, indices in units.items():
        family = next((family for family in families if layer in family), None)
        if family is None:
            names = ", ".join(layer for family in families for layer in family)
            raise ValueError(f"units must name layers whose outputs can go, {names}; got {layer!r}")
        if family in seen:
            raise ValueError(f"units must name each family of layers once; {', '.join(family)} are one")
        seen.add(family)
        chosen, number = sorted(set(indices)), graph.modules[layer].weight.shape[0]
        if chosen and not 0 <= chosen[0] <= chosen[-1] < number:
            raise ValueError(f"units of {layer} must be between 0 and {number - 1}; got {chosen[0]} to {chosen[-1]}")
        if len(chosen) == number:
            raise ValueError(f"units of {layer} must leave one of its {number}; got all")
        if chosen:
            wanted.append((layer, chosen))
    return wanted


@torch.no_grad()
def silence_neurons(model: nn.Module, units: Mapping[str, Iterable[int]], example: torch.Tensor) -> None:
    """Set everything that makes these units speak to zero: weights, biases, and the scale and shift of their norms.

    In place. The network keeps its shapes. It computes what :func:`remove_neurons` computes, if a silenced unit stays
    silent up to the next layer: with activations that are zero at zero, and normalisations that have a scale and shift.
    Arguments and errors as there.
    """
    graph = Graph(model, example)
    for layer, chosen in _checked(graph, units):
        for name, places in graph.outputs(layer, chosen).items():
            for parameter in graph.modules[name].parameters(recurse=False):
                parameter[places] = 0


def remove_neurons(model: nn.Module, units: Mapping[str, Iterable[int]], example: torch.Tensor) -> nn.Module:
    """Return a smaller network without these units; ``model`` stays as it is.

    With a unit go its weights and its bias, its place in the batch normalisation behind it, what the next layers read
    from it, and the units of other layers that are added to it.

    Parameters
    ----------
    model, example
        As in :func:`neurons`.
    units : mapping of str to iterable of int
        Layer to the units to remove; one entry for a family of layers (:class:`Neurons`), under any of its names.

    Raises
    ------
    ValueError
        If a layer cannot lose outputs, a family is named twice, or a unit is out of range or the last one.
    """
    small = copy.deepcopy(model)
    graph = Graph(small, example)
    for layer, chosen in _checked(graph, units):
        graph.group(layer, chosen).prune()
    whole = dict(model.named_parameters())
    for name, values in small.named_parameters():  # removal writes all of them row by row
        values.data = laid_out_like(whole[name], values.data)
    return small


@dataclass(frozen=True)
class Layer:
    """A convolution, linear layer or batch normalisation.

    Attributes
    ----------
    name : str
    kind : {"convolution", "linear", "norm"}
    writes : int
        The family (an index) whose units are its outputs; -1 for the class scores.
    reads : int
        The family whose units it reads; -1 for the image. A normalisation reads what it writes.
    outputs, inputs : int
        Inputs are channels, or the numbers a linear layer reads; 0 for a normalisation.
    each : int
        Inputs that one unit gives: the positions of a feature map that is laid out flat, else 1.
    kernel : int
        Weights between one input and one output.
    uses : int
        Multiply-adds between one input and one output, for one image.
    bias : int
        Other trained parameters of one output: 1 with a bias, 2 for a normalisation's scale and shift.
    """

    name: str
    kind: str
    writes: int
    reads: int
    outputs: int
    inputs: int
    each: int
    kernel: int
    uses: int
    bias: int


@dataclass(frozen=True)
class LayerSize:
    """What is left of a layer: outputs, inputs, trained parameters, and multiply-adds for one image."""

    outputs: int
    inputs: int
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Blueprint:
    """The layers of a network in the order in which they run, and its families of units.

    Attributes
    ----------
    layers : tuple of Layer
    families : tuple of tuple of str
        The layers whose outputs go together; the first one names the family.
    norms : tuple of tuple of float
        The norm of every unit, by family.
    """

    layers: tuple[Layer, ...]
    families: tuple[tuple[str, ...], ...]
    norms: tuple[tuple[float, ...], ...]

    def without(self, removed: Mapping[str, Any] | None = None) -> list[LayerSize]:
        """Return the size of each layer without the units that :func:`smallest_neurons` chose, or others.

        A name that is no family's, and a unit out of range, are a ValueError.
        """
        names = [family[0] for family in self.families]
        left = [len(norms) for norms in self.norms]
        for name, units in (removed or {}).items():
            if name not in names:
                raise ValueError(f"removed must name families, {', '.join(names)}; got {name!r}")
            place = names.index(name)
            if any(not 0 <= unit < len(self.norms[place]) for unit in units):
                raise ValueError(f"removed units of {name} must be between 0 and {left[place] - 1}; got {list(units)}")
            left[place] -= len(set(units))
        found = []
        for layer in self.layers:
            outputs = layer.outputs if layer.writes < 0 else left[layer.writes]
            inputs = layer.inputs if layer.reads < 0 or layer.kind == "norm" else left[layer.reads] * layer.each
            pairs = outputs * inputs
            found.append(LayerSize(outputs, inputs, pairs * layer.kernel + outputs * layer.bias, pairs * layer.uses))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return plain data, for a drawing in the browser."""
        return {
            "layers": [asdict(layer) for layer in self.layers],
            "families": [list(family) for family in self.families],
            "norms": [[float(f"{norm:.9g}") for norm in norms] for norms in self.norms],
        }


def blueprint(model: nn.Module, example: torch.Tensor) -> Blueprint:
    """Read off a network what its shapes depend on; ``model`` and ``example`` as in :func:`neurons`.

    A convolution of several groups, where an input does not meet every output, is a ValueError.
    """
    found = neurons(model, example)
    graph = Graph(model, example)
    writes: dict[str, int] = {}
    reads: dict[str, tuple[int, int]] = {}
    for index, unit in enumerate(found):
        for layer, place, inward in graph.touched(unit.name, [0]):
            if inward:
                reads[layer] = (index, len(place))
            else:
                writes[layer] = index
    with _recorded_calls(model) as called:
        uses = {count.name: count.dense for count in multiply_adds(model, example)}
    layers = []
    for module in dict.fromkeys(called):
        name = graph.names[module]
        if isinstance(module, BatchNorm):
            family = writes[name]
            layers.append(Layer(name, "norm", family, family, module.num_features, 0, 1, 0, 0, 2 * module.affine))
        else:
            if getattr(module, "groups", 1) != 1:
                raise ValueError(f"convolutions must have one group; {name} has {module.groups}")
            outputs, inputs = module.weight.shape[:2]
            source, each = reads.get(name, (-1, 1))
            kind = "linear" if isinstance(module, nn.Linear) else "convolution"
            weights = module.weight[0, 0].numel()
            times = uses[name] // (outputs * inputs)
            bias = int(module.bias is not None)
            writer = writes.get(name, -1)
            layers.append(Layer(name, kind, writer, source, outputs, inputs, each, weights, times, bias))
    return Blueprint(
        tuple(layers), tuple(family.layers for family in found), tuple(tuple(f.norms.tolist()) for f in found)
    )


@contextmanager
def _recorded_calls(model: nn.Module) -> Iterator[list[Any]]:
    """Yield a list of the layers and batch normalisations, in the order in which they are called meanwhile."""
    called: list[nn.Module] = []
    modules = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear | BatchNorm)]
    with forward_hooks(modules, lambda module, inputs, output: called.append(module)):
        yield called
