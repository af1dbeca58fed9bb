"""The table of what a study's arms run with says what the configurations hold."""

import pytest

from l0lib import labels
from l0lib.chapters import made_with as arms
from l0lib.experiments import records
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import PenaltySettings


@pytest.mark.parametrize("study", [f"experiment-{n}" for n in (3, 4, 5, 6)] + ["recalibration"])
def test_every_arm_has_a_row_with_its_epochs(study):
    table = arms.made_with(study)
    full = STUDIES[study].arms("full")
    assert [row[0] for row in table.rows] == [labels.run(name, network=True) for name in full]
    for row, arm in zip(table.rows, full.values(), strict=True):
        after = arm.fine_tuning
        if arm.from_scratch:
            assert row[5] == f"{arm.training.epochs + after.epochs}, from fresh weights"
            assert row[4] == f"{arm.training.learning_rate:g}", "one schedule, without fine-tuning"
        else:
            assert row[5] == f"{arm.training.epochs}" + (f" + {after.epochs}" if after else "")
        assert row[6].startswith("set by hand") or " trials" in row[6]


def test_only_arms_that_match():
    assert {row[0] for row in arms.made_with("experiment-3", "vgg-16-*").rows} == {
        "VGG-16, dense",
        "VGG-16, ℓ2 alone",
        "VGG-16, NORM",
    }
    with pytest.raises(ValueError, match="pattern must match an arm of experiment-3; got 'alexnet'"):
        arms.made_with("experiment-3", "alexnet")


def test_factors_as_text():
    assert arms.factors(PenaltySettings(alpha_l2=1e-4, alpha_l0=2e-5, beta=5)) == ("ℓ2 0.0001, ℓ0 2e-05", "5")
    assert arms.factors(PenaltySettings(alpha_l2=1e-4)) == ("ℓ2 0.0001", "–")
    assert arms.factors(PenaltySettings()) == ("none", "–")
    by_layer = PenaltySettings(
        strategy="SEP", alpha_l2_by_layer=(1e-4, 1e-4), alpha_l0_by_layer=(1e-5, 3e-5), beta_by_layer=(4.0, 6.0)
    )
    assert arms.factors(by_layer) == ("ℓ2 0.0001, ℓ0 1e-05 to 3e-05", "4 to 6")


def test_every_trial_has_a_row_the_best_first():
    searches = [it for it in records.tunings() if it.experiment == "experiment-1"]
    table = arms.trials("experiment-1")
    assert len(table.rows) == sum(len(it.trials) for it in searches)
    for it in searches:
        errors = [float(row[1].removesuffix(" %")) for row in table.rows if row[0] == labels.run(it.arm, network=True)]
        assert errors == sorted(errors)
        assert errors[0] == pytest.approx(min(trial.value for trial in it.trials), abs=0.006)
    assert arms.trials("experiment-5").rows == (("none recorded yet", "–"),)


def test_places_that_begin_anew_show_the_penalty_that_they_train_under():
    (row,) = arms.made_with("experiment-2", "lenet-300-100-NORM-scratch").rows
    assert "ℓ0" not in row[2]
    assert "ℓ2" in row[2]
    assert row[5].endswith("from fresh weights")
