"""HTML only: what every page loads comes in few files.

Sphinx, its extensions and the theme name some fifty scripts and style sheets, and a browser fetches each before a page
shows or answers. Those that all pages share are put together here, in their order: style sheets, scripts of the head,
and scripts that wait for the page. Whoever goes from page to page loads them once. What only some pages have, such as
the explorers' style sheet, stays a file of its own, in its place.
"""

import hashlib
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

TAG = re.compile(r"<script\b[^>]*\bsrc=[^>]*></script>|<link\b[^>]*\brel=\"(?:stylesheet|preload)\"[^>]*>")
ADDRESS = re.compile(r'\b(?:src|href)="([^"]+)"')
#: Attributes with which a script does what it does without.
IDLE = re.compile(r'\s(?:data-cfasync="false"|data-sd-tabs-storage-prefix="sphinx-design-tab-id-"|type="text/css")')
PLAIN = {
    "sheet": re.compile(r'<link (?:href="[^"]+" rel="stylesheet"|rel="stylesheet" href="[^"]+") ?/>'),
    "head": re.compile(r'<script src="[^"]+"></script>'),
    "deferred": re.compile(r'<script defer(?:="defer")? src="[^"]+"></script>'),
    "preload": re.compile(r'<link rel="preload" as="script" href="[^"]+" />'),
}
LINK, IMPORT = re.compile(r"""url\(\s*(['"]?)(?![a-z]+:|[#/])([^'")]+)\1\s*\)"""), re.compile(r'@import "([^"]+)";')


def tags(page: str) -> Iterator[tuple[re.Match, str, str]]:
    """Yield each tag of ``page`` that loads a script or a style sheet, its kind, and its file as the page names it.

    The kind is empty where the tag has no plain form; the file stands without what follows a question mark.
    """
    for found in TAG.finditer(page):
        text = IDLE.sub("", found[0])
        kind = next((kind for kind, form in PLAIN.items() if form.fullmatch(text)), "")
        yield found, kind, ADDRESS.search(text)[1].split("?")[0]  # type: ignore[index]


def sheet_text(file: Path, folder: Path) -> str:
    """Return a style sheet as it reads in ``folder``: its addresses turned, what it imports in its place."""

    def turned(found: re.Match) -> str:
        there = posixpath.normpath(posixpath.join(os.path.relpath(file.parent, folder).replace(os.sep, "/"), found[2]))
        return f"url({found[1]}{there}{found[1]})"

    text = LINK.sub(turned, file.read_text("utf-8").replace('@charset "UTF-8";', ""))
    return IMPORT.sub(lambda found: sheet_text(file.parent / found[1], folder), text)


def runs(page: str, root: str, shared: set[str], first: set[str]) -> list[tuple[str, list[tuple[re.Match, str]]]]:
    """Return the runs of tags that can be put together: their kind, and each tag with its file, named from the root.

    A run holds ``shared`` files. Another tag of its kind ends it, and a file among ``first`` begins a new one; a style
    sheet ends a run of scripts of the head too, since these wait for it.
    """
    made: list[tuple[str, list[tuple[re.Match, str]]]] = []
    open_runs: dict[str, list[tuple[re.Match, str]]] = {}
    for found, kind, address in tags(page):
        name = address.removeprefix(root)
        if kind == "preload":
            continue
        if kind == "sheet":
            open_runs.pop("head", None)
        if kind and name in shared:
            if kind not in open_runs or name in first:
                open_runs[kind] = []
                made.append((kind, open_runs[kind]))
            open_runs[kind].append((found, name))
        elif kind:
            open_runs.pop(kind, None)
        else:
            open_runs.clear()
    return made


def text_of(kind: str, paths: list[Path], folder: Path) -> str:
    """Return what stands in ``folder`` for the files of a run."""
    if kind == "sheet":
        return "\n".join(sheet_text(path, folder) for path in paths)
    # a script's "use strict" must not count for the next: behind a semicolon it is no directive
    return "".join(f";{text}\n" for text in (path.read_text("utf-8") for path in paths) if text.strip())


def together(page: str, root: str, parts: list[tuple[str, list[tuple[re.Match, str]]]], out: Path) -> str:
    """Return ``page`` with one tag for each of its runs, whose files are written below ``out``, the site's own root.

    ``root`` leads from the page to there.
    """
    instead: dict[tuple[int, int], str] = {}
    gone: set[str] = set()
    folder = out / "_static" / "together"
    for kind, run in parts:
        text = text_of(kind, [out / name for _, name in run], folder)
        name = f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.{'css' if kind == 'sheet' else 'js'}"
        tag = {
            "sheet": f'<link rel="stylesheet" href="{root}_static/together/{name}" />',
            "head": f'<script src="{root}_static/together/{name}"></script>',
            "deferred": f'<script defer src="{root}_static/together/{name}"></script>',
        }[kind]
        if text:
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        # styles and what waits stand with the first of them; what runs at once runs with the last
        place = len(run) - 1 if kind == "head" else 0
        instead |= {found.span(): tag if text and i == place else "" for i, (found, _) in enumerate(run)}
        gone |= {name for _, name in run}
    instead |= {f.span(): "" for f, kind, name in tags(page) if kind == "preload" and name.removeprefix(root) in gone}
    return TAG.sub(lambda found: instead.get(found.span(), found[0]), page)


def finish(app, error):
    """Rewrite every page of the built site, after the extensions that write scripts and thin style sheets."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages, roots = {}, {}
    for path in out.rglob("*.html"):
        parts = path.relative_to(out).parts
        text = path.read_text("utf-8")
        # what stands below _static is nobody's page, that of a missing address is served at any depth, and one that
        # only leads elsewhere loads nothing
        if parts[0] != "_static" and path.name != "404.html" and any(tags(text)):
            pages[path], roots[path] = text, "../" * (len(parts) - 1)
    named = ({n.removeprefix(roots[path]) for _, kind, n in tags(text) if kind} for path, text in pages.items())
    shared = set.intersection(*named)
    # where a run begins on one page it does on all, so that pages share their files
    first = {run[0][1] for path, text in pages.items() for _, run in runs(text, roots[path], shared, set())}
    for path, text in pages.items():
        path.write_text(together(text, roots[path], runs(text, roots[path], shared, first), out), "utf-8")


def setup(app):
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
