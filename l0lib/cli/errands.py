"""The commands of runs that are made elsewhere: ``l0lib jobs`` writes a list of them, ``l0lib collect`` reads results.

:mod:`~l0lib.experiments.elsewhere` makes the runs, on a machine that has PyTorch and little else.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from .._files import write_atomically
from .commands import RUNS, add_choice, chosen_jobs
from .terminal import Failure, say


def add_jobs(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib jobs``."""
    it = commands.add_parser(
        "jobs",
        help="write a list of runs, to be made on another machine",
        usage="%(prog)s NAME FILE [options] [settings]",
        description="Write the runs of a study to a file, with all their settings. "
        "python -m l0lib.experiments.elsewhere makes them where there is PyTorch and little else; l0lib collect reads "
        "the results.",
        allow_abbrev=False,
    )
    it.add_argument("name", metavar="NAME", help="a study: see l0lib list")
    it.add_argument("file", type=Path, metavar="FILE", help="the list, a JSON file")
    add_choice(it)
    it.set_defaults(run=write_jobs)


def write_jobs(options: argparse.Namespace) -> int:
    """Write the list."""
    from ..experiments import records

    jobs = [{"config": job.config.plain().values, "seed": job.seed} for job in chosen_jobs(options)]
    try:
        records.write_text(options.file, json.dumps(jobs, indent=1) + "\n")
    except OSError as error:
        raise Failure(str(error)) from error
    print(f"{options.file}: {len(jobs)} run{'s' * (len(jobs) != 1)}")
    return 0


def add_collect(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib collect``."""
    it = commands.add_parser(
        "collect",
        help="read the results of runs that were made on another machine",
        description="Check the results of python -m l0lib.experiments.elsewhere and write them as records. What is no "
        "result is named and left out.",
    )
    it.add_argument("results", type=Path, metavar="FOLDER", help="the folder of the results")
    it.add_argument("--records", type=Path, metavar="FOLDER", help=f"where records go; default: {RUNS}/records")
    it.add_argument(
        "--weights",
        type=Path,
        metavar="FOLDER",
        help="where weights of each arm's lowest seed go, ARM-RATIOx.l0, of full runs on test images; "
        "default: they stay where they are",
    )
    it.set_defaults(run=collect)


def collect(options: argparse.Namespace) -> int:
    """Write each result as a record."""
    from ..experiments import records
    from ..experiments.launch import Job, recorded

    folder = options.records or RUNS / "records"
    files = sorted(options.results.glob("*.json"))
    if not files:
        raise Failure(f"FOLDER must hold results, *.json; there is none in {options.results}")
    refused = 0
    first: dict[tuple[str, str], tuple[int, Path]] = {}
    for file in files:
        try:
            record = records.read(file)
            recorded(Job(record.config, record.seed), folder)  # one of other settings is not written over
            print(records.write(record, folder))
        except (records.RecordError, OSError) as error:
            say(f"l0lib: {error}")
            refused += 1
            continue
        if (record.config.profile, record.config.evaluate_on) != ("full", "test"):
            continue  # no result: its weights stay where they are
        name = (record.config.experiment, record.config.arm)
        first[name] = min(first.get(name, (record.seed, file)), (record.seed, file))
    if options.weights is not None:
        options.weights.mkdir(parents=True, exist_ok=True)
        for (_, arm), (_, file) in first.items():
            for weights in sorted(file.parent.glob(f"{file.stem}-*x.l0")):
                target = options.weights / f"{arm}-{weights.name.removeprefix(f'{file.stem}-')}"
                if target.exists() and target.read_bytes() != weights.read_bytes():
                    say(f"l0lib: {target} holds another network, and is kept")
                    refused += 1
                    continue
                with write_atomically(target) as part:
                    shutil.copyfile(weights, part)
                print(target)
    return 1 if refused else 0
