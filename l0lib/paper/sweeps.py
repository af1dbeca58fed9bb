"""Figures 8 and 9: sweeps of the l0 factor without fine-tuning, judged by a stated rule.

*Figure 8.* VGG-16 on CIFAR-100. *Compresses more*: call a ratio reached if the lower end of the 95 % interval of the
loss, over the arm's own network before pruning, is not above one point; the highest ratio reached never falls as the
factor rises, and is higher under the largest factor than under none. *Starts lower*: before pruning no arm is shown to
err less than the one with the next smaller factor, and the largest factor is shown to err more than none.

*Figure 9.* ResNet-50 on CIFAR-100. *Without noticeable loss*: at 13× with β = 5 and the smallest factor, and at 25×
with β = 10 and the largest, the lower end of the 95 % interval of the loss, over the network before pruning, is not
above zero. *β makes little difference*: at 13×, the test intervals of both β meet, for every factor.

*β on CIFAR-10.* ResNet-20 loses a point long before 13×. There a change is *severe* if, under one of the factors, the
test intervals of both β before pruning do not meet, or the higher of both ratios reached is more than twice the lower.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ..experiments.arms import ALPHAS_4, ALPHAS_5, BETAS_5, SCALED_4, SCALED_5
from ..experiments.result import Result, change_by_pruning, difference, unpruned
from .theory import Finding

#: Points of error over the network before pruning that count as no significant loss.
LEVEL = 1.0


def _named(values: Iterable[float]) -> tuple[str, ...]:
    """Return values as the arms of a sweep name them."""
    return tuple(f"{value:g}" for value in values)


#: Of Experiment 4; on CIFAR-10 they are scaled.
_FACTORS = {"cifar100": _named(ALPHAS_4), "cifar10": _named(SCALED_4)}
_SWEPT, _SMALL, _BETAS = _named(ALPHAS_5), _named(SCALED_5), _named(BETAS_5)


def figure_8(found: Iterable[Result], dataset: str = "cifar100") -> Finding | None:
    """Judge what the text says of Figure 8, on its dataset or on ``cifar10``; None while an arm is missing."""
    arms = _arms(found, "experiment-4", "vgg-16")
    lines = [arms.get(f"{dataset}-{factor}") for factor in _FACTORS[dataset]]
    if any(line is None for line in lines):
        return None
    whole = [line for line in lines if line is not None]
    reached = [_reached(line) for line in whole]
    before = [unpruned(line[0]) for line in whole]
    starts = [r.test_error_mean for r in before]
    holds = {
        "compresses more": all(a <= b for a, b in pairwise(reached)) and reached[0] < reached[-1],
        "starts lower": all(difference(b, a).wide[1] >= 0 for a, b in pairwise(before))
        and difference(before[-1], before[0]).wide[0] > 0,
    }
    told = ", ".join(
        f"α₀ = {factor}: {ratio:.3g}×, {start - starts[0]:+.2f}"
        for factor, ratio, start in zip(_FACTORS[dataset], reached, starts, strict=True)
    )
    about = "highest ratio not shown to lose more than a point, and points of error before pruning over α₀ = 0"
    return _finding(f"{about}: {told}", holds)


def figure_9(found: Iterable[Result]) -> Finding | None:
    """Judge what the text says of Figure 9; None while an arm is missing."""
    arms = _arms(found, "experiment-5", "resnet-50")
    at = {(name.removeprefix("cifar100-"), r.requested): r for name, line in arms.items() for r in line}
    ends = [at.get(("5-1e-07", 13.0)), at.get(("10-1e-06", 25.0))]
    pairs = [[at.get((f"{beta}-{factor}", 13.0)) for beta in _BETAS] for factor in _SWEPT]
    if any(r is None for group in (ends, *pairs) for r in group):
        return None
    changes = [change_by_pruning(r) for r in ends if r is not None]
    whole = [[r for r in pair if r is not None] for pair in pairs]
    apart = [a.test_error_mean - b.test_error_mean for a, b in whole]
    holds = {
        "no noticeable loss": all(change.wide[0] <= 0 for change in changes),
        "β makes little difference": all(map(_meet, whole)),
    }
    losses = ", ".join(f"{c.mean:+.2f} points at {ratio}×" for c, ratio in zip(changes, (13, 25), strict=True))
    gaps = ", ".join(f"{gap:+.2f}" for gap in apart)
    return _finding(f"{losses}; β = 5 less β = 10 at 13×, by factor: {gaps} points", holds)


def small_betas(found: Iterable[Result]) -> Finding | None:
    """Judge whether a change from β = 5 to 10 is severe for ResNet-20 on CIFAR-10; None while an arm is missing."""
    arms = _arms(found, "experiment-5", "resnet-20")
    pairs = [[arms.get(f"resnet-20-{beta}-{factor}") for beta in _BETAS] for factor in _SMALL]
    if any(line is None for pair in pairs for line in pair):
        return None
    whole = [[line for line in pair if line is not None] for pair in pairs]
    before = [[unpruned(line[0]) for line in pair] for pair in whole]
    ratios = [[_reached(line) for line in pair] for pair in whole]
    holds = {
        "before pruning β makes little difference": all(map(_meet, before)),
        "β makes little difference to the ratio": all(max(pair) <= 2 * min(pair) for pair in ratios),
    }
    told = ", ".join(
        f"α₀ = {factor}: {five:.3g}× and {ten:.3g}×, {b.test_error_mean - a.test_error_mean:+.2f}"
        for factor, (five, ten), (a, b) in zip(_SMALL, ratios, before, strict=True)
    )
    about = "highest ratio not shown to lose more than a point, for β = 5 and 10, and points before pruning, 10 over 5"
    return _finding(f"{about}: {told}", holds)


def _reached(line: Iterable[Result]) -> float:
    """Return the highest ratio not shown to lose more than :data:`LEVEL`, 1 where none is."""
    return max((r.ratio for r in line if change_by_pruning(r).wide[0] <= LEVEL + 1e-9), default=1.0)


def _meet(pair: Iterable[Result]) -> bool:
    """Return whether the test intervals of results have a point in common."""
    intervals = [r.test_interval for r in pair]
    return max(low for low, _ in intervals) <= min(high for _, high in intervals)


def _arms(found: Iterable[Result], study: str, network: str) -> dict[str, list[Result]]:
    """Return the results of one network's sweep before fine-tuning, by arm, in rising order of the ratio."""
    arms: dict[str, list[Result]] = {}
    for r in sorted(found, key=lambda r: r.requested):
        if (r.experiment, r.network, r.fine_tuned) == (study, network, False):
            arms.setdefault(r.arm, []).append(r)
    return arms


def _finding(value: str, holds: dict[str, bool]) -> Finding:
    wrong = [text for text, good in holds.items() if not good]
    if not wrong:
        return Finding(value, True)
    return Finding(value, False, len(wrong) < len(holds), f"not so here: {', '.join(wrong)}")
