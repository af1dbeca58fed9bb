"""Pruned networks against dense ones of the same seeds: with the epochs before pruning alone, and treated alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .. import labels
from ..experiments import stored
from ..experiments.records import Record, Tuning, tunings
from ..experiments.results import Result, mean_and_deviation, results
from ..paper import compare
from ..paper.compare import MORE, TOO_FEW, Comparison
from ..table import Table, signed
from .answer import Answer


@dataclass(frozen=True)
class Baseline:
    """A dense network on record, by seed; ``trials`` are those of its own search, 0 where it had none."""

    arm: str
    epochs: int
    trials: int
    runs: Mapping[int, Record]

    @property
    def errors(self) -> dict[int, float]:
        """Top-1 errors in percent, by seed."""
        return {seed: run.dense.percent for seed, run in self.runs.items()}

    def less(self, pruned: Result) -> Comparison | None:
        """Return the error of pruned networks less that of these, seed by seed; None if they share no seed."""
        if not pruned.errors.keys() & self.runs.keys():
            return None
        wrong = {seed: run.dense.wrong for seed, run in self.runs.items() if run.dense.wrong}
        return compare.compared(pruned, replace(pruned, errors=self.errors, wrong=wrong))

    def verdict(self, pruned: Result) -> str:
        """Return how pruned networks err against these: ``less``, ``more``, ``not told apart`` or ``too few runs``."""
        told = self.less(pruned)
        return TOO_FEW if told is None else told.verdict


def baselines(
    records: Iterable[Record], network: str = "lenet-300-100", searches: Iterable[Tuning] | None = None
) -> list[Baseline]:
    """Return the dense networks of a study, those with fewer epochs first."""
    searched = {(it.experiment, it.arm): len(it.trials) for it in (tunings() if searches is None else searches)}
    runs: dict[tuple[int, str, str], dict[int, Record]] = {}
    for record in records:
        if record.config.network == network and not record.points:
            key = (record.config.training.epochs, record.config.arm, record.config.experiment)
            runs.setdefault(key, {})[record.seed] = record
    return [
        Baseline(arm, epochs, searched.get((study, arm), 0), of)
        for (epochs, arm, study), of in sorted(runs.items(), key=lambda item: item[0])
    ]


def pruned(records: Iterable[Record], arm: str) -> list[Result]:
    """Return an arm's fine-tuned results by rising ratio, without the one of which nothing was pruned."""
    found = [one for one in results(records) if one.arm == arm and one.fine_tuned and one.requested > 1]
    return sorted(found, key=lambda one: one.requested)


def table(records: Iterable[Record], network: str = "lenet-300-100", strategy: str = "NORM") -> Table:
    """Return each ratio's error, and how far it lies from that of each dense network."""
    given = list(records)
    dense, rows = baselines(given, network), []
    for one in pruned(given, f"{network}-{strategy}"):
        gaps = [(base.less(one), base.verdict(one)) for base in dense]
        rows.append(
            (
                f"{one.requested:g}×",
                one.error_over_seeds,
                *(f"{signed(gap.mean)} ({compare.span(gap.wide)}): {word}" if gap else "–" for gap, word in gaps),
            )
        )
    headers = ["ratio", f"{strategy}, fine-tuned, %", *(_headed(base) for base in dense)]
    caption = (
        f"{labels.NETWORKS[network]}: error under {strategy}, mean ± deviation (seeds), and the same less that of "
        "dense networks of the same seeds, in points with the wide interval. Stored."
    )
    return Table(headers, rows, caption, absent="not recorded yet")


def _headed(base: Baseline) -> str:
    searched = f"{base.trials} trials of its own" if base.trials else "no search of its own"
    return f"less {labels.run(base.arm)}: {mean_and_deviation(base.errors.values())} ({base.epochs} epochs, {searched})"


def treated_alike(
    records: Iterable[Record] | None = None, network: str = "lenet-300-100", strategy: str = "NORM"
) -> Answer:
    """Answer whether pruned networks err more than the dense one of most epochs, at which ratios, and by how much."""
    given = stored.runs("experiment-2") if records is None else list(records)
    question = f"Does {strategy} cost accuracy, against a dense network that is treated alike?"

    def answer(*sentences: str) -> Answer:
        return Answer(question, "10-hundredfold#sec-alike", sentences)

    dense = baselines(given, network)
    found = pruned(given, f"{network}-{strategy}")
    if len(dense) < 2 or not found:
        return answer("A dense network with all the epochs and a search of its own is not recorded yet.")
    alike = dense[-1]
    words = {one.requested: alike.verdict(one) for one in found}
    if TOO_FEW in words.values():
        return answer(f"Against the dense network of {alike.epochs} epochs there are too few runs for a verdict.")
    more = [one for one in found if words[one.requested] == MORE]
    errs = (
        f"With {alike.epochs} epochs and {alike.trials} trials of its own, the dense network errs on "
        f"{mean_and_deviation(alike.errors.values())} % of the test digits."
    )
    if not more:
        return answer(f"{strategy} is not shown to err more at any ratio on record.", errs)
    gaps = [
        f"{signed(gap.mean)} points ({compare.span(gap.wide)}) at {one.requested:g}×" for one, gap in _ends(alike, more)
    ]
    differs = f"The difference is {' and '.join(gaps)}."
    if len(more) == len(words):
        at = f"at every ratio on record, from {more[0].requested:g}× on"
        lead = f"Yes: {strategy} errs more than the dense network {at}."
        return answer(lead, errs, differs)
    places = ", ".join(f"{one.requested:g}×" for one in more)
    lead = f"At some ratios: {strategy} errs more at {places}, and is not shown to err more at the others."
    return answer(lead, errs, differs)


def _ends(alike: Baseline, rising: Sequence[Result]) -> list[tuple[Result, Comparison]]:
    """Return the results at the smallest and the largest ratio, each with its difference."""
    gaps = [(one, alike.less(one)) for one in (rising[0], *rising[1:][-1:])]
    return [(one, gap) for one, gap in gaps if gap]
