"""How a penalty is laid over the weights of a network: one for all of them, or one for each layer.

Of the paper's strategies for its factors, NORM makes them from the sizes of the layers, and SEP lets each layer differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import torch

from .. import _validate
from ..penalties import Penalty, Sum
from .selection import Selectors, named_parameters, select, spared_parameters


def layer_sizes(model: torch.nn.Module) -> dict[str, int]:
    """Return the number of weights, biases left out, of each layer of ``model`` that has any, in the model's order."""
    _validate.network(model)
    return {layer: sum(p.numel() for p in own) for layer, own in _weights(model).items()}


def parameter_groups(
    model: torch.nn.Module,
    penalty: Penalty | Mapping[Any, Penalty | None] | None,
    spare: Selectors = (),
    only: Selectors | None = None,
) -> list[dict]:
    """Return parameter groups of ``model``: the weights under ``penalty``, and the biases under none.

    A bias is a parameter with one axis (scales and shifts of normalisations count as such). It can still be pruned: a
    penalty acts while training, pruning afterwards.

    Parameters
    ----------
    model : Module
    penalty : Penalty, mapping of layers to Penalty or None, or None
        One for all weights, which makes one group of them; or one for each layer, with its own factors (the strategy
        SEP; paper, Section 4.2), which makes a group a layer. :func:`~l0lib.compress.normalised` makes such a mapping
        (NORM). A layer is a module that holds weights, by its name in ``model.named_modules()``, by a pattern of names
        (``"encoder.*"``) or by its type; where several keys mean it, the last of them counts. Layers that no key means
        have no penalty.
    spare, only : names, patterns of names, types of modules, or a collection of these
        Weights without a penalty, and those that alone have one (None: all).

    Raises
    ------
    ValueError
        If a key of a mapping, ``spare`` or ``only`` means no weights of ``model``.
    """
    _validate.network(model)
    by_layer = _weights(model)
    spared = spared_parameters(model, spare, only)
    names = {id(p): name for name, p in named_parameters(model)}
    under: list[tuple[list[torch.nn.Parameter], Penalty | None]]
    if isinstance(penalty, Mapping):
        its = dict.fromkeys(by_layer)
        for key, value in penalty.items():
            meant = select(model, [key], "penalty")
            layers = [layer for layer, own in by_layer.items() if any(names[id(p)] in meant for p in own)]
            if not layers:
                raise ValueError(f"penalty must name layers with weights, {', '.join(by_layer)}; got {key!r}")
            its |= dict.fromkeys(layers, value)
        under = [(own, its[layer]) for layer, own in by_layer.items()]
    else:
        under = [([p for own in by_layer.values() for p in own], penalty)]
    free = [p for own, _ in under for p in own if names[id(p)] in spared]
    groups = [([p for p in own if names[id(p)] not in spared], one) for own, one in under]
    groups.append((free + [p for p in model.parameters() if p.ndim <= 1], None))
    return [{"params": own, "penalty": one} for own, one in groups if own]


def normalised(penalty: Penalty, sizes: Mapping[str, int], power: float = 1.0) -> dict[str, Penalty]:
    r"""Return ``penalty`` for each layer, its factors normalised by the size of the layer: the strategy NORM.

    With layers of :math:`n_1, \dots, n_L` weights, :math:`n = \sum_l n_l` and a power :math:`\nu`, every factor
    :math:`\alpha` becomes

    .. math:: \alpha_l = \alpha\,\frac{n\,n_l^{-\nu}}{\sum_k n_k^{1-\nu}},

    and :math:`\beta` stays. The mean factor of a weight is :math:`\alpha` whatever the power:
    :math:`\sum_l n_l\alpha_l = n\alpha`. With :math:`\nu = 1` each layer weighs the same in the sum,
    :math:`\alpha_l = \alpha n/(L n_l)`; with :math:`\nu = 0` all weights have the same factor. Change single entries,
    and give them to :func:`~l0lib.compress.parameter_groups`, for the strategy SEP.

    Parameters
    ----------
    penalty : Penalty
        Three global values make the paper's: ``L2(alpha_2) + L0(alpha_0, beta)``.
    sizes : mapping of layer name to int
        The number of penalised weights of each layer, >= 1 (:func:`~l0lib.compress.layer_sizes`).
    power : float, default 1
        Between -1 and 1: how far the sizes count. Below 0, the larger layers get the larger factors.

    Raises
    ------
    ValueError
        If ``sizes`` is empty or holds a size below 1, or ``power`` is out of range.

    Notes
    -----
    This is our reading. The paper says "layer-size normalized values" of both factors (Section 4.2) and refers to
    L0-ARM (Li and Ji, 2019) for it, without a formula. The published code of L0-ARM takes one factor for each layer,
    and multiplies the gates by the weights behind them and by one over the number of training images; its own factors
    for LeNet-5 (10, 0.5, 0.1 and 10) do fall where layers grow, about as :math:`n_l^{-3/4}`. An independent replication
    takes :math:`p = 1` (D. Barth and P. von Petersenn, arXiv 2505.17469, 2025). So the power is an open question: with
    :math:`p = 1` the smallest layers get factors hundreds of times the mean, with :math:`p = 1/2` tens of times.
    :math:`n` in front makes :math:`\alpha` the mean factor of a weight whatever the network: layers of equal
    size get :math:`\alpha` itself, and a network whose layers all double keeps its factors.
    """
    if not isinstance(penalty, Penalty):
        raise ValueError(f"penalty must be a penalty of l0lib; got {_validate.shown(penalty)}")
    _validate.sizes(sizes)
    rule = "power must be between -1 and 1"
    power = _validate.number("power", power, rule, lambda x: -1 <= x <= 1)
    if not sizes:
        raise ValueError("sizes must name at least one layer; got none")
    for layer, size in sizes.items():
        if not size >= 1:
            raise ValueError(f"sizes must be >= 1; got {size!r} for {layer}")
    scale = sum(sizes.values()) / sum(size ** (1 - power) for size in sizes.values())
    return {layer: _scaled(penalty, scale * size**-power) for layer, size in sizes.items()}


def _scaled(penalty: Penalty, factor: float) -> Penalty:
    terms = []
    for term in penalty.terms:
        scaled = copy(term)
        scaled.alpha = factor * term.alpha
        terms.append(scaled)
    return Sum(*terms) if isinstance(penalty, Sum) else terms[0]


def _weights(model: torch.nn.Module) -> dict[str, list[torch.nn.Parameter]]:
    """Return the weights of each layer; a layer is the module that holds them, by its name in ``model``."""
    found: dict[str, list[torch.nn.Parameter]] = {}
    for name, parameter in named_parameters(model):
        if parameter.ndim > 1:
            found.setdefault(name.rpartition(".")[0], []).append(parameter)
    return found
