"""Figures of the chapter on removing neurons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ._style import GREY, PENALTY_STYLE, new_figure

if TYPE_CHECKING:
    from ..compress.neurons import Blueprint

__all__ = ["error_against_share", "layers_without", "norms_in_and_out"]


def layers_without(plan: Blueprint, removed: Mapping[str, Iterable[int]]) -> Figure:
    """Draw the layers of a network, one row each and a mark for every unit; removed ones are thin.

    Parameters
    ----------
    plan : Blueprint
    removed : mapping
        Family to the units that go, as :meth:`Blueprint.without` takes it.
    """
    sizes = plan.without(removed)
    rows = [(layer, size) for layer, size in zip(plan.layers, sizes, strict=True) if layer.kind != "norm"]
    figure, ax = new_figure(6.8, 0.6 + 0.21 * len(rows))
    for place, (layer, _) in enumerate(rows):
        left = np.arange(layer.outputs) / layer.outputs
        kept = np.ones(layer.outputs, dtype=bool)
        strength = np.full(layer.outputs, 0.3)
        if layer.writes >= 0:
            norms = np.array(plan.norms[layer.writes])
            kept[list(removed.get(plan.families[layer.writes][0], ()))] = False
            strength = 0.25 + 0.75 * norms / norms.max()
        colour = PENALTY_STYLE["l0"]["color"] if layer.writes >= 0 else GREY
        ax.barh(
            np.full(layer.outputs, place),
            0.85 / layer.outputs,
            left=left,
            align="center",
            height=np.where(kept, 0.75, 0.08),
            color=[(colour, float(s)) if k else GREY for s, k in zip(strength, kept, strict=True)],
            linewidth=0,
        )
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6), xticks=[])
    ax.set_yticks(range(len(rows)), [f"{layer.name}  {size.inputs} → {size.outputs}" for layer, size in rows])
    ax.tick_params(axis="y", length=0, labelsize=7.5)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


def norms_in_and_out(panels: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw the norm of each unit's outgoing weights against that of its incoming ones, one panel a network.

    Parameters
    ----------
    panels : mapping
        Title to incoming and outgoing norms, float arrays (units,). The dashed line is where both are equal.
    """
    figure, axes = new_figure(6.8, 3.0, columns=len(panels))
    most = 1.08 * max(float(np.max(norms)) for pair in panels.values() for norms in pair)
    for ax, (title, (inward, outward)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        ax.plot([0, most], [0, most], color=GREY, linestyle=(0, (5, 4)), linewidth=1)
        ax.plot(inward, outward, "o", color=PENALTY_STYLE["l0"]["color"], markersize=3, alpha=0.7)
        ax.set(title=title, xlim=(0, most), ylim=(0, most), xlabel="norm of what comes in", aspect="equal")
    np.atleast_1d(axes)[0].set_ylabel("norm of what goes out")
    return figure


def error_against_share(shares: Sequence[float], lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw test errors in percent against the share of neurons removed, one line each.

    Raises
    ------
    ValueError
        If there are more than four lines: there are four styles.
    """
    figure, ax = new_figure(6.2, 3.2)
    styles = [PENALTY_STYLE[name] for name in ("l0", "l1", "l2", "l2+l0")]
    if len(lines) > len(styles):
        raise ValueError(f"lines must hold at most {len(styles)} lines; got {len(lines)}: {', '.join(lines)}")
    for (name, errors), style, marker in zip(lines.items(), styles, "o^sD", strict=False):
        ax.plot(100 * np.asarray(shares), errors, label=name, marker=marker, markersize=4, **style)
    ax.set(xlabel="neurons removed from each layer (%)", ylabel="test error (%)")
    ax.legend(frameon=False)
    return figure
