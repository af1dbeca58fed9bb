"""The scoreboard as a page: one HTML table with a plot for each network, which ``scoreboard.js`` sorts and filters.

Everything stands in the page: without the script all rows and plots are there, by rising ratio, and every link works.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from ..paper.published import PAPER
from ..paper.scoreboard import BOARDS, COLUMNS, Row, plain, slug, title
from ..table import Link, Table, signed, times

#: The ratios that the slider stops at; 1 shows all.
STOPS = (
    1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 96, 100, 120, 150, 200, 250, 300, 359,
    400, 450, 500, 600, 800, 1000, 1200,
)  # fmt: skip
#: The plot in the units of its picture: width, height and the room left, right, above and below.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 56, 130, 26, 48
#: The plot ends at so many times the least error: above, networks have collapsed.
_TALL = 8.0
_X_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_Y_TICKS = (0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 80)


class Scoreboard:
    """Rows as a page; displays as HTML in a notebook."""

    def __init__(self, rows: Sequence[Row]):
        self.rows = tuple(rows)

    def __repr__(self) -> str:
        return f"{len(self.rows)} rows; l0lib report --all prints them"

    def _repr_html_(self) -> str:
        boards = [(board, of) for board in BOARDS if (of := [row for row in self.rows if row.board == board])]
        tabs = "".join(
            f'<a href="#{_name(board)}" data-board="{_name(board)}">{html.escape(title(board))}</a>'
            for board, _ in boards
        )
        plots = "".join(plot(board, rows) for board, rows in boards)
        head = "".join(f'<th scope="col"{_right(c.number)}>{html.escape(c.name)}</th>' for c in COLUMNS)
        body = "".join(_body(board, rows) for board, rows in boards)
        return (
            f'<div class="sb"><nav class="sb-tabs" aria-label="Networks">{tabs}</nav>{_CONTROLS}{plots}'
            '<div class="sb-scroll" role="region" tabindex="0" aria-label="Scoreboard" style="overflow-x: auto">'
            f'<table class="table"><thead><tr>{head}</tr></thead>{body}</table></div>'
            f'<p class="sb-on-paper">On paper: {sum(map(_on_paper, self.rows))} of {len(self.rows)} rows, those on a '
            "front and what the paper prints, without provenance. The page on screen has all.</p></div>"
        )


_CONTROLS = (
    '<form class="sb-controls" hidden>'
    '<label class="sb-wide">Ratio at least '
    f'<input type="range" name="ratio" min="0" max="{len(STOPS) - 1}" value="0" '
    f'data-stops="{" ".join(f"{stop:g}" for stop in STOPS)}"><output name="at">any</output></label>'
    '<label>Find <input type="search" name="find"></label>'
    '<label>Rows <select name="kind"><option value="">printed and run here</option><option>printed</option>'
    "<option>run here</option></select></label>"
    '<label><input type="checkbox" name="just"> with networks just pruned</label>'
    '<label><input type="checkbox" name="front"> the front alone</label>'
    '<button type="button" name="csv">Save as CSV</button> <a class="sb-view" href="">Link to this view</a>'
    '<p class="sb-count" role="status"></p></form>'
)


def _name(board: tuple[str, str]) -> str:
    return slug(*board)


def _right(number: bool) -> str:
    return ' class="n"' if number else ""


def _body(board: tuple[str, str], rows: Sequence[Row]) -> str:
    lines = "".join(_line(row) for row in rows)
    head = f'<tr class="sb-title"><th colspan="{len(COLUMNS)}" scope="rowgroup">{html.escape(title(board))}</th></tr>'
    return f'<tbody id="{_name(board)}" data-title="{html.escape(title(board))}">{head}{lines}</tbody>'


def _on_paper(row: Row) -> bool:
    """Whether the row is printed when the page is: on a front, or a value that the paper prints."""
    return row.on_front or row.on_our_front or (not row.run_here and row.citation == PAPER.citation)


def _line(row: Row) -> str:
    name = f'<a href="#{row.key}">{html.escape(row.method)}</a> ({html.escape(row.citation)})'
    cells = [f'<th scope="row">{name}</th>']
    for column in COLUMNS[1:]:
        value, text = plain(column.value(row)), column.text(row)
        if column.name == "Kind":
            text = f"{'●' if row.run_here else '△'} {text}"
        kept = "" if value == text else f' data-v="{html.escape(value)}"'
        cells.append(f"<td{_right(column.number)}{kept}>{html.escape(text)}</td>")
    return f'<tr id="{row.key}" data-g="{row.group}"{"" if _on_paper(row) else " data-screen"}>{"".join(cells)}</tr>'


# ---------------------------------------------------------------------------------------------------------- plot


def plot(board: tuple[str, str], rows: Sequence[Row]) -> str:
    """Return the errors of one board against their ratios as an SVG picture; nothing for fewer than two errors.

    Both axes are logarithmic. A row run here is a dot, a printed one a triangle; the front over all is a solid line
    through named points, that over rows run here a dashed one. What errs more than eight times the least is left out.
    """
    drawn = [r for r in rows if r.error and math.isfinite(r.ratio)]
    if len(drawn) < 2:
        return ""
    low = min(r.error for r in drawn if r.error) / 1.08
    drawn = [r for r in drawn if r.error and r.error <= _TALL * low]
    high, far = max(r.error or 0.0 for r in drawn) * 1.08, max(r.ratio for r in drawn) * 1.1

    def x(ratio: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log(ratio) / math.log(far)

    def y(error: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * math.log(error / low) / math.log(high / low)

    parts = []
    for tick in _X_TICKS:
        if tick <= far:
            parts.append(_rule(x(tick), _TOP, x(tick), _HEIGHT - _BOTTOM))
            parts.append(_words(x(tick), _HEIGHT - _BOTTOM + 17, times(tick), "middle"))
    for error in _Y_TICKS:
        if low <= error <= high:
            parts.append(_rule(_LEFT, y(error), _WIDTH - _RIGHT, y(error)))
            parts.append(_words(_LEFT - 6, y(error) + 4, f"{error:g}", "end"))
    parts.append(_words((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, "compression ratio", "middle"))
    parts.append(_words(_LEFT - 44, _TOP - 12, "error, %", "start"))
    for name, dash, on in (("all", "", "on_front"), ("here", ' stroke-dasharray="5 4"', "on_our_front")):
        line = sorted((r.ratio, r.error or 0.0) for r in drawn if getattr(r, on))
        corners = " ".join(f"{x(ratio):.1f},{y(error):.1f}" for ratio, error in line)
        parts.append(f'<polyline class="sb-{name}" points="{corners}" fill="none" stroke="currentColor"{dash}/>')
    names = _names(drawn, x, y)
    parts += [_point(row, x(row.ratio), y(row.error or 0), names.get(row.key, "")) for row in drawn]
    scale = f'data-left="{_LEFT}" data-width="{_WIDTH - _LEFT - _RIGHT}" data-most="{far:.4g}"'
    rule = _rule(_LEFT, _TOP, _LEFT, _HEIGHT - _BOTTOM).replace("<line", '<line class="sb-at" visibility="hidden"')
    told = (
        f"{title(board)}: test error against compression ratio, both logarithmic, errors up to {_TALL:g} times the "
        "least. ● run here, △ printed. Solid: the front over all rows; dashed: the front over those run here."
    )
    return (
        f'<figure class="sb-plot" data-board="{_name(board)}"><div class="sb-scroll" style="overflow-x: auto">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{html.escape(told)}" {scale} '
        f'font-size="12">{"".join(parts)}{rule}</svg></div><figcaption>{html.escape(told)}</figcaption></figure>'
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="currentColor" stroke-opacity="0.18"/>'


def _words(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="currentColor" aria-hidden="true">{html.escape(text)}</text>'


def _point(row: Row, x: float, y: float, name: str) -> str:
    size = 5 if row.on_front else 3.5
    shape = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="currentColor"/>'
        if row.run_here
        else f'<path d="M{x:.1f} {y - size - 1:.1f}l{size + 1} {2 * size}h-{2 * size + 2}z" '
        'fill="none" stroke="currentColor" stroke-width="1.6"/>'
    )
    told = html.escape(
        f"{row.method} ({row.citation}), {row.kind}, {row.stage}: {row.error:.2f} % at {times(row.ratio)}"
    )
    # the table is the way of the keyboard through all rows; in the plot it goes along the front
    skip = "" if row.on_front else ' tabindex="-1"'
    kind = "here" if row.run_here else "printed"
    return f'<a href="#{row.key}" class="sb-{kind}" aria-label="{told}"{skip}><title>{told}</title>{shape}{name}</a>'


def _names(drawn: Sequence[Row], x: Callable[[float], float], y: Callable[[float], float]) -> dict[str, str]:
    """Return names beside their points by the rows' keys, the front's first, where none covers another or a point.

    A method of ours that stands several times in a row along the front is named once, and a printed one once in all.
    """
    front = sorted((row for row in drawn if row.on_front), key=lambda r: r.ratio)
    others = sorted((row for row in drawn if not row.run_here and not row.on_front), key=lambda r: -r.ratio)
    taken = [(x(r.ratio) - 5, x(r.ratio) + 5, y(r.error or 0) - 5, y(r.error or 0) + 5) for r in drawn]
    parts: dict[str, str] = {}
    last, printed = "", set()
    for row in [*front, *others]:
        name = _short(row)
        if name in printed or (row.on_front and name == last):
            continue
        at, up, wide = x(row.ratio), y(row.error or 0), 6.3 * len(name)
        # a front has nothing below it on its right, so there comes first
        for left, base in ((at + 8, up + 13), (at + 8, up + 4), (at + 8, up - 6), (at - 8 - wide, up + 4)):
            box = (left, left + wide, base - 10, base + 2)
            inside = left > _LEFT and left + wide < _WIDTH and base < _HEIGHT - _BOTTOM
            if inside and not any(a < box[1] and box[0] < b and c < box[3] and box[2] < d for a, b, c, d in taken):
                taken.append(box)
                parts[row.key] = _words(left, base, name, "start")
                last = name
                if not row.run_here:
                    printed.add(name)
                break
    return parts


def _short(row: Row) -> str:
    return ", ".join(row.method.split(", ")[:2])


# ------------------------------------------------------------------------------------------------- for chapters


def short_table(rows: Sequence[Row], caption: str) -> Table:
    """Return a few rows for a chapter, each a link to its place on the scoreboard; a missing row is said."""
    by_increase = any(row.error is None for row in rows)
    lines = [
        (
            Link(row.method, f"scoreboard.html#{row.key}"),
            row.kind,
            *((_increase(row),) if by_increase else ()),
            _error(row),
            row.seeds or "–",
            times(row.ratio),
            row.epochs or "–",
            row.front or "–",
        )
        for row in rows
    ]
    headers = ["Method", "Kind", "Test error", "Seeds", "Ratio", "Epochs", "Front"]
    if by_increase:
        headers.insert(2, "Over its dense network")
    return Table(headers, lines, caption, absent="not recorded yet")


def _error(row: Row) -> str:
    if row.error is None:
        return "not given"
    return f"{row.error:.2f}{'' if row.spread is None else f' ± {row.spread:.2f}'} %"


def _increase(row: Row) -> str:
    return "not given" if row.increase is None else f"{signed(row.increase)} points"
