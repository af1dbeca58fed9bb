"""The explorers' pictures, for readers without JavaScript and for paper: one function for each of :mod:`l0lib.widgets`.

Figures 1 and 2 of the paper are :func:`trajectories` and :func:`penalty_and_pull` at their defaults.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure

from .. import attraction, labels, landscape
from ..chapters import alpha_beta_map as maps
from ..chapters import sparse_regression as regression
from ..penalties import L0, L1, L2, Penalty
from ..playground import network, view
from ._style import (
    AMBER,
    BROWN,
    GREY,
    INK,
    LIGHT,
    MINUS,
    PENALTY_STYLE,
    PLUS,
    RED,
    SIGNED,
    SMALL,
    TEAL,
    label_ticks,
    logarithmic,
    new_figure,
    new_mosaic,
    say,
)

if TYPE_CHECKING:
    from ..chapters.alpha_beta_map import Reading
    from ..compress.neurons import Blueprint

_KINDS = ("l2", "l1", "l0")
_L0_COLOUR = PENALTY_STYLE["l0"]["color"]
#: The playground's two classes have the colours of signs.
_CLASSES = (PLUS, MINUS)
#: Half the side of the plane that the playground shows.
_REACH = 1.15
_PLAYGROUND_PENALTIES = {"none": "no penalty", "l2": "ℓ2", "l1": "ℓ1", "l0": "ℓ0", "l2+l0": "ℓ2 + ℓ0"}


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}; got {value!r}")


def _arrival(path):
    """The first step at which the weight has reached zero (up to rounding) or crossed it; None if none."""
    hit = np.nonzero(path * np.sign(path[0]) <= 1e-9 * abs(path[0]))[0]
    return int(hit[0]) if len(hit) else None


def trajectories(
    eta=0.04, w0=1.0, equal=True, first_step=0.005, alpha_l2=0.1, alpha_l1=0.1, alpha_l0=0.1, beta=3.0, steps=300,
    axis="linear",
) -> Figure:  # fmt: skip
    """Draw a weight under each penalty alone, step by step (paper, Fig. 1): :class:`~l0lib.widgets.Trajectories`.

    All three take the same first step, of length ``first_step``, or with ``equal=False`` have the factors ``alpha_…``.
    ``axis="linear"`` shows the weight, ``"log"`` its magnitude.

    Raises
    ------
    ValueError
        If ``axis`` is neither, or as in :func:`l0lib.attraction.trajectory`.
    """
    _check_choice("axis", axis, ("linear", "log"))
    if equal:
        penalties: tuple[L2, L1, L0] = attraction.match_initial_rate(first_step, w0, eta, beta)
    else:
        penalties = (L2(alpha_l2), L1(alpha_l1), L0(alpha_l0, beta))
    figure, axes = new_figure()
    band = 0.0
    for kind, penalty in zip(_KINDS, penalties, strict=True):
        path = attraction.trajectory(penalty, w0, eta, steps)
        shown = np.abs(path) if axis == "log" else path
        label = f"{labels.PENALTIES[kind]}, α = {float(penalty.alpha):.3g}"
        axes.plot(shown, label=label, **PENALTY_STYLE[kind])
        arrival = None if kind == "l2" else _arrival(path)
        if arrival is None:
            continue
        colour, band = PENALTY_STYLE[kind]["color"], float(attraction.swing_band(penalty, eta))
        axes.axvline(arrival, color=colour, linewidth=0.8, linestyle=":")
        axes.annotate(
            f"step {arrival}", (arrival, 0.95), xycoords=("data", "axes fraction"), xytext=(4, 0),
            textcoords="offset points", color=colour, va="top",
        )  # fmt: skip
        axes.axhspan(*((0, band) if axis == "log" else (-band, band)), color=colour, alpha=0.18, linewidth=0)
    axes.set_xlabel("step n")
    if axis == "log":
        axes.set_yscale("log")
        axes.set_ylim(min(w0, band or w0) / 30, 1.3 * w0)
        axes.set_ylabel("magnitude |w|")
    else:
        axes.set_ylim(-max(0.22 * w0, min(1.2 * band, 1.1 * w0)), 1.1 * w0)
        axes.set_ylabel("weight w")
    figure.legend(loc="outside upper center", ncols=3, fontsize=SMALL)
    return figure


def penalty_and_pull(eta=0.04, alpha=0.01, beta_1=5.0, beta_2=20.0, reach=1.0, axis="log") -> Figure:
    """Draw the penalties, and the length of their step (paper, Fig. 2): :class:`~l0lib.widgets.PenaltyAndPull`.

    Dots mark where the smoothed l0 penalty begins to pull harder than l1 and than l2. Weights run from ``-reach`` to
    ``reach``; ``axis`` of the pull is ``"linear"`` or ``"log"``.
    """
    _check_choice("axis", axis, ("linear", "log"))
    w = np.linspace(-reach, reach, 400)
    figure, (left, right) = new_figure(7.6, 3.4, columns=2)
    lines: list[tuple[str, Penalty, dict]] = [("l2", L2(alpha), {}), ("l1", L1(alpha), {})]
    lines += [("l0", L0(alpha, beta), {"linewidth": width}) for beta, width in ((beta_1, 1.2), (beta_2, 2.6))]
    for kind, penalty, extra in lines:
        label = labels.PENALTIES[kind] + (f", β = {float(penalty.beta):g}" if isinstance(penalty, L0) else "")
        left.plot(w, penalty.elementwise(w), label=label, **PENALTY_STYLE[kind], **extra)
        right.plot(w, np.abs(attraction.term(penalty, w, eta)), **PENALTY_STYLE[kind], **extra)
    for beta in (beta_1, beta_2):
        for kind, at in (("l1", attraction.crossover_l1(beta)), ("l2", attraction.crossover_l2(beta))):
            height = eta * alpha * (1.0 if kind == "l1" else 2 * float(at))
            if 0 < at < reach:
                right.plot(float(at), height, "o", color=PENALTY_STYLE[kind]["color"], markersize=5)
    top = eta * alpha * max(beta_1, beta_2)
    left.set(xlabel="weight w", ylabel="penalty αΩ(w)", ylim=(0, 1.35 * alpha))
    right.set(xlabel="weight w", ylabel="pull η|gradient|")
    if axis == "log":
        right.set(yscale="log", ylim=(eta * alpha / 30, 1.6 * top))
    else:
        right.set_ylim(0, 1.08 * top)
    figure.legend(loc="outside upper center", ncols=4, fontsize=SMALL)
    return figure


def scaling_factor(penalty="l0", w=0.1, alpha=0.2, eta=0.04, beta=5.0) -> Figure:
    """Draw the regimes of the scaling factor over magnitude and factor, and the factor below (paper, Eqs. 15, 16).

    The point ``w``, ``alpha`` is marked; ``penalty`` is ``"l2"``, ``"l1"`` or ``"l0"``
    (:class:`~l0lib.widgets.ScalingFactor`).
    """
    _check_choice("penalty", penalty, _KINDS)
    chosen = {"l2": L2(alpha), "l1": L1(alpha), "l0": L0(alpha, beta)}[penalty]
    size = np.geomspace(1e-3, 2, 241)
    bound = np.asarray(attraction.alpha_bound(chosen, size, eta))
    figure, (plane, below) = new_figure(7.2, 5.4, rows=2, sharex=True, height_ratios=(3, 2))
    plane.fill_between(size, bound, 1e9, color=RED, alpha=0.16, linewidth=0)
    plane.fill_between(size, bound / 2, bound, color=AMBER, alpha=0.28, linewidth=0)
    plane.plot(size, bound, color=RED, label="λ = −1, the bound of α")
    plane.plot(size, bound / 2, color=BROWN, linestyle="--", label="λ = 0")
    colour = PENALTY_STYLE[penalty]["color"]
    factor = float(attraction.scaling_factor(chosen, w, eta))
    plane.plot(w, alpha, "o", color=colour, markersize=8)
    plane.annotate(f"λ = {factor:.3g}", (w, alpha), xytext=(9, 6), textcoords="offset points", color=colour)
    for words, x, y in (("grows: λ ≤ −1", 0.06, 0.93), ("shrinks: 0 ≤ λ < 1", 0.8, 0.08)):
        plane.text(x, y, words, transform=plane.transAxes, ha="left" if x < 0.5 else "center", va="center")
    plane.set(xscale="log", yscale="log", ylim=(1e-3, 1e3), ylabel="penalty factor α")
    plane.legend(loc="lower left", fontsize=SMALL)
    below.plot(size, attraction.scaling_factor(chosen, size, eta), color=INK)
    below.axhspan(-9, -1, color=RED, alpha=0.16, linewidth=0)
    below.axhspan(-1, 0, color=AMBER, alpha=0.28, linewidth=0)
    below.axvline(w, color=GREY, linestyle=":")
    below.plot(w, max(factor, -2.2), "o", color=colour, markersize=8, clip_on=False)
    below.set(xlabel="magnitude |w|", ylabel="scaling factor λ", ylim=(-2.2, 1.25))
    return figure


def at_zero(alpha=0.01, beta=20.0, eta=0.04, w0=0.005, steps=2000) -> Figure:
    r"""Draw a weight that has arrived: cobweb, histogram over the band :math:`\pm\eta\alpha\beta`, and orbit.

    Beside smoothed l0 stands l1 with the factor :math:`\alpha\beta`, which gives it the same band
    (:class:`~l0lib.widgets.AtZero`).
    """
    l0, l1 = L0(alpha, beta), L1(alpha * beta)  # the same band for both
    band = float(attraction.swing_band(l0, eta))
    orbit, cycle = (attraction.trajectory(p, w0, eta, steps) for p in (l0, l1))
    figure, (cobweb, spread, time) = new_mosaic(7.6, 5.8, "ab;cc")
    time.grid(False)
    grid = np.linspace(-1.3 * band, 1.3 * band, 400)
    for kind, penalty, path in (("l1", l1, cycle), ("l0", l0, orbit)):
        mapped = np.asarray(attraction.step(penalty, grid, eta)).copy()
        mapped[np.flatnonzero(grid > 0)[0]] = np.nan  # the jump at zero is not part of the map
        cobweb.plot(grid, mapped, label=labels.PENALTIES[kind], **PENALTY_STYLE[kind])
        web = path[-60:] if kind == "l0" else path[-4:]
        x, y = np.repeat(web, 2)[1:-1], np.repeat(web, 2)[2:]
        cobweb.plot(x, y, color=PENALTY_STYLE[kind]["color"], linewidth=0.6, alpha=0.7)
    cobweb.plot(grid, grid, color=GREY, linewidth=0.8)
    cobweb.set(xlabel="weight w", ylabel="after one step f(w)", xlim=grid[[0, -1]], ylim=grid[[0, -1]])
    cobweb.legend(fontsize=SMALL)
    inside = np.flatnonzero(np.abs(orbit) <= band)
    if len(inside):
        settled = orbit[inside[0] :]
        spread.hist(settled, bins=40, range=(-band, band), weights=np.full(len(settled), 1 / len(settled)),
                    color=_L0_COLOUR, alpha=0.5)  # fmt: skip
    if abs(cycle[-1]) <= band:
        for w in cycle[-2:]:
            spread.axvline(w, color=PENALTY_STYLE["l1"]["color"])
    for sign in (-1, 1):
        spread.axvline(sign * band, color=_L0_COLOUR, linestyle="--", linewidth=0.9)
        time.axhline(sign * band, color=_L0_COLOUR, linestyle="--", linewidth=0.9)
    spread.set(xlabel="weight w", ylabel="share of steps", xlim=grid[[0, -1]])
    time.plot(orbit, ".", color=_L0_COLOUR, markersize=2)
    time.plot(cycle, ".", color=PENALTY_STYLE["l1"]["color"], markersize=2)
    time.set(xlabel="step n", ylabel="weight w")
    return figure


def loss_and_penalty(v=0.45, curvature=1.0, alpha=0.1, beta=5.0) -> Figure:
    r"""Draw :math:`\tfrac12 h(w - v)^2` plus the smoothed l0 penalty, and its minimum against :math:`v`.

    ``v`` >= 0 is the optimum of the loss, ``curvature`` :math:`h` its second derivative. The kill zone is shaded; soft
    and hard thresholding stand beside the proximal operator (:class:`~l0lib.widgets.LossAndPenalty`).
    """
    penalty = L0(alpha, beta)
    far = max(0.8, 1.7 * v)
    w, optimum = np.linspace(-0.25 * far, far, 361), np.linspace(0, 2, 361)
    figure, (left, right) = new_figure(7.6, 3.6, columns=2)
    left.plot(w, 0.5 * curvature * (w - v) ** 2, color=GREY, linestyle=":", label="loss")
    left.plot(w, penalty.elementwise(w), label="penalty", **PENALTY_STYLE["l0"])
    left.plot(w, landscape.objective(penalty, w, v, curvature), color=INK, linewidth=2, label="sum")
    best = float(landscape.minimiser(penalty, v, curvature))
    left.plot(best, float(landscape.objective(penalty, best, v, curvature)), "o", color=INK, label="minimum")
    top = float(max(landscape.objective(penalty, x, v, curvature) for x in (0.0, v)))
    left.set(xlabel="weight w", ylabel="loss, penalty, sum", ylim=(0, 1.25 * max(top, 0.02)))
    left.legend(fontsize=SMALL)
    soft, hard = alpha * beta / curvature, float(np.sqrt(2 * alpha / curvature))
    end = float(landscape.kill_zone(penalty, curvature))
    right.axvspan(0, end, color=RED, alpha=0.16, linewidth=0, label="kill zone")
    if soft > end:
        right.axvspan(end, soft, color=AMBER, alpha=0.28, linewidth=0, label="two minima")
    right.plot(optimum, optimum, color=GREY, linewidth=0.8)
    right.plot(optimum, landscape.soft_threshold(optimum, soft), label="soft threshold", **PENALTY_STYLE["l1"])
    right.plot(optimum, landscape.hard_threshold(optimum, hard), color=INK, linestyle=":", label="hard threshold")
    right.plot(optimum, landscape.minimiser(penalty, optimum, curvature), label="prox", **PENALTY_STYLE["l0"])
    right.plot(v, best, "o", color=_L0_COLOUR)
    right.set(xlabel="optimum without penalty v", ylabel="minimum with penalty", xlim=(0, 2), ylim=(0, 2))
    right.legend(fontsize=SMALL)
    return figure


def four_paths(alpha: float, eta: float, w0: float, steps: int) -> dict[str, np.ndarray]:
    """Return a weight from ``w0`` under gradient steps of ``l2`` and ``l1``, and by proximal ones (``…_prox``)."""
    found = {}
    for name, penalty in (("l2", L2(alpha)), ("l1", L1(alpha))):
        for way, step in (("", attraction.step), ("_prox", lambda p, w, eta: p.prox(w, eta))):
            path = [w0]
            for _ in range(steps):
                path.append(float(step(penalty, path[-1], eta)))
            found[name + way] = np.array(path)
    return found


def four_steps(alpha=1.5, eta=0.1, w0=0.8, steps=20) -> Figure:
    """Draw the gradient and the proximal step of ℓ2 and ℓ1, one and many: :class:`~l0lib.widgets.FourSteps`."""
    w = np.linspace(-1, 1, 401)
    figure, (left, right) = new_figure(7.6, 3.6, columns=2)
    left.plot(w, w, color=GREY, linewidth=0.8)
    paths = four_paths(alpha, eta, w0, steps)
    styles = {
        "l2": ("ℓ2, gradient", {**PENALTY_STYLE["l2"], "linestyle": "--"}),
        "l2_prox": ("ℓ2, proximal", {**PENALTY_STYLE["l2"], "linestyle": "-"}),
        "l1": ("ℓ1, gradient", {**PENALTY_STYLE["l1"], "linestyle": "--"}),
        "l1_prox": ("ℓ1, proximal", {**PENALTY_STYLE["l1"], "linestyle": "-"}),
    }
    for name, (label, style) in styles.items():
        penalty = L2(alpha) if name.startswith("l2") else L1(alpha)
        after = penalty.prox(w, eta) if name.endswith("prox") else attraction.step(penalty, w, eta)
        left.plot(w, after, label=label, **style)
        right.plot(paths[name], **style)
    left.set(xlabel="weight w", ylabel="after one step", xlim=(-1, 1), ylim=(-1, 1))
    right.set(xlabel="step n", ylabel="weight w", xlim=(0, steps), ylim=(-0.2, 1.05))
    left.legend(fontsize=SMALL)
    return figure


#: Steps of an epoch in :func:`reach`: 50,000 images in batches of 100.
STEPS_OF_AN_EPOCH = 500


def reach(alpha=1e-5, beta=5.0, eta=0.05, epochs=100, momentum=0.9) -> Figure:
    """Draw the reach of smoothed ℓ0 against β and epochs, with ℓ1 of the same pull at zero beside it.

    ``eta`` is the mean learning rate (:class:`~l0lib.widgets.Reach`).
    """
    each = STEPS_OF_AN_EPOCH * eta / (1 - momentum)
    betas, many = np.geomspace(1, 100, 201), np.geomspace(1, 500, 201)
    figure, (left, right) = new_figure(7.6, 3.6, columns=2)
    left.loglog(betas, attraction.reach(L0(alpha, betas), each * epochs), label="smoothed ℓ0", **PENALTY_STYLE["l0"])
    right.loglog(many, attraction.reach(L0(alpha, beta), each * many), label="smoothed ℓ0", **PENALTY_STYLE["l0"])
    right.loglog(many, attraction.reach(L1(alpha * beta), each * many), label="ℓ1", **PENALTY_STYLE["l1"])
    for axes, x in ((left, beta), (right, epochs)):
        axes.plot(x, float(attraction.reach(L0(alpha, beta), each * epochs)), "o", color=_L0_COLOUR)
        axes.set(ylabel="reach r", ylim=(1e-4, 10))
        axes.legend(fontsize=SMALL)
    left.set(xlabel="sharpness β", xlim=(1, 100))
    right.set(xlabel="epochs", xlim=(1, 500))
    return figure


def sparse_regression(penalty="l0", alpha=0.02, beta=5.0, ratio=10.0, problem=0) -> Figure:
    """Draw every weight while the scheme runs, and the sorted magnitudes: :class:`~l0lib.widgets.SparseRegression`.

    Raises
    ------
    ValueError
        If ``penalty`` is none of ``"none"``, ``"l2"``, ``"l1"``, ``"l0"``, or ``ratio`` less than one.
    """
    _check_choice("penalty", penalty, ("none", *_KINDS))
    it = regression.run_scheme(regression.make_problem(int(problem)), regression.choose(penalty, alpha, beta), ratio)
    colour = INK if penalty == "none" else PENALTY_STYLE[penalty]["color"]
    matters, kept = it.problem.truth != 0, int(it.kept.sum())
    steps = np.arange(regression.TRAINING + regression.TUNING + 1)
    figure, (left, right) = new_figure(7.6, 3.6, columns=2)
    for those, style in ((~matters, {"color": GREY, "linewidth": 0.6}), (matters, {"color": colour, "linewidth": 1.6})):
        left.plot(steps[: regression.TRAINING + 1], it.training[:, those], **style)
        left.plot(steps[regression.TRAINING :], it.tuning[:, those & it.kept], **style)
    true = it.problem.truth[matters]
    left.plot(np.full(len(true), steps[-1]), true, "o", color=INK, mfc="white", ms=4, clip_on=False)
    left.axvline(regression.TRAINING, color=INK, linestyle="--", linewidth=0.9)
    left.set(xlabel="step n", ylabel="weight w", xlim=(0, steps[-1]), ylim=(-1.8, 1.8))
    stages = {"1 train": regression.TRAINING / 2, "3 fine-tune": regression.TRAINING + regression.TUNING / 2}
    for words, x in stages.items():
        left.annotate(words, (x, -1.7), ha="center")
    order = np.argsort(-np.abs(it.training[-1]), kind="stable")
    rank, size, useful = np.arange(1, len(order) + 1), np.abs(it.training[-1])[order], matters[order]
    right.plot(rank[~useful], size[~useful], "x", color=GREY, markersize=4, label="does not matter")
    right.plot(rank[useful], size[useful], "o", color=colour, markersize=5, label="matters")
    right.axvline(kept + 0.5, color=INK, linestyle="--", linewidth=0.9, label="2 prune")
    right.set(xlabel="rank", ylabel="magnitude |w|", yscale="log", ylim=(1e-4, 3))
    right.legend(fontsize=SMALL)
    return figure


def compression_ratio(stored: Mapping[str, Any], chosen: Mapping[str, Any], stage: str) -> Figure:
    """Draw what :class:`~l0lib.widgets.CompressionRatio` shows, for readers without JavaScript and for paper."""
    figure, (curve, bars, picture) = new_mosaic(7.6, 5.6, "aa;bc", height_ratios=(1.5, 1))
    picture.grid(False)
    picture.spines[:].set_visible(True)
    arm = chosen["arm"]
    if arm is None:
        say(curve, "not recorded yet")
        return figure
    colour = LIGHT[arm["style"]]
    for name, line in (("before", "--"), ("after", "-")):
        part = arm[name]
        if not part["requested"]:
            continue
        words = "just pruned" if name == "before" else "fine-tuned"
        curve.fill_between(part["requested"], part["low"], part["high"], color=colour, alpha=0.13, lw=0)
        curve.plot(part["requested"], part["mean"], line, color=colour, marker="o", ms=4, label=words)
        dots = [(x, e) for x, errors in zip(part["requested"], part["errors"], strict=True) for e in errors]
        curve.plot(*zip(*dots, strict=True), ".", color=colour, ms=2.5)
    curve.axhline(arm["dense"], color=GREY, lw=0.9, ls=(0, (6, 4)), label="whole network")
    curve.axvline(chosen["asked"], color=GREY, lw=1, ls=":")
    curve.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="test error (%)")
    curve.set_title(f"{arm['name']}, mark at {chosen['asked']:g}×", fontsize=11)
    logarithmic(curve, "xy")
    curve.legend(frameon=False)
    here = chosen[stage] or chosen["before"] or chosen["after"]
    names = [layer["name"] for layer in arm["layers"]]
    shares = [100 * k / layer["parameters"] for k, layer in zip(here["kept"], arm["layers"], strict=True)]
    bars.barh(names[::-1], np.maximum(shares, 1e-2)[::-1], left=1e-2, color=colour, alpha=0.8)
    bars.set(xscale="log", xlim=(1e-2, 100), xlabel="kept of the layer (%)")
    logarithmic(bars, "x")
    _first_layer(picture, arm["shape"], here["first"], colour)
    return figure


def _first_layer(axis: Axes, shape: Sequence[int], values: Sequence[float], colour: str) -> None:
    axis.axis("off")
    axis.set_title("first layer", fontsize=10)
    if not values:
        return
    array = np.asarray(values, dtype=float).reshape(shape)
    if array.ndim == 2:
        shade = LinearSegmentedColormap.from_list("kept", ["#eef0f2", colour])
        axis.imshow(array, cmap=shade, vmin=0)
        return
    most = max(float(np.abs(array).max()), 1e-9)
    if array.ndim == 4:  # of red, green and blue: a picture of the weights, and white where all three are removed
        array = np.where(array.any(1, keepdims=True), 0.5 + array / (2 * most), 1.0).transpose(0, 2, 3, 1)
        axis.imshow(_tiled(array, across=5, gap=1.0))
        return
    axis.imshow(_tiled(array, across=5), cmap=SIGNED, norm=TwoSlopeNorm(0, -most, most))


def _tiled(images: np.ndarray, across: int, gap: float = np.nan) -> np.ndarray:
    """Return ``images`` (n, height, width, ...) as one, in rows of ``across``, a pixel of ``gap`` between them."""
    down, (tall, wide) = math.ceil(len(images) / across), images.shape[1:3]
    sheet = np.full((down * (tall + 1) - 1, across * (wide + 1) - 1, *images.shape[3:]), gap)
    for place, image in enumerate(images):
        row, column = divmod(place, across)
        sheet[row * (tall + 1) :][:tall, column * (wide + 1) :][:, :wide] = image
    return sheet


def alpha_beta_map(data: Mapping[str, Any], readings: Sequence[Reading], colour: str) -> Figure:
    """Draw what :class:`~l0lib.widgets.AlphaBetaMap` shows, for readers without JavaScript and for paper.

    ``data`` is the table of :mod:`l0lib.chapters.alpha_beta_map`, ``readings`` those of one or two points, ``colour``
    one of its ``COLOURS``. A cross is a network at chance level, a stroke one that pruning has put
    there, a ring a point that is not run.
    """
    figure, (plane, curve, spread) = new_mosaic(7.6, 6.6, "aa;bc", height_ratios=(1.7, 1))
    ratio, dark = readings[0].ratio, LinearSegmentedColormap.from_list("strength", ["#f3f4f6", GREY])
    plane.grid(False)
    edges = {name: _cell_edges(np.log10(data[name])) for name in ("alphas", "betas")}
    write = {"error": lambda x: f"{x:.1f}" if x < 9.95 else f"{x:.0f}", "ratio": lambda x: f"{x:g}" if x else "–",
             "dead": lambda x: f"{100 * x:.0f}"}[colour]  # fmt: skip
    for row, (beta, shown) in enumerate(zip(data["betas"], maps.values(data, colour, ratio), strict=True)):
        for column, (alpha, value) in enumerate(zip(data["alphas"], shown, strict=True)):
            here = maps.read(data, alpha, beta, ratio)
            if here.whole is None:
                plane.plot(alpha, beta, "o", ms=3.5, mfc="none", mec=GREY)
            elif here.lost:
                plane.plot(alpha, beta, "x", ms=9, mec=RED)
            elif colour == "error" and value is not None and value >= maps.CHANCE:
                plane.plot(alpha, beta, marker="$/$", ms=9, mec=RED)
            else:
                strong = 0.0 if value is None else maps.strength(data, colour, value)
                left, right = 10 ** edges["alphas"][column : column + 2]
                bottom, top = 10 ** edges["betas"][row : row + 2]
                plane.fill_between((left, right), bottom, top, color=dark(strong), linewidth=0)
                ink = "white" if strong > 0.55 else INK
                told = "?" if value is None else write(value)
                plane.text(alpha, beta, told, ha="center", va="center", fontsize=SMALL, color=ink)
    ends = [(10 ** side[0], 10 ** side[-1]) for side in edges.values()]
    for power in range(-6, 0):
        plane.plot(ends[0], 10.0**power / np.array(ends[0]), color=INK, lw=0.8, ls=(0, (2, 3)))
    for line in data["lines"]:
        plane.plot(line["alphas"], data["line_betas"], color=_L0_COLOUR, lw=1.6)
        look = {"color": _L0_COLOUR, "fontsize": SMALL, "ha": "center", "va": "bottom"}
        plane.annotate(f"{100 * line['share']:.0f} %", (line["alphas"][0], ends[1][0]), **look)
    plane.set(xscale="log", yscale="log", xlim=ends[0], ylim=ends[1], xlabel="α of the ℓ0 term", ylabel="β")
    plane.set_title(maps.COLOURS[colour] + (f", {ratio:g}×" if colour == "error" else ""), fontsize=11)
    label_ticks(plane.yaxis, data["betas"])
    dense, both = maps.dense_error(data), PENALTY_STYLE["l2+l0"]["color"]
    if dense is not None:
        curve.axhline(dense, color=GREY, lw=0.9, ls=(0, (6, 4)))
    curve.axvline(ratio, color=GREY, lw=1, ls=":")
    for name, line, here in zip("AB", ("-", "--"), readings, strict=False):
        plane.plot(here.alpha, here.beta, "s", ms=19, mfc="none", mec=both, mew=2.2)
        plane.annotate(name, (here.alpha, here.beta), xytext=(11, 6), textcoords="offset points", color=both,
                       fontweight="bold")  # fmt: skip
        run = maps.run_at(data, here.alpha, here.beta)
        if run is None:
            continue
        curve.plot([1, *data["ratios"]], maps.errors(data, run), line, color=both, marker="o", ms=3, label=name)
        counts = np.asarray(run["magnitudes"], dtype=float)
        bins = data["first_edge"] + data["bin"] * np.arange(len(counts) + 1)
        spread.stairs(counts, 10**bins, color=both, fill=name == "A", alpha=0.5 if name == "A" else 1, label=name)
    if readings[0].threshold is not None:
        spread.axvline(math.sqrt(math.prod(readings[0].threshold)), color=INK, lw=1.2)
    spread.axvspan(readings[0].band[1], readings[0].band[0], color=AMBER, alpha=0.3, lw=0)
    curve.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="test error (%)")
    logarithmic(curve, "xy")
    spread.set(xscale="log", yscale="log", xlim=(1e-7, 3), ylim=(0.7, 3e5), xlabel="magnitude of a weight",
               ylabel="weights")  # fmt: skip
    return figure


def _cell_edges(logs: np.ndarray) -> np.ndarray:
    """Return where cells around these places begin and end: half-way to the neighbours."""
    middle = (logs[1:] + logs[:-1]) / 2
    return np.array([2 * logs[0] - middle[0], *middle, 2 * logs[-1] - middle[-1]])


def remove_neurons(plan: Blueprint, removed: Mapping[str, Iterable[int]]) -> Figure:
    """Draw the layers of a network, one row each and a mark for every unit; removed ones are thin.

    ``removed`` maps a family to the units that go, as :meth:`Blueprint.without` takes it.
    """
    sizes = plan.without(removed)
    rows = [(layer, size) for layer, size in zip(plan.layers, sizes, strict=True) if layer.kind != "norm"]
    figure, ax = new_figure(6.8, 0.6 + 0.21 * len(rows))
    for place, (layer, _) in enumerate(rows):
        n = layer.outputs
        kept, strength, colour = np.ones(n, dtype=bool), np.full(n, 0.3), GREY
        if layer.writes >= 0:
            norms, colour = np.array(plan.norms[layer.writes]), TEAL
            kept[list(removed.get(plan.families[layer.writes][0], ()))] = False
            strength = 0.25 + 0.75 * norms / norms.max()
        colours = [(colour, float(s)) if k else GREY for s, k in zip(strength, kept, strict=True)]
        height, left = np.where(kept, 0.75, 0.08), np.arange(n) / n
        ax.barh(np.full(n, place), 0.85 / n, left=left, height=height, color=colours, linewidth=0)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6), xticks=[])
    ax.set_yticks(range(len(rows)), [f"{layer.name}  {size.inputs} → {size.outputs}" for layer, size in rows])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


def draw_a_digit(image: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Draw an image (28, 28) with values in [0, 1] beside the probability of each of the ten classes."""
    figure, (left, right) = new_figure(6.4, 2.6, columns=2, width_ratios=(1, 1.9))
    left.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[], title="what the network sees")
    left.grid(False)
    left.spines[:].set_visible(True)
    right.bar(range(10), 100 * probabilities, color=PENALTY_STYLE["l2+l0"]["color"])
    right.set(xticks=range(10), ylim=(0, 100), xlabel="class", ylabel="probability (%)")
    return figure


def playground(made: view.Run, settings: Mapping[str, Any]) -> Figure:
    """Draw a view of the playground (:func:`l0lib.playground.view.run`) with its settings by name.

    Above what each network says of the plane, or its first weights; below the magnitudes of its weights.
    """
    figure, axes = new_figure(7.2, 5.6, rows=2, columns=2, height_ratios=(3, 1.4))
    for column, arm in enumerate(view.ARMS):
        state, above, below = made.networks[arm], axes[0, column], axes[1, column]
        if made.task.x.shape[1] == 2:
            _plane(above, made, state)
        else:
            _first_weights(above, state)
        above.set(xticks=[], yticks=[])
        above.grid(False)
        above.set_title(f"network {arm.upper()}: {_PLAYGROUND_PENALTIES[settings[f'{arm}_penalty']]}", fontsize=11)
        sizes = np.abs(np.concatenate([w.ravel() for w in state.weights]))
        colour = PENALTY_STYLE.get(settings[f"{arm}_penalty"], {"color": GREY})["color"]
        below.hist(np.log10(np.clip(sizes, 1e-5, 10)), bins=np.linspace(-5, 1, 37), color=colour)
        below.axvline(np.log10(settings["threshold"]), color=GREY, ls="--", lw=1)
        below.set_xticks([-5, -3, -1, 0], ["$10^{-5}$", "$10^{-3}$", "0.1", "1"])
        below.set_xlabel("magnitude of a weight")
    axes[1, 0].set_ylabel("weights")
    return figure


def _plane(axis, made: view.Run, state: network.State) -> None:
    grid = np.linspace(-_REACH, _REACH, 80)
    x, y = np.meshgrid(grid, grid)
    z = network.scores(state, np.stack([x.ravel(), y.ravel()], 1), made.activation)
    sure = np.tanh((z[:, 1] - z[:, 0]) / 2).reshape(x.shape)  # from -1, surely the first class, to 1
    shades = LinearSegmentedColormap.from_list("classes", [_CLASSES[0], "white", _CLASSES[1]])
    look = {"origin": "lower", "cmap": shades, "vmin": -1, "vmax": 1, "interpolation": "bilinear"}
    axis.imshow(0.42 * sure, extent=(-_REACH, _REACH, -_REACH, _REACH), **look)
    for label, colour in enumerate(_CLASSES):
        chosen = made.task.x[made.task.y == label]
        axis.plot(*chosen.T, ".", ms=2.5, color=colour)
    axis.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), aspect="equal")


def _first_weights(axis, state: network.State) -> None:
    units = state.weights[0].reshape(-1, 8, 8)
    sheet = _tiled(units, across=math.ceil(math.sqrt(len(units))))
    top = np.nanmax(np.abs(sheet))
    axis.imshow(sheet, cmap=SIGNED, vmin=-top, vmax=top)
