"""The one look of every figure: colours that read in print, in grey and with colour-vision deficiency."""

from typing import Any

from matplotlib.figure import Figure

#: Colour and line style of each penalty, the same in every figure and every explorer.
PENALTY_STYLE: dict[str, dict[str, Any]] = {
    "l2": {"color": "#0b64a0", "linestyle": "-."},
    "l1": {"color": "#b4460f", "linestyle": "--"},
    "l0": {"color": "#3c7a2e", "linestyle": "-"},
    "l2+l0": {"color": "#7b3fa0", "linestyle": (0, (5, 1, 1, 1))},
}
GREY = "#667080"


def new_figure(width: float = 7.2, height: float = 3.6, rows: int = 1, columns: int = 1, **subplots):
    """Return ``(figure, axes)`` with the house style; ``axes`` is one Axes or an array of them.

    Sizes are in inches. The figure is built without pyplot, so nothing keeps it alive but the caller.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, **subplots)
    for axis in figure.axes:
        axis.grid(True, alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes
