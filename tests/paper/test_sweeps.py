"""Figures 8 and 9 are judged by what the sweeps recorded, each statement by its rule."""

import pytest

from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import Measured
from l0lib.experiments.results import results
from l0lib.paper import evidence as empirical
from tests.made_up import record

SWEPT = ("5-1e-07", "5-5e-07", "5-1e-06", "10-1e-07", "10-5e-07", "10-1e-06")


def run(study, arm, dense, errors, dataset="cifar100"):
    """A run whose unpruned network has ``dense`` errors of 10,000, and pruned ones ``errors(ratio)``."""
    made = record(0, what=STUDIES[study].arms("full")[f"{dataset}-{arm}"], dense=dense)
    points = [
        p.model_copy(update={"measured": Measured(errors=errors(p.requested), images=10_000)}) for p in made.points
    ]
    return made.model_copy(update={"points": tuple(points)})


def until(ratio, dense):
    """As before pruning up to a ratio, and useless above."""
    return lambda requested: dense if requested <= ratio else 9000


def sweep_4(ends, starts=(2900, 2920, 3140, 3480)):
    factors = ("0", "1e-07", "2.5e-07", "5e-07")
    return results(
        [run("experiment-4", f, start, until(end, start)) for f, start, end in zip(factors, starts, ends, strict=True)]
    )


def test_a_larger_factor_compresses_more_and_starts_lower():
    found = empirical.figure(8, sweep_4((2.78, 4.67, 10.47, 18.63)))
    assert found.as_printed
    assert "α₀ = 0: 2.78×, +0.00, α₀ = 1e-07: 4.67×, +0.20" in found.value


def test_the_scaled_sweep_is_judged_by_the_same_rule():
    factors, starts = ("0", "4e-06", "1e-05", "2e-05"), (900, 920, 1140, 1480)
    arms = zip(factors, starts, (2.78, 4.67, 10.47, 18.63), strict=True)
    runs = [run("experiment-4", f, start, until(end, start), "cifar10") for f, start, end in arms]
    found = empirical.figure_8(results(runs), "cifar10")
    assert found.as_printed
    assert "α₀ = 2e-05: 18.6×, +5.80" in found.value
    assert empirical.figure_8(results(runs[1:]), "cifar10") is None
    assert empirical.trade(results(runs)) == found
    assert empirical.figure(8, results(runs)) is None, "the paper's figure waits for CIFAR-100"


@pytest.mark.parametrize(
    ("ends", "starts", "wrong"),
    [
        ((2.78, 10.47, 4.67, 18.63), (2900, 2920, 3140, 3480), "compresses more"),
        ((4.67, 4.67, 4.67, 4.67), (2900, 2920, 3140, 3480), "compresses more"),
        ((2.78, 4.67, 10.47, 18.63), (2900, 2700, 3140, 3480), "starts lower"),
        ((2.78, 4.67, 10.47, 18.63), (2900, 2920, 2940, 2960), "starts lower"),
    ],
)
def test_figure_8_says_which_of_its_statements_is_not_so(ends, starts, wrong):
    found = empirical.figure(8, sweep_4(ends, starts))
    assert (found.as_printed, found.corrected, found.correction) == (False, True, f"not so here: {wrong}")


def test_what_may_be_a_point_of_error_is_no_significant_loss_and_more_is():
    starts = (2900, 2920, 3140, 3480)
    factors = ("0", "1e-07", "2.5e-07", "5e-07")

    def made(extra):
        ends = dict(zip(factors, (2.78, 4.67, 10.47, 18.63), strict=True))
        runs = [run("experiment-4", f, s, lambda r, f=f, s=s: s + (extra if r <= ends[f] else 6000))
                for f, s in zip(factors, starts, strict=True)]  # fmt: skip
        return empirical.figure(8, results(runs))

    # of 10,000 images, both errors near 3,500: the interval reaches 1.64 points to either side
    assert "α₀ = 5e-07: 18.6×" in made(250).value
    assert "α₀ = 5e-07: 1×" in made(280).value


def sweep_5(dense=2850, at=None):
    at = at or {}
    return results(
        [run("experiment-5", arm, dense, lambda r, arm=arm: at.get((arm, r), dense)) for arm in SWEPT]
        + [run("experiment-5", "5-0", dense, lambda r: 9000)]
    )


def test_no_noticeable_loss_and_no_difference_between_the_betas():
    found = empirical.figure(9, sweep_5())
    assert found.as_printed
    assert "+0.00 points at 13×, +0.00 points at 25×" in found.value


def test_figure_9_says_which_of_its_statements_is_not_so():
    lossy = empirical.figure(9, sweep_5(at={("10-1e-06", 25.0): 3100}))
    assert (lossy.as_printed, lossy.correction) == (False, "not so here: no noticeable loss")
    apart = empirical.figure(9, sweep_5(at={("10-5e-07", 13.0): 3100}))
    assert (apart.as_printed, apart.correction) == (False, "not so here: β makes little difference")
    both = empirical.figure(9, sweep_5(at={("10-1e-07", 13.0): 3100, ("5-1e-07", 13.0): 3300}))
    assert not both.corrected


def small_betas(starts=None, ends=None):
    """Of ResNet-20: errors before pruning and the highest ratio reached, by β and factor, else 1,200 and 2.27."""
    runs = []
    for arm in ("5-1e-06", "5-5e-06", "5-1e-05", "10-1e-06", "10-5e-06", "10-1e-05"):
        start, end = (starts or {}).get(arm, 1200), (ends or {}).get(arm, 2.27)
        made = run("experiment-5", arm, start, until(end, start), "resnet-20")
        assert made.config.network == "resnet-20"
        runs.append(made)
    return results(runs)


def test_beta_makes_little_difference_to_a_small_network():
    found = empirical.small_betas(small_betas({"10-1e-06": 1230}, {"5-5e-06": 2.27, "10-5e-06": 4.0}))
    assert found.as_printed
    assert "α₀ = 1e-06: 2.27× and 2.27×, +0.30, α₀ = 5e-06: 2.27× and 4×, +0.00" in found.value
    assert empirical.figure_9(small_betas()) is None


@pytest.mark.parametrize(
    ("starts", "ends", "wrong"),
    [
        ({"10-5e-06": 1400}, None, "before pruning β makes little difference"),
        (None, {"10-5e-06": 5.0}, "β makes little difference to the ratio"),
        (None, {"5-1e-05": 1.0}, "β makes little difference to the ratio"),
    ],
)
def test_a_severe_change_is_named(starts, ends, wrong):
    found = empirical.small_betas(small_betas(starts, ends))
    assert (found.as_printed, found.correction) == (False, f"not so here: {wrong}")


def test_the_betas_wait_for_all_arms():
    whole = small_betas()
    assert empirical.small_betas([r for r in whole if r.arm != "resnet-20-10-1e-05"]) is None


@pytest.mark.parametrize("number", [8, 9])
def test_a_sweep_waits_for_all_its_arms(number):
    whole = sweep_4((2.78, 4.67, 10.47, 18.63)) + sweep_5()
    assert empirical.figure(number, whole) is not None
    for arm in ("cifar100-5e-07", "cifar100-10-1e-06"):
        if empirical.figure(number, [r for r in whole if r.arm != arm]) is None:
            break
    else:
        pytest.fail("a verdict without all arms")
