"""Chapter 1's toy: what it computes, and what the chapter says that a reader will find in it."""

import numpy as np
import pytest

from l0lib import L0, L1, L2
from l0lib.chapters import sparse_regression as toy

SEEDS = range(3)


def gap(penalty, seed):
    """The smallest trained weight that matters over the largest that does not."""
    w = np.abs(toy.run_scheme(toy.make_problem(seed), penalty, 10).training[-1])
    return w[: toy.RELEVANT].min() / w[toy.RELEVANT :].max()


def test_a_problem_is_what_it_says():
    problem = toy.make_problem(3)
    assert np.count_nonzero(problem.truth) == toy.RELEVANT
    sizes = np.abs(problem.truth[: toy.RELEVANT])
    assert ((sizes >= 0.5) & (sizes <= 1.5)).all()
    assert problem.inputs.shape == (toy.EXAMPLES, toy.WEIGHTS)
    assert np.std(problem.targets - problem.inputs @ problem.truth) == pytest.approx(toy.NOISE, rel=0.2)
    assert not np.array_equal(problem.truth, toy.make_problem(4).truth)


def test_the_error_on_fresh_data_is_that_of_very_many_examples():
    problem, rng = toy.make_problem(0), np.random.default_rng(0)
    w = problem.first + 0.1
    inputs = rng.standard_normal((200_000, toy.WEIGHTS))
    targets = inputs @ problem.truth + toy.NOISE * rng.standard_normal(len(inputs))
    assert toy.fresh_error(problem, w) == pytest.approx(np.square(inputs @ w - targets).mean(), rel=0.02)


def test_a_step_goes_down_the_slope_of_the_penalised_loss():
    problem, penalty, w = toy.make_problem(1), L0(0.02, 5), np.linspace(0.1, 1, toy.WEIGHTS)

    def loss(at):
        miss = problem.inputs @ at - problem.targets
        return np.mean(np.square(miss)) / 2 + penalty.value(at)

    moved = toy.step(problem, penalty, w)
    for j in (0, 40, 99):
        nudge = np.zeros(toy.WEIGHTS)
        nudge[j] = 1e-6
        slope = (loss(w + nudge) - loss(w - nudge)) / 2e-6
        assert (w - moved)[j] == pytest.approx(toy.ETA * slope, rel=1e-5)


def test_pruning_keeps_the_largest_and_breaks_ties_by_place():
    assert toy.prune(np.array([1.0, -3, 2, -2]), 2).tolist() == [False, True, True, False]
    assert toy.prune(np.ones(100), 50).sum() == 2
    assert toy.prune(np.ones(100), 1.5).sum() == 66
    with pytest.raises(ValueError, match=r"ratio must be at least 1; got 0\.5"):
        toy.prune(np.ones(3), 0.5)


def test_fine_tuning_leaves_the_pruned_weights_at_zero():
    outcome = toy.run_scheme(toy.make_problem(0), L1(0.05), 10)
    assert (outcome.tuning[:, ~outcome.kept] == 0).all()
    assert np.array_equal(outcome.tuning[0], outcome.training[-1] * outcome.kept)
    assert outcome.found == toy.RELEVANT


@pytest.mark.parametrize("seed", SEEDS)
def test_under_l2_no_factor_opens_a_gap_and_under_the_others_one_does(seed):
    assert max(gap(L2(alpha), seed) for alpha in (0, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.5)) < 1.2
    assert gap(L1(0.05), seed) > 2
    assert gap(L0(0.02, 5), seed) > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_under_a_large_l1_the_weights_that_matter_jump_back_in_fine_tuning(seed):
    problem = toy.make_problem(seed)
    outcome = toy.run_scheme(problem, L1(0.2), 10)
    trained, tuned = (np.abs(w[: toy.RELEVANT]) for w in (outcome.training[-1], outcome.tuning[-1]))
    assert outcome.found == toy.RELEVANT
    assert (tuned > trained).all()
    assert outcome.errors[2] < outcome.errors[1]
    kind = toy.run_scheme(problem, L0(0.02, 5), 10).errors
    assert kind[1] < outcome.errors[1], "smoothed l0 leaves less to mend"


@pytest.mark.parametrize("seed", SEEDS)
def test_far_too_large_a_factor_loses_weights_that_matter(seed):
    lost = [toy.run_scheme(toy.make_problem(seed), penalty, 10).found for penalty in (L1(0.5), L0(0.5, 5))]
    assert min(lost) < toy.RELEVANT


def test_the_table_has_a_row_for_each_penalty():
    table = toy.compare({"none": L2(0), "ℓ1": L1(0.05)}, range(2), 10)
    assert [row[0] for row in table.rows] == ["none", "ℓ1"]
    errors = [toy.run_scheme(toy.make_problem(seed), L1(0.05), 10).errors[0] for seed in range(2)]
    assert table.rows[1][1].startswith(f"{np.mean(errors):.2f} ± ")
