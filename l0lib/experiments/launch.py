"""Many runs, each once: in this process, in several on this machine, or on the workers of a Dask cluster.

A run on a worker writes its checkpoints there; its record and its stored networks come back with the result. A worker
that dies loses nothing but time: Dask gives its run to another one, which resumes it where both see the same folder.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from .._files import write_atomically
from . import records
from .config import Config
from .records import Record, RecordError
from .results import differences

if TYPE_CHECKING:
    from distributed import Client

#: Seconds between two looks at runs that other processes make.
PATIENCE = 1.0
#: Seconds that the first worker on this machine may take to start.
STARTUP = 300
#: The name under which workers tell how far they are.
TOPIC = "l0lib-progress"


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
    """Where runs and their records go, and what :func:`l0lib.experiments.run.run` takes besides."""

    runs: Path
    records: Path
    device: str = "auto"
    threads: int = 1
    progress: bool = False


@dataclass(frozen=True)
class News:
    """What became of a job: ``kind`` is "started", "progress", "waiting", "skipped", "finished" or "failed"."""

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


def launch(
    jobs: Sequence[Job],
    plan: Plan,
    tell: Tell,
    *,
    workers: int = 1,
    cluster: str | None = None,
    patient: bool = True,
    say: Callable[[str], object] = lambda line: None,
) -> int:
    """Make all runs that are not made yet, and return how many failed.

    A run that fails does not keep the others. Cut off at any moment, by Ctrl-C too, nothing is lost: the same call
    resumes. Of two callers that share the folder ``plan.runs``, one makes a run and the other reads it.

    ``tell`` is told what becomes of each job, ``say`` where the workers' dashboard is and which of them died.
    ``workers`` are processes on this machine, each making one run at a time; 1 is this process; one that dies is
    replaced. ``cluster`` is the address of a Dask scheduler, ``tcp://HOST:8786``; then ``workers`` does not count.
    Without ``patient``, the first run that fails is the last.

    Raises
    ------
    OSError
        If there is no scheduler at ``cluster``.
    """
    left, failed = [], 0
    for job in jobs:
        try:
            if _known(job, plan):
                tell(News("skipped", job, "finished before, skipped"))
            else:
                left.append(job)
        except (ValueError, OSError) as error:
            tell(News("failed", job, f"failed: {error}"))
            failed += 1
    if failed and not patient:
        return failed
    if cluster is None and (workers <= 1 or len(left) <= 1):
        return failed + _one_by_one(left, plan, tell, patient)
    with connected(cluster, min(workers, len(left)), say) as client:
        if client.dashboard_link:
            say(f"dashboard: {client.dashboard_link}")
        return failed + _on_workers(client, left, plan, tell)


def _known(job: Job, plan: Plan) -> bool:
    """Return whether the job is recorded; a run that is finished and not recorded is recorded now."""
    if recorded(job, plan.records):
        return True
    from .run import run_folder  # here: what is recorded already is told without PyTorch

    finished = run_folder(job.config, job.seed, plan.runs) / "record.json"
    if finished.exists():
        records.write(records.read(finished), plan.records)
    return finished.exists()


def _one_by_one(jobs: Sequence[Job], plan: Plan, tell: Tell, patient: bool) -> int:
    """Make runs in this process; one that another process makes is left for later."""
    from . import run

    left, waited, failed = list(jobs), set(), 0
    while left and (patient or not failed):
        job = next((job for job in left if not patient or not _made_elsewhere(job, plan.runs)), None)
        if job is None:
            for job in left:
                if job not in waited:
                    tell(News("waiting", job, "another process makes it, waiting for it"))
                    waited.add(job)
            time.sleep(PATIENCE)
            continue
        left.remove(job)
        began = time.perf_counter()
        try:
            if _known(job, plan):
                tell(News("skipped", job, "finished by another process"))
                continue
            tell(News("started", job, "started"))
            stages: list[str] = []
            how: dict[str, Any] = {"device": plan.device, "threads": plan.threads, "progress": plan.progress}

            def report(text: str, job: Job = job, stages: list[str] = stages) -> None:
                stages.append(text)
                tell(News("progress", job, text))

            record = run.run(job.config, job.seed, plan.runs, report=report, **how)
            records.write(record, plan.records)
            if stages:
                tell(News("finished", job, _outcome(record, began)))
            else:  # another process began it in the same moment
                tell(News("skipped", job, "finished by another process"))
        except (ValueError, RuntimeError, OSError, ImportError) as error:
            tell(News("failed", job, f"failed: {error}"))
            failed += 1
    return failed


def _made_elsewhere(job: Job, runs: Path) -> bool:
    """Return whether another process holds the lock of the run or of its network before pruning."""
    from .run import run_folder, unpruned_folder

    folders = run_folder(job.config, job.seed, runs), unpruned_folder(job.config.unpruned, job.seed, runs)
    for folder in folders:
        try:
            if folder.exists():
                with FileLock(folder / "lock", timeout=0):
                    pass
        except Timeout:
            return True
    return False


def _outcome(record: Record, began: float) -> str:
    tuned = [point for point in record.points if point.fine_tuned]
    shown = [f"dense {record.dense.percent:.2f} %"]
    shown += [f"{point.ratio:.3g}× {point.measured.percent:.2f} %" for point in tuned or record.points]
    return f"finished, error {', '.join(shown)} ({time.perf_counter() - began:.0f} s)"


# ------------------------------------------------------------------------------------------------- workers


def _on_workers(client: Client, jobs: Sequence[Job], plan: Plan, tell: Tell) -> int:
    """Make runs on the workers of ``client``."""
    from distributed import as_completed

    began, failed, names = time.perf_counter(), 0, {job.name: job for job in jobs}
    waited: set[Job] = set()

    def submit(job: Job) -> Any:
        where = (str(plan.runs.absolute()), plan.device, plan.threads)
        return client.submit(_remote, job.config.model_dump_json(), job.seed, job.name, *where, pure=False)

    def progress(event: tuple[float, dict[str, str]]) -> None:
        if (job := names.get(event[1]["job"])) is not None:
            tell(News(event[1]["kind"], job, event[1]["text"]))

    client.subscribe_topic(TOPIC, progress)
    futures = {submit(job): job for job in jobs}
    completed = as_completed(list(futures), loop=client.loop)
    for future in completed:
        job = futures.pop(future)
        try:
            result = future.result()
            if result is None:  # it slept meanwhile, and goes to the end of the queue
                if job not in waited:
                    tell(News("waiting", job, "another process makes it, waiting for it"))
                    waited.add(job)
                futures[again := submit(job)] = job
                completed.add(again)
                continue
            text, networks = result
            record = Record.model_validate_json(text)
            _keep(networks, job, plan.runs)
            records.write(record, plan.records)
            tell(News("finished", job, _outcome(record, began)))
        except Exception as error:  # whatever the run raised on its worker, or Dask of a worker that died too often
            tell(News("failed", job, f"failed: {error or type(error).__name__}"))
            failed += 1
    return failed


def _remote(config: str, seed: int, name: str, runs: str, device: str, threads: int) -> Any:
    """Make a run on a worker; return its record and its stored networks, None while another process makes it."""
    from distributed import get_worker

    from . import run

    job, folder, worker = Job(Config.model_validate_json(config), seed), Path(runs), get_worker()
    if _made_elsewhere(job, folder):
        time.sleep(PATIENCE)
        return None

    def tell(kind: str, text: str) -> None:
        worker.log_event(TOPIC, {"job": name, "kind": kind, "text": text})

    tell("started", f"started on {worker.name}")
    record = run.run(
        job.config, seed, folder, device=device, threads=threads, report=lambda text: tell("progress", text)
    )
    kept = sorted(run.run_folder(job.config, seed, folder).glob("*.l0"))
    return records.to_text(record), {file.name: file.read_bytes() for file in kept}


def _keep(networks: dict[str, bytes], job: Job, runs: Path) -> None:
    """Write the stored networks that came back from a worker of another folder."""
    from .run import run_folder

    for name, content in networks.items():
        path = run_folder(job.config, job.seed, runs) / name
        if not path.exists():
            write_atomically(path, content)


@contextmanager
def pool(
    workers: int = 1, cluster: str | None = None, say: Callable[[str], object] = lambda line: None
) -> Iterator[Callable[..., Any]]:
    """Yield a function that takes a function and its arguments and returns a future of its result.

    Parameters are those of :func:`launch`; with one worker and no cluster the call is made at once, in this process.
    """

    def here(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    if cluster is None and workers <= 1:
        yield here
        return
    with connected(cluster, workers, say) as client:
        yield functools.partial(client.submit, pure=False)


@contextmanager
def connected(address: str | None, workers: int, say: Callable[[str], object] = lambda line: None) -> Iterator[Client]:
    """Connect to a Dask scheduler, or start one with ``workers`` processes on this machine; ``say`` as in `launch`."""
    import distributed

    if address is not None:
        with distributed.Client(address, timeout="20s", set_as_default=False) as client:
            yield client
        return
    dashboard = "127.0.0.1:0" if importlib.util.find_spec("bokeh") else None
    with distributed.LocalCluster(
        n_workers=0, host="127.0.0.1", dashboard_address=dashboard, processes=True, silence_logs=50
    ) as cluster:
        team = _Team(cluster.scheduler_address, workers, say)
        try:
            with distributed.Client(cluster, set_as_default=False) as client:
                client.wait_for_workers(1, timeout=STARTUP)  # else their failure would be waited for without end
                yield client
        finally:
            team.end()


class _Team:
    """Workers on this machine, a process each; for one that dies another is started, and Dask gives it the run.

    Dask's own keeper of workers gives all of them up if one dies before it has begun.
    """

    def __init__(self, scheduler: str, workers: int, say: Callable[[str], object]):
        self.scheduler, self.say, self.started, self.over = scheduler, say, 0, threading.Event()
        self.processes = [self._start() for _ in range(workers)]
        self.watching = threading.Thread(target=self._watch, daemon=True)
        self.watching.start()

    def _start(self) -> subprocess.Popen:
        self.started += 1
        command = [sys.executable, "-m", "dask", "worker", self.scheduler, "--name", f"worker-{self.started}"]
        command += ["--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--death-timeout", "20"]
        one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # in a session of their own: Ctrl-C is for this process, which ends them
        return subprocess.Popen(command, start_new_session=True, env={**os.environ, **one}, **quiet)

    def _watch(self) -> None:
        deaths = 0
        while not self.over.wait(min(0.5 + deaths, 30)):  # the more die, the longer the next one is waited for
            for place, process in enumerate(self.processes):
                if (status := process.poll()) is not None:
                    deaths += 1
                    self.say(f"a worker ended with status {status}; another takes its place")
                    self.processes[place] = self._start()

    def end(self) -> None:
        """End them and what they started: what they were doing stands in their checkpoints."""
        self.over.set()
        self.watching.join()
        for process in self.processes:
            with suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.terminate()
            process.wait()
