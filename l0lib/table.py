"""A small table for notebooks: headers, a caption, and a frame that scrolls sideways on a narrow screen."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A cell that links to another page of the book."""

    text: str
    href: str

    def __str__(self) -> str:
        return self.text


def _cell(value: object) -> str:
    text = html.escape(str(value), quote=False)
    text = re.sub(r"\^\(([^)]*)\)", r"<sup>\1</sup>", text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    if isinstance(value, Link):
        return f'<a href="{html.escape(value.href)}">{text}</a>'
    return text


def times(ratio: float) -> str:
    """Return a ratio as text: ``14.8×``, ``1,201×``, ``∞``."""
    return f"{ratio:{',.0f' if ratio >= 100 else '.3g'}}×" if math.isfinite(ratio) else "∞"


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 1 in percent as text: ``7.5 %``, with so many digits behind the point."""
    return f"{100 * share:.{digits}f} %"


def signed(value: float, form: str = "+.2f") -> str:
    """Return a number as text with a typographic minus: ``−0.12``, ``+0.30``."""
    return f"{value:{form}}".replace("-", "−")


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``; nothing of nothing."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def ranges(numbers: Iterable[int]) -> str:
    """Return whole numbers as text, as ``l0lib run --seeds`` reads it: ``0,2-4``; ``none`` if there are none."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs) or "none"


class Table:
    """A table that displays as HTML in a notebook and as plain text elsewhere.

    There is one header per column. A cell of ``rows`` is anything with ``str``; its text is escaped, ``^(...)`` becomes
    a superscript, what stands in back quotes becomes code, and a :class:`Link` a link. The ``caption`` says what the
    table shows, to a screen reader too, as the name of the scrolling frame. ``widths`` are CSS widths of the columns,
    which else take what their text needs. Without rows the table has one, which says ``absent`` and dashes.

    Raises
    ------
    ValueError
        If a row has more or fewer cells than there are headers.
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Iterable[Sequence[object]],
        caption: str,
        widths: Sequence[str] = (),
        *,
        absent: str = "",
    ):
        self.headers = tuple(headers)
        self.rows = tuple(tuple(row) for row in rows)
        if absent and not self.rows:
            self.rows = ((absent, *["–"] * (len(self.headers) - 1)),)
        self.caption = caption
        self.widths = tuple(widths)
        for row in self.rows:
            if len(row) != len(self.headers):
                raise ValueError(f"rows must have {len(self.headers)} cells each; got {row!r}")

    def __repr__(self) -> str:
        lines = [self.headers, *self.rows]
        return "\n".join([self.caption, *(" | ".join(str(cell) for cell in line) for line in lines)])

    def _repr_html_(self) -> str:
        style = [f"min-width: {width}; " for width in self.widths] or [""] * len(self.headers)
        head = "".join(
            f'<th scope="col" style="{width}text-align: left">{_cell(header)}</th>'
            for header, width in zip(self.headers, style, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align: left; vertical-align: top">{_cell(cell)}</td>' for cell in row)
            + "</tr>"
            for row in self.rows
        )
        # A keyboard reaches the right-hand columns only if the scrolling frame can take the focus.
        name = html.escape(self.caption.replace("`", ""))
        return (
            f'<div role="region" tabindex="0" aria-label="{name}" style="overflow-x: auto">'
            f'<table class="table" style="width: auto"><caption style="caption-side: top; text-align: left">'
            f"{_cell(self.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


class Folded(Table):
    """A table for whoever wants to know: a page shows its caption alone, which opens it."""

    def _repr_html_(self) -> str:
        caption = html.escape(self.caption, quote=False)
        return f"<details><summary>{caption}</summary>{super()._repr_html_()}</details>"
