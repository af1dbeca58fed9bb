"""Files that are written whole or not at all, and read only where they are what a reader expects."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | os.PathLike, content: bytes | memoryview) -> None:
    """Write ``content`` to ``path``, so that at every moment the old file stands there or the new one, whole.

    The bytes go to ``.NAME.part`` beside it and are forced to the disk, since a renamed file could be empty after a
    power cut; then it takes the place of ``path`` in one step. What a killed process left of such a file is taken over
    by the next one that writes it. Symbolic links are followed, the folder is made if it is missing.

    Raises
    ------
    ValueError
        If ``path`` is there and no regular file: a folder, a device, a pipe.
    OSError
        If the file cannot be written, on a full disk for example: it names ``path``. The old file stands.
    """
    target = Path(os.path.realpath(path))
    if os.path.lexists(target):  # links that lead in a circle too
        _check_regular(os.stat(target), path, "path")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        part = target.with_name(f".{target.name}.part")
        with _alone(part) as file:
            try:
                file.truncate()
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if os.name != "posix":  # elsewhere an open file cannot be renamed
                    file.close()
                os.replace(part, target)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        if os.name == "posix":  # elsewhere a folder cannot be opened
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the new name, too, must outlive a power cut
            finally:
                os.close(folder)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """Open the unfinished file for one process at a time; another that writes the same file waits."""
    while True:
        with open(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "wb") as file:
            with contextlib.suppress(ImportError):  # of Unix alone
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
            # it may have got its name, or gone, while this process waited
            if part.exists() and os.path.samestat(part.stat(), os.fstat(file.fileno())):
                yield file
                return


def read_whole(path: str | os.PathLike, name: str, most: int) -> bytes:
    """Return the bytes of a file, of ``most`` at most; ``name`` is what the message of a refusal calls it.

    Raises
    ------
    ValueError
        If it is no regular file (a pipe would be waited for without end) or larger.
    OSError
        If it cannot be read.
    """
    found = os.stat(path)
    _check_regular(found, path, name)
    if found.st_size > most:
        raise ValueError(f"{name} must take at most {most:,} bytes; {path} takes {found.st_size:,}")
    return Path(path).read_bytes()


def _check_regular(found: os.stat_result, path: str | os.PathLike, name: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{name} must be a regular file; {path} is none")
