"""Several processes make the steps that one alone makes with the same batches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from l0lib.compress import parallel
from tests.compress import together

ROOT = Path(__file__).parents[2]


def torchrun(*arguments, cwd=ROOT):
    """Run a script or a module in two processes on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same training in this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield together.train(tmp_path_factory.mktemp("alone"))
    torch.set_num_threads(before)


def assert_same(result, alone):
    model, history = alone
    losses = torch.tensor([epoch.loss for epoch in history if epoch.epoch], dtype=torch.float64)
    torch.testing.assert_close(result["losses"], losses, rtol=1e-5, atol=0)
    for name, values in model.state_dict().items():
        torch.testing.assert_close(result["weights"][name], values, rtol=0, atol=1e-6)
        assert torch.equal(result["weights"][name] == 0, values == 0)


@pytest.mark.slow
def test_two_processes_train_what_one_trains(alone, tmp_path):
    done = torchrun(together.__file__, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert_same(torch.load(tmp_path / "result.pt", weights_only=True), alone)
    found = torch.load(tmp_path / "photographs.pt", weights_only=True)
    model, history = together.train_photographs()
    losses = torch.tensor([epoch.loss for epoch in history if epoch.epoch], dtype=torch.float64)
    torch.testing.assert_close(found["losses"], losses, rtol=1e-9, atol=0)
    for name, values in model.state_dict().items():
        torch.testing.assert_close(found["weights"][name], values, rtol=0, atol=1e-9, msg=name)


@pytest.mark.slow
def test_two_processes_go_on_where_one_was_cut_off(alone, tmp_path, monkeypatch):
    """A checkpoint does not say how many processes there were: their number may change."""
    steps = []

    def stop_at_six(model):
        def forward(images):
            steps.append(1)
            if len(steps) > 6:  # in the middle of the second epoch, behind a checkpoint
                raise KeyboardInterrupt
            return model(images)

        return forward

    monkeypatch.setattr(parallel, "averaging_gradients", stop_at_six)
    with pytest.raises(KeyboardInterrupt):
        together.train(tmp_path)
    assert (tmp_path / "run.checkpoint").exists()
    done = torchrun(together.__file__, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert_same(torch.load(tmp_path / "result.pt", weights_only=True), alone)


@pytest.mark.slow
def test_l0lib_run_works_unchanged_under_torchrun(tmp_path):
    """One record, of two processes; trained like one, and so with the same losses."""
    command = ["-m", "l0lib", "run", "experiment-2", "--arms", "lenet-300-100-NORM", "--seeds", "0", "--device", "cpu"]
    command += ["--set", "training.epochs=2", "--set", "fine_tuning.epochs=1"]
    two = torchrun(*command, "--runs", str(tmp_path / "two"))
    assert two.returncode == 0, two.stderr
    assert two.stderr.count("seed 0: finished") == 1
    one = subprocess.run(
        [sys.executable, *command, "--runs", str(tmp_path / "one")], cwd=ROOT, capture_output=True, text=True
    )
    assert one.returncode == 0, one.stderr
    together, alone = (
        json.loads(file.read_text())
        for name in ("two", "one")
        for file in (tmp_path / name / "records").rglob("*.json")
    )
    assert [made["origin"]["processes"] for made in (together, alone)] == [2, 1]
    assert [epoch["loss"] for epoch in together["history"]] == [
        None if epoch["loss"] is None else pytest.approx(epoch["loss"], rel=1e-4) for epoch in alone["history"]
    ]
    assert abs(together["dense"]["errors"] - alone["dense"]["errors"]) <= 2
    assert [point["nonzero"] for point in together["points"]] == [point["nonzero"] for point in alone["points"]]


@pytest.mark.slow
def test_a_run_that_fails_under_torchrun_ends_all_processes_and_says_why(tmp_path):
    done = torchrun(
        "-m", "l0lib", "run", "experiment-2", "--arms", "lenet-300-100-*", "--seeds", "0-3", "--runs", str(tmp_path),
        "--set", "training.learning_rate=1e6", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("failed: loss must stay finite") == 1  # the first failure is the last


def test_several_jobs_and_several_processes_exclude_each_other(monkeypatch, capsys):
    from l0lib import cli

    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cli.main(["run", "experiment-2", "--jobs", "2"]) == 2
    assert (
        "--jobs and --cluster are not for torchrun, whose processes make one run together; got 2"
        in capsys.readouterr().err
    )


def test_one_process_alone_needs_nobody():
    assert parallel.start() == (0, 1)
    assert parallel.first()
    assert parallel.from_first(lambda: 7) == 7
    model, value = torch.nn.Linear(1, 1), torch.tensor(3.0)
    assert parallel.averaging_gradients(model) is model
    assert parallel.mean(value) is value
    parallel.stop()


@pytest.mark.parametrize("images", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_the_weighted_shares_of_a_batch_average_to_its_mean(world, images, monkeypatch):
    batch, losses = torch.arange(images), torch.rand(images, dtype=torch.float64)
    own = []
    for rank in range(world):
        monkeypatch.setattr(parallel, "ranks", lambda rank=rank: (rank, world))
        mine, weight = parallel.local_batch(batch)
        assert len(mine) >= 1
        own.append(losses[mine].mean() * weight)
    torch.testing.assert_close(sum(own) / world, losses.mean())


def test_only_the_first_process_takes_a_lock(tmp_path, monkeypatch):
    for rank in (0, 1):
        monkeypatch.setattr(parallel, "ranks", lambda rank=rank: (rank, 2))
        path = tmp_path / str(rank) / "lock"
        with parallel.lock(path):
            assert path.parent.exists() == (rank == 0)
