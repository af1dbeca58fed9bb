"""Tuning: as many trials as asked for, by any number of processes, cut off or not, on validation images alone."""

import signal
import sqlite3
import threading

import optuna
import pytest

from l0lib.experiments import run as runner
from l0lib.experiments import search, spaces, tune, tuning
from l0lib.experiments.arms import STUDIES
from tests import made_up
from tests.made_up import config

DONE = optuna.trial.TrialState.COMPLETE


def space(trial):
    alpha = trial.suggest_float("alpha_l0", 1e-6, 1e-3, log=True)
    power = trial.suggest_categorical("power", [0.25, 0.5])
    penalty = {"strategy": "NORM", "alpha_l0": alpha, "power": power}
    return config(evaluate_on="validation", training={"epochs": 2, "learning_rate": 0.1, "penalty": penalty})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'db' / 'tuning.db'}"


@pytest.fixture
def asked(monkeypatch):
    """The configurations that were tried; no network is trained."""
    tried = []

    def objective(what, seed, runs, **options):
        tried.append(what)
        return 100 * what.training.penalty.alpha_l0**0.5

    monkeypatch.setattr(runner, "objective", objective)
    return tried


def params(study):
    return [trial.params for trial in study.get_trials(states=(DONE,))]


def test_there_are_as_many_trials_as_asked_for_and_the_best_is_recorded(url, asked):
    study = tune.tune("x", space, 4, url)
    assert len(asked) == 4
    record = tune.record(study)
    assert [trial.number for trial in record.trials] == list(range(4))
    best = min(asked, key=lambda what: what.training.penalty.alpha_l0)
    assert record.config == best
    assert record.search == {
        "alpha_l0": tuning.Range(low=1e-6, high=1e-3, log=True),
        "power": tuning.Choices(choices=(0.25, 0.5)),
    }
    assert record.origin.versions["optuna"] == optuna.__version__


def test_a_study_goes_on_and_a_finished_one_is_only_read(url, asked, tmp_path):
    whole = params(tune.tune("x", space, 9, url))
    other = f"sqlite:///{tmp_path / 'other.db'}"
    tune.tune("x", space, 4, other)
    assert params(tune.tune("x", space, 9, other)) == whole, "cut off or not, the trials are the same"
    asked.clear()
    assert params(tune.tune("x", space, 9, other)) == whole
    assert asked == []


def test_the_sampler_seed_settles_the_trials(url, asked):
    first = params(tune.tune("one", space, 2, url))
    assert params(tune.tune("two", space, 2, url)) == first
    assert params(tune.tune("three", space, 2, url, sampler_seed=1)) != first


def test_the_first_trials_are_those_given(url, asked):
    start = [{"alpha_l0": 5e-5, "power": 0.5}, {"alpha_l0": 7e-5, "power": 0.25}]
    assert params(tune.tune("x", space, 3, url, start=start))[:2] == start


def test_what_is_interrupted_is_tried_again(url, asked, monkeypatch):
    objective = runner.objective

    def interrupted(what, seed, runs, **options):
        if len(asked) == 2:
            raise KeyboardInterrupt
        return objective(what, seed, runs, **options)

    monkeypatch.setattr(runner, "objective", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune.tune("x", space, 3, url)
    cut = optuna.load_study(study_name="x", storage=url).get_trials()[2].params
    monkeypatch.setattr(runner, "objective", objective)
    assert params(tune.tune("x", space, 3, url))[2] == cut


def test_threads_that_begin_the_last_trial_at_once_make_none_too_many(url, asked):
    storage = tune.open_storage(url)
    barrier = threading.Barrier(3)

    def work():
        barrier.wait(timeout=60)
        tune.tune("x", space, 3, url)

    optuna.create_study(study_name="x", storage=storage)
    team = [threading.Thread(target=work) for _ in range(3)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join(timeout=120)
    found = params(optuna.load_study(study_name="x", storage=storage))
    assert len(found) == len({tuple(trial.items()) for trial in found}) == 3


def test_the_test_images_are_refused(url, monkeypatch):
    def wrong(trial):
        return space(trial).model_copy(update={"evaluate_on": "test"})

    monkeypatch.setattr(runner, "run", None)
    with pytest.raises(ValueError, match="evaluate_on must be 'validation' for a choice; got 'test'"):
        tune.tune("x", wrong, 1, url)


def test_a_study_is_not_mixed_with_another_of_its_name(url, asked):
    tune.tune("x", space, 1, url, settings={"--training-epochs": 2})
    with pytest.raises(tune.StorageError, match="was begun with --training-epochs 2, not 3: name another database"):
        tune.tune("x", space, 2, url, settings={"--training-epochs": 3})
    with pytest.raises(tune.StorageError, match=r"was begun with seeds \[100\], not \[7\]"):
        tune.tune("x", space, 2, url, seeds=(7,), settings={"--training-epochs": 2})


def test_a_study_goes_on_with_all_the_settings_that_it_was_begun_with(url, asked):
    tune.tune("x", space, 1, url, settings={"--training-epochs": 2})
    with pytest.raises(tune.StorageError, match="was begun with --training-epochs 2: give the same, or name another"):
        tune.tune("x", space, 2, url)
    with pytest.raises(tune.StorageError, match="was begun without --training-bf16: give"):
        tune.tune("x", space, 2, url, settings={"--training-epochs": 2, "--training-bf16": True})
    assert len(tune.tune("x", space, 2, url, settings={"--training-epochs": 2}).trials) == 2
    tune.tune("y", space, 1, url)
    with pytest.raises(tune.StorageError, match="was begun without --training-epochs: give"):
        tune.tune("y", space, 2, url, settings={"--training-epochs": 2})


def test_a_study_without_trials_has_no_record(url):
    with pytest.raises(ValueError, match="study must have finished trials; x has none"):
        tune.record(optuna.create_study(study_name="x", storage=tune.open_storage(url)))


def test_the_network_seeds_of_tuning_are_not_those_of_results():
    for study in STUDIES.values():
        assert not set(tune.SEEDS) & set(study.seeds)


@pytest.mark.parametrize(("experiment", "arm"), [(study, arm) for study in tuning.ARMS for arm in tuning.ARMS[study]])
def test_every_arm_has_a_space_that_reads_validation_images(experiment, arm):
    best = {"alpha_l2": 1e-5, "alpha_l0": 1e-5, "beta": 5.0, "power": 0.5, "learning_rate": 0.05,
            "fine_tuning_learning_rate": 0.02}  # fmt: skip
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    what = spaces.of_arm(experiment, arm, lambda other: best)(trial)
    dataset = "cifar10" if experiment == "experiment-3" else "mnist"
    assert (what.experiment, what.arm, what.evaluate_on, what.dataset) == (experiment, arm, "validation", dataset)


def command(folder, trials, *, arm="lenet-300-100-NORM", epochs=1):
    tiny = ["--training-epochs", epochs, "--fine-tuning-epochs", 1]
    return ["tune", "experiment-2", "--arm", arm, "--trials", trials, "--runs", folder / "runs", *tiny]


def in_database(folder):
    with sqlite3.connect(folder / "runs" / "tuning.db") as database:
        return database.execute("select number, state from trials order by number").fetchall()


def test_two_processes_share_one_study(forks, tmp_path):
    """Both are real: two commands, one SQLite file, networks trained on the embedded digits."""
    logs = [tmp_path / "one", tmp_path / "two"]
    assert forks.run(*[command(tmp_path, 4)] * 2, logs=logs) == [0, 0], [log.read_text() for log in logs]
    lines = [[line for line in log.read_text().splitlines() if " trial " in line] for log in logs]
    assert len(lines[0]) + len(lines[1]) == 4
    (path,) = (tmp_path / "runs" / "records" / "tuning").glob("*.json")
    record = tuning.read(path)  # refuses trials that repeat each other
    assert path.name == "experiment-2-lenet-300-100-NORM-fast.json"
    assert len(record.trials) == 4
    assert record.config.dataset == "digits"
    assert (record.config.training.epochs, record.config.evaluate_on) == (1, "validation")
    told = {line.split(" trial ")[1].split(":")[0] for log in lines for line in log}
    assert told == {str(trial.number) for trial in record.trials}


def test_a_killed_trial_is_tried_again_with_the_same_settings(forks, tmp_path):
    log = tmp_path / "log"
    ends = forks.run(command(tmp_path, 2), logs=[log], line=300)
    assert ends == [-signal.SIGKILL]
    assert [state for _, state in in_database(tmp_path)] == ["RUNNING"]
    url = f"sqlite:///{tmp_path / 'runs' / 'tuning.db'}"
    name = "experiment-2-lenet-300-100-NORM-fast"
    left = optuna.load_study(study_name=name, storage=url).get_trials()[0]
    with sqlite3.connect(tmp_path / "runs" / "tuning.db") as database:  # as if it had died an hour ago
        database.execute("update trial_heartbeats set heartbeat = datetime(heartbeat, '-1 hour')")
    assert forks.run(command(tmp_path, 2), logs=[log]) == [0], log.read_text()
    states = [state for _, state in in_database(tmp_path)]
    assert sorted(states) == ["COMPLETE", "COMPLETE", "FAIL"]
    done = optuna.load_study(study_name=name, storage=url).get_trials(states=(DONE,))
    assert left.params in [trial.params for trial in done]


def test_separate_factors_start_from_normalised_ones(url, tmp_path):
    job = search.Search("experiment-2", "lenet-300-100-SEP", "fast", 1, url, tmp_path)
    with pytest.raises(tune.StorageError, match="starts from what was chosen for lenet-300-100-NORM: tune that one"):
        job.make(lambda line: None)


def test_separate_factors_start_from_a_stored_tuning_where_the_database_has_none(url, tmp_path, monkeypatch):
    record = made_up.tuned()
    written = tuning.write(record, tmp_path)
    monkeypatch.setattr(search, "TUNINGS", tmp_path)
    lines, taken = [], []
    job = search.Search("experiment-2", "lenet-300-100-SEP", "full", 1, url, tmp_path)
    monkeypatch.setattr(search.spaces, "of_arm", lambda experiment, arm, best: taken.append(best("lenet-300-100-NORM")))
    settings = []
    monkeypatch.setattr(tune, "tune", lambda *given, **more: settings.append(more["settings"]))
    job.join(lines.append)
    assert taken == [record.best.params]
    assert settings == [{"start at lenet-300-100-NORM": record.best.params}]
    assert lines == [f"{job.name}: starts from the stored record of {written.stem}, as the database does not hold that"
                     " tuning"]  # fmt: skip


START = {
    "alpha_l2": 3e-5, "power": 0.25, "alpha_l0": 4e-5, "beta": 6.0, "learning_rate": 0.1,
    "fine_tuning_learning_rate": 0.02,
}  # fmt: skip


def started(url, folder, start, trials=2):
    changes = ((("training", "epochs"), "1"), (("fine_tuning", "epochs"), "1"))
    return search.Search("experiment-2", "lenet-300-100-NORM", "fast", trials, url, folder, changes, start=start)


def test_the_first_trials_are_the_ones_written_down(url, tmp_path):
    made = started(url, tmp_path, (START, START | {"beta": 3.0})).make(lambda line: None)
    assert [trial.params for trial in sorted(made.trials, key=lambda trial: trial.number)] == [
        START,
        START | {"beta": 3.0},
    ]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (START | {"beta": 50.0}, r"--start, trial 1: beta must be between 2 and 20; got 50"),
        (START | {"power": 0.3}, r"--start, trial 1: power must be one of 0.1, 0.25, 0.5, 1.0; got 0.3"),
        (START | {"gamma": 1.0}, r"--start, trial 1: settings must be .*beta.*; got .*, gamma"),
        ({k: v for k, v in START.items() if k != "beta"}, r"--start, trial 1: settings must be .*beta.*; got"),
    ],
)
def test_first_trials_that_do_not_fit_are_refused_before_any_is_made(url, tmp_path, point, message):
    with pytest.raises(tune.StorageError, match=message):
        started(url, tmp_path, (START, point)).make(lambda line: None)
    assert not list(tmp_path.glob("experiment-2*"))


def test_a_choice_at_the_edge_of_what_was_tried_is_told():
    three = [
        {"number": n, "params": {"beta": beta, "power": 0.5}, "errors": [error]}
        for n, (beta, error) in enumerate([(4.0, 2.0), (6.0, 1.5), (8.0, 1.7)])
    ]
    assert made_up.tuned(trials=three, chosen=1).at_the_edge == ()
    three[1]["errors"], three[2]["errors"] = [1.7], [1.5]
    assert made_up.tuned(trials=three, chosen=2).at_the_edge == ("beta",)
