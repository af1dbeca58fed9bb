"""Runs handed out by a database: each is made once by machines that share no folder, and all get its record."""

import logging

import optuna
import pytest
from optuna.trial import TrialState

from l0lib import cli
from l0lib.experiments import handout, launch, records, tune
from l0lib.experiments.launch import Job, Plan
from tests.experiments.silence import forget
from tests.experiments.test_launch import JOBS, kinds, made  # noqa: F401
from tests.experiments.test_restart import TINY
from tests.made_up import config, record

JOB = JOBS[0]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'runs.db'}"


@pytest.fixture
def machine(tmp_path, url, monkeypatch):
    monkeypatch.setattr(launch, "PATIENCE", 0.02)

    def plan(name):
        return Plan(tmp_path / name / "runs", tmp_path / name / "records", device="cpu", storage=url)

    return plan


def begun(url, job=JOB):
    """A claim that another process has begun, and its study."""
    storage = optuna.storages.RDBStorage(tune.open_storage(url).url)  # asks for no signs of life
    name = f"run of {job.name}, settings {job.config.digest()}"
    study = optuna.create_study(study_name=name, storage=storage, load_if_exists=True)
    return study, study.ask()


def test_two_machines_make_each_run_once_and_both_have_all_records(machine, made, url):  # noqa: F811
    news = []
    launch.launch(JOBS[:3], machine("a"), lambda new: None)
    assert launch.launch(JOBS, machine("b"), news.append) == 0
    assert made == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert [kind for *_, kind in kinds(news)] == ["skipped"] * 3 + ["started", "finished"]
    assert str(news[0]) == "experiment-2 a seed 0: made elsewhere, its record fetched"
    mine, theirs = (list(records.read_all(machine(name).records)) for name in "ba")
    assert mine[:1] + mine[2:3] + mine[1:2] == [theirs[0], theirs[2], theirs[1]]
    assert len(mine) == 4
    assert all(found == record(found.seed, what=found.config) for found in mine)


def test_a_run_in_the_hands_of_another_is_left_to_it(url):
    study, trial = begun(url)

    def work():
        raise AssertionError("it is made by another process")

    assert handout.make(JOB, url, work) is None
    study.tell(trial, state=TrialState.FAIL)
    found = record(0, what=JOB.config)
    assert handout.make(JOB, url, lambda: found) == found, "a failed one is free again"
    assert handout.make(JOB, url, work) == found


def test_of_two_that_claim_at_once_the_first_one_makes_it(url, monkeypatch):
    """The other one looks before the first has begun, and claims after it."""
    study, _ = begun(url)
    seen = []
    real = optuna.Study.get_trials

    def get_trials(self, deepcopy=True, states=None):
        if states == (TrialState.RUNNING,):
            seen.append(1)
            return []
        return real(self, deepcopy, states)

    monkeypatch.setattr(optuna.Study, "get_trials", get_trials)
    assert handout.make(JOB, url, lambda: pytest.fail("made twice")) is None
    assert seen
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.PRUNED]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_a_run_frees_it_without_a_word_of_optuna(url, error, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("optuna"), "handlers", [caplog.handler])

    def work():
        raise error("no more")

    with pytest.raises(error, match="no more"):
        handout.make(JOB, url, work)
    found = record(0, what=JOB.config)
    assert handout.make(JOB, url, lambda: found) == found
    assert [told.getMessage() for told in caplog.records] == []


def test_the_run_of_a_process_without_signs_of_life_is_free_again(url):
    _, trial = begun(url)
    tune.open_storage(url).record_heartbeat(trial._trial_id)
    assert handout.make(JOB, url, lambda: pytest.fail("it was alive just now")) is None
    forget(url)
    found = record(0, what=JOB.config)
    assert handout.make(JOB, url, lambda: found) == found


def asleep(url):
    """Let this process sleep within a run: another one takes it for dead."""
    forget(url)
    name = f"run of {JOB.name}, settings {JOB.config.digest()}"
    study = optuna.load_study(study_name=name, storage=tune.open_storage(url))
    optuna.storages.fail_stale_trials(study)
    return study


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_process_that_slept_hands_its_record_in_all_the_same(url):
    found = record(0, what=JOB.config)

    def work():
        asleep(url)
        return found

    assert handout.make(JOB, url, work) == found
    assert handout.make(JOB, url, lambda: pytest.fail("made twice")) == found


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_process_that_slept_keeps_its_record_if_another_has_the_run_in_hand(url):
    found, running = record(0, what=JOB.config), []

    def work():
        study = asleep(url)
        with pytest.warns(UserWarning, match="Heartbeat"):
            running.append((study, study.ask()))
        return found

    assert handout.make(JOB, url, work) == found
    assert handout.make(JOB, url, lambda: pytest.fail("another process makes it")) is None
    ((study, _),) = running
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.RUNNING]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyboardInterrupt, SystemExit])
def test_what_ends_a_run_is_told_as_it_is_even_if_the_process_slept(url, error):
    def work():
        asleep(url)
        raise error("no more")

    with pytest.raises(error, match="no more"):
        handout.make(JOB, url, work)
    found = record(0, what=JOB.config)
    assert handout.make(JOB, url, lambda: found) == found


def test_a_run_of_other_settings_is_another_run(url):
    other = Job(config(arm="a", training={"epochs": 3, "learning_rate": 0.1}), 0)
    assert other.config.digest() != JOB.config.digest()
    for job in (JOB, other):
        found = record(0, what=job.config)
        assert handout.make(job, url, lambda found=found: found).config == job.config


def test_what_one_machine_made_before_the_database_gets(machine, made, url):  # noqa: F811
    alone = machine("a")
    launch.launch([JOB], Plan(alone.runs, alone.records, device="cpu"), lambda new: None)
    news = []
    launch.launch([JOB], alone, news.append)
    launch.launch([JOB], machine("b"), news.append)
    assert made == [("a", 0)]
    assert [new.text for new in news] == ["finished before, skipped", "made elsewhere, its record fetched"]


def test_a_long_record_travels_in_pieces_and_a_damaged_one_is_told(url, monkeypatch):
    monkeypatch.setattr(handout, "PIECE", 100)
    found = record(0, what=JOB.config)
    handout.make(JOB, url, lambda: found)
    assert handout.make(JOB, url, lambda: None) == found
    study, _ = begun(url)
    storage, (kept, *_) = study._storage, study.trials
    assert kept.user_attrs["pieces"] > 3
    real = optuna.Study.get_trials

    def damaged(self, **how):
        trials = real(self, **how)
        for trial in trials:
            trial.user_attrs.pop("record 1", None)
        return trials

    monkeypatch.setattr(optuna.Study, "get_trials", damaged)
    with pytest.raises(tune.StorageError, match="storage must hold the record of the run of experiment-2 a seed 0"):
        handout.make(JOB, storage, lambda: None)


def test_two_commands_that_share_nothing_but_a_database(forks, tmp_path, url):
    """Both are real: networks trained on the embedded digits, a folder for each process."""

    def command(name):
        where = ["--runs", tmp_path / name, "--storage", url]
        arms = ["--arms", "lenet-300-100-NORM", "--seeds", "0-1"]
        return ["run", "experiment-2", "--profile", "fast", *arms, *where, *[str(word) for word in TINY]]

    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    assert forks.run(command("one"), command("two"), logs=logs) == [0, 0], [log.read_text() for log in logs]
    said = "".join(log.read_text() for log in logs)
    for seed in (0, 1):
        assert said.count(f"lenet-300-100-NORM seed {seed}: finished, error") == 1
        assert said.count(f"lenet-300-100-NORM seed {seed}: made elsewhere, its record fetched") == 1
    one, two = (list(records.read_all(tmp_path / name / "records")) for name in ("one", "two"))
    assert one == two
    assert len(one) == 2


def test_a_database_that_cannot_be_used_is_told_once(capsys):
    what = ["run", "experiment-2", "--arms", "lenet-300-100-dense", "--storage", "nosuch://host/db"]
    assert cli.main(what) == 1
    assert capsys.readouterr().err.count("storage must be the address of a database") == 1
