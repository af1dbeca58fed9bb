"""Neuron pruning: filters and hidden units removed for real, through batch normalisation and around residual blocks.

Which layers hang together is found by following the network on an example (the package ``torch-pruning``). A blueprint
says what removing neurons does to every layer, without doing it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import torch
from torch import nn

from .. import _validate
from .measure import forward_hooks, multiply_adds
from .models import ChannelNorm, Convolution, UnitsNorm
from .selection import check_plain
from .surgery import copied, laid_out_like


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
    """The dependencies of a network, in the terms of this module, on a copy of it: ``model``, in evaluation mode."""

    def __init__(self, model: nn.Module, example: torch.Tensor):
        import torch_pruning  # here: training and pruning single weights must not need it

        _validate.network(model)
        _validate.tensor("example", example, 1)
        # dependencies are read from what autograd records: of frozen layers and of inference it would record nothing
        with torch.inference_mode(False), torch.enable_grad(), _validate.taken("example"):
            self.model = copied(model).eval()
            for parameter in self.model.parameters():
                parameter.requires_grad_(parameter.is_floating_point())
            self.given: list[Any] = []  # what autograd recorded last of each output of the network
            with _recorded_calls(self.model) as self.called:
                self.graph = torch_pruning.DependencyGraph().build_dependency(
                    self.model,
                    example.detach().clone(),
                    forward_fn=lambda network, inputs: network(inputs),
                    output_transform=self._followed,
                    verbose=False,
                )
        self.modules = dict(self.model.named_modules())
        self.names: dict[Any, str] = {module: name for name, module in self.modules.items()}
        self.owners: dict[torch.Tensor, list[str]] = {}
        for name, module in self.modules.items():
            for parameter in module.parameters(recurse=False):
                self.owners.setdefault(parameter, []).append(name)
        self.prune_convolution = torch_pruning.prune_conv_out_channels
        self.prune_linear = torch_pruning.prune_linear_out_channels

    def _followed(self, output: Any) -> list[torch.Tensor]:
        outputs = [tensor for tensor in _tensors(output) if tensor.grad_fn is not None]
        if not outputs:
            raise ValueError("model must return tensors that gradients reach; got none")
        self.given = [tensor.grad_fn for tensor in outputs]
        return outputs

    def group(self, layer: str, units: Iterable[int]):
        module = self.modules[layer]
        way = self.prune_convolution if isinstance(module, Convolution) else self.prune_linear
        return self.graph.get_pruning_group(module, way, idxs=list(units))

    def touched(self, group: Any) -> list[tuple[str, list[int], bool]]:
        """Return what goes with a group of units: layer, places among its outputs or inputs, and whether it reads."""
        found = []
        for dependency, places in group:
            module = dependency.target.module
            if isinstance(module, _UNDERSTOOD):
                reads = not self.graph.is_out_channel_pruning_fn(dependency.handler)
                found.append((self.names[module], sorted(places), reads))
        return found

    def families(self, *, grouped: bool = False) -> dict[tuple[str, ...], str]:
        """Return the families of layers, each with what keeps its units from going: nothing, or a reason.

        Groups of convolutions are no reason where they are told to be none.
        """
        found: dict[tuple[str, ...], str] = {}
        layers = [name for name, module in self.modules.items() if isinstance(module, Convolution | nn.Linear)]
        for layer in layers:
            if self.modules[layer] in self.graph.module2node and not any(layer in family for family in found):
                group = self.group(layer, range(len(self.modules[layer].weight)))
                together = {name for name, _, reads in self.touched(group) if not reads}
                obstacle = self._obstacle(layer, group, grouped)
                found[tuple(name for name in layers if name in together)] = obstacle
        return found

    def _obstacle(self, layer: str, group: Any, grouped: bool) -> str:
        for dependency, _ in group:
            node, module = dependency.target, dependency.target.module
            if node.grad_fn in self.given and self.graph.is_out_channel_pruning_fn(dependency.handler):
                return "they are outputs of the network"
            if isinstance(module, nn.Parameter):  # of a module of another kind
                module = self.modules[self.owners[module][0]]
            if isinstance(module, UnitsNorm):
                return f"{type(module).__name__} {self.names[module]!r} normalises by several units together"
            if not grouped and not _is_plain(module):
                return f"convolution {self.names[module]!r} has {module.groups} groups"
        touched = self.touched(group)
        written = {name for name, _, reads in touched if not reads}
        units = len(self.modules[layer].weight)
        for name, places, reads in touched:
            module = self.modules[name]
            shared = [self.owners[own] for own in module.parameters(recurse=False) if len(self.owners[own]) > 1]
            if shared:
                return f"layers {', '.join(map(repr, shared[0]))} share their weights"
            if isinstance(module, ChannelNorm):  # it may stand behind several layers, or behind what is laid out flat
                continue
            width = module.weight.shape[_axis(module, reads)]
            if reads and name in written and self.called.count(module) > 1:
                return f"layer {name!r} is used again on its own outputs"
            if reads and _is_plain(module) and places[-1] >= width:
                return f"layer {name!r} reads them in another arrangement"
            if not reads and not (places == list(range(width)) and width == units):
                return f"unit i of {layer!r} is not unit i of {name!r}"
        return ""


def neurons(model: nn.Module, example: torch.Tensor) -> list[Neurons]:
    r"""Return the units of ``model`` that can be removed, family by family, each with its norm.

    The norm of unit :math:`i` is :math:`\sqrt{\sum_l \lVert w_{l,i} \rVert_2^2}` over the layers :math:`l` of its
    family, with :math:`w_{l,i}` the weights that come into it (paper, Section 4.6). No units of this kind are outputs
    of the network, such as its class scores, and those that cannot go one by one: around convolutions with groups (one
    for each channel is fine), in front of a normalisation by several units (layer, group, RMS), of layers that share
    weights.

    Parameters
    ----------
    model : Module
        Convolutions, linear layers, normalisations, and what stands between them; frozen layers are as any other. It is
        followed in evaluation mode, on a copy.
    example : tensor
        A batch of inputs, whose values do not matter.

    Raises
    ------
    ValueError
        If no gradient reaches what the network returns.
    """
    return _removable(Graph(model, example))


def _removable(graph: Graph) -> list[Neurons]:
    found = []
    for family, obstacle in graph.families().items():
        if not obstacle:
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
    share = _validate.number("share", share, "share must be >= 0 and < 1", lambda x: 0 <= x < 1)
    _validate.choice("within", within, ("layer", "network"))
    keep = _validate.whole("keep", keep, 1)
    families = _validate.items("found", found, "families, as neurons() gives them")
    if not all(isinstance(family, Neurons) for family in families):
        raise ValueError(f"found must hold families, as neurons() gives them; got {_validate.shown(found)}")
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


def _checked(graph: Graph, units: Mapping[str, Iterable[int]], *, grouped: bool = False) -> dict[str, list[int]]:
    check_plain(graph.model)
    if not isinstance(units, Mapping):
        raise ValueError(f"units must be a mapping of layers to their units; got {_validate.shown(units)}")
    families = graph.families(grouped=grouped)
    wanted: dict[str, list[int]] = {}
    seen = set()
    for layer, indices in units.items():
        family = next((family for family in families if layer in family), ())
        is_layer = isinstance(graph.modules.get(layer), Convolution | nn.Linear)
        no_family = "the example does not reach it" if is_layer else "it is no convolution and no linear layer"
        if obstacle := families.get(family, no_family):
            names = ", ".join(layer for family, obstacle in families.items() if not obstacle for layer in family)
            raise ValueError(f"units must name layers whose outputs can go, {names}; got {layer!r}: {obstacle}")
        if family in seen:
            raise ValueError(f"units must name each family of layers once; {', '.join(family)} are one")
        seen.add(family)
        chosen, number = sorted(set(indices)), graph.modules[layer].weight.shape[0]
        if chosen and not 0 <= chosen[0] <= chosen[-1] < number:
            raise ValueError(f"units of {layer} must be between 0 and {number - 1}; got {chosen[0]} to {chosen[-1]}")
        if len(chosen) == number:
            raise ValueError(f"units of {layer} must leave one of its {number}; got all")
        if chosen:
            wanted[layer] = chosen
    return wanted


def silence_neurons(model: nn.Module, units: Mapping[str, Iterable[int]], example: torch.Tensor) -> None:
    """Set everything that makes these units speak to zero: weights, biases, and the scale and shift of their norms.

    In place. The network keeps its shapes. It computes what :func:`remove_neurons` computes, if a silenced unit stays
    silent up to the next layer: with activations that are zero at zero, and normalisations that have a scale and shift.
    Arguments and errors as there, but that units around a convolution with groups can be silent.
    """
    graph = Graph(model, example)
    _silence(model, graph, _checked(graph, units, grouped=True))


@torch.no_grad()
def _silence(model: nn.Module, graph: Graph, units: Mapping[str, list[int]], *, unheard: bool = False) -> None:
    """Make units silent and, if so wished, the next layers deaf to them, whatever stands between."""
    modules = dict(model.named_modules())
    for layer, chosen in units.items():
        for name, places, reads in graph.touched(graph.group(layer, chosen)):
            for parameter in modules[name].parameters(recurse=False):
                if parameter.ndim > 1 and (unheard or not reads):
                    where = torch.tensor(places, device=parameter.device)
                    parameter.index_fill_(_axis(modules[name], reads), where, 0)
                elif not reads:
                    parameter[places] = 0


def remove_neurons(model: nn.Module, units: Mapping[str, Iterable[int]], example: torch.Tensor) -> nn.Module:
    """Return a smaller network without these units; ``model`` stays as it is.

    With a unit go its weights and its bias, its place in the normalisation behind it, what the next layers read from
    it, and the units of other layers that are added to it. The smaller network is then compared with ``model`` in which
    the units are silent and the next layers read nothing from them, on the example and on numbers drawn between 0 and 1
    in its place: outputs may differ by the root of a rounding step of the largest. What is frozen stays frozen, and
    modules stay in their modes.

    Parameters
    ----------
    model, example
        As in :func:`neurons`; values of the example matter a little, as the networks are compared on them.
    units : mapping of str to iterable of int
        Layer to the units to remove; one entry for a family of layers (:class:`Neurons`), under any of its names.

    Raises
    ------
    ValueError
        If a layer cannot lose outputs, a family is named twice, or a unit is out of range or the last one; or if the
        smaller network cannot run, or computes something else: the message says which layers to leave out.
    """
    graph = Graph(model, example)
    wanted = _checked(graph, units)
    small, fault = _without(model, graph, wanted, example)
    if fault:
        alone = {layer: {layer: chosen} for layer, chosen in wanted.items()} if len(wanted) > 1 else {}
        guilty = [name for name, one in alone.items() if _without(model, Graph(model, example), one, example)[1]]
        raise ValueError(
            f"units must leave out those of {', '.join(guilty or wanted)}: without them the network {fault}"
        )
    return small


@torch.inference_mode(False)
@torch.no_grad()
def _without(
    model: nn.Module, graph: Graph, units: Mapping[str, list[int]], example: torch.Tensor
) -> tuple[nn.Module, str]:
    """Return the graph's copy of ``model`` without these units, and what is wrong with it: nothing, or a verb."""
    silent, small = copied(model).eval(), graph.model
    _silence(silent, graph, units, unheard=True)
    try:
        for layer, chosen in units.items():
            graph.group(layer, chosen).prune()
        fault = _difference(small, silent, example)
    except Exception as error:  # whatever the network's own code does where it meets a width that it does not expect
        return small, f"cannot run ({type(error).__name__}: {str(error).strip().splitlines()[0][:200]})"
    whole = dict(model.named_parameters())
    for name, parameter in small.named_parameters():  # removal writes all of them row by row, and thaws them
        parameter.data = laid_out_like(whole[name], parameter.data)
        parameter.requires_grad_(whole[name].requires_grad)
    for ours, theirs in zip(small.modules(), model.modules(), strict=True):
        ours.training = theirs.training
    return small, fault


def _difference(small: nn.Module, silent: nn.Module, example: torch.Tensor) -> str:
    batch = example
    if example.is_floating_point():  # an example of zeros would show little
        drawn = torch.rand(example.shape, generator=torch.Generator().manual_seed(0), dtype=example.dtype)
        batch = torch.cat([example, drawn.to(example.device)])
    for ours, theirs in zip(_tensors(small(batch)), _tensors(silent(batch)), strict=True):
        if ours.shape != theirs.shape:
            return f"returns {tuple(ours.shape)} in place of {tuple(theirs.shape)}"
        step = 0.0
        if theirs.is_floating_point():
            # graphics cards may multiply with ten bits of mantissa
            step = max(torch.finfo(theirs.dtype).eps, 2**-10 if theirs.is_cuda else 0)
        ours, theirs = ours.double(), theirs.double()
        largest = float(theirs.nan_to_num().abs().max())
        if not torch.allclose(ours, theirs, rtol=0, atol=step**0.5 * largest, equal_nan=True):
            apart = float((ours - theirs).abs().max())
            return f"gives something else than with them silent: outputs up to {largest:.3g} are {apart:.3g} off"
    return ""


@dataclass(frozen=True)
class Layer:
    """A convolution, linear layer or normalisation.

    Attributes
    ----------
    name : str
    kind : {"convolution", "linear", "norm"}
    writes : int
        The family (an index) whose units are its outputs; -1 for those that stay, such as the class scores.
    reads : int
        The family whose units it reads; -1 for what stays, such as the image. A normalisation reads what it writes.
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
    graph = Graph(model, example)
    found, model = _removable(graph), graph.model
    writes: dict[str, int] = {}
    reads: dict[str, tuple[int, int]] = {}
    for index, unit in enumerate(found):
        for layer, place, inward in graph.touched(graph.group(unit.name, [0])):
            if inward:
                reads[layer] = (index, len(place))
            else:
                writes[layer] = index
    with _recorded_calls(model) as called:
        uses = {count.name: count.dense for count in multiply_adds(model, example)}
    layers = []
    for module in dict.fromkeys(called):
        name = graph.names[module]
        if isinstance(module, ChannelNorm | UnitsNorm):
            own = list(module.parameters(recurse=False))
            family, width = writes.get(name, -1), _width(module)
            layers.append(Layer(name, "norm", family, family, width, 0, 1, 0, 0, len(own)))
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
    """Yield a list of the layers and normalisations, in the order in which they are called meanwhile."""
    called: list[nn.Module] = []
    kinds = Convolution | nn.Linear | ChannelNorm | UnitsNorm
    modules = [module for module in model.modules() if isinstance(module, kinds)]
    with forward_hooks(modules, lambda module, inputs, output: called.append(module)):
        yield called


#: Modules whose outputs and inputs are laid out in a way that is known here.
_UNDERSTOOD = (
    Convolution | ChannelNorm | nn.Linear | nn.Embedding | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
)


def _axis(module: nn.Module, reads: bool) -> int:
    """Return the axis of the module's weight on which its inputs or outputs lie."""
    return int(reads != (isinstance(module, nn.Embedding) or getattr(module, "transposed", False)))


def _width(norm: Any) -> int:
    if isinstance(norm, nn.LayerNorm | nn.RMSNorm):
        return math.prod(norm.normalized_shape)
    return norm.num_channels if isinstance(norm, nn.GroupNorm) else norm.num_features


def _is_plain(module: Any) -> bool:
    """Whether a module has no groups, but for those that make one output of each input."""
    return getattr(module, "groups", 1) == 1 or module.groups == module.in_channels == module.out_channels


def _tensors(output: Any) -> list[torch.Tensor]:
    """Return the tensors in what a network returns: a tensor, or tuples, mappings and dataclasses of them."""
    if isinstance(output, torch.Tensor):
        return [output]
    if is_dataclass(output):
        output = vars(output)
    if isinstance(output, Mapping):
        output = tuple(output.values())
    return [tensor for part in output for tensor in _tensors(part)] if isinstance(output, tuple | list) else []
