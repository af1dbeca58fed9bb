"""The paper's Tables 4 to 7 with our rows below: how much error compression adds to that of the network before."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, stdev

from .. import labels
from ..experiments.records import read_all
from ..experiments.results import Result, results
from ..table import Table, times
from .tables import TABLES, Published, printed_interval, printed_value

#: The study whose results stand in each table, our name of the network, and whether they are fine-tuned.
SOURCES: dict[int, tuple[str, str, bool]] = {
    4: ("experiment-3", "vgg-16", True),
    5: ("experiment-3", "resnet-20", True),
    6: ("experiment-4", "vgg-16", False),
    7: ("experiment-6", "vgg-16", True),
}
#: Points of multiply-adds that neuron pruning may save beyond the printed share.
MORE = 3.0


def increases(result: Result) -> list[float]:
    """Return for each seed the error less that of the dense network of the same seed, in percentage points.

    Raises
    ------
    ValueError
        If a seed has no dense network on record.
    """
    if missing := sorted(result.errors.keys() - result.dense_errors.keys()):
        raise ValueError(f"result must have a dense network for each of its seeds; none for {missing}")
    return [error - result.dense_errors[seed] for seed, error in sorted(result.errors.items())]


def said(result: Result) -> str:
    """Return the increase as text: ``+0.72 ± 0.10 points (3 seeds)``."""
    if result.dense_error_mean is None:
        return f"no dense network for each seed; error {result.test_error_mean:.2f} %"
    each = increases(result)
    spread = f" ± {stdev(each):.2f}" if len(each) > 1 else ""
    return f"{fmean(each):+.2f}{spread} points ({len(each)} seed{'s' * (len(each) != 1)})"


def published_row(number: int, result: Result) -> Published | None:
    """Return the row of the paper's own method in Table ``number`` that ``result`` repeats, if there is one.

    The same strategy or the same factor, and a ratio asked for that rounds to the printed one. Where neurons are
    removed, so many that the multiply-adds fall by the printed share, or up to :data:`MORE` points more; a ratio
    without pruning on top follows from that, and is not compared. A control without the l0 term repeats none.
    """
    if "l0" not in result.penalty.split("+"):
        return None
    if result.variant != "paper" or (result.experiment, result.network, result.fine_tuned) != SOURCES[number]:
        return None
    if labels.DATASETS.get(result.dataset) != TABLES[number].data:
        return None
    factor = result.arm.removeprefix(f"{result.dataset}-").replace("e-0", "e-")
    names = {4: result.strategy, 5: result.strategy, 6: f"α = {factor}", 7: result.pruning}
    saved = 100 * (1 - 1 / result.structural_reduction)
    for row in TABLES[number].rows:
        low, high = printed_interval(row.ratio)
        close = low <= result.requested <= high
        if number == 7 and row.flops is not None:
            enough = printed_value(row.flops) <= saved <= printed_value(row.flops) + MORE
            close = enough and (result.requested == 1 or close)
        if row.method == f"Proposed ({names[number]})" and close:
            return row
    return None


def beside(number: int, found: Iterable[Result] | None = None) -> Table:
    """Return one of the paper's Tables 4 to 7 as printed, with our rows below it.

    Parameters
    ----------
    number : {4, 5, 6, 7}
    found : iterable of Result, optional
        Ours; without it, those of the stored records.

    Raises
    ------
    ValueError
        If ``number`` is another one.
    """
    if number not in SOURCES:
        raise ValueError(f"number must be one of {', '.join(map(str, SOURCES))}; got {number!r}")
    published, (study, network, fine_tuned) = TABLES[number], SOURCES[number]
    ours = [
        r
        for r in (results(read_all()) if found is None else found)
        if (r.experiment, r.network, r.fine_tuned) == (study, network, fine_tuned) and r.dataset in labels.DATASETS
    ]
    arms = list(dict.fromkeys(r.arm for r in ours))  # in the order in which they were given
    ours.sort(
        key=lambda r: (
            labels.DATASETS[r.dataset] != published.data,
            r.variant != "paper",
            arms.index(r.arm),
            r.removed,
            r.requested,
        )
    )
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
    for result in ours:
        row = published_row(number, result)
        gap = "–"
        if row is not None and row.error is not None and result.dense_error_mean is not None:
            gap = f"{fmean(increases(result)) - printed_value(row.error):+.2f}"
        flops = (f"{100 * (1 - 1 / result.structural_reduction):.1f}%",) if structural else ()
        rows.append((_name(result, published.data), said(result), times(result.ratio), *flops, gap))
    headers = ["Method", "Error increase", "Ratio", "Ours less the paper's, points"]
    if structural:
        headers.insert(3, "Fewer multiply-adds by neurons")
    caption = f"{published.name}, {published.network} on {published.data}: as printed, then ours. Stored."
    if not ours:
        caption += f" No run of ours is on record: l0lib run {study} --profile full makes them."
    return Table(tuple(headers), rows, caption)


def _name(result: Result, data: str) -> str:
    where = "" if labels.DATASETS[result.dataset] == data else f", {labels.DATASETS[result.dataset]}"
    what = f" ({result.pruning})" if result.removed else ""
    return f"Ours: {result.arm}{what}{where}{'' if result.variant == 'paper' else ', beyond the paper'}"
