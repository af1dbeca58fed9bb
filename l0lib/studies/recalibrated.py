"""What fine-tuning mends, and what new statistics mend already: stored runs side by side.

Runs of the study ``recalibration`` begin with the networks of Experiment 3, prune them in the same way, and measure the
statistics of their batch normalisations anew. So one seed of an arm can be followed through all stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from .records import Measured, Record
from .table import Table, times

#: The stages of a pruned network, in the order in which they are shown.
STAGES = ("just pruned", "statistics anew", "fine-tuned")


@dataclass(frozen=True)
class Followed:
    """One arm's networks at all stages.

    Attributes
    ----------
    arm : str
    seeds : tuple of int
        Those that both studies have.
    unpruned : tuple of Measured
        The networks before pruning, one for each seed.
    at : dict of stage to dict of ratio to tuple of Measured
        The stages of :data:`STAGES`, the ratios asked for. A ratio of 1 takes nothing away.
    """

    arm: str
    seeds: tuple[int, ...]
    unpruned: tuple[Measured, ...]
    at: Mapping[str, Mapping[float, tuple[Measured, ...]]]


def follow(plain: Iterable[Record], anew: Iterable[Record]) -> list[Followed]:
    """Put the runs of Experiment 3 and of ``recalibration`` together, arm by arm; arms that one lacks are left out."""
    first, second = ({(r.config.arm, r.seed): r for r in given} for given in (plain, anew))
    both = [key for key in first if key in second]
    found = []
    for arm in dict.fromkeys(arm for arm, _ in both):
        seeds = tuple(sorted(seed for name, seed in both if name == arm))
        ways = {
            "just pruned": (first, False),
            "statistics anew": (second, False),
            "fine-tuned": (first, True),
        }
        at = {
            stage: {
                point.requested: tuple(
                    next(
                        p.measured
                        for p in given[arm, seed].points
                        if (p.requested, p.fine_tuned) == (point.requested, tuned)
                    )
                    for seed in seeds
                )
                for point in given[arm, seeds[0]].points
                if point.fine_tuned == tuned
            }
            for stage, (given, tuned) in ways.items()
        }
        found.append(Followed(arm, seeds, tuple(first[arm, seed].dense for seed in seeds), at))
    return found


def _told(measured: Iterable[Measured]) -> str:
    errors = [one.percent for one in measured]
    return f"{fmean(errors):.2f}" + (f" ± {stdev(errors):.2f}" if len(errors) > 1 else "") + " %"


def table(followed: Iterable[Followed]) -> Table:
    """Return the errors of each arm unpruned and at the ratios that were fine-tuned, stage by stage.

    The last column is the share of fine-tuning's gain that new statistics have alone.
    """
    rows = []
    for arm in followed:
        plain, anew, tuned = (arm.at[stage] for stage in STAGES)
        n = str(len(arm.seeds))
        if 1.0 in anew:
            rows.append((arm.arm, "unpruned", n, _told(arm.unpruned), _told(anew[1.0]), "–", "–"))
        for ratio in tuned or [ratio for ratio in (5.0, 10.0) if ratio in anew]:
            if ratio not in plain or ratio not in anew:
                continue
            before, between = (fmean(one.percent for one in stage[ratio]) for stage in (plain, anew))
            after = fmean(one.percent for one in tuned[ratio]) if ratio in tuned else None
            share = "–" if after is None or before <= after else f"{100 * (before - between) / (before - after):.0f} %"
            rows.append((
                arm.arm, times(ratio), n, _told(plain[ratio]), _told(anew[ratio]),
                "–" if after is None else _told(tuned[ratio]), share,
            ))  # fmt: skip
    return Table(
        ("arm", "ratio", "seeds", *STAGES, "of the gain"),
        rows or [("not recorded yet", *["–"] * 6)],
        "Test error of pruned networks: with the statistics of the network before pruning, with their own, and after "
        "fine-tuning; and the share of fine-tuning's gain that new statistics have alone. Mean ± standard deviation "
        "over seeds. Stored.",
    )
