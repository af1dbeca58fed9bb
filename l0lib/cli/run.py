"""``l0lib run``: train, prune, fine-tune, measure and record.

Importing this module loads neither pydantic nor PyTorch: help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import MOST_AT_ONCE, Failure, Mistake, from_one_to, say, seeds

if TYPE_CHECKING:
    from ..experiments.arms import Study
    from ..experiments.config import Config
    from ..experiments.launch import Job, News

RUNS = Path("runs")


def add_run(commands: argparse._SubParsersAction) -> None:
    """Add ``l0lib run``."""
    it = commands.add_parser(
        "run",
        help="train, prune, fine-tune, measure and record",
        description="Make the runs of a study. A finished run is skipped, one that was cut off resumes, and one that "
        "another process makes is waited for.",
        allow_abbrev=False,
    )
    it.add_argument("name", metavar="NAME", help="a study: see l0lib list")
    it.add_argument("--profile", choices=("fast", "full"), default="fast", help="default: fast, on embedded images")
    it.add_argument("--seeds", type=seeds, metavar="0-4", help="numbers and ranges, such as 0,2-4; else the study's")
    it.add_argument("--arms", nargs="+", metavar="ARM", help="names or patterns such as '*-GP'; else all")
    add_how(it)
    it.add_argument("--records", type=Path, metavar="FOLDER", help="where records go; default: records in --runs")
    it.set_defaults(run=run_study)


def add_how(it: argparse.ArgumentParser) -> None:
    """Add what is changed in the arms, and how and where runs are made."""
    few = from_one_to(MOST_AT_ONCE)
    it.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NAME=VALUE",
        help="replace a setting of the arms: training.penalty.beta=8, ratios=10,50, fine_tuning=none; may be repeated",
    )
    it.add_argument("--device", default="auto", help="cpu, cuda, or auto (the default): CUDA if there is one")
    it.add_argument("--jobs", type=few, default=1, metavar="N", help="so many at once, each in a process")
    it.add_argument("--cluster", metavar="ADDRESS", help="make them on a Dask cluster: its scheduler, tcp://HOST:8786")
    it.add_argument("--threads", type=few, default=1, metavar="N", help="of each run on a CPU; default 1")
    it.add_argument("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where runs are kept; default: runs")
    it.add_argument("--quiet", action="store_true", help="no progress bar")


def run_study(options: argparse.Namespace) -> int:
    """Make the runs that were asked for and that are not finished; under torchrun, its processes make each together."""
    world = os.environ.get("WORLD_SIZE", "1")
    if not world.isdecimal() or int(world) < 1:
        raise Mistake(f"WORLD_SIZE, which torchrun sets, must be a whole number >= 1; got {world!r}")
    if int(world) == 1:
        return _make_runs(options)
    if options.jobs > 1 or options.cluster:
        got = options.cluster or options.jobs
        raise Mistake(f"--jobs and --cluster are not for torchrun, whose processes make one run together; got {got}")
    from ..compress import parallel
    from ..experiments import run

    rank, _ = parallel.start(options.device)
    if rank:
        try:
            run.follow(options.runs, device=options.device, threads=options.threads)
        except (ValueError, RuntimeError, OSError) as error:
            raise Failure(f"process {rank}: {error}") from error
        parallel.stop()
        return 0
    code = _make_runs(options, together=True)
    if code == 0:  # else the others wait in the middle of a run, and torchrun ends them
        run.enough()
        parallel.stop()
    return code


def _make_runs(options: argparse.Namespace, together: bool = False) -> int:
    from ..experiments.launch import Plan, launch

    records = options.records or options.runs / "records"
    jobs = chosen_jobs(options)
    bars = not options.quiet and sys.stderr.isatty()
    alone = options.cluster is None and (options.jobs == 1 or len(jobs) == 1)
    plan = Plan(options.runs, records, options.device, options.threads, progress=bars and alone)
    board = _Board(len(jobs), bars and not alone)
    try:
        failed = launch(
            jobs,
            plan,
            board.tell,
            workers=options.jobs,
            cluster=options.cluster,
            patient=not together,
            say=(lambda line: None) if options.quiet else log,
        )
    except KeyboardInterrupt:
        board.close()
        say(f"l0lib: interrupted; {board.done} of {len(jobs)} runs are settled, the same command resumes the rest")
        return 130
    except OSError as error:
        told = f"--cluster: no Dask scheduler answers at {options.cluster}: " if options.cluster else ""
        raise Failure(f"{told}{error}") from error
    board.close()
    say(f"{len(jobs) - failed} of {len(jobs)} runs are recorded in {records}")
    return 1 if failed else 0


#: Seconds after which a log is told again how far a run is.
EVERY = 600


class _Board:
    """A line for whatever becomes of a run; how far it is stands in a line of a terminal, or now and then in a log."""

    def __init__(self, total: int, bars: bool):
        self.total, self.bars, self.done = total, bars, 0
        self.lines: dict[str, object] = {}
        self.told: dict[str, float] = {}

    def tell(self, news: News) -> None:
        """Show what became of a run."""
        from tqdm import tqdm

        if self.bars and news.kind in ("started", "progress"):
            if news.job.name not in self.lines:
                self.lines[news.job.name] = tqdm(bar_format="{desc}", leave=False, position=len(self.lines))
            self.lines[news.job.name].set_description_str(str(news))  # type: ignore[attr-defined]
        now = time.monotonic()
        if news.kind == "progress" and (self.bars or now - self.told.get(news.job.name, now) < EVERY):
            return
        self.told[news.job.name] = now
        if news.kind in ("finished", "skipped", "failed"):
            self.done += 1
            if (line := self.lines.pop(news.job.name, None)) is not None:
                line.close()  # type: ignore[attr-defined]
        with tqdm.external_write_mode(sys.stderr):
            log(f"[{self.done}/{self.total}] {news}")

    def close(self) -> None:
        """Take the lines away."""
        for line in self.lines.values():
            line.close()  # type: ignore[attr-defined]


def chosen_jobs(options: argparse.Namespace) -> list[Job]:
    """Return the runs that the options name, seed by seed: what is finished first can be compared."""
    from ..experiments.config import SettingError, with_settings
    from ..experiments.launch import Job

    study = find_study(options.name)
    arms = study.arms(options.profile)
    chosen = {name: arms[name] for name in arms if name in matching(options.arms, list(arms), "--arms")}
    try:
        configs: dict[str, Config] = with_settings(chosen, settings(options))
    except SettingError as error:
        raise Mistake(f"--set: {error}") from error
    wanted = {arm: options.seeds or study.seeds_of(arm) for arm in configs}
    every = sorted({seed for some in wanted.values() for seed in some})
    return [Job(config, seed) for seed in every for arm, config in configs.items() if seed in wanted[arm]]


def settings(options: argparse.Namespace) -> dict[str, str]:
    """Return what ``--set`` was given."""
    found: dict[str, str] = {}
    for text in options.settings:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise Mistake(f"--set must be NAME=VALUE, such as training.penalty.beta=8; got {text!r}")
        found[name.strip()] = value.strip()
    return found


def matching(patterns: Sequence[str] | None, names: Sequence[str], flag: str) -> list[str]:
    """Return the names that match one of the patterns; a pattern without a match is a mistake."""
    found: list[str] = []
    for pattern in patterns or ["*"]:
        some = fnmatch.filter(names, pattern)
        if not some:
            raise Mistake(f"{flag} must be of {', '.join(names)}; got {pattern!r}")
        found += some
    return list(dict.fromkeys(found))


def find_study(name: str) -> Study:
    """Return the study of a name."""
    from ..experiments.arms import STUDIES

    if name not in STUDIES:
        raise Mistake(f"NAME must be one of {', '.join(STUDIES)}; got {name!r}")
    return STUDIES[name]


def log(line: str) -> None:
    """Say a line with the time of day."""
    say(f"{time.strftime('%H:%M:%S')} {line}")
