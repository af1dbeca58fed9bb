"""Figures of penalties: their values, slopes, proximal operators and priors, alone and added."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .. import attraction, labels
from ..penalties import L0, L1, L2, Penalty
from ._style import BROWN, DASHES, GREY, INK, PENALTY_STYLE, SMALL, TEAL, new_figure, penalty_line

#: Lines for several sharpness values of the smoothed l0.
_FAMILY = tuple({"color": PENALTY_STYLE["l0"]["color"], "linestyle": dashes} for dashes in DASHES)


def penalty_and_slope(l2: Penalty, l1: Penalty, l0: Penalty) -> Figure:
    """Draw three penalties of one weight, and the slope of each for positive weights."""
    figure, (price, slope) = new_figure(6.9, 3.3, columns=2)
    w = np.linspace(-1.2, 1.2, 481)
    positive = np.linspace(0, 1.2, 241)[1:]
    for name, penalty in (("l2", l2), ("l1", l1), ("l0", l0)):
        price.plot(w, penalty.elementwise(w), **penalty_line(name, lw=2))
        slope.plot(positive, penalty.gradient(positive), lw=2, **PENALTY_STYLE[name])
    price.set(xlabel="weight w", ylabel="price", ylim=(0, None))
    price.legend(loc="upper center", ncols=3, fontsize=SMALL, bbox_to_anchor=(0.5, 1.15), frameon=False)
    slope.set(xlabel="weight w > 0", ylabel="slope of the price: the pull", xlim=(0, 1.2), ylim=(0, None))
    return figure


def _minimum(penalty: Penalty, centre: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Minimise (w - centre)' matrix (w - centre) / 2 + penalty by proximal gradient steps."""
    step, w = 1 / np.linalg.norm(matrix, 2), centre.copy()
    for _ in range(2000):
        w = penalty.prox(w - step * matrix @ (w - centre), step)
    return w


def touching_contours(centre: np.ndarray, matrix: np.ndarray, alpha_l2: float, alpha_l1: float) -> Figure:
    """Draw contours of a quadratic loss of two weights against the sets that an l2 and an l1 budget allow.

    The loss has its minimum at ``centre`` (2,) and the second derivatives ``matrix`` (2, 2), positive definite. Each
    panel's budget is the penalty of the solution under the factor ``alpha_l2`` or ``alpha_l1``.
    """
    figure, axes = new_figure(6.9, 4, columns=2, sharex=True, sharey=True)
    side = np.linspace(-1.1, 1.9, 241)
    grid = np.stack(np.meshgrid(side, side), axis=-1) - centre
    loss = np.einsum("...i,ij,...j->...", grid, matrix, grid) / 2
    angle = np.linspace(0, 2 * np.pi, 361)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for axis, name, penalty in ((axes[0], "l2", L2(alpha_l2)), (axes[1], "l1", L1(alpha_l1))):
        best = _minimum(penalty, centre, matrix)
        touched = (best - centre) @ matrix @ (best - centre) / 2
        axis.contour(side, side, loss, levels=touched * np.array([0.05, 0.3, 1, 2, 3.5]), colors=GREY, linewidths=0.9)
        power = 2 if name == "l2" else 1
        size = (np.abs(best) ** power).sum() ** (1 / power)
        ball = size * circle / (np.abs(circle) ** power).sum(0) ** (1 / power)
        axis.fill(*ball, color=PENALTY_STYLE[name]["color"], alpha=0.2)
        axis.plot(*ball, lw=1.5, **PENALTY_STYLE[name])
        axis.plot(*centre, "+", color="black", ms=9)
        axis.plot(*best, "o", color=PENALTY_STYLE[name]["color"], ms=8)
        axis.axhline(0, color="black", lw=0.6)
        axis.axvline(0, color="black", lw=0.6)
        axis.set(title=labels.PENALTIES[name], xlabel="first weight", xlim=(-1.05, 1.6), ylim=(-1.05, 1.3))
        axis.set_aspect("equal")
        axis.grid(False)
    axes[0].set_ylabel("second weight")
    return figure


def prior_densities(alpha_l2: float, alpha_l1: float, span: float = 4.0) -> Figure:
    """Draw the normalised densities exp(-penalty) of l2 and l1, and their logarithms."""
    figure, (density, logarithm) = new_figure(6.9, 3.1, columns=2)
    w = np.linspace(-span, span, 801)
    for name, penalty in (("l2", L2(alpha_l2)), ("l1", L1(alpha_l1))):
        values = np.exp(-penalty.elementwise(w))
        values /= np.sqrt(np.pi / alpha_l2) if name == "l2" else 2 / alpha_l1
        label = "ℓ2: Gaussian" if name == "l2" else "ℓ1: Laplace"
        density.plot(w, values, lw=2, label=label, **PENALTY_STYLE[name])
        logarithm.plot(w, values, lw=2, **PENALTY_STYLE[name])
    density.set(xlabel="weight w", ylabel="prior density")
    density.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=2, frameon=False, fontsize=SMALL)
    logarithm.set(xlabel="weight w", ylabel="prior density, logarithmic", yscale="log", ylim=(1e-4, 1))
    return figure


def prox_curves(penalties: Mapping[str, Penalty], v: np.ndarray, step: float) -> Figure:
    """Draw the proximal operators of some penalties over the points ``v``, beside the diagonal."""
    figure, axis = new_figure(6, 3.6)
    axis.plot(v, v, color=GREY, lw=0.8)
    for name, penalty in penalties.items():
        axis.plot(v, penalty.prox(v, step), **penalty_line(name, lw=2))
    axis.set(xlabel="before: v", ylabel="after: prox(v)")
    axis.legend()
    return figure


def l0_shapes(betas: Sequence[float]) -> Figure:
    """Draw the smoothed count of one weight for several sharpness values, and how much it falls short of the count."""
    figure, (value, gap) = new_figure(6.9, 3.4, columns=2, sharex=True)
    w = np.linspace(-1, 1, 2001)
    side = w[w > 0]
    value.axhline(1, color="black", lw=1.4)
    value.plot(0, 1, "o", mfc="white", mec="black", ms=6)
    value.plot(0, 0, "o", color="black", ms=6, label="exact count")
    for beta, style in zip(betas, _FAMILY, strict=False):
        value.plot(w, L0(1, beta).elementwise(w), lw=1.8, label=f"β = {beta:g}", **style)
        short = 1 - L0(1, beta).elementwise(side)
        gap.plot(side, short, lw=1.8, **style)
        gap.plot(-side, short, lw=1.8, **style)
    gap.plot(0, 1, "o", mfc="white", mec="black", ms=6)
    gap.plot(0, 0, "o", color="black", ms=6)
    value.set(xlabel="weight w", ylabel="price of the weight", ylim=(-0.05, 1.1))
    value.legend(fontsize=SMALL, loc="lower right")
    gap.set(xlabel="weight w", ylabel="exact count less smoothed count", ylim=(-0.05, 1.1))
    return figure


def pull_against_beta(magnitudes: Sequence[float], betas: np.ndarray) -> Figure:
    """Draw the pull on weights of fixed magnitudes against the sharpness (α = 1), and the maximum at one over it."""
    figure, axis = new_figure(6.9, 3.5)
    for size, style in zip(magnitudes, _FAMILY, strict=False):
        axis.plot(betas, L0(1, betas).gradient(size), lw=1.9, label=f"|w| = {size:g}", **style)
        best = attraction.best_beta(size)
        if betas[0] <= best <= betas[-1]:
            axis.plot(best, L0(1, best).gradient(size), "o", color=style["color"], ms=7)
    axis.plot(betas, betas / math.e, color=GREY, lw=0.9, zorder=0)
    axis.annotate("αβ/e", (betas[-1], betas[-1] / math.e), ha="right", va="bottom", color=GREY)
    axis.set(xscale="log", yscale="log", xlabel="sharpness β, logarithmic", ylabel="pull, logarithmic")
    axis.set(xlim=(betas[0], betas[-1]), ylim=(1e-3, 1.5 * betas[-1] / math.e))
    axis.legend(fontsize=SMALL, loc="lower left")
    return figure


def crossovers(betas: np.ndarray) -> Figure:
    """Draw, against the sharpness, the magnitudes below which the smoothed l0 pulls harder than l1 and than l2."""
    figure, axis = new_figure(6.9, 3.5)
    for name, limit in (("l1", attraction.crossover_l1(betas)), ("l2", attraction.crossover_l2(betas))):
        axis.plot(betas, limit, lw=2, label=f"harder than {labels.PENALTIES[name]} below", **PENALTY_STYLE[name])
    axis.plot(math.e, 1 / math.e, "o", color=PENALTY_STYLE["l1"]["color"], ms=7)
    axis.annotate("β = e", (math.e, 1 / math.e), xytext=(0, 7), textcoords="offset points", ha="center")
    axis.set(xscale="log", xlabel="sharpness β, logarithmic", ylabel="magnitude |w|")
    axis.set(xlim=(betas[0], betas[-1]), ylim=(0, None))
    axis.legend()
    return figure


def l0_penalty_and_term(eta: float, alpha: float, betas: Sequence[float]) -> Figure:
    """Draw the paper's Figure 2: the smoothed l0 for some sharpness values, as a penalty and as a zero-attraction term.

    Dots mark where its pull equals that of l1 and of l2 with the same factor.
    """
    figure, (value, term) = new_figure(6.9, 3.7, columns=2)
    w = np.linspace(-1, 1, 2001)
    halves = (w[w < 0], w[w > 0])
    for name, penalty in (("l2", L2(alpha)), ("l1", L1(alpha))):
        value.plot(w, penalty.elementwise(w), **penalty_line(name, lw=1.3))
        for half in halves:
            term.plot(half, attraction.term(penalty, half, eta), lw=1.3, **PENALTY_STYLE[name])
    for beta, style in zip(betas, _FAMILY, strict=False):
        smooth = L0(alpha, beta)
        value.plot(w, smooth.elementwise(w), lw=2, label=f"smoothed ℓ0, β = {beta:g}", **style)
        for half in halves:
            term.plot(half, attraction.term(smooth, half, eta), lw=2, **style)
        for rival, limit in (("l1", attraction.crossover_l1(beta)), ("l2", attraction.crossover_l2(beta))):
            if 0 < limit <= 1:
                colour = PENALTY_STYLE[rival]["color"]
                term.plot(limit, attraction.term(smooth, limit, eta), "o", color=colour, ms=5, zorder=5)
    value.set(xlabel="weight w", ylabel="penalty αΩ(w)")
    value.legend(fontsize=SMALL, loc="lower left", bbox_to_anchor=(0, 1.02), ncols=2, frameon=False)
    term.set(xlabel="weight w", ylabel="zero-attraction term")
    term.axhline(0, color=GREY, lw=0.8)
    return figure


def smoothings(shapes: Mapping[str, tuple[Callable, Callable]], span: float = 1.5) -> Figure:
    """Draw several smooth counts of one weight, and the slope of each, for magnitudes up to ``span``.

    ``shapes`` maps a name to a pair of functions of a positive magnitude: the value and its slope.
    """
    figure, (value, slope) = new_figure(6.9, 3.6, columns=2, sharex=True)
    size = np.linspace(0, span, 601)
    others = zip((INK, TEAL, BROWN, GREY), DASHES[1:], strict=False)
    styles = (PENALTY_STYLE["l0"], *({"color": colour, "linestyle": dashes} for colour, dashes in others))
    for (name, (height, tilt)), style in zip(shapes.items(), styles, strict=False):
        value.plot(size, height(size), lw=1.9, label=name, **style)
        slope.plot(size, tilt(size), lw=1.9, **style)
    value.set(xlabel="magnitude |w|", ylabel="price of the weight", xlim=(0, span), ylim=(0, None))
    figure.legend(fontsize=SMALL, loc="outside upper center", ncols=5, columnspacing=1.2, frameon=False)
    slope.set(xlabel="magnitude |w|", ylabel="its slope: the pull", ylim=(0, None))
    return figure


def pull_of_two(l2: Penalty, l0: Penalty, least: float, span: float) -> Figure:
    """Draw the pull on a positive weight under two penalties and under their sum, absolute and relative to the weight.

    ``l2`` and ``l0`` are the two terms of the paper's Eq. 17. The weight of ``least`` pull is marked in the left panel;
    weights up to ``span`` are shown.
    """
    figure, (pull, relative) = new_figure(7.6, 3.3, columns=2)
    w = np.linspace(span / 1000, span, 800)
    for name, penalty in (("l2", l2), ("l0", l0), ("l2+l0", l2 + l0)):
        style = penalty_line(name, lw=2.4 if name == "l2+l0" else 1.5)
        pull.plot(w, penalty.gradient(w), **style)
        relative.semilogy(w, penalty.gradient(w) / w, **style)
    pull.axvline(least, color=GREY, lw=0.8, ls=":")
    pull.text(least, 0.93, "  least pull", transform=pull.get_xaxis_transform(), color=GREY, fontsize=SMALL)
    pull.set(xlabel="weight w", ylabel="pull (slope of the penalty)", ylim=(0, None))
    relative.set(xlabel="weight w", ylabel="pull over weight")
    relative.legend(frameon=False)
    return figure
