"""The figures of the chapter "What happens at zero"."""

from __future__ import annotations

import numpy as np

from .. import attraction, labels, landscape
from ..penalties import L0, L1
from ._style import GREY, PENALTY_STYLE, new_figure

__all__ = ["exact_zeros", "map_near_zero", "one_ulp", "prox_of_l0", "regime_map", "settling", "waiting_time"]


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
        marks = (
            (attraction.critical_magnitude(penalty, eta) / band, "$w_c$"),
            (attraction.crossing_magnitude(penalty, eta) / band, "$w_x$"),
        )
        for x, text in marks:
            y = float(attraction.step(penalty, x * band, eta)) / band
            axis.plot([x], [y], "o", color=PENALTY_STYLE[name]["color"], ms=5)
            axis.annotate(text, (x, y), textcoords="offset points", xytext=(7, -10))
        axis.axhline(0, color=GREY, lw=0.6)
        axis.set(title=labels.PENALTIES[name], xlabel="$w / c$", ylim=(-1.25, 1.6), xlim=(-1.9, 1.9))
    axes[0].set_ylabel("next weight, $f(w) / c$")
    axes[1].annotate("$f = w$", (1.35, 1.4), color=GREY, fontsize=8)
    axes[1].annotate("$f = -w$", (-1.55, 1.4), color=GREY, fontsize=8)
    return figure


def settling(eta: float, beta: float, strengths=(0.05, 0.4, 2.0), starts: int = 400):
    r"""Draw how arrived weights spread over the swing band for three values of :math:`a = \eta\alpha\beta^2`."""
    figure, axes = new_figure(7.2, 2.9, columns=len(strengths), sharex=True)
    random = np.random.default_rng(0)
    for axis, a in zip(axes, strengths, strict=True):
        penalty = L0(a / (eta * beta**2), beta)
        band = attraction.swing_band(penalty, eta)
        steps = int(200 / a) + 1000
        orbit = attraction.trajectory(
            penalty, random.uniform(-band, band, starts), eta, steps, sample=range(steps - 400, steps + 1)
        )
        size = np.abs(orbit).ravel() / band
        axis.hist(
            size, bins=40, range=(0, 1), weights=np.full(size.size, 1 / size.size), color=PENALTY_STYLE["l0"]["color"]
        )
        axis.set(title=f"$a = {a:g}$", xlabel="$|w| / c$")
        if a <= 0.5:
            for edge in attraction.settled_bands(penalty, eta):
                axis.axvline(edge / band, color=GREY, lw=1, ls="--")
    axes[0].set_ylabel("share of the states")
    return figure


def waiting_time(eta: float, first_step: float, betas=(3.0, 6.0)):
    """Draw the steps to zero against the starting weight: counted by iteration, and the proven bounds around them."""
    figure, axis = new_figure(7.2, 3.4)
    starts = np.linspace(0.05, 1.0, 20)
    l1 = L1(first_step / eta)
    axis.plot(
        starts, np.ceil(attraction.steps_to_zero(l1, starts, eta)), **PENALTY_STYLE["l1"], label=labels.PENALTIES["l1"]
    )
    for beta, shade in zip(betas, (1.0, 0.55), strict=True):
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


def prox_of_l0(kappas=(0.3, 1.0, 6.0), beta: float = 1.0):
    r"""Draw the proximal operator for three :math:`\kappa` beside soft and hard thresholding."""
    figure, axes = new_figure(7.2, 2.9, columns=len(kappas), sharey=True)
    v = np.linspace(0, 6, 1201) / beta
    for axis, k in zip(axes, kappas, strict=True):
        penalty = L0(k / beta**2, beta)
        threshold, _ = landscape.jump(penalty, 1.0)
        axis.plot(v, landscape.soft_threshold(v, threshold), **PENALTY_STYLE["l1"], label="soft")
        axis.plot(v, landscape.hard_threshold(v, threshold), color=GREY, ls=":", label="hard")
        axis.plot(v, landscape.minimiser(penalty, v, 1.0), **PENALTY_STYLE["l0"], lw=2, label=labels.PENALTIES["l0"])
        axis.set(title=rf"$\kappa = {k:g}$", xlabel="$v$")
    axes[0].set_ylabel("proximal operator")
    axes[0].legend(frameon=False)
    return figure


def exact_zeros(alpha: float, beta: float, eta: float, steps: int = 120):
    """Draw one weight under the plain, the clipped and the proximal step: the swing, and its two cures."""
    penalty = L0(alpha, beta)
    orbits = {name: [0.12] for name in ("plain", "clipped", "proximal")}
    for _ in range(steps):
        w = orbits["plain"][-1]
        orbits["plain"].append(float(attraction.step(penalty, w, eta)))
        w = orbits["clipped"][-1]
        orbits["clipped"].append(float(np.sign(w) * max(abs(w) - abs(attraction.term(penalty, w, eta)), 0.0)))
        orbits["proximal"].append(float(penalty.prox(orbits["proximal"][-1], eta)))
    figure, axis = new_figure(7.2, 2.9)
    colors = (PENALTY_STYLE["l0"]["color"], PENALTY_STYLE["l1"]["color"], PENALTY_STYLE["l2"]["color"])
    for (name, orbit), color, style in zip(orbits.items(), colors, ("-", "--", ":"), strict=True):
        axis.plot(orbit, style, color=color, lw=1 if name == "plain" else 2, label=name)
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
