"""The database of trials and claims: what goes wrong with it is told in one line, and nobody waits for the dead."""

import sqlite3
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import optuna
import pytest
from optuna.trial import TrialState

from l0lib import cli
from l0lib.experiments import database, handout, launch, search, tune
from l0lib.experiments import run as runner
from tests.experiments.test_handout import machine  # noqa: F401
from tests.experiments.test_launch import JOBS, kinds, made  # noqa: F401
from tests.experiments.test_tune import asked, params, space  # noqa: F401
from tests.made_up import record

FAILED = r"^storage failed: .*no such table: (trials|trial_user_attributes|studies)"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'tuning.db'}"


def change(url, *what):
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        for statement in what:
            connection.execute(statement)


def lose(url, table="trials"):
    change(url, f"alter table {table} rename to lost")


@pytest.mark.parametrize("bad", ["tuning.db", "nosuch://host/db", "sqlite:////proc/no/tuning.db"])
def test_one_that_cannot_be_opened_is_named(bad):
    with pytest.raises(database.StorageError, match=f"^storage must be the address of a database, .*; got '{bad}': "):
        database.open_storage(bad)


def test_its_password_is_not_told():
    with pytest.raises(database.StorageError) as told:
        database.open_storage("nosuch://user:secret@host/db")
    assert "got 'nosuch://user:***@host/db': " in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("command", [["run"], ["tune", "--arm", "lenet-300-100-NORM", "--trials", "1"]])
def test_a_folder_that_cannot_be_made_is_told_in_one_line(command, capsys, tmp_path):
    name, *more = command
    assert cli.main([name, "experiment-2", *more, "--runs", str(tmp_path), "--storage", "sqlite:////proc/no/x.db"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("l0lib: storage must be the address of a database")


@pytest.mark.parametrize("table", ["trials", "trial_user_attributes", "studies"])
def test_a_tuning_whose_database_fails_within_a_trial_says_so(url, asked, monkeypatch, table):  # noqa: F811
    def objective(*given, **options):
        lose(url, table)
        return 1.0

    monkeypatch.setattr(runner, "objective", objective)
    with pytest.raises(database.StorageError, match=FAILED):
        tune.tune("x", space, 2, url)


def test_a_tuning_whose_database_fails_between_two_looks_says_so(url, asked):  # noqa: F811
    def tell(line):
        lose(url)

    with pytest.raises(database.StorageError, match=FAILED):
        tune.tune("x", space, 2, url, tell=tell)


def test_a_search_that_cannot_read_what_it_starts_from_says_so(url, tmp_path, monkeypatch):
    storage = database.open_storage(url)
    lose(url, "studies")
    monkeypatch.setattr(tune, "open_storage", lambda address: storage)
    job = search.Search("experiment-2", "lenet-300-100-SEP", "full", 1, url, tmp_path)
    with pytest.raises(database.StorageError, match=FAILED):
        job.join(lambda line: None)


def test_a_tuning_whose_trials_cannot_be_read_has_no_record(url, asked):  # noqa: F811
    study = tune.tune("x", space, 1, url)
    lose(url)
    with pytest.raises(database.StorageError, match=FAILED):
        tune.record(study)


@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_run_whose_database_fails_is_told_as_failed(machine, made, url, monkeypatch, moment):  # noqa: F811
    plan = machine("a")
    monkeypatch.setattr(handout, "_opened", lambda address: storage)
    storage = database.open_storage(plan.storage)
    real, news = runner.run, []

    def run(*given, **options):
        lose(plan.storage)
        return real(*given, **options)

    if moment == "before":
        lose(plan.storage)
    else:
        monkeypatch.setattr(runner, "run", run)
    assert launch.launch(JOBS[:1], plan, news.append) == 1
    assert news[-1].kind == "failed"
    assert news[-1].text.startswith("failed: storage failed: (sqlite3.OperationalError) no such table: trials")


def test_a_sign_of_life_that_cannot_be_given_keeps_none_of_the_later_ones(url):
    storage = database.open_storage(url)
    study = optuna.create_study(storage=storage)
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = study.ask()
    lose(url, "trial_heartbeats")
    storage.record_heartbeat(trial._trial_id)
    change(url, "alter table lost rename to trial_heartbeats")
    storage.record_heartbeat(trial._trial_id)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("select trial_id from trial_heartbeats").fetchall() == [(trial._trial_id,)]


def begun(study, ago):
    """A trial whose process was killed before its first sign of life."""
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = study.ask()
    since = f"{datetime.now(UTC) - ago:%Y-%m-%d %H:%M:%S.%f}"
    address, number = study._storage._backend.url, trial._trial_id
    change(address, f"update trials set datetime_start = '{since}' where trial_id = {number}")


def test_a_trial_that_never_gave_a_sign_of_life_is_tried_again_after_an_hour(url):
    study = optuna.create_study(study_name="x", storage=database.open_storage(url))
    other = optuna.create_study(study_name="y", storage=study._storage)
    begun(study, timedelta(minutes=59))
    begun(other, timedelta(minutes=61))
    begun(study, timedelta(minutes=61))
    begun(study, timedelta(minutes=61))
    study._storage.record_heartbeat(2 + 2)  # the last one is alive
    with database.experimental():
        optuna.storages.fail_stale_trials(study)
    assert [trial.state for trial in study.get_trials()] == [
        TrialState.RUNNING,
        TrialState.FAIL,
        TrialState.RUNNING,
        TrialState.WAITING,
    ]
    assert [trial.state for trial in other.get_trials()] == [TrialState.RUNNING]


def test_a_tuning_does_not_wait_for_it_for_ever(url, asked, monkeypatch):  # noqa: F811
    study = optuna.create_study(study_name="x", storage=database.open_storage(url))
    begun(study, timedelta(minutes=61))
    # of this module alone: others sleep a little while they wait for git
    monkeypatch.setattr(tune, "time", SimpleNamespace(sleep=lambda seconds: pytest.fail("it waits")))
    assert len(params(tune.tune("x", space, 1, url))) == 1


def test_a_run_does_not_wait_for_it_for_ever(url):
    job = JOBS[0]
    storage = database.open_storage(url)
    name = handout._STUDY.format(job.name, job.config.digest())
    begun(optuna.create_study(study_name=name, storage=storage), timedelta(minutes=61))
    found = record(0, what=job.config)
    assert handout.make(job, storage, lambda: found) == found
