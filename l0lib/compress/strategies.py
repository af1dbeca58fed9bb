"""The paper's strategies for the factors of a penalty: NORM makes them for every layer, SEP lets each layer differ."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from ..penalties import Penalty, Sum


def normalised(penalty: Penalty, sizes: Mapping[str, int], power: float = 1.0) -> dict[str, Penalty]:
    r"""Return ``penalty`` for each layer, its factors normalised by the size of the layer: the strategy NORM.

    With layers of :math:`n_1, \dots, n_L` weights, :math:`n = \sum_l n_l` and a power :math:`p`, every factor
    :math:`\alpha` becomes

    .. math:: \alpha_l = \alpha\,\frac{n\,n_l^{-p}}{\sum_k n_k^{1-p}},

    and :math:`\beta` stays. The mean factor of a weight is :math:`\alpha` whatever the power:
    :math:`\sum_l n_l\alpha_l = n\alpha`. With :math:`p = 1` each layer weighs the same in the sum,
    :math:`\alpha_l = \alpha n/(L n_l)`; with :math:`p = 0` all weights have the same factor.

    Parameters
    ----------
    penalty : Penalty
        Three global values make the paper's: ``L2(alpha_2) + L0(alpha_0, beta)``.
    sizes : mapping of layer name to int
        The number of penalised weights of each layer, >= 1 (:func:`~l0lib.compress.layer_sizes`).
    power : float, default 1
        Between 0 and 1: how far the sizes count.

    Returns
    -------
    dict of layer name to Penalty
        As :func:`~l0lib.compress.parameter_groups` takes it. Change single entries to get the strategy SEP.

    Raises
    ------
    ValueError
        If ``sizes`` is empty or holds a size below 1, or ``power`` is out of range.

    Notes
    -----
    This is our reading. The paper says "layer-size normalized values" of both factors (Section 4.2) and refers to
    L0-ARM (Li and Ji, 2019) for it, without a formula. The published code of L0-ARM takes one factor for each layer,
    and multiplies the gates by the weights behind them and by one over the number of training images; its own factors
    for LeNet-5 (10, 0.5, 0.1 and 10) do fall where layers grow, about as :math:`n_l^{-3/4}`. So the power is an open
    question: with :math:`p = 1` the smallest layers get factors hundreds of times the mean, with :math:`p = 1/2` tens
    of times. :math:`n` in front makes :math:`\alpha` the mean factor of a weight whatever the network: layers of equal
    size get :math:`\alpha` itself, and a network whose layers all double keeps its factors.
    """
    if not sizes:
        raise ValueError("sizes must name at least one layer; got none")
    for layer, size in sizes.items():
        if not size >= 1:
            raise ValueError(f"sizes must be >= 1; got {size!r} for {layer}")
    if not 0 <= power <= 1:
        raise ValueError(f"power must be between 0 and 1; got {power!r}")
    scale = sum(sizes.values()) / sum(size ** (1 - power) for size in sizes.values())
    return {layer: _scaled(penalty, scale * size**-power) for layer, size in sizes.items()}


def _scaled(penalty: Penalty, factor: float) -> Penalty:
    terms = []
    for term in penalty.terms:
        scaled = copy(term)
        scaled.alpha = factor * term.alpha
        terms.append(scaled)
    return Sum(*terms) if isinstance(penalty, Sum) else terms[0]
