"""Figures of weights that penalties move: maps, ways to zero, what happens there, and how far a penalty reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import attraction, labels, landscape
from ..penalties import L0, L1, L2
from ._style import (
    AMBER,
    DASHES,
    GREY,
    MARKS,
    PENALTY_STYLE,
    RED,
    SMALL,
    TEAL,
    label_ticks,
    new_figure,
    penalty_line,
)

_L0 = {"color": PENALTY_STYLE["l0"]["color"]}
_SHADE = {"shrinks": TEAL, "crosses zero, shrinks": AMBER, "crosses zero, grows": RED}


def zero_attraction_maps(penalties: Mapping[str, Any], eta: float) -> Figure:
    """Draw one panel per penalty: the map f(w) of a step without loss, over the cone where a step shrinks."""
    figure, axes = new_figure(7.6, 3.3, columns=len(penalties), sharex=True, sharey=True, squeeze=False)
    half = np.linspace(0, 1, 401)[1:]
    for axis, (name, penalty) in zip(axes[0], penalties.items(), strict=True):
        axis.fill_between([-1, 0, 1], [-1, 0, -1], [1, 0, 1], color=_SHADE["shrinks"], alpha=0.1, lw=0)
        axis.plot([-1, 1], [-1, 1], color=GREY, lw=0.8)
        axis.plot([-1, 1], [1, -1], color=GREY, lw=0.8, ls=":")
        for side in (-half[::-1], half):
            axis.plot(side, attraction.step(penalty, side, eta), lw=2, **PENALTY_STYLE[name])
        axis.set(title=labels.PENALTIES[name], xlabel="weight w before the step", xlim=(-1, 1), ylim=(-1, 1))
        axis.set_xticks((-1, -0.5, 0, 0.5, 1), ["−1", "", "0", "", "1"])
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
    figure, (linear, logarithmic) = new_figure(7.6, 3.4, columns=2, sharex=True)
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
            look = {"textcoords": "offset points", "color": style["color"], "fontsize": SMALL}
            axis.annotate("left of here a step makes |w| larger", (critical, penalty.alpha), **near, **look)
    axis.set(xscale="log", yscale="log", xlabel="magnitude |w|, logarithmic", ylabel="largest α that still shrinks |w|")
    axis.set_xlim(magnitudes[0], magnitudes[-1])
    axis.legend(loc="lower right")
    return figure


def equal_terms(eta: float, beta: float, first_step: float, swing: float) -> Figure:
    """Draw the pull of ℓ1 and ℓ0 matched in two ways: same first step from 1 (left), same swing at zero (right)."""
    figure, axes = new_figure(7.6, 3.3, columns=2, sharex=True)
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
    axes[1].annotate("$f = w$", (1.35, 1.4), color=GREY, fontsize=SMALL)
    axes[1].annotate("$f = -w$", (-1.55, 1.4), color=GREY, fontsize=SMALL)
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
    for beta, mark, face in ((3.0, "o", None), (6.0, "s", "none")):
        penalty = attraction.match_initial_rate(first_step, 0.5, eta, beta).l0
        lower = attraction.steps_to_zero(penalty, starts, eta)
        a = eta * penalty.alpha * beta**2
        upper = np.ceil(lower * a / -np.expm1(-a))
        orbit = attraction.trajectory(penalty, starts, eta, int(upper.max()))
        counted = np.argmax(orbit <= 0, axis=0)
        color = PENALTY_STYLE["l0"]["color"]
        axis.fill_between(starts, lower, upper, color=color, alpha=0.25, lw=0)
        label = f"{labels.PENALTIES['l0']}, β = {beta:g}"
        axis.plot(starts, counted, mark, ms=4, color=color, mfc=face, label=label)
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
    axis.fill_between(k, 0, kill, color=RED, alpha=0.16, lw=0)
    axis.fill_between(k, kill, np.maximum(k, kill), color=AMBER, alpha=0.28, lw=0)
    axis.fill_between(k, np.maximum(k, kill), top, color=TEAL, alpha=0.1, lw=0)
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
        "plain": (lambda w: attraction.step(penalty, w, eta), "-"),
        "clipped": (lambda w: np.sign(w) * max(abs(w) - abs(attraction.term(penalty, w, eta)), 0.0), "--"),
        "proximal": (lambda w: penalty.prox(w, eta), ":"),
    }
    figure, axis = new_figure(7.2, 2.9)
    for name, (move, style) in ways.items():
        orbit = [0.12]
        for _ in range(steps):
            orbit.append(float(move(orbit[-1])))
        axis.plot(orbit, style, lw=1 if name == "plain" else 2.4, label=name, **_L0)
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
    for (name, line), bound, dashes in zip(lines.items(), bounds, DASHES, strict=False):
        axis.plot(betas, line, label=name, linestyle=dashes, **_L0)
        axis.axhline(bound, linestyle=dashes, linewidth=0.8, alpha=0.6, **_L0)
    axis.axvspan(5, 10, color=GREY, alpha=0.15, linewidth=0)
    axis.set(xscale="log", yscale="log", xlabel="β", ylabel="reach r")
    axis.legend(frameon=False)
    return figure


def predicted_and_found(points: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw the share of weights found dead against the share predicted, in percent, one series an entry (at most 4)."""
    figure, axis = new_figure(4.6, 4.0)
    axis.plot([0, 100], [0, 100], color=GREY, linestyle=(0, (5, 4)), linewidth=1)
    for (name, pairs), mark in zip(points.items(), MARKS, strict=False):
        x, y = 100 * np.asarray(pairs).T
        axis.plot(x, y, mark, markersize=6, mfc="none", label=name, **_L0)
    axis.set(xlabel="predicted before training (%)", ylabel="found after training (%)", xlim=(0, 100), ylim=(0, 100))
    axis.set_aspect("equal")
    if points:
        axis.legend(frameon=False, loc="upper left")
    return figure


def norms_at_rest(lines: Mapping[str, Sequence[float]], rest: float) -> Figure:
    """Draw norms against steps, one line an entry of ``lines``, and where they should come to rest."""
    figure, axis = new_figure(7.2, 3.6)
    for (name, line), dashes in zip(lines.items(), DASHES, strict=False):
        axis.plot(np.arange(1, len(line) + 1), line, label=name, lw=1.5, ls=dashes, color=PENALTY_STYLE["l2"]["color"])
    axis.axhline(rest, color=GREY, lw=1.2, ls=(0, (6, 4)), label="at rest")
    axis.set(xscale="log", yscale="log", xlabel="step", ylabel="norm of the weights")
    axis.legend(frameon=False)
    return figure


def overshoots(momenta: Sequence[float], a: float, beta: float = 20.0, start: float = 60.0, steps: int = 900) -> Figure:
    r"""Draw one weight under the smoothed l0 with several momenta, in units of :math:`c`, and the band of the last."""
    penalty = L0(a / beta**2, beta)
    band = attraction.swing_band(penalty, 1.0)
    figure, axis = new_figure(7.2, 3.2)
    for mu, dashes in zip(momenta, DASHES, strict=False):
        orbit = attraction.momentum_trajectory(penalty, start * band, np.ones(steps), mu) / band
        axis.plot(orbit, dashes, lw=1.5, label=f"μ = {mu:g}", **_L0)
    bound = attraction.swing_band(L1(penalty.alpha * beta), 1.0, momenta[-1]) / band
    for side in (-bound, bound):
        axis.axhline(side, color=GREY, lw=0.8, ls=":")
    axis.annotate(f"ℓ1's bound at μ = {momenta[-1]:g}", (0, -bound), ha="left", va="bottom", color=GREY)
    axis.axhspan(-1, 1, color=GREY, alpha=0.25, lw=0)
    axis.set(xscale="symlog", xlim=(0, steps), xlabel="step", ylabel="weight $w / c$")
    axis.legend(frameon=False, loc="upper right")
    return figure


def calmed_swing(alpha: float, beta: float, eta: float, multiples: Sequence[float], steps: int) -> Figure:
    r"""Draw an arrived weight's magnitude step by step, with l2 factors in multiples of :math:`\alpha\beta^2/2`."""
    figure, axes = new_figure(7.2, 2.9, columns=len(multiples), sharey=True, squeeze=False)
    band = attraction.swing_band(L0(alpha, beta), eta)
    for axis, multiple in zip(axes[0], multiples, strict=True):
        factor = multiple * alpha * beta**2 / 2
        size = np.abs(attraction.trajectory(L2(factor) + L0(alpha, beta), 0.45 * band, eta, steps)) / band
        colour = PENALTY_STYLE["l2+l0" if factor else "l0"]["color"]
        axis.plot(size, ".", ms=2.5, color=colour, markevery=5)  # an odd number: the swing has period two
        axis.set(title=f"α₂ = {multiple:g} · α₀β²/2", xlabel="step", ylim=(-0.03, 1.05))
    axes[0, 0].set_ylabel("$|w| / c$")
    return figure


def noise_at_zero(a: float, factors: Sequence[float], ratios: Sequence[float]) -> Figure:
    r"""Draw where arrived weights are found under noise (left three), and the mean magnitude against the pull (right).

    ``factors`` are noise in units of that which blurs the piles, :math:`\tfrac12\alpha\beta\sqrt a`; ``ratios`` are
    pulls in units of the noise.
    """
    figure, axes = new_figure(7.6, 2.9, columns=len(factors) + 1)
    random = np.random.default_rng(0)
    penalty = L0(a, 1.0)
    for axis, factor in zip(axes, factors, strict=False):
        noise = factor * np.sqrt(a) / 2 * a
        states = attraction.momentum_trajectory(
            penalty, random.uniform(-a, a, 400), np.ones(2500), 0.0, _normal(noise, random)
        )
        size = np.abs(states[-500::7]).ravel() / a
        axis.hist(size, bins=30, range=(0, 1.3), weights=np.full(size.size, 1 / size.size), **_L0)
        axis.set(title=f"σ = {factor:g} σ*", xlabel="$|w| / c$", yticks=[])
    axis, noise = axes[-1], 1e-3
    pulls = np.geomspace(ratios[0], ratios[-1], 100) * noise
    axis.plot(pulls / noise, attraction.mean_under_noise(L1(pulls), 1.0, noise) / noise, **penalty_line("l1"))
    for ratio in ratios:
        pull = ratio * noise
        start = random.laplace(0, attraction.mean_under_noise(L1(pull), 1.0, noise), 300)
        walk = attraction.momentum_trajectory(L0(pull, 1.0), start, np.ones(900), 0.0, _normal(noise, random))
        axis.plot(ratio, np.abs(walk[-400:]).mean() / noise, "o", ms=5, **_L0)
    axis.set(xlabel="pull over noise, αβ/σ", ylabel="mean |w| / (ησ)", xscale="log", yscale="log", title="mean")
    label_ticks(axis.xaxis, ratios)
    label_ticks(axis.yaxis, (1, 2, 5))
    return figure


def _normal(noise, random):
    return lambda shape: noise * random.standard_normal(shape)


def adam_forgets(alphas: Sequence[float], beta: float, eta: float, steps: int) -> Figure:
    """Draw weights under the smoothed l0 in Adam, coupled (left), and decoupled (right), one line a factor."""
    figure, axes = new_figure(7.2, 3.0, columns=2, sharey=True)
    for alpha, dashes in zip(alphas, DASHES, strict=False):
        penalty = L0(alpha, beta)
        for axis, orbit in (
            (axes[0], attraction.adam_trajectory(penalty, 0.5, eta, steps)),
            (axes[1], attraction.trajectory(penalty, 0.5, eta, steps)),
        ):
            axis.plot(orbit, dashes, label=f"α = {alpha:g}", **_L0, lw=2)
    for axis, title in zip(axes, ("coupled: inside Adam", "decoupled: beside it"), strict=True):
        axis.set(title=title, xlabel="step")
    axes[0].set_ylabel("weight")
    axes[1].legend(frameon=False, loc="lower left")
    return figure


def three_fates(kappa: float, scaled: Sequence[float]) -> Figure:
    r"""Draw loss plus penalty for one :math:`\kappa > 1` and three :math:`\beta v`, and where each start goes."""
    figure, axes = new_figure(7.6, 3.0, columns=len(scaled))
    penalty = L0(kappa, 1.0)
    for axis, v in zip(axes, scaled, strict=True):
        w = np.linspace(-0.6, 5.2, 600)
        height = landscape.objective(penalty, w, v, 1.0)
        height, low = height - height.min(), float(height.min())
        axis.plot(w, height, **PENALTY_STYLE["l0"])
        top = 1.15 * height[w > 0].max()
        split = landscape.separating_start(penalty, v, 1.0)
        star = landscape.stationary_point(penalty, v, 1.0)
        regime = str(landscape.regime(penalty, v, 1.0))
        for at, face in ((0.0, "white" if regime == "free" else _L0["color"]), (star, _L0["color"]), (split, "white")):
            if np.isfinite(at):
                axis.plot(
                    at, landscape.objective(penalty, at, v, 1.0) - low, "o", mfc=face, mec=_L0["color"], ms=7, zorder=3
                )
        border = split if np.isfinite(split) else 0.0 if np.isfinite(star) else 5.0
        for first, last in ((border, 0.0), (border, star), (5.0, star if np.isfinite(star) else 5.0)):
            if np.isfinite(last) and abs(first - last) > 0.25:
                look = {"arrowstyle": "->", "color": GREY, "lw": 1.5}
                axis.annotate("", (last, -0.1 * top), (first, -0.1 * top), arrowprops=look)
        axis.set(title=f"{regime}: βv = {v:g}", xlabel="start, $βw$", ylim=(-0.2 * top, top))
        axis.set_yticks([])
    axes[0].set_ylabel("loss plus penalty")
    return figure


def hysteresis(beta: float, v: float, alpha: float, factors: Sequence[float]) -> Figure:
    r"""Draw where a weight rests while :math:`\alpha` rises and falls (left), and while :math:`\beta` rises (right).

    Left for the loss's weight ``v``; right for weights that are ``factors`` times the least that a slow rise keeps.
    The curvature is 1.
    """
    figure, axes = new_figure(7.2, 3.1, columns=2)
    factor = np.geomspace(0.01, 0.12, 1500)
    for name, dashes, order, start in (("α rises", "-", factor, v), ("α falls", "--", factor[::-1], 0.0)):
        axes[0].plot(order, _followed(start, v, [L0(x, beta) for x in order]), dashes, label=name, **_L0)
    axes[0].set(xlabel="α", ylabel="weight", title=f"β = {beta:g}")
    least, betas = landscape.kept_by_rising_beta(alpha, 1.0), np.geomspace(1.0, 60.0, 1500)
    for dashes, times in zip(DASHES, factors, strict=False):
        places = _followed(times * least, times * least, [L0(alpha, x) for x in betas])
        axes[1].plot(betas, places, dashes, label=f"v = {times:g} × the least kept", **_L0)
    axes[1].set(xlabel="β", xscale="log", title=f"α = {alpha:g}", ylim=(-0.03, 2.1 * max(factors) * least))
    label_ticks(axes[1].xaxis, (1, 2, 5, 10, 20, 50))
    for axis in axes:
        axis.legend(frameon=False)
    return figure


def _followed(start: float, v: float, penalties: Sequence[L0]) -> list[float]:
    """Return where a weight rests under each penalty in turn, from the resting place under the one before."""
    places, w = [], start
    for penalty in penalties:
        split, star = landscape.separating_start(penalty, v, 1.0), landscape.stationary_point(penalty, v, 1.0)
        regime = str(landscape.regime(penalty, v, 1.0))
        w = 0.0 if regime == "kill" or (regime == "bistable" and w < split) else float(star)
        places.append(w)
    return places


def narrowing_band(a: float, momenta: Sequence[float], steps: int) -> Figure:
    """Draw a weight's magnitude under the smoothed l0 while the rate falls along half a cosine, and the band."""
    penalty = L0(a, 1.0)
    rates = (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2
    figure, axis = new_figure(7.2, 3.1)
    for mu, colour in zip(momenta, (_L0["color"], GREY), strict=True):
        states = np.abs(attraction.momentum_trajectory(penalty, 20 * a, rates, mu)[1:]) / a
        # an odd number of steps from dot to dot: a weight is near zero at every second one
        axis.plot(states, ".", ms=2, color=colour, label=f"μ = {mu:g}", zorder=2 - mu, markevery=9)
    axis.plot(rates, color="black", lw=1.2, label="band of plain steps")
    axis.set(yscale="log", xlabel="step", ylabel="$|w| / c_1$", ylim=(0.2 * rates[-1], 30), xlim=(0, steps))
    axis.legend(frameon=False, loc="lower left", markerscale=4)
    return figure


def penalty_on_direction(scales: Sequence[float], beta: float) -> Figure:
    r"""Draw what l1 and the smoothed l0 charge an entry of the direction, :math:`\Omega(su)`, at several scales."""
    figure, axes = new_figure(7.2, 2.9, columns=2)
    u = np.linspace(0, 0.5, 200)
    for axis, name, penalty in ((axes[0], "l1", L1(1.0)), (axes[1], "l0", L0(1.0, beta))):
        for scale, dashes in zip(scales, DASHES, strict=False):
            price = penalty.elementwise(scale * u)
            axis.plot(u, price, dashes, lw=2, color=PENALTY_STYLE[name]["color"], label=f"s = {scale:g}")
        axis.set(title=labels.PENALTIES[name], xlabel="entry u of the direction")
        axis.legend(frameon=False)
    axes[0].set_ylabel("price Ω(su)")
    return figure
