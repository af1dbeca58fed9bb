"""Checks of the exercises on networks in brief: sums by hand, and how sure an error rate is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._counts import wilson_interval
from .theory import pair


def _near(got, want, digits: float = 1e-3) -> bool:
    return np.shape(got) == np.shape(want) and np.allclose(got, want, rtol=digits, atol=digits)


def _sums_by_hand(answer):
    image = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 0]])
    plain = np.array([[(image[r : r + 3, c + 2] - image[r : r + 3, c]).sum() for c in (0, 1)] for r in (0, 1)])
    got = np.asarray(answer, dtype=float)
    if got.shape != (2, 2):
        yield f"a window of 3 × 3 has two places across and two down on this image; yours has the shape {got.shape}"
    if _near(got, plain):
        yield "the bias is missing: add it to each sum"
    if _near(got, -plain - 1):
        yield "the window is turned round: the weight at the upper left meets the pixel at the upper left"
    if _near(got, np.maximum(plain - 1, 0)):
        yield "that is what ReLU leaves; the sums themselves are asked for"
    if _near(got, (plain - 1).T):
        yield "rows and columns are exchanged"
    for place in np.argwhere(~np.isclose(got, plain - 1)):
        row, column = place.tolist()
        yield f"the sum in row {row + 1}, column {column + 1} is not {got[row, column]:g}"


def _counts_by_hand(answer):
    weights, places = 16 * 3 * 9, 30 * 30
    parameters, work, left = _three(answer)
    if parameters == weights:
        yield "each of the 16 filters has a bias too"
    if parameters == 16 * 9 + 16:
        yield "a filter has a window of weights for each of the 3 channels"
    if parameters != weights + 16:
        yield f"the layer has not {parameters:g} parameters"
    if work == weights * 32 * 32:
        yield "without padding a window of 3 × 3 has 30 places across, not 32"
    if work != weights * places:
        yield f"each of the {weights} weights is used once at each place of the window: not {work:g} multiply-adds"
    if left == 16 * places:
        yield "pooling keeps one number of four"
    if left != 16 * places // 4:
        yield f"after pooling there are not {left:g} numbers: count them channel by channel"


def _three(answer) -> tuple[float, float, float]:
    got = np.asarray(answer, dtype=float)
    if got.shape != (3,):
        raise ValueError(f"three numbers are asked for; got {answer!r}")
    return got[0], got[1], got[2]


def _cross_entropy_by_hand(answer):
    scores = np.array([2.0, 0.0, -1.0])
    chances = np.exp(scores) / np.exp(scores).sum()
    got = float(answer)
    if _near(got, chances[0]):
        yield "that is the probability of the right class: the loss is minus its logarithm"
    if _near(got, -math.log10(chances[0])):
        yield "the natural logarithm is meant"
    if _near(got, math.log(chances[0])):
        yield "a loss is not negative: mind the sign"
    if any(_near(got, -math.log(p)) for p in chances[1:]):
        yield "the first class is the right one"
    if not _near(got, -math.log(chances[0])):
        yield f"the loss is not {got:.4g}: exponentials first, then their share, then minus the logarithm"


def _momentum_by_hand(answer):
    way, step, times = _three(answer)
    if _near(way, 0.3):
        yield "three steps of plain descent go 0.3; momentum adds what is left of the steps before"
    if _near(way, 0.0561):
        yield "the gradient enters whole, not times 1 - μ"
    if not _near(way, 0.561):
        yield f"after three steps the weight has not gone {way:g}: m is 1, then 1.9, then ..."
    if not _near(step, 1.0):
        yield f"m grows towards 1 / (1 - μ) = 10, so a step in the long run is not {step:g} long"
    if not _near(times, 10):
        yield f"compare the long step with η, that of plain descent: the factor is not {times:g}"


def _wilson(answer):
    for wrong, images in ((70, 1000), (0, 100), (3, 20), (100, 100)):
        got = answer(wrong, images)
        yield from pair(got, "the lower and the upper end")
        given, want = f"for {wrong} wrong answers of {images}", wilson_interval(wrong, images)
        rate = wrong / images
        plain = 1.96 * math.sqrt(rate * (1 - rate) / images)
        if _near(got, (rate - plain, rate + plain), 1e-9):
            yield f"{given} that is the plain interval, {got[0]:.4f} to {got[1]:.4f}: Wilson's has another middle"
        if not _near(got, want, 1e-4):  # 1.96 and its own digits differ by less
            yield f"{given} the interval is {want[0]:.4f} to {want[1]:.4f}, not {got[0]:.4f} to {got[1]:.4f}"


def _paired_by_hand(answer):
    first, second = np.array([7.4, 6.9, 7.9, 7.0, 7.8]), np.array([7.0, 6.8, 7.4, 6.8, 7.5])
    yield from pair(answer, "the lower and the upper end")
    gaps, quantile = first - second, 2.7764
    mean, deviation = gaps.mean(), gaps.std(ddof=1)
    half = quantile * deviation / math.sqrt(5)

    def given(middle: float, width: float) -> bool:
        return _near(_ends(answer), (middle - width, middle + width), 2e-3)

    if given(mean, 1.96 * deviation / math.sqrt(5)):
        yield "with five seeds Student's factor is 2.776, not the normal 1.96"
    if given(mean, quantile * deviation):
        yield "that is where one more difference might lie: divide by the root of the number of seeds"
    if given(mean, quantile * gaps.std() / math.sqrt(5)):
        yield "the standard deviation of a sample divides by n - 1"
    if given(-mean, half):
        yield "the first less the second is asked for"
    if given(mean, quantile * math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 5)):
        yield "that forgets which errors share a seed: take the differences first"
    if not given(mean, half):
        low, high = _ends(answer)
        yield f"the interval is not {low:.3f} to {high:.3f}: begin with the five differences"


def _ends(answer: Sequence[float]) -> tuple[float, float]:
    return float(answer[0]), float(answer[1])


CHECKS = {
    "0.1": _sums_by_hand,
    "0.2": _counts_by_hand,
    "0.3": _cross_entropy_by_hand,
    "0.4": _momentum_by_hand,
    "0.5": _wilson,
    "0.6": _paired_by_hand,
}
