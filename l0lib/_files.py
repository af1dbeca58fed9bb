"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_atomically(path: Path, name: str | None = None) -> Iterator[Path]:
    """Yield a path beside ``path`` to write a file to, which then takes the place of ``path`` in one step.

    The bytes are forced to the disk first: a renamed file could be empty after a power cut. If the body or the disk
    fails, what stood at ``path`` stands, and the unfinished file is removed. Its folder is made if it is missing.

    Without a ``name``, that of the unfinished file holds the process's number, so that two processes may write the same
    file; with one, at most one unfinished file is left however often a process is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(name or f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
