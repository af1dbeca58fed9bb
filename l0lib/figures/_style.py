"""The one look of every figure: colours that read in print, in grey and with colour-vision deficiency; axes alike."""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from .. import labels

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0b64a0", "#b4460f", "#3c7a2e", "#7b3fa0", "#667080"
#: Colour and line style of each penalty, the same in every figure and every explorer.
PENALTY_STYLE: dict[str, dict[str, Any]] = {
    "l2": {"color": BLUE, "linestyle": "-."},
    "l1": {"color": ORANGE, "linestyle": "--"},
    "l0": {"color": GREEN, "linestyle": "-"},
    "l2+l0": {"color": PURPLE, "linestyle": (0, (5, 1, 1, 1))},
}
#: The mark of each penalty.
MARKERS = {"l2": "s", "l1": "^", "l0": "o", "l2+l0": "D"}
#: The order in which up to four lines that are no penalties' take these styles, the plainest first.
PLAINEST_FIRST = ("l0", "l1", "l2", "l2+l0")


def penalty_line(name: str, **more: Any) -> dict[str, Any]:
    """Return how ``plot`` draws the line of a penalty: its name in the legend, colour and line style, and ``more``."""
    return {"label": labels.PENALTIES[name], **PENALTY_STYLE[name], **more}


def new_figure(width: float = 7.2, height: float = 3.6, rows: int = 1, columns: int = 1, **subplots):
    """Return ``(figure, axes)`` with the house style; ``axes`` is one Axes or an array of them.

    Sizes are in inches. The figure is built without pyplot, so nothing keeps it alive but the caller.
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
        axis.grid(True, alpha=0.25, linewidth=0.6)
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
