"""What the first page says in numbers: one sentence on the network that reads a drawn digit, and three headlines."""

from __future__ import annotations

import html
from collections.abc import Sequence

from .. import labels
from ..paper.scoreboard import Row, slug, title
from ..table import times
from .kept_networks import KeptNetwork

#: The networks of the headlines, as the scoreboard names them.
HEADLINES = (("lenet-5-caffe", "mnist"), ("lenet-300-100", "mnist"), ("resnet-20", "cifar10"))


def furthest(rows: Sequence[Row], board: tuple[str, str], points: float = 1.0) -> Row:
    """Return the row run here of the highest ratio that errs at most ``points`` more than the same network unpruned.

    Raises
    ------
    ValueError
        If no row of ``board`` does.
    """
    near = [row for row in rows if row.board == board and row.run_here and row.ratio > 1]
    near = [row for row in near if row.error is not None and row.increase is not None and row.increase <= points]
    if not near:
        raise ValueError(f"rows must hold one of {board} within {points:g} points of its network unpruned; got none")
    return max(near, key=lambda row: (row.ratio, -(row.error or 0.0)))


class Sentence:
    """The measured sentence: what is left of a stored network, and what it errs on beside the whole one.

    Raises
    ------
    ValueError
        If no record belongs to the network, or no row to the network unpruned.
    """

    def __init__(self, found: KeptNetwork, rows: Sequence[Row]):
        if found.record is None or found.point is None:
            raise ValueError("found must be a network of a recorded run; got a stand-in")
        run = found.record.config
        key = slug(run.experiment, run.dense_arm, "no pruning")
        whole = [row for row in rows if row.key == key and row.error is not None]
        if not whole:
            raise ValueError(f"rows must hold {run.network} of {run.experiment} before pruning; got none")
        self.nonzero, self.parameters = found.plain.nonzero, found.plain.parameters
        self.network, self.dataset = labels.NETWORKS[run.network], labels.DATASETS[run.dataset]
        self.error, self.whole = found.point.measured.percent, whole[0].error or 0.0

    def __repr__(self) -> str:
        return (
            f"This {self.network} has {self.nonzero:,} of its {self.parameters:,} parameters left, and reads "
            f"{100 - self.error:.1f} % of {self.dataset}'s test digits; "
            f"the whole network reads {100 - self.whole:.1f} %."
        )

    def _repr_html_(self) -> str:
        kept = f"{self.nonzero:,} of its {self.parameters:,}"
        text = html.escape(repr(self), quote=False).replace(kept, f"<strong>{kept}</strong>")
        return f'<p class="l0-measured">{text}</p>'


class Headlines:
    """How far each network could be compressed within a point of its error: numbers that lead to their rows."""

    def __init__(self, rows: Sequence[Row], points: float = 1.0, page: str = "scoreboard.html"):
        self.rows = [furthest(rows, board, points) for board in HEADLINES]
        self.points, self.page = points, page

    def _said(self, row: Row) -> str:
        more = f"{row.increase or 0.0:+.2f}".replace("-", "−")
        return f"{title(row.board)}: {row.error:.2f} % error ({more})"

    def __repr__(self) -> str:
        return "\n".join(f"{times(row.ratio)} {self._said(row)}" for row in self.rows)

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li><a href="{self.page}#{row.key}"><strong>{times(row.ratio)} smaller</strong> '
            f"<span>{html.escape(self._said(row))}</span></a></li>"
            for row in self.rows
        )
        limit = "one point" if self.points == 1 else f"{self.points:g} points"
        why = f"The highest ratios run here within {limit} of the error of the same network unpruned, means over seeds."
        return f'<ul class="l0-headlines" aria-label="{why}">{items}</ul><p class="l0-headlines-why">{why}</p>'
