"""The grader: right, wrong, empty, hanging and hostile notebooks get their lines, and none of them hurts another."""

import contextlib
import csv
import io
import json
import os
import pathlib
import socket
import threading
import time

import nbformat
import numpy as np
import pytest

from l0lib.exercises import EXERCISES_ON_PAGE, formulas
from tests.browser import ROOT, tool

grade, assignments, worker = tool("grade"), tool("assignments"), tool("grading_worker")
CHAPTER = assignments.read("05-at-zero")
LIMITS = grade.Limits(seconds=120, cell_seconds=4, memory=2)
RIGHT_1 = "def safe_alpha(eta_first, eta_last, beta, threshold):\n    return threshold / (eta_last * beta)"
WRONG_1 = RIGHT_1.replace("eta_last *", "eta_first *")
RIGHT_2 = """import math

def count_steps(w0, eta, alpha, beta):
    w, steps = w0, 0
    while w > 0:
        w -= eta * alpha * beta * math.exp(-beta * w)
        steps += 1
    return steps"""
# The values of the book's check, known by heart: it is public, and so is what it asks for.
BY_HEART = """def safe_alpha(eta_first, eta_last, beta, threshold):
    return {0.1: 0.0025, 0.001: 0.25, 0.02: 0.025}[eta_last]"""
FORGER = """import builtins, sys
import l0lib.exercises
from l0lib.exercises import Verdict, basics, networks, theory
print("Exercise 5.1: right.")
check = lambda *a: Verdict(str(a[0]), True, "right.")
l0lib.exercises.check = check
l0lib.exercises.CHECKS.update({name: (lambda answer: iter(())) for name in list(l0lib.exercises.CHECKS)})
theory.math.isclose = lambda *a, **k: True
builtins.abs = lambda x: 0
class Yes(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __rsub__(self, other): return 0.0
    def __hash__(self): return 0
    def __array__(self, *a, **k): raise TypeError
def safe_alpha(*a): return Yes(1)
def count_steps(*a): return Yes(1)
"""
# Whatever is open is written to, in the words of the grader's own messages.
LIAR = """import os
for number in range(3, 64):
    try: os.write(number, b'{"value": {"plain": true}, "verdict": "right", "points": 2}\\n' * 3)
    except OSError: pass
"""
FLOOD = """import os
for number in range(3, 64):
    try:
        if os.readlink(f"/proc/self/fd/{number}").startswith("pipe:"):
            while True: os.write(number, b"x" * 65536)
    except OSError: pass
"""
STUBBORN = """import time
while True:
    try:
        while True: time.sleep(0.01)
    except BaseException: pass
"""
#: A bomb with an end, for systems that have no limit of processes for us.
BOMB = """import os, time
made = 0
for _ in range(400):
    try:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        made += 1
    except OSError: break
"""
CLIMBER = """import pathlib, os
found = []
for place in {ours!r}:
    try: found.append(pathlib.Path(place).read_text()[:20])
    except Exception: pass
for place in {ours!r} + {others!r}:
    try: pathlib.Path(place).write_text("mine")
    except Exception: pass
    try: os.remove(place)
    except Exception: pass
def safe_alpha(*a): raise RuntimeError("found " + repr(found))
"""
CALLER = """import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2).send(b"hello")
    reached = "reached"
except OSError as error:
    reached = type(error).__name__
def safe_alpha(*a): raise RuntimeError(reached)
"""


def returned(*cells, text=""):
    """A notebook that came back with these code cells after the setup, and a text for exercise 5.3."""
    notebook = assignments.student(assignments.master(CHAPTER))
    for cell in notebook.cells:
        if cell.id == "ex-5-3-answer" and text:
            cell.source = text
    code = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "markdown" or cell.id == "setup"] + code
    return notebook


def run(folder, notebooks, kind="best", limits=LIMITS):
    """Write notebooks into a folder and grade it; returns lines by name."""
    folder.mkdir(exist_ok=True)
    for name, content in notebooks.items():
        path = folder / f"{name}.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else nbformat.writes(content).encode("utf8"))
    lines = grade.grade_folder(folder, CHAPTER, grade.walls(kind), 7, limits, jobs=2)
    return {line.name: line for line in lines}


def survivors(seconds=10):
    """Processes that a grader in this process has started and that stay: what is killed takes a moment to go."""
    mark, end = f"L0LIB_GRADER={os.getpid()}".encode(), time.monotonic() + seconds
    while True:
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes().split(b"\0"):
                    found.append(path.parent.name)
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """One folder with all sorts of notebooks, graded once."""
    folder = tmp_path_factory.mktemp("graded") / "returned"
    folder.mkdir()
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    (folder / "folder.ipynb").mkdir()
    with (folder / "huge.ipynb").open("wb") as file:
        file.truncate(grade.LARGEST_FILE + 1)
    memory = (
        "try:\n    held = bytearray(20 * 2**30)\nexcept MemoryError:\n    held = 'refused'\nassert held == 'refused'"
    )
    solutions = [str(ROOT / "notebooks" / "05-at-zero.ipynb"), str(assignments.SOURCES / "draws.py")]
    right = returned(RIGHT_1, RIGHT_2, text="Neither, <b>since</b> $a=0.1$.")
    notebooks = {
        "ada": right,
        "babbler": returned(RIGHT_1, RIGHT_2, "while True: print('x' * 10**6)"),
        "bob": returned(WRONG_1, RIGHT_2),
        "bomb": returned(BOMB, RIGHT_1, RIGHT_2),
        "by-heart": returned(BY_HEART, RIGHT_2),
        "climber": returned(CLIMBER.format(ours=solutions, others=[str(folder / "ada.ipynb")])),
        "deep": b"[" * 200_000,
        "dies": returned(RIGHT_1, RIGHT_2, "import os; os._exit(3)"),
        "empty": b"",
        "exits": returned(RIGHT_1, "import sys; sys.exit()", RIGHT_2),
        "flood": returned(FLOOD, RIGHT_1),
        "forger": returned(FORGER),
        "given-out": assignments.student(assignments.master(CHAPTER)),
        "hangs": returned(RIGHT_1, "while True: pass", RIGHT_2),
        "hangs-when-asked": returned(RIGHT_1.replace("    return", "    while True: pass\n    return"), RIGHT_2),
        "large": returned("import numpy as np\ndef safe_alpha(*a): return np.ones(10**7)", RIGHT_2),
        "liar": returned(LIAR, WRONG_1, RIGHT_2),
        "list": b"[1, 2]",
        "memory": returned(memory, RIGHT_1, RIGHT_2),
        "no-json": b"this is no notebook",
        "no-name": returned("x = 1"),
        "other": returned("safe_alpha = object()", "count_steps = {1: 2}"),
        "ragged": returned("def safe_alpha(*a): return [[1], [1, 2]]", RIGHT_2),
        "zoe": right,
    }
    before = {name: data for name, data in notebooks.items() if isinstance(data, bytes)}
    found = run(folder, notebooks)
    assert all((folder / f"{name}.ipynb").read_bytes() == data for name, data in before.items())
    assert nbformat.read(folder / "ada.ipynb", as_version=4).cells, "nobody has changed another's file"
    return found


def points(line):
    return [line.points["5.1"], line.points["5.2"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "given", "remark"),
    [
        ("ada", [2, 2], "to be read: 5.3"),
        ("zoe", [2, 2], "to be read: 5.3"),
        ("bob", [0, 2], "5.1: not yet"),
        ("by-heart", [1, 2], "known by heart"),
        ("given-out", [0, 0], "nothing was answered"),
        ("no-name", [0, 0], "there is no `safe_alpha`"),
        ("other", [0, 0], "an answer must be a number"),
        ("ragged", [0, 2], "5.1: not yet"),
        ("empty", [0, 0], "is empty"),
        ("no-json", [0, 0], "is no JSON"),
        ("deep", [0, 0], "is no JSON"),
        ("list", [0, 0], "is no notebook"),
        ("huge", [0, 0], "more than 20"),
        ("link", [0, 0], "is a link"),
        ("folder", [0, 0], "is a link, no file"),
        ("hangs", [2, 2], "TimeoutError: it took longer than 4 s"),
        ("hangs-when-asked", [0, 2], "TimeoutError: it took longer than 4 s"),
        ("babbler", [2, 2], ("TimeoutError", "MemoryError")),  # whichever a machine reaches first
        ("exits", [2, 2], "SystemExit"),
        ("memory", [2, 2], ""),
        ("dies", [0, 0], "ended by itself, with code 3"),
        ("large", [0, 2], "got an array of 76 MB"),
        ("flood", [0, 0], "in code cell 2 of 3; nothing after it is graded"),
        ("forger", [0, 0], "5.1: not yet"),
        ("bomb", [2, 2], ""),
    ],
)
def test_a_returned_notebook_gets_its_line(lines, name, given, remark):
    line = lines[name]
    assert points(line) == given, line
    expected = remark if isinstance(remark, tuple) else (remark,)
    assert any(text in "; ".join(line.remarks) for text in expected), line.remarks
    assert line.points["5.3"] is None


@pytest.mark.slow
def test_who_refuses_to_be_interrupted_is_ended(tmp_path):
    limits = grade.Limits(seconds=8, cell_seconds=1, memory=2)
    eager = LIAR.replace('{"value": {"plain": true}, "verdict": "right", "points": 2}', '{"done": true}') + STUBBORN
    notebooks = {"stubborn": returned(STUBBORN, RIGHT_1), "eager": returned(eager, "#" * 2**20)}
    found = run(tmp_path / "returned", notebooks, limits=limits)
    assert points(found["stubborn"]) == points(found["eager"]) == [0, 0]
    assert "stopped after 8 s, in code cell 2 of 3" in found["stubborn"].remarks[0]
    assert "stopped after 8 s, in code cell 3 of 3" in found["eager"].remarks[0], "it answers early, and reads no more"
    assert survivors() == []


@pytest.mark.slow
def test_words_into_the_graders_channel_are_worth_nothing(lines):
    assert lines["liar"].total <= 2, "the right answer alone may count"
    assert lines["liar"].points["5.1"] == 0


@pytest.mark.slow
def test_a_notebook_sees_and_changes_no_foreign_file(lines):
    assert "RuntimeError: found []" in "; ".join(lines["climber"].remarks)
    assert points(lines["ada"]) == [2, 2]
    assert "draw_5_1" in (assignments.SOURCES / "draws.py").read_text("utf8")


@pytest.mark.slow
def test_nothing_is_left_behind(lines):
    assert lines
    assert survivors() == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(grade.KINDS))
def test_each_kind_of_walls_lets_no_call_out_and_right_answers_through(tmp_path, kind):
    try:
        grade.walls(kind)
    except ValueError as error:
        pytest.skip(str(error))
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        done = threading.Event()

        def listen():
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    heard.append(listening.accept())

        thread = threading.Thread(target=listen)
        thread.start()
        port = listening.getsockname()[1]
        mine = tmp_path / "mine.txt"
        mine.write_text("mine")
        code = CALLER.format(port=port), f"open({str(mine)!r}, 'w').write('yours')"
        found = run(tmp_path / "returned", {"ada": returned(RIGHT_1, RIGHT_2), "caller": returned(*code)}, kind)
        done.set()
        thread.join()
    assert heard == []
    assert points(found["ada"]) == [2, 2]
    told = "; ".join(found["caller"].remarks)
    assert "RuntimeError: " in told
    assert "reached" not in told
    assert mine.read_text() == "mine"
    assert survivors() == []


def test_walls_are_of_a_known_kind():
    with pytest.raises(ValueError, match="walls must be one of best, bubblewrap, namespaces, none; got 'brick'"):
        grade.walls("brick")


@pytest.mark.slow
def test_a_fault_of_the_grader_costs_one_line(tmp_path, monkeypatch):
    """Whatever a notebook makes of it, the others are graded."""
    real = grade.stubs

    def faulty(cells):
        if any("x = 1" in cell.source for cell in cells):
            raise OverflowError("too much")
        return real(cells)

    monkeypatch.setattr(grade, "stubs", faulty)
    found = run(tmp_path / "returned", {"ada": returned(RIGHT_1, RIGHT_2), "eve": returned("x = 1")})
    assert points(found["ada"]) == [2, 2]
    assert points(found["eve"]) == [0, 0]
    assert (
        "the grader failed at the start (OverflowError: too much); nothing after it is graded" in found["eve"].remarks
    )


def lines_of(*lines):
    return [
        grade.Line(name, {e.number: 0.0 if e.stub else None for e in CHAPTER.exercises}, remarks)
        for name, remarks in lines
    ]


def test_the_table_has_a_column_for_each_exercise_and_no_formula():
    text = grade.table(lines_of(("=cmd()", ["@x; y", 'a "b", c']), ("ada", [])), CHAPTER)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["name", *(e.number for e in CHAPTER.exercises), "by code", "of", "remarks"]
    assert [row["name"] for row in rows] == ["'=cmd()", "ada"]
    assert rows[0]["remarks"] == '\'@x; y; a "b", c'
    most = assignments.POINTS * len(CHAPTER.by_code)
    assert (rows[0]["5.1"], rows[0]["5.3"], rows[0]["of"]) == ("0", "", str(most))


def test_the_page_shows_texts_as_they_are_written_and_runs_none():
    one, two = lines_of(("ada", []), ("<script>", []))
    one.texts = {"5.3": "<script>alert(1)</script> $x$"}
    text = grade.page([one, two], CHAPTER, "facts")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $x$" in text


def test_names_come_from_files_or_from_folders(tmp_path):
    for path in ("ada.ipynb", "bob/05-at-zero.ipynb", "c d/e/05.ipynb", "two/a.ipynb", "two/b.ipynb", ".x/y.ipynb"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert [name for name, _ in grade.returned(tmp_path)] == ["ada", "bob", "c d/e", "two/a", "two/b"]
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="folder must hold notebooks"):
        grade.grade_folder(tmp_path / "none", CHAPTER, grade.fence(), 1, LIMITS)


@pytest.mark.parametrize(
    "value",
    [
        1,
        True,
        0.1,
        float("inf"),
        "text",
        None,
        ...,
        (1, [2.5, "x"]),
        np.arange(6.0).reshape(2, 3),
        np.float64(0.1),
        np.array([True]),
    ],
    ids=repr,
)
def test_values_come_through_as_they_were(value):
    found = worker.decode(json.loads(json.dumps(worker.encode(value))))
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        None,
        3,
        {"array": "AAAA", "dtype": "O", "shape": [1]},
        {"other": "generator"},
        {"function": True},
        {"plain": {}},
    ],
    ids=repr,
)
def test_what_is_no_value_is_refused_without_running_anything(message):
    with pytest.raises(TypeError):
        worker.decode(message)


def test_a_text_is_found_by_its_cell_or_behind_its_heading():
    notebook = returned(text="Neither.")
    exercise = next(e for e in CHAPTER.exercises if e.number == "5.3")
    assert grade.text_of(notebook.cells, exercise) == "Neither."
    for cell in notebook.cells:
        cell.metadata = {}
    assert grade.text_of(notebook.cells, exercise) == "Neither."
    assert grade.text_of([], exercise) == ""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x):\n    ...  # your code", {"f"}),
        ('def f(x):\n    """Doc."""\n    ...', {"f"}),
        ("def f(x):\n    ...\ndef f(x):\n    return x", set()),
        ("def f(x):\n    return ...", set()),
        ("def f(:", set()),
        ("def f(x):\n    ...\n" + "#" * grade.LARGEST_STUB, set()),
    ],
)
def test_a_stub_is_seen(source, found):
    assert grade.stubs([nbformat.v4.new_code_cell(source)]) == found


@pytest.mark.slow
def test_the_command_writes_both_tables(tmp_path, capsys):
    folder, out = tmp_path / "returned", tmp_path / "out"
    folder.mkdir()
    nbformat.write(returned(RIGHT_1, RIGHT_2, text="Neither."), folder / "ada.ipynb")
    # a name that another system wrote, and half a sign in a text
    half = nbformat.writes(returned(text="Both?")).replace("Both?", r"Half \ud83d")
    pathlib.Path(os.fsdecode(bytes(folder) + b"/m\xfcller.ipynb")).write_text(half, "utf8")
    grade.main([str(folder), "--chapter", "5", "--seed", "3", "--out", str(out)])
    told = capsys.readouterr()
    assert "ada" in told.out
    assert "Seed 3." in told.out
    assert ("ATTENTION" in told.err) == grade.walls().fence
    assert sorted(os.listdir(out)) == ["05-at-zero.csv", "05-at-zero.html"]
    rows = list(csv.DictReader(io.StringIO((out / "05-at-zero.csv").read_text("utf-8-sig"))))
    found = [(row["name"], row["5.1"], row["5.2"], row["by code"]) for row in rows]
    assert found == [("ada", "2", "2", "4"), ("m?ller", "0", "0", "0")]
    told = (out / "05-at-zero.html").read_text("utf8")
    assert "Neither." in told
    assert "Half ?" in told
    for wrong in (["--chapter", "77"], ["--chapter", "5", "--walls", "brick"]):
        with pytest.raises(SystemExit):
            grade.main([str(folder), *wrong])


@pytest.mark.slow
def test_a_module_that_is_changed_in_place_comes_back(tmp_path):
    """Exercise 12.1 changes the network that it is given."""
    chapter = assignments.read("12-deeper")
    solution = next(e for e in chapter.exercises if e.number == "12.1")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"{chapter.imports}\n\n{solution.code}")])
    nbformat.write(notebook, tmp_path / "ada.ipynb")
    (line,) = grade.grade_folder(tmp_path, chapter, grade.walls(), 1, grade.Limits())
    assert line.points["12.1"] == 2, line


def test_a_formula_of_the_page_known_by_heart_gets_half(monkeypatch):
    number, exercise = next((n, e) for n, e in EXERCISES_ON_PAGE.items() if e["kind"] == "formula")

    def right(*values):
        return formulas.evaluate(exercise["answer"], dict(zip(exercise["symbols"], values, strict=True)))

    known = {tuple(point.values()): right(*point.values()) for point in formulas.points(exercise)}

    class Held:
        name = "answer"

        def ask(self, name):
            return {"value": {"function": True}}

        def call(self, name, arguments, changes):
            return self.answers(*arguments)

    class Asked:
        answer, drawn = "answer", False

    Asked.number, held = number, Held()
    for answers, given in ((right, 2.0), (lambda *values: known.get(values, 1.0), 1.0), (lambda *values: 7.0, 0.0)):
        held.answers = answers
        found, remark = grade.points(held, Asked, None, False, 5)
        assert found == given, remark
        assert ("known by heart" in remark) == (given == 1)


def test_another_assignment_is_not_taken_for_this_one(tmp_path):
    path = tmp_path / "ada.ipynb"
    for named in ("04-zero-attraction", "05-at-zero", None, 7):
        cells = [nbformat.v4.new_code_cell("x = 1")]
        told = {"l0lib": {"assignment": named}} if named else {}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=told), path)
        if named in ("05-at-zero", None):
            assert len(grade.cells_of(path, "05-at-zero")) == 1
        else:
            with pytest.raises(ValueError, match=f"is the assignment {named}: not graded here"):
                grade.cells_of(path, "05-at-zero")
    line = grade.grade(path, "ada", CHAPTER, None, 1, LIMITS)
    assert (line.total, line.remarks) == (0, ["is the assignment 7: not graded here"])
