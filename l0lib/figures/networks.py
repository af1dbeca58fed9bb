"""Figures of networks from the inside: images, weights, units and layers, in training and pruned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .. import labels
from ._style import BROWN, GREY, INK, PENALTY_STYLE, RED, SIGNED, SMALL, TEAL, as_picture, label_ticks, new_figure

_UPDATE_STYLE: dict[str, dict[str, Any]] = {
    "coupled": {"color": GREY, "linestyle": "-."},
    "decoupled": {"color": BROWN, "linestyle": "--"},
    "clipped": {"color": INK, "linestyle": "-"},
    "proximal": {"color": TEAL, "linestyle": ":"},
}


def digit_samples(images: np.ndarray, labels: np.ndarray, each: int = 8) -> Figure:
    """Draw the first ``each`` images of every digit, one column a digit; ``images`` is (n, 28, 28)."""
    columns = [np.concatenate(list(images[labels == digit][:each])) for digit in range(10)]
    figure, axis = new_figure(7.2, 7.2 * each / 10 + 0.2)
    # as it is, for the browser to scale: enlarged here it takes ten times the bytes
    axis.imshow(np.concatenate(columns, axis=1), cmap="gray_r", vmin=0, vmax=255, interpolation="none")
    as_picture(axis, frame=False)
    axis.set_xticks(28 * np.arange(10) + 13.5, [str(digit) for digit in range(10)])
    axis.tick_params(length=0)
    return figure


def photographs(rows: Mapping[str, Any]) -> Figure:
    """Draw photographs, a row for each entry: its name, and an array (n, 3, height, width) with values in [0, 1]."""
    columns = max(len(images) for images in rows.values())
    figure, axes = new_figure(1.15 * columns, 1.3 * len(rows), rows=len(rows), columns=columns, squeeze=False)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis in line:
            as_picture(axis, frame=False)
        for place, (axis, image) in enumerate(zip(line, np.asarray(images), strict=False)):
            shown = axis.imshow(np.moveaxis(image, 0, -1).clip(0, 1), interpolation="nearest")
            shown.set_gid(f"photograph-{name}-{place}".replace(" ", "-"))  # a dark page leaves its colours alone
        line[0].set_title(name, loc="left", fontsize=SMALL)
    return figure


def layer_shares(networks: Mapping[str, Sequence[tuple]]) -> Figure:
    """Draw each layer's share of the parameters and of the multiply-adds, one panel a network.

    ``networks`` maps a name to rows ``(layer, weights, biases, parameters, multiply_adds)``.
    """
    figure, axes = new_figure(6.9, 3, columns=len(networks), squeeze=False)
    for axis, (name, rows) in zip(axes[0], networks.items(), strict=True):
        places = np.arange(len(rows))[::-1]
        for offset, column, label, style in (
            (0.2, 3, "parameters", {"color": TEAL}),
            (-0.2, 4, "multiply-adds", {"color": "none", "edgecolor": BROWN, "hatch": "////"}),
        ):
            values = np.array([row[column] for row in rows], dtype=float)
            bars = axis.barh(places + offset, 100 * values / values.sum(), 0.36, label=label, **style)
            axis.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=SMALL)
        axis.set_yticks(places, [row[0] for row in rows])
        axis.set(title=name, xlabel="share of the network (%)", xlim=(0, 118))
        axis.set_xticks(range(0, 101, 25))
        axis.grid(False, axis="y")
    axes[0, 0].legend(loc="lower right", frameon=False)
    return figure


def pruning_rules(layers: Sequence[np.ndarray], masks: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Draw the magnitudes of some layers and, beside them, what each rule keeps.

    ``layers`` holds the weights, a 2-D array a layer; ``masks`` maps a rule's name to its masks in the same shapes.
    """
    figure, axes = new_figure(6.9, 3.9, rows=len(layers), columns=1 + len(masks), squeeze=False)
    largest = max(np.abs(layer).max() for layer in layers)
    shade = LinearSegmentedColormap.from_list("magnitude", ["#ffffff", INK])
    kept = ListedColormap(["#eceff2", TEAL])
    for row, layer in enumerate(layers):
        axes[row, 0].imshow(np.abs(layer), cmap=shade, vmin=0, vmax=largest)
        axes[row, 0].set_ylabel(f"layer {row + 1}")
        axes[row, 0].set_title("magnitudes" if row == 0 else "", fontsize=10)
        for axis, (name, mask) in zip(axes[row, 1:], masks.items(), strict=True):
            axis.imshow(mask[row], cmap=kept, vmin=0, vmax=1)
            text = f"{int(mask[row].sum())} of {layer.size}"
            axis.set_title(f"{name}: {text}" if row == 0 else text, fontsize=10)
    for axis in axes.ravel():
        as_picture(axis)
    return figure


def sorted_magnitudes(trained: Mapping[str, np.ndarray], relevant: int, kept: int) -> Figure:
    """Draw sorted weight magnitudes, one panel a penalty, marking the weights that matter and those that survive.

    ``trained`` maps a penalty's name to the trained weights. The first ``relevant`` of them are those that matter; a
    line separates the ``kept`` weights that pruning keeps from the rest.
    """
    figure, axes = new_figure(6.9, 3, columns=len(trained), sharey=True, squeeze=False)
    for axis, (name, w) in zip(axes[0], trained.items(), strict=True):
        order = np.argsort(-np.abs(w), kind="stable")
        rank, matters = np.arange(1, w.size + 1), order < relevant
        size = np.abs(w[order])
        axis.plot(rank[~matters], size[~matters], "x", ms=4, color=GREY, label="does not matter")
        axis.plot(rank[matters], size[matters], "o", ms=5, color=INK, label="matters")
        axis.axvline(kept + 0.5, color=RED, lw=1, ls="--")
        axis.set(title=name, xlabel="rank", yscale="log", ylim=(1e-4, 3))
    axes[0, 0].set_ylabel("magnitude |w|, logarithmic")
    axes[0, 0].legend(loc="lower left", fontsize=SMALL)
    return figure


def magnitudes_and_cut(stages: Mapping[str, Sequence[int]], edges: Sequence[float], cut: float, ratio: float) -> Figure:
    """Draw how weight magnitudes are spread before and after training, and where pruning cuts.

    ``stages`` maps a stage's name to the counts of weights in the bins of ``edges`` (log10 of the magnitude); ``cut``
    is the smallest magnitude that pruning at ``ratio`` keeps.
    """
    figure, axis = new_figure(6.9, 3.2)
    for (name, counts), colour, filled in zip(
        stages.items(), (GREY, PENALTY_STYLE["l2+l0"]["color"]), (False, True), strict=True
    ):
        shares = 100 * np.asarray(counts, dtype=float) / np.sum(counts)
        axis.stairs(shares, edges, color=colour, lw=1.4, fill=filled, alpha=0.75 if filled else 1, label=name)
    axis.axvline(np.log10(cut), color=RED, lw=1.4, ls="--")
    text = f"  kept at {ratio:g}×"
    axis.text(np.log10(cut), 0.95, text, transform=axis.get_xaxis_transform(), color=RED, va="top")
    axis.set(xlabel="magnitude |w|", ylabel="share of weights (%)", xlim=(-7, 0.5), yscale="log", ylim=(1e-3, 100))
    label_ticks(axis.yaxis, [0.001, 0.01, 0.1, 1, 10])
    axis.legend(frameon=False, loc="upper left")
    _powers_of_ten(axis)
    return figure


def weights_over_epochs(
    histories: Mapping[str, Sequence[Any]],
    edges: Sequence[float],
    epochs: Sequence[int],
    cuts: Mapping[str, float],
    ratio: float,
) -> Figure:
    """Draw how the magnitudes of a network's weights are spread, epoch by epoch, one panel a penalty.

    ``histories`` maps ``l2``, ``l1``, ``l0``, ``l2+l0`` to the epochs that :func:`l0lib.compress.train` returned;
    ``edges`` are those of the histogram's bins, in log10 of the magnitude. ``epochs`` are drawn from pale to strong;
    ``cuts`` has by penalty the magnitude below which pruning at ``ratio`` removes a weight.
    """
    figure, axes = new_figure(7.6, 5.0, rows=2, columns=2, sharex=True, sharey=True)
    for axis, (name, history) in zip(axes.ravel(), histories.items(), strict=True):
        colour = np.array(to_rgb(PENALTY_STYLE[name]["color"]))
        for place, epoch in enumerate(epochs, start=1):
            counts = np.array(history[epoch].magnitudes, dtype=float)
            look = {"color": 1 - place / len(epochs) * (1 - colour), "lw": 2.0 if place == len(epochs) else 0.9}
            label = "start" if epoch == 0 else f"after epoch {epoch}"
            axis.stairs(100 * counts / counts.sum(), edges, fill=False, label=label, **look)
        axis.axvline(np.log10(cuts[name]), color=GREY, lw=1, ls=":", label=f"cut at {ratio:g}×")
        axis.set_title(labels.PENALTIES[name], fontsize=11)
    axes[0, 0].legend(frameon=False, fontsize=SMALL, loc="upper left")
    axes[0, 0].set(yscale="log", ylim=(2e-3, 100))
    axes[0, 0].set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    for axis in axes[:, 0]:
        axis.set_ylabel("share of weights (%)")
    for axis in axes[1]:
        axis.set_xlabel("magnitude |w|")
        _powers_of_ten(axis)
        axis.set_xlim(edges[0], edges[-1])
    return figure


def _powers_of_ten(axis) -> None:
    axis.xaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))


def first_layer(stages: Mapping[str, np.ndarray], units: Sequence[int], side: int = 28) -> Figure:
    """Draw the incoming weights of some units as pictures, one row a stage; gold is positive, magenta negative.

    ``stages`` maps a stage's name to the weights of the first layer, shape (all units, side * side).
    """
    figure, axes = new_figure(7.2, 0.95 * len(stages) + 0.25, rows=len(stages), columns=len(units), squeeze=False)
    for row, (name, weights) in zip(axes, stages.items(), strict=True):
        for axis, unit in zip(row, units, strict=True):
            picture = weights[unit].reshape(side, side)
            span = np.abs(picture).max() or 1
            # as it is, for the browser to scale: enlarged here it takes several times the bytes
            axis.imshow(picture, cmap=SIGNED, vmin=-span, vmax=span, interpolation="none")
            as_picture(axis)
        row[0].set_ylabel(name, fontsize=SMALL)
    return figure


def kept_weights(layers: Mapping[str, np.ndarray]) -> Figure:
    """Draw a dot for each weight that is kept, one panel a layer; ``layers`` maps names to boolean matrices."""
    figure, axes = new_figure(7.2, 3.4, columns=len(layers), squeeze=False, width_ratios=[3, 2, 1.2][: len(layers)])
    for axis, (name, mask) in zip(axes[0], layers.items(), strict=True):
        rows, columns = np.nonzero(mask)
        size = np.clip(4e4 / mask.size, 0.9, 9)
        axis.scatter(columns, rows, s=size, color=PENALTY_STYLE["l2+l0"]["color"], linewidths=0, rasterized=True)
        units, inputs = mask.shape
        axis.set(xlabel=f"{inputs} inputs", ylabel=f"{units} units")
        axis.set(xlim=(-0.5, inputs - 0.5), ylim=(units - 0.5, -0.5))
        axis.set_title(f"{name}\n{int(mask.sum()):,} of {mask.size:,}", fontsize=10)
        as_picture(axis)
    return figure


def units_left(layers: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw how many units of each layer still work, and what silenced the others.

    ``layers`` maps a layer's name to ``{kind: number of units}``, the same kinds in the same order for all.
    """
    figure, axis = new_figure(6.9, 0.6 * len(layers) + 1.1)
    names = list(layers)
    places = np.arange(len(names))[::-1]
    left = np.zeros(len(names))
    looks = (
        {"color": TEAL},
        {"color": "none", "edgecolor": BROWN, "hatch": "////"},
        {"color": "none", "edgecolor": INK, "hatch": "\\\\\\\\"},
        {"color": "#eceff2", "edgecolor": GREY},
    )
    kinds = list(next(iter(layers.values())))
    totals = np.array([sum(parts.values()) for parts in layers.values()])
    for kind, look in zip(kinds, looks, strict=False):
        counts = np.array([parts[kind] for parts in layers.values()])
        shares = 100 * counts / totals
        bars = axis.barh(places, shares, 0.6, left=left, label=kind, **look)
        told = [str(count) if share > 4 else "" for share, count in zip(shares, counts, strict=True)]
        axis.bar_label(bars, told, label_type="center", fontsize=SMALL, bbox={"fc": "white", "ec": "none", "pad": 1.5})
        left += shares
    axis.set_yticks(places, names)
    axis.set(xlabel="share of the layer's units (%)", xlim=(0, 100))
    axis.grid(False, axis="y")
    axis.legend(frameon=False, fontsize=SMALL, ncols=len(kinds), loc="lower center", bbox_to_anchor=(0.45, 1.0))
    return figure


def norms_in_and_out(panels: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw the norm of each unit's outgoing weights against that of its incoming ones, one panel a network.

    ``panels`` maps a title to incoming and outgoing norms, float arrays (units,). The dashed line is where both are
    equal.
    """
    figure, axes = new_figure(6.8, 3.0, columns=len(panels), squeeze=False)
    most = 1.08 * max(float(np.max(norms)) for pair in panels.values() for norms in pair)
    for ax, (title, (inward, outward)) in zip(axes[0], panels.items(), strict=True):
        ax.plot([0, most], [0, most], color=GREY, linestyle=(0, (5, 4)), linewidth=1)
        ax.plot(inward, outward, "o", color=PENALTY_STYLE["l2"]["color"], markersize=3, alpha=0.7)
        ax.set(title=title, xlim=(0, most), ylim=(0, most), xlabel="norm of what comes in", aspect="equal")
    axes[0, 0].set_ylabel("norm of what goes out")
    return figure


def four_updates(
    paths: Mapping[str, np.ndarray], histograms: Mapping[str, Sequence[int]], edges: Sequence[float]
) -> Figure:
    """Draw one weight under the four updates, and where they leave the weights of a network.

    By an update's name, ``paths`` has the weight after each step, and ``histograms`` the counts of weights in the bins
    of ``edges``, in log10 of the magnitude; the first bin also holds the zeros.
    """
    figure, (one, all_) = new_figure(7.6, 3.4, columns=2)
    for name, path in paths.items():
        one.plot(np.arange(len(path)), path, lw=1.7, label=name, **_UPDATE_STYLE[name])
    one.axhline(0, color=GREY, lw=0.8)
    one.set(xlabel="step", ylabel="one weight, without a loss")
    one.legend(frameon=False, fontsize=SMALL)
    places = np.arange(len(histograms))[::-1]
    bounds = (-np.inf, -6, -4, -2, np.inf)
    labels = ("zero or < 10⁻⁶", "10⁻⁶ to 10⁻⁴", "10⁻⁴ to 10⁻²", "> 10⁻²")
    colours = (TEAL, GREY, "#b4bbc4", INK)
    left = np.zeros(len(histograms))
    starts = np.asarray(edges)[:-1] + 1e-9
    for low, high, label, colour in zip(bounds[:-1], bounds[1:], labels, colours, strict=True):
        inside = (starts >= low) & (starts < high)
        shares = np.array([100 * np.asarray(c)[inside].sum() / np.sum(c) for c in histograms.values()])
        all_.barh(places, shares, 0.6, left=left, color=colour, label=label)
        left += shares
    all_.set_yticks(places, list(histograms))
    all_.set(xlabel="share of the network's weights (%)", xlim=(0, 100))
    all_.grid(False, axis="y")
    all_.legend(
        frameon=False, fontsize=SMALL, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0), title="magnitude"
    )
    return figure


def ratio_schedules(named: Mapping[str, Callable[..., float]], steps: int, first: float, last: float) -> Figure:
    """Draw the compression ratio and the share of parameters kept over all ``steps`` prunings of each schedule.

    ``named`` maps a name to a schedule ``(step, steps, first, last) -> ratio`` (:data:`l0lib.compress.SCHEDULES`).
    """
    figure, (ratio, share) = new_figure(7.4, 3.0, columns=2)
    looks = (
        {"color": BROWN, "marker": "^", "ls": "--"},
        {"color": TEAL, "marker": "s", "ls": "-."},
        {"color": INK, "marker": "o", "ls": "-"},
    )
    at = np.arange(steps + 1)
    for (name, schedule), look in zip(named.items(), looks, strict=True):
        ratios = np.array([schedule(int(step), steps, first, last) for step in at])
        ratio.plot(at, ratios, ms=4, lw=1.4, label=name, **look)
        share.plot(at, 100 / ratios, ms=4, lw=1.4, **look)
    ratio.set(xlabel="prunings done", ylabel="compression ratio", yscale="log")
    label_ticks(ratio.yaxis, [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500) if first <= tick <= last], "×")
    ratio.legend(frameon=False)
    share.set(xlabel="prunings done", ylabel="parameters kept (%)")
    return figure


def own_loop(losses: Sequence[float], pruned_at: int, kept: Mapping[str, float]) -> Figure:
    """Draw the loss of each step of a loop of the reader's own, and how much of each layer survives.

    The network was pruned before step ``pruned_at``; ``kept`` maps a layer's name to the share of its parameters that
    is kept, in the network's order.
    """
    figure, (loss, share) = new_figure(7.6, 3.3, columns=2, width_ratios=[1, 1.15])
    loss.semilogy(range(1, len(losses) + 1), losses, color=INK, lw=1.3)
    loss.axvline(pruned_at + 0.5, color=RED, lw=1.3, ls="--")
    at = {"transform": loss.get_xaxis_transform(), "color": RED, "va": "top", "ha": "right"}
    loss.text(pruned_at, 0.97, "pruned ", **at)
    loss.set(xlabel="step", ylabel="loss of the batch")
    places = np.arange(len(kept))
    share.bar(places, 100 * np.array(list(kept.values())), color=TEAL)
    share.set_xticks(places, list(kept), rotation=90, fontsize=SMALL)
    share.set(ylabel="parameters kept (%)", ylim=(0, 105))
    share.grid(False, axis="x")
    return figure
