"""The experiments in small, as the chapters run them while they are built: embedded digits, one seed, a few epochs.

A small run takes some thirty times fewer steps than a full one. A penalty acts once a step, so its factors are larger
here, by the same number for every penalty (:data:`LOUDER`); nothing else is tuned. What these runs show is the shape of
the curves, not which method is better.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .. import labels
from .._counts import wilson_interval
from ..experiments.arms import STUDIES
from ..experiments.config import Config, Training
from ..experiments.records import Measured, Record
from ..table import Table, percent

#: How many times larger the factors of the penalties are, in small.
LOUDER = {"experiment-1": 20.0, "experiment-2": 6.0}
RATIOS = (10.0, 20.0, 50.0, 100.0, 200.0)
#: Of layerwise and of random pruning, whose networks collapse sooner. Coding a network that keeps half takes a second.
FEWER = {"LP": (10.0, 50.0), "RP": (5.0, 20.0)}


def _louder(arm: Config, **change: object) -> Training:
    how, times = arm.training, LOUDER[arm.experiment]
    p = how.penalty
    several = {name: tuple(times * a for a in getattr(p, name)) for name in ("alpha_l2_by_layer", "alpha_l0_by_layer")}
    single = {name: times * getattr(p, name) for name in ("alpha_l2", "alpha_l1", "alpha_l0")}
    return how.model_copy(update={"penalty": p.model_copy(update={**several, **single}), **change})


def experiment_1(profile: str) -> dict[str, Config]:
    """Return the arms of Experiment 1: all of them, and in small one fine-tuned ratio of global pruning."""
    if profile == "full":
        return dict(STUDIES["experiment-1"].arms("full"))
    small = {}
    for name, arm in STUDIES["experiment-1"].arms("fast").items():
        tuned = arm.pruning == "GP"
        assert arm.fine_tuning is not None
        small[name] = _changed(
            arm,
            training=_louder(arm, epochs=3, batch_size=64),
            ratios=FEWER.get(arm.pruning, RATIOS),
            fine_tuned_ratios=(50.0,) if tuned else (),
            fine_tuning=arm.fine_tuning.model_copy(update={"epochs": 1, "batch_size": 64}) if tuned else None,
        )
    return small


def experiment_2(profile: str) -> dict[str, Config]:
    """Return the arms of Experiment 2: all of them, and in small dense, NORM and SEP of LeNet-300-100."""
    if profile == "full":
        return dict(STUDIES["experiment-2"].arms("full"))
    small = {}
    for name, arm in STUDIES["experiment-2"].arms("fast").items():
        if name not in ("lenet-300-100-dense", "lenet-300-100-NORM", "lenet-300-100-SEP"):
            continue
        change: dict[str, object] = {"training": _louder(arm, epochs=12, batch_size=64)}
        if arm.fine_tuned_ratios:
            change |= {"ratios": RATIOS, "fine_tuned_ratios": (20.0, 50.0, 96.0)}
        small[name] = _changed(arm, **change)
    return small


def _changed(arm: Config, **change: object) -> Config:
    plain = {name: value.model_dump() if isinstance(value, Training) else value for name, value in change.items()}
    return Config.model_validate(arm.model_dump() | plain)


def make(arms: Mapping[str, Config], seeds: Iterable[int] = (0,)) -> list[Record]:
    """Run ``arms`` with each seed; arms that differ in pruning alone share their training.

    Full runs are kept in ``runs`` below the working folder and go on where they were cut off; small ones leave nothing.
    """
    from ..experiments.run import run

    chosen = [(config, seed) for seed in seeds for config in arms.values()]
    if any(config.profile == "full" for config in arms.values()):
        return [run(config, seed, Path("runs")) for config, seed in chosen]
    with tempfile.TemporaryDirectory() as folder:
        return [run(config, seed, Path(folder)) for config, seed in chosen]


def error_and_interval(measured: Measured) -> tuple[str, str]:
    """Return the error of a few images and its 95 % Wilson interval as cells: ``40 %`` and ``31 to 50 %``."""
    low, high = wilson_interval(measured.errors, measured.images)
    return f"{measured.percent:.0f} %", f"{100 * low:.0f} to {percent(high, 0)}"


def table(made: Sequence[Record], what: str) -> Table:
    """Return a row for each pruned network of small runs on photographs; ``what`` begins the caption.

    Where neurons were removed, their share and the multiply-adds that are left stand in place of the stage.
    """
    removed = any(point.removed for record in made for point in record.points)
    rows = []
    for record in made:
        for point in record.points:
            arm, ratio = labels.run(record.config.arm), f"{point.ratio:.3g}×"
            cells = [ratio, "yes" if point.fine_tuned else "no"]
            if point.removed:
                cells = [percent(point.removed.share, 0), f"{point.removed.multiply_adds:,}", ratio]
            rows.append((arm, *cells, *error_and_interval(point.measured)))
    headers = ("removed", "multiply-adds", "ratio") if removed else ("ratio", "fine-tuned")
    return Table(
        ("arm", *headers, "error", "95 % interval"),
        rows,
        f"{what} on {made[0].train} photographs, tested on {made[0].test}. Computed now; the intervals say that "
        "nothing can be concluded.",
    )


def table_of_processes(one: Record, two: Record) -> Table:
    """Set two records of the same run side by side, made by one process and by two: losses and wrong answers."""
    pair = (one, two)
    rows = [
        ("processes", *(str(r.origin.processes) for r in pair)),
        ("threads of each", *(str(r.origin.threads) for r in pair)),
    ]
    for epochs in zip(*(r.history[1:] for r in pair), strict=True):
        rows.append((f"mean loss, epoch {epochs[0].epoch}", *(f"{it.loss:.7f}" for it in epochs)))
    rows.append(("wrong, not pruned", *(str(r.dense.errors) for r in pair)))
    rows.append(
        (f"wrong at {one.points[0].requested:g}×, just pruned", *(str(r.points[0].measured.errors) for r in pair))
    )
    return Table(
        ("", "one process", "two processes"),
        rows,
        f"The same run, made by one process and by two; how many of the {one.test:,} test digits are read wrong. "
        "Computed now.",
    )
