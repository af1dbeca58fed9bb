"""Figures of weights that penalties move: maps, ways to zero, what happens there, and how far a penalty reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import attraction, labels, landscape
from ..penalties import L0, L1
from ._style import GREY, MARKERS, PENALTY_STYLE, PLAINEST_FIRST, new_figure, penalty_line

_SHADE = {"shrinks": "#3c7a2e", "crosses zero, shrinks": "#c79a00", "crosses zero, grows": "#b3202a"}


def zero_attraction_maps(penalties: Mapping[str, Any], eta: float) -> Figure:
    """Draw one panel per penalty: the map f(w) of a step without loss, over the cone where a step shrinks."""
    figure, axes = new_figure(8.4, 3.3, columns=len(penalties), sharex=True, sharey=True, squeeze=False)
    half = np.linspace(0, 1, 401)[1:]
    for axis, (name, penalty) in zip(axes[0], penalties.items(), strict=True):
        axis.fill_between([-1, 0, 1], [-1, 0, -1], [1, 0, 1], color=_SHADE["shrinks"], alpha=0.1, lw=0)
        axis.plot([-1, 1], [-1, 1], color=GREY, lw=0.8)
        axis.plot([-1, 1], [1, -1], color=GREY, lw=0.8, ls=":")
        for side in (-half[::-1], half):
            axis.plot(side, attraction.step(penalty, side, eta), lw=2, **PENALTY_STYLE[name])
        axis.set(title=labels.PENALTIES[name], xlabel="weight w before the step", xlim=(-1, 1), ylim=(-1, 1))
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("f(w), the weight after it")
    return figure


def race_to_zero(
    penalties: Mapping[str, Any], w0: float, eta: float, steps: int, threshold: float | None = None
) -> Figure:
    """Draw the paper's Figure 1: one weight under each penalty from the same start, linear and logarithmic.

    After arrival an orbit jumps at each step: it is drawn as dots in its band, not as a line. The dotted vertical lines
    are the arrivals that :func:`l0lib.attraction.steps_to_zero` predicts.
    """
    figure, (linear, logarithmic) = new_figure(8.4, 3.4, columns=2, sharex=True)
    numbers = np.arange(steps + 1)
    for name, penalty in penalties.items():
        orbit = np.asarray(attraction.trajectory(penalty, w0, eta, steps))
        last, colour = _arrival(orbit), PENALTY_STYLE[name]["color"]
        for axis, values in ((linear, orbit), (logarithmic, np.abs(orbit))):
            axis.plot(values[: last + 1], **penalty_line(name, lw=2))
            axis.plot(numbers[last:], values[last:], ".", ms=1.8, color=colour)
        if orbit[last] <= 0:
            linear.axvline(attraction.steps_to_zero(penalty, w0, eta), color=colour, lw=0.8, ls=":")
    linear.set(xlabel="step", ylabel="weight w")
    linear.legend()
    logarithmic.set(xlabel="step", ylabel="magnitude |w|, logarithmic", yscale="log")
    logarithmic.set_ylim(1e-4 * abs(w0), 1.5 * abs(w0))
    if threshold is not None:
        logarithmic.axhline(threshold, color=GREY, lw=1)
        logarithmic.annotate(f"threshold {threshold:g}", (0, threshold), va="bottom", color=GREY)
    return figure


def _arrival(orbit: np.ndarray) -> int:
    """Return the first step at which the weight is not positive; the last step if it never is."""
    arrived = np.flatnonzero(orbit <= 0)
    return arrived[0] if arrived.size else len(orbit) - 1


def scaling_factors(penalties: Mapping[str, Any], eta: float, magnitudes: np.ndarray) -> Figure:
    """Draw λ against the magnitude of the weight, over the three ranges that say what a step does (Eq. 15)."""
    figure, axis = new_figure(7.2, 3.8)
    for text, low, high in (("shrinks", 0, 1), ("crosses zero, shrinks", -1, 0), ("crosses zero, grows", -2, -1)):
        axis.axhspan(low, high, color=_SHADE[text], alpha=0.1, lw=0)
        axis.text(magnitudes[-1], (low + high) / 2, text + " ", ha="right", va="center", color=GREY)
    for name, penalty in penalties.items():
        factor = attraction.scaling_factor(penalty, magnitudes, eta)
        axis.plot(magnitudes, factor, **penalty_line(name, lw=2))
    axis.set(xscale="log", xlabel="magnitude |w|, logarithmic", ylabel="scaling factor λ", ylim=(-2, 1.15))
    axis.set_xlim(magnitudes[0], magnitudes[-1])
    axis.legend(loc="center left")
    return figure


def alpha_bounds(penalties: Mapping[str, Any], eta: float, magnitudes: np.ndarray) -> Figure:
    """Draw the bound on α against the magnitude (Eq. 16), and each penalty's own α with its critical magnitude."""
    figure, axis = new_figure(7.2, 3.8)
    for name, penalty in penalties.items():
        style = PENALTY_STYLE[name]
        bound = np.broadcast_to(attraction.alpha_bound(penalty, magnitudes, eta), magnitudes.shape)
        axis.plot(magnitudes, bound, **penalty_line(name, lw=2))
        axis.axhline(penalty.alpha, color=style["color"], lw=0.8, ls=":")
        critical = attraction.critical_magnitude(penalty, eta)
        if 0 < critical < np.inf:
            axis.plot(critical, penalty.alpha, "o", color=style["color"])
            near: dict[str, Any] = {"xytext": (8, -14)}
            if name != "l0":
                near = {"xytext": (-50, 45), "arrowprops": {"arrowstyle": "-", "color": style["color"], "lw": 0.8}}
            look = {"textcoords": "offset points", "color": style["color"], "fontsize": "small"}
            axis.annotate("left of here a step makes |w| larger", (critical, penalty.alpha), **near, **look)
    axis.set(xscale="log", yscale="log", xlabel="magnitude |w|, logarithmic", ylabel="largest α that still shrinks |w|")
    axis.set_xlim(magnitudes[0], magnitudes[-1])
    axis.legend(loc="lower right")
    return figure


def equal_terms(eta: float, beta: float, first_step: float, swing: float) -> Figure:
    """Draw the pull of ℓ1 and ℓ0 matched in two ways: same first step from 1 (left), same swing at zero (right)."""
    figure, axes = new_figure(8.4, 3.3, columns=2, sharex=True)
    magnitudes = np.linspace(0, 1, 401)[1:]
    by_step = attraction.match_initial_rate(first_step, 1.0, eta, beta)
    by_swing = (L1(swing / eta), L0(swing / (eta * beta), beta))
    pairs = {"same first step from 1": (by_step.l1, by_step.l0), "same swing at zero": by_swing}
    for axis, (title, pair) in zip(axes, pairs.items(), strict=True):
        for name, penalty in zip(("l1", "l0"), pair, strict=True):
            axis.plot(magnitudes, np.abs(attraction.term(penalty, magnitudes, eta)), **penalty_line(name, lw=2))
        axis.set(title=title, xlabel="magnitude |w|", xlim=(0, 1))
        axis.set_ylim(bottom=0)
        axis.legend()
    axes[0].set_ylabel("length of the pull in one step")
    return figure


def prunable_share(multiples: Sequence[float], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the share of arrived weights below the pruning threshold against α in multiples of its limit."""
    figure, axis = new_figure(6.4, 3.4)
    for name, values in shares.items():
        axis.plot(multiples, 100 * np.asarray(values), marker="o", **penalty_line(name, lw=2))
    axis.axvline(1, color=GREY, lw=1)
    axis.set(xscale="log", xlabel="α as a multiple of its limit", ylabel="weights below the threshold (%)")
    axis.set_ylim(0, 105)
    axis.set_xticks(list(multiples), [f"{multiple:g}" for multiple in multiples], minor=False)
    axis.minorticks_off()
    axis.legend(loc="lower left")
    return figure


def first_look() -> Figure:
    """Draw the book's one picture: three equal weights with equal first steps, one penalty each and no loss."""
    eta, steps = 0.04, 700
    matched = attraction.match_initial_rate(0.0021, 1.0, eta, beta=3.0)
    figure, axis = new_figure(7.2, 3.4)
    numbers = np.arange(steps + 1)
    for name, penalty in (("l2", matched.l2), ("l1", matched.l1), ("l0", matched.l0)):
        orbit = attraction.trajectory(penalty, 1.0, eta, steps)
        last = _arrival(orbit)
        axis.plot(orbit[: last + 1], **penalty_line(name, lw=2))
        axis.plot(numbers[last:], orbit[last:], lw=0.7, alpha=0.7, color=PENALTY_STYLE[name]["color"])
    axis.axhline(0, color=GREY, lw=0.8, zorder=0)
    axis.set(xlabel="training step", ylabel="weight", xlim=(0, steps))
    axis.legend()
    return figure


def map_near_zero(alpha: float, beta: float, eta: float):
    r"""Draw :math:`f(w)` near zero for l1 and smoothed l0 with equal swing bands, and the diagonals."""
    l0 = L0(alpha, beta)
    band = attraction.swing_band(l0, eta)
    figure, axes = new_figure(7.2, 3.7, columns=2, sharey=True)
    for axis, name, penalty in ((axes[0], "l1", L1(alpha * beta)), (axes[1], "l0", l0)):
        for side in (-1, 1):
            w = side * np.linspace(1e-9, 1.9, 300) * band
            axis.plot(w / band, attraction.step(penalty, w, eta) / band, lw=2, color=PENALTY_STYLE[name]["color"])
        for slope in (1, -1):
            axis.plot([-1.9, 1.9], [-1.9 * slope, 1.9 * slope], color=GREY, lw=0.8, ls=":")
        for text, magnitude in (("$w_c$", attraction.critical_magnitude), ("$w_x$", attraction.crossing_magnitude)):
            x = magnitude(penalty, eta) / band
            y = float(attraction.step(penalty, x * band, eta)) / band
            axis.plot([x], [y], "o", color=PENALTY_STYLE[name]["color"], ms=5)
            axis.annotate(text, (x, y), textcoords="offset points", xytext=(7, -10))
        axis.axhline(0, color=GREY, lw=0.6)
        axis.set(title=labels.PENALTIES[name], xlabel="$w / c$", ylim=(-1.25, 1.6), xlim=(-1.9, 1.9))
    axes[0].set_ylabel("next weight, $f(w) / c$")
    axes[1].annotate("$f = w$", (1.35, 1.4), color=GREY, fontsize=8)
    axes[1].annotate("$f = -w$", (-1.55, 1.4), color=GREY, fontsize=8)
    return figure


def settling(eta: float, beta: float):
    r"""Draw how arrived weights spread over the swing band for three values of :math:`a = \eta\alpha\beta^2`."""
    figure, axes = new_figure(7.2, 2.9, columns=3, sharex=True)
    random = np.random.default_rng(0)
    for axis, a in zip(axes, (0.05, 0.4, 2.0), strict=True):
        penalty = L0(a / (eta * beta**2), beta)
        band = attraction.swing_band(penalty, eta)
        steps = int(200 / a) + 1000
        starts, last = random.uniform(-band, band, 400), range(steps - 400, steps + 1)
        size = np.abs(attraction.trajectory(penalty, starts, eta, steps, sample=last)).ravel() / band
        share = np.full(size.size, 1 / size.size)
        axis.hist(size, bins=40, range=(0, 1), weights=share, color=PENALTY_STYLE["l0"]["color"])
        axis.set(title=f"$a = {a:g}$", xlabel="$|w| / c$")
        if a <= 0.5:
            for edge in attraction.settled_bands(penalty, eta):
                axis.axvline(edge / band, color=GREY, lw=1, ls="--")
    axes[0].set_ylabel("share of the states")
    return figure


def waiting_time(eta: float, first_step: float):
    """Draw the steps to zero against the starting weight: counted by iteration, and the proven bounds around them."""
    figure, axis = new_figure(7.2, 3.4)
    starts = np.linspace(0.05, 1.0, 20)
    l1 = L1(first_step / eta)
    axis.plot(starts, np.ceil(attraction.steps_to_zero(l1, starts, eta)), **penalty_line("l1"))
    for beta, shade in ((3.0, 1.0), (6.0, 0.55)):
        penalty = attraction.match_initial_rate(first_step, 0.5, eta, beta).l0
        lower = attraction.steps_to_zero(penalty, starts, eta)
        a = eta * penalty.alpha * beta**2
        upper = np.ceil(lower * a / -np.expm1(-a))
        orbit = attraction.trajectory(penalty, starts, eta, int(upper.max()))
        counted = np.argmax(orbit <= 0, axis=0)
        color = PENALTY_STYLE["l0"]["color"]
        axis.fill_between(starts, lower, upper, color=color, alpha=0.25 * shade, lw=0)
        axis.plot(starts, counted, "o", ms=4, color=color, alpha=shade, label=f"{labels.PENALTIES['l0']}, β = {beta:g}")
    axis.axvline(0.5, color=GREY, lw=0.8, ls=":")
    axis.annotate("equal pull here", (0.5, axis.get_ylim()[1]), xytext=(4, -12), textcoords="offset points", color=GREY)
    axis.set(xlabel="starting weight $w_0$", ylabel="steps to zero", yscale="log")
    axis.legend(frameon=False)
    return figure


def regime_map():
    r"""Draw the plane of :math:`\kappa` and :math:`\beta v` with its three regimes."""
    figure, axis = new_figure(7.2, 3.8)
    k = np.geomspace(0.1, 30, 400)
    kill = np.where(k <= 1, k, 1 + np.log(np.maximum(k, 1)))
    top = 8.0
    axis.fill_between(k, 0, kill, color=PENALTY_STYLE["l1"]["color"], alpha=0.25, lw=0)
    axis.fill_between(k, kill, np.maximum(k, kill), color=PENALTY_STYLE["l2+l0"]["color"], alpha=0.25, lw=0)
    axis.fill_between(k, np.maximum(k, kill), top, color=PENALTY_STYLE["l0"]["color"], alpha=0.18, lw=0)
    leap = np.array([landscape.jump(L0(value, 1.0), 1.0)[0] for value in k])
    axis.plot(k, leap, color="black", lw=1.2, ls="--", label="zero stops being the lower minimum")
    axis.text(4.5, 0.8, "kill: zero attracts\nevery start", ha="center")
    axis.text(0.25, 5.0, "free: zero repels", ha="center")
    axis.text(12, 5.2, "bistable: the\nstart decides", ha="center")
    axis.set(xscale="log", xlim=(k[0], k[-1]), ylim=(0, top), xlabel=r"$\kappa = \alpha\beta^2/h$", ylabel=r"$\beta v$")
    axis.legend(frameon=False, loc="upper left")
    return figure


def prox_of_l0():
    r"""Draw the proximal operator for three :math:`\kappa` beside soft and hard thresholding; :math:`\beta = 1`."""
    figure, axes = new_figure(7.2, 2.9, columns=3, sharey=True)
    v = np.linspace(0, 6, 1201)
    for axis, k in zip(axes, (0.3, 1.0, 6.0), strict=True):
        penalty = L0(k, 1.0)
        threshold, _ = landscape.jump(penalty, 1.0)
        axis.plot(v, landscape.soft_threshold(v, threshold), **PENALTY_STYLE["l1"], label="soft")
        axis.plot(v, landscape.hard_threshold(v, threshold), color=GREY, ls=":", label="hard")
        axis.plot(v, landscape.minimiser(penalty, v, 1.0), **penalty_line("l0", lw=2))
        axis.set(title=rf"$\kappa = {k:g}$", xlabel="$v$")
    axes[0].set_ylabel("proximal operator")
    axes[0].legend(frameon=False)
    return figure


def exact_zeros(alpha: float, beta: float, eta: float, steps: int = 120):
    """Draw one weight under the plain, the clipped and the proximal step: the swing, and its two cures."""
    penalty = L0(alpha, beta)
    ways = {
        "plain": (lambda w: attraction.step(penalty, w, eta), "l0", "-"),
        "clipped": (lambda w: np.sign(w) * max(abs(w) - abs(attraction.term(penalty, w, eta)), 0.0), "l1", "--"),
        "proximal": (lambda w: penalty.prox(w, eta), "l2", ":"),
    }
    figure, axis = new_figure(7.2, 2.9)
    for name, (move, kind, style) in ways.items():
        orbit = [0.12]
        for _ in range(steps):
            orbit.append(float(move(orbit[-1])))
        axis.plot(orbit, style, color=PENALTY_STYLE[kind]["color"], lw=1 if name == "plain" else 2, label=name)
    band = attraction.swing_band(penalty, eta)
    axis.axhspan(-band, band, color=GREY, alpha=0.15, lw=0)
    axis.annotate("swing band $\\pm\\eta\\alpha\\beta$", (steps, band), ha="right", va="bottom", color=GREY)
    axis.set(xlabel="step", ylabel="weight $w$")
    axis.legend(frameon=False)
    return figure


def one_ulp(penalty: L0, eta: float, steps: int = 160):
    """Draw the distance between two orbits whose starts differ by one unit in the last place."""
    w0 = 0.1
    both = attraction.trajectory(penalty, np.array([w0, np.nextafter(w0, 2.0)]), eta, steps)
    figure, axis = new_figure(7.2, 2.7)
    distance = np.abs(both[:, 1] - both[:, 0])
    axis.semilogy(np.where(distance > 0, distance, np.nan), color=PENALTY_STYLE["l0"]["color"])
    axis.axhline(1e-12, color=GREY, lw=0.8, ls="--")
    axis.set(xlabel="step", ylabel="distance of the two orbits")
    return figure


def reach_against_beta(betas: Sequence[float], lines: Mapping[str, Sequence[float]], bounds: Sequence[float]) -> Figure:
    """Draw reach against beta, one line an entry of ``lines`` (at most four), with the bound of each as a thin line."""
    figure, axis = new_figure(6.6, 3.6)
    for (name, line), bound, kind in zip(lines.items(), bounds, PLAINEST_FIRST, strict=False):
        axis.plot(betas, line, label=name, **PENALTY_STYLE[kind])
        axis.axhline(bound, color=PENALTY_STYLE[kind]["color"], linewidth=0.8, alpha=0.6)
    axis.axvspan(5, 10, color=GREY, alpha=0.15, linewidth=0)
    axis.set(xscale="log", yscale="log", xlabel="β", ylabel="reach r")
    axis.legend(frameon=False)
    return figure


def predicted_and_found(points: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw the share of weights found dead against the share predicted, in percent, one series an entry (at most 4)."""
    figure, axis = new_figure(4.6, 4.0)
    axis.plot([0, 100], [0, 100], color=GREY, linestyle=(0, (5, 4)), linewidth=1)
    for (name, pairs), kind in zip(points.items(), PLAINEST_FIRST, strict=False):
        x, y = 100 * np.asarray(pairs).T
        axis.plot(x, y, MARKERS[kind], color=PENALTY_STYLE[kind]["color"], markersize=6, label=name)
    axis.set(xlabel="predicted before training (%)", ylabel="found after training (%)", xlim=(0, 100), ylim=(0, 100))
    axis.set_aspect("equal")
    if points:
        axis.legend(frameon=False, loc="upper left")
    return figure


def norms_at_rest(lines: Mapping[str, Sequence[float]], rest: float) -> Figure:
    """Draw norms against steps, one line an entry of ``lines``, and where they should come to rest."""
    figure, axis = new_figure(7.2, 3.6)
    for (name, line), style in zip(lines.items(), PENALTY_STYLE.values(), strict=False):
        axis.plot(np.arange(1, len(line) + 1), line, label=name, lw=1.5, **style)
    axis.axhline(rest, color=GREY, lw=1.2, ls=(0, (6, 4)), label="at rest")
    axis.set(xscale="log", yscale="log", xlabel="step", ylabel="norm of the weights")
    axis.legend(frameon=False)
    return figure
