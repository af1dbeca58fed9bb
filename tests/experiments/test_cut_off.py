"""Tunings that are cut off, fall asleep or are killed come to the trials of one that nobody disturbs."""

import logging

import optuna
import pytest
from optuna.trial import TrialState

from l0lib.experiments import database, tune
from l0lib.experiments import run as runner
from tests.experiments.silence import forget
from tests.experiments.test_tune import asked, params, space, url  # noqa: F401

pytestmark = pytest.mark.usefixtures("asked")
START = [{"alpha_l0": 5e-5, "power": 0.5}, {"alpha_l0": 7e-5, "power": 0.25}]


#: Optuna's model chooses from the ninth trial on.
TRIALS = 10


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "objective", lambda what, *given, **options: 100 * what.training.penalty.alpha_l0**0.5)
        url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'tuning.db'}"
        found = params(tune.tune("x", space, TRIALS, url, start=START))
    assert found[:2] == START
    return found


@pytest.fixture
def disturb(monkeypatch, asked):  # noqa: F811
    """Let something happen when the objective is called for the n-th time, counted from 0."""
    objective = runner.objective

    def at(calls):
        left = dict(calls)
        count = iter(range(100))

        def disturbed(what, seed, runs, **options):
            left.pop(next(count), lambda: None)()
            return objective(what, seed, runs, **options)

        monkeypatch.setattr(runner, "objective", disturbed)

    return at


def cut():
    raise KeyboardInterrupt


def die():
    raise SystemExit  # Optuna does not see it: the trial stays as it is, as if the process were killed


def states(url):  # noqa: F811
    return [trial.state for trial in optuna.load_study(study_name="x", storage=url).get_trials()]


def sleep(url):  # noqa: F811
    """Return what happens to a process that sleeps: another one takes it for dead."""

    def slept():
        forget(url)
        with database.experimental():
            optuna.storages.fail_stale_trials(optuna.load_study(study_name="x", storage=database.open_storage(url)))

    return slept


@pytest.mark.parametrize("end", [cut, die])
@pytest.mark.parametrize("calls", [(0, 1), (1, 2, 5, 10)])
def test_it_makes_the_trials_of_an_undisturbed_one(url, undisturbed, disturb, end, calls):  # noqa: F811
    disturb(dict.fromkeys(calls, end))
    for _ in calls:
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            tune.tune("x", space, TRIALS, url, start=START)
        if end is die:
            forget(url)
    assert params(tune.tune("x", space, TRIALS, url, start=START)) == undisturbed
    assert states(url).count(TrialState.FAIL) == len(calls)


def test_it_may_be_cut_off_while_settings_are_chosen(url, undisturbed):  # noqa: F811
    count = iter(range(100))

    def cut_space(trial):
        if next(count) in (1, 4, 6, 8, 10):
            trial.suggest_float("alpha_l0", 1e-6, 1e-3, log=True)
            raise KeyboardInterrupt
        return space(trial)

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            tune.tune("x", cut_space, TRIALS, url, start=START)
    assert params(tune.tune("x", cut_space, TRIALS, url, start=START)) == undisturbed


@pytest.mark.parametrize("moment", ["before_trial", "after_trial"])
def test_it_may_be_cut_off_while_a_trial_begins_or_ends(url, undisturbed, monkeypatch, moment):  # noqa: F811
    real = getattr(tune.ByNumber, moment)

    def interrupted(*given):
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tune.ByNumber, moment, interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune.tune("x", space, TRIALS, url, start=START)
    assert TrialState.RUNNING not in states(url), "nobody waits for what is in no one's hands"
    assert params(tune.tune("x", space, TRIALS, url, start=START)) == undisturbed


def test_what_older_versions_queued_again_is_no_reason_to_repeat_a_trial(url, asked):  # noqa: F811
    """They gave a trial after it the place that its number says; so that place is taken."""
    tune.tune("x", space, 1, url)
    study = optuna.load_study(study_name="x", storage=url)
    (first,) = study.get_trials()
    parameters, known = dict(first.params), {"distributions": first.distributions, "user_attrs": first.user_attrs}
    study.add_trial(optuna.create_trial(state=TrialState.FAIL, params=parameters | {"alpha_l0": 2e-5}, **known))
    again = {"failed_trial": 1, "retry_history": [1]}
    study.add_trial(optuna.create_trial(params=parameters | {"alpha_l0": 2e-5}, value=1.0, system_attrs=again, **known))
    tune.tune("x", space, 5, url)
    found = [tuple(trial.items()) for trial in params(optuna.load_study(study_name="x", storage=url))]
    assert len(set(found)) == len(found) == 5
    trials = optuna.load_study(study_name="x", storage=url).get_trials()
    assert [tune._place(study, trial.number) for trial in trials] == list(range(6))


def test_a_process_that_slept_makes_the_trial_again_and_goes_on(url, undisturbed, disturb):  # noqa: F811
    disturb({3: sleep(url), 6: sleep(url)})
    lines = []
    study = tune.tune("x", space, TRIALS, url, start=START, tell=lines.append)
    assert params(study) == undisturbed
    assert [line for line in lines if "sign of life" in line] == [
        "x trial 3: no sign of life for too long, it is made again",
        "x trial 6: no sign of life for too long, it is made again",
    ]
    assert sum("%" in line for line in lines) == TRIALS


@pytest.mark.parametrize("error", [KeyboardInterrupt("no more"), RuntimeError("no more"), ValueError("no more")])
@pytest.mark.parametrize("slept", [True, False])
def test_what_ends_a_process_is_told_as_it_is_even_if_it_slept(url, undisturbed, disturb, error, slept):  # noqa: F811
    def fail():
        if slept:
            sleep(url)()
        raise error

    disturb({3: fail})
    with pytest.raises(type(error), match="no more"):
        tune.tune("x", space, TRIALS, url, start=START)
    queued = states(url).count(TrialState.WAITING)
    assert queued == (slept or isinstance(error, KeyboardInterrupt))


def test_a_tuning_that_is_cut_off_shows_no_traceback(url, disturb, caplog, monkeypatch):  # noqa: F811
    monkeypatch.setattr(logging.getLogger("optuna"), "handlers", [caplog.handler])
    disturb({1: cut})
    with pytest.raises(KeyboardInterrupt):
        tune.tune("x", space, 2, url)
    assert [record.getMessage() for record in caplog.records] == []
