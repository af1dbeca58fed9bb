"""The shapes of a network and how they hang together: what removing neurons does to every layer, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .measure import multiply_adds
from .neurons import Graph, neurons


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
        """Return the size of each layer once units are removed.

        Parameters
        ----------
        removed : mapping of str to collection of int
            Family (the name of its first layer) to the units that go, as :func:`smallest_neurons` gives them.

        Raises
        ------
        ValueError
            If a name is no family's, or a unit is out of range.
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
    """Read off a network what its shapes depend on.

    Parameters
    ----------
    model : Module
        Convolutions, linear layers, batch normalisations, and what stands between them.
    example : tensor
        A batch of inputs, whose values do not matter.

    Raises
    ------
    ValueError
        If a convolution has several groups: there an input does not meet every output.
    """
    found = neurons(model, example)
    graph = Graph(model, example)
    writes: dict[str, int] = {}
    reads: dict[str, tuple[int, int]] = {}
    for index, unit in enumerate(found):
        for layer, place, inward in graph.touched(unit.name, 0):
            if inward:
                reads[layer] = (index, len(place))
            else:
                writes[layer] = index
    called: list[str] = []
    hooks = [
        module.register_forward_hook(lambda module, given, made, name=name: called.append(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear | _BatchNorm)
    ]
    uses = {count.name: count.dense for count in multiply_adds(model, example)}
    for hook in hooks:
        hook.remove()
    modules, layers = dict(model.named_modules()), []
    for name in dict.fromkeys(called):
        module = modules[name]
        if isinstance(module, _BatchNorm):
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
