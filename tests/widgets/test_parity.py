"""The JavaScript formulas equal the library's to 1e-12: one Node process answers the whole table of cases."""

import itertools
import json
import pathlib
import subprocess

import numpy as np
import pytest

from l0lib import L0, L1, L2, attraction, landscape
from l0lib.penalties import _lambertw0
from tests.widgets.node import NODE
from tests.widgets.reference import arrival, decode

HERE = pathlib.Path(__file__).parent
LAMBERT = (-0.36, -0.3, -1e-3, 0.0, 1e-8, 0.3, 1.0, 12.5, 1e4, 1e9)
ETAS, ALPHAS, BETAS = (1e-3, 0.04, 1.0), (1e-3, 0.1, 10.0), (1.0, 3.5, 20.0)
WEIGHTS = (-2.0, -0.3, -1e-6, 1e-9, 1e-3, 0.05, 0.7, 5.0)
SINGLE = [L2(a) for a in ALPHAS] + [L1(a) for a in ALPHAS] + [L0(a, b) for a in ALPHAS for b in BETAS]
SMOOTH = [p for p in SINGLE if isinstance(p, L0)]
CALM = [p for p in SMOOTH if 0.01 < 0.04 * p.alpha * p.beta**2 <= 0.5]  # its swing settles at eta = 0.04


def plain(penalty):
    """The penalty as the JavaScript has it."""
    return {"kind": type(penalty).__name__.lower(), "alpha": penalty.alpha} | (
        {"beta": penalty.beta} if isinstance(penalty, L0) else {}
    )


def over(*axes):
    return list(itertools.product(*axes))


def match_initial_rate(*arguments):
    return {kind: penalty.alpha for kind, penalty in attraction.match_initial_rate(*arguments)._asdict().items()}


def cases():
    """(JavaScript name, its reference, arguments of each call)."""
    table = [
        ("lambertw0", lambda x: float(_lambertw0(np.float64(x))), [(x,) for x in LAMBERT]),
        ("value", lambda p, w: p.elementwise(w), over(SINGLE, WEIGHTS)),
        ("gradient", lambda p, w: p.gradient(w), over(SINGLE, (*WEIGHTS, 0.0))),
        ("term", attraction.term, over(SINGLE, WEIGHTS, ETAS)),
        ("alphaBound", attraction.alpha_bound, over(SINGLE, WEIGHTS, ETAS)),
        ("criticalMagnitude", attraction.critical_magnitude, over(SINGLE, ETAS)),
        ("crossingMagnitude", attraction.crossing_magnitude, over(SINGLE, ETAS)),
        ("swingBand", attraction.swing_band, over(SINGLE, ETAS)),
        ("settledBands", attraction.settled_bands, over(CALM, (0.04,))),
        ("crossoverL1", attraction.crossover_l1, [(b,) for b in (1.0, 2.7, 5.0, 50.0)]),
        ("crossoverL2", attraction.crossover_l2, [(b,) for b in (1.0, 2.7, 5.0, 50.0)]),
        ("kappa", landscape.kappa, over(SMOOTH, (0.1, 1.0, 7.0))),
        ("killZone", landscape.kill_zone, over(SMOOTH, (0.1, 1.0, 7.0))),
        ("objective", landscape.objective, over(SMOOTH, (-0.4, 0.1, 1.3), (0.0, 0.45), (0.1, 1.0, 7.0))),
        ("stationaryPoint", landscape.stationary_point, over(SMOOTH, (0.013, 0.45, 1.9), (0.1, 1.0, 7.0))),
        ("minimiser", landscape.minimiser, over(SMOOTH, (-1.1, 0.013, 0.45, 1.9), (0.1, 1.0, 7.0))),
        ("regime", landscape.regime, over(SMOOTH, (0.013, 0.2, 0.45, 1.9), (0.1, 1.0, 7.0))),
        ("prox", lambda p, v, s: p.prox(v, s), over(SINGLE, (-1.1, 0.013, 0.45, 1.9), (0.1, 1.0, 7.0))),
        ("softThreshold", landscape.soft_threshold, over((-1.0, 0.2, 0.5), (0.0, 0.3))),
        ("hardThreshold", landscape.hard_threshold, over((-1.0, 0.2, 0.5), (0.0, 0.3))),
        ("linspace", np.linspace, [(-1.5, 0.7, 401), (0.0, 300.0, 301)]),
        ("matchInitialRate", match_initial_rate, over((1e-3, 0.1), (0.1, 1.0), ETAS, BETAS)),
    ]  # fmt: skip
    # differences of near numbers: compared with the size of their terms
    differences = [
        ("step", attraction.step, over(SINGLE, WEIGHTS, ETAS)),
        ("scalingFactor", attraction.scaling_factor, over(SINGLE, WEIGHTS, ETAS)),
    ]
    return table, differences


TABLE, DIFFERENCES = cases()
ORBITS = over([p for p in SINGLE if p.alpha < 1], (0.3, 1.0), (0.04,), (400,))


@pytest.fixture(scope="module")
def answers():
    asked = [(name, calls) for name, _, calls in TABLE + DIFFERENCES] + [("trajectory", ORBITS)]
    encoded = [
        [name, [[plain(x) if isinstance(x, (L0, L1, L2)) else x for x in call] for call in calls]]
        for name, calls in asked
    ]
    done = subprocess.run(
        [NODE, HERE / "parity.mjs"], input=json.dumps(encoded), capture_output=True, text=True, check=True
    )
    return {
        name: decode(answer) for (name, _), answer in zip(asked, json.loads(done.stdout, parse_int=float), strict=True)
    }


@pytest.mark.parametrize(("name", "reference", "calls"), TABLE, ids=[row[0] for row in TABLE])
def test_equal_to_twelve_digits(answers, name, reference, calls):
    for call, got in zip(calls, answers[name], strict=True):
        want = reference(*call)
        if name == "regime":
            assert got == str(want), call
            continue
        if isinstance(want, dict):
            got, want = [got[k]["alpha"] for k in want], list(want.values())
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-300, err_msg=f"{name}{call}")


@pytest.mark.parametrize(("name", "reference", "calls"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_differences_equal_to_twelve_digits_of_their_terms(answers, name, reference, calls):
    for (penalty, w, eta), got in zip(calls, answers[name], strict=True):
        term = abs(float(attraction.term(penalty, w, eta)))
        size = abs(w) + term if name == "step" else 1 + term / abs(w)
        assert abs(got - float(reference(penalty, w, eta))) <= 1e-12 * size, (penalty, w, eta)


def test_orbits_before_arrival_and_by_their_spread_after(answers):
    for (penalty, w0, eta, steps), got in zip(ORBITS, answers["trajectory"], strict=True):
        path, want = np.array(got), np.asarray(attraction.trajectory(penalty, w0, eta, steps))
        until = int(min(arrival(want), steps + 1))
        np.testing.assert_allclose(path[:until], want[:until], rtol=1e-10, err_msg=repr(penalty))
        if until < steps - 100:
            assert abs(np.abs(path[until:]).mean() - np.abs(want[until:]).mean()) <= 0.15 * float(
                attraction.swing_band(penalty, eta)
            )


def test_the_comparison_would_notice_the_eleventh_digit(answers):
    got = np.array(answers["crossoverL2"]) * (1 + 1e-11)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(got, [attraction.crossover_l2(b) for b in (1.0, 2.7, 5.0, 50.0)], rtol=1e-12)
