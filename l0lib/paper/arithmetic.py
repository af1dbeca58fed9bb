"""What the paper's printed numbers say about one another: its text against its tables, its rows against rivals'."""

from __future__ import annotations

from dataclasses import dataclass

from .tables import TABLES, Published, PublishedTable, printed_interval, printed_value


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
