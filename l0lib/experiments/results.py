"""Results: the records of one arm put together over seeds, with their means, differences and intervals."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from .._counts import wilson_interval
from ..table import Table, times
from . import answers

if TYPE_CHECKING:  # figures know what a result is, and are drawn without pydantic too
    from .config import Config
    from .records import Measured, Point, Record

#: The names of one line of ``l0lib report --json``, in their order.
FIELDS = (
    "experiment", "network", "dataset", "penalty", "strategy", "pruning", "fine_tuned", "variant", "ratio",
    "test_error_mean", "test_error_std", "n_seeds", "dense_error_mean", "flop_reduction", "profile", "device", "epochs",
    "commit",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One arm at one compression ratio, before or after fine-tuning, over its seeds.

    What is not a field of :class:`~l0lib.experiments.config.Config`: ``requested`` is the compression ratio asked for,
    ``ratio`` the one achieved, all parameters over the mean number of ``nonzero`` ones, biases counted (infinite if
    none is left), ``weights_only_ratio`` the same without biases, the mean over seeds. ``errors`` maps a seed to the
    top-1 error in percent on ``images`` test images, ``dense_errors`` to that of the network before pruning of the
    dense arm, for those of our seeds that it has, ``unpruned_errors`` to that of this arm's own; ``wrong`` and
    ``unpruned_wrong`` tell, where the records hold it, which images were missed (:mod:`~l0lib.experiments.answers`).
    ``flop_reduction`` is the multiply-adds of the whole network over the mean number of those by a nonzero weight,
    ``structural_reduction`` over those of what neuron pruning left of it, dense (1 if none were removed), ``removed``
    the share of each layer's neurons that were removed before, 0 if none. ``bytes`` are those of the smallest file, the
    mean over seeds; ``epochs`` the passes over the training images behind this result: training, gradual pruning and
    fine-tuning together. ``device`` and ``commit`` are of the runs; several are joined by ", ".
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
    def error_over_seeds(self) -> str:
        """Mean, deviation and number of seeds as text: ``1.18 ± 0.05 (5)``."""
        return f"{mean_and_deviation(self.errors.values())} ({self.n_seeds})"

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean over seeds (Student's t), in percent; None for one seed.

        It says how far other seeds would move the mean. What other test images would do is in :attr:`test_interval`.
        """
        return mean_interval(list(self.errors.values()))

    @property
    def test_interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval at the mean error for so many test images, in percent.

        It does not narrow with the number of seeds, because all of them are tested on the same images.
        """
        low, high = wilson_interval(self.test_error_mean / 100 * self.images, self.images)
        return 100 * low, 100 * high

    @property
    def increases(self) -> list[float]:
        """For each seed the error less that of the dense network of the same seed, in percentage points.

        Raises
        ------
        ValueError
            If a seed has no dense network on record.
        """
        if missing := sorted(self.errors.keys() - self.dense_errors.keys()):
            raise ValueError(f"result must have a dense network for each of its seeds; none for {missing}")
        return [error - self.dense_errors[seed] for seed, error in sorted(self.errors.items())]

    @property
    def increase_over_seeds(self) -> str:
        """The increase as text: ``+0.72 ± 0.10 points (3 seeds)``."""
        if self.dense_error_mean is None:
            return f"no dense network for each seed; error {self.test_error_mean:.2f} %"
        return f"{mean_and_deviation(self.increases, sign='+')} points ({count_of_seeds(self.n_seeds)})"

    def as_json(self) -> dict[str, Any]:
        """Return :data:`FIELDS` as plain data. What is infinite, or not defined for one seed, is None."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}


def mean_and_deviation(values: Iterable[float], digits: int = 2, sign: str = "") -> str:
    """Return mean and sample deviation (divisor n - 1) as text: ``1.87 ± 0.05``; one value has no deviation.

    With ``sign="+"`` a mean above zero has a sign too.
    """
    given = list(values)
    spread = f" ± {stdev(given):.{digits}f}" if len(given) > 1 else ""
    return f"{fmean(given):{sign}.{digits}f}{spread}"


def count_of_seeds(count: int) -> str:
    """Return a number of seeds as text: ``1 seed``, ``3 seeds``."""
    return f"{count} seed{'s' * (count != 1)}"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    r"""Return the 95 % interval of a mean, :math:`\bar x \pm t s/\sqrt n` with Student's t; None for one value."""
    return _student(values, 0)


def prediction_interval(values: Sequence[float]) -> tuple[float, float] | None:
    r"""Return the 95 % interval of one value more, :math:`\bar x \pm t s\sqrt{1 + 1/n}`; None for one value.

    :math:`s` is the sample deviation of :math:`n` independent normal values, which the next one is like.
    """
    return _student(values, 1)


def _student(values: Sequence[float], more: int) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) * math.sqrt(more + 1 / len(values))
    return fmean(values) - half, fmean(values) + half


def results(records: Iterable[Record], profile: str = "full", evaluate_on: str = "test") -> list[Result]:
    """Put ``records`` together over seeds: one :class:`Result` for each arm, ratio asked for, and fine-tuned or not.

    With the defaults these are results: full runs, evaluated on the test images. Nothing else counts as one.

    Raises
    ------
    RecordError
        If the runs of one group differ in their settings, or one seed stands twice.
    """
    kept = [r for r in records if (r.config.profile, r.config.evaluate_on) == (profile, evaluate_on)]
    arms: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in kept:
        arms[record.config.experiment, record.config.arm, record.config.pruning].append(record)
    for arm in arms.values():
        _check_same(arm)
    dense = _dense(kept)
    found = []
    for arm in arms.values():
        groups: dict[tuple[float, bool, float], dict[int, tuple[Record, Point]]] = defaultdict(dict)
        for record in arm:
            for point in record.points:
                share = point.removed.share if point.removed else 0.0
                groups[share, point.fine_tuned, point.requested][record.seed] = (record, point)
        found += [_result(group, dense) for _, group in sorted(groups.items(), key=lambda item: item[0])]
    return found


def _check_same(arm: Sequence[Record]) -> None:
    from .records import RecordError

    first, known = arm[0], set()
    for record in arm:
        where = f"{record.config.experiment}: {first.name} and {record.name}"
        if record.seed in known:
            raise RecordError(f"{record.config.experiment}: {record.name} stands twice; a seed counts once")
        known.add(record.seed)
        if told := differences(first.config, record.config):
            raise RecordError(f"{where} must have the same settings to be put together; {told}")


def differences(first: Config, second: Config) -> str:
    """Return the settings in which two configurations differ, as text; empty if they are the same."""
    ours, other = (dict(_leaves(config.model_dump(mode="json"))) for config in (first, second))
    names = [name for name in {**ours, **other} if ours.get(name) != other.get(name)]
    return "; ".join(f"{name} is {ours.get(name)!r} and {other.get(name)!r}" for name in names)


def _leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _dense(records: Iterable[Record]) -> dict[tuple[str, str], dict[int, Measured]]:
    # by the arm's name within its study, and by the name alone for a study that leans on another one's arm
    found: dict[tuple[str, str], dict[int, Measured]] = defaultdict(dict)
    for record in records:
        for study in (record.config.experiment, ""):
            found[study, record.config.arm][record.seed] = record.dense
    return found


#: What a result has of its configuration under the same name.
_OF_THE_CONFIG = ("experiment", "arm", "network", "dataset", "variant", "profile", "evaluate_on")


def _result(group: Mapping[int, tuple[Record, Point]], dense: Mapping[tuple[str, str], dict[int, Measured]]) -> Result:
    given = sorted(group)
    records, points = [group[seed][0] for seed in given], [group[seed][1] for seed in given]
    config, point = records[0].config, points[0]
    removed = point.removed
    pruning: str = config.pruning
    if removed is not None:
        pruning = "NP" if point.requested == 1 else "NP+GP"
    name = config.dense_arm or config.arm
    baseline = dense.get((config.experiment, name)) or dense.get(("", name), {})
    nonzero = fmean(p.nonzero for p in points)
    multiply_adds = fmean(p.nonzero_multiply_adds for p in points)
    epochs = config.training.epochs
    if point.fine_tuned:
        epochs += config.gradual.training.epochs if config.gradual else 0
        epochs += config.fine_tuning.epochs if config.fine_tuning else 0
    same: dict[str, Any] = {name: getattr(config, name) for name in _OF_THE_CONFIG}
    return Result(
        **same,
        penalty=config.penalty_name,
        strategy=config.training.penalty.strategy,
        pruning=pruning,
        fine_tuned=point.fine_tuned,
        requested=point.requested,
        ratio=point.parameters / nonzero if nonzero else math.inf,
        weights_only_ratio=fmean(p.weights_only_ratio or math.inf for p in points),
        parameters=point.parameters,
        nonzero=nonzero,
        errors={seed: p.measured.percent for seed, p in zip(given, points, strict=True)},
        images=point.measured.images,
        dense_errors={seed: baseline[seed].percent for seed in given if seed in baseline},
        unpruned_errors={record.seed: record.dense.percent for record in records},
        wrong={seed: p.measured.wrong for seed, p in zip(given, points, strict=True) if p.measured.wrong},
        unpruned_wrong={record.seed: record.dense.wrong for record in records if record.dense.wrong},
        flop_reduction=point.multiply_adds / multiply_adds if multiply_adds else math.inf,
        removed=removed.share if removed else 0.0,
        structural_reduction=point.multiply_adds / removed.multiply_adds if removed else 1.0,
        bytes=fmean(p.bytes.best for p in points),
        device=_joined(r.origin.device for r in records),
        epochs=epochs,
        commit=_joined(r.origin.commits for r in records),
    )


def _joined(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


@dataclass(frozen=True)
class Difference:
    """The first result's error less the second's, in percentage points: paired by seed, with its 95 % interval.

    ``interval`` is over seeds; ``wide`` counts other test images as well (:func:`~l0lib.experiments.answers.wide`).
    """

    mean: float
    interval: tuple[float, float] | None
    wide: tuple[float, float]


def difference(first: Result, second: Result) -> Difference:
    """Compare two results seed by seed; errors as in :func:`shared`."""
    first, second = shared(first, second)
    gaps = [first.errors[seed] - second.errors[seed] for seed in first.errors]
    images = min(first.images, second.images)
    if first.images == second.images and all(seed in it.wrong for seed in first.errors for it in (first, second)):
        ours, theirs = ([it.wrong[seed] for seed in first.errors] for it in (first, second))
        deviated = answers.deviation(ours, theirs, images)
    else:
        deviated = answers.bound((first.test_error_mean / 100, second.test_error_mean / 100), images)
    mean, interval = fmean(gaps), mean_interval(gaps)
    return Difference(mean, interval, answers.wide(mean, interval, 100 * deviated))


def shared(first: Result, second: Result) -> tuple[Result, Result]:
    """Return both results on the seeds that both have.

    Raises
    ------
    ValueError
        If they share no seed.
    """
    both = sorted(first.errors.keys() & second.errors.keys())
    if not both:
        raise ValueError(f"first and second must share seeds; got {sorted(first.errors)} and {sorted(second.errors)}")
    one, other = (replace(it, errors={seed: it.errors[seed] for seed in both}) for it in (first, second))
    return one, other


def unpruned(result: Result) -> Result:
    """Return the same arm with the errors that its networks had before pruning."""
    return replace(result, errors=result.unpruned_errors, wrong=result.unpruned_wrong)


def change_by_pruning(result: Result) -> Difference:
    """Compare pruned networks, seed by seed, with what they were before pruning."""
    return difference(result, unpruned(result))


def table(found: Iterable[Result], caption: str) -> Table:
    """Return results as a table, one row each."""
    headers = ("Study", "Arm", "Fine-tuned", "Ratio", "Test error", "Seeds", "Dense", "Bytes", "Fewer mult-adds")
    rows = [
        (
            r.experiment,
            r.arm,
            "yes" if r.fine_tuned else "no",
            times(r.ratio),
            f"{mean_and_deviation(r.errors.values())} %",
            r.n_seeds,
            "–" if r.dense_error_mean is None else f"{r.dense_error_mean:.2f} %",
            f"{r.bytes:,.0f}",
            times(r.flop_reduction),
        )
        for r in found
    ]
    return Table(headers, rows, caption)
