"""Whatever the system refuses and whatever nobody can mean: one line that names it, no traceback."""

import os
import subprocess
import sys

import pytest

from l0lib import cli
from l0lib.experiments import records
from tests.browser import ROOT
from tests.made_up import record

TUNE = ["tune", "experiment-2", "--arm", "lenet-300-100-NORM", "--trials", "1", "--runs"]


def fails(capsys, *words, code=1):
    """Run a command that must fail in one line, and return the line."""
    assert cli.main([str(word) for word in words]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("l0lib: ")
    return line


def large(path):
    path.touch()
    os.truncate(path, 1 << 40)


MAKE = {
    "a folder": (lambda path: path.mkdir(), "record must be a regular file; {} is none"),
    "a dangling link": (lambda path: path.symlink_to("nowhere"), "No such file or directory: '{}'"),
    "a looping link": (lambda path: path.symlink_to(path), "Too many levels of symbolic links: '{}'"),
    "a pipe": (os.mkfifo, "record must be a regular file; {} is none"),
    "a thousand brackets": (lambda path: path.write_text("[" * 1000), "recursion limit exceeded"),
    "too large": (large, "record must take at most 67,108,864 bytes; {}"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["list", "report"])
@pytest.mark.parametrize("what", MAKE)
def test_a_record_that_cannot_be_read_is_named(tmp_path, capsys, command, what):
    path = records.path_of(record(0).config, 0, tmp_path)
    path.parent.mkdir()
    make, message = MAKE[what]
    make(path)
    line = fails(capsys, command, "--records", tmp_path)
    assert message.format(path) in line
    assert path.name in line


@pytest.mark.parametrize("command", ["list", "report"])
@pytest.mark.parametrize("which", ["folder", "record"])
def test_without_permission_the_path_is_named(tmp_path, capsys, monkeypatch, command, which):
    path = records.write(record(0), tmp_path)
    refused, call = (path.parent, "listdir") if which == "folder" else (path, "stat")
    allowed = getattr(os, call)

    def refuse(given, *more, **options):
        if os.fspath(given) == str(refused):
            raise PermissionError(13, "Permission denied", str(refused))
        return allowed(given, *more, **options)

    monkeypatch.setattr(os, call, refuse)
    assert f"Permission denied: '{refused}'" in fails(capsys, command, "--records", tmp_path)


@pytest.mark.parametrize("command", ["list", "report"])
def test_records_must_be_a_folder_that_is_there(tmp_path, capsys, command):
    for wrong in (tmp_path / "recrods", __file__):
        line = fails(capsys, command, "--records", wrong, code=2)
        assert line == f"l0lib: --records must name a folder that is there; got '{wrong}'"


@pytest.mark.parametrize("what", ["a file", "a folder", "no search"])
def test_a_search_in_the_way_of_something_else_is_named(tmp_path, capsys, what):
    path = tmp_path / "searches" / "experiment-2-lenet-300-100-NORM-fast.db"
    if what == "a file":
        (tmp_path / "searches").write_text("in the way")
        assert f"exists: '{tmp_path / 'searches'}'" in fails(capsys, *TUNE, tmp_path)
        return
    path.parent.mkdir()
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"no search" * 1000)
    assert fails(capsys, *TUNE, tmp_path).startswith(f"l0lib: {path} must be a search that can be read and written: ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "must be a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "must be a regular file"),
        (lambda path: path.write_text("[" * 100_000), "recursion"),
        (lambda path: path.write_text("[1" + "0" * 10_000 + "]"), "digits"),
    ],
)
def test_first_trials_that_cannot_be_read_are_named(tmp_path, capsys, make, message):
    make(tmp_path / "start")
    line = fails(capsys, *TUNE, tmp_path, "--start", tmp_path / "start", code=2)
    assert f"--start must name a JSON file; got '{tmp_path / 'start'}'" in line
    assert message in line


@pytest.mark.parametrize("world", ["", "two", "0", "-1", "1.5", "²"])
def test_a_world_that_torchrun_cannot_have_set_is_named(monkeypatch, capsys, world):
    monkeypatch.setenv("WORLD_SIZE", world)
    line = fails(capsys, "run", "experiment-2", code=2)
    assert line == f"l0lib: WORLD_SIZE, which torchrun sets, must be a whole number >= 1; got {world!r}"


def test_a_home_of_nobody_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("L0LIB_DATA", "~nobody-of-this-name/data")
    for words in (["get", "mnist"], ["pack", "mnist", tmp_path]):
        assert "L0LIB_DATA must name a folder; '~nobody-of-this-name/data'" in fails(capsys, "data", *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seeds 0-999999999999", "--seeds: must be numbers and rising ranges such as 0,2-4, at most 10,000"),
        ("--seeds 0-9999,10000", "--seeds: must be numbers"),
        (f"--seeds {'9' * 5000}", "--seeds: must be numbers"),
        ("--threads 100000", "--threads: must be a whole number from 1 to 1024; got '100000'"),
        (f"--jobs {'9' * 5000}", "--jobs: must be a whole number from 1 to 1024; got '999"),
    ],
)
def test_numbers_that_would_fill_the_machine_are_refused(capsys, words, message):
    with pytest.raises(SystemExit) as end:
        cli.main(["run", "beyond", *words.split()])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said) < 1000


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epochs=1e20", "training.epochs: Input should be a valid integer"),
        ("training.epochs=100000000000000000000", "training.epochs: Input should be less than or equal to 1000000"),
        (f"training.epochs={'9' * 5000}", "training.epochs: "),
        ("training.batch_size=1000000000000", "training.batch_size: Input should be less than or equal to 1000000"),
        ("training.shift=1000000", "training.shift: Input should be less than or equal to 32"),
        (f"ratios={','.join(map(str, range(1, 2000)))}", "ratios: Tuple should have at most 1000 items"),
        ("dense_arm=../../x", "dense_arm: String should match pattern"),
        ("experiment=../../x", "experiment: String should match pattern"),
        (f"arm={'x' * 300}", "arm: String should have at most 100 characters"),
    ],
)
def test_settings_that_nobody_can_mean_are_refused(capsys, setting, message):
    line = fails(capsys, "run", "experiment-2", "--arms", "lenet-300-100-NORM", "--set", setting, code=2)
    assert f"l0lib: --set: arm lenet-300-100-NORM: {message}" in line
    assert len(line) < 400


def ended(words, **how):
    """Run a command in a process of its own."""
    how = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT} | how
    return subprocess.run([sys.executable, "-m", "l0lib.cli", *words], check=False, **how)


@pytest.mark.parametrize(
    ("words", "buffered"), [(["--help"], True), (["list", "experiment-1"], True), (["list", "experiment-1"], False)]
)
def test_an_output_that_nobody_reads_ends_silently_and_a_full_one_is_told(words, buffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        silent = ended(words, stdout=closed)
    assert (silent.returncode, silent.stderr) == (141, "")
    with open("/dev/full", "w") as full:
        told = ended(words, stdout=full)
        assert (told.returncode, told.stderr) == (
            1, "l0lib: the output cannot be written: [Errno 28] No space left on device\n"
        )  # fmt: skip
        assert ended(["report", "nosuch"], stderr=full).returncode == 1


def test_without_docstrings_it_works_as_well():
    told = subprocess.run(
        [sys.executable, "-OO", "-m", "l0lib.cli", "run", "beyond", "--arms", "nosuch"],
        check=False, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert told.returncode == 2
    assert told.stderr.startswith("l0lib: --arms must be of ")
