"""A run that was killed and goes on ends in the same bits as one that was not."""

import errno
import importlib.util
import os
import pickle
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from l0lib import L0, L1, L2, compress
from l0lib.compress import checkpoints
from tests.killing import Parent

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def killable():
    """The module killable.py, whose runs are those of the process."""
    spec = importlib.util.spec_from_file_location("killable", HERE / "killable.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Process(Parent):
    """The process of killable.py: one child a job."""

    def run(self, **job):
        """Run one job and return its exit status, -9 if it was killed."""
        return self.ask(job)["status"]


@pytest.fixture(scope="module")
def process():
    process = Process(HERE / "killable.py")
    yield process
    process.close()


@pytest.fixture(scope="module")
def uninterrupted(process, tmp_path_factory):
    """The result of a run that nobody kills and that writes no checkpoint, the seconds it takes, and its lines."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert process.run(checkpoint=None, result=str(folder / "plain")) == 0
    started = time.perf_counter()
    assert process.run(checkpoint=str(folder / "checkpoint"), result=str(folder / "timed")) == 0
    seconds = time.perf_counter() - started
    assert process.run(checkpoint=str(folder / "again"), result=str(folder / "counted"), line=0) == 0
    result = (folder / "plain").read_text()
    assert (folder / "timed").read_text() == result
    return result, seconds, int((folder / "counted.lines").read_text())


@pytest.fixture(autouse=True)
def one_thread():
    """Equal bits are promised for an equal number of threads; with one, neighbours on the machine cost least."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_a_run_killed_at_random_lines_ends_in_the_same_bits(process, uninterrupted, moments, tmp_path):
    """The child counts the lines it runs and kills itself before a random one, so that a seed replays the very line."""
    expected, _, lines = uninterrupted
    result, job = tmp_path / "result", {"checkpoint": str(tmp_path / "run.pt"), "result": str(tmp_path / "result")}
    killed = 0
    while not result.exists():
        line = moments.randint(1, lines // 3)
        status = process.run(**job, line=line if killed < 12 else 0)
        print(f"kill {killed}: line {line}, status {status}, step {step_of(tmp_path / 'run.pt')}")
        assert status in (-signal.SIGKILL, 0)
        killed += status != 0
    assert killed >= 2  # a third of the lines is never the whole run
    assert result.read_text() == expected
    assert {path.name for path in tmp_path.iterdir()} <= {"run.pt", "result", "result.lines"}


@pytest.mark.slow
def test_a_run_killed_from_outside_at_random_times_ends_in_the_same_bits(process, uninterrupted, moments, tmp_path):
    """Any instruction may be the last, torch's own while it writes too; the seed gives the same seconds again."""
    expected, seconds, _ = uninterrupted
    job = {"checkpoint": str(tmp_path / "run.pt"), "result": str(tmp_path / "result")}
    ends = []
    for attempt in range(8):
        wait = moments.uniform(0, 0.6 * seconds) if attempt else 0.0  # at least that one comes in time
        ends.append(process.run(**job, kill_after=wait))
        print(f"killed after {wait:.4f} s: status {ends[-1]}, step {step_of(tmp_path / 'run.pt')}")
    assert -signal.SIGKILL in ends
    assert set(ends) <= {-signal.SIGKILL, 0}
    assert process.run(**job) == 0
    assert (tmp_path / "result").read_text() == expected


def step_of(path):
    """The step of the checkpoint, which must be whole whenever the run was killed."""
    contents = checkpoints.load(path)
    return None if contents is None else contents["step"]


@pytest.mark.slow
def test_killed_before_each_line_of_a_save_it_leaves_the_old_file_or_the_new_one(process, tmp_path):
    path = tmp_path / "run.pt"
    seen = []
    for line in range(1, 100):
        checkpoints.save(path, {"which": "old"})
        if process.run(save=str(path), line=line) == 0:
            break
        seen.append(checkpoints.load(path)["which"])
        assert {found.name for found in tmp_path.iterdir()} <= {"run.pt", ".run.pt.part"}
    assert len(seen) > 8
    assert seen == sorted(seen, reverse=True)  # old ones first, then new ones
    assert set(seen) == {"old", "new"}
    assert checkpoints.load(path)["which"] == "new"
    assert [found.name for found in tmp_path.iterdir()] == ["run.pt"]


@pytest.fixture(scope="module")
def small(digits):
    x, y = digits.train.tensors()
    return x[:300], y[:300]


class Break(Exception):
    pass


def broken_off(killable, path, few, step, **change):
    """Run until the forward pass of ``step`` and fail there, as a machine would."""
    forward, count = killable.Tiny.forward, 0

    def failing(self, images):
        nonlocal count
        count += self.training
        if count > step:
            raise Break
        return forward(self, images)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(killable.Tiny, "forward", failing)
        with pytest.raises(Break):
            killable.run(path, few, **change)


def same(first, second):
    (model, history), (other, told) = first, second
    assert history[1:] == told[1:]
    ours, theirs = model.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("update", ["coupled", "clipped", "proximal"])
@pytest.mark.parametrize(("every", "step"), [(None, 25), (1, 25), (7, 20)])
def test_a_run_goes_on_from_an_epoch_or_from_a_step(killable, small, tmp_path, update, every, step):
    change = {"checkpoint_steps": every, "update": update}
    path = tmp_path / "run.pt"
    broken_off(killable, path, small, step, **change)
    assert step_of(path) == {None: 20, 1: 25, 7: 14}[every]  # ten steps an epoch
    same(killable.run(path, small, **change), killable.run(None, small, update=update))


def test_a_finished_run_is_read_and_not_repeated(killable, small, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    first = killable.run(path, small)
    written = path.stat().st_mtime_ns
    monkeypatch.setattr(killable.Tiny, "forward", None)
    same(killable.run(path, small), first)
    assert path.stat().st_mtime_ns == written


def test_a_checkpoint_of_another_configuration_is_refused_with_what_differs(killable, small, tmp_path):
    path = tmp_path / "run.pt"
    broken_off(killable, path, small, 4)
    x, y = small
    mask = compress.prune_global(killable.Tiny(), 4)
    for change, message in [
        ({"learning_rate": 0.2}, r"in .*run\.pt learning_rate was 0\.1, is 0\.2: give this run another path"),
        ({"epochs": 5}, "epochs was 4, is 5"),
        ({"momentum": 0.8}, r"momentum was 0\.9, is 0\.8"),
        ({"seed": 3}, "seed was 0, is 3"),
        ({"shift": 2, "warm_up": 2}, "warm_up was 1, is 2; shift was 1, is 2"),
        ({"bf16": True}, "bf16 was False, is True"),
        ({"update": "coupled"}, "update was 'clipped', is 'coupled'"),
        ({"schedule": "step"}, "schedule was 'cosine', is 'step'"),
        ({"schedule": lambda step, steps, start: start}, "schedule was 'cosine', is 'rates [0-9a-f]{16}'"),
        ({"masks": mask}, "masks was .*, is "),
        ({"teacher": None}, "teacher was '[0-9a-f]{16}', is None"),
        ({"temperature": 2.0}, r"temperature was 4\.0, is 2\.0"),
        ({"teacher": killable.Tiny(seed=6)}, "teacher was"),
    ]:
        with pytest.raises(ValueError, match=message):
            killable.run(path, small, **change)
    with pytest.raises(ValueError, match="images and labels was"):
        killable.run(path, (x, y.roll(1)))
    with pytest.raises(ValueError, match=r"penalty was 'L2\(.*\) \+ L0\(alpha=0\.001, beta=5\.0\)', is 'L1\(alpha="):
        compress.train(killable.Tiny(), small, L1(1e-3), epochs=4, learning_rate=0.1, checkpoint=path)
    with pytest.raises(ValueError, match="initial weights was"):
        compress.train(killable.Tiny(seed=2), small, L1(1e-3), epochs=4, learning_rate=0.1, checkpoint=path)
    killable.run(path, small, checkpoint_steps=5)  # how often it is written makes no difference to what is


def test_a_penalty_is_told_by_its_strengths():
    told = checkpoints.describe_penalty
    assert told(None) == "None"
    assert told(L2(1) + L0(2, 5)) == "L2(alpha=1.0) + L0(alpha=2.0, beta=5.0)"
    by_weight = [told(L1(np.array(strengths))) for strengths in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0])]
    assert by_weight[0] == by_weight[1] != by_weight[2]


def test_penalties_by_group_are_part_of_the_configuration(small, tmp_path):
    def grouped(first, second):
        model = compress.lenet_300_100(0)
        weights = [p for p in model.parameters() if p.ndim > 1]
        biases = [p for p in model.parameters() if p.ndim == 1]
        groups = [
            {"params": weights[:1], "penalty": first},
            {"params": weights[1:], "penalty": second},
            {"params": biases, "penalty": None},
        ]
        compress.train(model, small, groups, epochs=1, learning_rate=0.1, checkpoint=tmp_path / "run.pt")
        return [p.detach().clone() for p in model.parameters()]

    once = grouped(L1(1e-3), L1(1e-4))
    assert all(torch.equal(p, q) for p, q in zip(once, grouped(L1(1e-3), L1(1e-4)), strict=True))
    with pytest.raises(ValueError, match=r"penalty was 'hidden1\.weight: L1\(alpha=0\.001\); hidden2\.weight, output"):
        grouped(L1(1e-4), L1(1e-3))


def test_a_checkpoint_holds_plain_data_that_torch_reads_without_pickle(killable, small, tmp_path):
    path = tmp_path / "deep" / "run.pt"
    _, history = killable.run(path, small)
    contents = torch.load(path, weights_only=True)
    assert contents["step"] == 40
    assert set(contents["generators"]) >= {"order", "moves", "torch"}
    assert contents["optimizer"][0]["momentum"].shape == (16, 784)
    assert contents["configuration"]["epochs"] == 4
    assert [entry["loss"] for entry in contents["history"][1:]] == [epoch.loss for epoch in history[1:]]
    assert set(contents["model"]) == set(killable.Tiny().state_dict())


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, error, where):
    path = tmp_path / "run.pt"
    checkpoints.save(path, {"which": "old"})

    def failing(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, where, failing)
        with pytest.raises(type(error)):
            checkpoints.save(path, {"which": "new"})
    assert checkpoints.load(path)["which"] == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["run.pt"]


class Surprise:
    def __reduce__(self):
        return os.system, ("exit 1",)


def test_what_is_not_a_whole_checkpoint_is_refused_and_nothing_in_it_is_run(tmp_path):
    path = tmp_path / "run.pt"
    assert checkpoints.load(path) is None
    checkpoints.save(path, {"weights": torch.arange(1000.0)})
    whole = path.read_bytes()
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 1
    code = tmp_path / "code.pt"
    torch.save({"weights": Surprise()}, code)
    for wrong in (b"", b"digits", whole[: len(whole) // 2], whole[:-1], code.read_bytes(), pickle.dumps(Surprise())):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match="checkpoint must be a whole file that l0lib wrote; "):
            checkpoints.load(path)
    for stranger in ({"weights": torch.ones(2)}, [1, 2]):
        torch.save(stranger, path)
        with pytest.raises(ValueError, match=r"checkpoint must have format 1; .*run\.pt has None"):
            checkpoints.load(path)
    path.write_bytes(middle)
    with pytest.raises(ValueError, match="checkpoint must be a whole file"):
        checkpoints.load(path)
