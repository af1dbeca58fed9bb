"""Page "What you should know of networks": one convolution on a small digit, steps down a valley, first weights.

Everything is plain NumPy, one formula a function. The explorers compute the same in the browser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from scipy.stats import t

from .. import _validate
from ..experiments.results import mean_interval
from ..paper.compare import errs

#: Side of the small digits; of the sums of a 3 x 3 window over them; of what 2 x 2 pooling leaves.
SIDE = 14
WINDOW = 3
SUMS = SIDE - WINDOW + 1
POOLED = SUMS // 2
#: Windows of 3 x 3 weights, by name. What they are called is what makes their sum large.
KERNELS: dict[str, tuple[float, ...]] = {
    "upright": (-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0),
    "level": (-1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0),
    "outline": (0.0, -1.0, 0.0, -1.0, 4.0, -1.0, 0.0, -1.0, 0.0),
    "blur": (0.0, 0.2, 0.0, 0.2, 0.2, 0.2, 0.0, 0.2, 0.0),
}
#: Where the steps down the valley begin.
START = (-4.0, 1.5)
#: A path that has come so far is at an end: it diverges.
LOST = 1e6
#: Decay of Adam's two running means, and what keeps its division from zero.
ADAM = (0.9, 0.999, 1e-8)


def small_digits(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the first image of each digit at half its size, uint8 (10, 14, 14): the mean of each 2 x 2 pixels.

    ``images`` is (n, 28, 28) with values from 0 to 255, ``labels`` (n,); a ValueError if a digit is missing.
    """
    missing = sorted(set(range(10)) - set(np.unique(labels).tolist()))
    if missing:
        raise ValueError(f"labels must hold every digit from 0 to 9; got none of {missing}")
    first = np.stack([images[np.argmax(labels == digit)] for digit in range(10)])
    return np.round(first.reshape(10, SIDE, 2, SIDE, 2).mean((2, 4))).astype(np.uint8)


def convolve(image: np.ndarray, kernel: np.ndarray, bias: float = 0.0) -> np.ndarray:
    """Return the sums of a window that moves over ``image``: its weights times the pixels under it, plus ``bias``.

    ``image`` is (height, width), ``kernel`` (rows, columns) and no larger; the result has a place for each position of
    the window, (height - rows + 1, width - columns + 1). Nothing is turned round or padded.
    """
    image, kernel = _validate.float64("image", image), _validate.float64("kernel", kernel)
    if image.ndim != 2 or kernel.ndim != 2 or kernel.size == 0 or any(np.subtract(image.shape, kernel.shape) < 0):
        rule = "kernel must have two axes, as image, and be no larger"
        raise ValueError(f"{rule}; got {kernel.shape} for an image of {image.shape}")
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3)) + bias


def relu(values: np.ndarray) -> np.ndarray:
    """Return the values, and zero in place of the negative ones."""
    return np.maximum(values, 0.0)


def max_pool(values: np.ndarray, side: int = 2) -> np.ndarray:
    """Return the largest of each ``side`` x ``side`` values; a rest at the right and at the bottom is left out."""
    side = _validate.whole("side", side, 1)
    rows, columns = (n // side for n in np.shape(values))
    whole = np.asarray(values, float)[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side).max((1, 3))


def valley(point: np.ndarray, steep: float) -> float:
    r"""Return the height :math:`\frac12(x^2 + h y^2)` of a valley; its floor lies along x, ``steep`` is :math:`h`."""
    x, y = point
    return 0.5 * (x * x + steep * (y * y))


def momentum_path(steep: float, eta: float, mu: float, steps: int) -> np.ndarray:
    r"""Return the points (steps + 1, 2) of :math:`m \leftarrow \mu m + g,\ w \leftarrow w - \eta m` from ``START``.

    :math:`g` is the gradient of :func:`valley`. ``mu`` = 0 is plain gradient descent. A path that leaves for good
    (beyond ``LOST``) goes on as NaN.
    """
    m = np.zeros(2)

    def step(g: np.ndarray, _: int) -> np.ndarray:
        nonlocal m
        m = mu * m + g
        return eta * m

    return _path(steep, steps, step)


def adam_path(steep: float, eta: float, steps: int) -> np.ndarray:
    """Return the points (steps + 1, 2) of Adam :cite:p:`kingma2015adam` from ``START``, as :func:`momentum_path`."""
    keep, keep_square, epsilon = ADAM
    mean, square, left, left_square = np.zeros(2), np.zeros(2), 1.0, 1.0

    def step(g: np.ndarray, _: int) -> np.ndarray:
        nonlocal mean, square, left, left_square
        mean = keep * mean + (1 - keep) * g
        square = keep_square * square + (1 - keep_square) * (g * g)
        left, left_square = left * keep, left_square * keep_square
        return eta * (mean / (1 - left)) / (np.sqrt(square / (1 - left_square)) + epsilon)

    return _path(steep, steps, step)


def _path(steep: float, steps: int, step) -> np.ndarray:
    path = np.full((steps + 1, 2), np.nan)
    path[0] = START
    slopes = np.array([1.0, steep])
    for n in range(steps):
        path[n + 1] = path[n] - step(slopes * path[n], n)
        if np.abs(path[n + 1]).max() > LOST:
            break
    return path


def signal_sizes(inputs: np.ndarray, units: int, layers: int, factors: Sequence[float], seed: int) -> np.ndarray:
    """Return how large the outputs of a fresh network are after each layer, (factors, layers): the root mean square.

    Each of the ``layers`` dense ReLU layers has ``units`` units and no bias. Its weights are normal with standard
    deviation ``sqrt(factor / fan-in)``; for all factors they are the same draws. ``inputs`` is (n, pixels).
    """
    units, layers = _validate.whole("units", units, 1), _validate.whole("layers", layers, 1)
    found = []
    for factor in factors:
        random, x, sizes = np.random.default_rng(_validate.seed(seed)), np.asarray(inputs, float), []
        for _ in range(layers):
            fan_in = x.shape[1]
            x = relu(x @ (random.standard_normal((fan_in, units)) * np.sqrt(factor / fan_in)))
            sizes.append(float(np.sqrt(np.mean(x**2))))
        found.append(sizes)
    return np.array(found)


@dataclass(frozen=True)
class Compared:
    """Two arms over the same seeds: the mean of their differences, and its 95 % interval taken in two ways.

    ``paired`` is Student's interval of the differences seed by seed; ``unpaired`` is Welch's, which does not know which
    errors share a seed.
    """

    mean: float
    paired: tuple[float, float]
    unpaired: tuple[float, float]

    @property
    def verdict(self) -> str:
        """``"less"``, ``"more"``, or ``"not told apart"`` where the paired interval holds zero."""
        return errs(self.paired)


def compare(first: Sequence[float], second: Sequence[float]) -> Compared:
    """Compare ``first`` less ``second``, errors of two arms with one value for each seed, two seeds at least."""
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(f"first and second must hold one error a seed, two at least; got {len(first)}, {len(second)}")
    differences = [a - b for a, b in zip(first, second, strict=True)]
    paired = mean_interval(differences)
    parts = [stdev(values) ** 2 / len(values) for values in (first, second)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(first) - 1) for part in parts) if sum(parts) else 1.0
    half, mean = float(t.ppf(0.975, freedom)) * math.sqrt(sum(parts)), fmean(differences)
    assert paired is not None
    return Compared(mean, paired, (mean - half, mean + half))


def verdict_in_words(found: Compared, first: str, second: str, seeds: int) -> str:
    """Return a sentence that says which arm errs less, and by how much."""
    low, high = found.paired
    interval = f"{abs(found.mean):.2f} points (95 % interval of the difference {low:.2f} to {high:.2f}, {seeds} seeds)"
    interval = interval.replace("-", "−")
    if found.verdict == "not told apart":
        return f"{first} and {second} are not told apart: the mean difference is {interval}."
    return f"{first} errs {found.verdict} than {second}, by {interval}."
