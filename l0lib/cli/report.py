"""``l0lib report``: the results, mean and deviation over seeds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .run import find_study
from .terminal import columns, records_folder, say, show


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib report``."""
    it = commands.add_parser(
        "report",
        help="the results: mean and deviation over seeds",
        description="Print one line for each arm and ratio, with mean and sample deviation over the seeds. Only full "
        "runs that were evaluated on test images are results.",
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="studies; without names, all but grids")
    it.add_argument("--json", action="store_true", help="one JSON object a line")
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where the records are; else those of the book")
    it.add_argument("--profile", choices=("fast", "full"), default="full", help="fast: runs that do not count")
    it.set_defaults(run=report_results)


def report_results(options: argparse.Namespace) -> int:
    """Print results as a table or as JSON."""
    from ..experiments import records, results
    from ..experiments.arms import STUDIES

    folder = records_folder(options.records)
    for name in options.names:
        find_study(name)
    found = results.results(records.read_all(folder), options.profile)
    grids = {name for name, study in STUDIES.items() if study.grid}
    found = [r for r in found if (r.experiment in options.names if options.names else r.experiment not in grids)]
    if options.json:
        for result in found:
            show(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False))
    elif found:
        table = results.table(found, "")
        show(columns([table.headers, *table.rows]))
    if not found:
        say(f"l0lib: no {options.profile} results are in {folder}; l0lib run makes them")
    elif options.profile == "fast":
        say("These are fast runs on few images: no results.")
    return 0
