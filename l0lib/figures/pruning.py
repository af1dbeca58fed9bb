"""Figures of the first chapter: where parameters are, what pruning rules keep, and what has been published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from .. import labels
from ..penalties import Penalty
from ._style import GREY, PENALTY_STYLE, new_figure

_DEEP = PENALTY_STYLE["l2"]["color"]
_WARM = PENALTY_STYLE["l1"]["color"]
_LEAF = PENALTY_STYLE["l0"]["color"]


def layer_shares(networks: Mapping[str, Sequence[tuple]]) -> Figure:
    """Draw each layer's share of the parameters and of the multiply-adds, one panel a network.

    Parameters
    ----------
    networks : mapping
        From a network's name to rows ``(layer, weights, biases, parameters, multiply_adds)``.
    """
    figure, axes = new_figure(6.9, 3, columns=len(networks), squeeze=False)
    for axis, (name, rows) in zip(axes[0], networks.items(), strict=True):
        places = np.arange(len(rows))[::-1]
        for offset, column, label, style in (
            (0.2, 3, "parameters", {"color": _DEEP}),
            (-0.2, 4, "multiply-adds", {"color": "none", "edgecolor": _WARM, "hatch": "////"}),
        ):
            values = np.array([row[column] for row in rows], dtype=float)
            bars = axis.barh(places + offset, 100 * values / values.sum(), 0.36, label=label, **style)
            axis.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=8)
        axis.set_yticks(places, [row[0] for row in rows])
        axis.set(title=name, xlabel="share of the network (%)", xlim=(0, 118))
        axis.set_xticks(range(0, 101, 25))
        axis.grid(False, axis="y")
    axes[0, 0].legend(loc="lower right", frameon=False)
    return figure


def pruning_rules(layers: Sequence[np.ndarray], masks: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Draw the magnitudes of some layers and, beside them, what each rule keeps.

    Parameters
    ----------
    layers : sequence of 2-D arrays
        The weights, one array a layer.
    masks : mapping
        From a rule's name to its masks, one a layer, in the layers' shapes.
    """
    figure, axes = new_figure(6.9, 3.9, rows=len(layers), columns=1 + len(masks), squeeze=False)
    largest = max(np.abs(layer).max() for layer in layers)
    shade = LinearSegmentedColormap.from_list("magnitude", ["#ffffff", _DEEP])
    kept = ListedColormap(["#eceff2", _LEAF])
    for row, layer in enumerate(layers):
        axes[row, 0].imshow(np.abs(layer), cmap=shade, vmin=0, vmax=largest)
        axes[row, 0].set_ylabel(f"layer {row + 1}")
        axes[row, 0].set_title("magnitudes" if row == 0 else "", fontsize=10)
        for axis, (name, mask) in zip(axes[row, 1:], masks.items(), strict=True):
            axis.imshow(mask[row], cmap=kept, vmin=0, vmax=1)
            text = f"{int(mask[row].sum())} of {layer.size}"
            axis.set_title(f"{name}: {text}" if row == 0 else text, fontsize=10)
    for axis in axes.ravel():
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(True)
        axis.spines[:].set_color(GREY)
    return figure


def penalty_and_slope(l2: Penalty, l1: Penalty, l0: Penalty, span: float = 1.2) -> Figure:
    """Draw three penalties of one weight, and the slope of each for positive weights."""
    figure, (price, slope) = new_figure(6.9, 3.3, columns=2)
    w = np.linspace(-span, span, 481)
    positive = np.linspace(0, span, 241)[1:]
    for name, penalty in (("l2", l2), ("l1", l1), ("l0", l0)):
        price.plot(w, penalty.elementwise(w), lw=2, label=labels.PENALTIES[name], **PENALTY_STYLE[name])
        slope.plot(positive, penalty.gradient(positive), lw=2, **PENALTY_STYLE[name])
    price.set(xlabel="weight w", ylabel="price", ylim=(0, None))
    price.legend(loc="upper center", ncols=3, fontsize=8, bbox_to_anchor=(0.5, 1.15), frameon=False)
    slope.set(xlabel="weight w > 0", ylabel="slope of the price: the pull", xlim=(0, span), ylim=(0, None))
    return figure


def sorted_magnitudes(trained: Mapping[str, np.ndarray], relevant: int, kept: int) -> Figure:
    """Draw sorted weight magnitudes, one panel a penalty, marking the weights that matter and those that survive.

    Parameters
    ----------
    trained : mapping
        From a penalty's name to the trained weights.
    relevant : int
        The first ``relevant`` weights are those that matter.
    kept : int
        The number of weights that pruning keeps: a line separates them from the rest.
    """
    figure, axes = new_figure(6.9, 3, columns=len(trained), sharey=True, squeeze=False)
    for axis, (name, w) in zip(axes[0], trained.items(), strict=True):
        order = np.argsort(-np.abs(w), kind="stable")
        rank, matters = np.arange(1, w.size + 1), order < relevant
        size = np.abs(w[order])
        axis.plot(rank[~matters], size[~matters], "x", ms=4, color=GREY, label="does not matter")
        axis.plot(rank[matters], size[matters], "o", ms=5, color=_LEAF, label="matters")
        axis.axvline(kept + 0.5, color=_WARM, lw=1, ls="--")
        axis.set(title=name, xlabel="rank", yscale="log", ylim=(1e-4, 3))
    axes[0, 0].set_ylabel("magnitude |w|, logarithmic")
    axes[0, 0].legend(loc="lower left", fontsize=8)
    return figure


def published_scatter(*tables) -> Figure:
    """Draw error against compression ratio for tables of :mod:`l0lib.paper.tables` that hold both, one panel each."""
    from ..paper.tables import printed_value

    figure, axes = new_figure(6.9, 3.8, columns=len(tables), squeeze=False)
    for axis, table in zip(axes[0], tables, strict=True):
        dense = printed_value(table.dense_error)
        for ours in (False, True):
            rows = [row for row in table.rows if row.ours is ours]
            ratios = [printed_value(row.ratio) for row in rows]
            errors = [dense if row.error is None else printed_value(row.error) for row in rows]
            if ours:
                axis.plot(ratios, errors, "D", ms=7, color=_LEAF, label="the paper's scheme")
            else:
                axis.plot(ratios, errors, "o", ms=6, mfc="none", color=_DEEP, label="other methods")
            for row, ratio, error in zip(rows, ratios, errors, strict=True):
                if ours or _on_front(table, row, printed_value):
                    name = row.method.split(" [")[0].removeprefix("Proposed ").strip("()")
                    place = {"xytext": (0, 8), "ha": "center"} if ours else {"xytext": (-5, 5), "ha": "right"}
                    axis.annotate(name, (ratio, error), textcoords="offset points", fontsize=8, **place)
        axis.axhline(dense, color=GREY, lw=1, ls="--")
        axis.set(title=table.network, xlabel="compression ratio, logarithmic", ylabel="top-1 error (%)", xscale="log")
        low, high = axis.get_xlim()
        axis.set_xlim(low / 1.5, high * 1.3)
        ticks = [tick for tick in (10, 30, 100, 300) if low / 1.5 < tick < high * 1.3]
        axis.set_xticks(ticks, [f"{tick}×" for tick in ticks])
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=2, frameon=False, fontsize=8)
    return figure


def _on_front(table, row, value) -> bool:
    """Whether no other row of the table has both a higher ratio and a lower error; only such rows get a label."""
    if row.error is None:
        return False
    return not any(
        other.error is not None and value(other.ratio) >= value(row.ratio) and value(other.error) < value(row.error)
        for other in table.rows
    )


__all__ = ["layer_shares", "penalty_and_slope", "pruning_rules", "published_scatter", "sorted_magnitudes"]
