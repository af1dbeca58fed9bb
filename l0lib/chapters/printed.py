"""The paper's tables as printed, and what their own entries say of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..paper.tables import TABLES, PublishedTable, RatioCheck, check_text, dominating
from ..table import Table


def table_of_methods(published: PublishedTable) -> Table:
    """Return the methods of one of the paper's tables of absolute errors, the unpruned network first."""
    rows = [(row.method, row.error or "as No Prune", row.left, row.ratio) for row in published.rows]
    return Table(
        ("method", "top-1 error", "parameters", "ratio"),
        [("No Prune", published.dense_error, published.total, ""), *rows],
        f"{published.network}: the paper's {published.name}, as printed",
    )


def table_of_gaps(checks: Sequence[RatioCheck]) -> Table:
    """Return the rows whose printed ratio lies outside of what their own entries allow."""
    off = [check for check in checks if not check.agrees]
    rows = [
        (
            *(check.table, check.row.method, check.row.left or check.row.dropped, check.row.ratio),
            f"{check.central:.2f}×",
            f"{check.low:.2f} to {check.high:.2f}",
            f"{100 * check.gap:+.1f} %",
        )
        for check in off
    ]
    headers = ["table", "method", "left or dropped", "printed ratio", "from the row", "possible range"]
    caption = f"Rows whose printed ratio does not follow from their own entries: {len(off)} of {len(checks)}"
    return Table([*headers, "printed over recomputed"], rows, caption)


def table_of_ratios(checks: Sequence[RatioCheck]) -> Table:
    """Return every row with a ratio, and whether that agrees with the row's own entries."""
    rows = [
        (
            *(check.table, check.row.method, check.row.error or "as unpruned"),
            *(check.row.left or check.row.dropped, check.row.ratio),
            f"{check.low:.2f} to {check.high:.2f}",
            "yes" if check.agrees else "no",
        )
        for check in checks
    ]
    headers = ("table", "method", "error", "left or dropped", "printed ratio", "possible range", "agrees")
    return Table(headers, rows, "Tables 2 to 6 as printed, each ratio beside the range that its row allows")


def table_of_text() -> Table:
    """Return the numbers of Section 4's text beside those of its tables."""
    rows = [(c.section, c.statement, c.recomputed, "yes" if c.agrees else "no") for c in check_text()]
    caption, widths = "Numbers of Section 4 in its text and in its tables", ("4rem", "14rem", "12rem", "4rem")
    return Table(("section", "the text", "the tables", "agrees"), rows, caption, widths)


def table_of_dominated() -> Table:
    """Return the paper's own rows, and the rivals that are no worse in error and in ratio and better in one."""
    rows = []
    for published in TABLES.values():
        for row in (row for row in published.rows if row.ours):
            better = (f"{r.method} ({r.error}, {r.ratio})" for r in dominating(published, row))
            rows.append((published.name, row.method, row.error, row.ratio, ", ".join(better) or "none"))
    return Table(
        ("table", "row", "error", "ratio", "dominated by"),
        rows,
        "The paper's own rows and the rivals that dominate them, by the printed values (from Table 4 on, error is the "
        "increase of error)",
        ("5rem", "10rem", "4rem", "4rem", "14rem"),
    )
