"""Build the assignments of all chapters from the notebooks' exercises: one for students, one for the lecturer.

.venv/bin/python tools/assignments.py            every chapter
.venv/bin/python tools/assignments.py 4 5        these two

``_build/course/assignments/05-at-zero.ipynb`` goes to students. The masters, with solutions and hidden tests, stand in
``_build/course/instructor/nbgrader``, which is a folder that nbgrader takes as a course. nbgrader's own steps make the
one of the other, so that both ways to give out an assignment give out the same.

A function is worth a point for the book's own check and one for other arguments, drawn anew; a number two points for
the check; a text two points, which a person gives.
"""

from __future__ import annotations

import argparse
import ast
import copy
import dataclasses
import functools
import importlib.util
import inspect
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import nbformat
from boxes import boxes
from execute import ROOT

from l0lib._files import write_atomically

SOURCES = ROOT / "course" / "instructor" / "assignments"
STUDENTS = ROOT / "_build" / "course" / "assignments"
MASTERS = ROOT / "_build" / "course" / "instructor" / "nbgrader"
#: What an exercise is worth.
POINTS = 2
#: How many arguments are drawn for an answer.
DRAWS = 20
#: Imports of a chapter that its exercises do not need.
FURNITURE = ("figures", "labels", "provenance", "table", "widgets", "attention_results")
#: The first cell of an assignment.
HEAD = """# Chapter {number}: {title}

{exercises} exercises, {points} points: {code} are answered by code, {text} by a text.

- Write your code where the dots stand, and keep the names of functions and values. `check` says whether an answer \
holds; ask it as often as you like.
- Write your texts in place of *Your answer.*
- Leave the cells *Graded* as they are, and do not rename this file. At the end choose *Restart kernel and run all \
cells*, save, and hand in.
- Your code is run again when it is graded, without a network, and with limits of time and memory."""
BLOCK = re.compile(r"^```python\n(.*?)^```\s*$", re.M | re.S)
EQUATION = re.compile(r"^\$\$\n(.*?)\n\$\$ \(([\w-]+)\)$", re.M | re.S)
LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?:#(?P<label>[\w-]+)|[\w-]+\.ipynb)\)")
#: What a link to a statement or a figure is called; an exercise has its number in the assignment too.
NUMBERED = re.compile(r"(?!Exercise)[A-Z]\w+ \d[\d.]*")
ROLE = re.compile(r"\{(?P<role>[a-z:]+)\}`(?P<keys>[^`]+)`")


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter: ``stub``, ``answer`` and ``code`` are empty for one that is answered by a text."""

    number: str
    title: str
    text: str
    solution: str
    stub: str = ""
    answer: str = ""
    code: str = ""

    @property
    def id(self) -> str:
        """The name of its cells."""
        return "ex-" + self.number.replace(".", "-")

    @property
    def drawn(self) -> bool:
        """True if there are arguments to draw."""
        return draw_of(self.number) is not None


@dataclass(frozen=True)
class Assignment:
    """The exercises of one chapter, with the imports that they stand on."""

    stem: str
    title: str
    imports: str
    exercises: tuple[Exercise, ...]

    @property
    def points(self) -> int:
        """The points of all exercises."""
        return POINTS * len(self.exercises)

    @property
    def by_code(self) -> tuple[Exercise, ...]:
        """The exercises that are answered by code, and graded by it."""
        return tuple(exercise for exercise in self.exercises if exercise.stub)


@functools.cache
def draws() -> ModuleType:
    """Return the module of drawn arguments, which is the lecturer's."""
    spec = importlib.util.spec_from_file_location("l0lib_draws", SOURCES / "draws.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def draw_of(number: str) -> Any:
    """Return the function that draws arguments for an exercise, or None."""
    return getattr(draws(), "draw_" + number.replace(".", "_"), None)


def stems() -> list[str]:
    """Return the chapters that have exercises."""
    return [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))]


def stem_of(chapter: str) -> str:
    """Return the stem of a chapter that is given by its number or by its name.

    Raises
    ------
    ValueError
        If there is none.
    """
    for stem in stems():
        if chapter == stem or (chapter.isdigit() and int(chapter) == int(stem.split("-")[0])):
            return stem
    raise ValueError(f"chapter must be a number from 0 to {int(stems()[-1][:2])} or a notebook's name; got {chapter!r}")


@functools.cache
def read(stem: str) -> Assignment:
    """Read the exercises of a chapter.

    Raises
    ------
    ValueError
        If an exercise has no solution, or a checked one no single block of code.
    """
    cells = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    stubs = {cell.metadata["exercise"]: cell.source for cell in cells if "exercise" in cell.metadata}
    heading = re.search(r"^# (.+)$", text, re.M)
    setup = next(cell.source for cell in cells if cell.cell_type == "code" and "start(profile)" in cell.source)
    solutions = {box["title"]: box["body"].strip() for box in boxes(text, "solution")}
    exercises = []
    for box in boxes(text, "exercise"):
        label, title = re.search(r"^:label: (ex-(\d+)-(\d+))\n", box["options"], re.M), box["title"]
        if label is None or label[1] not in solutions:
            raise ValueError(f"each exercise must have a label such as ex-5-1 and a solution; got {title!r} in {stem}")
        exercise = Exercise(f"{label[2]}.{label[3]}", title, box["body"].strip(), solutions[label[1]])
        exercises.append(_checked(exercise, stubs[exercise.number]) if exercise.number in stubs else exercise)
    return Assignment(stem, heading[1] if heading else stem, _imports(setup), tuple(exercises))


def _checked(exercise: Exercise, stub: str) -> Exercise:
    """Return the exercise with its stub, the name of its answer, and the solution's code."""
    call = re.search(rf'^check\("{re.escape(exercise.number)}", (\w+)\)\s*$', stub, re.M)
    blocks = BLOCK.findall(exercise.solution)
    if call is None or len(blocks) != 1:
        raise ValueError(f"exercise {exercise.number} must have a call of check and one block of code in its solution")
    return dataclasses.replace(exercise, stub=stub[: call.start()].strip(), answer=call[1], code=blocks[0].strip())


def _imports(setup: str) -> str:
    """Return a chapter's imports without those that only its page needs."""
    kept = ["import numpy as np"]
    for node in ast.parse(setup).body:
        if isinstance(node, ast.Import):
            kept.append(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[-1] not in (*FURNITURE, "exercises"):
            node.names = [alias for alias in node.names if alias.name not in FURNITURE]
            if node.names:
                kept.append(ast.unparse(node))
    return "\n".join(dict.fromkeys(kept))


def needed(imports: str, code: str) -> str:
    """Return those of the imports whose names a piece of code uses."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    kept = []
    for node in ast.parse(imports).body:
        assert isinstance(node, ast.Import | ast.ImportFrom)
        node.names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
        if node.names:
            kept.append(ast.unparse(node))
    return "\n".join(kept)


# what a student reads


def readable(text: str) -> str:
    """Return a text in plain Markdown: equations that it names stand below it, other links become words."""
    shown: list[str] = []

    def named(found: re.Match[str]) -> str:
        words, label = found["words"], found["label"]
        if label in equations():
            if label not in shown:
                shown.append(label)
            return f"equation ({shown.index(label) + 1})"
        return f"{words} of the book" if NUMBERED.fullmatch(words) else words

    def plain(found: re.Match[str]) -> str:
        if found["role"] not in ("cite:p", "cite:t"):
            raise ValueError(f"roles of an exercise must be those of citations; got {found[0]}")
        return cited(found["keys"], in_brackets=found["role"] == "cite:p")

    told = ROLE.sub(plain, LINK.sub(named, text))
    below = [f"$$\n{equations()[label]} \\tag{{{number}}}\n$$" for number, label in enumerate(shown, 1)]
    return "\n\n".join([told, *below])


@functools.cache
def equations() -> dict[str, str]:
    """Return the TeX of the book's labelled equations."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found |= {label: tex.strip() for tex, label in EQUATION.findall(cell.source)}
    return found


def cited(keys: str, in_brackets: bool) -> str:
    """Return authors and year of works in the bibliography."""
    from pybtex.database import parse_file

    entries = parse_file(ROOT / "book" / "references.bib").entries
    told = []
    for key in keys.split(","):
        entry = entries[key.strip()]
        names = [" ".join(person.last_names) for person in entry.persons["author"]]
        who = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
        told.append(f"{who}, {entry.fields['year']}" if in_brackets else f"{who} ({entry.fields['year']})")
    return f"({'; '.join(told)})" if in_brackets else ", ".join(told)


# nbgrader's master


def master(assignment: Assignment) -> nbformat.NotebookNode:
    """Return the notebook with solutions, hidden tests and points."""
    told = HEAD.format(
        number=int(assignment.stem.split("-")[0]),
        title=assignment.title,
        exercises=len(assignment.exercises),
        points=assignment.points,
        code=len(assignment.by_code),
        text=len(assignment.exercises) - len(assignment.by_code),
    )
    setup = f"{assignment.imports}\n\nfrom l0lib.exercises import check"
    cells = [_cell("markdown", "head", told), _cell("code", "setup", setup)]
    for exercise in assignment.exercises:
        worth = "a function" if exercise.drawn else "a value" if exercise.stub else "a text"
        title = f"## {exercise.number} {exercise.title}"
        asked = f"{title}\n\n{readable(exercise.text)}\n\n*{POINTS} points, for {worth}.*"
        cells.append(_cell("markdown", exercise.id, asked))
        if exercise.stub:
            cells.append(_cell("code", f"{exercise.id}-answer", solved(exercise), solution=True))
            cells.append(_cell("code", f"{exercise.id}-test", tested(exercise, assignment), grade=True))
        else:
            answer = f"### BEGIN SOLUTION\n{readable(exercise.solution)}\n### END SOLUTION"
            cells.append(_cell("markdown", f"{exercise.id}-answer", answer, solution=True, grade=True))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "l0lib": {"assignment": assignment.stem},
        }
    )
    nbformat.validate(notebook)
    return notebook


def _cell(kind: str, name: str, source: str, solution: bool = False, grade: bool = False) -> nbformat.NotebookNode:
    """Return a cell that nbgrader knows: students can change only solutions."""
    data: dict[str, Any] = {"grade": grade, "grade_id": name, "locked": not solution, "schema_version": 3}
    data |= {"solution": solution, "task": False} | ({"points": POINTS} if grade else {})
    new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    return new(source, id=name, metadata={"nbgrader": data})


def solved(exercise: Exercise) -> str:
    """Return the cell of an answer: the stub's first lines, the solution between nbgrader's marks, the check."""
    first = ast.parse(exercise.stub).body[0]
    prose = BLOCK.sub("", exercise.solution).strip()
    notes = [f"# {line}".rstrip() for line in textwrap.wrap(readable(prose), 90)] if prose else []
    if isinstance(first, ast.FunctionDef):
        head = ast.unparse(ast.FunctionDef(first.name, first.args, [ast.Pass()], [], lineno=1)).split("\n")[0]
        tree = ast.parse(exercise.code)
        lines = exercise.code.split("\n")
        whole = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == exercise.answer)
        before = [*notes, *filter(str.strip, lines[: whole.lineno - 1])]
        body = lines[whole.body[0].lineno - 1 : whole.end_lineno]
        inside = ["    ### BEGIN SOLUTION", *(f"    {line}" for line in before), *body, "    ### END SOLUTION"]
        told = [head, *inside, "", ""]
    else:
        told = [f"{exercise.answer} = ...", "### BEGIN SOLUTION", *notes, exercise.code, "### END SOLUTION", ""]
    return "\n".join([*told, f'check("{exercise.number}", {exercise.answer})'])


def tested(exercise: Exercise, assignment: Assignment) -> str:
    """Return the cell that gives points: its value is a number of points, which nbgrader takes as such."""
    call = f'check("{exercise.number}", {exercise.answer})'
    if not exercise.drawn:
        return f"""# Graded: {POINTS} points if `check` holds.
### BEGIN HIDDEN TESTS
from l0lib.exercises import check

{POINTS} if {call}.ok else 0
### END HIDDEN TESTS"""
    draw = draw_of(exercise.number)
    digits = draws().DIGITS.get(exercise.number, 1e-6)
    reference = textwrap.indent(
        f"{needed(assignment.imports, exercise.code)}\n\n{exercise.code}\n\nreturn {exercise.answer}", "    "
    )
    return f"""# Graded: 1 point if `check` holds, 1 if the answer also holds for other arguments.
### BEGIN HIDDEN TESTS
import copy
import warnings

import numpy as np

from l0lib.exercises import check


{inspect.getsource(draws().agree)}

{inspect.getsource(draw)}

def reference():
{reference}


def holds(answer, right):
    for seed in range({DRAWS}):
        arguments = {draw.__name__}(np.random.default_rng(seed))
        want = right(*copy.deepcopy(arguments))
        if not agree(answer(*copy.deepcopy(arguments)), want, {digits}):
            return False
    return True


points = 0
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    points += {call}.ok
    try:
        points += holds({exercise.answer}, reference())
    except Exception:
        pass
points
### END HIDDEN TESTS"""


def config() -> Any:
    """Return nbgrader's settings as they stand beside the masters."""
    from traitlets.config.loader import PyFileConfigLoader

    return PyFileConfigLoader("nbgrader_config.py", path=str(SOURCES)).load_config()


def student(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a master as a student gets it, by nbgrader's own steps."""
    from nbgrader import preprocessors as steps

    given = copy.deepcopy(notebook)
    resources: dict[str, Any] = {}
    for step in (
        steps.LockCells,
        steps.ClearSolutions,
        steps.ClearOutput,
        steps.CheckCellMetadata,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
    ):
        given, resources = step(config=config()).preprocess(given, resources)
    nbformat.validate(given)
    return given


def build(stem: str) -> None:
    """Write both notebooks of a chapter."""
    whole = master(read(stem))
    folder = MASTERS / "source" / stem
    for path, notebook in ((folder / f"{stem}.ipynb", whole), (STUDENTS / f"{stem}.ipynb", student(whole))):
        write_atomically(path, nbformat.writes(notebook).encode("utf8"))
    write_atomically(MASTERS / "nbgrader_config.py", (SOURCES / "nbgrader_config.py").read_bytes())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="assignments.py", description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="a number or a notebook's name; else all")
    given = parser.parse_args(arguments)
    try:
        chosen = [stem_of(chapter) for chapter in given.chapters] or stems()
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    for stem in chosen:
        build(stem)
        assignment = read(stem)
        by_code, count = len(assignment.by_code), len(assignment.exercises)
        print(f"{stem}: {count} exercises, {by_code} graded by code, {assignment.points} points")
    print(f"for students: {STUDENTS.relative_to(ROOT)}; masters: {MASTERS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
