"""The first trials of a tuning, written down beforehand: each is made once, and none is passed over."""

import optuna
import pytest

from l0lib.experiments import tune
from tests.experiments.test_tune import START, asked, params, space, started, url  # noqa: F401

pytestmark = pytest.mark.usefixtures("asked")
POINTS = [{"alpha_l0": 10.0**-power, "power": 0.5} for power in (6, 5, 4, 3)]


def tuned(url, trials, *start):  # noqa: F811
    return params(tune.tune("x", space, trials, url, start=start))


def test_a_point_that_is_there_twice_is_refused_before_any_trial(url, tmp_path):  # noqa: F811
    start = (START, START | {"beta": 3.0}, dict(reversed(START.items())))
    message = "--start, trial 2: settings must differ from each other; got those of trial 0"
    with pytest.raises(tune.StorageError, match=message):
        started(url, tmp_path, start, trials=1).join(lambda line: None)
    with pytest.raises(KeyError):
        optuna.load_study(study_name="experiment-2-lenet-300-100-NORM-fast", storage=url)


@pytest.mark.parametrize(
    ("start", "trials"),
    [
        ((POINTS[1], POINTS[0]), 1),  # another order
        ((POINTS[0], POINTS[2]), 1),  # another point, not yet tried
        ((POINTS[0],), 1),
        ((*POINTS[:2], POINTS[2]), 3),  # a point behind them, whose place a trial of Optuna has
    ],
)
def test_a_study_does_not_go_on_with_another_start(url, start, trials):  # noqa: F811
    made = tuned(url, trials, *POINTS[:2])
    with pytest.raises(tune.StorageError, match=r"the study x was begun with start \[.*\], not \[.*: name another"):
        tuned(url, 4, *start)
    assert tuned(url, trials) == made


def test_a_study_that_was_begun_without_start_gets_none_afterwards(url):  # noqa: F811
    tuned(url, 1)
    with pytest.raises(tune.StorageError, match=r"was begun with start \[\], not"):
        tuned(url, 3, *POINTS[:2])


def test_a_study_may_get_more_points_in_time_and_need_not_be_told_them_again(url):  # noqa: F811
    tuned(url, 1, *POINTS[:2])
    tuned(url, 2, *POINTS[:3])
    tuned(url, 3, *POINTS[:4])
    assert tuned(url, 4) == POINTS


def test_a_study_of_older_times_goes_on_with_the_start_it_is_given(url, monkeypatch):  # noqa: F811
    with monkeypatch.context() as patch:
        patch.setattr(tune, "_begin", lambda study, start: start)  # they did not remember it
        tuned(url, 1, *POINTS[:2])
    tuned(url, 1)
    assert tuned(url, 3, *POINTS[:3]) == POINTS[:3]
    with pytest.raises(tune.StorageError, match="was begun with start"):
        tuned(url, 4, *POINTS[2:])
