"""Our results beside what the paper prints: rows below its Tables 2 to 7, errors set beforehand, rows against rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from .. import labels
from ..experiments.results import Result, count_of_seeds, mean_and_deviation, results
from ..table import Table, signed, times
from .compare import MISSING
from .tables import TABLES, Published, PublishedTable, dominates, printed_interval, printed_value

#: The study whose results stand in each table, our name of the network, and whether they are fine-tuned.
SOURCES: dict[int, tuple[str, str, bool]] = {
    2: ("experiment-2", "lenet-300-100", True),
    3: ("experiment-2", "lenet-5-caffe", True),
    4: ("experiment-3", "vgg-16", True),
    5: ("experiment-3", "resnet-20", True),
    6: ("experiment-4", "vgg-16", False),
    7: ("experiment-6", "vgg-16", True),
}
#: The tables that print errors; the others print by how much the error rises over that of the unpruned network.
ERRORS = (2, 3)
#: Points of multiply-adds that neuron pruning may save beyond the printed share.
MORE = 3.0


def published_row(number: int, result: Result) -> Published | None:
    """Return the row of the paper's own method in Table ``number`` that ``result`` repeats, if there is one.

    The same strategy or the same factor, and a ratio asked for that rounds to the printed one. Where neurons are
    removed, so many that the multiply-adds fall by the printed share, or up to :data:`MORE` points more; a ratio
    without pruning on top follows from that, and is not compared. A control without the l0 term, or of NORM with a
    given power, repeats none.
    """
    if "l0" not in result.penalty.split("+") or "-power-" in result.arm:
        return None
    if result.variant != "paper" or (result.experiment, result.network, result.fine_tuned) != SOURCES[number]:
        return None
    if labels.DATASETS.get(result.dataset) != TABLES[number].data:
        return None
    factor = result.arm.removeprefix(f"{result.dataset}-").replace("e-0", "e-")
    name = {6: f"α = {factor}", 7: result.pruning}.get(number, result.strategy)
    saved = 100 * (1 - 1 / result.structural_reduction)
    for row in TABLES[number].rows:
        low, high = printed_interval(row.ratio)
        close = low <= result.requested <= high
        if number == 7 and row.flops is not None:
            enough = printed_value(row.flops) <= saved <= printed_value(row.flops) + MORE
            close = enough and (result.requested == 1 or close)
        if row.method == f"Proposed ({name})" and close:
            return row
    return None


def gap(number: int, result: Result) -> float | None:
    """Return what ``result`` has more than the row that it repeats in Table ``number``, in percentage points.

    In Tables 2 and 3 of the error, in the others of its increase over our own dense networks. None where the paper has
    no such row, or we have no such network.
    """
    row = published_row(number, result)
    if row is None or row.error is None:
        return None
    if number in ERRORS:
        return result.test_error_mean - printed_value(row.error)
    if result.dense_error_mean is None:
        return None
    return fmean(result.increases) - printed_value(row.error)


def beside(number: int, found: Iterable[Result] | None = None) -> Table:
    """Return one of the paper's Tables 2 to 7 as printed, with our rows below it, by default those on record.

    Raises
    ------
    ValueError
        If ``number`` is another one.
    """
    if number not in SOURCES:
        raise ValueError(f"number must be one of {', '.join(map(str, SOURCES))}; got {number!r}")
    if found is None:
        from ..experiments.records import read_all

        found = results(read_all())
    return _errors_beside(number, found) if number in ERRORS else _increases_beside(number, found)


def _errors_beside(number: int, found: Iterable[Result]) -> Table:
    published, (study, network, fine_tuned) = TABLES[number], SOURCES[number]
    kind = (network, "mnist", fine_tuned)
    ours = [r for r in found if (r.network, r.dataset, r.fine_tuned) == kind and r.experiment in (study, "beyond")]
    rows = [
        ("No pruning", published.dense_error, published.total, "1×", "–", "–"),
        *(
            (row.method, row.error or "as without pruning", row.left or "–", row.ratio, "–", "–")
            for row in published.rows
        ),
        *_dense_rows(ours, published),
    ]
    for result in sorted(ours, key=lambda r: (r.variant != "paper", r.arm, r.requested)):
        error = f"{mean_and_deviation(result.errors.values())} % ({count_of_seeds(result.n_seeds)})"
        left, ratio, away = f"{result.nonzero:,.0f}", times(result.ratio), _gap_cell(number, result)
        rows.append((_name(result, published), error, left, ratio, f"{result.epochs}", away))
    headers = ("Method", "Test error", "Parameters left", "Ratio", "Epochs", "Ours less the paper's, points")
    return Table(headers, rows, _caption(published))


def _dense_rows(ours: Sequence[Result], published: PublishedTable) -> list[tuple[str, ...]]:
    # the baseline of the paper's method: the dense arm with most seeds
    most = max((r for r in ours if r.variant == "paper" and r.dense_errors), key=lambda r: r.n_seeds, default=None)
    if most is None:
        return []
    errors = list(most.dense_errors.values())
    text = f"{mean_and_deviation(errors)} % ({count_of_seeds(len(errors))})"
    away = "–" if published.dense_error is None else f"{fmean(errors) - printed_value(published.dense_error):+.2f}"
    return [("Ours: no pruning", text, f"{most.parameters:,}", "1×", "–", away)]


def _increases_beside(number: int, found: Iterable[Result]) -> Table:
    published, source = TABLES[number], SOURCES[number]
    ours = [r for r in found if (r.experiment, r.network, r.fine_tuned) == source and r.dataset in labels.DATASETS]
    arms = list(dict.fromkeys(r.arm for r in ours))  # in the order in which they were given

    def place(r: Result) -> tuple:
        other_data = labels.DATASETS[r.dataset] != published.data
        return other_data, r.variant != "paper", arms.index(r.arm), r.removed, r.requested

    structural = number == 7
    rows = [
        (
            row.method,
            "the same" if row.error is None else row.error.replace("%", " points"),
            row.ratio,
            *((row.flops or "–",) if structural else ()),
            "–",
        )
        for row in published.rows
    ]
    for r in sorted(ours, key=place):
        flops = (f"{100 * (1 - 1 / r.structural_reduction):.1f}%",) if structural else ()
        rows.append((_name(r, published), r.increase_over_seeds, times(r.ratio), *flops, _gap_cell(number, r)))
    headers = ["Method", "Error increase", "Ratio", "Ours less the paper's, points"]
    if structural:
        headers.insert(3, "Fewer multiply-adds by neurons")
    missing = "" if ours else f" No run of ours is on record: `l0lib run {source[0]} --profile full` makes them."
    return Table(headers, rows, _caption(published) + missing)


def _name(result: Result, published: PublishedTable) -> str:
    data = labels.DATASETS[result.dataset]
    where = "" if data == published.data else f", {data}"
    what = f" ({result.pruning})" if result.removed else ""
    return f"Ours: {labels.run(result.arm)}{what}{where}{'' if result.variant == 'paper' else ', beyond the paper'}"


def _gap_cell(number: int, result: Result) -> str:
    away = gap(number, result)
    return "–" if away is None else f"{away:+.2f}"


def _caption(published: PublishedTable) -> str:
    return f"{published.name}, {published.network} on {published.data}: as printed, then ours. Stored."


SEEDS = 5


@dataclass(frozen=True)
class Headline:
    """A test error, in percent, to reach at a compression ratio: as a mean of five seeds fixed beforehand."""

    network: str
    variant: str
    ratio: float
    target: float


#: Set before the experiments ran.
HEADLINES = (
    Headline("lenet-300-100", "paper", 90, 1.95),
    Headline("lenet-300-100", "paper", 96, 1.99),
    Headline("lenet-5-caffe", "paper", 200, 1.00),
    Headline("lenet-5-caffe", "paper", 359, 1.08),
    Headline("lenet-300-100", "beyond", 120, 1.65),
    Headline("lenet-5-caffe", "beyond", 359, 0.90),
    Headline("lenet-5-caffe", "beyond", 450, 1.00),
)


def at_headline(headline: Headline, found: Iterable[Result]) -> list[Result]:
    """Return the results that a headline is about: fine-tuned at its ratio; a control is none of the scheme's."""
    asked = (headline.network, headline.variant, headline.ratio, True)
    at = [r for r in found if (r.network, r.variant, r.requested, r.fine_tuned) == asked]
    return [r for r in at if not r.arm.endswith("-scratch") and (r.variant == "beyond" or "l0" in r.penalty)]


def table_of_headlines(found: Iterable[Result]) -> Table:
    """Return one row for each headline and arm: target, paper, ours, both gaps, and whether our mean meets the target.

    An arm counts at the ratio that was asked for; the counted one stands beside and is never lower.
    """
    rows, given = [], list(found)
    for headline in HEADLINES:
        row = _printed_at(headline) if headline.variant == "paper" else None
        beyond = "" if headline.variant == "paper" else ", beyond the paper"
        start = (
            f"{labels.NETWORKS[headline.network]}, {headline.ratio:g}×{beyond}",
            f"≤ {headline.target:.2f} %",
            f"{row.error} ({row.method})" if row else "–",
        )
        ours = at_headline(headline, given)
        if not ours:
            rows.append((*start, MISSING, "–", "–", "–", "–"))
        for r in sorted(ours, key=lambda r: r.test_error_mean):
            against = signed(r.test_error_mean - printed_value(row.error)) if row and row.error else "–"
            error = f"{labels.run(r.arm)}: {r.error_over_seeds} %"
            away = signed(r.test_error_mean - headline.target)
            rows.append((*start, error, f"{r.ratio:.1f}×", away, against, _reached(r, headline)))
    headers = ("Set", "Target", "Paper", "Ours (seeds)", "Counted", "Less target", "Less paper", "Met")
    caption = "Target, paper and ours: test error of fine-tuned networks, gaps in points. Stored."
    widths = ("8.5rem", "4.6rem", "7rem", "9.5rem", "4.5rem", "4rem", "4rem", "5rem")
    return Table(headers, rows, caption, widths)


def _printed_at(headline: Headline) -> Published | None:
    """Return the paper's own row at a headline's network and ratio; None where it has none."""
    for table in TABLES.values():
        for row in table.rows if table.network == labels.NETWORKS[headline.network] else ():
            low, high = printed_interval(row.ratio)
            if row.ours and row.error and low <= headline.ratio <= high:
                return row
    return None


def _reached(result: Result, headline: Headline) -> str:
    """Say whether the mean is at most the target, and on how many seeds where these are fewer than five."""
    word = "yes" if result.test_error_mean <= headline.target else "no"
    return word if result.n_seeds >= SEEDS else f"{word}, on {result.n_seeds} of {SEEDS} seeds"


def table_of_rivals(table: PublishedTable) -> Table:
    """Return, for the paper's own rows, which published rows beat them, and how many they beat."""
    rows = []
    for row in table.rows:
        if not row.ours:
            continue
        better = [other for other in table.rows if dominates(table, other, row)]
        worse = [other for other in table.rows if dominates(table, row, other)]
        beaten = ", ".join(f"{o.method} ({o.error}, {o.ratio})" for o in better) or "none"
        beats, neither = ", ".join(o.method for o in worse) or "none", len(table.rows) - 1 - len(better) - len(worse)
        rows.append((f"{row.method}: {row.error} at {row.ratio}", beaten, beats, neither))
    headers = ("The paper's row", "beaten by", "beats", "neither")
    return Table(headers, rows, f"{table.name}: rows against rows, as printed")
