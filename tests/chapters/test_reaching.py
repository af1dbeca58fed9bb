"""Predictions of what dies, as tables: columns in their places, in the right unit; missing records are said."""

import math

import pytest
import torch

from l0lib import L0, attraction, compress
from l0lib.chapters import reaching
from l0lib.chapters.reaching import Prediction, Reach
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import Record
from tests.made_up import record


@pytest.fixture
def known(monkeypatch):
    """Every run reaches 0.02 in one layer and 0.04 in another; 60 % predicted, 57.5 % found."""
    its = Reach(1234.0, {"one": 0.02, "two": 0.04}, 0.6, 0.575)
    monkeypatch.setattr(reaching, "reached", lambda run: its)


def of_5(errors):
    """Experiment 5's ResNet-20 by arm, one seed, with so many wrong answers before pruning."""
    arms = STUDIES["experiment-5"].arms("full")
    return [record(0, what=arms[f"resnet-20-{name}"], dense=dense) for name, dense in errors.items()]


def test_weights_are_those_with_more_than_one_axis():
    model = compress.lenet_300_100(seed=0)
    found = reaching.magnitudes(model)
    assert len(found) == 784 * 300 + 300 * 100 + 100 * 10
    assert float(found.min()) >= 0
    assert not found.requires_grad
    assert float(found.max()) == max(float(p.detach().abs().max()) for p in model.parameters() if p.ndim > 1)


def test_the_largest_gap_is_in_points_whichever_side_it_is_on():
    given = [Prediction(0.1, 0.5, 0.52, 0.1), Prediction(0.1, 0.7, 0.4, 0.1)]
    assert reaching.largest_gap(given) == pytest.approx(30)
    assert reaching.largest_gap([Reach(1, {}, 0.2, 0.25)]) == pytest.approx(5)
    assert reaching.largest_gap([]) is None


def test_predictions_have_a_column_more_where_the_penalty_was_tried_alone():
    plain = reaching.table_of_predictions("β", {(5, 1e-6): Prediction(0.0123, 0.321, 0.3, 0.075)}, "made up")
    assert plain.rows == (("5", "1e-06", "0.0123", "32.1 %", "30.0 %", "7.5 %"),)
    assert (plain.headers[0], plain.caption) == ("β", "made up")
    both = reaching.table_of_predictions("epochs", {(5, 4e-5): Prediction(0.0123, 0.321, 0.3, 0.075, 0.4)}, "made up")
    assert both.rows == (("5", "4e-05", "0.0123", "32.1 %", "40.0 %", "30.0 %", "7.5 %"),)
    assert both.headers[4:] == ("dead without a loss", "found dead", "test error")


def test_stored_runs_stand_with_reach_shares_and_error(known):
    table = reaching.table(of_5({"5-1e-05": 1500}), "a study")
    assert table.rows == (("ResNet-20, β = 5, α₀ = 10⁻⁵", "1,234", "0.020 to 0.040", "60.0 %", "57.5 %", "15.00 %"),)
    assert table.caption.startswith("Runs of a study, seed 0")
    assert reaching.table([], "a study").rows[0][:2] == ("not recorded yet", "–")


def test_of_each_arm_under_l1_or_l0_the_first_seed_stands_once(known, monkeypatch):
    arms = STUDIES["experiment-1"].arms("full")
    names = ("l2-GP", "l1-GP", "l0-GP", "l0-LP", "l0-RP")
    runs = [record(seed, what=arms[name]) for name in names for seed in (1, 0)]
    monkeypatch.setattr(reaching.stored, "runs", lambda study: runs)
    table = reaching.table_of_studies(("experiment-1", "beyond"))
    assert [row[0] for row in table.rows] == ["ℓ1, global", "smoothed ℓ0, global"]
    assert table.rows[0][1:] == ("1,234", "0.02", "60.0 %", "57.5 %")
    monkeypatch.setattr(reaching.stored, "runs", lambda study: [])
    assert reaching.table_of_studies(("experiment-1",)).rows[0][0] == "not recorded yet"


def test_a_schedule_reaches_as_far_as_its_rates_add_up_to():
    model = compress.lenet_300_100(seed=0)
    table = reaching.table_of_schedules(model, [("short", 2, 0.1, 0.9, (1e-5, 1e-3))], "made up")
    total = sum(compress.learning_rates("cosine", 2 * 391, 0.1, 0)) / (1 - 0.9)
    first = reaching.magnitudes(model)
    for row, alpha in zip(table.rows, (1e-5, 1e-3), strict=True):
        far = float(attraction.reach(L0(alpha, 5), total))
        assert row[:3] == ("short, 2 epochs", f"{alpha:g}", f"{far:.3f}")
        assert float(row[3]) == pytest.approx(far / math.sqrt(float(torch.mean(first**2))), abs=0.06)
        assert row[4] == f"{100 * float((first < far).float().mean()):.0f} %"
        assert int(row[5].split()[0]) >= int(row[4].split()[0]), "with ℓ2 more lies within"


def test_one_product_and_one_factor_are_compared_where_both_runs_are_there(known):
    runs = of_5({"5-1e-05": 1500, "10-5e-06": 1650})
    (row,) = reaching.table_of_products(runs).rows
    assert row[:3] == ("the same αβ", "15.0 and 16.5 %", "57.5 and 57.5 %")
    at_five = [next(p.measured.percent for p in r.points if p.requested == 5) for r in runs]
    assert row[3] == f"{at_five[0]:.1f} and {at_five[1]:.1f} %"
    three = [*runs, *of_5({"5-5e-06": 1400})]
    assert reaching.table_of_products(three).rows[1][:2] == ("the same α", "14.0 and 16.5 %")
    assert reaching.table_of_products(runs[:1]).rows == (("not recorded yet", "–", "–", "–"),)


def test_small_runs_stand_with_their_intervals(known):
    table = reaching.table_of_live([Record.model_validate(record(0, 30, dense=50, images=100))])
    assert table.rows == (("LeNet-300-100", "1234.00", "4.0e-02", "50 %", "40 to 60 %"),)
