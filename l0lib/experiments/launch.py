"""Many runs: one after the other or several at once, never one run twice, nothing lost when it is cut off."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout

from . import records
from .config import Config
from .records import Record, RecordError
from .results import differences

#: Seconds between two looks at runs that other processes have in hand.
PATIENCE = 1.0


@dataclass(frozen=True)
class Job:
    """One run to make."""

    config: Config
    seed: int

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"{self.config.experiment} {self.config.arm} seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """How to make runs: where they and their records go, and what :func:`l0lib.experiments.run.run` takes besides.

    Without ``patient``, the first run that fails is the last. ``storage`` is the address of a database that hands the
    runs out to all who name it (:mod:`l0lib.experiments.handout`).
    """

    runs: Path
    records: Path
    device: str = "auto"
    threads: int = 1
    progress: bool = False
    patient: bool = True
    storage: str | None = None


@dataclass(frozen=True)
class News:
    """What became of a job: ``kind`` is "started", "skipped", "finished", "failed", or "taken" by another process."""

    kind: str
    job: Job
    text: str

    def __str__(self) -> str:
        return f"{self.job.name}: {self.text}"


Tell = Callable[[News], object]


def recorded(job: Job, folder: Path) -> Record | None:
    """Return the job's record in ``folder``, None if there is none.

    Raises
    ------
    RecordError
        If a record of this name is there, but of other settings: it is not written over.
    """
    path = records.path_of(job.config, job.seed, folder)
    if not path.exists():
        return None
    found = records.read(path)
    if told := differences(found.config, job.config):
        raise RecordError(
            f"{path} holds a run with other settings: there and here {told}. Name another folder with --records, "
            "or move that record away"
        )
    return found


def attempt(job: Job, plan: Plan, tell: Tell) -> None:
    """Make one run, unless it is finished or another process has it in hand, and tell what became of it."""
    try:
        known = recorded(job, plan.records)
        if known is None:
            from . import run as runner  # here: what is recorded already is told without PyTorch

            finished = runner.run_folder(job.config.plain(), job.seed, plan.runs) / "record.json"
            if _taken(job, plan.runs):
                tell(News("taken", job, "another process has it in hand"))
                return
            if finished.exists():
                known = records.read(finished)
                records.write(known, plan.records)
        if plan.storage:
            _hand_out(job, plan, known, tell)
        elif known:
            tell(News("skipped", job, "finished before, skipped"))
        else:
            _make(job, plan, tell)
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        tell(News("failed", job, f"failed: {error}"))


def _make(job: Job, plan: Plan, tell: Tell) -> Record:
    from . import run as runner

    began = time.perf_counter()
    tell(News("started", job, "started"))
    record = runner.run(
        job.config, job.seed, plan.runs, device=plan.device, threads=plan.threads, progress=plan.progress
    )
    records.write(record, plan.records)
    tell(News("finished", job, f"{_outcome(record)} ({time.perf_counter() - began:.0f} s)"))
    return record


def _hand_out(job: Job, plan: Plan, known: Record | None, tell: Tell) -> None:
    """Make a run that nobody of those who share the database has made, or take the record from there."""
    from . import handout

    assert plan.storage
    told = False

    def work() -> Record:
        nonlocal told
        if known:
            return known  # made before, without the database: the others get it
        told = True
        return _make(job, plan, tell)

    found = handout.make(job, plan.storage, work)
    if found is None:
        tell(News("taken", job, "another process has it in hand"))
    elif known:
        tell(News("skipped", job, "finished before, skipped"))
    elif not told:
        records.write(found, plan.records)
        tell(News("skipped", job, "made elsewhere, its record fetched"))


def _taken(job: Job, runs: Path) -> bool:
    # a network before pruning that is in the making would hold up this process: there may be better to do
    from . import run as runner

    plain = job.config.plain()
    for folder in (runner.run_folder(plain, job.seed, runs), runner.trained_folder(plain, job.seed, runs)):
        try:
            if folder.exists():
                with FileLock(folder / "lock", timeout=0):
                    pass
        except Timeout:
            return True
    return False


def _outcome(record: Record) -> str:
    tuned = [point for point in record.points if point.fine_tuned]
    shown = [f"dense {record.dense.percent:.2f} %"]
    shown += [f"{point.ratio:.3g}× {point.measured.percent:.2f} %" for point in tuned or record.points]
    return "finished, error " + ", ".join(shown)


def launch(jobs: Sequence[Job], plan: Plan, tell: Tell, workers: int = 1) -> int:
    """Make all runs, ``workers`` at once, each of these in a process of its own; return how many failed.

    A run that another process has in hand, on this machine or on one that shares the folder or the database, is left
    for later; when it is finished it is read. A run that fails does not keep the others. Cut off at any moment, by
    Ctrl-C too, nothing is lost: the same call goes on.
    """
    queue = _Queue(jobs, tell)
    if workers <= 1 or len(jobs) <= 1 or all(records.path_of(j.config, j.seed, plan.records).exists() for j in jobs):
        while (plan.patient or not queue.failed) and (job := queue.next()):
            attempt(job, plan, queue.note)
        return queue.failed
    # spawned, not forked: neither torch's threads nor CUDA survive a fork
    context = multiprocessing.get_context("spawn")
    team: dict[Connection, multiprocessing.process.BaseProcess] = {}
    busy: dict[Connection, Job] = {}
    try:
        for _ in range(min(workers, len(jobs))):
            ours, theirs = context.Pipe()
            team[ours] = context.Process(target=_worker, args=(theirs, plan), daemon=True)
            team[ours].start()
            theirs.close()  # so that the death of either end is noticed by the other
        while True:
            for connection in [free for free in team if free not in busy]:
                if job := queue.next(patient=not busy):
                    connection.send(job)
                    busy[connection] = job
            if not busy:
                return queue.failed
            for connection in cast(list[Connection], wait(list(busy), timeout=PATIENCE)):
                try:
                    news = connection.recv()
                except EOFError:
                    queue.note(News("failed", busy.pop(connection), "failed: its process was killed"))
                    team.pop(connection).join()
                    if not team:
                        return queue.failed + len(queue.left)
                    continue
                if news.kind != "started":
                    del busy[connection]
                queue.note(news)
    finally:
        _end(team)


def _end(team: Mapping[Connection, multiprocessing.process.BaseProcess]) -> None:
    for process in team.values():
        process.terminate()
    for process in team.values():
        process.join(timeout=10)
        process.kill()


class _Queue:
    """The jobs that are left; those that others have in hand go to its end and come again."""

    def __init__(self, jobs: Sequence[Job], tell: Tell):
        self.left, self.tell, self.failed = deque(jobs), tell, 0
        self.taken: set[Job] = set()  # since one last came to something
        self.waited: set[Job] = set()

    def next(self, patient: bool = True) -> Job | None:
        """Return the next job; None if there is none, or if all are taken and the caller has no time to wait."""
        if self.left and self.taken.issuperset(self.left):
            if not patient:
                self.taken.clear()  # looked at again when one of our own is finished
                return None
            for job in self.left:
                if job not in self.waited:
                    self.tell(News("taken", job, "another process has it in hand, waiting for it"))
                    self.waited.add(job)
            time.sleep(PATIENCE)
            self.taken.clear()
        return self.left.popleft() if self.left else None

    def note(self, news: News) -> None:
        """Take in what became of a job."""
        if news.kind == "taken":
            self.left.append(news.job)
            self.taken.add(news.job)
            return
        if news.kind != "started":
            self.taken.clear()
        self.failed += news.kind == "failed"
        self.tell(news)


def _worker(connection: Connection, plan: Plan) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process,
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # and it shall put its things away
    try:
        while True:
            attempt(connection.recv(), plan, connection.send)
    except (EOFError, BrokenPipeError):
        return  # the parent is gone
