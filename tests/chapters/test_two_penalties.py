"""The study of chapter 7: equal budgets, paired runs, and a record that says what the chapter needs."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from l0lib import L0, L1, L2, attraction, compress
from l0lib.chapters import two_penalties as study


@pytest.fixture(scope="module")
def parts():
    data = compress.embedded_digits()
    x, y = data.train.tensors()
    u, v = data.validation.tensors()
    return (x[:300], y[:300]), (u[:200], v[:200])


QUICK = study.Settings(epochs=2, fine_tune_epochs=1, ratios=(1, 10, 100), fine_tune_ratios=(10, 100))


def test_every_penalty_has_the_same_number_of_different_trials():
    assert list(study.GRID) == ["l2", "l1", "l0", "l2+l0"]
    assert {len(set(map(repr, penalties))) for penalties in study.GRID.values()} == {18}


def test_tuning_uses_no_seed_of_the_chapter():
    for profile in study.SETTINGS.values():
        assert not set(profile.seeds) & set(study.TUNING_SEEDS)
        assert set(profile.fine_tune_ratios) <= set(profile.ratios)


def test_a_run_prunes_as_asked_and_repeats_itself(parts):
    train, test = parts
    first = study.run(train, test, L2(1e-4) + L0(1e-3, 5), QUICK, seed=4)
    again = study.run(train, test, L2(1e-4) + L0(1e-3, 5), QUICK, seed=4)
    assert (first.before, first.after, first.achieved) == (again.before, again.after, again.achieved)
    assert list(first.before) == [1, 10, 100]
    assert list(first.after) == [10, 100]
    assert all(ratio <= counted < 1.001 * ratio for ratio, counted in first.achieved.items() if ratio > 1)
    assert first.before[1] == compress.evaluate(first.model, test).errors
    assert all(torch.count_nonzero(p) == p.numel() for p in first.model.parameters() if p.ndim > 1), (
        "the model is not pruned"
    )


def test_runs_are_paired(parts):
    train, test = parts
    runs = [study.run(train, test, penalty, QUICK, seed=4) for penalty in (None, L2(0.0), L0(0.0, 5))]
    assert len({tuple(run.before.values()) for run in runs}) == 1
    assert runs[0].history[0].magnitudes == runs[1].history[0].magnitudes


def outcome(before):
    return study.Outcome([], before, {}, {}, torch.nn.Linear(2, 2))


def test_curves_are_means_over_networks_with_the_interval_of_one_test():
    runs = {"l1": [outcome({1: 5, 50: 30}), outcome({1: 7, 50: 50})], "l0": [outcome({1: 6, 50: 90})]}
    found = study.curves(runs, "before", images=100)
    assert found["l1"]["ratio"].tolist() == [1, 50]
    assert found["l1"]["errors"].tolist() == [[0.05, 0.3], [0.07, 0.5]]
    assert found["l1"]["mean"] == pytest.approx([0.06, 0.4])
    assert (found["l1"]["low"][1], found["l1"]["high"][1]) == compress.wilson_interval(40, 100)
    assert study.overlaps(found["l1"], found["l0"]) == 1
    assert study.overlaps(found["l1"], found["l1"]) == 2


def test_the_cut_is_the_least_magnitude_that_stays():
    model = compress.lenet_300_100(0)
    start = [p.clone() for p in model.parameters()]
    cut = study.cut(model, 50)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), start, strict=True))
    magnitudes = torch.cat([p.detach().abs().flatten() for p in model.parameters()])
    assert int((magnitudes >= cut).sum()) == 266_610 // 50


@pytest.mark.parametrize("penalty", [L2(1e-4), L1(0.5), L0(1e-3, 5), L2(1e-4) + L0(1e-3, 5)], ids=repr)
def test_penalties_survive_the_record(penalty):
    assert study.from_json(study.to_json(penalty)) == penalty


def test_the_best_trial_is_the_one_of_least_mean_error():
    def trial(before, after):
        return {"images": 10, "before": {"20": before}, "after": {"20": after}}

    trials = [trial([4, 4], [2, 2]), trial([3, 3], [2, 2]), trial([3, 3], [2, 2]), trial([9, 9], [0, 0])]
    assert study.score(trials[0]) == pytest.approx(0.3)
    assert study.best(trials) is trials[1]


@pytest.mark.parametrize("profile", ["fast", "full"])
def test_the_record_is_of_this_grid_these_settings_and_the_validation_images(profile):
    entry = study.load()["profiles"][profile]
    recorded = {
        name: [study.from_json(trial["penalty"]) for trial in trials] for name, trials in entry["trials"].items()
    }
    assert recorded == {name: list(penalties) for name, penalties in study.GRID.items()}
    now = dataclasses.asdict(study.SETTINGS[profile])
    for name in ("epochs", "fine_tune_epochs", "learning_rate", "batch_size"):
        assert entry["settings"][name] == now[name]
    for trial in (trial for trials in entry["trials"].values() for trial in trials):
        assert trial["images"] == 1000
        assert len(trial["dense"]) == len(study.TUNING_SEEDS)
        for stage in ("before", "after"):
            assert list(trial[stage]) == [str(ratio) for ratio in study.TUNING_RATIOS]
            assert all(0 <= count <= 1000 for counts in trial[stage].values() for count in counts)
    assert set(entry["provenance"]) == {"date", "commit", "versions", "hardware", "threads", "wall_seconds"}


def test_no_record_is_a_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="stands in book/records/ of a checkout"):
        study.load(tmp_path / "none.json")


factors = st.floats(1e-6, 1)


@settings(max_examples=300, deadline=None)
@given(w=st.floats(1e-3, 3), eta=st.floats(1e-3, 0.9), a2=factors, a0=factors, beta=st.floats(1, 30))
def test_shrinkages_add_and_the_bound_follows(w, eta, a2, a0, beta):
    """prop-shrinkages-add, and its bound."""
    l2, l0 = L2(a2), L0(a0, beta)
    both = attraction.scaling_factor(l2 + l0, w, eta)
    parts = [1 - attraction.scaling_factor(penalty, w, eta) for penalty in (l2, l0)]
    assert 1 - both == pytest.approx(sum(parts), rel=1e-9, abs=1e-12)
    bound = (1 - eta * a2) * attraction.alpha_bound(l0, w, eta)
    if abs(a0 / bound - 1) > 1e-9 and 1 - both > 1e-12:
        assert (abs(both) < 1) == (a0 < bound)


@settings(max_examples=200, deadline=None)
@given(a2=factors, a0=factors, beta=st.floats(1, 30))
def test_the_weight_of_least_pull(a2, a0, beta):
    """prop-least-pull."""
    least = max(0.0, np.log(a0 * beta**2 / (2 * a2)) / beta)
    penalty = L2(a2) + L0(a0, beta)
    w = np.linspace(1e-9, 2 * least + 1, 2001)
    pull = penalty.gradient(w)
    limit = a0 * beta if least == 0 else penalty.gradient(least)
    assert limit <= pull.min() * (1 + 1e-9)
    slope = np.sign(np.diff(pull))
    assert np.all(slope[w[1:] < least * (1 - 1e-6)] <= 0)
    assert np.all(slope[w[:-1] > least * (1 + 1e-6)] >= 0)


def test_what_was_chosen_stands_with_its_score():
    def trial(alpha, wrong):
        errors = {"20": [wrong, wrong]}
        terms = study.to_json(L1(alpha))
        return {"penalty": terms, "images": 200, "dense": [10, 20], "before": errors, "after": errors}

    made = {
        "date": "2026-11-22",
        "commit": "abc",
        "hardware": "2 cores",
        "versions": {"torch": "2"},
        "wall_seconds": 90,
    }
    table = study.table_of_choices({"trials": {"l1": [trial(1e-3, 60), trial(2e-3, 30)]}, "provenance": made})
    assert table.rows == (("ℓ1", 2, L1(2e-3), "15.0\N{NO-BREAK SPACE}%", "7.5\N{NO-BREAK SPACE}%"),)
    assert (
        table.caption == "Choice on 200 validation images. Stored: 2026-11-22, commit abc, 2 cores, torch 2, 2 minutes"
    )


def test_errors_at_the_fine_tuned_ratios_stand_by_stage():
    curve = {"ratio": np.array([1.0, 10.0, 100.0]), "mean": np.array([0.1, 0.2, 0.3])}
    curve |= {"low": curve["mean"] - 0.05, "high": curve["mean"] + 0.05}
    table = study.table_of_curves({"just pruned": {"l1": curve}}, QUICK, 1000)
    assert table.headers == ("", "ratio", "ℓ1")
    assert table.rows == (("just pruned", "10×", "20.0 (15.0–25.0)"), ("just pruned", "100×", "30.0 (25.0–35.0)"))
    assert table.caption.startswith("Top-1 error in percent on 1,000 test images, mean of 3 seeds")


def test_a_search_keeps_the_other_profiles_and_names_the_code_that_began(monkeypatch, tmp_path, capsys):
    commits = iter(["aaa", "bbb"])
    monkeypatch.setattr(study.provenance, "origin", lambda: {"commit": next(commits)})
    monkeypatch.setitem(study.SETTINGS, "fast", QUICK)
    monkeypatch.setattr(study, "GRID", {"l2": (L2(1e-4),)})
    monkeypatch.setattr(study, "TUNING_SEEDS", (0,))
    kept = tmp_path / "records" / "tuning.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"profiles": {"full": "as it was"}}))
    monkeypatch.setattr("sys.argv", ["two_penalties", "fast", "--record", str(kept)])
    study.main()
    record = study.load(kept)["profiles"]
    assert record["full"] == "as it was"
    assert record["fast"]["provenance"]["commit"] == "aaa"
    assert study.chosen(study.load(kept), "fast") == {"l2": L2(1e-4)}
