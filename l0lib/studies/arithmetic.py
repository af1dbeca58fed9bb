"""Whether the numbers that the paper prints agree with one another: ratios, text against tables, rivals.

Nothing here is smoothed: a disagreement is listed on the page of the claims ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from .paper import TABLES, Published, PublishedTable, printed_interval, printed_value


@dataclass(frozen=True)
class RatioCheck:
    """A printed compression ratio beside the one that its row's other entries give.

    ``low`` and ``high`` bound the ratio that the printed entries allow, ``central`` is the ratio of the entries taken
    at face value.
    """

    table: str
    row: Published
    central: float
    low: float
    high: float

    @property
    def agrees(self) -> bool:
        """Whether some numbers that round to the printed entries make the printed ratio too (the tolerance rule)."""
        low, high = printed_interval(self.row.ratio)
        slack = 1e-9 * high
        return self.low <= high + slack and low <= self.high + slack

    @property
    def gap(self) -> float:
        """Printed ratio over the recomputed one, less one (0.17 says: printed 17 % too high)."""
        return printed_value(self.row.ratio) / self.central - 1


def check_ratio(table: PublishedTable, row: Published) -> RatioCheck | None:
    """Recompute the ratio of one row from the table's other entries; None where there are none (Table 7).

    The ratio is the total over the parameters left (Tables 2 and 3), or one over one less the share dropped (4-6).
    """
    if row.left is not None and table.total is not None:
        whole, left = printed_interval(table.total), printed_interval(row.left)
        central = printed_value(table.total) / printed_value(row.left)
        return RatioCheck(table.name, row, central, whole[0] / left[1], whole[1] / left[0])
    if row.dropped is not None:
        low, high = printed_interval(row.dropped)
        central = 1 / (1 - printed_value(row.dropped) / 100)
        return RatioCheck(table.name, row, central, 1 / (1 - low / 100), 1 / (1 - high / 100))
    return None


def check_ratios() -> list[RatioCheck]:
    """Check every ratio of Tables 2-6 against its own row."""
    checks = (check_ratio(table, row) for table in TABLES.values() for row in table.rows)
    return [check for check in checks if check is not None]


def dominating(table: PublishedTable, row: Published) -> list[Published]:
    """Return the rivals at least as good as ``row`` in every printed quantity, and better in one.

    The quantities are error, ratio and, in Table 7, operations saved. An error printed as a star counts as that of the
    unpruned network.
    """
    unpruned = "0%" if table.dense_error is None else table.dense_error

    def merits(entry):
        error = unpruned if entry.error is None else entry.error
        gains = (entry.ratio, entry.flops) if entry.flops else (entry.ratio,)
        return (-printed_value(error), *map(printed_value, gains))

    mine = merits(row)
    rivals = ((entry, merits(entry)) for entry in table.rows if not entry.ours)
    return [
        entry
        for entry, theirs in rivals
        if theirs != mine and all(their >= my for their, my in zip(theirs, mine, strict=True))
    ]


@dataclass(frozen=True)
class TextCheck:
    """A number of the paper's text beside what its tables, or its other numbers, give for it."""

    section: str
    statement: str
    recomputed: str
    agrees: bool


def check_text() -> list[TextCheck]:
    """Compare numbers of Sections 4.2 to 4.6 with the tables and with one another.

    "Around" is read as within 10 %; every other number as rounded (:func:`printed_interval`).
    """

    def row(number, method):
        return next(row for row in TABLES[number].rows if row.method == method)

    def around(text, number, method):
        printed = printed_value(row(number, method).ratio)
        return f"{row(number, method).ratio} in Table {number}", abs(printed / text - 1) <= 0.1

    def rounds_to(low, high, text):
        return low <= printed_interval(text)[1] and printed_interval(text)[0] <= high

    checks = [
        TextCheck("4.2", f"{network}, {strategy}: around {text}×", *around(text, number, f"Proposed ({strategy})"))
        for network, strategy, text, number in (
            ("LeNet-300-100", "SEP", 100, 2),
            ("LeNet-300-100", "NORM", 90, 2),
            ("LeNet-5-Caffe", "NORM", 200, 3),
        )
    ]
    sep = row(3, "Proposed (SEP)").ratio
    checks.append(TextCheck("4.2", "LeNet-5-Caffe, SEP: more than 300×", f"{sep} in Table 3", printed_value(sep) > 300))
    best = max((r.ratio for r in TABLES[5].rows if r.ours), key=printed_value)
    checks.append(TextCheck("4.3", "ResNet-20: up to 5×", f"{best} in Table 5", printed_value(best) == 5))
    low, high = (1 / (1 - share / 100) for share in printed_interval("81.1%"))
    checks.append(
        TextCheck(
            "4.4", "rival [61]: 81.1 % dropped is 5.29×", f"{low:.2f} to {high:.2f}", rounds_to(low, high, "5.29")
        )
    )
    rival = 6.43 / (1 - 0.811)
    mine = 3.2 / (1 - printed_value(row(6, "Proposed (α = 1e-7)").dropped) / 100)
    checks.append(
        TextCheck(
            "4.4",
            "its network (6.43 M left) is more than twice as large as ours (3.2 M left, about 15 M)",
            f"{rival:.1f} M and {mine:.1f} M: {rival / mine:.2f} times",
            rival > 2 * mine and abs(mine / 15 - 1) <= 0.1,
        )
    )
    # The text gives the accuracy lost before pruning, Table 6 the error after it: pruning cannot have won accuracy.
    lost = {"1e-7": 0.19, "2.5e-7": 2.42, "5e-7": 5.85}
    extra = [printed_value(row(6, f"Proposed (α = {alpha})").error) - before for alpha, before in lost.items()]
    checks.append(
        TextCheck(
            "4.4",
            "accuracy lost before pruning: 0.19, 2.42 and 5.85 points",
            "pruning adds " + ", ".join(f"{points:.2f}" for points in extra) + " points in Table 6",
            min(extra) >= 0,
        )
    )
    twice = [(r.error, r.ratio) for number in (4, 7) for r in TABLES[number].rows if r.method == "EConvNets [54]"]
    checks.append(
        TextCheck(
            "4.6",
            "EConvNets stands in Tables 4 and 7",
            " and ".join(f"{e}, {r}" for e, r in twice),
            len(set(twice)) == 1,
        )
    )
    return checks
