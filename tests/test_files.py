"""A file that is replaced is the old one or the new one, and nothing unfinished is left; what is no file stays."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from l0lib._files import read_whole, write_atomically
from l0lib.compress import checkpoints, storage
from l0lib.experiments import records
from tests import made_up


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "made" / "file"
    write_atomically(path, b"old")
    replace, seen = os.replace, []

    def watched(part, target):
        seen.append((part.parent, part.read_bytes(), path.read_bytes()))
        replace(part, target)

    monkeypatch.setattr(os, "replace", watched)
    write_atomically(path, b"new")
    assert seen == [(path.parent, b"new", b"old")], "on one disk a file is renamed in one step"
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("where", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, where, error):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, where, fail)
        with pytest.raises(type(error)) as raised:
            write_atomically(path, b"new")
    if isinstance(error, OSError):
        assert str(raised.value) == f"[Errno 28] No space left on device: '{path}'"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


WRITERS = {
    "checkpoint": lambda path, torch: checkpoints.save(path, {"weights": torch.rand(50_000)}),
    "sparse file": lambda path, torch: storage.save({"weights": torch.rand(50_000)}, path, "zlib"),
    "record": lambda path, torch: records.write_text(path, records.to_text(made_up.record(0)) * 50),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_is_told_with_file_and_cause(tmp_path, what):
    """A limit on the size of files takes the place of a disk: the system refuses the bytes beyond it."""
    import torch

    path = tmp_path / "file"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(OSError, match="File too large") as raised:
            WRITERS[what](path, torch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert str(raised.value) == f"[Errno {errno.EFBIG}] File too large: '{path}'"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    for name, there in (("one", True), ("two", False)):
        target, link, second = tmp_path / "far" / name, tmp_path / f"link-{name}", tmp_path / f"link-to-link-{name}"
        if there:
            write_atomically(target, b"old")
        link.symlink_to(target)
        second.symlink_to(link)
        write_atomically(second, b"new")
        assert second.readlink() == link
        assert link.readlink() == target
        assert target.read_bytes() == b"new"
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match=r"symbolic links.*circle"):
        write_atomically(circle, b"new")
    assert circle.is_symlink()


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("make", [pipe, device, lambda path: path.mkdir()], ids=["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_neither_replaced_nor_read(tmp_path, make):
    path = tmp_path / "it"
    make(path)
    before = os.stat(path)
    with pytest.raises(ValueError, match=f"path must be a regular file; {path} is none"):
        write_atomically(path, b"new")
    with pytest.raises(ValueError, match=f"record must be a regular file; {path} is none"):
        read_whole(path, "record", 100)
    assert os.path.samestat(os.stat(path), before)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_read_up_to_a_size(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_whole(path, "record", 5) == b"12345"
    with pytest.raises(ValueError, match=f"record must take at most 4 bytes; {path} takes 5"):
        read_whole(path, "record", 4)


WRITE = "import sys; from l0lib._files import write_atomically as write\n"


def test_what_killed_processes_left_goes_when_the_file_is_written_again(tmp_path):
    path = tmp_path / "file"
    code = WRITE + "import os; os.fsync = lambda number: os._exit(9); write(sys.argv[1], b'half' * 100)"
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert [left.name for left in tmp_path.iterdir()] == [".file.part"], "one is left, however often"
    write_atomically(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "file"
    code = WRITE + "for _ in range(60): write(sys.argv[1], sys.argv[2].encode() * 20_000)"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 20_000
            assert len(set(content)) == 1
            seen.add(content[:1])
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [path]
    assert seen


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "file"

    def write(letter):
        for _ in range(20):
            write_atomically(path, letter * 10_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in (b"a" * 10_000, b"b" * 10_000)
    assert list(tmp_path.iterdir()) == [path]
