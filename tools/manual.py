"""Build the instructor's manual from course/instructor/manual as one HTML file and a PDF, in the lecturer's folder.

.venv/bin/python tools/manual.py     into _build/course/instructor

Its parts are Markdown, in the order of their names. ``[[expression]]`` and blocks of the language ``{run}`` are
computed when it is built, with the names of :func:`values`; such a block is not shown, only what comes of it. So no
result of the book is typed here.
"""

from __future__ import annotations

import html
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import bank
import nbformat
import openings
from execute import ROOT
from printing import MISSING, NUMBERED, browser, chromium, print_settled
from projects import PROJECTS, worked
from sheet import document

from l0lib._files import write_atomically

SOURCE = ROOT / "course" / "instructor" / "manual"
BUILT = ROOT / "_build" / "course" / "instructor"
TITLE = "Instructor's manual"
RUN = re.compile(r"^```\{run\}\n(.*?)^```$", re.M | re.S)
HEADING = re.compile(r"<h([12])>(.*?)</h\1>", re.S)
STYLE = """<style>
h1 { break-before: page; margin: 0 0 1rem; }
h2 { margin: 1.6rem 0 .5rem; border-top: 1px solid #999; padding-top: .7rem; }
nav p { display: flex; gap: .4em; margin: .15rem 0; }
nav .of-1 { font-weight: bold; margin-top: .8rem; }
nav .of-2 { padding-left: 1.2em; }
nav a { color: inherit; text-decoration: none; }
nav i { flex: 1; border-bottom: 1px dotted #888; }
.admonition { border-left: 3px solid #777; padding-left: .9rem; margin: .8rem 0; break-inside: avoid; }
.admonition-title { font-weight: bold; margin-bottom: 0; }
table { margin: .6rem 0 1rem; }
td:first-child { white-space: nowrap; }
tr { break-inside: avoid; }
</style>"""


def title(stem: str) -> str:
    """Return a chapter's title with its number; the chapter before the first has none."""
    for chapter in bank.chapters():
        if chapter.stem == stem:
            return f"{chapter.number}. {chapter.title}"
    heading = re.search(r"^# (.+)$", _notebook(stem).cells[0].source, re.M)
    if heading is None:
        raise ValueError(f"stem must name a notebook with a title; got {stem!r}")
    return heading[1]


def minutes(stem: str) -> int:
    """Return the minutes that a chapter takes to read, as its page says."""
    return openings.minutes(_notebook(stem))


def _notebook(stem: str) -> Any:
    return nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)


class Shown(str):
    """HTML as the value of a block."""

    def _repr_html_(self) -> str:
        return str(self)


def answers(*names: str) -> Shown:
    """Return what the records say to questions of the book, by the names of :mod:`l0lib.chapters.in_words`."""
    from l0lib.chapters import in_words
    from l0lib.experiments import stored

    asked = []
    for name in names:
        ask = getattr(in_words, name)
        asked.append(ask(stored.runs("experiment-1")) if name == "gathered" else ask())
    return Shown("".join(answer._repr_html_() for answer in asked))


def table(headers: tuple[str, ...], rows: list[tuple]) -> Shown:
    """Return a table; numbers stand as they are."""

    def row(cells: tuple, tag: str) -> str:
        return "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return Shown(f"<table><thead><tr>{row(headers, 'th')}</tr></thead><tbody>{body}</tbody></table>")


def bank_by_chapter() -> Shown:
    """Return a table of how many problems the bank has of each chapter and level, and their minutes."""
    problems = bank.read()
    rows = []
    for chapter in bank.chapters():
        own = [problem for problem in problems if bank.place(problem).chapter == chapter]
        levels = Counter(problem.level for problem in own)
        counts = (levels[level] for level in (1, 2, 3))
        rows.append((f"{chapter.number}. {chapter.title}", *counts, sum(problem.minutes for problem in own)))
    return table(("Chapter", "Level 1", "Level 2", "Level 3", "Minutes in all"), rows)


def projects_by_points() -> Shown:
    """Return a table of the projects: what each is worth, and what its rubric gives points for."""
    rows = []
    for path in sorted(PROJECTS.glob("*.md")):
        text = path.read_text(encoding="utf8")
        worth = re.search(r"\*\*Time:\*\* (.+?)\. \*\*Points:\*\* (\d+)", text)
        if worth is None:
            raise ValueError(f"{path.name} must state its time and points; got neither")
        rubric = re.findall(r"^\| ([^|]+) \| (\d+) \|$", text, re.M)
        dearest = max(rubric, key=lambda row: int(row[1]))
        rows.append((text.splitlines()[0].lstrip("# "), worth[1], worth[2], f"{dearest[0]} ({dearest[1]})"))
    return table(("Project", "Time", "Points", "What counts most"), rows)


def values() -> dict[str, Any]:
    """Return the names that expressions of the manual may use."""
    known = (title, minutes, answers, bank_by_chapter, projects_by_points)
    return {"math": math, **{function.__name__: function for function in known}}


def written() -> str:
    """Return all parts as HTML, each heading with an id."""
    parts = sorted(SOURCE.glob("*.md"))
    if not parts:
        raise ValueError(f"{SOURCE.relative_to(ROOT)} must hold the parts of the manual; got none")
    body = "\n".join(worked(path.read_text(encoding="utf8"), values(), RUN, code=False) for path in parts)
    ids = iter(range(1, 1000))
    return HEADING.sub(lambda found: f'<h{found[1]} id="part-{next(ids)}">{found[2]}</h{found[1]}>', body)


def contents(body: str, numbers: Mapping[str, int]) -> str:
    """Return the contents of ``body`` with the numbers of pages that are known."""
    rows = []
    for level, key, text in re.findall(r'<h([12]) id="([\w-]+)">(.*?)</h\1>', body, re.S):
        link = f'<a href="#{key}">{text}</a>'
        rows.append(f'<p class="of-{level}">{link}<i></i><span>{numbers.get(key, "")}</span></p>')
    return f"<nav>{''.join(rows)}</nav>"


def main() -> None:
    body = written()

    def page(numbers: dict[str, int]) -> str:
        head = f"<header><p style='font-size: 1.5rem; margin: 0'>{TITLE}</p>"
        facts = '<p class="facts">l0lib: compressing networks with a smoothed ℓ0 norm. For lecturers.</p></header>'
        return document(TITLE, f"{STYLE}{head}{facts}{contents(body, numbers)}\n<main>\n{body}\n</main>")

    target = BUILT / "manual.html"
    if chromium() is None:
        write_atomically(target, page({}).encode("utf8"))
        print(f"{target.relative_to(ROOT)}")
        print(MISSING, file=sys.stderr)
        return
    with browser() as started:
        count = print_settled(started, page, target, target.with_suffix(".pdf"), **NUMBERED)
    print(f"{count} pages: {target.with_suffix('.pdf').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
