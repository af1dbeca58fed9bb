"""The command line: ``l0lib data get mnist``, ``l0lib list``, ``l0lib run``, ``l0lib report``, ``l0lib tune``.

Each group of commands is one function that adds its parser; ``parser`` lists them. A handler imports what it needs:
help and mistakes answer at once, without PyTorch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from .. import __version__
from .data import add_data
from .list import add_list
from .report import add_report
from .run import add_run
from .terminal import Failure, Mistake, OutputLost, flush, say
from .tune import add_tune


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="l0lib", description="Compress networks with a smoothed l0 norm.")
    top.add_argument("--version", action="version", version=f"l0lib {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (add_data, add_list, add_run, add_report, add_tune):  # in the order of the help
        add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 it could not be done, 2 it was not understood."""
    for stream in (sys.stdout, sys.stderr):  # a terminal whose code page has no × shows a question mark
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return _answer(arguments)
    except OutputLost as lost:
        unread = isinstance(lost.__cause__, BrokenPipeError)
        with suppress(OutputLost):
            if not unread:
                say(f"l0lib: the output cannot be written: {lost.__cause__}")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):  # what they still hold would fail once more as Python ends
            with suppress(OSError, AttributeError):
                os.dup2(nowhere, stream.fileno())
        return 141 if unread else 1


def _answer(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
        return options.run(options)
    except (Mistake, Failure) as error:
        say(f"l0lib: {error}")
        return 2 if isinstance(error, Mistake) else 1
    except ModuleNotFoundError as error:
        extra = "cluster" if error.name in ("distributed", "dask") else "torch"
        say(f'l0lib: {error.name} is not installed; this command needs the {extra} extra: pip install "l0lib[{extra}]"')
        return 1
    except KeyboardInterrupt:
        say("l0lib: interrupted")
        return 130
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        say(f"l0lib: {' '.join(str(error).split()) or type(error).__name__}")
        return 1
    finally:
        flush()
