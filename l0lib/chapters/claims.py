"""What each chapter claims: its statements with their proofs, its answers with their records, and the tests of both.

Nothing is listed by hand. A statement is a proposition, theorem or corollary of a notebook; its test is a function
whose name, or the first words of whose docstring, is the statement's label. Answers are those of
:mod:`~l0lib.chapters.in_words`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import labels
from ..experiments.records import RECORDS
from ..table import Link, Table
from . import in_words, rival_methods

#: A checkout of the book, where notebooks and tests are.
ROOT = RECORDS.parents[1]
_STATEMENT = re.compile(
    r"^:{3,}\{prf:(proposition|theorem|corollary)\} ([^\n]*)\n:label: ([\w-]+)\n(.*?)(?=^:{3,}\{prf:(?!proof)|\Z)",
    re.M | re.S,
)
_TEST = re.compile(r"^ *def (test_\w+)\([^\n]*(?:\n[^\n]*?)??\n(?: *\"{3}(prop-[\w-]+))?", re.M)


@dataclass(frozen=True)
class Statement:
    """A proposition, theorem or corollary of a chapter, by its label, and whether a proof follows it."""

    chapter: str
    kind: str
    title: str
    label: str
    proved: bool


def statements(folder: Path = ROOT / "notebooks") -> list[Statement]:
    """Return every labelled statement of the chapters, in their order."""
    found = []
    for path in sorted(folder.glob("[0-9][0-9]-*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        for kind, title, label, rest in _STATEMENT.findall(text):
            found.append(Statement(path.stem, kind, title, label, "{prf:proof}" in rest))
    return found


def find_tests(labels: Iterable[str], folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Return the tests of each label, as ``tests/test_at_zero.py::test_prop_swing``."""
    found: dict[str, list[str]] = {label: [] for label in labels}
    names = {f"test_{label.replace('-', '_')}": label for label in found}
    for path in sorted(folder.rglob("test_*.py")):
        for name, told in _TEST.findall(path.read_text(encoding="utf-8")):
            label = told if told in found else names.get(name)
            if label is not None:
                found[label].append(f"{path.relative_to(folder.parent).as_posix()}::{name}")
    return found


def sentences(file: Path = ROOT / "book" / "claims.json") -> dict[str, str]:
    """Return what each statement says, in a sentence, by its label."""
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def table() -> Table:
    """Return a row for every claim: chapter, sentence, what it rests on, and its test."""
    given = statements()
    of, told = find_tests(one.label for one in given), sentences()
    rows: list[tuple[str, Link, str, str]] = [
        (
            one.chapter[:2],
            Link(f"{one.title} ({one.kind}): {told[one.label]}", f"{one.chapter}.html#{one.label}"),
            "proof" if one.proved else "see there",
            ", ".join(of[one.label]) or "–",
        )
        for one in given
    ]
    for ask in in_words.QUESTIONS:
        it = ask()
        page, _, anchor = it.place.partition("#")
        where = Link(f"{it.question} {it.sentences[0]}", f"{page}.html{f'#{anchor}' * bool(anchor)}")
        studies = ", ".join(map(labels.study, in_words.STUDIES[ask.__name__]))
        chapter = page[:2] if page[:2].isdecimal() else "–"  # a page without a number stands last
        test = _OF_RIVALS if ask.__module__ == rival_methods.__name__ else _OF_ANSWERS
        rows.append((chapter, where, f"records: {studies}", test))
    headers, widths = ("Chapter", "What it claims", "Rests on", "Test"), ("4rem", "18rem", "8rem", "14rem")
    rows.sort(key=lambda row: row[0])
    return Table(headers, rows, "What each chapter claims", widths)


_OF_ANSWERS, _OF_RIVALS = "tests/chapters/test_in_words.py", "tests/chapters/test_rival_methods.py"
