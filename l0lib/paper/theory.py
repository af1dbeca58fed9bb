"""What the claims ledger computes: the equations and statements of the paper's Sections 2 and 3, each put to a test.

A check takes the formula as the paper prints it and compares it with something found another way: a derivative by the
complex step, a bound by bisection on single steps, an order by running the race. Nothing here knows the verdict.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import L0, L1, L2, attraction, count_nonzero
from ..table import signed

#: Two numbers that should be equal may differ by this much, relative to the larger one.
TOLERANCE = 1e-9

ETA, ALPHA = 0.04, 0.01  # the paper's own, Figure 2
BETAS = (1.0, 5.0, 20.0)  # ours: the paper prints none
WEIGHTS = np.concatenate([-np.geomspace(1e-3, 2, 25), np.geomspace(1e-3, 2, 25)])
_STARTS = np.linspace(0.05, 0.3, 200)


@dataclass(frozen=True)
class Finding:
    """What a check found: ``value``, our numbers in words, and whether the statement passes ``as_printed``.

    ``corrected`` says whether it passes with ``correction``, the amended statement; it is None where none is needed or
    known. ``shown`` is False where records leave a part of the statement open; ``correction`` then names it. ``word``,
    if there is one, is a verdict that says less than either: ``compatible``, ``too few runs``.
    """

    value: str
    as_printed: bool
    corrected: bool | None = None
    correction: str = ""
    shown: bool = True
    word: str = ""


def _difference(got, want) -> float:
    """Return the largest difference, relative to the larger of the two numbers."""
    got, want = np.broadcast_arrays(np.asarray(got, dtype=float), np.asarray(want, dtype=float))
    scale = np.maximum(np.maximum(np.abs(got), np.abs(want)), np.finfo(float).tiny)
    return float(np.max(np.abs(got - want) / scale))


def _equal(pairs: Iterable[tuple]) -> Finding:
    """Return the finding of a comparison of numbers that should be equal."""
    worst = max(_difference(got, want) for got, want in pairs)
    return Finding(f"largest relative difference {small(worst)}", worst <= TOLERANCE)


def small(number: float) -> str:
    """Return a small number with one digit, 2·10^(−16), and zero as plain 0."""
    digit, _, exponent = f"{number:.0e}".partition("e-")
    return f"{digit}·10^(−{int(exponent)})" if exponent else f"{number:g}"


def _slope(function: Callable, w):
    """Return the derivative at ``w`` by the complex step, exact to rounding for an analytic function."""
    return np.imag(function(w + 1e-30j)) / 1e-30


def _magnitude(w):
    """Return |w| as a function with a complex derivative on each side of zero."""
    return np.where(np.real(w) < 0, -w, w)


#: Each penalty of the ledger with one weight's share of Ω as the paper prints it (Eqs. 4, 6, 10).
_CASES: list[tuple[Any, Callable]] = [
    (L2(ALPHA), lambda w: w**2),
    (L1(ALPHA), _magnitude),
    *((L0(ALPHA, beta), lambda w, beta=beta: 1 - np.exp(-beta * _magnitude(w))) for beta in BETAS),
]


def _of(kind):
    return [(penalty, omega) for penalty, omega in _CASES if isinstance(penalty, kind)]


def _loss(w):
    return 0.5 * (w - 0.3) ** 2 * (1 + 0.2 * w)


def update(kind=object) -> Finding:
    """Eqs. 2, 5, 7, 12, 14: a gradient step on J + αΩ is the plain step plus the zero-attraction term."""
    return _equal(
        (
            WEIGHTS - ETA * _slope(lambda w, omega=omega: _loss(w) + ALPHA * omega(w), WEIGHTS),
            WEIGHTS - ETA * _slope(_loss, WEIGHTS) + attraction.term(penalty, WEIGHTS, ETA),
        )
        for penalty, omega in _of(kind)
    )


def plain_update() -> Finding:
    """Eq. 3: with α = 0 nothing of the penalty is left."""
    return _equal((attraction.step(kind(0.0), WEIGHTS, ETA), WEIGHTS) for kind in (L2, L1, lambda a: L0(a, 5)))


def norm(kind=object) -> Finding:
    """Eqs. 1, 4, 6, 11: the value of a penalty is α times the printed sum."""
    return _equal((penalty.value(WEIGHTS), ALPHA * np.sum(omega(WEIGHTS))) for penalty, omega in _of(kind))


def exact_count() -> Finding:
    """Eqs. 8, 9: the number of nonzero entries."""
    weights = np.array([0.0, -0.0, 1e-300, -3.0, 0.5])
    return Finding(f"{int(count_nonzero(weights))} nonzeros in {weights.size} weights", count_nonzero(weights) == 3)


def smooth_count() -> Finding:
    """Eqs. 10, 11: 1 − e^(−β|w|) tends to the count of nonzeros as β grows."""
    weights = np.array([0.0, 0.01, -0.2, 1.0])
    misses = [abs(L0(1.0, beta).value(weights) - 3) for beta in (1.0, 10.0, 100.0, 10_000.0)]
    falling = all(later < earlier for earlier, later in itertools.pairwise(misses))
    return Finding(
        f"off the count of 3 by {misses[0]:.2f} at β = 1, {misses[2]:.2f} at β = 100, {small(misses[3])} at β = 10,000",
        bool(falling and misses[-1] <= TOLERANCE),
    )


def gradient(kind) -> Finding:
    """Eqs. 7, 13: the printed derivative, beside zero and at zero."""
    beside = _equal(
        (_slope(lambda w, omega=omega: ALPHA * omega(w), WEIGHTS), penalty.gradient(WEIGHTS))
        for penalty, omega in _of(kind)
    )
    penalty = _of(kind)[-1][0]
    left, right = (penalty.value(np.array([h])) / (ALPHA * h) for h in (-1e-9, 1e-9))
    steepness = "β" if kind is L0 else "1"
    return Finding(
        f"{beside.value} for w ≠ 0; slopes at 0: {signed(left, '.4g')} and {signed(right, '.4g')}",
        beside.as_printed and _difference(left, right) <= TOLERANCE,
        beside.as_printed,
        f"for w ≠ 0; at 0 the one-sided slopes are −{steepness} and {steepness}, and 0 is chosen",
    )


def scaling_factor() -> Finding:
    """Eq. 15: λ against one step, weight by weight."""
    size = np.abs(WEIGHTS)
    finding = _equal(
        (
            1 - ETA * ALPHA * beta * np.exp(-beta * size) / size,
            attraction.step(L0(ALPHA, beta), WEIGHTS, ETA) / WEIGHTS,
        )
        for beta in BETAS
    )
    return Finding(finding.value + " from one step; no value at w = 0", finding.as_printed)


def _bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the largest number for which ``holds``; it must hold below that, and nowhere above."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _bound_by_bisection(make: Callable, w: float) -> float:
    """Return the largest α whose step still shrinks ``w``, from single steps alone."""
    return _bisect(lambda alpha: abs(attraction.step(make(alpha), w, ETA)) < abs(w), 0.0, 1e22)


def alpha_bounds(kinds=("l2", "l1", "l0")) -> Finding:
    """Eq. 16 and the last row of Table 1: the printed bounds against bisection."""
    printed: list[tuple[str, Callable, Callable]] = [
        ("l2", L2, lambda size: 1 / ETA),
        ("l1", L1, lambda size: 2 * size / ETA),
        *(
            ("l0", partial(L0, beta=beta), lambda size, beta=beta: 2 * size / (ETA * beta * np.exp(-beta * size)))
            for beta in BETAS
        ),
    ]
    finding = _equal(
        (_bound_by_bisection(make, w), bound(abs(w)))
        for w in WEIGHTS[::6]
        for kind, make, bound in printed
        if kind in kinds
    )
    return Finding(finding.value + " from bisection on α", finding.as_printed)


def table_1() -> Finding:
    """Table 1: all nine cells."""
    pairs = []
    size = np.abs(WEIGHTS)
    for penalty, omega in _CASES:
        term = -ETA * ALPHA * _slope(omega, WEIGHTS)
        pairs.append((attraction.term(penalty, WEIGHTS, ETA), term))
        pairs.append((attraction.scaling_factor(penalty, WEIGHTS, ETA), 1 - np.abs(term) / size))
    cells, bounds = _equal(pairs), alpha_bounds()
    return Finding(f"terms and factors: {cells.value}; bounds: {bounds.value}", cells.as_printed and bounds.as_printed)


def two_penalties() -> Finding:
    """Eq. 17: the update, and whether Ω = ‖w‖₂² + ‖w‖₀* with the one α of Eq. 1 gives it."""
    alpha_2, alpha_0, beta = 1e-4, 1e-2, 5.0
    towards_zero = ETA * alpha_0 * beta * np.sign(WEIGHTS) * np.exp(-beta * np.abs(WEIGHTS))
    printed = WEIGHTS - 2 * ETA * alpha_2 * WEIGHTS - towards_zero
    rule = _equal([(attraction.step(L2(alpha_2) + L0(alpha_0, beta), WEIGHTS, ETA), printed)])
    pull_2, pull_0 = L2(1.0).gradient(WEIGHTS), L0(1.0, beta).gradient(WEIGHTS)
    wanted = alpha_2 * pull_2 + alpha_0 * pull_0
    shared = float(wanted @ (pull_2 + pull_0) / np.sum((pull_2 + pull_0) ** 2))
    miss = float(np.linalg.norm(wanted - shared * (pull_2 + pull_0)) / np.linalg.norm(wanted))
    return Finding(
        f"the rule: {rule.value}; the best single α leaves {100 * miss:.0f} % of the pull unexplained",
        rule.as_printed and miss <= TOLERANCE,
        rule.as_printed,
        "each norm carries its own α inside the sum: αΩ becomes α₂‖w‖₂² + α₀‖w‖₀*",
    )


def _arrivals(penalties, w0: float, threshold: float, steps: int) -> list[int]:
    """Return, for each penalty, the first step at which the weight is below the threshold (or past zero)."""
    first = []
    for penalty in penalties:
        below = np.asarray(attraction.trajectory(penalty, w0, ETA, steps)) < threshold
        first.append(int(np.argmax(below)) if below.any() else steps + 1)
    return first


def figure_1() -> Finding:
    """Figure 1: with equal first steps from 1, ℓ0 arrives first, ℓ1 second and ℓ2 last."""
    # The swing stays below the start, so that arrival means something; 1 is no multiple of a first step.
    settings = [(first, beta) for first in (0.0021, 0.0101) for beta in (1.5, 3.0, 4.0)]
    runs = [
        _arrivals(attraction.match_initial_rate(first, 1.0, ETA, beta), 1.0, first, 4000) for first, beta in settings
    ]
    ordered = sum(l0 < l1 < l2 for l2, l1, l0 in runs)
    l2, l1, l0 = runs[1]
    return Finding(
        f"order ℓ0, ℓ1, ℓ2 in {ordered} of {len(runs)} settings (ours); {l0}, {l1} and {l2} steps "
        f"to below {settings[1][0]:g}, the first step, at β = {settings[1][1]:g}",
        ordered == len(runs),
    )


def _pull(penalty):
    return lambda w: abs(attraction.term(penalty, w, ETA))


def _crossing(one, other) -> float:
    """Return where two pulls are equal, by bisection on |w|; that of ``one`` must be longer at zero."""
    return _bisect(lambda w: _pull(one)(w) > _pull(other)(w), 1e-9, 10.0)


def figure_2() -> Finding:
    """Figure 2: the pull of ℓ0 rises towards zero; at equal α it crosses the others' at the book's closed forms."""
    grid = np.geomspace(1e-4, 1, 200)
    rising, worst, places = True, 0.0, []
    for beta in BETAS[1:]:
        penalty = L0(ALPHA, beta)
        rising &= bool(np.all(np.diff(_pull(penalty)(grid)) < 0))
        with_l1, with_l2 = _crossing(penalty, L1(ALPHA)), _crossing(penalty, L2(ALPHA))
        book = attraction.crossover_l1(beta), attraction.crossover_l2(beta)
        worst = max(worst, _difference((with_l1, with_l2), book))
        places.append(f"β = {beta:g}: crosses ℓ1 at {with_l1:.3f}, ℓ2 at {with_l2:.3f}")
    return Finding("; ".join(places), rising and worst <= TOLERANCE)


def trends() -> Finding:
    """Towards zero, the pull of ℓ2 fades, that of ℓ1 stays and that of ℓ0 grows."""
    grid = np.geomspace(1e-3, 1, 100)
    pulls = [_pull(penalty) for penalty in (L2(ALPHA), L1(ALPHA), L0(ALPHA, 5))]
    changes, ratios = [np.diff(pull(grid)) for pull in pulls], [pull(0.001) / pull(1.0) for pull in pulls]
    told = ", ".join(f"{r:.3g} ({n})" for r, n in zip(ratios, ("ℓ2", "ℓ1", "ℓ0, β = 5"), strict=True))
    as_printed = np.all(changes[0] > 0) and np.all(changes[1] == 0) and np.all(changes[2] < 0)
    return Finding(f"pull at 0.001 over pull at 1: {told}", bool(as_printed))


def l2_reduction() -> Finding:
    """The ℓ2 term takes 2ηα|w| off the magnitude (the paper's premise: 2ηα well below one)."""
    factors = np.array([1e-4, 0.1, 0.9, 0.999]) / (2 * ETA)
    taken = [np.abs(WEIGHTS) - np.abs(attraction.step(L2(alpha), WEIGHTS, ETA)) for alpha in factors]
    # The subtraction loses digits where the reduction is small: compare with the weight, not with the reduction.
    worst = max(
        float(np.max(np.abs(t - 2 * ETA * alpha * np.abs(WEIGHTS)) / np.abs(WEIGHTS)))
        for t, alpha in zip(taken, factors, strict=True)
    )
    return Finding(f"off by at most {small(worst)} of |w| for 2ηα from 0.0001 to 0.999", worst <= TOLERANCE)


def small_pull_attracts(kind) -> Finding:
    """A pull much smaller than one attracts; amended: a pull shorter than 2|w|."""
    penalty = L1(ALPHA) if kind is L1 else L0(ALPHA, 20)
    w = 1e-4
    pull, after = _pull(penalty)(w), abs(attraction.step(penalty, w, ETA))
    sizes = np.geomspace(1e-6, 1, 400)
    shrinks = np.abs(attraction.step(penalty, sizes, ETA)) < sizes
    return Finding(
        f"pull {pull:.4f} at |w| = {w:g}: the step makes |w| {after / w:.1f} times as large",
        bool(after < w),
        bool(np.array_equal(shrinks, _pull(penalty)(sizes) < 2 * sizes)),
        "the pull must be shorter than 2|w|",
    )


def differentiable() -> Finding:
    """The smoothed norm is differentiable; amended: everywhere but at zero."""
    beta = 5.0
    left, right = (float(L0(1.0, beta).value(np.array([h]))) / h for h in (-1e-9, 1e-9))
    sizes = np.array([1e-3, 0.1, 1.0])
    jumps = [float(L0(1.0, beta).gradient(w + 1e-9) - L0(1.0, beta).gradient(w - 1e-9)) for w in sizes]
    return Finding(
        f"slopes at zero for β = {beta:g}: {signed(left, '.4g')} and {signed(right, '.4g')}",
        abs(left - right) < 1e-6,
        max(abs(jump) for jump in jumps) < 1e-6,
        "away from zero; at zero it has a corner of slopes −β and β",
    )


def shrinkage_range() -> Finding:
    """The magnitude falls exactly when −1 < λ < 1."""
    rng = np.random.default_rng(0)
    count = 10_000
    w, alpha, beta = rng.uniform(-1, 1, count), rng.uniform(0.01, 20, count), rng.uniform(1, 20, count)
    flips, wrong = 0, 0
    for penalty in (L2(alpha), L1(alpha), L0(alpha, beta)):
        factor = attraction.scaling_factor(penalty, w, ETA)
        shrinks = np.abs(attraction.step(penalty, w, ETA)) < np.abs(w)
        wrong += int(np.sum(shrinks != (np.abs(factor) < 1)))
        flips += int(np.sum(shrinks & (factor < 0)))
    told = f"{wrong} exceptions in {3 * count:,} random steps; {flips:,} of them shrink and change sign"
    return Finding(told, wrong == 0)


def l2_never_swings() -> Finding:
    """ℓ2 with α below 1/η never swings; amended: below 1/(2η)."""

    def changes(multiple):
        orbit = attraction.trajectory(L2(multiple / ETA), 1.0, ETA, 100)
        return int(np.sum(np.sign(orbit[1:]) != np.sign(orbit[:-1])))

    wide, narrow = changes(0.75), changes(0.49)
    return Finding(
        f"sign changes in 100 steps: {wide} at α = 0.75/η, {narrow} at α = 0.49/η",
        wide == 0,
        narrow == 0,
        "needs α < 1/(2η), half of the bound of Table 1",
    )


def bound_is_broken() -> Finding:
    """Under ℓ1 and ℓ0 every weight on its way to zero comes to a step that makes it larger."""
    broken = 0
    for penalty in (L1(0.0531), L0(ALPHA, 20)):
        orbit = np.abs(attraction.trajectory(penalty, _STARTS, ETA, 4000))
        broken += int(np.sum((orbit[1:] > orbit[:-1]).any(axis=0)))
    return Finding(f"{broken} of {2 * _STARTS.size} starts (ℓ1 and ℓ0)", broken == 2 * _STARTS.size)


def small_alpha() -> Finding:
    """α relatively small keeps arrived weights below the threshold; made exact: α ≤ τ/η and α ≤ τ/(ηβ)."""
    threshold, beta, largest = 0.01, 5.0, {}
    for multiple in (1.0, 1.1):
        for name, make in (("ℓ1", L1), ("ℓ0", lambda alpha: L0(alpha, beta))):
            limit = attraction.alpha_for_threshold(make(1.0), threshold, ETA)
            orbit = attraction.trajectory(make(multiple * limit), _STARTS, ETA, 3000, sample=range(2001, 3001))
            largest[name, multiple] = float(np.abs(orbit).max() / threshold)
    pairs = {name: (largest[name, 1.0], largest[name, 1.1]) for name in ("ℓ1", "ℓ0")}
    told = "; ".join(f"{name} {at:.3f} at its limit, {over:.3f} at 1.1 of it" for name, (at, over) in pairs.items())
    exact = all(at <= 1 + TOLERANCE and over > 1 for at, over in pairs.values())
    return Finding(f"largest |w|/τ: {told}", exact)


def stronger_when_small() -> Finding:
    """For small weights ℓ0 pulls harder than ℓ1 and ℓ2; amended: at equal α, β > 1, below the crossovers."""
    w = 1e-6
    as_printed = all(_pull(L0(ALPHA, beta))(w) > _pull(other)(w) for beta in BETAS for other in (L1(ALPHA), L2(ALPHA)))
    amended = True
    for beta in (1.1, 2.0, 5.0, 20.0):
        for other, edge in ((L1(ALPHA), attraction.crossover_l1(beta)), (L2(ALPHA), attraction.crossover_l2(beta))):
            inside, outside = edge * np.linspace(0.01, 0.99, 50), edge * np.linspace(1.01, 5, 50)
            pull, rival = _pull(L0(ALPHA, beta)), _pull(other)
            amended &= bool(np.all(pull(inside) > rival(inside)) and np.all(pull(outside) < rival(outside)))
    ratio = _pull(L0(ALPHA, 1.0))(0.1) / _pull(L1(ALPHA))(0.1)
    return Finding(
        f"at β = 1 ℓ0 has {ratio:.2f} of ℓ1's pull at |w| = 0.1; "
        f"at β = 5 it is ahead below {attraction.crossover_l1(5.0):.3f}",
        as_printed,
        amended,
        "at equal α with β > 1, and only below ln(β)/β (ℓ1) and W(β²/2)/β (ℓ2)",
    )


def sooner_below_threshold() -> Finding:
    """ℓ0 needs fewer steps to the threshold; amended: at equal first steps, not at equal swing."""
    beta, swing = 5.0, 0.0101
    matched = attraction.match_initial_rate(0.0021, 1.0, ETA, beta)
    _, l1, l0 = _arrivals(matched, 1.0, swing, 4000)
    fair_l1, fair_l0 = _arrivals((L1(swing / ETA), L0(swing / (ETA * beta), beta)), 1.0, swing, 8000)
    return Finding(
        f"steps, ℓ0 and ℓ1: {l0} and {l1} at equal first step, {fair_l0} and {fair_l1} at equal swing (β = {beta:g})",
        l0 < l1 and fair_l0 < fair_l1,
        l0 < l1,
        "at equal first steps; at equal swing around zero ℓ1 is first",
    )


def spares_large_weights() -> Finding:
    """The pull of ℓ0 tends to zero for large weights."""
    shares = [_pull(L0(ALPHA, beta))(1.0) / _pull(L0(ALPHA, beta))(1e-12) for beta in BETAS]
    far = _pull(L0(ALPHA, 1.0))(50.0)
    told = [f"{small(s) if s < 1e-3 else round(s, 3)} (β = {b:g})" for s, b in zip(shares, BETAS, strict=True)]
    vanishes = bool(far < 1e-20 and all(share < 1 for share in shares))
    return Finding(f"pull at |w| = 1 over the pull beside zero: {', '.join(told)}", vanishes)


def conflicting_aims() -> Finding:
    """A small α limits what ℓ1 can do to large weights: a threshold τ caps its pull on every weight at τ a step."""
    threshold = 0.01
    penalty = L1(attraction.alpha_for_threshold(L1(1.0), threshold, ETA))
    pulls = _pull(penalty)(np.array([0.1, 1.0, 10.0]))
    told = f"with τ = {threshold}, longest pull {pulls.max():.4f} a step on weights of 0.1, 1 and 10 alike"
    return Finding(told, _difference(pulls, threshold) <= TOLERANCE)


def independent_knobs() -> Finding:
    """With two factors, α₂ alone changes the pull on large weights and α₀ alone that on small ones."""
    beta, base = 20.0, L2(1e-3) + L0(1e-3, 20.0)
    small, large = 0.01, 1.0

    effects = [
        float(_pull(changed)(w) / _pull(base)(w))
        for changed in (L2(2e-3) + L0(1e-3, beta), L2(1e-3) + L0(2e-3, beta))
        for w in (small, large)
    ]
    return Finding(
        f"doubling α₂: pull × {effects[0]:.2f} at {small}, × {effects[1]:.2f} at {large:g}; "
        f"doubling α₀: × {effects[2]:.2f} and × {effects[3]:.2f} (β = {beta:g})",
        effects[0] < 1.05 and effects[1] > 1.95 and effects[2] > 1.95 and effects[3] < 1.05,
    )
