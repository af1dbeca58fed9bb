"""The values that the paper prints in Tables 2 to 7, typed once, and what they say about one another.

The check of each row's own arithmetic, of the rows against their rivals', and of the text against the tables.

A value is kept as printed, because the number of printed digits says how far it can be trusted: "2.7k" stands for
anything from 2,650 to 2,750. Source: Oliveira, Batista and Seara, Tables 2-7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"": 1.0, "k": 1e3, "M": 1e6}


def printed_interval(text: str) -> tuple[float, float]:
    """Return the interval of numbers that round to a printed one: half a unit of its last digit either way.

    ``text`` is the number as printed, with an optional sign and an optional ``k``, ``M``, ``%`` or ``×`` behind it.

    Raises
    ------
    ValueError
        If ``text`` is not such a number.
    """
    match = re.fullmatch(r"(-?\d+(?:\.(\d+))?)([kM]?)[%×]?", text)
    if match is None:
        raise ValueError(f"text must be a printed number such as '2.7k', '96×' or '85.5%'; got {text!r}")
    unit = _UNITS[match[3]]
    half = 0.5 * 10.0 ** -len(match[2] or "")
    return (float(match[1]) - half) * unit, (float(match[1]) + half) * unit


def printed_value(text: str) -> float:
    """Return the number that a printed one shows: the middle of :func:`printed_interval`."""
    low, high = printed_interval(text)
    return (low + high) / 2


@dataclass(frozen=True)
class Published:
    """One row of one of the paper's tables, as printed: the method, with the paper's reference number, and numbers.

    ``error`` is the top-1 error in percent (Tables 2 and 3) or its increase in percentage points (Tables 4-7), None
    where the paper prints a star, "the same as No Prune". ``ratio`` is the compression ratio, ``left`` the parameters
    left (Tables 2 and 3), ``dropped`` the share of them dropped (Tables 4-6), ``flops`` the reduction of the
    floating-point operations, due to neuron pruning alone (Table 7).
    """

    method: str
    error: str | None
    ratio: str
    left: str | None = None
    dropped: str | None = None
    flops: str | None = None

    @property
    def ours(self) -> bool:
        """Whether the row is a result of the paper's own scheme."""
        return self.method.startswith("Proposed")


@dataclass(frozen=True)
class PublishedTable:
    """One of the paper's tables of results: its number, network, data set, size and error of the unpruned network."""

    number: int
    network: str
    data: str
    rows: tuple[Published, ...]
    total: str | None = None
    dense_error: str | None = None

    @property
    def name(self) -> str:
        """The table's name, ``Table 2``."""
        return f"Table {self.number}"


def _rows(other: str, *rows):
    """Return rows of method, error, the column named ``other``, and ratio."""
    return tuple(Published(method, error, ratio, **{other: value}) for method, error, value, ratio in rows)


TABLES: dict[int, PublishedTable] = {
    table.number: table
    for table in (
        PublishedTable(
            2, "LeNet-300-100", "MNIST", total="267k", dense_error="1.64%",
            rows=_rows(
                "left",
                ("THP [32]", "1.59%", "22k", "12×"),
                ("DNS [26]", "1.99%", "4.8k", "56×"),
                ("BC-GHS [46]", "1.8%", "29.6k", "9×"),
                ("SparseVD [47]", "1.92%", "3.92k", "68×"),
                ("CPA [48]", "1.77%", "3.14k", "85×"),
                ("GSM [49]", "1.82%", "4.45k", "60×"),
                ("Autoprune [50]", "1.78%", "3.34k", "80×"),
                ("L0-HC [34]", "1.8%", "26.72k", "9.99×"),
                ("L0-ARM [37]", "1.9%", "18.8k", "14.2×"),
                ("L0-ADMM [38]", None, "11.6k", "23×"),
                ("L0-L2-LC [40]", "1.6%", "5.34k", "50×"),
                ("L0-L2-LC [40]", "1.99%", "4k", "66.8×"),
                ("Proposed (NORM)", "1.85%", "2.96k", "90×"),
                ("Proposed (SEP)", "1.99%", "2.7k", "96×"),
            ),
        ),
        PublishedTable(
            3, "LeNet-5-Caffe", "MNIST", total="431k", dense_error="0.8%",
            rows=_rows(
                "left",
                ("THP [32]", "0.7%", "36k", "12×"),
                ("DNS [26]", "0.91%", "4.0k", "108×"),
                ("BC-GHS [46]", "1.0%", "2.76k", "156×"),
                ("SparseVD [47]", "0.75%", "1.54k", "280×"),
                ("CPA [48]", "0.79%", "1.35k", "317×"),
                ("GSM [49]", "0.94%", "1.44k", "300×"),
                ("Autoprune [50]", "0.91%", "1.39k", "310×"),
                ("L0-HC [34]", "1.0%", "4.66k", "92.6×"),
                ("L0-ARM [37]", "1.3%", "2.2k", "196×"),
                ("L0-ADMM [38]", None, "6.05k", "71.2×"),
                ("L0-L2-LC [40]", "0.89%", "4.3k", "100×"),
                ("Proposed (NORM)", "0.99%", "2.15k", "200×"),
                ("Proposed (SEP)", "0.97%", "1.2k", "359×"),
            ),
        ),
        PublishedTable(
            4, "VGG-16", "CIFAR-10",
            rows=_rows(
                "dropped",
                ("SSS [53]", None, "30%", "1.67×"),
                ("EConvNets [54]", "-0.15%", "64%", "2.78×"),
                ("VAR-CONV [55]", "0.07%", "73.34%", "3.75×"),
                ("PP [56]", "0.03%", "82.8%", "5.8×"),
                ("PP [56]", "0.14%", "84.4%", "6.43×"),
                ("RFP [57]", "0.13%", "78.1%", "4.6×"),
                ("RFP [57]", "0.72%", "89.5%", "9.52×"),
                ("Proposed (NORM)", "0.41%", "85.5%", "6.92×"),
                ("Proposed (NORM)", "0.7%", "93.2%", "14.76×"),
            ),
        ),
        PublishedTable(
            5, "ResNet-20", "CIFAR-10",
            rows=_rows(
                "dropped",
                ("VAR-CONV [55]", "0.54%", "20.41%", "1.26×"),
                ("CNN-FCF [58]", "1.07%", "42.75%", "1.75×"),
                ("CNN-FCF [58]", "2.67%", "68.44%", "3.17×"),
                ("SNLI [59]", "1.1%", "37.22%", "1.59×"),
                ("SNLI [59]", "3.2%", "67.83%", "3.11×"),
                ("DHP [60]", "1.0%", "55.95%", "2.27×"),
                ("Proposed (NORM)", "1.1%", "80%", "5×"),
                ("Proposed (SEP)", "1%", "80%", "5×"),
            ),
        ),
        PublishedTable(
            6, "VGG-16", "CIFAR-100",
            rows=_rows(
                "dropped",
                ("VAR-CONV [55]", "-0.07%", "37.87%", "1.61×"),
                ("Proposed (α = 1e-7)", "0.3%", "78.6%", "4.67×"),
                ("Proposed (α = 2.5e-7)", "2.67%", "90.4%", "10.47×"),
                ("Proposed (α = 5e-7)", "5.95%", "94.6%", "18.63×"),
            ),
        ),
        PublishedTable(
            7, "VGG-16", "CIFAR-10",
            rows=_rows(
                "flops",
                ("EConvNets [54]", "-0.15%", "34.2%", "2.78×"),
                ("Proposed (NP)", "0.31%", "27.75%", "1.46×"),
                ("Proposed (NP)", "0.49%", "42.7%", "1.7×"),
                ("Proposed (NP+GP)", "0.27%", "27.75%", "9.21×"),
                ("Proposed (NP+GP)", "0.72%", "42.7%", "18.38×"),
            ),
        ),
    )
}  # fmt: skip


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


def dominates(table: PublishedTable, one: Published, other: Published) -> bool:
    """Return whether ``one`` is at least as good as ``other`` in every printed quantity, and better in one.

    The quantities are error, ratio and, in Table 7, operations saved. An error printed as a star counts as that of the
    unpruned network.
    """

    def merits(row: Published) -> tuple[float, ...]:
        error = row.error or table.dense_error or "0%"
        gains = (row.ratio, row.flops) if row.flops else (row.ratio,)
        return (-printed_value(error), *map(printed_value, gains))

    mine, theirs = merits(one), merits(other)
    return mine != theirs and all(my >= their for my, their in zip(mine, theirs, strict=True))


def dominating(table: PublishedTable, row: Published) -> list[Published]:
    """Return the rivals that dominate ``row``."""
    return [rival for rival in table.rows if not rival.ours and dominates(table, rival, row)]


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

    found = [
        ("4.2", f"{network}, {strategy}: around {text}×", *around(text, number, f"Proposed ({strategy})"))
        for network, strategy, text, number in (
            ("LeNet-300-100", "SEP", 100, 2),
            ("LeNet-300-100", "NORM", 90, 2),
            ("LeNet-5-Caffe", "NORM", 200, 3),
        )
    ]
    sep = row(3, "Proposed (SEP)").ratio
    found.append(("4.2", "LeNet-5-Caffe, SEP: more than 300×", f"{sep} in Table 3", printed_value(sep) > 300))
    best = max((r.ratio for r in TABLES[5].rows if r.ours), key=printed_value)
    found.append(("4.3", "ResNet-20: up to 5×", f"{best} in Table 5", printed_value(best) == 5))
    low, high = (1 / (1 - share / 100) for share in printed_interval("81.1%"))
    rounded = printed_interval("5.29")
    agrees = low <= rounded[1] and rounded[0] <= high
    found.append(("4.4", "rival [61]: 81.1 % dropped is 5.29×", f"{low:.2f} to {high:.2f}", agrees))
    rival = 6.43 / (1 - 0.811)
    mine = 3.2 / (1 - printed_value(row(6, "Proposed (α = 1e-7)").dropped) / 100)
    told = "its network (6.43 M left) is more than twice as large as ours (3.2 M left, about 15 M)"
    sizes = f"{rival:.1f} M and {mine:.1f} M: {rival / mine:.2f} times"
    found.append(("4.4", told, sizes, rival > 2 * mine and abs(mine / 15 - 1) <= 0.1))
    # The text gives the accuracy lost before pruning, Table 6 the error after it: pruning cannot have won accuracy.
    lost = {"1e-7": 0.19, "2.5e-7": 2.42, "5e-7": 5.85}
    extra = [printed_value(row(6, f"Proposed (α = {alpha})").error) - before for alpha, before in lost.items()]
    added = "pruning adds " + ", ".join(f"{points:.2f}" for points in extra) + " points in Table 6"
    found.append(("4.4", "accuracy lost before pruning: 0.19, 2.42 and 5.85 points", added, min(extra) >= 0))
    twice = [(r.error, r.ratio) for number in (4, 7) for r in TABLES[number].rows if r.method == "EConvNets [54]"]
    both = " and ".join(f"{e}, {r}" for e, r in twice)
    found.append(("4.6", "EConvNets stands in Tables 4 and 7", both, len(set(twice)) == 1))
    return [TextCheck(*one) for one in found]
