"""Assignments: what a student gets holds no solution, what nbgrader gets gives the points that it should."""

import collections
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from l0lib.exercises import EXERCISES_ON_PAGE
from tests.browser import ROOT, tool

assignments = tool("assignments")
STEMS = assignments.stems()
NBGRADER = "05-at-zero"


def windows(text, length=5):
    """Every run of five tokens, words and signs: what two texts of ours share only where one quotes the other."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return set(zip(*(tokens[start:] for start in range(length)), strict=False))


def public(assignment):
    """What a student may read: questions, stubs, imports."""
    asked = [f"{e.title}\n{assignments.readable(e.text)}\n{e.stub}" for e in assignment.exercises]
    return "\n".join([assignments.HEAD, assignment.imports, *asked])


def everything(notebook):
    """All texts of a notebook: sources, outputs, metadata."""
    return json.dumps(notebook, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')


@pytest.mark.parametrize("stem", STEMS)
def test_what_a_student_gets_holds_no_solution(stem):
    assignment = assignments.read(stem)
    master = assignments.master(assignment)
    given = everything(assignments.student(master))
    for exercise in assignment.exercises:
        solution = exercise.solution + "\n" + assignments.readable(exercise.solution)
        own = windows(solution) - windows(public(assignment))
        assert len(own) > 3, exercise.number
        assert not own & windows(given), exercise.number
        assert own & windows(everything(master)), f"the search finds nothing in the master of {exercise.number} either"
        if exercise.stub:
            assert exercise.code not in given
        if exercise.drawn:
            assert assignments.draw_of(exercise.number).__name__ not in given
    assert "BEGIN" not in given


@pytest.mark.parametrize("stem", STEMS)
def test_every_exercise_is_asked_and_no_link_leads_back_into_the_book(stem):
    """An assignment is read by itself: the book's labels and pages are not there."""
    assignment = assignments.read(stem)
    source = (ROOT / "notebooks" / f"{stem}.ipynb").read_text("utf8")
    assert len(assignment.exercises) == len(re.findall(r"\{exercise\}", source)) > 0
    master = everything(assignments.master(assignment))
    assert not re.findall(r"\]\((?:#|[\w-]+\.ipynb)|\{[a-z:]+\}`|^ *\"?:{3,}|:label:", master, re.M)


def test_what_a_text_names_is_told_without_the_book():
    label = next(iter(assignments.equations()))
    text = f"By [Eq. 9.9](#{label}), [Theorem 5.1](#prop-settle), [Exercise 5.2](#ex-5-2), [Deeper](12-deeper.ipynb)."
    told, below = assignments.readable(text).split("\n\n")
    assert told == "By equation (1), Theorem 5.1 of the book, Exercise 5.2, Deeper."
    assert assignments.equations()[label] in below
    assert below.endswith("\\tag{1}\n$$")
    with pytest.raises(ValueError, match=r"roles of an exercise must be those of citations; got \{eq\}`eq-x`"):
        assignments.readable("{eq}`eq-x`")


@pytest.mark.parametrize("stem", STEMS)
def test_its_metadata_say_nothing_but_what_nbgrader_needs(stem):
    given = assignments.student(assignments.master(assignments.read(stem)))
    assert set(given.metadata) == {"kernelspec", "language_info", "l0lib"}
    assert given.metadata["l0lib"] == {"assignment": stem}
    known = {"grade", "grade_id", "locked", "points", "schema_version", "solution", "task", "checksum", "cell_type"}
    for cell in given.cells:
        assert set(cell) <= {"cell_type", "id", "metadata", "source", "outputs", "execution_count"}
        assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}
        assert set(cell.metadata["nbgrader"]) <= known
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert cell.metadata["nbgrader"]["locked"] == (cell.metadata.get("editable") is False)


@pytest.mark.parametrize("stem", STEMS)
def test_every_exercise_of_the_chapter_is_there_with_its_points(stem):
    assignment = assignments.read(stem)
    source = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    told = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    labels = re.findall(r"^:label: ex-(\d+)-(\d+)$", told, re.M)
    assert [e.number for e in assignment.exercises] == [f"{a}.{b}" for a, b in labels]
    checked = [cell.metadata["exercise"] for cell in source.cells if "exercise" in cell.metadata]
    assert [e.number for e in assignment.exercises if e.stub] == checked
    master = assignments.master(assignment)
    graded = [cell for cell in master.cells if cell.metadata["nbgrader"]["grade"]]
    assert sum(cell.metadata["nbgrader"]["points"] for cell in graded) == assignment.points
    assert len(graded) == len(assignment.exercises)
    text = "\n".join(cell.source for cell in master.cells)
    assert not re.search(r"^:[a-z]+:", text, re.M), "an option of a directive"
    assert not re.search(r"\{[a-z:]+\}`", text), "a role of the book that plain Markdown does not know"


def checked():
    """Every exercise that code can check, with its chapter."""
    found = ((stem, exercise) for stem in STEMS for exercise in assignments.read(stem).exercises if exercise.stub)
    return [pytest.param(stem, exercise, id=exercise.number) for stem, exercise in found]


@pytest.mark.parametrize(("stem", "exercise"), checked())
def test_a_function_has_drawn_arguments_and_its_solution_holds_for_them(stem, exercise):
    """The solution, run from the master's cell, agrees with itself; a value that is off does not."""
    function = exercise.stub.startswith("def ")
    own = function and exercise.number != "12.1" and exercise.number not in EXERCISES_ON_PAGE
    assert exercise.drawn == own, "12.1 changes its argument in place; those on the page have points of their own"
    if not exercise.drawn:
        return
    space = {"check": lambda *_: None}
    exec(assignments.needed(assignments.read(stem).imports, exercise.code), space)
    exec(assignments.solved(exercise), space)
    digits = assignments.draws().DIGITS.get(exercise.number, 1e-6)
    agree, outcomes = assignments.draws().agree, []
    for seed in range(30):
        args = assignments.draw_of(exercise.number)(np.random.default_rng(seed))
        again = assignments.draw_of(exercise.number)(np.random.default_rng(seed))
        with np.errstate(all="ignore"):
            one, two = space[exercise.answer](*args), space[exercise.answer](*again)
        assert agree(one, two, digits)
        assert not agree(None, two, digits)
        assert not agree(off(one), two, digits)
        outcomes.append(repr(one))
    most = collections.Counter(outcomes).most_common(1)[0][1]
    assert most <= 24, "one answer for nearly all arguments: a constant would pass"


def off(value):
    """The value with one of its numbers changed."""
    if isinstance(value, tuple | list):
        return type(value)([off(value[0]), *value[1:]])
    array = np.array(value)
    if array.dtype.kind == "b":
        return ~array
    array.flat[0] = array.flat[0] * 1.01 + 1
    return array


def test_a_chapter_is_named_by_number_or_by_name():
    assert assignments.stem_of("5") == assignments.stem_of("05") == assignments.stem_of("05-at-zero") == "05-at-zero"
    for wrong in ("99", "five", ""):
        with pytest.raises(ValueError, match="chapter must be a number from 0 to"):
            assignments.stem_of(wrong)


def answered(notebook, answers):
    """A student's notebook with the answers written where they belong."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = answers[cell.id]
    return notebook


@pytest.mark.slow
def test_nbgrader_gives_out_and_grades_the_same_masters(tmp_path):
    """Three are returned: the master itself, one half right, one as it was given out."""
    assignments.build(NBGRADER)
    course = tmp_path / "course"
    shutil.copytree(
        assignments.MASTERS, course, ignore=lambda folder, names: [n for n in names if n in set(STEMS) - {NBGRADER}]
    )
    nbgrader(course, "generate_assignment", NBGRADER)
    name = f"{NBGRADER}.ipynb"
    release = nbformat.read(course / "release" / NBGRADER / name, as_version=4)
    ours = nbformat.read(assignments.STUDENTS / name, as_version=4)
    assert [(c.source, c.metadata) for c in release.cells] == [(c.source, c.metadata) for c in ours.cells]
    master = nbformat.read(course / "source" / NBGRADER / name, as_version=4)
    solved = {cell.id: cell.source for cell in master.cells}
    wrong = {
        "ex-5-1-answer": solved["ex-5-1-answer"].replace("eta_last", "eta_first"),
        "ex-5-2-answer": solved["ex-5-2-answer"],
        "ex-5-3-answer": "Neither.",
    }
    assert wrong["ex-5-1-answer"] != solved["ex-5-1-answer"]
    returned = {"ada": answered(ours, solved), "bob": answered(ours, wrong), "eve": ours}
    for who, notebook in returned.items():
        path = course / "submitted" / who / NBGRADER / name
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    by_code = assignments.POINTS * len(assignments.read(NBGRADER).by_code)
    nbgrader(course, "autograde", NBGRADER)
    nbgrader(course, "export", "--to=grades.csv")
    rows = {row["student_id"]: row for row in csv.DictReader(io.StringIO((course / "grades.csv").read_text("utf8")))}
    assert {who: float(rows[who]["score"]) for who in returned} == {"ada": by_code, "bob": 2, "eve": 0}
    assert {float(row["max_score"]) for row in rows.values()} == {assignments.read(NBGRADER).points}
    graded = nbformat.read(course / "autograded" / "bob" / NBGRADER / name, as_version=4)
    assert any("BEGIN HIDDEN TESTS" in cell.source for cell in graded.cells), "the hidden tests are back"


def nbgrader(course, *command):
    """Run nbgrader in a folder, with nothing of this user's settings. It calls alembic by its name."""
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {**os.environ, "PATH": path, "HOME": str(course), "PYTHONWARNINGS": "ignore"}
    kept["JUPYTER_CONFIG_DIR"] = str(course / "none")
    call = [sys.executable, "-m", "nbgrader", *command]
    done = subprocess.run(call, cwd=course, env=kept, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
