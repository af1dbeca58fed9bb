"""``l0lib run`` from end to end on real digits: killed at random moments, and by two processes at once."""

import signal

import pytest

from l0lib.experiments import records

#: One arm of the fast profile, made short.
SETTINGS = ("training.epochs=1", "fine_tuning.epochs=1", "ratios=20", "fine_tuned_ratios=20,50")
TINY = [word for setting in SETTINGS for word in ("--set", setting)]


def command(folder, *arms, seeds=0):
    arms = arms or ["lenet-300-100-NORM"]
    where = ["--runs", folder / "runs", "--records", folder / "records"]
    return ["run", "experiment-2", "--profile", "fast", "--arms", *arms, "--seeds", seeds, *where, *TINY]


def told(folder):
    """The records in ``folder`` apart from where and when they were made, and the stored networks."""
    runs = {record.name: record.model_dump(exclude={"origin"}) for record in records.read_all(folder / "records")}
    return runs, {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.l0"))}


@pytest.fixture(scope="module")
def unbroken(forks, tmp_path_factory):
    """What a run comes to that nobody kills, and the number of lines that it takes."""
    folder = tmp_path_factory.mktemp("unbroken")
    assert forks.run(command(folder), logs=[folder / "log"], count=True) == [0], (folder / "log").read_text()
    return told(folder), int((folder / "log.lines").read_text())


def test_a_run_killed_at_random_lines_comes_to_the_same_record(forks, unbroken, moments, tmp_path):
    """The child counts the lines it runs and kills itself before a random one, so that a seed replays the very line."""
    expected, lines = unbroken
    log = tmp_path / "log"
    ends = []
    while 0 not in ends:
        line = moments.randint(1, lines // 2)
        job = {"line": line} if len(ends) < 4 else {}
        ends += forks.run(command(tmp_path), logs=[log], **job)
        print(f"line {line} of {lines}: status {ends[-1]}")
        assert ends[-1] in (-signal.SIGKILL, 0), log.read_text()
    assert -signal.SIGKILL in ends, "half of the lines is never the whole run"
    assert told(tmp_path) == expected
    assert not list(tmp_path.rglob("*.part*")), "nothing half written is left"


def test_a_finished_run_is_not_made_again(forks, unbroken, tmp_path):
    assert forks.run(command(tmp_path), logs=[tmp_path / "first"]) == [0]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert forks.run(command(tmp_path), logs=[tmp_path / "second"]) == [0]
    assert "lenet-300-100-NORM seed 0: finished before, skipped" in (tmp_path / "second").read_text()
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_two_processes_on_one_study_share_its_runs(forks, tmp_path):
    arms = ["lenet-300-100-dense", "lenet-300-100-NORM"]
    logs = [tmp_path / "one", tmp_path / "two"]
    assert forks.run(*[command(tmp_path, *arms, seeds="0-1")] * 2, logs=logs) == [0, 0]
    said = [log.read_text().splitlines() for log in logs]
    finished = [line.split("] ")[1].split(":")[0] for log in said for line in log if ": finished, error" in line]
    assert sorted(finished) == [f"experiment-2 {arm} seed {seed}" for arm in sorted(arms) for seed in (0, 1)]
    assert all("4 of 4 runs are recorded" in log[-1] for log in said)
    assert len(told(tmp_path)[0]) == 4


def test_two_jobs_make_the_same_records_as_one(forks, unbroken, tmp_path):
    log = tmp_path / "log"
    both = command(tmp_path, "lenet-300-100-dense", "lenet-300-100-NORM")
    assert forks.run([*both, "--jobs", 2], logs=[log]) == [0], log.read_text()
    runs, networks = told(tmp_path)
    (expected_runs, expected_networks), _ = unbroken
    assert len(runs) == 2
    assert {name: runs[name] for name in expected_runs} == expected_runs
    assert networks == expected_networks
    ends = [line.split("] ")[0].split("[")[1] for line in log.read_text().splitlines() if ": finished, error" in line]
    assert ends == ["1/2", "2/2"]
    assert "Traceback" not in log.read_text()
    assert "leaked" not in log.read_text()
