"""One arm at one compression ratio over its seeds, and the difference of two of them, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from .._counts import wilson_interval
from . import answers

#: The names of one line of ``l0lib report --json``, in their order.
FIELDS = (
    "experiment", "network", "dataset", "penalty", "strategy", "pruning", "fine_tuned", "variant", "ratio",
    "test_error_mean", "test_error_std", "n_seeds", "dense_error_mean", "flop_reduction", "profile", "device", "epochs",
    "commit",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One arm at one compression ratio, before or after fine-tuning, over its seeds.

    Attributes
    ----------
    arm, requested : str, float
        The arm's name in the study, and the compression ratio that was asked for.
    ratio : float
        The one achieved: all parameters over the mean number of nonzero ones, biases counted; infinite if none is left.
    weights_only_ratio : float
        The same without biases, the mean over seeds.
    parameters, nonzero : int, float
        All parameters, and the mean number of nonzero ones.
    errors : dict of int to float
        Seed to top-1 error in percent, on ``images`` test images.
    dense_errors : dict of int to float
        The same of the networks before pruning of the dense arm, for those of our seeds that it has.
    unpruned_errors : dict of int to float
        The same of this arm's own networks before pruning.
    wrong, dense_wrong, unpruned_wrong : dict of int to str
        Of those seeds whose records hold it, which images were missed (:mod:`~l0lib.experiments.answers`).
    flop_reduction : float
        Multiply-adds of the whole network over the mean number of those by a nonzero weight.
    removed : float
        Share of each layer's neurons that were removed before; 0 if none.
    structural_reduction : float
        Multiply-adds of the whole network over those of what neuron pruning left of it, dense; 1 if none were removed.
    bytes : float
        Of the smallest file, the mean over seeds.
    epochs : int
        Passes over the training images behind this result: training, gradual pruning and fine-tuning together.
    device, commit : str
        Of the runs; several are joined by ", ".

    The others are those of :class:`~l0lib.experiments.config.Config`.
    """

    experiment: str
    arm: str
    network: str
    dataset: str
    penalty: str
    strategy: str
    pruning: str
    fine_tuned: bool
    variant: str
    requested: float
    ratio: float
    weights_only_ratio: float
    parameters: int
    nonzero: float
    errors: dict[int, float]
    images: int
    dense_errors: dict[int, float]
    unpruned_errors: dict[int, float]
    wrong: dict[int, str]
    dense_wrong: dict[int, str]
    unpruned_wrong: dict[int, str]
    flop_reduction: float
    removed: float
    structural_reduction: float
    bytes: float
    profile: str
    evaluate_on: str
    device: str
    epochs: int
    commit: str

    @property
    def n_seeds(self) -> int:
        """Number of runs."""
        return len(self.errors)

    @property
    def test_error_mean(self) -> float:
        """Mean top-1 error in percent."""
        return fmean(self.errors.values())

    @property
    def test_error_std(self) -> float | None:
        """Sample standard deviation over seeds (divisor n - 1), in percentage points; None for one seed."""
        return stdev(self.errors.values()) if self.n_seeds > 1 else None

    @property
    def dense_error_mean(self) -> float | None:
        """Mean error before pruning of the dense arm; None unless it is recorded for each of our seeds."""
        return fmean(self.dense_errors.values()) if self.dense_errors.keys() == self.errors.keys() else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean over seeds (Student's t), in percent; None for one seed.

        It says how far other seeds would move the mean. What other test images would do is in :attr:`test_interval`.
        """
        return _student(list(self.errors.values()))

    @property
    def test_interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval at the mean error for so many test images, in percent.

        It does not narrow with the number of seeds, because all of them are tested on the same images.
        """
        low, high = wilson_interval(self.test_error_mean / 100 * self.images, self.images)
        return 100 * low, 100 * high

    @property
    def increase_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the increase over the dense networks of the same seeds, in percentage points.

        For other seeds and other test images (:attr:`Difference.wide`); None without a dense network for each seed.
        """
        if self.dense_error_mean is None:
            return None
        return difference(self, replace(self, errors=self.dense_errors, wrong=self.dense_wrong)).wide

    def as_json(self) -> dict[str, Any]:
        """Return :data:`FIELDS` as plain data. What is infinite, or not defined for one seed, is None."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _student(values: Sequence[float]) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


@dataclass(frozen=True)
class Difference:
    """The first result's error less the second's, in percentage points: paired by seed, with its 95 % interval.

    ``interval`` is over seeds; ``wide`` counts other test images as well (:func:`~l0lib.experiments.answers.wide`).
    """

    mean: float
    interval: tuple[float, float] | None
    n_seeds: int
    wide: tuple[float, float]

    @property
    def settled(self) -> bool:
        """Whether zero is outside the interval: then the seeds tell the two apart."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def difference(first: Result, second: Result) -> Difference:
    """Compare two results seed by seed.

    Raises
    ------
    ValueError
        If they share no seed.
    """
    seeds = _shared_seeds(first, second)
    gaps = [first.errors[seed] - second.errors[seed] for seed in seeds]
    rates = tuple(fmean(it.errors[seed] for seed in seeds) / 100 for it in (first, second))
    images = min(first.images, second.images)
    if first.images == second.images and all(seed in it.wrong for seed in seeds for it in (first, second)):
        deviated = answers.deviation([first.wrong[s] for s in seeds], [second.wrong[s] for s in seeds], images)
    else:
        deviated = answers.bound((rates[0], rates[1]), images)
    mean, interval = fmean(gaps), _student(gaps)
    return Difference(mean, interval, len(seeds), answers.wide(mean, interval, 100 * deviated))


def shared(first: Result, second: Result) -> tuple[Result, Result]:
    """Return both results on the seeds that both have.

    Raises
    ------
    ValueError
        If they share no seed.
    """
    seeds = _shared_seeds(first, second)
    return _on(first, seeds), _on(second, seeds)


def _shared_seeds(first: Result, second: Result) -> list[int]:
    seeds = sorted(first.errors.keys() & second.errors.keys())
    if not seeds:
        raise ValueError(f"first and second must share seeds; got {sorted(first.errors)} and {sorted(second.errors)}")
    return seeds


def _on(result: Result, seeds: Sequence[int]) -> Result:
    return replace(result, errors={seed: result.errors[seed] for seed in seeds})


def unpruned(result: Result) -> Result:
    """Return the same arm with the errors that its networks had before pruning."""
    return replace(result, errors=result.unpruned_errors, wrong=result.unpruned_wrong)


def change_by_pruning(result: Result) -> Difference:
    """Compare pruned networks, seed by seed, with what they were before pruning."""
    return difference(result, unpruned(result))
