"""Results: means and deviations over seeds, and what may be put together."""

import json
import math
import statistics

import pytest

from l0lib.compress import wilson_interval
from l0lib.experiments.records import RecordError
from l0lib.experiments.results import FIELDS, difference, mean_and_deviation, results, table
from tests.made_up import ERRORS, config, record


def test_there_is_one_result_for_each_ratio_before_and_after_fine_tuning(five):
    found = results(five)
    assert [(r.requested, r.fine_tuned) for r in found] == [(10, False), (90, False), (90, True)]
    assert {r.n_seeds for r in found} == {5}


def test_mean_and_sample_deviation_are_those_of_the_seeds(tuned):
    percent = [errors / 100 for errors in ERRORS]
    assert tuned.errors == dict(enumerate(percent))
    assert tuned.test_error_mean == pytest.approx(statistics.mean(percent))
    assert tuned.test_error_std == pytest.approx(math.sqrt(sum((p - 1.854) ** 2 for p in percent) / 4))


def test_the_interval_is_students_and_the_test_images_have_their_own(tuned):
    half = 2.776445 * tuned.test_error_std / math.sqrt(5)  # the 97.5 % quantile of Student's t, 4 degrees of freedom
    assert tuned.interval == pytest.approx((1.854 - half, 1.854 + half), abs=1e-6)
    assert tuned.test_interval == pytest.approx([100 * p for p in wilson_interval(185.4, 10_000)])


def test_the_ratio_is_all_parameters_over_the_mean_count_of_nonzero_ones(tuned):
    assert tuned.nonzero == 2962 - 20
    assert tuned.ratio == pytest.approx(266_610 / 2942)
    assert tuned.flop_reduction == pytest.approx(266_200 / 2942)


def test_one_seed_has_no_deviation_and_no_interval():
    (result,) = results([record(3, what=config(ratios=[]))])
    assert (result.test_error_std, result.interval) == (None, None)
    assert result.as_json()["test_error_std"] is None
    assert mean_and_deviation(result.errors.values()) == "1.85"


def test_the_json_has_exactly_the_fields_of_the_contract(tuned):
    told = json.loads(json.dumps(tuned.as_json(), allow_nan=False))
    assert told == {
        "experiment": "experiment-2",
        "network": "lenet-300-100",
        "dataset": "mnist",
        "penalty": "l2+l0",
        "strategy": "NORM",
        "pruning": "GP",
        "fine_tuned": True,
        "variant": "paper",
        "ratio": 90.622026,
        "test_error_mean": 1.854,
        "test_error_std": 0.036469,
        "n_seeds": 5,
        "dense_error_mean": 1.64,
        "flop_reduction": 90.482665,
        "profile": "full",
        "device": "cpu",
        "epochs": 30,
        "commit": "abc1234",
    }
    assert tuple(told) == FIELDS


def test_epochs_are_those_behind_the_point(five):
    gradual = {"first": 5, "training": {"epochs": 7, "learning_rate": 0.05}}
    (before, *_, after) = results(five)
    assert (before.epochs, after.epochs) == (20, 30)
    assert results([record(0, what=config(gradual=gradual))])[-1].epochs == 37
    assert results([record(0, what=config(gradual=gradual))])[-1].variant == "beyond"


def test_only_full_runs_on_test_images_are_results(five):
    fast = [record(seed, what=config(profile="fast")) for seed in range(5)]
    chosen = [record(seed, what=config(evaluate_on="validation")) for seed in range(5)]
    assert results(fast + chosen) == []
    assert results(fast + chosen + five) == results(five)
    assert len(results(fast, profile="fast")) == 3


def test_runs_with_other_settings_are_not_put_together(five):
    odd = record(5, what=config(fine_tuning={"epochs": 40, "learning_rate": 0.02}))
    with pytest.raises(RecordError) as error:
        results([*five, odd])
    assert str(error.value) == (
        "experiment-2: lenet-300-100-NORM-full-test-seed-0 and lenet-300-100-NORM-full-test-seed-5 must have the same "
        "settings to be put together; fine_tuning.epochs is 10 and 40"
    )


def test_a_seed_counts_once(five):
    with pytest.raises(RecordError, match="seed-2 stands twice"):
        results([*five, five[2]])


def test_the_dense_error_is_that_of_the_dense_arm_for_the_same_seeds(five):
    arm = {"arm": "lenet-300-100-dense", "ratios": [], "fine_tuned_ratios": [], "fine_tuning": None}
    dense = [record(seed, what=config(**arm), dense=150 + seed) for seed in range(5)]
    leaning = [record(seed, what=config(dense_arm="lenet-300-100-dense")) for seed in range(3)]
    assert results(dense + leaning)[0].dense_error_mean == pytest.approx(1.51)
    elsewhere = [record(seed, what=config(experiment="beyond", dense_arm="lenet-300-100-dense")) for seed in range(3)]
    assert results(dense + elsewhere)[0].dense_error_mean == pytest.approx(1.51)
    assert results(dense[:2] + leaning)[0].dense_error_mean is None, "not the same seeds"
    assert results(leaning)[0].dense_error_mean is None
    assert results(five)[0].dense_error_mean == pytest.approx(1.64), "without a name its own"


def test_a_network_of_which_nothing_is_left_has_no_ratio_in_json():
    gone = record(0).model_dump()
    for point in gone["points"]:
        point |= {"nonzero": 0, "nonzero_multiply_adds": 0, "layers": []}
    result = results([type(record(0)).model_validate(gone)])[0]
    assert result.ratio == result.flop_reduction == math.inf
    assert (result.as_json()["ratio"], result.as_json()["flop_reduction"]) == (None, None)
    assert "∞" in repr(table([result], "x"))


def test_several_commits_and_devices_are_all_named():
    two = [record(0), record(1, origin={"commit": "def5678", "device": "a GPU"}), record(2)]
    result = results(two)[0]
    assert (result.commit, result.device) == ("abc1234, def5678", "cpu, a GPU")


def test_results_are_compared_seed_by_seed(five):
    better = [record(seed, errors - 10, what=config(arm="other")) for seed, errors in enumerate(ERRORS)]
    first, second = results(five)[0], results(better)[0]
    apart = difference(first, second)
    assert apart.mean == pytest.approx(0.1)
    assert apart.interval == pytest.approx((0.1, 0.1))
    assert difference(first, results(better[:1])[0]).interval is None
    with pytest.raises(ValueError, match="must share seeds"):
        difference(results(five[:1])[0], results(better[1:])[0])
