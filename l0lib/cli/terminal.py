"""What every command of the terminal needs: ways to fail, numbers read from text, columns."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

#: More seeds than these are a slip of the keyboard, and would fill the memory.
MOST_SEEDS = 10_000
#: Processes at once, and threads of each: a machine has fewer.
MOST_AT_ONCE = 1024


class Mistake(Exception):
    """What was asked for cannot be understood; the message names the argument, the value and the rule."""


class Failure(Exception):
    """What was asked for cannot be done; the message says why."""


class OutputLost(Exception):
    """Nobody reads the output any more, or its disk is full; the cause is the system's error."""


def show(line: str) -> None:
    """Print a line that is a result."""
    _print(line, sys.stdout)


def say(line: str) -> None:
    """Print a line that is not a result."""
    _print(line, sys.stderr)


def _print(line: str, stream: TextIO) -> None:
    try:
        print(line, file=stream, flush=stream is sys.stderr)
    except OSError as error:
        raise OutputLost from error


def flush() -> None:
    """Write what the output still holds back."""
    try:
        if sys.stdout is not None:  # closed from the start
            sys.stdout.flush()
    except OSError as error:
        raise OutputLost from error


def seeds(text: str) -> tuple[int, ...]:
    """Read numbers and ranges such as ``0,2-4``."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part.strip())
        some = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not 0 < len(some) <= MOST_SEEDS - len(found):
            rule = f"must be numbers and rising ranges such as 0,2-4, at most {MOST_SEEDS:,} numbers of nine digits"
            raise argparse.ArgumentTypeError(f"{rule}; got {text[:80]!r}")
        found += some
    return tuple(dict.fromkeys(found))


def from_one_to(most: int) -> Callable[[str], int]:
    """Return what reads a whole number >= 1 that is at most ``most``."""

    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > 18 or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {most}; got {text[:80]!r}")
        return int(text)

    return read


def records_folder(given: Path | None) -> Path:
    """Return the folder of records that ``--records`` names, which must be there, else that of the book."""
    from ..experiments.records import RECORDS

    if given is not None and not given.is_dir():
        raise Mistake(f"--records must name a folder that is there; got {str(given)!r}")
    return RECORDS if given is None else given


def columns(rows: Sequence[Sequence[object]], indent: int = 0) -> str:
    """Return rows with their cells below each other."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts)
    return "\n".join(" " * indent + line for line in lines)
