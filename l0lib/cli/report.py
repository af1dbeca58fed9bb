"""``l0lib report``: the scoreboard in a terminal, or results one by one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .run import find_study
from .terminal import Mistake, columns, records_folder, say, show


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib report``."""
    it = commands.add_parser(
        "report",
        help="the results beside what is printed elsewhere: headlines, then the front",
        description="Print what was set beforehand and whether it is reached, then the rows of the scoreboard that no "
        "other row beats, network by network, by rising ratio. Only full runs that were evaluated on test images are "
        "results. With names, every row of these studies.",
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="studies; without names, all but grids")
    it.add_argument("--all", action="store_true", help="every row, printed ones included, not the front alone")
    form = it.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="every row of the scoreboard as CSV")
    form.add_argument("--json", action="store_true", help="results of ours, one JSON object a line")
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where the records are; else those of the book")
    it.add_argument("--profile", choices=("fast", "full"), default="full", help="fast: runs that do not count")
    it.set_defaults(run=report_results)


def report_results(options: argparse.Namespace) -> int:
    """Print the scoreboard, or results as JSON."""
    from ..experiments import records, results
    from ..experiments.arms import STUDIES

    folder = records_folder(options.records)
    for name in options.names:
        find_study(name)
    grids = {name for name, study in STUDIES.items() if study.grid}
    without = options.profile == "fast" or grids.intersection(options.names)  # no scoreboard holds these
    if options.csv and without:
        raise Mistake("--csv must be of full runs and of no grid; --json gives these")
    given = list(records.read_all(folder))
    found = results.results(given, options.profile)
    found = [r for r in found if (r.experiment in options.names if options.names else r.experiment not in grids)]
    if not found:
        say(f"l0lib: no {options.profile} results are in {folder}; l0lib run makes them")
    elif options.json:
        for result in found:
            show(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False))
    elif without:
        table = results.table(found, "")
        show(columns([table.headers, *table.rows]))
    else:
        _show_scoreboard(options, given, found)
    if found and options.profile == "fast":
        say("These are fast runs on few images: no results.")
    return 0


def _show_scoreboard(options: argparse.Namespace, given: list, found: list) -> None:
    from itertools import groupby

    from ..paper import scoreboard
    from ..paper.beside import table_of_headlines

    rows = scoreboard.rows(given)
    if options.names:
        rows = [row for row in rows if row.study in options.names]
    if options.csv:
        show(scoreboard.as_csv(rows).rstrip("\n"))
        return
    whole = options.all or options.names
    if not whole:
        headlines = table_of_headlines(found)
        show(columns([headlines.headers, *headlines.rows]))
        show("")
    names = ("Method", "Kind", "Error, %", "±", "Seeds", "Ratio", "Front", "Stage", "Bytes", "Epochs")
    shown = [column for column in scoreboard.COLUMNS if column.name in names]
    lines = [tuple(column.name for column in shown)]
    for board, of_board in groupby(rows, key=lambda row: row.board):
        kept = [row for row in of_board if whole or row.front]
        if kept:
            lines.append((scoreboard.title(board), *[""] * (len(shown) - 1)))
        lines += [(f"  {shown[0].text(row)}", *(column.text(row) for column in shown[1:])) for row in kept]
    show(columns(lines))
    if not whole:
        say(f"The front of {len(rows)} rows; l0lib report --all prints every one.")
