r"""The playground's network and its training in plain NumPy: the reference that the browser's version must equal.

A multilayer perceptron with layers :math:`z_l = W_l a_{l-1} + b_l`, :math:`a_l = \varphi(z_l)`, and class scores
:math:`z_L`. Its loss is the mean cross-entropy of the softmax. Each step is one of SGD with momentum under a penalty of
the weights, not of the biases: Eq. 17 as written, or with the pull stopped at zero
(:class:`~l0lib.compress.PenalisedSGD`, ``"coupled"`` and ``"clipped"``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from .._counts import apportion, number_to_keep
from ..penalties import Penalty
from . import chance

#: Sequences of random numbers: initial weights of layer ``l``, random pruning, batches of epoch ``e``.
WEIGHTS, PRUNING, ORDER = 16, 32, 64
ACTIVATIONS = ("relu", "tanh")


@dataclass
class State:
    """A network in training.

    Attributes
    ----------
    weights : list of float64 arrays (outputs, inputs)
    biases : list of float64 arrays (outputs,)
    momenta : list of arrays
        Of the weights and biases in turn: weights of layer 1, biases of layer 1, weights of layer 2, ...
    masks : list of boolean arrays, or None
        What pruning kept, in the same order; None before any pruning.
    step : int
        Steps made.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    momenta: list[np.ndarray] = field(default_factory=list)
    masks: list[np.ndarray] | None = None
    step: int = 0

    def __post_init__(self):
        if not self.momenta:
            self.momenta = [np.zeros_like(p) for p in self.parameters]

    @property
    def parameters(self) -> list[np.ndarray]:
        """Weights and biases in turn: the arrays themselves, in the order of torch."""
        return [p for pair in zip(self.weights, self.biases, strict=True) for p in pair]


def initial(sizes: Sequence[int], activation: str, seed: int) -> State:
    r"""Return a fresh network with layers of ``sizes`` units, inputs first, classes last.

    Weights are normal with standard deviation :math:`\sqrt{g/\text{inputs}}`, :math:`g` = 2 for ReLU (He) and 1 for
    tanh; biases are zero.
    """
    _check(activation)
    gain = 2.0 if activation == "relu" else 1.0
    weights = []
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        drawn = chance.normals(seed, WEIGHTS + layer, inputs * outputs).reshape(outputs, inputs)
        weights.append(drawn * np.sqrt(gain / inputs))
    return State(weights, [np.zeros(n) for n in sizes[1:]])


def scores(state: State, x: np.ndarray, activation: str) -> np.ndarray:
    """Return the class scores (n, classes) of inputs ``x`` (n, inputs)."""
    return _forward(state, x, activation)[-1]


def _check(activation: str) -> None:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}")


def _forward(state: State, x: np.ndarray, activation: str) -> list[np.ndarray]:
    _check(activation)
    values = [x]
    for layer, (w, b) in enumerate(zip(state.weights, state.biases, strict=True)):
        z = values[-1] @ w.T + b
        if layer + 1 < len(state.weights):
            z = np.maximum(z, 0) if activation == "relu" else np.tanh(z)
        values.append(z)
    return values


def loss_and_gradients(state: State, x: np.ndarray, y: np.ndarray, activation: str) -> tuple[float, list[np.ndarray]]:
    """Return the mean cross-entropy on ``x``, ``y`` and its gradient with respect to :attr:`State.parameters`."""
    values = _forward(state, x, activation)
    z = values[-1] - values[-1].max(1, keepdims=True)
    total = np.exp(z).sum(1, keepdims=True)
    each = np.arange(len(y))
    loss = float(np.mean(np.log(total[:, 0]) - z[each, y]))
    back = np.exp(z) / total
    back[each, y] -= 1
    back /= len(y)
    gradients: list[np.ndarray] = []
    for layer in reversed(range(len(state.weights))):
        gradients = [back.T @ values[layer], back.sum(0), *gradients]
        if layer:
            back = back @ state.weights[layer]
            a = values[layer]
            back = back * (a > 0) if activation == "relu" else back * (1 - a * a)
    return loss, gradients


def batch(count: int, size: int, step: int, seed: int) -> np.ndarray:
    """Return which of ``count`` examples step number ``step`` (from 0) takes: each epoch has an order of its own."""
    per_epoch = -(-count // size)
    epoch, place = divmod(step, per_epoch)
    return _order(seed, ORDER + epoch, count)[place * size : (place + 1) * size].copy()


@lru_cache(maxsize=1)
def _order(seed: int, stream: int, count: int) -> np.ndarray:
    """Return the order of one epoch, of which each batch takes its part."""
    return chance.permutation(seed, stream, count)


def step(
    state: State,
    x: np.ndarray,
    y: np.ndarray,
    *,
    activation: str,
    learning_rate: float,
    momentum: float,
    penalty: Penalty | None,
    clipped: bool = False,
) -> float:
    r"""Make one step on the batch ``x``, ``y``, in place; return the loss before it, without the penalty.

    With :math:`g` the gradient of the loss and :math:`p` that of the penalty, coupled: :math:`m \leftarrow \mu m + g +
    p`, :math:`w \leftarrow w - \eta m`. Clipped: :math:`m \leftarrow \mu m + g`, :math:`u = w - \eta m`,
    :math:`w \leftarrow \operatorname{sign}(u)\max(|u| - \eta|p|/(1-\mu), 0)`. What is pruned stays zero.
    """
    loss, gradients = loss_and_gradients(state, x, y, activation)
    pulls = {} if penalty is None else _pulls(penalty, state.weights)
    for place, (w, g, m) in enumerate(zip(state.parameters, gradients, state.momenta, strict=True)):
        pull = pulls.get(place)
        if pull is not None and not clipped:
            g = g + pull
        if state.masks is not None:
            g = g * state.masks[place]
        m *= momentum
        m += g
        w -= learning_rate * m
        if pull is not None and clipped:
            w[...] = np.sign(w) * np.maximum(np.abs(w) - learning_rate / (1 - momentum) * np.abs(pull), 0)
    state.step += 1
    return loss


def _pulls(penalty: Penalty, weights: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """Return the penalty's gradient by place among the parameters: of all layers in one call, they are small."""
    flat = penalty.gradient(np.concatenate([w.ravel() for w in weights]))
    found, begin = {}, 0
    for layer, w in enumerate(weights):
        found[2 * layer] = flat[begin : begin + w.size].reshape(w.shape)
        begin += w.size
    return found


def choose(
    parameters: Sequence[np.ndarray],
    ratio: float,
    way: str = "GP",
    seed: int = 0,
    within: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    r"""Return which :math:`\lfloor n/r \rfloor` of :math:`n` parameters pruning keeps: a boolean mask for each array.

    Parameters
    ----------
    parameters : sequence of arrays
        Weights and biases in turn, as :attr:`State.parameters`.
    ratio : float
        1 <= ratio <= n.
    way : {"GP", "LP", "RP"}
        The largest of all; the largest of each layer, in proportion to its size; or drawn at random
        (:func:`~l0lib.compress.prune_global` and its relatives say more).
    seed : int
        Of random pruning.
    within : sequence of boolean arrays, or None
        What an earlier pruning kept: the rest stays away.

    Raises
    ------
    ValueError
        If ``ratio`` or ``way`` breaks its rule.
    """
    sizes = [p.size for p in parameters]
    total = sum(sizes)
    keep = number_to_keep(total, ratio)
    if way not in ("GP", "LP", "RP"):
        raise ValueError(f"way must be one of GP, LP, RP; got {way!r}")
    flat = np.abs(np.concatenate([p.ravel() for p in parameters]))
    if way == "RP":
        flat = chance.uniforms(seed, PRUNING, total)
    if within is not None:
        flat = np.where(np.concatenate([mask.ravel() for mask in within]), flat, -1.0)
    if way == "LP":
        layers = [sizes[i] + sizes[i + 1] for i in range(0, len(sizes), 2)]
        shares = apportion(layers, keep)
        cuts = np.cumsum([0, *layers])
        kept = np.concatenate([_largest(flat[a:b], n) for (a, b), n in zip(pairwise(cuts), shares, strict=True)])
    else:
        kept = _largest(flat, keep)
    parts = np.split(kept, np.cumsum(sizes)[:-1])
    return [part.reshape(p.shape) for part, p in zip(parts, parameters, strict=True)]


def prune(state: State, ratio: float, way: str = "GP", seed: int = 0) -> None:
    """Prune for good, in place: what :func:`choose` leaves out becomes zero, and the mask holds it there."""
    state.masks = choose(state.parameters, ratio, way, seed, state.masks)
    for p, m, mask in zip(state.parameters, state.momenta, state.masks, strict=True):
        p *= mask
        m *= mask


def _largest(values: np.ndarray, keep: int) -> np.ndarray:
    """Return a mask of exactly ``keep`` largest entries, the first ones on a tie; entries below zero never count."""
    kept = np.zeros(len(values), bool)
    kept[np.argsort(-values, kind="stable")[:keep]] = True
    return kept & (values >= 0)
