"""Exercises answered on the page: their descriptions in course/answers, and the cells of the notebooks made from them.

.venv/bin/python tools/answers.py            write the cells and l0lib/exercises/answers.json anew
.venv/bin/python tools/answers.py --check    only say what is not as the descriptions have it

One YAML file a chapter, named as its notebook, holds a list of exercises. The answer is a formula in the symbols of the
exercise, for a number too; numbers take the values of lists, the first of which are printed. ``slips`` are the answers
that readers give by mistake, each with what is to be said then.
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import bank
import pydantic
from boxes import boxes
from execute import ROOT

from l0lib._files import write_atomically
from l0lib.exercises import formulas

FOLDER = ROOT / "course" / "answers"
STORE = ROOT / "l0lib" / "exercises" / "answers.json"
#: Ids of the cells that are made here begin so.
PREFIX = "on-page-"
#: Characters in a line of code that a page shows without scrolling.
LONGEST = 76
GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda"),
    *("mu", "nu", "rho", "sigma", "tau", "phi", "omega"),
}
_NAME = re.compile(r"([a-zA-Z]+?)(\d+|l[02]|max|min)?")
#: Functions of a formula in the notebooks' Python.
NUMPY = {
    "abs": "np.abs",
    "ceil": "np.ceil",
    "exp": "np.exp",
    "floor": "np.floor",
    "log": "np.log",
    "log10": "np.log10",
    "log2": "np.log2",
    "sign": "np.sign",
    "sqrt": "np.sqrt",
    "tanh": "np.tanh",
}


class Part(pydantic.BaseModel):
    """Base of all parts: what is not known is refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Symbol(Part):
    """A symbol: ``values`` to draw from, or a range ``from`` .. ``to`` without the numbers ``not``.

    ``edges`` are special places in the range that are always tried, ``whole`` keeps to whole numbers, ``tex`` and
    ``shown`` are how it is written, in the text and by the page's script, where its name does not say so.
    """

    values: tuple[float | int, ...] = ()
    low: float | None = pydantic.Field(None, alias="from")
    high: float | None = pydantic.Field(None, alias="to")
    without: tuple[float, ...] = pydantic.Field((), alias="not")
    edges: tuple[float, ...] = ()
    whole: bool = False
    tex: str = ""
    shown: str = ""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_list(cls, data: Any) -> Any:
        return {"values": data} if isinstance(data, list) else data

    @pydantic.model_validator(mode="after")
    def _is_a_range_or_a_list(self) -> Symbol:
        if self.values:
            if self.low is not None or self.high is not None:
                raise ValueError("a symbol must have values or a range from .. to; got both")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"a symbol must have values, or from below to; got {self.low} .. {self.high}")
        return self


class Slip(Part):
    """An answer given by mistake, a formula, and what is to be said then."""

    answer: str
    says: str = pydantic.Field(min_length=10)


class Case(Part):
    """A part of the domain with a name: where the formula ``where`` is above zero; *says* follows "except where"."""

    where: str
    says: str


class Answer(bank.Described):
    """One exercise. ``tests`` is the label it stands for, ``check`` holds expressions that must be true of ``answer``.

    A check comes to the answer another way than its formula does, at every point of the domain or for all values.
    """

    title: str = pydantic.Field(min_length=1)
    kind: Literal["formula", "number"]
    tests: str
    symbols: dict[str, Symbol] = pydantic.Field(min_length=1)
    where: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    question: str = pydantic.Field(min_length=1)
    answer: str
    tolerance: float = pydantic.Field(gt=0, lt=0.2)
    slips: tuple[Slip, ...] = pydantic.Field(min_length=1)
    solution: str = pydantic.Field(min_length=1)
    check: tuple[str, ...] = pydantic.Field(min_length=1)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _usual_tolerance(cls, data: Any) -> Any:
        if isinstance(data, dict) and "tolerance" not in data:
            return {**data, "tolerance": 1e-6 if data.get("kind") == "formula" else 0.01}
        return data

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> Answer:
        if self.kind == "number" and (ranges := [n for n, s in self.symbols.items() if not s.values]):
            raise ValueError(f"a number must draw each symbol from values; got ranges for {ranges}")
        if odd := [
            n for n in self.symbols if not (_NAME.fullmatch(n) and n not in formulas.FUNCTIONS and n not in "e")
        ]:
            raise ValueError(f"symbols must be letters with an index and no function's name; got {odd}")
        texts = [self.answer, *self.where, *(s.answer for s in self.slips), *(c.where for c in self.cases)]
        point = {name: (s.values or (s.high,))[0] or 0.0 for name, s in self.symbols.items()}
        for text in texts:
            formulas.evaluate(text, point)
        if unused := [n for n in self.symbols if not re.search(rf"\b{n}\b", " ".join(texts))]:
            raise ValueError(f"each symbol must occur in the answer or a slip; got {unused} unused")
        return self

    @property
    def data(self) -> dict[str, Any]:
        """What page and notebook need to judge an answer."""
        symbols = {
            n: s.model_dump(by_alias=True, exclude_defaults=True, exclude={"tex"}) for n, s in self.symbols.items()
        }
        whole = self.model_dump(include={"id", "kind", "answer", "tolerance", "where", "cases", "slips"}, mode="json")
        return {key: found for key, found in whole.items() if found} | {"symbols": symbols}

    def failed(self, count: int = 40) -> list[str]:
        """The checks that do not hold, with the values for which they do not."""
        found = []
        for point in formulas.points(self.data, count):
            right = formulas.evaluate(self.answer, point)
            known = {**{("lam" if n == "lambda" else n): x for n, x in point.items()}, "answer": right}
            found += [f"{check} at {known}" for check in self.check if not bank.evaluate(check, known)]
        return found


@dataclass(frozen=True)
class Placed:
    """An exercise in its chapter: ``number`` is as the chapter prints it."""

    answer: Answer
    stem: str
    number: str

    @property
    def label(self) -> str:
        """The label of the exercise, which is its anchor on the page."""
        return f"ex-{self.number.replace('.', '-')}"

    @property
    def name(self) -> str:
        """The name that a notebook's answer has."""
        return f"answer_{self.number.replace('.', '_')}"


def tex(name: str, symbol: Symbol | None = None) -> str:
    """Return a symbol as TeX: ``eta`` is a Greek letter, ``w0`` has an index."""
    if symbol is not None and symbol.tex:
        return symbol.tex
    found = _NAME.fullmatch(name)
    head, index = (found[1], found[2]) if found else (name, None)
    letter = f"\\{head}" if head in GREEK else head
    if index and index.startswith("l"):
        return rf"{letter}_{{\ell_{index[1]}}}"
    return f"{letter}_{{{index}}}" if index else letter


def python(formula: str) -> str:
    """Return a formula as the Python of the notebooks."""

    class Numpy(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            if node.id == "lambda_":
                return ast.Name("lam")
            return ast.parse({"e": "np.e", "pi": "np.pi"}.get(node.id, node.id), mode="eval").body

        def visit_Call(self, node: ast.Call) -> ast.AST:
            of = [self.visit(argument) for argument in node.args]
            assert isinstance(node.func, ast.Name)
            if node.func.id == "W":
                return ast.parse(f"lambertw({ast.unparse(of[0])}).real", mode="eval").body
            return ast.Call(ast.parse(NUMPY.get(node.func.id, node.func.id), mode="eval").body, of, [])

    return ast.unparse(Numpy().visit(formulas.parsed(formula)))


def formatted(code: str) -> str:
    """Return Python with no line longer than a page shows."""
    command = [sys.executable, "-m", "ruff", "format", f"--line-length={LONGEST}", "--stdin-filename=cell.py", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def arguments(answer: Answer) -> str:
    """Return the arguments of a notebook's function."""
    return ", ".join("lam" if name == "lambda" else name for name in answer.symbols)


def listed(items: list[str]) -> str:
    """Return ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def exercise_cell(placed: Placed) -> str:
    """Return the Markdown of an exercise."""
    answer = placed.answer
    if answer.kind == "formula":
        typed = listed([f"${tex(n, s)}$ (`{n}`)" for n, s in answer.symbols.items()])
        last = f"Write a formula in {typed}."
    else:
        values = [f"${tex(n, s)} = {bank.shown(s.values[0])}$" for n, s in answer.symbols.items()]
        last = f"Given: {', '.join(values)}."
    head = [f":::{{exercise}} {answer.title}", f":label: {placed.label}", ":class: on-page", ""]
    return "\n".join([*head, answer.question.strip(), "", last, ":::"])


def stub_cell(placed: Placed) -> str:
    """Return the code cell that asks for an answer in the notebook."""
    ask = f'check("{placed.number}", {placed.name})'
    if placed.answer.kind == "formula":
        return f"def {placed.name}({arguments(placed.answer)}):\n    ...  # your formula\n\n\n{ask}"
    return f"{placed.name} = ...  # your number\n\n{ask}"


def solution_cell(placed: Placed) -> str:
    """Return the Markdown of a solution, with the answer as Python."""
    answer = placed.answer
    code = python(answer.answer)
    block = "from scipy.special import lambertw\n\n" if "lambertw" in code else ""
    if answer.kind == "formula":
        block += f"{block and chr(10)}def {placed.name}({arguments(answer)}):\n    return {code}"
        text = answer.solution.strip()
    else:
        values = {name: symbol.values[0] for name, symbol in answer.symbols.items()}
        found = formulas.evaluate(answer.answer, values)
        text = f"{answer.solution.strip()} With the values printed here: ${bank.shown(found, '4')}$."
        block += f"{arguments(answer)} = {', '.join(map(repr, values.values()))}\n{placed.name} = {code}"
    if max(map(len, block.splitlines())) > LONGEST:
        block = formatted(block)
    head = [f":::{{solution}} {placed.label}", ":class: dropdown", ""]
    return "\n".join([*head, text, "", "```python", block, "```", ":::"])


@cache
def read(folder: pathlib.Path = FOLDER) -> dict[str, tuple[Answer, ...]]:
    """Return the exercises of each notebook, by its name.

    Raises
    ------
    ValueError
        If a file holds no list of exercises or is named as no notebook, if an exercise breaks a rule, or if two have
        one id.
    """
    found: dict[str, tuple[Answer, ...]] = {path.stem: () for path in sorted(folder.glob("*.yaml"))}
    for path, answer in bank.described(folder, Answer, "exercise"):
        found[path.stem] += (answer,)
    return found


def notebook_path(stem: str) -> pathlib.Path:
    """Return the path of the notebook that a file of exercises is named for.

    Raises
    ------
    ValueError
        If there is none.
    """
    path = ROOT / "notebooks" / f"{stem}.ipynb"
    if not path.exists():
        raise ValueError(f"a file of exercises must be named as a notebook; got {stem}.yaml")
    return path


def source(cell: dict[str, Any]) -> str:
    """Return the text of a cell as it stands in a file, a string or a list of lines."""
    return "".join(cell["source"])


def placed(stem: str, notebook: dict[str, Any]) -> list[Placed]:
    """Return the exercises of a notebook with the numbers that follow its own exercises."""
    own = [c for c in notebook["cells"] if c["cell_type"] == "markdown" and not c["id"].startswith(PREFIX)]
    count = sum(len(list(boxes(source(cell), "exercise"))) for cell in own)
    chapter = int(stem[:2])
    return [Placed(answer, stem, f"{chapter}.{count + i}") for i, answer in enumerate(read()[stem], 1)]


INTRODUCTION = (
    "### Answered on the page\n\n"
    "Each of these takes a formula or a number. On the page you type it below the question; in the notebook, in the "
    "cell below. Either way you are told whether it holds, and where it does not."
)


def cell(name: str, text: str, number: str = "") -> dict[str, Any]:
    """Return a cell as a file holds it: Markdown, or with a ``number`` the code that asks for an exercise's answer."""
    body = {"id": f"{PREFIX}{name}"[:64], "source": text.splitlines(keepends=True)}
    if not number:
        return {"cell_type": "markdown", "id": body["id"], "metadata": {}, "source": body["source"]}
    metadata = {"exercise": number, "tags": ["remove-cell"]}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], **body}


def filled(stem: str, notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook with those of its exercises, before its quiz, which gets a cell of its own.

    Raises
    ------
    ValueError
        If not one cell of the notebook begins with the heading of the quiz.
    """
    cells = []
    for one in notebook["cells"]:
        before, *after = re.split(r"\n\n(?=## Quiz(?:\n|$))", source(one))
        if one["id"].startswith(PREFIX):
            continue
        if one["cell_type"] == "markdown" and after:
            cells.append({**one, "source": before.splitlines(keepends=True)})
            cells.append({**one, "id": f"{one['id']}-quiz"[:64], "source": after[0].splitlines(keepends=True)})
        else:
            cells.append(one)
    made = [cell("introduction", INTRODUCTION)]
    for one in placed(stem, notebook):
        made += [
            cell(f"ask-{one.answer.id}", exercise_cell(one)),
            cell(one.answer.id, stub_cell(one), one.number),
            cell(f"solve-{one.answer.id}", solution_cell(one)),
        ]
    places = [i for i, c in enumerate(cells) if c["cell_type"] == "markdown" and re.match(r"## Quiz(\n|$)", source(c))]
    if len(places) != 1:
        raise ValueError(f"{stem} must have one cell that begins with ## Quiz; got {len(places)}")
    return [*cells[: places[0]], *made, *cells[places[0] :]]


def written() -> dict[pathlib.Path, str]:
    """Return the text of every file that is made from the descriptions."""
    found: dict[pathlib.Path, str] = {}
    store: dict[str, Any] = {}
    for stem in read():
        path = notebook_path(stem)
        notebook = json.loads(path.read_text("utf8"))
        notebook["cells"] = filled(stem, notebook)
        found[path] = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        store |= {one.number: one.answer.data for one in placed(stem, notebook)}
    lines = (f" {json.dumps(number)}: {json.dumps(one, ensure_ascii=False)}" for number, one in store.items())
    found[STORE] = "{\n" + ",\n".join(lines) + "\n}\n"
    return found


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare; returns 1 if something differs."""
    other = {path: text for path, text in written().items() if path.read_text("utf8") != text}
    if "--check" in arguments:
        for path in other:
            print(f"{path.relative_to(ROOT)} is not as course/answers has it: run tools/answers.py")
        return int(bool(other))
    for path, text in other.items():
        write_atomically(path, text.encode("utf8"))
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
