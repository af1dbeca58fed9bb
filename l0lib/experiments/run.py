"""One run: train, prune, fine-tune, measure, record. Interrupted at any moment, it goes on where it was."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from filelock import FileLock

from ..compress import parallel
from . import records
from .config import Config
from .images import split
from .plain import Plain
from .records import Record
from .stages import Stages, run_folder, trained_folder

__all__ = ["enough", "follow", "objective", "run", "run_folder", "split", "trained_folder"]


def run(
    config: Config,
    seed: int,
    runs: Path = Path("runs"),
    *,
    device: str = "cpu",
    threads: int = 1,
    progress: bool = False,
) -> Record:
    """Make one run, or read it if it is there already, and return its record.

    Parameters
    ----------
    config : Config
    seed : int
        Of the initial weights, the batches, the shifts and random pruning. Runs of one seed share all of these.
    runs : path
        Everything goes to ``<experiment>-<arm>-<hash>/seed-<k>/`` below it, and the networks before pruning, which runs
        may share, to ``trained-<hash>/seed-<k>/``. A second process that asks for a network in the making waits.
    device : str
        ``"cpu"``, ``"cuda"``, or ``"auto"``.
    threads : int
        Of the CPU. A run that goes on ends in the same bits only with as many threads as it began with.
    progress : bool
        Show a bar for each stretch of training.
    """
    folder = run_folder(config.plain(), seed, runs)
    file = folder / "record.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if file.exists():
            return records.read(file)
        torch.set_num_threads(threads)
        parallel.from_first(lambda: (config.plain().values, seed))  # the others of this run, if there are any, follow
        record = Record.model_validate(Stages(config.plain(), seed, runs, device, progress).make())
        records.write_text(file, records.to_text(record))
        for scaffold in folder.glob("*.checkpoint"):
            scaffold.unlink()
        return record


def follow(runs: Path = Path("runs"), *, device: str = "cpu", threads: int = 1) -> None:
    """Make, along with the first of several processes, the runs that it makes, until it says :func:`enough`."""
    torch.set_num_threads(threads)
    while job := parallel.from_first(lambda: None):
        values, seed = job
        Stages(Plain(values), seed, runs, device).make()


def enough() -> None:
    """Let the processes that :func:`follow` go."""
    parallel.from_first(lambda: None)


def objective(config: Config, seed: int, runs: Path = Path("runs"), **options: Any) -> float:
    """Return what tuning minimises: the geometric mean of all points' errors on the validation images, in percent.

    A geometric mean, because errors before and after fine-tuning differ by orders of magnitude: with a plain mean the
    worst point alone would choose. No wrong answer counts as half a one. A run whose loss does not stay finite counts
    as wholly wrong: 100.

    Raises
    ------
    ValueError
        If ``config`` reads the test images, or measures no pruned network.
    """
    if config.evaluate_on != "validation":
        raise ValueError(f"evaluate_on must be 'validation' for a choice; got {config.evaluate_on!r}")
    if not config.ratios and not config.fine_tuned_ratios:
        raise ValueError("ratios or fine_tuned_ratios must name at least one ratio to choose by; got none")
    try:
        record = run(config, seed, runs, **options)
    except RuntimeError as error:
        if "loss must stay finite" in str(error):
            return 100.0
        raise
    measured = [point.measured for point in record.points]
    return 100 * math.exp(fmean(math.log(max(one.errors, 0.5) / one.images) for one in measured))
