"""What the claims ledger computes: each statement of the paper's Sections 2 and 3, put to a test of its own.

A check takes the formula as the paper prints it and compares it with something found another way: a derivative by the
complex step, a bound by bisection on single steps, an order by running the race. Nothing here knows the verdict.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .. import L0, L1, L2, attraction, count_nonzero

#: Two numbers that should be equal may differ by this much, relative to the larger one.
TOLERANCE = 1e-9

ETA, ALPHA = 0.04, 0.01  # the paper's own, Figure 2
BETAS = (1.0, 5.0, 20.0)  # ours: the paper prints none
WEIGHTS = np.concatenate([-np.geomspace(1e-3, 2, 25), np.geomspace(1e-3, 2, 25)])


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    value : str
        Our numbers, in words.
    as_printed : bool
        Whether the statement passes as the paper prints it.
    corrected : bool or None
        Whether it passes with ``correction``; None where no correction is needed or known.
    correction : str
        The amended statement; where nothing is shown, which parts are open.
    shown : bool
        Whether the records decide it: False where a part of the statement is neither borne out nor contradicted.
    """

    value: str
    as_printed: bool
    corrected: bool | None = None
    correction: str = ""
    shown: bool = True


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


def _omega(kind: str, beta: float) -> Callable:
    """Return one weight's share of Ω as the paper prints it (Eqs. 4, 6, 10)."""
    return {
        "l2": lambda w: w**2,
        "l1": _magnitude,
        "l0": lambda w: 1 - np.exp(-beta * _magnitude(w)),
    }[kind]


def _cases():
    """Yield each penalty of the ledger with its Ω."""
    yield L2(ALPHA), _omega("l2", 1)
    yield L1(ALPHA), _omega("l1", 1)
    for beta in BETAS:
        yield L0(ALPHA, beta), _omega("l0", beta)


def _of(kind):
    return [(penalty, omega) for penalty, omega in _cases() if isinstance(penalty, kind)]


def signed(number: float) -> str:
    """Return a number with four digits and a typographic minus."""
    return f"{number:.4g}".replace("-", "−")


def objective() -> Finding:
    """Eq. 1: the penalty adds αΩ(w)."""
    return _equal((penalty.value(WEIGHTS), ALPHA * omega(WEIGHTS).sum()) for penalty, omega in _cases())


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


def norm(kind) -> Finding:
    """Eqs. 4, 6, 11: the value of a penalty is α times the printed sum."""
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
        f"{beside.value} for w ≠ 0; slopes at 0: {signed(left)} and {signed(right)}",
        beside.as_printed and _difference(left, right) <= TOLERANCE,
        beside.as_printed,
        f"for w ≠ 0; at 0 the one-sided slopes are −{steepness} and {steepness}, and 0 is chosen",
    )


def scaling_factor() -> Finding:
    """Eq. 15: λ against one step, weight by weight."""
    finding = _equal(
        (1 - ETA * ALPHA * beta * np.exp(-beta * np.abs(WEIGHTS)) / np.abs(WEIGHTS), step / WEIGHTS)
        for beta in BETAS
        for step in [attraction.step(L0(ALPHA, beta), WEIGHTS, ETA)]
    )
    return Finding(finding.value + " from one step; no value at w = 0", finding.as_printed)


def _bound_by_bisection(make: Callable, w: float) -> float:
    """Return the largest α whose step still shrinks ``w``, from single steps alone."""
    low, high = 0.0, 1e22
    for _ in range(200):
        middle = (low + high) / 2
        if abs(attraction.step(make(middle), w, ETA)) < abs(w):
            low = middle
        else:
            high = middle
    return low


def alpha_bounds(kinds=("l2", "l1", "l0")) -> Finding:
    """Eq. 16 and the last row of Table 1: the printed bounds against bisection."""
    pairs = []
    for w in WEIGHTS[::6]:
        size = abs(w)
        if "l2" in kinds:
            pairs.append((_bound_by_bisection(L2, w), 1 / ETA))
        if "l1" in kinds:
            pairs.append((_bound_by_bisection(L1, w), 2 * size / ETA))
        for beta in BETAS if "l0" in kinds else ():
            printed = 2 * size / (ETA * beta * np.exp(-beta * size))
            pairs.append((_bound_by_bisection(lambda alpha, beta=beta: L0(alpha, beta), w), printed))
    finding = _equal(pairs)
    return Finding(finding.value + " from bisection on α", finding.as_printed)


def table_1() -> Finding:
    """Table 1: all nine cells."""
    pairs = []
    size = np.abs(WEIGHTS)
    for penalty, omega in _cases():
        term = -ETA * ALPHA * _slope(omega, WEIGHTS)
        pairs.append((attraction.term(penalty, WEIGHTS, ETA), term))
        pairs.append((attraction.scaling_factor(penalty, WEIGHTS, ETA), 1 - np.abs(term) / size))
    cells, bounds = _equal(pairs), alpha_bounds()
    return Finding(f"terms and factors: {cells.value}; bounds: {bounds.value}", cells.as_printed and bounds.as_printed)


def two_penalties() -> Finding:
    """Eq. 17: the update, and whether Ω = ‖w‖₂² + ‖w‖₀* with the one α of Eq. 1 gives it."""
    alpha_2, alpha_0, beta = 1e-4, 1e-2, 5.0
    printed = (
        WEIGHTS
        - 2 * ETA * alpha_2 * WEIGHTS
        - ETA * alpha_0 * beta * np.sign(WEIGHTS) * np.exp(-beta * np.abs(WEIGHTS))
    )
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
