"""Runs at scale in tables: two records side by side, hours that add up, and what is missing."""

from l0lib import labels
from l0lib.chapters import live
from l0lib.experiments import stored
from l0lib.experiments.arms import STUDIES
from tests.made_up import record


def made(loss, wrong, **origin):
    one = record(0, 300, dense=wrong, origin=origin)
    epochs = one.history[0], one.history[0].model_copy(update={"epoch": 1, "loss": loss})
    return one.model_copy(update={"history": epochs})


def test_two_records_of_a_run_stand_side_by_side():
    one, two = made(0.5, 164, processes=1, threads=2), made(0.25, 165, processes=2, threads=1)
    table = live.table_of_processes(one, two)
    assert table.rows == (
        ("processes", "1", "2"),
        ("threads of each", "2", "1"),
        ("mean loss, epoch 1", "0.5000000", "0.2500000"),
        ("wrong, not pruned", "164", "165"),
        ("wrong at 10×, just pruned", "310", "310"),
    )
    assert "of the 10,000 test digits" in table.caption


def test_hours_of_a_study_add_up_and_one_without_runs_says_none(monkeypatch):
    runs = [record(seed, origin={"seconds": 1800.0}) for seed in (0, 1, 2)]
    monkeypatch.setattr(stored, "runs", lambda study: runs if study == "experiment-2" else [])
    rows = {row[0]: row[1:] for row in stored.table_of_costs().rows}
    assert rows["Experiment 2"] == ("3", "LeNet-300-100", "cpu", "1.5")
    assert rows["Experiment 3"] == ("0", "", "", "")
    assert list(rows) == [labels.study(name) for name in STUDIES]


def test_what_is_missing_is_estimated_at_a_known_pace(monkeypatch):
    cost = stored.Cost("experiment-3", "vgg-16", 2, 1200, 34.4)
    monkeypatch.setattr(stored, "rate", lambda given: 2.0)
    monkeypatch.setattr(stored, "missing", lambda study, runs, each: [cost] * (study == "experiment-3" and each == 2.0))
    assert stored.table_of_missing([record(0)]).rows == (("Experiment 3", "VGG-16", "2", "1,200", "34"),)
    assert stored.table_of_missing([]).rows == (("nothing, or no pace is known", *["–"] * 4),)
