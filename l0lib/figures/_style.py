"""The one look of every figure, and the book's colour code, which figures and explorers share.

*A colour tells the penalty*, everywhere: ℓ2 blue, ℓ1 orange, ℓ0 green, ℓ2 + ℓ0 violet. *Dashes and marks tell methods
and settings* of one penalty (:data:`DASHES`, :data:`MARKS`). What has no penalty is drawn in ink, grey, teal and brown
(:data:`PLAIN`); red marks a place or a danger, amber lies between; classes and signs of weights have gold (positive)
and magenta (negative). ``colours.json`` declares each colour once, for a light and for a dark page; ``js/theme.js``
reads the same file. Figures are drawn in the light ones: ``book/_ext/themed_figures.py`` gives a page's pictures both.
"""

import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from .. import labels

_CODE: dict[str, Any] = json.loads(resources.files(__package__).joinpath("colours.json").read_text("utf-8"))
#: The colours by what they stand for, on a light page and on a dark one.
LIGHT: dict[str, str] = _CODE["light"]
DARK: dict[str, str] = _CODE["dark"]
INK, GREY, TEAL, BROWN = (LIGHT[name] for name in ("text", "grey", "teal", "cross"))
RED, AMBER, PLUS, MINUS = (LIGHT[name] for name in ("warn", "amber", "plus", "minus"))
#: Colour and line style of each penalty, the same in every figure and every explorer.
PENALTY_STYLE: dict[str, dict[str, Any]] = {
    name: {
        "color": LIGHT[name],
        # the file tells pixels of a line two pixels wide, Matplotlib asks for widths of the line
        "linestyle": (0, tuple(length / 2 for length in _CODE["dashes"][name])) if _CODE["dashes"][name] else "-",
    }
    for name in labels.PENALTIES
}
#: The mark of each penalty.
MARKERS = {"l2": "s", "l1": "^", "l0": "o", "l2+l0": "D"}
#: Line styles and marks of methods and settings that share a colour, the plainest first.
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (7, 2)), (0, (1, 3)), (0, (4, 2, 1, 2, 1, 2)))
MARKS = "os^Dv<>"
#: How up to four things without a penalty are drawn, the plainest first.
PLAIN: tuple[dict[str, Any], ...] = tuple(
    {"color": colour, "linestyle": dash, "marker": mark}
    for colour, dash, mark in zip((INK, TEAL, BROWN, GREY), DASHES, MARKS, strict=False)
)
#: Signs of weights, from negative to positive, zero white; few shades, since some pictures are stored in few colours.
SIGNED = LinearSegmentedColormap.from_list("signed", [MINUS, "#ffffff", PLUS], N=21)
#: Points of the smallest letters: at the width of a page's column they are 11 pixels high or more.
SMALL = 9.5
#: Inches of the widest figure for which that holds.
WIDEST = 7.6


def penalty_line(name: str, **more: Any) -> dict[str, Any]:
    """Return how ``plot`` draws the line of a penalty: its name in the legend, colour and line style, and ``more``."""
    return {"label": labels.PENALTIES[name], **PENALTY_STYLE[name], **more}


def new_figure(width: float = 7.2, height: float = 3.6, rows: int = 1, columns: int = 1, **subplots):
    """Return ``(figure, axes)`` with the house style; ``axes`` is one Axes or an array of them.

    Sizes are in inches, the width at most :data:`WIDEST`. The figure is built without pyplot, so nothing keeps it alive
    but the caller.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, **subplots)
    _dress(figure)
    return figure, axes


def new_mosaic(width: float, height: float, places: str, **more: Any) -> tuple[Figure, list[Axes]]:
    """Return such a figure with the axes that ``places`` names by letters, row by row: ``"ab;cc"``."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplot_mosaic(places, **more)
    _dress(figure)
    return figure, list(axes.values())


def _dress(figure: Figure) -> None:
    for axis in figure.axes:
        axis.grid(True, color=GREY, alpha=0.2, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)


def as_picture(axis: Axes, frame: bool = True) -> None:
    """Take ticks and grid from an axis that shows an image, and give it a grey frame or none."""
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(frame)
    axis.spines[:].set_color(GREY)


def label_ticks(side: Axis, values: Iterable[float], unit: str = "") -> None:
    """Put ticks at ``values`` and at no other place a number; ``side`` is an ``xaxis`` or a ``yaxis``."""
    places = list(values)
    side.set_ticks(places, [f"{value:g}{unit}" for value in places])
    side.set_minor_formatter(NullFormatter())


def logarithmic(axis: Axes, which: str) -> None:
    """Make an axis logarithmic, ``which`` is ``"x"``, ``"y"`` or ``"xy"``; plain numbers at 1, 2 and 5 of a decade."""
    for name in which:
        getattr(axis, f"set_{name}scale")("log")
        side = getattr(axis, f"{name}axis")
        low, high = getattr(axis, f"get_{name}lim")()
        ticks = [m * 10.0**k for k in range(-2, 4) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
        if len(ticks) > (6 if name == "x" else 8):
            ticks = [tick for tick in ticks if f"{tick:e}"[0] == "1"]
        side.set_major_locator(FixedLocator(ticks))
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        side.set_minor_formatter(NullFormatter())


def say(axis: Axes, words: str, height: float = 0.5) -> None:
    """Write in an axis why it is empty."""
    axis.text(0.5, height, words, transform=axis.transAxes, ha="center", color=GREY)
