"""The command that chooses settings: ``l0lib tune``.

Importing this module loads neither pydantic nor PyTorch: help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .commands import add_how, add_settings, find_study, log, matching
from .terminal import Failure, Mistake, at_least_one


def add_tune(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib tune``."""
    it = commands.add_parser(
        "tune",
        help="choose settings on validation images",
        usage="%(prog)s NAME --arm ARM --trials N [options] [settings]",
        description="Search the settings of an arm with Optuna. Trials train on what a split of the training images "
        "leaves and measure on the rest of them; test images are not read. The trials are kept in a database: cut off, "
        "the command goes on, and many machines share the work if they name the same database.",
        allow_abbrev=False,
    )
    it.add_argument("name", metavar="NAME", help="a study: see l0lib list")
    it.add_argument("--arm", nargs="+", required=True, metavar="ARM", dest="arms", help="names or patterns")
    it.add_argument("--trials", type=at_least_one, required=True, metavar="N", help="in all, of each arm")
    it.add_argument("--profile", choices=("fast", "full"), default="fast", help="default: fast, on embedded images")
    it.add_argument(
        "--start", type=Path, metavar="FILE", help="settings of the first trials: a JSON list of objects; then Optuna's"
    )
    it.add_argument("--storage", metavar="URL", help="the database; default: sqlite:///RUNS/tuning.db")
    add_how(it)
    it.add_argument("--records", type=Path, metavar="FOLDER", help="for the record; default: records/tuning in --runs")
    it.late = lambda parser: add_settings(parser, without=("experiment", "arm", "evaluate_on"))
    it.set_defaults(run=tune_arms)


def tune_arms(options: argparse.Namespace) -> int:
    """Tune one arm after the other, each with the same number of trials, and record what was tried."""
    find_study(options.name)
    from ..experiments import tuning
    from . import flags

    if options.name not in tuning.ARMS:
        raise Mistake(f"NAME must be a study whose arms are tuned, {', '.join(tuning.ARMS)}; got {options.name!r}")
    arms = matching(options.arms, tuning.ARMS[options.name], "--arm")
    start = () if options.start is None else _start(options.start)
    from ..experiments import search  # here: a mistake is told without PyTorch

    storage = options.storage or f"sqlite:///{options.runs / 'tuning.db'}"
    folder = options.records or options.runs / "records" / "tuning"
    changes = tuple(flags.given(options).items())
    bars = options.jobs == 1 and not options.quiet and sys.stderr.isatty()  # those of several would run into each other
    for arm in arms:
        job = search.Search(
            options.name,
            arm,
            options.profile,
            options.trials,
            storage,
            options.runs,
            changes,
            options.device,
            options.threads,
            start,
            progress=bars,
        )
        try:
            found = search.together(job, options.jobs, log)
        except (ValueError, RuntimeError, OSError) as error:
            raise Failure(str(error)) from error
        chosen = ", ".join(f"{name} {value:.3g}" for name, value in found.best.params.items())
        print(f"{job.name}: {found.best.value:.3f} % on validation images with {chosen}; {tuning.write(found, folder)}")
    return 0


def _start(file: Path) -> tuple[dict[str, float], ...]:
    try:
        given: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Mistake(f"--start must name a JSON file; got {str(file)!r}: {error}") from error
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Mistake(f"--start must hold a list of objects, one for each trial; {file} does not")
    for number, one in enumerate(given):
        for name, value in one.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Mistake(f"--start must hold numbers; got {value!r} for {name} of trial {number} in {file}")
    return tuple(given)
