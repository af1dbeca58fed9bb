"""What arms of one experiment have in common: equal epochs for all, the dense network included."""

import pytest

from l0lib.experiments import arms
from l0lib.experiments.arms import FIXED_POWERS, STUDIES, chosen_for


@pytest.fixture
def with_control(monkeypatch):
    """Experiment 2 as it is once the control of LeNet-300-100 and NORM with a power that is given were searched."""
    chosen = chosen_for("experiment-2")
    norm = chosen["lenet-300-100-NORM"]
    more = {"lenet-300-100-l2": norm.model_copy(update={"training": arms._l2_alone(norm).training})}
    for ending, power in FIXED_POWERS.items():
        penalty = norm.training.penalty.model_copy(update={"power": power})
        more[f"lenet-300-100-NORM{ending}"] = norm.model_copy(update={"training": arms._with(norm.training, penalty)})
    monkeypatch.setattr(arms, "chosen_for", lambda study: {**chosen, **more})
    return arms.STUDIES["experiment-2"].arms("full")


def test_a_dense_network_is_trained_as_long_as_those_that_are_pruned(with_control):
    control, norm = with_control["lenet-300-100-l2"], with_control["lenet-300-100-NORM"]
    assert control.fine_tuned_ratios == (1.0, *norm.fine_tuned_ratios)
    assert control.training.epochs == norm.training.epochs
    assert control.fine_tuning.epochs == norm.fine_tuning.epochs
    assert control.penalty_name == "l2"
    tuned = with_control["lenet-300-100-dense-tuned"]
    assert tuned.training.epochs == norm.training.epochs + norm.fine_tuning.epochs
    assert (tuned.ratios, tuned.fine_tuned_ratios, tuned.penalty_name) == ((), (), "l2")


def test_a_power_that_is_given_is_an_arm_of_its_own(with_control):
    for ending, power in FIXED_POWERS.items():
        arm = with_control[f"lenet-300-100-NORM{ending}"]
        assert arm.training.penalty.power == power
        assert arm.training.penalty.build({"a": 10, "b": 1000})["a"].terms[0].alpha > 0


def test_the_map_has_its_grid_and_a_network_without_the_l0_term():
    points = STUDIES["alpha-beta-map"].arms("full")
    dense = points.pop("dense")
    assert len(points) == len(arms.MAP_ALPHAS) * len(arms.MAP_BETAS) == 117
    assert dense.penalty_name == "l2"
    for name, arm in points.items():
        plain = arm.training.penalty.l2_alone().model_copy(update={"beta": 5.0})
        assert plain == dense.training.penalty, name
        assert (arm.ratios, arm.training.epochs) == (dense.ratios, dense.training.epochs)
