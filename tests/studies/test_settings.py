"""What the full studies run with is what a tuning on record chose."""

import pytest

from l0lib.studies import settings, tuning
from l0lib.studies.experiments import STUDIES

RECORDS = {
    f"{one.experiment}/{one.arm.removesuffix('-GP') if one.experiment == 'experiment-1' else one.arm}": one
    for one in tuning.read_all()
}
TUNED = {name: chosen for name, chosen in settings.CHOSEN.items() if chosen.tuned}


def test_settings_are_called_tuned_where_a_tuning_is_on_record_and_nowhere_else():
    assert TUNED, "no arm is tuned: the test below would check nothing"
    assert TUNED.keys() == RECORDS.keys()


@pytest.mark.parametrize("name", TUNED)
def test_tuned_settings_are_those_of_the_best_trial(name):
    chosen, config = TUNED[name], RECORDS[name].config
    for field in ("training", "fine_tuning", "relu_after_pools", "gradual", "teacher"):
        assert getattr(chosen, field) == getattr(config, field), field


@pytest.mark.parametrize("name", TUNED)
def test_seeds_of_a_tuning_are_none_of_the_results(name):
    assert not set(RECORDS[name].seeds) & set(STUDIES[name.partition("/")[0]].seeds)
