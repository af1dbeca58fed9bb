"""The problem bank in course/problems: what a problem is, how its numbers are drawn, which part of the book it tests.

One YAML file holds a list of problems. A problem's texts are Markdown with formulas between dollar signs. ``[[name]]``
stands for a value that was drawn or computed, ``[[100 * name:3]]`` for an expression in three significant digits.
"""

from __future__ import annotations

import itertools
import json
import math
import pathlib
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np
import pydantic
import yaml
from execute import ROOT
from scipy.special import lambertw, stdtrit

from l0lib import L0, L1, L2, attraction, landscape
from l0lib._counts import apportion, number_to_keep, wilson_interval

PROBLEMS = ROOT / "course" / "problems"
#: What a problem's expressions may use: some functions of ``math``, Lambert's W, the quantiles
#: of Student's t, NumPy, and the library's theory.
NAMES: dict[str, Any] = {
    **{f.__name__: f for f in (math.ceil, math.comb, math.copysign, math.erf, math.exp, math.floor, math.prod)},
    **{f.__name__: f for f in (math.log, math.log2, math.sqrt)},
    **{f.__name__: f for f in (abs, all, any, float, int, len, max, min, range, round, set, sorted, str, sum, zip)},
    **{f.__name__: f for f in (L0, L1, L2, apportion, number_to_keep, wilson_interval)},
    "e": math.e,
    "np": np,
    "pi": math.pi,
    "W": lambda x: float(lambertw(x).real),
    "Wm1": lambda x: float(lambertw(x, -1).real),
    "attraction": attraction,
    "close": lambda one, other, rel=1e-9: bool(np.allclose(one, other, rtol=rel, atol=0)),
    "landscape": landscape,
    "t_quantile": lambda p, degrees: float(stdtrit(degrees, p)),
}
PLACEHOLDER = re.compile(r"\[\[(.+?)(?::([,.\d]*[defg%]?))?\]\]")


class Described(pydantic.BaseModel):
    """What a list in a YAML file describes, each with an id of its own; what is not known is refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: str = pydantic.Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")


class Problem(Described):
    """One question with its solution.

    ``tests`` are labels of the book; the first one decides the chapter. ``draw`` lists the values that a number may
    take, ``compute`` the expressions that follow from them, in order, ``answer`` the names among these that are asked
    for. ``check`` holds expressions that must be true: they come to the answer in another way than ``compute``.
    """

    title: str = pydantic.Field(min_length=1)
    kind: Literal["compute", "derive", "judge"]
    level: Literal[1, 2, 3]
    tests: tuple[str, ...] = pydantic.Field(min_length=1)
    points: int = pydantic.Field(ge=1, le=20)
    minutes: int = pydantic.Field(ge=1, le=60)
    draw: dict[str, tuple[int | float | str, ...]] = {}
    compute: dict[str, str | int | float] = {}
    answer: tuple[str, ...] = ()
    question: str = pydantic.Field(min_length=1)
    solution: str = pydantic.Field(min_length=1)
    check: tuple[str, ...] = ()

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> Problem:
        taken = [name for name in (*self.draw, *self.compute) if name in NAMES or not name.isidentifier()]
        if taken or self.draw.keys() & self.compute.keys():
            raise ValueError(f"draw and compute must name each value once, by a free identifier; got {taken}")
        if empty := [name for name, values in self.draw.items() if not values]:
            raise ValueError(f"draw must list at least one value for each name; got none for {empty}")
        if unknown := [name for name in self.answer if name not in self.compute]:
            raise ValueError(f"answer must name values of compute; got {unknown}")
        shown = {expression for expression, _ in PLACEHOLDER.findall(self.solution)}
        if hidden := [n for n in self.answer if not any(re.search(rf"\b{n}\b", expression) for expression in shown)]:
            raise ValueError(f"solution must show each answer; got none of {hidden}")
        if self.kind == "compute" and not (self.answer and self.check):
            raise ValueError("a problem of kind compute must have an answer and a check; got one or none")
        if self.kind == "derive" and not self.check:
            raise ValueError("a problem of kind derive must have a check; got none")
        return self

    def drawn(self, seed: int | str) -> Drawn:
        """Return the problem with numbers; those of one seed are the same whatever else a sheet holds."""
        chance = random.Random(f"{self.id} {seed}")
        return self.with_values({name: chance.choice(values) for name, values in self.draw.items()})

    def every(self, most: int = 400) -> list[Drawn]:
        """Return the problem with every choice of its numbers, or with ``most`` of them spread evenly over all."""
        choices = list(itertools.product(*self.draw.values()))
        step = max(1, len(choices) // most)
        return [self.with_values(dict(zip(self.draw, chosen, strict=True))) for chosen in choices[::step]]

    def with_values(self, values: dict[str, Any]) -> Drawn:
        """Return the problem with these values drawn, and with what is computed from them."""
        known = dict(values)
        for name, expression in self.compute.items():
            known[name] = evaluate(str(expression), known)
        return Drawn(self, known)


@dataclass(frozen=True)
class Drawn:
    """A problem whose numbers have been drawn."""

    problem: Problem
    values: dict[str, Any]

    @property
    def question(self) -> str:
        """The question's text, numbers put in."""
        return filled(self.problem.question, self.values)

    @property
    def solution(self) -> str:
        """The solution's text, numbers put in."""
        return filled(self.problem.solution, self.values)

    def failed(self) -> list[str]:
        """The checks that do not hold."""
        return [check for check in self.problem.check if evaluate(check, self.values) is not True]


def evaluate(expression: str, values: dict[str, Any]) -> Any:
    """Return the value of an expression of the bank, which is code of this repository and no reader's.

    NumPy's scalars come back as Python's, so that they print and compare as such.
    """
    found = eval(expression, {"__builtins__": {}, **NAMES, **values})
    return found.item() if isinstance(found, np.generic) else found


def filled(text: str, values: dict[str, Any]) -> str:
    """Return ``text`` with each ``[[expression:digits]]`` replaced by its value, as TeX between dollar signs."""
    pieces = re.split(r"(\$+)", text)
    inside = False
    for i, piece in enumerate(pieces):
        if piece.startswith("$"):
            inside = not inside
        else:
            pieces[i] = PLACEHOLDER.sub(
                lambda found, inside=inside: shown(evaluate(found[1], values), found[2] or "", inside),
                piece,
            )
    return "".join(pieces)


def shown(value: Any, form: str = "", inside_formula: bool = True) -> str:
    """Return a value for readers: ``form`` is a number of significant digits, or a format of Python; else six digits.

    Raises
    ------
    ValueError
        If a number needs a power of ten outside a formula.
    """
    if isinstance(value, str):
        return value
    if form.isdigit() or not form:
        text = f"{value:,}" if isinstance(value, int) and not form else _rounded(float(value), int(form or 6))
    else:
        text = format(value, form)
    if "e" in text:
        if not inside_formula:
            raise ValueError(f"value must stand between dollar signs where it needs a power of ten; got {text}")
        mantissa, power = text.split("e")
        text = rf"10^{{{int(power)}}}" if mantissa == "1" else rf"{mantissa} \cdot 10^{{{int(power)}}}"
    if not inside_formula:
        return text.replace("-", "−")
    return text.replace(",", "{,}")


def _rounded(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    size = abs(float(text))
    if 1e-4 <= size < 1e7:
        text = f"{float(text):,.15g}"
    return text


@cache
def read(folder: pathlib.Path = PROBLEMS) -> tuple[Problem, ...]:
    """Return every problem of the bank in the order of its file names.

    Raises
    ------
    ValueError
        If a file holds no list of problems, a problem breaks a rule, or two have one id.
    """
    return tuple(problem for _, problem in described(folder, Problem, "problem"))


D = TypeVar("D", bound=Described)


def described(folder: pathlib.Path, kind: type[D], name: str) -> Iterator[tuple[pathlib.Path, D]]:
    """Yield what the YAML files of a folder describe, each with its file; ``name`` is what a message calls it.

    Raises
    ------
    ValueError
        If a file holds no list, something in it breaks a rule of its ``kind``, or two have one id.
    """
    seen = set()
    for path in sorted(folder.glob("*.yaml")):
        items = yaml.safe_load(path.read_text(encoding="utf8"))
        if not isinstance(items, list):
            raise ValueError(f"{path.name} must hold a list of {name}s; got {type(items).__name__}")
        for item in items:
            said = item.get("id") if isinstance(item, dict) else item
            try:
                one = kind.model_validate(item)
            except pydantic.ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise ValueError(f"{path.name}, {name} {said!r}: {where} {first['msg']}") from None
            if one.id in seen:
                raise ValueError(f"{path.name}: id must be the only one of its kind; got {one.id!r} twice")
            seen.add(one.id)
            yield path, one


@dataclass(frozen=True)
class Chapter:
    """A numbered chapter of the book."""

    number: int
    stem: str
    title: str


@dataclass(frozen=True)
class Place:
    """Where a label stands: its chapter, and the title of the statement or section."""

    chapter: Chapter
    title: str


@cache
def chapters() -> tuple[Chapter, ...]:
    """Return the numbered chapters in the order of the table of contents, which counts them."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = [entry["file"] for part in toc["parts"] if part.get("numbered") for entry in part["chapters"]]
    found = []
    for number, file in enumerate(files, 1):
        path = ROOT / f"{file}.ipynb"
        heading = re.search(r"^# (.+)$", _cells(path)[0][0], re.M)
        found.append(Chapter(number, path.stem, heading[1] if heading else path.stem))
    return tuple(found)


def _cells(path: pathlib.Path) -> list[tuple[str, dict]]:
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return [("".join(c["source"]), {"kind": c["cell_type"], **c["metadata"]}) for c in cells]


_STARTS = re.compile(
    r"^#{1,3} (?P<heading>.+)$"
    r"|^\((?P<target>[\w-]+)\)=$"
    r"|^:{3,}\{prf:\w+\}[ \t]*(?P<statement>.*)\n:label: (?P<label>[\w-]+)$"
    r"|^\$\$[ \t]*\((?P<equation>[\w-]+)\)",
    re.M,
)


@cache
def places() -> dict[str, Place]:
    """Return every label of the numbered chapters that a problem may name: sections, statements, equations, figures."""
    found: dict[str, Place] = {}
    for chapter in chapters():
        heading, waiting = chapter.title, ""
        for source, metadata in _cells(ROOT / "notebooks" / f"{chapter.stem}.ipynb"):
            if name := metadata.get("mystnb", {}).get("figure", {}).get("name"):
                found[name] = Place(chapter, heading)
            if metadata["kind"] != "markdown":
                continue
            for match in _STARTS.finditer(source):
                if match["heading"]:
                    heading = match["heading"].strip()
                    if waiting:
                        found[waiting], waiting = Place(chapter, heading), ""
                elif match["target"]:
                    waiting = match["target"]
                elif match["label"]:
                    found[match["label"]] = Place(chapter, match["statement"].strip() or heading)
                else:
                    found[match["equation"]] = Place(chapter, heading)
    return found


def place(problem: Problem) -> Place:
    """Return where the first label of a problem stands.

    Raises
    ------
    ValueError
        If the book has no such label.
    """
    if problem.tests[0] not in places():
        raise ValueError(f"tests must name labels of the book; got {problem.tests[0]!r} in problem {problem.id!r}")
    return places()[problem.tests[0]]


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems by chapter, then level, then id."""
    return sorted(problems, key=lambda p: (place(p).chapter.number, p.level, p.id))
