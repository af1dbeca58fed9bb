"""Experiment 2: the figures that were set beforehand, and the rows of the paper's Tables 2 and 3 against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .. import labels
from ..experiments.results import Result
from ..table import Table
from .compare import MISSING, said
from .tables import Published, PublishedTable, printed_interval, printed_value

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


def printed(tables: Iterable[PublishedTable], headline: Headline) -> Published | None:
    """Return the paper's own row at a headline's network and ratio; None where it has none."""
    for table in tables:
        if table.network != labels.NETWORKS[headline.network]:
            continue
        for row in table.rows:
            low, high = printed_interval(row.ratio)
            if row.ours and row.error and low <= headline.ratio <= high:
                return row
    return None


def table_of_headlines(found: Iterable[Result], tables: Iterable[PublishedTable]) -> Table:
    """Return one row for each headline and arm: target, paper, ours, both gaps, and whether the target is reached.

    An arm counts at the ratio that was asked for; the counted one stands beside and is never lower.
    """
    rows, given, published = [], list(found), list(tables)
    for headline in HEADLINES:
        row = printed(published, headline) if headline.variant == "paper" else None
        name = f"{labels.NETWORKS[headline.network]}, {headline.ratio:g}×"
        start = (
            f"{name}{'' if headline.variant == 'paper' else ', beyond the paper'}",
            f"≤ {headline.target:.2f} %",
            f"{row.error} ({row.method})" if row else "–",
        )
        ours = [
            r
            for r in given
            if (r.network, r.variant, r.requested, r.fine_tuned)
            == (headline.network, headline.variant, headline.ratio, True)
        ]
        if not ours:
            rows.append((*start, MISSING, "–", "–", "–", "–"))
        for r in sorted(ours, key=lambda r: r.test_error_mean):
            against = "–" if row is None or row.error is None else _gap(r.test_error_mean - printed_value(row.error))
            rows.append(
                (
                    *start,
                    f"{r.arm.removeprefix(f'{r.network}-')}: {said(r)} %",
                    f"{r.ratio:.1f}×",
                    _gap(r.test_error_mean - headline.target),
                    against,
                    reached(r, headline),
                )
            )
    headers = ("Set", "Target", "Paper", "Ours (seeds)", "Counted", "Less target", "Less paper", "Reached")
    caption = "Target, paper and ours: test error of fine-tuned networks, gaps in points. Stored."
    widths = ("8.5rem", "4.6rem", "7rem", "9.5rem", "4.5rem", "4rem", "4rem", "5rem")
    return Table(headers, rows, caption, widths)


def reached(result: Result, headline: Headline) -> str:
    """Say whether the mean is at most the target, and on how many seeds where these are fewer than five."""
    word = "yes" if result.test_error_mean <= headline.target else "no"
    return word if result.n_seeds >= SEEDS else f"{word}, on {result.n_seeds} of {SEEDS} seeds"


def beaten_by(table: PublishedTable, row: Published) -> list[Published]:
    """Return the rows of the table with no more error and no lower ratio than ``row``, and one of the two better."""
    if row.error is None:
        return []
    error, ratio = printed_value(row.error), printed_value(row.ratio)
    found = []
    for other in table.rows:
        if other is row or other.error is None:
            continue
        a, b = printed_value(other.error), printed_value(other.ratio)
        if a <= error and b >= ratio and (a, b) != (error, ratio):
            found.append(other)
    return found


def table_of_rivals(table: PublishedTable) -> Table:
    """Return, for the paper's own rows, which published rows beat them, and how many they beat."""
    rows = []
    for row in table.rows:
        if not row.ours:
            continue
        better = beaten_by(table, row)
        worse = [other for other in table.rows if row in beaten_by(table, other)]
        rows.append(
            (
                f"{row.method}: {row.error} at {row.ratio}",
                ", ".join(f"{o.method} ({o.error}, {o.ratio})" for o in better) or "none",
                ", ".join(o.method for o in worse) or "none",
                len(table.rows) - 1 - len(better) - len(worse),
            )
        )
    headers = ("The paper's row", "beaten by", "beats", "neither")
    return Table(headers, rows, f"{table.name}: rows against rows, as printed")


def _gap(points: float) -> str:
    return f"{points:+.2f}".replace("-", "−")
