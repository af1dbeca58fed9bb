"""The commands that deal with studies: ``l0lib list``, ``run``, ``report``.

Importing this module loads neither pydantic nor PyTorch: help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import Failure, Mistake, Parser, at_least_one, columns, ranges, say, seeds

if TYPE_CHECKING:
    from ..experiments.arms import Study
    from ..experiments.config import Config
    from ..experiments.launch import Job

RUNS = Path("runs")


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
    from ..experiments.records import RECORDS, read_all

    folder = options.records or RECORDS
    there: dict[tuple, set[int]] = {}
    digests = {
        (name, profile, arm): config.digest()
        for name, study in STUDIES.items()
        for profile in ("full", "fast")
        for arm, config in study.arms(profile).items()
    }
    with _readable():
        every = list(read_all(folder))
    for record in every:
        config = record.config
        if config.evaluate_on == "test":
            same = config.digest() == digests.get((config.experiment, config.profile, config.arm))
            there.setdefault((config.experiment, config.profile, config.arm, same), set()).add(record.seed)
    for name in options.names or STUDIES:
        study = find_study(name)
        rows: list[tuple[str, ...]] = [("arm", "seeds", "recorded: full", "recorded: fast")]
        for arm in {**study.arms("full"), **study.arms("fast")}:
            found = [_recorded(there, (name, profile, arm)) for profile in ("full", "fast")]
            rows.append((arm, ranges(study.seeds_of(arm)), *found))
        print(f"{name}: {study.title}\n  {study.summary}\n{columns(rows, indent=2)}")
    print(f"The records are in {folder}")
    return 0


def _recorded(there: Mapping[tuple, set[int]], key: tuple[str, str, str]) -> str:
    other = there.get((*key, False))
    return ranges(there.get((*key, True), ())) + (f"; with other settings {ranges(other)}" if other else "")


def add_run(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib run``."""
    it = commands.add_parser(
        "run",
        help="train, prune, fine-tune, measure and record",
        usage="%(prog)s NAME [options] [settings]",
        description="Make the runs of a study. A finished run is skipped, one that was cut off goes on where it was, "
        "and one that another process has in hand is waited for. The settings below replace those of the arms.",
        allow_abbrev=False,
    )
    it.add_argument("name", metavar="NAME", help="a study: see l0lib list")
    add_choice(it)
    add_how(it)
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where records go; default: records in --runs")
    it.add_argument(
        "--storage", metavar="URL", help="a database that hands the runs out to all who name it, such as tune's"
    )
    it.set_defaults(run=run_study)


def add_choice(it: Parser) -> None:
    """Add the flags that choose runs of a study, as :func:`chosen_jobs` reads them, and a flag for each setting."""
    it.add_argument("--profile", choices=("fast", "full"), default="fast", help="default: fast, on embedded images")
    it.add_argument("--seeds", type=seeds, metavar="0-4", help="numbers and ranges, such as 0,2-4; else the study's")
    it.add_argument("--arms", nargs="+", metavar="ARM", help="names or patterns such as '*-GP'; else all")
    it.late = add_settings


def add_how(it: argparse.ArgumentParser) -> None:
    """Add how and where runs are made."""
    it.add_argument("--device", default="auto", help="cpu, cuda, or auto (the default): CUDA if there is one")
    it.add_argument("--jobs", type=at_least_one, default=1, metavar="N", help="so many at once; default 1")
    it.add_argument("--threads", type=at_least_one, default=1, metavar="N", help="of each run on a CPU; default 1")
    it.add_argument("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where runs are kept; default: runs")
    it.add_argument("--quiet", action="store_true", help="no progress bar")


def add_settings(it: argparse.ArgumentParser, without: Sequence[str] = ()) -> None:
    from . import flags

    flags.add(it, without)


def run_study(options: argparse.Namespace) -> int:
    """Make the runs that were asked for and that are not finished; under torchrun, its processes make each together."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return _make_runs(options)
    if options.jobs > 1:
        raise Mistake(f"--jobs must be 1 under torchrun, whose processes make one run together; got {options.jobs}")
    from ..compress import parallel
    from ..experiments import run as runner

    rank, _ = parallel.start(options.device)
    if rank:
        try:
            runner.follow(options.runs, device=options.device, threads=options.threads)
        except (ValueError, RuntimeError, OSError) as error:
            raise Failure(f"process {rank}: {error}") from error
        parallel.stop()
        return 0
    code = _make_runs(options, together=True)
    if code == 0:  # else the others wait in the middle of a run, and torchrun ends them
        runner.enough()
        parallel.stop()
    return code


def _make_runs(options: argparse.Namespace, together: bool = False) -> int:
    from tqdm import tqdm

    from ..experiments.launch import Plan, launch

    records = options.records or options.runs / "records"
    jobs = chosen_jobs(options)
    bars = not options.quiet and sys.stderr.isatty()
    alone = options.jobs == 1 or len(jobs) == 1
    plan = Plan(
        options.runs,
        records,
        options.device,
        options.threads,
        progress=bars and alone,
        patient=not together,
        storage=options.storage,
    )
    done = 0
    if options.storage:
        from ..experiments import tune

        try:
            tune.open_storage(options.storage)  # what is wrong with it is told once
        except tune.StorageError as error:
            raise Failure(str(error)) from error

    def tell(news: Any) -> None:
        nonlocal done
        done += news.kind in ("finished", "skipped", "failed")
        with tqdm.external_write_mode(sys.stderr):
            log(f"[{done}/{len(jobs)}] {news}")
        bar.update(done - bar.n)

    try:
        # one run at a time has a bar of its own for each stretch of training
        with tqdm(total=len(jobs), unit="run", leave=False, disable=not bars or alone) as bar:
            failed = launch(jobs, plan, tell, options.jobs)
    except KeyboardInterrupt:
        say(f"l0lib: interrupted; {done} of {len(jobs)} runs are settled, the same command goes on with the rest")
        return 130
    say(f"{len(jobs) - failed} of {len(jobs)} runs are recorded in {records}")
    return 1 if failed else 0


def chosen_jobs(options: argparse.Namespace) -> list[Job]:
    from ..experiments.launch import Job
    from . import flags

    study = find_study(options.name)
    arms = study.arms(options.profile)
    chosen = {name: arms[name] for name in arms if name in matching(options.arms, list(arms), "--arms")}
    changes = flags.given(options)
    try:
        configs: dict[str, Config] = flags.override(chosen, changes)
    except flags.FlagError as error:
        raise Mistake(str(error)) from error
    wanted = {arm: options.seeds or study.seeds_of(arm) for arm in configs}
    # seed by seed: what is finished first can be compared
    every = sorted({seed for some in wanted.values() for seed in some})
    return [Job(config, seed) for seed in every for arm, config in configs.items() if seed in wanted[arm]]


def matching(patterns: Sequence[str] | None, names: Sequence[str], flag: str) -> list[str]:
    found: list[str] = []
    for pattern in patterns or ["*"]:
        some = fnmatch.filter(names, pattern)
        if not some:
            raise Mistake(f"{flag} must be of {', '.join(names)}; got {pattern!r}")
        found += some
    return list(dict.fromkeys(found))


def find_study(name: str) -> Study:
    from ..experiments.arms import STUDIES

    if name not in STUDIES:
        raise Mistake(f"NAME must be one of {', '.join(STUDIES)}; got {name!r}")
    return STUDIES[name]


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib report``."""
    it = commands.add_parser(
        "report",
        help="the results: mean and deviation over seeds",
        description="Print one line for each arm and ratio, with mean and sample deviation over the seeds. Only full "
        "runs that were evaluated on test images are results.",
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="studies; without names, all")
    it.add_argument("--json", action="store_true", help="one JSON object a line")
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where the records are; else those of the book")
    it.add_argument("--profile", choices=("fast", "full"), default="full", help="fast: runs that do not count")
    it.set_defaults(run=report_results)


def report_results(options: argparse.Namespace) -> int:
    """Print results as a table or as JSON."""
    from ..experiments import records
    from ..experiments import results as report

    folder = options.records or records.RECORDS
    for name in options.names:
        find_study(name)
    with _readable():
        found = report.results(records.read_all(folder), options.profile)
    found = [result for result in found if not options.names or result.experiment in options.names]
    if options.json:
        for result in found:
            print(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False))
    elif found:
        table = report.table(found, "")
        print(columns([table.headers, *table.rows]))
    if not found:
        say(f"l0lib: no {options.profile} results are in {folder}; l0lib run makes them")
    elif options.profile == "fast":
        say("These are fast runs on few images: no results.")
    return 0


def log(line: str) -> None:
    """Say a line with the time of day."""
    say(f"{time.strftime('%H:%M:%S')} {line}")


@contextmanager
def _readable() -> Iterator[None]:
    from ..experiments.records import RecordError

    try:
        yield
    except RecordError as error:
        raise Failure(str(error)) from error
