"""Runs of the studies that no record holds yet: how many, the command that makes them, and about how long it takes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from .. import labels
from ..experiments import stored
from ..experiments.arms import RIVAL_NAMES, RIVAL_RATIOS, RIVAL_TARGETS, RIVAL_TRAINING, RIVAL_TRIALS, STUDIES
from ..experiments.config import Config
from ..experiments.records import Record, read_all
from ..table import Table

#: A command names so many arms; of more it shows the beginning.
_NAMED = 6


def epochs(config: Config) -> int:
    """Return the passes over the training images that a run makes in all, at every ratio."""
    ends = len(config.fine_tuned_ratios) + len(config.removed_ratios)
    if config.rival:
        return config.training.epochs * (1 + ends)
    after = config.fine_tuning.epochs if config.fine_tuning else 0
    after += config.gradual.training.epochs if config.gradual else 0
    return config.training.epochs + ends * after


def seconds_an_epoch(records: Iterable[Record]) -> dict[tuple[str, str], float]:
    """Return the median seconds of an epoch by study and network, and by network alone under an empty study."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in records:
        each = record.origin.seconds / epochs(record.config)
        for study in (record.config.experiment, ""):
            found[study, record.config.network].append(each)
    return {key: median(values) for key, values in found.items()}


def missing_runs(records: Iterable[Record] | None = None) -> Table:
    """Return a row for each group of runs that are missing, with the command and the hours on one core.

    An hour is estimated from the seconds that an epoch of the same network took in the runs on record, those of the
    same study if there are any. Rival methods whose settings were not searched have a row of their own.
    """
    full = [r for r in (read_all() if records is None else records) if r.config.profile == "full"]
    full = [r for r in full if r.config.evaluate_on == "test"]
    each, rows = seconds_an_epoch(full), []
    for name, study in STUDIES.items():
        arms, made = study.arms("full"), [r for r in full if r.config.experiment == name]
        for seeds, names in stored.lacking(name, made).items():
            total = 0.0
            for arm in names:
                network = arms[arm].network
                took = each.get((name, network), each.get(("", network), math.nan))
                total += len(seeds) * epochs(arms[arm]) * took / 3600
            command = f"`{stored.command(name, _arms(names), seeds)}`"
            rows.append((labels.study(name), str(len(seeds) * len(names)), command, _hours(total)))
    chosen = STUDIES["rivals"].arms("full")
    for network, training in RIVAL_TRAINING.items():
        left = [n for n in RIVAL_NAMES if f"{network}-{n}" not in chosen]
        if left:
            took = each.get(("rivals", network), each.get(("", network), math.nan))
            runs = RIVAL_TRIALS * len(RIVAL_TARGETS[network])
            runs += len(STUDIES["rivals"].seeds) * (1 + len(RIVAL_RATIOS[network]))
            names = [f"{network}-{name}" for name in left]
            command = f"`l0lib tune rivals --profile full --trials {RIVAL_TRIALS} --arm {_arms(names)}`"
            hours = _hours(len(left) * runs * training.epochs * took / 3600)
            rows.append(("rivals, to be searched first", f"{len(left)} methods", command, hours))
    return Table(
        ("study", "runs that are missing", "command", "hours on one core, about"),
        rows,
        "Runs that no record holds yet. The hours follow from what an epoch of the same network took in the runs on "
        "record, on several machines; a dash: none was run. Computed from records.",
        absent="none",
    )


def _arms(names: list[str]) -> str:
    return " ".join(names[:_NAMED]) + (f" … ({len(names)} in all)" if len(names) > _NAMED else "")


def _hours(hours: float) -> str:
    if math.isnan(hours):
        return "–"
    return "under 0.1" if hours < 0.1 else f"{hours:.{1 if hours < 10 else 0}f}"
