"""A file that is replaced is the old one or the new one, and nothing unfinished is left."""

import os
import subprocess
import sys

import pytest

from l0lib._files import write_atomically


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "made" / "file"
    for text in ("old", "new"):
        with write_atomically(path) as part:
            assert part.parent == path.parent, "on one disk a file is renamed in one step"
            part.write_text(text)
            assert text == "old" or path.read_text() == "old"
    assert path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("written", [True, False])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, written):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with write_atomically(path) as part:
            if written:
                part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), write_atomically(path) as part:
        part.write_text("new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_processes_write_beside_each_other_and_one_name_is_taken_over(tmp_path):
    path = tmp_path / "file"
    code = (
        "import os, sys; from pathlib import Path; from l0lib._files import write_atomically\n"
        "with write_atomically(Path(sys.argv[1]), *sys.argv[2:]) as part: part.write_text('half'); os._exit(1)"
    )
    for name in ([], [".unfinished"]):
        assert subprocess.run([sys.executable, "-c", code, str(path), *name], check=False).returncode == 1
    with write_atomically(path) as part:
        assert not part.exists(), "another process has a name of its own"
        assert len(list(tmp_path.iterdir())) == 2
        part.write_text("ours")
    with write_atomically(path, ".unfinished") as part:
        part.write_text("whole")
    assert path.read_text() == "whole"
    assert not (tmp_path / ".unfinished").exists()
