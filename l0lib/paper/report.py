"""Results as tables: ours alone, and our rows beside the paper's Tables 2 and 3."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, stdev

from .. import labels
from ..experiments.records import read_all
from ..experiments.results import FIELDS, Difference, Result, difference, results
from ..table import Table, times
from .tables import TABLES, Published, PublishedTable, printed_interval, printed_value

__all__ = ["FIELDS", "Difference", "Result", "beside", "difference", "gap", "results", "said", "table"]


def said(result: Result, digits: int = 2) -> str:
    """Return the error as text: ``1.87 ± 0.05 %``, without the deviation for one seed."""
    spread = "" if result.test_error_std is None else f" ± {result.test_error_std:.{digits}f}"
    return f"{result.test_error_mean:.{digits}f}{spread} %"


def gap(result: Result) -> float | None:
    """Return our mean error less the paper's at the same network, strategy and ratio, in percentage points.

    The same ratio: the one asked for rounds to the printed one. None where the paper has no such row, and for anything
    but its own method with fine-tuning on MNIST; for the others see :mod:`~l0lib.paper.increases`.
    """
    for number in (2, 3):
        table = TABLES[number]
        if labels.NETWORKS[result.network] != table.network or result.variant != "paper" or not result.fine_tuned:
            continue
        for row in table.rows:
            low, high = printed_interval(row.ratio)
            if row.method == f"Proposed ({result.strategy})" and low <= result.requested <= high and row.error:
                return result.test_error_mean - printed_value(row.error)
    return None


def table(found: Iterable[Result], caption: str) -> Table:
    """Return results as a table, one row each."""
    headers = ("Study", "Arm", "Fine-tuned", "Ratio", "Test error", "Seeds", "Dense", "Bytes", "Fewer mult-adds")
    rows = [
        (
            r.experiment,
            r.arm,
            "yes" if r.fine_tuned else "no",
            times(r.ratio),
            said(r),
            r.n_seeds,
            "–" if r.dense_error_mean is None else f"{r.dense_error_mean:.2f} %",
            f"{r.bytes:,.0f}",
            times(r.flop_reduction),
        )
        for r in found
    ]
    return Table(headers, rows, caption)


def beside(
    number: int,
    found: Iterable[Result] | None = None,
    *,
    experiments: Sequence[str] = ("experiment-2", "beyond"),
    ratios: Sequence[float] | None = None,
) -> Table:
    """Return a table of the paper with our rows below the published ones.

    Parameters
    ----------
    number : {2, 3}
        The paper's table.
    found : iterable of Result, optional
        Ours; without it, those of the stored records.
    experiments : sequence of str
        The studies whose fine-tuned results stand in the table.
    ratios : sequence of float, optional
        Show only results for which one of these was asked for.

    Raises
    ------
    ValueError
        If ``number`` is neither 2 nor 3.
    """
    if number not in (2, 3):
        raise ValueError(f"number must be 2 or 3, the tables of errors on MNIST; got {number!r}")
    published = TABLES[number]
    ours = [
        r
        for r in (results(read_all()) if found is None else found)
        if labels.NETWORKS[r.network] == published.network
        and r.dataset == "mnist"
        and r.experiment in experiments
        and r.fine_tuned
        and (ratios is None or any(math.isclose(r.requested, ratio) for ratio in ratios))
    ]
    rows = [
        ("No pruning", published.dense_error, published.total, "1×", "–", "–"),
        *map(_published_row, published.rows),
    ]
    rows += _dense_rows(ours, published)
    ours.sort(key=lambda r: (r.variant != "paper", r.arm, r.requested))
    for result in ours:
        away = gap(result)
        rows.append(
            (
                f"Ours: {result.arm}{'' if result.variant == 'paper' else ', beyond the paper'}",
                f"{said(result)} ({result.n_seeds} seed{'s' * (result.n_seeds != 1)})",
                f"{result.nonzero:,.0f}",
                times(result.ratio),
                f"{result.epochs}",
                "–" if away is None else f"{away:+.2f}",
            )
        )
    caption = f"{published.name}, {published.network} on {published.data}: as printed, then ours. Stored."
    headers = ("Method", "Test error", "Parameters left", "Ratio", "Epochs", "Ours less the paper's, points")
    return Table(headers, rows, caption)


def _published_row(row: Published) -> tuple[str, ...]:
    return (row.method, row.error or "as without pruning", row.left or "–", row.ratio, "–", "–")


def _dense_rows(ours: Sequence[Result], published: PublishedTable) -> list[tuple[str, ...]]:
    # the baseline of the paper's method: the dense arm with most seeds
    most = max((r for r in ours if r.variant == "paper" and r.dense_errors), key=lambda r: r.n_seeds, default=None)
    if most is None:
        return []
    errors = list(most.dense_errors.values())
    spread = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    text = f"{fmean(errors):.2f}{spread} % ({len(errors)} seed{'s' * (len(errors) != 1)})"
    away = "–" if published.dense_error is None else f"{fmean(errors) - printed_value(published.dense_error):+.2f}"
    return [("Ours: no pruning", text, f"{most.parameters:,}", "1×", "–", away)]
