"""What fine-tuning mends, and what new statistics mend already: stored runs side by side.

Runs of the study ``recalibration`` begin with the networks of Experiment 3, prune them in the same way, and measure the
statistics of their batch normalisations anew. So one seed of an arm can be followed through all stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from .. import labels
from ..experiments.records import Measured, Record, RecordError
from ..experiments.results import count_of_seeds, mean_and_deviation
from ..table import Table, times

#: The stages of a pruned network, in the order in which they are shown.
STAGES = ("just pruned", "statistics anew", "fine-tuned")


@dataclass(frozen=True)
class Followed:
    """One arm's networks at all stages, one for each of the ``seeds`` that both studies have.

    ``unpruned`` holds them before pruning, ``at`` by the stages of :data:`STAGES` and the ratios asked for. A ratio of
    1 takes nothing away.
    """

    arm: str
    seeds: tuple[int, ...]
    unpruned: tuple[Measured, ...]
    at: Mapping[str, Mapping[float, tuple[Measured, ...]]]

    @property
    def many(self) -> str:
        """``3 seeds``."""
        return count_of_seeds(len(self.seeds))

    def mean(self, stage: str, ratio: float) -> float | None:
        """Return the mean error in percent; None if that is not on record."""
        measured = self.at[stage].get(ratio)
        return fmean(one.percent for one in measured) if measured else None

    def share(self, ratio: float) -> float | None:
        """Return the share of fine-tuning's gain that new statistics have alone; None if it is not on record.

        None also where fine-tuning gains less than a point: a share of next to nothing tells nothing.
        """
        before, between, after = (self.mean(stage, ratio) for stage in STAGES)
        if before is None or between is None or after is None or before - after < 1:
            return None
        return (before - between) / (before - after)


def follow(plain: Iterable[Record], anew: Iterable[Record]) -> list[Followed]:
    """Put the runs of Experiment 3 and of ``recalibration`` together, arm by arm; arms that one lacks are left out.

    The dense networks are fine-tuned in an arm of their own, the control: it is found by its training.

    Raises
    ------
    RecordError
        If two runs of one arm and seed did not begin with the same network.
    """
    first, second = ({(r.config.arm, r.seed): r for r in given} for given in (plain, anew))
    tuned = {(r.config.unpruned.digest(), r.seed): r for r in first.values() if any(p.fine_tuned for p in r.points)}
    both = [key for key in first if key in second]
    found = []
    for arm in dict.fromkeys(arm for arm, _ in both):
        seeds = sorted(seed for name, seed in both if name == arm)
        start = [first[arm, seed] for seed in seeds]
        after = [tuned.get((r.config.unpruned.digest(), r.seed)) for r in start]
        between = [second[arm, seed] for seed in seeds]
        for one, other in zip([*start, *start], [*between, *after], strict=True):
            if other is not None and one.dense != other.dense:
                raise RecordError(
                    f"{one.name} of {one.config.experiment} and {other.name} of {other.config.experiment}: both must "
                    f"begin with the same network; before pruning it has {one.dense.errors} and {other.dense.errors} "
                    "errors"
                )
        at = {
            "just pruned": _measured(start, fine_tuned=False),
            "statistics anew": _measured(between, fine_tuned=False),
            "fine-tuned": _measured(after, fine_tuned=True),
        }
        found.append(Followed(arm, tuple(seeds), tuple(r.dense for r in start), at))
    return found


def _measured(given: Sequence[Record | None], *, fine_tuned: bool) -> dict[float, tuple[Measured, ...]]:
    """Return what was measured at each ratio that all of them have; nothing if one is missing."""
    have = [{p.requested: p.measured for p in r.points if p.fine_tuned == fine_tuned} if r else {} for r in given]
    return {ratio: tuple(one[ratio] for one in have) for ratio in have[0] if all(ratio in one for one in have)}


def _told(measured: Iterable[Measured] | None) -> str:
    if measured is None:
        return "–"
    return f"{mean_and_deviation(one.percent for one in measured)} %"


def table(followed: Iterable[Followed], ratios: Sequence[float] = (5.0, 10.0)) -> Table:
    """Return the errors of each arm unpruned and at some ratios, stage by stage.

    The last column is :meth:`Followed.share`.
    """
    rows: list[tuple[str, ...]] = []
    for arm in followed:
        n, name = str(len(arm.seeds)), labels.run(arm.arm, network=True)
        if (whole := arm.at["statistics anew"].get(1.0)) is not None:
            rows.append((name, "unpruned", n, _told(arm.unpruned), _told(whole), "–", "–"))
        for ratio in ratios:
            cells = [_told(arm.at[stage].get(ratio)) for stage in STAGES]
            share = arm.share(ratio)
            if cells != ["–"] * 3:
                rows.append((name, times(ratio), n, *cells, "–" if share is None else f"{100 * share:.0f} %"))
    return Table(
        ("arm", "ratio", "seeds", *STAGES, "of the gain"),
        rows,
        "Test error of pruned networks: with the statistics of the network before pruning, with their own, and after "
        "fine-tuning; and the share of fine-tuning's gain that new statistics have alone, where it gains a point or "
        "more. Mean ± standard deviation over seeds. Stored.",
        absent="not recorded yet",
    )


def conclusion(followed: Iterable[Followed], ratio: float) -> str:
    """Return one sentence on each arm at ``ratio``; the wording follows from the numbers."""
    told = []
    for arm in followed:
        share = arm.share(ratio)
        if share is None:
            continue
        gain = (arm.mean(STAGES[0], ratio) or 0) - (arm.mean(STAGES[2], ratio) or 0)
        told.append(
            f"{labels.run(arm.arm, network=True)} at {times(ratio)} ({arm.many}): fine-tuning gains {gain:.1f} points, "
            f"and new statistics alone {100 * share:.0f} % of that."
        )
    return "\n".join(told) or f"Nothing to compare at {times(ratio)} is on record yet."
