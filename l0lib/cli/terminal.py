"""What every command of the terminal needs: ways to fail, numbers read from text, columns."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence


class Mistake(Exception):
    """What was asked for cannot be understood; the message names the argument, the value and the rule."""


class Failure(Exception):
    """What was asked for cannot be done; the message says why."""


def say(line: str) -> None:
    """Print a line that is not a result."""
    print(line, file=sys.stderr, flush=True)


def seeds(text: str) -> tuple[int, ...]:
    """Read numbers and ranges such as ``0,2-4``."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise argparse.ArgumentTypeError(f"must be numbers and rising ranges such as 0,2-4; got {text!r}")
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return tuple(dict.fromkeys(found))


def at_least_one(text: str) -> int:
    """Read a whole number >= 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1; got {text!r}")
    return int(text)


def columns(rows: Sequence[Sequence[object]], indent: int = 0) -> str:
    """Return rows with their cells below each other."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts)
    return "\n".join(" " * indent + line for line in lines)
