"""What no record holds yet: counted from the studies and the records, with the command and the hours."""

import pytest

from l0lib.chapters import missing_runs
from l0lib.experiments.arms import STUDIES
from tests.made_up import config, record


def made(study, arm, seeds, seconds):
    what = STUDIES[study].arms("full")[arm]
    return [record(seed, what=what, origin={"seconds": seconds}) for seed in seeds]


def row_of(table, text):
    (row,) = (row for row in table.rows if text in row[2])
    return row


def test_what_is_recorded_is_not_missing_and_the_rest_is_named_with_its_seeds():
    runs = made("experiment-3", "resnet-20-l2", (0, 2), 3600)
    name, count, command, hours = row_of(missing_runs.missing_runs(runs), "--arms resnet-20-l2 ")
    assert (name, count) == ("Experiment 3", "1")
    assert command == "`l0lib run experiment-3 --profile full --arms resnet-20-l2 --seeds 1`"
    assert hours == "1.0"


def test_every_run_of_every_study_is_missing_without_records():
    rows = missing_runs.missing_runs([]).rows
    runs = sum(len(study.seeds_of(arm)) for study in STUDIES.values() for arm in study.arms("full"))
    assert sum(int(row[1]) for row in rows if "methods" not in row[1]) == runs
    assert {row[3] for row in rows} == {"–"}


def test_fast_runs_and_validation_count_for_nothing():
    (run,) = made("experiment-3", "resnet-20-l2", (1,), 60)
    for change in ({"profile": "fast"}, {"evaluate_on": "validation"}):
        other = run.model_copy(update={"config": run.config.model_copy(update=change)})
        assert missing_runs.missing_runs([other]).rows == missing_runs.missing_runs([]).rows


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, 20 + 10),
        ({"fine_tuned_ratios": [90, 120]}, 20 + 2 * 10),
        ({"fine_tuned_ratios": [], "fine_tuning": None}, 20),
        ({"ratios": [], "fine_tuned_ratios": [20, 50], "fine_tuning": None, "rival": {"name": "snip"}}, 3 * 20),
    ],
)
def test_epochs_are_those_of_every_stretch(change, passes):
    assert missing_runs.epochs(config(**change)) == passes
