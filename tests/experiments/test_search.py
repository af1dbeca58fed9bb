"""A search: as many trials as asked for, cut off or not, on validation images alone; each says where it came from."""

import contextlib
import signal
import subprocess
import sys
from dataclasses import replace

import optuna
import pytest

from l0lib.compress.rivals import TRIALS
from l0lib.experiments import launch, records, search
from l0lib.experiments import run as runner
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.search import Search, SearchError
from tests import made_up
from tests.browser import ROOT
from tests.made_up import config

#: A trial of the space of :func:`small`.
POINTS = [{"alpha_l0": 10.0**-power, "power": 0.5} for power in (6, 5, 4, 3)]
NORM = {"alpha_l2": 3e-5, "alpha_l0": 4e-5, "beta": 6.0, "learning_rate": 0.1, "fine_tuning_learning_rate": 0.02,
        "power": 0.25}  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
    """The configurations that were tried, in a small space; no network is trained."""
    tried = []

    def small(experiment, arm, best):
        def space(trial):
            alpha = trial.suggest_float("alpha_l0", 1e-6, 1e-3, log=True)
            power = trial.suggest_categorical("power", [0.25, 0.5])
            penalty = {"strategy": "NORM", "alpha_l0": alpha, "power": power}
            training = {"epochs": 2, "learning_rate": 0.1, "penalty": penalty}
            return config(evaluate_on="validation", arm="lenet-300-100-NORM", training=training)

        return space

    def objective(what, seed, runs, **options):
        tried.append(what)
        return 100 * what.training.penalty.alpha_l0**0.5

    monkeypatch.setattr(search, "space_of", small)
    monkeypatch.setattr(runner, "objective", objective)
    return tried


def what(folder, trials, **more):
    return Search("experiment-2", "lenet-300-100-NORM", "full", trials, folder, folder / "records", **more)


def searched(folder, trials, tell=lambda line: None, **more):
    with launch.pool() as evaluate:
        return search.search(what(folder, trials, **more), evaluate, tell)


def params(found):
    return [trial.params for trial in found.trials]


def test_there_are_as_many_trials_as_asked_for_and_the_best_is_recorded(tmp_path, asked):
    found = searched(tmp_path, 4)
    assert len(asked) == 4
    assert [trial.number for trial in found.trials] == list(range(4))
    assert found.config == min(asked, key=lambda what: what.training.penalty.alpha_l0)
    assert found.search == {
        "alpha_l0": records.Range(low=1e-6, high=1e-3, log=True),
        "power": records.Choices(choices=(0.25, 0.5)),
    }
    assert found.origin.versions["optuna"] == optuna.__version__


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_search_resumes_and_a_finished_one_is_only_read(tmp_path, asked, at_once):
    whole = searched(tmp_path / "whole", 12, at_once=at_once)
    assert len({tuple(sorted(p.items())) for p in params(whole)}) == 12, "no trial repeats another"
    searched(tmp_path / "cut", 4, at_once=at_once)
    assert params(searched(tmp_path / "cut", 12, at_once=at_once)) == params(whole), "resumed or not, they are the same"
    asked.clear()
    assert params(searched(tmp_path / "cut", 12, at_once=at_once)) == params(whole)
    assert asked == []


def test_each_trial_says_where_it_came_from(tmp_path, asked):
    lines = []
    found = searched(tmp_path, 10, lines.append, start=tuple(POINTS[:2]))
    sources = [trial.source for trial in found.trials]
    assert sources == ["written down"] * 2 + ["drawn at random"] * 6 + ["TPE"] * 2
    assert params(found)[:2] == POINTS[:2]
    assert found.sampler == search.SAMPLER
    assert lines[0].endswith("(written down)")
    assert searched(tmp_path / "other", 2, start=tuple(POINTS[:2])).sampler == "", "no sampler had a part in it"


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("calls", range(7))
def test_interrupted_in_any_trial_it_ends_as_undisturbed(tmp_path, asked, monkeypatch, calls, at_once):
    whole = searched(tmp_path / "whole", 6, start=tuple(POINTS[:2]), at_once=at_once)
    objective, left = runner.objective, [calls]

    def interrupted(*given, **options):
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return objective(*given, **options)

    monkeypatch.setattr(runner, "objective", interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        searched(tmp_path / "cut", 6, start=tuple(POINTS[:2]), at_once=at_once)
    again = searched(tmp_path / "cut", 6, at_once=at_once)
    assert [(t.params, t.errors, t.source) for t in again.trials] == [
        (t.params, t.errors, t.source) for t in whole.trials
    ]


def test_interrupted_while_it_asks_it_ends_as_undisturbed(tmp_path, asked, monkeypatch):
    whole = searched(tmp_path / "whole", 4, start=tuple(POINTS[:2]))
    told = optuna.Trial.set_user_attr
    for name in ("config", "place"):  # before and after the settings of the third trial are known

        def interrupted(trial, key, value, name=name):
            if trial.number == 2 and key == name:
                raise KeyboardInterrupt
            told(trial, key, value)

        with monkeypatch.context() as patch:
            patch.setattr(optuna.Trial, "set_user_attr", interrupted)
            with pytest.raises(KeyboardInterrupt):
                searched(tmp_path / name, 4, start=tuple(POINTS[:2]))
        assert params(searched(tmp_path / name, 4)) == params(whole)


def test_interrupted_as_it_begins_it_is_begun_anew(tmp_path, asked, monkeypatch):
    remember = optuna.Study.set_user_attr

    def interrupted(study, key, value):
        remember(study, key, value)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "set_user_attr", interrupted)
        with pytest.raises(KeyboardInterrupt):
            searched(tmp_path, 2)
    assert len(searched(tmp_path, 2).trials) == 2


def test_the_test_images_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "space_of", lambda *given: lambda trial: config())
    with pytest.raises(ValueError, match="evaluate_on must be 'validation' for a choice; got 'test'"):
        searched(tmp_path, 1)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({}, {"settings": (("training.epochs", "3"),)}, "begun with --set training.epochs not given, not 3: give the"),
        ({"settings": (("training.epochs", "3"),)}, {}, "begun with --set training.epochs 3, not left out: give the"),
        ({}, {"at_once": 2}, "begun with trials at once 1, not 2: give the same, or another --runs"),
        ({}, {"start": tuple(POINTS[:2])}, r"begun with --start \[\], not"),
        ({"start": tuple(POINTS[:2])}, {"start": (POINTS[1], POINTS[0])}, r"begun with --start \[.*\], not"),
        ({"start": tuple(POINTS[:1])}, {"start": (POINTS[0], POINTS[2])}, None),  # more, in time
    ],
)
def test_a_search_goes_on_with_all_that_it_was_begun_with(tmp_path, asked, first, then, message):
    searched(tmp_path, 1, **first)
    if message is None:
        assert params(searched(tmp_path, 2, **then)) == list(then["start"])
        return
    with pytest.raises(SearchError, match=message):
        searched(tmp_path, 3, **then)
    assert len(searched(tmp_path, 1, **first).trials) == 1


def test_two_processes_do_not_make_one_search(tmp_path, asked):
    from filelock import FileLock

    file = what(tmp_path, 1).file
    file.parent.mkdir(parents=True)
    with (
        FileLock(file.with_suffix(".lock")),
        pytest.raises(SearchError, match="is being searched by another process, which holds"),
    ):
        searched(tmp_path, 1)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ((NORM, NORM | {"beta": 50.0}), r"--start, trial 1: beta must be between 2 and 20; got 50"),
        ((NORM, NORM | {"power": 0.3}), r"--start, trial 1: power must be one of 0.1, 0.25, 0.5, 1; got 0.3"),
        ((NORM, NORM | {"gamma": 1.0}), r"--start, trial 1: settings must be .*beta.*; got .*, gamma"),
        ((NORM, {k: v for k, v in NORM.items() if k != "beta"}), r"--start, trial 1: settings must be .*beta.*; got"),
        (
            (NORM, NORM | {"beta": 3.0}, dict(reversed(NORM.items()))),
            "must differ from each other; got those of trial 0",
        ),
    ],
)
def test_first_trials_that_do_not_fit_are_refused_before_any_is_made(tmp_path, start, message):
    with pytest.raises(SearchError, match=message):
        searched(tmp_path, 3, start=start)
    assert not list(tmp_path.glob("experiment-2*"))


def test_a_rival_method_tries_what_its_module_wrote_down_in_that_order(tmp_path, monkeypatch):
    asked = []

    def objective(config, seed, runs, **options):
        asked.append(dict(config.rival.settings))
        return 10.0 - len(asked)

    monkeypatch.setattr(runner, "objective", objective)
    rival = Search("rivals", "lenet-300-100-snip", "full", 8, tmp_path, tmp_path / "records")
    with launch.pool() as evaluate:
        found = search.search(rival, evaluate)
        assert asked == list(TRIALS["snip"])
        assert found.sampler == ""
        assert dict(found.config.rival.settings) == TRIALS["snip"][-1]
        with pytest.raises(SearchError, match=r"--trials must be at most 8 for lenet-300-100-snip, .*; got 9"):
            search.search(replace(rival, trials=9), evaluate)


def test_the_network_seed_of_a_search_is_none_of_the_results():
    for study in STUDIES.values():
        assert search.SEED not in study.seeds


@pytest.mark.parametrize(("experiment", "arm"), [(study, arm) for study in search.ARMS for arm in search.ARMS[study]])
def test_every_arm_has_a_space_that_reads_validation_images(experiment, arm):
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    found = search.space_of(experiment, arm, lambda other: NORM)(trial)
    dataset = "cifar10" if experiment == "experiment-3" else "mnist"
    assert (found.experiment, found.arm, found.evaluate_on, found.dataset) == (experiment, arm, "validation", dataset)


@pytest.mark.parametrize("network", ["lenet-300-100", "lenet-5-caffe"])
def test_a_dense_network_is_judged_unpruned_after_all_the_epochs_of_the_pruned(network):
    trial = optuna.trial.FixedTrial({"alpha_l2": 1e-5, "learning_rate": 0.09})
    found, pruned = (
        search.space_of("experiment-2", f"{network}-{arm}", lambda other: NORM) for arm in ("dense-tuned", "l2")
    )
    dense, control = found(trial), pruned(optuna.trial.FixedTrial(trial.params | {"fine_tuning_learning_rate": 0.01}))
    assert dense.training.epochs == control.training.epochs + control.fine_tuning.epochs
    assert dense.training.model_copy(update={"epochs": control.training.epochs}) == control.training
    assert (dense.ratios, dense.fine_tuned_ratios, dense.fine_tuning) == ((1.0,), (), None)


@pytest.mark.parametrize("path", sorted(records.TUNINGS.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_on_record_was_drawn_from_the_space_of_today(path):
    """The chosen trial's settings, put into the space, give the configuration that its record holds."""
    found = records.read_tuning(path)
    stored = {record.arm: record.best.params for record in records.tunings() if record.experiment == found.experiment}
    space = search.space_of(found.experiment, found.arm, stored.__getitem__)
    made = space(optuna.trial.FixedTrial(found.best.params))
    kept = {
        name: getattr(made, name) for name in ("network", "ratios", "training", "fine_tuning", "gradual", "teacher")
    }
    assert kept == {name: getattr(found.config, name) for name in kept}


def test_separate_factors_start_from_normalised_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "TUNINGS", tmp_path / "none")
    sep = Search("experiment-2", "lenet-300-100-SEP", "fast", 1, tmp_path, tmp_path / "records")
    with pytest.raises(SearchError, match="starts from what was chosen for lenet-300-100-NORM: search that one first"):
        search.search(sep, None)
    record = made_up.tuned(search={name: {"low": 1e-9, "high": 99, "log": True} for name in NORM}, trials=[
        {"number": 0, "params": NORM, "errors": [1.0], "source": "written down"}], chosen=0)  # fmt: skip
    records.write_tuning(record, tmp_path / "records")
    lines = []
    full = Search("experiment-2", "lenet-300-100-SEP", "full", 0, tmp_path, tmp_path / "records")
    with pytest.raises(ValueError, match="min"):  # no trial was asked for: it came as far as the record of none
        search.search(full, None, lines.append)
    assert lines == ["lenet-300-100-SEP starts from the record of experiment-2-lenet-300-100-NORM"]


def test_a_choice_at_the_edge_of_what_was_tried_is_told():
    three = [
        {"number": n, "params": {"beta": beta, "power": 0.5}, "errors": [error], "source": "written down"}
        for n, (beta, error) in enumerate([(4.0, 2.0), (6.0, 1.5), (8.0, 1.7)])
    ]
    assert made_up.tuned(trials=three, chosen=1).at_the_edge == ()
    three[1]["errors"], three[2]["errors"] = [1.7], [1.5]
    assert made_up.tuned(trials=three, chosen=2).at_the_edge == ("beta",)


# ------------------------------------------------------------------------------------------- real processes


def command(folder, trials, *more):
    tiny = ["--set", "training.epochs=1", "--set", "fine_tuning.epochs=1"]
    return ["tune", "experiment-2", "--arm", "lenet-300-100-NORM", "--trials", trials, "--runs", folder, *tiny, *more]


def trials_of(folder):
    (path,) = (folder / "records" / "tuning").glob("*.json")
    found = records.read_tuning(path)
    assert (found.config.dataset, found.config.training.epochs, found.config.evaluate_on) == ("digits", 1, "validation")
    return [(trial.number, trial.params, trial.errors, trial.source) for trial in found.trials]


@pytest.mark.slow
def test_searches_killed_at_any_moment_end_as_undisturbed_ones(moments):
    """A few kills of searches that train nothing; killed_searches.py makes a hundred."""
    words = ["-m", "tests.experiments.killed_searches", "--kills", "6", "--seed", str(moments.randrange(10**6))]
    ended = subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True, cwd=ROOT, timeout=400)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_killed_search_ends_as_an_undisturbed_one(forks, tmp_path, moments):
    """The child counts the lines it runs and kills itself before a random one."""
    whole, log = tmp_path / "whole", tmp_path / "log"
    assert forks.run(command(whole, 2), logs=[log], count=True) == [0], log.read_text()
    lines = int(log.with_suffix(".lines").read_text())
    ends = []
    while 0 not in ends:
        job = {"line": moments.randint(1, lines * 2 // 3)} if len(ends) < 3 else {}
        ends += forks.run(command(tmp_path / "cut", 2), logs=[log], **job)
        assert ends[-1] in (-signal.SIGKILL, 0), log.read_text()
    assert -signal.SIGKILL in ends
    assert trials_of(tmp_path / "cut") == trials_of(whole)
