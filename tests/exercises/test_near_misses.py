"""Every check refuses answers that are almost right: a sign, a factor, a magnitude, one more or less, < for <=."""

import itertools
import math

import numpy as np
import pytest

from l0lib import L0, landscape
from l0lib.exercises import CHECKS, EXERCISES_ON_PAGE, check


def size_over_nonzero(arrays, more=0):
    return sum(a.size for a in arrays) / max(sum(np.count_nonzero(a) for a in arrays) + more, 1)


def largest(scores, keep, stable=True):
    order = np.argsort(-scores, kind="stable")
    mask = np.zeros(scores.size, bool)
    mask[order[:keep] if stable else np.sort(order)[:keep]] = True
    return mask


def steps(w, eta, alpha, beta, until=lambda w: w <= 0, pull=lambda beta, w: math.exp(-beta * w)):
    count = 0
    while not until(w) and count < 10**5:
        w -= eta * alpha * beta * pull(beta, w)
        count += 1
    return count


def flow(w0, eta, alpha, beta):
    return math.expm1(beta * w0) / (eta * alpha * beta**2)


def leap(kappa):
    """The least beta*v at which the proximal operator leaves zero, for a curvature of 1."""
    return float(landscape.jump(L0(kappa, 1.0), 1.0)[0])


def killed(v, alpha, beta, curvature, small=lambda v, k: v <= k, large=lambda v, k: v < 1 + math.log(k), edge=1.0):
    kappa = alpha * beta**2 / curvature
    return small(beta * v, kappa) if kappa <= edge else large(beta * v, kappa)


def least(l2, l0, beta):
    w = math.log(l0 * beta**2 / (2 * l2)) / beta
    return w, 2 * l2 * w + l0 * beta * math.exp(-beta * w)


def masked(w, m, g, mask, eta, mu, at_pruned=0.0):
    m = np.where(mask, mu * m + g, at_pruned)
    return np.where(mask, w - eta * m, 0.0), m


def clipped(w, m, g, pull, eta, mu, reach=lambda eta, mu: eta / (1 - mu), size=np.abs):
    m = mu * m + g
    free = w - eta * m
    return np.sign(free) * np.maximum(np.abs(free) - reach(eta, mu) * size(pull), 0), m


def wanda(weights, x, keep, signed=False):
    scores = (weights if signed else np.abs(weights)) * np.linalg.norm(x, axis=0)
    mask = np.zeros(weights.shape, bool)
    np.put_along_axis(mask, np.argsort(-scores, axis=1)[:, :keep], True, axis=1)
    return mask


def move_scale(gain, shift, weights, j, c, shift_too=True, copies=True):
    if copies:
        gain, shift, weights = gain.copy(), shift.copy(), weights.copy()
    gain[j] *= c
    shift[j] *= c if shift_too else 1
    weights[:, j] /= c
    return gain, shift, weights


def csr(rows, columns, nonzeros, last=-1, starts=1, value=4):
    def width(number):
        return 1 if number < 2**8 else 2 if number < 2**16 else 4

    return (value + width(columns + last)) * nonzeros + width(nonzeros) * (rows + starts)


def interval(first, second, ddof=1, quantile=None, factor=1.0):
    gaps = np.subtract(first, second)
    half = (quantile or {3: 4.302652729749464, 5: 2.7764451051977934}[len(gaps)]) * gaps.std(ddof=ddof)
    return gaps.mean() - half * factor / math.sqrt(len(gaps)), gaps.mean() + half * factor / math.sqrt(len(gaps))


def energy(weights, share, power=2, more=0):
    magnitudes = np.sort(np.abs(weights).ravel() ** power)[::-1]
    return magnitudes[: round(share * weights.size) + more].sum() / magnitudes.sum()


def rescale(skip_skips=True, biases=True, last=False, factor=lambda c: c):
    def answer(model, c):
        import torch

        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, torch.nn.Conv2d) and not (skip_skips and module.kernel_size == (1, 1)):
                    module.weight *= factor(c)
                    module.bias *= factor(c) if biases else 1
                if last and isinstance(module, torch.nn.Linear):
                    module.weight *= factor(c)

    return answer


def multiply_adds(widths, share, down=lambda x: math.floor(x + 1e-9), ends=False):
    left = [n - down(share * n) for n in widths]
    left = left if ends else [widths[0], *left[1:-1], widths[-1]]
    return sum(a * b for a, b in itertools.pairwise(left))


def rescale_unit(first, bias, second, unit, c, bias_too=True, back=1.0, copies=True):
    if copies:
        first, bias, second = first.copy(), bias.copy(), second.copy()
    first[unit] *= c
    bias[unit] *= c if bias_too else 1
    second[:, unit] /= c**back
    return first, bias, second


def beaten(rows, index, other=lambda e, r, error, ratio: (e, r) != (error, ratio)):
    error, ratio = rows[index]
    return any(e <= error and r >= ratio and other(e, r, error, ratio) for e, r in rows)


def deviation(first, second, n, sign=-1):
    a, b = first / n, second / n
    return math.sqrt((a + b + sign * (a - b) ** 2) / n)


def plain_interval(rate, images):
    half = 1.96 * math.sqrt(rate * (1 - rate) / images)
    return rate - half, rate + half


def wilson(wrong, images, z=1.96, centre=1, inside=1):
    rate, n = wrong / images, images
    middle = (rate + centre * z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + inside * z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


EXP = np.exp
NEAR_MISSES = {
    "0.1": [[[3, 1], [2, -1]], [[-4, -2], [-3, 0]], [[2, 0], [1, 0]], [[2, 1], [0, -2]], [2, 0, 1, -2]],
    "0.2": [
        (432, 388_800, 3600),
        (160, 388_800, 3600),
        (448, 442_368, 3600),
        (448, 388_800, 14_400),
        (448, 388_800, 225),
    ],
    "0.3": [0.8437947, 0.0737630, -0.1698460, 2.1698460, 0.18],
    "0.4": [(0.3, 1, 10), (0.0561, 1, 10), (0.561, 0.1, 10), (0.561, 1, 1), (0.271, 1, 10)],
    "0.5": [
        lambda wrong, images: plain_interval(wrong / images, images),
        lambda wrong, images: wilson(wrong, images, centre=0),
        lambda wrong, images: wilson(wrong, images, inside=0),
        lambda wrong, images: wilson(wrong, images, z=2.576),
        lambda wrong, images: wilson(wrong, images)[::-1],
    ],
    "0.6": [(0.161, 0.439), (-0.139, 0.739), (0.124, 0.476), (-0.496, -0.104), (-0.32, 0.92), (0.1, 0.4)],
    "1.1": [
        size_over_nonzero,  # infinity where nothing is left
        lambda arrays: size_over_nonzero(arrays, 1),
        lambda arrays: 1 / size_over_nonzero(arrays),
    ],
    "1.2": [
        lambda percent: 100 / max(percent, 1),
        lambda percent: 1 / (1 - percent),
        lambda percent: round(100 / (100 - percent), 2),
    ],
    "1.3": [
        lambda w, ratio: np.abs(w) >= np.sort(np.abs(w), axis=None)[-(w.size // ratio)],
        lambda w, ratio: largest(w.ravel(), w.size // ratio).reshape(w.shape),
        lambda w, ratio: largest(np.abs(w).ravel(), -(-w.size // ratio)).reshape(w.shape),
    ],
    "2.1": [
        lambda w, slope, eta, alpha: w - eta * (alpha * w + slope),
        lambda w, slope, eta, alpha: w + 2 * eta * alpha * w - eta * slope,
        lambda w, slope, eta, alpha: w - eta * (2 * alpha * np.abs(w) + slope),
    ],
    "2.2": [
        lambda v, step, alpha: np.maximum(v - step * alpha, 0),
        lambda v, step, alpha: np.sign(v) * (np.abs(v) - step * alpha),
        lambda v, step, alpha: np.sign(v) * np.maximum(np.abs(v) - 2 * step * alpha, 0),
    ],
    "2.3": [lambda mu: (mu, mu), lambda mu: (mu / 2, mu / 2), lambda mu: (mu, mu / 2)],
    "3.1": [
        lambda w, beta: (1 - EXP(-beta * np.abs(w))).sum(),
        lambda w, beta: -np.expm1(-beta * w).sum(),
        lambda w, beta: -np.expm1(-beta * np.abs(w)).mean(),
    ],
    "3.2": [
        lambda w, alpha, beta: alpha * beta * EXP(-beta * np.abs(w)),
        lambda w, alpha, beta: alpha * beta * np.sign(w) * EXP(-beta * w),
        lambda w, alpha, beta: -alpha * beta * np.sign(w) * EXP(-beta * np.abs(w)),
        lambda w, alpha, beta: alpha * beta * np.where(w >= 0, 1, -1) * EXP(-beta * np.abs(w)),
    ],
    "3.3": [
        lambda n, smallest, tolerance: math.log(n / tolerance) / smallest,
        lambda n, smallest, tolerance: max(1.0, math.log(n * tolerance) / smallest),
        lambda n, smallest, tolerance: max(1.0, math.log10(n / tolerance) / smallest),
    ],
    "4.1": [
        lambda w, eta, alpha, beta: 1 - eta * alpha * beta * EXP(-beta * np.abs(w)) / w,
        lambda w, eta, alpha, beta: 1 + eta * alpha * beta * EXP(-beta * np.abs(w)) / np.abs(w),
        lambda w, eta, alpha, beta: 1 - eta * alpha * EXP(-beta * np.abs(w)) / np.abs(w),
    ],
    "4.2": [
        lambda w, eta, beta: w * math.exp(beta * w) / (eta * beta),
        lambda w, eta, beta: 2 * abs(w) * math.exp(beta * abs(w)) / (eta * beta),
        lambda w, eta, beta: abs(w) * math.exp(-beta * abs(w)) / (eta * beta),
    ],
    "4.3": [0.01 / 0.05, 0.01 / (0.05 * 10) / 2, 0.0200001],
    "5.1": [
        lambda first, last, beta, threshold: threshold / (first * beta),
        lambda first, last, beta, threshold: threshold / last,
        lambda first, last, beta, threshold: 2 * threshold / (last * beta),
    ],
    "5.2": [
        lambda *given: math.ceil(flow(*given)),  # without iterating
        lambda w0, eta, alpha, beta: math.ceil(
            flow(w0, eta, alpha, beta) * (a := eta * alpha * beta**2) / -math.expm1(-a)
        ),
        lambda *given: steps(*given, until=lambda w: w < 0),
        lambda *given: steps(*given) - 1,
        lambda *given: steps(*given, until=lambda w: w <= 1e-12),
    ],
    "6.1": [
        lambda *given: killed(*given, small=lambda v, k: v < k),
        lambda *given: killed(*given, large=lambda v, k: v <= 1 + math.log(k)),
        lambda *given: killed(*given, small=lambda v, k: v < k, edge=np.nextafter(1.0, 0.0)),
        lambda *given: killed(*given, edge=np.nextafter(1.0, 0.0)),
        lambda *given: killed(*given, large=lambda v, k: v < k),
        lambda *given: killed(*given, large=lambda v, k: v < math.log(k)),
    ],
    "6.2": [
        lambda kappa: kappa,  # the start of the branch, which is right up to 1 alone
        lambda kappa: 1 + math.log(kappa),  # where a positive minimum appears
        lambda kappa: math.sqrt(2 * kappa),  # hard thresholding
        lambda kappa: leap(kappa) - kappa * math.exp(-leap(kappa)) if kappa > 1 else kappa,
    ],
    "7.1": [
        lambda w, g, eta, l2, l0, beta: w - eta * (l2 * w + l0 * beta * np.sign(w) * EXP(-beta * np.abs(w)) + g),
        lambda w, g, eta, l2, l0, beta: w - eta * (2 * l2 * w + l0 * beta * np.sign(w) * EXP(-beta * w) + g),
        lambda w, g, eta, l2, l0, beta: (
            w - eta * (2 * l2 * w + l0 * beta * np.where(w < 0, -1, 1) * EXP(-beta * np.abs(w)) + g)
        ),
        lambda w, g, eta, l2, l0, beta: w - eta * (2 * l2 * w + l0 * beta * np.sign(w) * EXP(-beta * np.abs(w)) - g),
    ],
    "7.2": [
        least,  # where the minimum lies below zero
        lambda l2, l0, beta: (max(least(l2, l0, beta)[0], 0.0), least(l2, l0, beta)[1]),
        lambda l2, l0, beta: least(l2 / 2, l0, beta),
    ],
    "7.3": [
        lambda *given: masked(*given, at_pruned=given[1] * given[5]),
        lambda w, m, g, mask, eta, mu: (np.where(mask, w - eta * g, 0), np.where(mask, mu * m + g, 0)),
        lambda w, m, g, mask, eta, mu: (w - eta * (mu * m + g) * mask, (mu * m + g) * mask * (1 - mu)),
    ],
    "8.1": [
        lambda scores, k: scores >= np.sort(scores)[-k] if k else np.zeros(len(scores), bool),
        lambda scores, k: largest(scores[::-1], k)[::-1],
        lambda scores, k: largest(scores, k + 1),
    ],
    "8.2": [
        lambda *given: clipped(*given, reach=lambda eta, mu: eta),
        lambda *given: clipped(*given, size=lambda pull: pull),
        lambda *given: clipped(*given, reach=lambda eta, mu: eta / (1 + mu)),
    ],
    "8.3": [
        lambda r, c, n: (csr(r, c, n), 4 * n + r * c // 8),
        lambda r, c, n: (csr(r, c, n, starts=0), 4 * n + -(-r * c // 8)),
        lambda r, c, n: (csr(r, c, n, last=0), 4 * n + -(-r * c // 8)),
        lambda r, c, n: (csr(r, c, n, last=256), 4 * n + -(-r * c // 8)),
        lambda r, c, n: (csr(r, c, n), 4 * n + r * -(-c // 8)),
    ],
    "9.1": [
        lambda weights, share: energy(weights, share, power=1),
        lambda weights, share: energy(weights, share, more=1),
        lambda weights, share: 1 - energy(weights, share),
        lambda weights, share: (
            (np.sort(weights.ravel())[::-1][: round(share * weights.size)] ** 2).sum() / (weights**2).sum()
        ),
    ],
    "9.2": [
        lambda first, second: interval(first, second, ddof=0),
        lambda first, second: interval(first, second, quantile=1.959963984540054),
        lambda first, second: interval(second, first),
        lambda first, second: interval(first, second, factor=2.0),
        lambda first, second: interval(first, second)[::-1],
    ],
    "10.1": [
        lambda layers: (sum(x[0] for x in layers) / sum(x[2] for x in layers),) * 2,
        lambda layers: (
            sum(x[0] + x[1] for x in layers) / sum(x[2] + x[3] for x in layers),
            sum(x[0] / x[2] for x in layers) / len(layers),
        ),
        lambda layers: (
            sum(x[0] for x in layers) / sum(x[2] for x in layers),
            sum(x[0] + x[1] for x in layers) / sum(x[2] + x[3] for x in layers),
        ),
    ],
    "10.2": [
        lambda rows, index: beaten(rows, index, lambda *_: True),
        lambda rows, index: beaten(rows, index, lambda e, r, error, ratio: e < error and r > ratio),
        lambda rows, index: beaten(rows, index, lambda e, r, error, ratio: e < error),
        lambda rows, index: beaten(rows, index, lambda e, r, error, ratio: r > ratio),
    ],
    "11.1": [
        lambda r, c, n: csr(r, c, n, starts=0),
        lambda r, c, n: csr(r, c, n, last=0),
        lambda r, c, n: csr(r, c, n, last=256),
        lambda r, c, n: csr(r, c, n, value=8),
        lambda r, c, n: csr(r, c, n) + 1,
    ],
    "11.2": [
        lambda ratio, bits: ratio * 32 / bits,
        lambda ratio, bits: 32 * ratio / (bits + math.log2(ratio) + math.log2(math.e)),
        lambda ratio, bits: 32 * ratio / (bits + math.log2(ratio)),
    ],
    "11.3": [
        lambda layers: sum(n for _, n, _ in layers) / sum(k for _, _, k in layers),
        lambda layers: sum(u * k for u, _, k in layers) / sum(u * n for u, n, _ in layers),
        lambda layers: sum(n / k for _, n, k in layers) / len(layers),
    ],
    "12.1": [rescale(skip_skips=False), rescale(biases=False), rescale(last=True), rescale(factor=lambda c: c**2)],
    "12.2": [
        lambda beta, weights: float(np.mean(EXP(-beta * weights))),
        lambda beta, weights: float(np.sum(EXP(-beta * np.abs(weights)))),
        lambda beta, weights: float(math.exp(-beta * np.mean(np.abs(weights)))),
    ],
    "12.3": [
        lambda eta, alpha, gamma: eta / (gamma * math.sqrt(eta / (4 * alpha))),
        lambda eta, alpha, gamma: eta / (gamma * math.sqrt(eta / (4 * alpha * (1 + eta * alpha)))),
        lambda eta, alpha, gamma: eta / (gamma**2 * math.sqrt(eta / (4 * alpha * (1 - eta * alpha)))),
    ],
    "13.1": [
        lambda distance, beta, total: math.expm1(beta * distance) / (beta * total),
        lambda distance, beta, total: math.exp(beta * distance) / (beta**2 * total),
        lambda distance, beta, total: -math.expm1(beta * distance) / (beta**2 * total),
    ],
    "13.2": [
        lambda weights, alpha, beta, total: np.mean(weights < np.log1p(alpha * beta**2 * total) / beta),
        lambda weights, alpha, beta, total: np.mean(np.abs(weights) > np.log1p(alpha * beta**2 * total) / beta),
        lambda weights, alpha, beta, total: np.sum(np.abs(weights) < np.log1p(alpha * beta**2 * total) / beta),
        lambda weights, alpha, beta, total: np.mean(np.abs(weights) < alpha * beta * total),
    ],
    "13.3": [
        lambda first, second, n: deviation(first, second, n, sign=0),
        lambda first, second, n: deviation(first, second, n, sign=1),
        lambda first, second, n: deviation(first, second, n) ** 2,
        lambda first, second, n: deviation(first, second, n) * math.sqrt(n / (n - 1)),
    ],
    "14.1": [
        lambda widths, share: multiply_adds(widths, share, down=math.floor),  # 0.29 * 100 is a little less than 29
        lambda widths, share: multiply_adds(widths, share, down=round),
        lambda widths, share: multiply_adds(widths, share, down=lambda x: math.ceil(x - 1e-9)),
        lambda widths, share: multiply_adds(widths, share, ends=True),
    ],
    "14.2": [
        lambda reduction: 1 - (1 - reduction) ** 2,
        lambda reduction: math.sqrt(reduction),
        lambda reduction: math.sqrt(1 - reduction) - 1,
        lambda reduction: reduction / 2,
    ],
    "14.3": [
        lambda *given: rescale_unit(*given, bias_too=False),
        lambda *given: rescale_unit(*given, back=-1.0),
        lambda *given: rescale_unit(*given, copies=False),
        lambda first, bias, second, unit, c: rescale_unit(first, bias, second, unit, 1 / c),
    ],
    "15.1": [
        lambda modules: -np.mean([np.log2(one).mean() for one in modules]),
        lambda modules: -np.log(np.concatenate(modules)).mean(),
        lambda modules: np.log2(np.concatenate(modules)).mean(),
        lambda modules: -np.log2(np.concatenate(modules).mean()),
    ],
    "15.2": [
        lambda weights, x, keep: wanda(weights, np.ones_like(x), keep),
        lambda weights, x, keep: wanda(weights, x - x.mean(0), keep),
        lambda weights, x, keep: wanda(weights, np.square(x), keep),
        lambda weights, x, keep: wanda(weights, x, keep, signed=True),
        lambda weights, x, keep: wanda(weights.reshape(1, -1), np.tile(x, len(weights)), keep * len(weights)).reshape(
            weights.shape
        ),
    ],
    "15.3": [
        lambda *given: move_scale(*given, shift_too=False),
        lambda *given: move_scale(*given, copies=False),
        lambda gain, shift, weights, j, c: move_scale(gain, shift, weights, j, 1 / c),
    ],
    "15.4": [
        lambda eta: math.e * eta,
        lambda eta: eta / 2,
        lambda eta: eta / (2 * math.e),
    ],
}


def test_every_check_has_near_misses():
    assert NEAR_MISSES.keys() == CHECKS.keys() - EXERCISES_ON_PAGE.keys(), "those have theirs in course/answers"
    assert min(map(len, NEAR_MISSES.values())) >= 2


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        pytest.param(number, answer, id=f"{number}-{place}")
        for number, answers in NEAR_MISSES.items()
        for place, answer in enumerate(answers)
    ],
)
def test_a_near_miss_is_no_answer(number, answer):
    verdict = check(number, answer)
    assert not verdict.ok
    assert "raised" not in verdict.message, "a near miss computes"
