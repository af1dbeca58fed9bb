"""``l0lib tune``: choose settings on validation images.

Importing this module loads neither pydantic nor PyTorch: help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .._files import read_whole
from .run import add_how, find_study, log, matching, settings
from .terminal import Failure, Mistake, from_one_to, show


def add_tune(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib tune``."""
    it = commands.add_parser(
        "tune",
        help="choose settings on validation images",
        description="Search the settings of an arm with Optuna. Trials train on what a split of the training images "
        "leaves and measure on the rest of them; test images are not read. A search that was cut off resumes.",
        allow_abbrev=False,
    )
    it.add_argument("name", metavar="NAME", help="a study: see l0lib list")
    it.add_argument("--arm", nargs="+", required=True, metavar="ARM", dest="arms", help="names or patterns")
    it.add_argument("--trials", type=from_one_to(100_000), required=True, metavar="N", help="in all, of each arm")
    it.add_argument("--profile", choices=("fast", "full"), default="fast", help="default: fast, on embedded images")
    it.add_argument(
        "--start", type=Path, metavar="FILE", help="settings written down beforehand, the first trials: a JSON list"
    )
    add_how(it)
    it.add_argument("--records", type=Path, metavar="FOLDER", help="for the record; default: records/tuning in --runs")
    it.set_defaults(run=tune_arms)


def tune_arms(options: argparse.Namespace) -> int:
    """Search one arm after the other, each with the same number of trials, and record what was tried."""
    find_study(options.name)
    from ..experiments import launch, records, search
    from ..experiments.config import SettingError

    if options.name not in search.ARMS:
        raise Mistake(f"NAME must be a study whose arms are tuned, {', '.join(search.ARMS)}; got {options.name!r}")
    arms = matching(options.arms, search.ARMS[options.name], "--arm")
    folder = options.records or options.runs / "records" / "tuning"
    given = settings(options)
    if fixed := given.keys() & {"experiment", "arm", "evaluate_on"}:
        raise Mistake(f"--set must leave experiment, arm and evaluate_on as they are; got {', '.join(sorted(fixed))}")
    common: dict[str, Any] = {
        "profile": options.profile,
        "trials": options.trials,
        "runs": options.runs,
        "records": folder,
        "settings": tuple(given.items()),
        "start": () if options.start is None else _start(options.start),
        "at_once": options.jobs,
        "device": options.device,
        "threads": options.threads,
        # bars of several processes would run into each other
        "progress": options.jobs == 1 and not options.cluster and not options.quiet and sys.stderr.isatty(),
    }
    try:
        with launch.pool(options.jobs, options.cluster, log) as evaluate:
            for arm in arms:
                found = search.search(search.Search(options.name, arm, **common), evaluate, log)
                chosen = ", ".join(f"{name} {value:.3g}" for name, value in found.best.params.items())
                path = records.write_tuning(found, folder)
                show(f"{found.name}: {found.best.value:.3f} % on validation images with {chosen}; {path}")
    except SettingError as error:
        raise Mistake(f"--set: {error}") from error
    except RuntimeError as error:
        raise Failure(str(error)) from error
    return 0


def _start(file: Path) -> tuple[dict[str, float], ...]:
    try:
        given: Any = json.loads(read_whole(file, "--start", most=1 << 20))
    except (OSError, ValueError, RecursionError) as error:
        raise Mistake(f"--start must name a JSON file; got {str(file)!r}: {error}") from error
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Mistake(f"--start must hold a list of objects, one for each trial; {file} does not")
    for number, one in enumerate(given):
        for name, value in one.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Mistake(
                    f"--start must hold numbers; got {value!r:.80} for {name:.80} of trial {number} in {file}"
                )
    return tuple(given)
