"""Bring the numbers in links up to date: [Proposition 5.4](#prop-swing), as the built pages number what is named.

.venv/bin/python tools/renumber.py            write them into notebooks/, book/ and course/answers/
.venv/bin/python tools/renumber.py --check    only say which are old

Whoever puts a statement, an equation or a figure in front of others changes their numbers: build, then run this. Pages
have the right numbers of equations and statements in any case; figures, and readers of the notebooks, need it.
"""

import html
import pathlib
import re
import sys
from collections.abc import Iterator

from execute import ROOT, pages

from l0lib._files import write_atomically

HTML = ROOT / "_build" / "html"
#: A link by label whose words are a kind and a number.
LINK = re.compile(r"\[(?P<words>[A-Z][a-z]+\.? \d[\d.]*)\]\(#(?P<label>[\w-]+)\)")
_EQUATION = re.compile(r'<span class="eqno">\((?P<number>[\d.]+)\)<a [^>]*href="#equation-(?P<label>[\w-]+)"')
_STATEMENT = re.compile(
    r'<div class="proof [^"]*" id="(?P<label>[\w-]+)">\s*<p class="admonition-title">'
    r'<span class="caption-number">(?P<name>[^<]*)</span>'
)
_FIGURE = re.compile(
    r'<figure [^>]*id="(?P<label>[\w-]+)">(?:(?!</figure>).)*?<span class="caption-number">(?P<name>[^<]*)</span>', re.S
)


def names(page: str) -> dict[str, str]:
    """Return what a built page calls its equations, statements and figures, by label."""
    found = {match["label"]: f"Eq. {match['number']}" for match in _EQUATION.finditer(page)}
    for kind in (_STATEMENT, _FIGURE):
        found |= {match["label"]: html.unescape(match["name"]).strip() for match in kind.finditer(page)}
    return found


def sources() -> Iterator[pathlib.Path]:
    """Yield the files whose text may name numbers."""
    for pattern in ("notebooks/*.ipynb", "book/*.md", "course/answers/*.yaml"):
        yield from sorted(ROOT.glob(pattern))


def renumbered(text: str, known: dict[str, str]) -> str:
    """Return a text in which every link to something that has a number has the one that it has."""
    return LINK.sub(lambda found: f"[{known.get(found['label'], found['words'])}](#{found['label']})", text)


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare; returns 1 if something differs."""
    known: dict[str, str] = {}
    for page in pages():
        known |= names((HTML / f"{page}.html").read_text("utf8"))
    old = 0
    for path in sources():
        text = path.read_text("utf8")
        new = renumbered(text, known)
        for before, after in zip(LINK.finditer(text), LINK.finditer(new), strict=True):
            if before[0] != after[0]:
                print(f"{path.relative_to(ROOT)}: {before[0]} is {after['words']}")
                old += 1
        if new != text and "--check" not in arguments:
            write_atomically(path, new.encode("utf8"))
    return int(bool(old) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
