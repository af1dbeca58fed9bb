"""``l0lib list``: the studies, their arms, and what is recorded already."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from ..table import ranges
from .run import find_study
from .terminal import columns, records_folder, show


def add_list(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib list``."""
    it = commands.add_parser(
        "list",
        help="the studies, their arms, and what is recorded already",
        description="List the studies with their arms and seeds, and the seeds that are recorded.",
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="studies; without names, all")
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where the records are; else those of the book")
    it.set_defaults(run=list_studies)


def list_studies(options: argparse.Namespace) -> int:
    """Print each study; an arm of another profile or with other settings than recorded is told apart."""
    from ..experiments.arms import STUDIES
    from ..experiments.records import read_all

    folder = records_folder(options.records)
    there: dict[tuple, set[int]] = {}
    digests = {
        (name, profile, arm): config.digest()
        for name, study in STUDIES.items()
        for profile in ("full", "fast")
        for arm, config in study.arms(profile).items()
    }
    for record in read_all(folder):
        config = record.config
        if config.evaluate_on == "test":
            same = config.digest() == digests.get((config.experiment, config.profile, config.arm))
            there.setdefault((config.experiment, config.profile, config.arm, same), set()).add(record.seed)
    for name in options.names or STUDIES:
        study = find_study(name)
        rows: list[tuple[str, ...]] = [("arm", "seeds", "recorded: full", "recorded: fast")]
        arms = {**study.arms("full"), **study.arms("fast")}
        if study.grid and name not in options.names:
            made = len({key[2] for key in there if key[0] == name and key[3]} & study.arms("full").keys())
            show(f"{name}: {study.title}\n  {study.summary}\n  {made} of {len(study.arms('full'))} points recorded\n")
            continue
        for arm in arms:
            found = [_recorded(there, (name, profile, arm)) for profile in ("full", "fast")]
            rows.append((arm, ranges(study.seeds_of(arm)), *found))
        show(f"{name}: {study.title}\n  {study.summary}\n{columns(rows, indent=2)}")
    show(f"The records are in {folder}")
    return 0


def _recorded(there: Mapping[tuple, set[int]], key: tuple[str, str, str]) -> str:
    other = there.get((*key, False))
    return ranges(there.get((*key, True), ())) + (f"; with other settings {ranges(other)}" if other else "")
