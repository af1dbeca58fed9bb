"""Results: the records of one arm put together over seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from .config import Config
from .records import Measured, Point, Record, RecordError
from .result import Result


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
    first, seeds = arm[0], set()
    for record in arm:
        where = f"{record.config.experiment}: {first.name} and {record.name}"
        if record.seed in seeds:
            raise RecordError(f"{record.config.experiment}: {record.name} stands twice; a seed counts once")
        seeds.add(record.seed)
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


def _result(group: Mapping[int, tuple[Record, Point]], dense: Mapping[tuple[str, str], dict[int, Measured]]) -> Result:
    seeds = sorted(group)
    records, points = [group[seed][0] for seed in seeds], [group[seed][1] for seed in seeds]
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
    return Result(
        experiment=config.experiment,
        arm=config.arm,
        network=config.network,
        dataset=config.dataset,
        penalty=config.penalty_name,
        strategy=config.training.penalty.strategy,
        pruning=pruning,
        fine_tuned=point.fine_tuned,
        variant=config.variant,
        requested=point.requested,
        ratio=point.parameters / nonzero if nonzero else math.inf,
        weights_only_ratio=fmean(p.weights_only_ratio or math.inf for p in points),
        parameters=point.parameters,
        nonzero=nonzero,
        errors={seed: p.measured.percent for seed, p in zip(seeds, points, strict=True)},
        images=point.measured.images,
        dense_errors={seed: baseline[seed].percent for seed in seeds if seed in baseline},
        unpruned_errors={record.seed: record.dense.percent for record in records},
        wrong={seed: p.measured.wrong for seed, p in zip(seeds, points, strict=True) if p.measured.wrong},
        dense_wrong={seed: baseline[seed].wrong for seed in seeds if seed in baseline and baseline[seed].wrong},
        unpruned_wrong={record.seed: record.dense.wrong for record in records if record.dense.wrong},
        flop_reduction=point.multiply_adds / multiply_adds if multiply_adds else math.inf,
        removed=removed.share if removed else 0.0,
        structural_reduction=point.multiply_adds / removed.multiply_adds if removed else 1.0,
        bytes=fmean(p.bytes.best for p in points),
        profile=config.profile,
        evaluate_on=config.evaluate_on,
        device=_joined(r.origin.device for r in records),
        epochs=epochs,
        commit=_joined(r.origin.commit for r in records),
    )


def _joined(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
