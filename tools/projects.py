"""Build the course's projects as HTML and PDF, and the lecturer's worked answers in a folder of their own.

.venv/bin/python tools/projects.py                      the projects, into _build/course/projects
.venv/bin/python tools/projects.py --worked [NAME …]    worked answers, into _build/course/instructor/projects

A worked answer is Markdown. Its code blocks of the language ``python`` are run from top to bottom, and what they print,
or the value of their last line, stands behind them: no number in such an answer is typed. ``[[expression:3]]`` in its
text is a value of what has been run before it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import html
import io
import pathlib
import re
import sys
from collections.abc import Sequence
from typing import Any

from bank import PLACEHOLDER, shown
from execute import ROOT
from printing import MISSING, chromium, print_pdf
from sheet import document, markdown

from l0lib._files import write_atomically

PROJECTS = ROOT / "course" / "projects"
WORKED = ROOT / "course" / "instructor" / "projects"
BUILT = ROOT / "_build" / "course" / "projects"
BUILT_WORKED = ROOT / "_build" / "course" / "instructor" / "projects"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def run(source: str, values: dict[str, Any]) -> str:
    """Run a block in ``values`` and return what it printed and the value of its last expression, as HTML."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            tree.body.pop()
        exec(compile(tree, "<worked answer>", "exec"), values)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<worked answer>", "eval"), values)
    found = f"<pre>{html.escape(printed.getvalue())}</pre>\n" if printed.getvalue() else ""
    if value is not None:
        as_html = getattr(value, "_repr_html_", None)
        found += as_html() if as_html else f"<pre>{html.escape(repr(value))}</pre>"
    return found


def worked(text: str, values: dict[str, Any] | None = None, block: re.Pattern[str] = BLOCK, code: bool = True) -> str:
    """Return a worked answer as HTML, its code run in ``values``, its values put in, and its ``code`` shown or not."""
    values = {} if values is None else values
    told: list[str] = []
    results: dict[int, str] = {}

    def put_in(found: re.Match[str]) -> str:
        return shown(eval(found[1], values), found[2] or "", inside_formula=False)

    for number, piece in enumerate(block.split(text)):
        if number % 2:
            results[len(told)] = f'<div class="wide">{run(piece, values)}</div>'
            told.append(f"```\n{piece}```" if code else "")
        else:
            told.append(PLACEHOLDER.sub(put_in, piece))
    return "\n".join(page + results.get(i, "") for i, page in enumerate(markdown(told)))


def build(path: pathlib.Path, folder: pathlib.Path, body: str) -> None:
    """Write HTML, and PDF where there is a Chromium."""
    title = re.sub(r"^#\s*", "", path.read_text(encoding="utf8").splitlines()[0])
    target = folder / f"{path.stem}.html"
    write_atomically(target, document(title, f"<main>\n{body}\n</main>").encode("utf8"))
    if chromium() is not None:
        print_pdf(target, target.with_suffix(".pdf"))
    print(target.relative_to(ROOT))


def chosen(folder: pathlib.Path, names: Sequence[str]) -> list[pathlib.Path]:
    """Return the files of ``folder`` with these names, or all.

    Raises
    ------
    ValueError
        If one is not there.
    """
    files = {path.stem: path for path in sorted(folder.glob("*.md"))}
    if unknown := [name for name in names if name not in files]:
        raise ValueError(f"name must be one of {', '.join(files)}; got {unknown[0]!r}")
    return [files[name] for name in names] if names else list(files.values())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="projects.py", description="Build the projects, or their worked answers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; else all")
    parser.add_argument("--worked", action="store_true", help="worked answers: their code runs, for minutes")
    given = parser.parse_args(arguments)
    try:
        files = chosen(WORKED if given.worked else PROJECTS, given.names)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    for path in files:
        text = path.read_text(encoding="utf8")
        if given.worked:
            build(path, BUILT_WORKED, worked(text))
        else:
            build(path, BUILT, markdown([text])[0])
    if chromium() is None:
        print(MISSING, file=sys.stderr)


if __name__ == "__main__":
    main()
