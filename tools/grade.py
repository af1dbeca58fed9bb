"""Grade a folder of returned notebooks into one table: a line for each, whatever it is or does.

.venv/bin/python tools/grade.py FOLDER --chapter 5                   two minutes and 2 GB for each notebook
.venv/bin/python tools/grade.py FOLDER --chapter 5 --seed 7 --seconds 60 --memory 4

``FOLDER`` holds ``ada.ipynb`` or ``ada/05-at-zero.ipynb``; the name is that of the file or of the folder. The table is
written as CSV and as a page, which also shows the texts that a person has to read.

Each notebook runs in a process of its own, behind walls: no network, no other process, no file but its own, as far as
the system can build them (``--walls``); the table says what held. Verdicts are made here and not there: the checks run
in this process and ask the other one only for values. So a notebook can print, redefine and change what it likes; its
points come from what its functions return for arguments that it has not seen.
"""

from __future__ import annotations

import argparse
import ast
import base64
import concurrent.futures
import contextlib
import csv
import functools
import html
import io
import itertools
import json
import os
import pathlib
import pickle
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import assignments
import grading_worker
import nbformat
import numpy as np
from assignments import Assignment, Exercise
from execute import ROOT, THREADS
from sheet import document, markdown

from l0lib._files import write_atomically
from l0lib.exercises import EXERCISES_ON_PAGE, check, formulas

GRADED = ROOT / "_build" / "course" / "instructor" / "graded"
WORKER = ROOT / "tools" / "grading_worker.py"
#: A returned file may have so many bytes, a message of a worker too.
LARGEST_FILE, LARGEST_MESSAGE = 20 * 2**20, 32 * 2**20
#: Letters of a cell that may be a stub: the tree of a huge one would take the memory that no limit guards here.
LARGEST_STUB = 10**5
#: Seconds for a worker's imports, which are not the notebook's.
START = 180
#: Exercises that say what may happen to an argument. In others an answer could bend what it is compared with.
CHANGES = ("12.1", "14.3", "15.3")
#: Processes and threads beyond those that are there; bytes that a file may have; who runs a notebook if we are root.
PROCESSES, FILES, NOBODY = 64, 64 * 2**20, 65534


class Ended(BaseException):
    """A worker is no more; no ``except Exception`` of a check may swallow that."""


@dataclass(frozen=True)
class Walls:
    """What stands around a notebook: ``before`` is put in front of the worker's command."""

    name: str
    before: tuple[str, ...]
    told: str
    fence: bool
    drop: int = 0


@dataclass
class Line:
    """A line of the table. A text's points are ``None``: a person gives them."""

    name: str
    points: dict[str, float | None] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """The points that are given by code."""
        return sum(points for points in self.points.values() if points is not None)


# walls


def bubblewrap() -> Walls | None:
    """Return walls of bubblewrap: only Python, the library and an empty folder in memory can be seen inside."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    root = os.getuid() == 0
    spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    spaces += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else ["--unshare-user"]
    seen: list[str] = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            seen += ["--symlink", os.readlink(name), name]
        elif os.path.exists(name):
            seen += ["--ro-bind", name, name]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/nix/store"):
        seen += ["--ro-bind-try", name, name]
    seen += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    seen += [
        "--size",
        str(FILES),
        "--tmpfs",
        "/dev/shm",
        "--perms",
        "1777",
        "--size",
        str(4 * FILES),
        "--tmpfs",
        "/tmp",
    ]
    inside = dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT / "l0lib"), str(WORKER)))
    above = {str(folder): None for path in inside for folder in reversed(pathlib.Path(path).parents[:-1])}
    for folder in above:
        seen += ["--perms", "0755", "--dir", folder]
    for path in inside:
        seen += ["--ro-bind", path, path]
    before = (program, "--die-with-parent", "--new-session", *spaces, *seen, "--chdir", "/tmp")
    told = "bubblewrap: no network, no other process, no file but Python's and the library's, an empty folder in memory"
    return Walls("bubblewrap", before, told, fence=False, drop=NOBODY if root else 0)


def namespaces() -> Walls | None:
    """Return walls of util-linux: no network and no other process, but files as the user sees them."""
    program = shutil.which("unshare")
    if program is None:
        return None
    user = () if os.getuid() == 0 else ("--user", "--map-root-user")
    before = (program, *user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    told = "namespaces of Linux: no network, no other process; FILES ARE GUARDED INSIDE PYTHON ONLY: install bubblewrap"
    return Walls("namespaces", before, told, fence=True)


def fence() -> Walls:
    """Return no walls but a fence inside Python."""
    told = (
        "NO WALLS: network, processes and files are guarded inside Python only, which code that means to can get round"
    )
    return Walls("none", (), told, fence=True)


KINDS = {"bubblewrap": bubblewrap, "namespaces": namespaces, "none": fence}


@functools.cache
def walls(kind: str = "best") -> Walls:
    """Return the walls of this name, or the best that this system can build; each is tried.

    Raises
    ------
    ValueError
        If there is no such kind, or it cannot be built here.
    """
    if kind not in ("best", *KINDS):
        raise ValueError(f"walls must be one of best, {', '.join(KINDS)}; got {kind!r}")
    for name in KINDS if kind == "best" else (kind,):
        built = KINDS[name]()
        command = [*built.before, sys.executable, "-c", "import numpy"] if built else []
        if built and subprocess.run(command, capture_output=True, timeout=START, check=False).returncode == 0:
            return built
    raise ValueError(f"walls must be of a kind that this system can build; got {kind!r}")


# a worker


class Worker:
    """The process of one notebook, seen from here."""

    def __init__(self, around: Walls, imports: str, seconds: float, cell_seconds: float, memory: float) -> None:
        self.seconds, self.cell_seconds = seconds, cell_seconds
        self.scratch = tempfile.mkdtemp(prefix="l0lib-grade-")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        kept |= dict.fromkeys(THREADS, "1") | {
            "MPLBACKEND": "Agg",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
        }
        kept["L0LIB_GRADER"] = str(os.getpid())  # tells whose they are, should one be left
        self.process = subprocess.Popen(
            [*around.before, sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch,
            env=kept,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        os.set_blocking(self.process.stdin.fileno(), False)
        self.waiting = b""
        hidden = [str(ROOT)], [str(ROOT / "l0lib"), os.path.realpath(sys.prefix)]
        limits = {"memory": int(memory * 2**30), "seconds": int(seconds) + 60, "files": FILES}
        start = {
            "folder": "/tmp" if around.name == "bubblewrap" else self.scratch,
            "imports": imports,
            "limits": limits | {"processes": PROCESSES + running(around.drop or os.getuid())},
            "fence": hidden if around.fence else None,
            "drop": around.drop,
        }
        self.left = float(START)
        try:
            self._send(start)
            if self._receive() != grading_worker.READY:
                raise Ended("its process did not begin")
        except BaseException:
            self.close()
            raise
        self.left = seconds  # of waiting for it: what checks take here is not the notebook's

    def ask(self, **message: Any) -> dict[str, Any]:
        """Return the answer to a message.

        Raises
        ------
        Ended
            If the process ended, time was up, or the answer is none.
        """
        self._send({**message, "seconds": self.cell_seconds})
        answer = self._receive()
        if not isinstance(answer, dict):
            raise Ended("what it answered cannot be read")
        return answer

    def call(self, name: str, arguments: Sequence[Any], changes: bool = False) -> Any:
        """Return what a function of the notebook returns; with ``changes`` bring arguments to what it made of them."""
        packed = base64.b64encode(pickle.dumps(tuple(arguments))).decode("ascii")
        answer = self.ask(call=name, arguments=packed)
        if "raised" in answer:
            kind = re.sub(r"\W", "", str(answer["raised"])) or "Error"
            raise type(kind, (Exception,), {})(shown(answer.get("message", "")))
        if changes:
            for argument, found in zip(arguments, answer.get("arguments", ()), strict=False):
                changed(argument, found)
        return grading_worker.decode(answer.get("value"))

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        line, number = self.process.stdin.fileno(), 0
        data = json.dumps(message).encode("ascii") + b"\n"
        while number < len(data):  # who does not read must not make us wait
            self._wait([], [line])
            try:
                number += os.write(line, data[number : number + 2**16])
            except BlockingIOError:
                continue
            except OSError:
                raise Ended(self._why()) from None

    def _wait(self, read: list[Any], written: list[Any]) -> None:
        begun = time.monotonic()
        ready = self.left > 0 and any(select.select(read, written, [], self.left))
        self.left -= time.monotonic() - begun
        if not ready:
            raise Ended(f"stopped after {self.seconds:g} s")

    def _receive(self) -> Any:
        assert self.process.stdout is not None
        while b"\n" not in self.waiting:
            self._wait([self.process.stdout], [])
            piece = os.read(self.process.stdout.fileno(), 2**20)
            if not piece:
                raise Ended(self._why())
            self.waiting += piece
            if len(self.waiting) > LARGEST_MESSAGE:
                raise Ended("stopped: an answer is too large")
        line, self.waiting = self.waiting.split(b"\n", 1)
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise Ended("what it answered cannot be read") from None

    def _why(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(5)
            if code in (-signal.SIGKILL, 128 + signal.SIGKILL, -signal.SIGSEGV, 128 + signal.SIGSEGV):
                return "its process died: perhaps for want of memory"
            return f"its process ended by itself, with code {code}"
        return "its process closed the line"

    def close(self) -> None:
        """End the process and all that it has started, and remove its folder."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def running(user: int) -> int:
    """Return the number of threads that a user runs now, since the limit counts all of them; 0 where none can tell."""
    count = 0
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == user:
                count += sum(1 for _ in (folder / "task").iterdir())
    return count


def changed(argument: Any, found: Any) -> None:
    """Bring an argument to what the notebook's function made of its copy."""
    if isinstance(argument, np.ndarray):
        value = grading_worker.decode(found)
        if isinstance(value, np.ndarray) and value.shape == argument.shape:
            argument[...] = value
    elif hasattr(argument, "load_state_dict"):
        import torch

        argument.load_state_dict({name: torch.as_tensor(part) for name, part in grading_worker.decode(found).items()})


# a notebook


def cells_of(path: pathlib.Path, stem: str) -> list[Any]:
    """Return the cells of a notebook that was returned for the assignment ``stem``.

    Raises
    ------
    ValueError
        If the file is no notebook, or that of another assignment; the message is the remark.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError("is a link, no file")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValueError(f"has {size / 2**20:.0f} MB, more than {LARGEST_FILE / 2**20:.0f}: not read")
    data = path.read_bytes()
    if not data.strip():
        raise ValueError("is empty")
    try:
        text = data.decode("utf8")
        json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    try:
        notebook = nbformat.reads(text, as_version=4)
        found, told = notebook.cells, notebook.metadata.get("l0lib", {})
        other = told.get("assignment", stem) if isinstance(told, dict) else stem
        kept = [cell for cell in found if isinstance(cell.source, str) and cell.cell_type in ("code", "markdown")]
    except Exception:  # whatever a damaged file makes of nbformat
        raise ValueError("is no notebook") from None
    if not kept:
        raise ValueError("has no cells")
    if other != stem:
        raise ValueError(f"is the assignment {shown(other)}: not graded here")
    return kept


def stubs(cells: Sequence[Any]) -> set[str]:
    """Return the functions whose last definition is still a stub: nothing but a docstring and dots."""
    last: dict[str, bool] = {}
    for cell in cells:
        if cell.cell_type == "code" and len(cell.source) <= LARGEST_STUB:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                for node in ast.parse(cell.source).body:
                    if isinstance(node, ast.FunctionDef):
                        body = [part.value for part in node.body if isinstance(part, ast.Expr)]
                        constant = all(isinstance(value, ast.Constant) for value in body)
                        last[node.name] = constant and len(body) == len(node.body)
    return {name for name, stub in last.items() if stub}


def text_of(cells: Sequence[Any], exercise: Exercise) -> str:
    """Return what was written for an exercise, found by the cell's name or behind the exercise's heading."""
    for cell in cells:
        named = cell.metadata.get("nbgrader", {})
        if isinstance(named, dict) and named.get("grade_id") == f"{exercise.id}-answer":
            return _written(cell.source)
    for cell, following in itertools.pairwise(cells):
        if cell.source.startswith(f"## {exercise.number} "):
            return _written(following.source) if not following.source.startswith("## ") else ""
    return ""


def _written(source: str) -> str:
    return source.replace("*Your answer.*", "").strip()


@dataclass(frozen=True)
class Limits:
    """Limits of a notebook: seconds in all, seconds for a cell or a call, GB of memory for a process."""

    seconds: float = 120
    cell_seconds: float = 20
    memory: float = 2


def grade(path: pathlib.Path, name: str, assignment: Assignment, around: Walls, seed: int, limits: Limits) -> Line:
    """Return the line of one notebook. It never raises for what a notebook is or does."""
    line = Line(name, {exercise.number: 0.0 if exercise.stub else None for exercise in assignment.exercises})
    try:
        cells = cells_of(path, assignment.stem)
    except ValueError as error:
        line.remarks.append(str(error))
        return line
    worker, where = None, "at the start"
    try:
        for exercise in assignment.exercises:
            if not exercise.stub:
                line.texts[exercise.number] = text_of(cells, exercise)
        unanswered = stubs(cells)
        worker = Worker(around, assignment.imports, limits.seconds, limits.cell_seconds, limits.memory)
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        for number, source in enumerate(code, 1):
            where = f"in code cell {number} of {len(code)}"
            answer = worker.ask(cell=source)
            if "raised" in answer:
                line.remarks.append(
                    f"code cell {number}: {shown(answer['raised'])}: {shown(answer.get('message', ''))}"
                )
        for exercise in assignment.by_code:
            where = f"in exercise {exercise.number}"
            line.points[exercise.number], remark = points(
                worker, exercise, assignment, exercise.answer in unanswered, seed
            )
            if remark:
                line.remarks.append(f"{exercise.number}: {remark}")
    except Ended as error:
        line.remarks.append(f"{error}, {where}; nothing after it is graded")
    except Exception as error:  # a fault of ours that this notebook has found: the others' lines still count
        told = f"{type(error).__name__}: {shown(error)}"
        line.remarks.append(f"the grader failed {where} ({told}); nothing after it is graded")
    finally:
        if worker is not None:
            worker.close()
    to_read = [number for number, text in line.texts.items() if text]
    if to_read:
        line.remarks.append(f"to be read: {', '.join(to_read)}")
    if all(f"{exercise.number}: not answered" in line.remarks for exercise in assignment.by_code) and not to_read:
        line.remarks.append("nothing was answered")
    return line


def points(worker: Worker, exercise: Exercise, assignment: Assignment, stub: bool, seed: int) -> tuple[float, str]:
    """Return the points of an answer, and what there is to say of it."""
    held = worker.ask(name=exercise.answer)
    if "missing" in held:
        return 0.0, f"there is no `{exercise.answer}`"
    found = held.get("value", {})
    changes = exercise.number in CHANGES

    def ask(*arguments: Any) -> Any:
        return worker.call(exercise.answer, arguments, changes)

    try:
        answer = ask if "function" in found else grading_worker.decode(found)
    except Exception as error:
        return 0.0, shown(error)
    if stub or answer is ... or answer is None:
        return 0.0, "not answered"
    verdict = check(exercise.number, answer)
    formula = EXERCISES_ON_PAGE.get(exercise.number, {}).get("kind") == "formula"
    if not exercise.drawn and not formula:
        return (float(assignments.POINTS), "") if verdict.ok else (0.0, shown(verdict.message))
    where = holds_at_other_points if formula else holds_elsewhere
    holds = callable(answer) and where(answer, exercise, assignment, seed)
    if verdict.ok and not holds:
        return 1.0, "right where the book's check looks, wrong for other arguments: known by heart?"
    return float(verdict.ok) + float(holds), "" if verdict.ok else shown(verdict.message)


def holds_elsewhere(answer: Any, exercise: Exercise, assignment: Assignment, seed: int) -> bool:
    """True if a function agrees with the solution for arguments drawn by ``seed``."""
    space: dict[str, Any] = {}
    exec(f"{assignments.needed(assignment.imports, exercise.code)}\n\n{exercise.code}", space)  # the book's own
    for turn in range(assignments.DRAWS):
        given = [assignments.draw_of(exercise.number)(np.random.default_rng((seed, turn))) for _ in range(2)]
        want = space[exercise.answer](*given[0])
        try:  # a list of rows of unequal length, for one, is no array
            got = answer(*given[1])
            agrees = assignments.draws().agree(got, want, assignments.draws().DIGITS.get(exercise.number, 1e-6))
        except Exception:
            return False
        if not agrees:
            return False
    return True


def holds_at_other_points(answer: Any, exercise: Exercise, assignment: Assignment, seed: int) -> bool:
    """True if a formula is right at points of its domain drawn by ``seed``."""
    try:
        return not list(formulas.hints(EXERCISES_ON_PAGE[exercise.number], answer, seed))
    except Exception:
        return False


def shown(text: Any) -> str:
    """Return what a notebook said on one line, short, without characters that no table shows."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:200]).strip()


# a folder


def returned(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Yield the name and the file of every notebook: ``ada.ipynb``, or ``ada/05-at-zero.ipynb`` at any depth."""
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        several = len(list(path.parent.glob("*.ipynb"))) > 1
        name = inside.with_suffix("") if several or len(inside.parts) == 1 else inside.parent
        yield name.as_posix(), path


def rows(lines: Sequence[Line], assignment: Assignment) -> list[list[str]]:
    """Return the table's rows, headers first. No cell is a formula of a spreadsheet."""
    numbers = [exercise.number for exercise in assignment.exercises]
    most = str(assignments.POINTS * len(assignment.by_code))
    found = [["name", *numbers, "by code", "of", "remarks"]]
    for line in lines:
        given = [f"{value:g}" if (value := line.points[number]) is not None else "" for number in numbers]
        found.append([plain(line.name), *given, f"{line.total:g}", most, plain("; ".join(line.remarks))])
    return found


def table(lines: Sequence[Line], assignment: Assignment) -> str:
    """Return the table as CSV."""
    target = io.StringIO()
    csv.writer(target).writerows(rows(lines, assignment))
    return target.getvalue()


def plain(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def page(lines: Sequence[Line], assignment: Assignment, facts: str) -> str:
    """Return the table as a page, and below it what was written, one exercise after the other."""
    headers, *found = rows(lines, assignment)
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in headers)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in found)
    parts = [f"<h1>Chapter {assignment.stem[:2].lstrip('0') or 0}: {html.escape(assignment.title)}</h1>"]
    parts.append(f'<p class="facts">{html.escape(facts)}</p>')
    parts.append(f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div><br>')
    read = [e for e in assignment.exercises if any(line.texts.get(e.number) for line in lines)]
    told = markdown([assignments.readable(text) for e in read for text in (e.text, e.solution)])
    for place, exercise in enumerate(read):
        parts.append(f"<section><h2>{exercise.number} {html.escape(exercise.title)}</h2>\n{told[2 * place]}")
        parts.append(f'<div class="solution"><h3>Solution</h3>\n{told[2 * place + 1]}</div>')
        for line in lines:
            if text := line.texts.get(exercise.number):
                parts.append(f"<h3>{html.escape(line.name)}</h3>")
                parts.append(f'<pre style="white-space: pre-wrap">{html.escape(text[:20_000])}</pre>')
        parts.append("</section>")
    return document(f"Graded: {assignment.stem}", "\n".join(parts))


def grade_folder(
    folder: pathlib.Path, assignment: Assignment, around: Walls, seed: int, limits: Limits, jobs: int = 1
) -> list[Line]:
    """Return the lines of a folder, in the order of names.

    Raises
    ------
    ValueError
        If there is no notebook in it.
    """
    found = list(returned(folder))
    if not found:
        raise ValueError(f"folder must hold notebooks (*.ipynb); got none in {folder}")
    with warnings.catch_warnings(), concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        warnings.simplefilter("ignore")
        asked = [pool.submit(grade, path, name, assignment, around, seed, limits) for name, path in found]
        return [future.result() for future in asked]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="grade.py", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="returned notebooks")
    parser.add_argument("--chapter", required=True, help="a number or a notebook's name")
    parser.add_argument("--seconds", type=float, default=Limits.seconds, help="for a notebook (%(default)s)")
    parser.add_argument("--cell-seconds", type=float, default=Limits.cell_seconds, help="for a cell (%(default)s)")
    parser.add_argument("--memory", type=float, default=Limits.memory, help="GB for a process (%(default)s)")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1) // 2), help="at a time (%(default)s)")
    parser.add_argument("--seed", type=int, help="of the drawn arguments; else a new one")
    parser.add_argument("--walls", default="best", help="best, bubblewrap, namespaces or none (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default=GRADED, help="folder of the table")
    given = parser.parse_args(arguments)
    if os.name == "nt":
        parser.exit(2, "The system must be Linux or macOS, whose limits hold a notebook; on Windows use its Linux.\n")
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    try:
        assignment, around = assignments.read(assignments.stem_of(given.chapter)), walls(given.walls)
        limits = Limits(given.seconds, given.cell_seconds, given.memory)
        lines = grade_folder(given.folder, assignment, around, seed, limits, given.jobs)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    facts = f"{len(lines)} notebooks. Seed {seed}. Walls: {around.told}."
    # a mark at the beginning of the CSV tells spreadsheets that it is Unicode; what is none, in a name that came from
    # another system or in a text, becomes a question mark
    write_atomically(given.out / f"{assignment.stem}.csv", table(lines, assignment).encode("utf-8-sig", "replace"))
    write_atomically(given.out / f"{assignment.stem}.html", page(lines, assignment, facts).encode("utf8", "replace"))
    width = max(len(line.name) for line in lines)
    for line in lines:
        print(f"{shown(line.name):{width}} {line.total:4g}  {'; '.join(line.remarks)}")
    print(f"{facts}\n{given.out / assignment.stem}.csv and .html")
    if around.fence:
        print(f"ATTENTION: {around.told}.", file=sys.stderr)


if __name__ == "__main__":
    main()
