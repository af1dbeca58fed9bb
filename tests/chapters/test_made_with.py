"""The table of what a study's arms run with says what the configurations hold."""

import pytest

from l0lib import labels
from l0lib.chapters import made_with as arms
from l0lib.experiments import records
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import PenaltySettings
from tests.made_up import tuned


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
    how = STUDIES["experiment-2"].arms("full")["lenet-300-100-NORM-scratch"]
    layers = [row for row in arms.by_layer("experiment-2").rows if row[0] == labels.run(how.arm, network=True)]
    assert [row[1] for row in layers] == ["hidden1", "hidden2", "output"]
    assert all(row[3] != "–" and row[4:6] == ("–", "–") for row in layers), "ℓ2 alone, layer by layer"
    assert {row[6] for row in layers} == {row[5]}


def test_each_layer_has_its_factors():
    table = arms.by_layer("experiment-2")
    rows = [row for row in table.rows if row[0] == "LeNet-300-100, SEP"]
    how = STUDIES["experiment-2"].arms("full")["lenet-300-100-SEP"]
    its = how.training.penalty
    assert [row[1:3] for row in rows] == [("hidden1", "235,200"), ("hidden2", "30,000"), ("output", "1,000")]
    assert [row[4] for row in rows] == [f"{alpha:.2g}" for alpha in its.alpha_l0_by_layer]
    assert [row[5] for row in rows] == [f"{beta:.3g}" for beta in its.beta_by_layer]
    assert rows[0][6] == f"{how.training.epochs} + {how.fine_tuning.epochs}"
    plain = next(row for row in table.rows if row[0] == "LeNet-300-100, ℓ2 alone")
    assert plain[3] != "–"
    assert plain[4:6] == ("–", "–")


def test_searches_are_told_by_their_errors(monkeypatch):
    search = tuned()
    monkeypatch.setattr(records, "tunings", lambda: [search])
    (row,) = arms.searches("experiment-2").rows
    assert row == ("LeNet-300-100, NORM", 3, 0, "90×", "1.90 %", "2.20 %", "2.50 %", f"{its_power(search):g}")
    (row,) = arms.sources().rows
    assert row == ("Experiment 2, LeNet-300-100, NORM", "3", "0", "0")
    assert arms.searches("experiment-1").rows[0][:2] == ("not recorded yet", "–")
    monkeypatch.setattr(records, "tunings", list)
    assert arms.sources().rows == (("not recorded yet", "–", "–", "–"),)


def its_power(search):
    return search.config.training.penalty.power


def test_penalties_stand_with_the_trials_of_their_search(monkeypatch):
    search, own = (tuned().model_copy(update={"experiment": "experiment-1", "arm": arm}) for arm in ("l0", "l1-GP"))
    monkeypatch.setattr(records, "tunings", lambda: [search, own])
    full = STUDIES["experiment-1"].arms("full")
    rows = {row[0]: row[1:] for row in arms.of_penalties("experiment-1").rows}
    assert list(rows) == [labels.PENALTIES[name] for name in ("l2", "l1", "l0", "l2+l0")]
    l0 = full["l0-GP"]
    assert rows["smoothed ℓ0"][:2] == (f"ℓ0 {l0.training.penalty.alpha_l0:.3g}", f"{l0.training.penalty.beta:.3g}")
    assert rows["smoothed ℓ0"][2] == f"{l0.training.epochs} + {l0.fine_tuning.epochs}"
    assert rows["smoothed ℓ0"][3:] == (3, "–"), "a search of another arm of the penalty"
    assert rows["ℓ1"][1] == "–"
    assert rows["ℓ1"][3:] == (3, ", ".join(own.at_the_edge) or "none")
    assert rows["ℓ2"][3] == "not recorded yet"
