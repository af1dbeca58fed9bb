"""Tables of both chapters on LeNets: how far each penalty and strategy gets, just pruned and fine-tuned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .. import labels
from ..experiments.records import Record
from ..experiments.results import Result, results
from ..paper import compare, evidence
from ..table import Table


def _by_stage(found: Iterable[Result], cell: Callable[[list[Result]], str], caption: str) -> Table:
    """Return a row for each penalty: what ``cell`` says of global pruning, before and after fine-tuning."""
    given = list(found)
    rows = [
        (name, *(cell(compare.select(given, penalty=p, pruning="GP", fine_tuned=it)) for it in (False, True)))
        for p, name in labels.PENALTIES.items()
    ]
    return Table(("penalty", "just pruned", "fine-tuned"), rows, caption)


def table_of_reach(found: Iterable[Result], dense: float | None) -> Table:
    """Return the highest ratio of each penalty at which the mean error is a point above ``dense`` percent or less."""

    def highest(line: list[Result]) -> str:
        best = compare.reach(line, dense + 1) if dense is not None else None
        if best:
            return f"{best.ratio:.3g}×: {best.error_over_seeds} %"
        return "none of those run" if line and dense is not None else "not recorded yet"

    return _by_stage(found, highest, "Highest counted ratio at one point of extra error or less")


def table_of_live(found: Iterable[Result], ratio: float = 50) -> Table:
    """Return the errors of small runs at one requested ratio, with their 95 % intervals."""

    def error(line: list[Result]) -> str:
        for it in compare.select(line, requested=ratio):
            low, high = it.test_interval
            return f"{it.test_error_mean:.1f} % ({low:.1f}–{high:.1f})"
        return "–"

    return _by_stage(found, error, f"At {ratio:g}×, global pruning, with 95 % intervals. Computed now.")


def table_of_gradual(found: Iterable[Result], beyond: Iterable[Record]) -> Table:
    """Set gradual magnitude pruning under ℓ2 of LeNet-5-Caffe beside one-shot pruning under each other penalty.

    Of the runs ``beyond`` those with a teacher or shifted images are left out: one-shot pruning had neither.
    """
    given = list(found)
    gradual = results(
        run
        for run in beyond
        if (run.config.network, run.config.penalty_name) == ("lenet-5-caffe", "l2")
        and run.config.gradual is not None
        and not (run.config.teacher or run.config.training.shift)
    )
    rows = []
    for name in ("l0", "l1", "l2+l0"):
        both = compare.pairs(gradual, compare.select(given, penalty=name, pruning="GP", fine_tuned=True))
        epochs = ", ".join(sorted({f"{one.first.epochs} and {one.second.epochs}" for one in both})) or "–"
        told = compare.conclusion(both, "gradual pruning", labels.PENALTIES[name])
        rows.append((labels.PENALTIES[name], epochs, told))
    headers = ("against one-shot pruning under", "epochs", "what the records say")
    return Table(headers, rows, "Gradual pruning, fine-tuned; computed from records")


def table_of_printed(found: Sequence[Result]) -> Table:
    """Return the verdict on the paper's rows of both LeNets, by error and by loss, and what ours are."""
    rows = []
    for losses, kind, after in ((False, "Table", ""), (True, "Figure", ", by loss")):
        for number in (2, 3):
            finding = evidence.table(number, found, losses=losses)
            told = finding.value if finding else "not every row is recorded yet"
            if finding and finding.correction:
                told = f"{told}. {finding.correction}"
            rows.append((f"{kind} {number + 3 * losses}{after}", compare.settled(finding), told))
    return Table(("item", "verdict", "ours"), rows, "The paper's rows, and ours at the same strategy and ratio")


def table_of_strategies(found: Iterable[Result]) -> Table:
    """Judge two sentences of the text by Experiment 2: SEP is better than NORM, and fine-tuning helps."""
    given, rows = list(found), []

    def judge(network: str, where: str, text: str, first: dict, second: dict) -> None:
        both = compare.pairs(*(compare.select(given, network=network, **side) for side in (first, second)))
        rows.append((labels.NETWORKS[network], where, text, compare.verdict(both), compare.counted(both)))

    for network in ("lenet-300-100", "lenet-5-caffe"):
        for tuned, stage in ((False, "just pruned"), (True, "fine-tuned")):
            kind = {"fine_tuned": tuned, "variant": "paper"}
            judge(network, stage, "SEP is better than NORM", kind | {"strategy": "SEP"}, kind | {"strategy": "NORM"})
        for name in ("NORM", "SEP"):
            kind = {"strategy": name, "variant": "paper"}
            after, before = (kind | {"fine_tuned": tuned} for tuned in (True, False))
            judge(network, name, "fine-tuning helps", after, before)
    headers = ("network", "where", "the text says", "verdict", "errs")
    return Table(headers, rows, "Strategies and fine-tuning. Stored.")
