"""Runs on a machine that has PyTorch and little else: ``python -m l0lib.experiments.elsewhere jobs.json results``.

``l0lib jobs`` writes the list of jobs, here the runs are made, and ``l0lib collect`` reads the results back as records.
Neither pydantic nor Optuna is needed: the settings were checked when the list was written, and the results are checked
when they are read. Runs that remove neurons need torch-pruning, a package of Python alone, which can be carried along.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from .._files import write_atomically
from ..cli.terminal import at_least_one
from ..compress import parallel
from .plain import Plain
from .stages import Stages, run_folder


def result_path(config: Plain, seed: int, folder: Path) -> Path:
    """Return the file of a result, all in one folder."""
    return folder / f"{config.experiment}-{config.arm}-seed-{seed}.json"


def make(jobs: Sequence[dict[str, Any]], folder: Path, runs: Path, device: str, threads: int, progress: bool) -> int:
    """Make all runs of a list that are not finished, and write each result whole or not at all; return how many failed.

    A run that is cut off goes on where it was, if the folder ``runs`` is still there. Of two processes that share both
    folders the second one waits for the first, and reads its result. What fails is named, and the others are made. The
    weights of fine-tuned networks lie beside the result, ``<result>-<ratio>x.l0``.
    """
    torch.set_num_threads(threads)
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for number, job in enumerate(jobs, 1):
        name = f"[{number}/{len(jobs)}]"
        try:
            config, seed = Plain(job["config"]), job["seed"]
            name += f" {config.experiment} {config.arm} seed {seed}"
            told = _one(config, seed, result_path(config, seed, folder), runs, device, progress)
        except (ValueError, RuntimeError, OSError, ImportError) as error:
            told, failed = f"failed: {error}", failed + 1
        except (KeyError, AttributeError, TypeError) as error:  # an entry that l0lib jobs did not write
            told, failed = f"failed: {type(error).__name__}: {error}", failed + 1
        print(f"{name}: {told}", flush=True)
    return failed


def _one(config: Plain, seed: int, path: Path, runs: Path, device: str, progress: bool) -> str:
    """Make one run, unless its result is there, and return what became of it."""
    began, made = time.perf_counter(), run_folder(config, seed, runs)
    if _finished(path, config):
        return "finished before"
    _ready(config)
    with parallel.lock(made / "lock"):
        if _finished(path, config):
            return "finished by another process"
        result = Stages(config, seed, runs, device, progress).make()
        _write(result, made, path)
    wrong = 100 * result["dense"]["errors"] / result["dense"]["images"]
    return f"dense {wrong:.2f} %, {time.perf_counter() - began:.0f} s"


def _finished(path: Path, config: Plain) -> bool:
    """Return whether the result is there; one of other settings is not written over."""
    if not path.exists():
        return False
    if json.loads(path.read_text(encoding="utf-8"))["config"] != config.values:
        raise ValueError(f"{path} holds a run with other settings")
    return True


def _write(result: dict[str, Any], made: Path, path: Path) -> None:
    """Write a result, and before it the weights: a result that is there is whole."""
    text = json.dumps(result, allow_nan=False)
    for weights in sorted(made.glob("*.l0")):
        with write_atomically(path.with_name(f"{path.stem}-{weights.name}")) as part:
            shutil.copyfile(weights, part)
    with write_atomically(path) as part:
        part.write_text(text, encoding="utf-8")


def _ready(config: Plain) -> None:
    """Make sure, before a long training, that what the run needs at its end is there."""
    if config.removed_shares:
        try:
            importlib.import_module("torch_pruning")
        except ImportError as error:
            message = f"removed_shares needs the package torch-pruning, which cannot be had: {error}"
            raise ImportError(message) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    it = argparse.ArgumentParser(prog="python -m l0lib.experiments.elsewhere", description=__doc__.splitlines()[0])
    it.add_argument("jobs", type=Path, help="the list, written by l0lib jobs")
    it.add_argument("results", type=Path, help="the folder of the results")
    it.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where runs are kept")
    it.add_argument("--device", default="auto", help="cpu, cuda, or auto (the default): CUDA if there is one")
    it.add_argument("--threads", type=at_least_one, default=1, metavar="N", help="of a CPU; default 1")
    it.add_argument("--progress", action="store_true", help="show bars")
    options = it.parse_args(arguments)
    try:
        jobs = json.loads(options.jobs.read_text(encoding="utf-8"))
        made = all({"config", "seed"} <= job.keys() for job in jobs)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        it.error(f"jobs must be a list that l0lib jobs wrote: {error}")
    if not made:
        it.error(f"jobs must be a list that l0lib jobs wrote, each with its config and seed; got {options.jobs}")
    return min(make(jobs, options.results, options.runs, options.device, options.threads, options.progress), 1)


if __name__ == "__main__":
    sys.exit(main())
