"""Print the built book, or a chapter as a handout, with Chromium: one PDF that is read without the site.

.venv/bin/python tools/pdf.py                     the whole book, its solutions at the end: _build/pdf/l0lib.pdf
.venv/bin/python tools/pdf.py --code              with the code of its cells
.venv/bin/python tools/pdf.py --chapter 4         a chapter as a handout; --solutions puts its solutions at the end

All pages become one HTML file, so that links lead from chapter to chapter and pages are counted through. Chromium
prints it twice: the first time tells on which page each heading stands, the second time the contents say so.
"""

from __future__ import annotations

import argparse
import copy
import functools
import html
import os
import pathlib
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import bank
import yaml
from bs4 import BeautifulSoup, Tag
from execute import ROOT
from printing import MISSING, browser, chromium, print_settled
from render import stamp

import l0lib

HTML = ROOT / "_build" / "html"
BUILT = ROOT / "_build" / "pdf"
STYLE = pathlib.Path(__file__).with_name("pdf.css")
#: What a page is built with; `print.css` speaks to those who print a single page from their browser.
SHEETS = re.compile(r'<link[^>]*\bhref="([^"]+\.css)[^"]*"')
#: On screen only.
DROPPED = (
    "script, style, noscript, input, button, form.l0-answer, .headerlink, .l0-why, .l0-print-choice, .toggle-button, "
    ".l0-moves, #jb-print-docs-body, .bd-header-article, .prev-next-footer"
)


@dataclass
class Page:
    """A page of the site: its name, such as ``notebooks/04-zero-attraction``, the part it stands in, its article."""

    name: str
    part: str
    article: Tag
    sheets: list[str]
    answers: list[Tag] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """The title as plain text, with the chapter's number."""
        found = self.article.find("h1")
        return plain(found) if found else self.name


def plain(tag: Tag) -> str:
    """Return the text of a heading; of a formula what is seen of it."""
    tag = copy.copy(tag)
    for hidden in tag.select(".katex-mathml, .headerlink"):
        hidden.decompose()
    return " ".join(tag.get_text().split())


def parts() -> Iterator[tuple[str, str]]:
    """Yield the pages of ``_toc.yml`` in order, each with the caption of its part."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    yield toc["root"], ""
    for part in toc["parts"]:
        for page in part["chapters"]:
            yield page["file"], part["caption"]


def read(name: str, part: str) -> Page:
    """Read a built page."""
    text = (HTML / f"{name}.html").read_text(encoding="utf8")
    start = text.index("<article")
    article = BeautifulSoup(text[start : text.rindex("</article>") + 10], "html.parser").article
    assert isinstance(article, Tag)
    folder = posixpath.dirname(name)
    sheets = [posixpath.normpath(posixpath.join(folder, sheet)) for sheet in SHEETS.findall(text)]
    return Page(name, part, article, sheets)


def anchor(name: str, identifier: str = "") -> str:
    """Return the one id in the whole book of an id on a page; without it, of the page itself."""
    return f"{name.replace('/', '-')}--{identifier}"


def prepare(page: Page, code: bool) -> None:
    """Make paper of a page: what only a screen can show goes, what is folded opens, and answers are set aside."""
    article = page.article
    for tag in article.select(DROPPED):
        tag.decompose()
    if not code:
        for tag in article.select(".cell_input, details.above-input, details.below-input"):
            tag.decompose()
    for tag in article.select(".cell"):
        if not tag.get_text(strip=True) and not tag.select_one("img, svg, table, canvas"):
            tag.decompose()
    for tag in article.select("details"):
        tag["open"] = ""
    for tag in article.select("[loading]"):
        del tag["loading"]
    for tag in article.select(".katex"):
        # its words for screen readers would be copied beside it; what was written says as much, in half the boxes
        said = tag.select_one("annotation")
        tag["role"], tag["aria-label"] = "img", said.get_text().strip() if said else ""
        for hidden in tag.select(".katex-mathml"):
            hidden.decompose()
    page.answers = [tag.extract() for tag in article.select("div.solution")]
    for number, quiz in enumerate(article.select(".quiz"), 1):
        heading, answer = quiz.select_one(".admonition-title"), quiz.select_one(".dropdown:not(.hint)")
        if heading and answer:
            heading.string = f"Question {number}"
            if said := answer.select_one(".admonition-title"):
                said.string = f"Answer to question {number}"
            page.answers.append(answer.extract())


def connect(page: Page, known: set[str], root: str) -> None:
    """Give the ids of a page the page's name, and let its links and pictures lead to where they are now."""
    folder, taken = posixpath.dirname(page.name), set[str]()
    for top in (page.article, *page.answers):
        for tag in (top, *top.find_all(True)):
            if tag.get("id"):
                own = anchor(page.name, str(tag["id"]))
                if own in taken:  # the boxes of proofs and of exercises all have one, which nothing links to
                    del tag["id"]
                else:
                    tag["id"] = own
                    taken.add(own)
            for name in ("aria-labelledby", "aria-describedby", "for"):
                if tag.get(name):
                    tag[name] = anchor(page.name, str(tag[name]))
            if tag.name == "a" and tag.get("href"):
                relink(tag, page.name, folder, known)
            if tag.get("src") and not str(tag["src"]).startswith("data:"):
                tag["src"] = posixpath.join(root, posixpath.normpath(posixpath.join(folder, str(tag["src"]))))


def relink(tag: Tag, name: str, folder: str, known: set[str]) -> None:
    """Let a link lead to its place in the book; one that leads to a file of the site alone becomes text."""
    address = urlsplit(str(tag["href"]))
    if address.scheme or address.netloc:
        return
    target = posixpath.normpath(posixpath.join(folder, unquote(address.path))) if address.path else f"{name}.html"
    if target.endswith(".html") and target.removesuffix(".html") in known:
        tag["href"] = "#" + anchor(target.removesuffix(".html"), unquote(address.fragment))
    else:
        del tag["href"]


def contents(pages: Sequence[Page], numbers: dict[str, int], solutions: bool) -> str:
    """Return the table of contents; ``numbers`` says on which sheet the place of an id stands."""
    rows, part = [], None
    for page in pages:
        if page.part != part and page.part:
            part = page.part
            rows.append(f'<p class="toc-part">{html.escape(part)}</p>')
        for heading in page.article.select("h1, h2"):
            found = heading.find_parent(["section", "div"], id=True)
            key = anchor(page.name) if heading.name == "h1" else str(found["id"]) if found else ""
            if not key:
                continue
            title = copy.copy(heading)
            for tag in title.select("a"):
                tag.unwrap()
            rows.append(entry(heading.name, key, "".join(map(str, title.contents)).strip(), numbers))
    if solutions:
        rows.append(entry("h1", "solutions", "Solutions", numbers))
    return f'<nav class="l0-contents"><p class="toc-title">Contents</p>{"".join(rows)}</nav>'


def entry(level: str, key: str, inner: str, numbers: dict[str, int]) -> str:
    """Return a line of the contents."""
    dots = f'<span class="toc-dots"></span><span class="toc-page">{numbers.get(key, "")}</span>'
    return f'<p class="toc-{level}"><a href="#{key}"><span>{inner}</span>{dots}</a></p>'


def cover(title: str, root: str) -> str:
    """Return the first page: what the book is, and of which version."""
    facts = f"Version {l0lib.__version__} · commit {stamp()['L0LIB_BOOK_COMMIT']} · {stamp()['L0LIB_BOOK_DATE']}"
    name, _, rest = title.partition(": ")
    logo = f'<img src="{root}/_static/logo.svg" alt="">'
    licence = "Code: MIT licence. Prose and figures: CC BY 4.0."
    return f"""<header class="l0-title">{logo}<p class="name">{html.escape(name)}</p>
<p>{html.escape(rest)}</p><p class="facts">{facts}<br>{licence}</p></header>"""


def appendix(pages: Sequence[Page]) -> str:
    """Return the solutions of all pages, each page's under its title; nothing where there are none."""
    rows = []
    for page in pages:
        if page.answers:
            title = f'<a href="#{anchor(page.name)}">{html.escape(page.heading)}</a>'
            rows += [f'<section id="{anchor(page.name, "solutions")}"><h2>{title}</h2>', *map(str, page.answers)]
            rows.append("</section>")
    if not rows:
        return ""
    return (
        f'<section class="l0-page" id="solutions" style="page: solutions"><h1>Solutions</h1>{"".join(rows)}</section>'
    )


def assemble(pages: Sequence[Page], title: str, solutions: bool, root: str, numbers: dict[str, int]) -> str:
    """Return one HTML file of pages whose ids and links are those of the book already."""
    sheets = dict.fromkeys(sheet for page in pages for sheet in page.sheets)
    links = "".join(f'<link rel="stylesheet" href="{posixpath.normpath(posixpath.join(root, s))}">' for s in sheets)
    named, body = ['@page solutions { @top-right { content: "Solutions"; } }'], []
    for page in pages:
        name = "p" + re.sub(r"\W", "-", page.name)
        said = page.heading.replace("\\", "\\\\").replace('"', '\\"')
        named.append(f'@page {name} {{ @top-right {{ content: "{said}"; }} }}')
        body.append(f'<section class="l0-page" id="{anchor(page.name)}" style="page: {name}">{page.article}</section>')
    body.append(appendix(pages) if solutions else "")
    front = cover(title, root) + contents(pages, numbers, solutions) if len(pages) > 1 else ""
    return f"""<!doctype html>
<html lang="en" data-theme="light" data-mode="light">
<head>
<meta charset="utf-8">
<title>{html.escape(title)}</title>
{links}
<style>{STYLE.read_text(encoding="utf8")}{"".join(named)}</style>
</head>
<body>
{front}
<main class="bd-article l0-book{"" if front else " l0-handout"}">
{"".join(body)}
</main>
</body>
</html>
"""


def build(
    started: Any, names: Sequence[tuple[str, str]], target: pathlib.Path, title: str, code: bool, solutions: bool
) -> int:
    """Print pages, given with the parts they stand in, into ``target``; return the number of sheets.

    ``started`` is a Chromium. The HTML that is printed stays beside the target, in ``pages``.
    """
    known = {name for name, _ in names}
    source = target.parent / "pages" / f"{target.stem}.html"
    root = os.path.relpath(HTML, source.parent).replace(os.sep, "/")
    pages = []
    for name, part in names:
        page = read(name, part)
        prepare(page, code)
        connect(page, known, root)
        pages.append(page)
    written = functools.partial(assemble, pages, title, solutions, root)
    draft = source.with_suffix(".pdf")
    count = print_settled(started, written, source, draft, prefer_css_page_size=True, print_background=True)
    draft.replace(target)
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="pdf.py", description="Print the built book, or chapters as handouts.")
    parser.add_argument("--chapter", type=int, help="a chapter's number; else the whole book")
    parser.add_argument("--code", action="store_true", help="with the code of the cells")
    parser.add_argument("--solutions", action=argparse.BooleanOptionalAction, help="at the end: the book has them")
    given = parser.parse_args(arguments)
    names = list(parts())
    title, stem, solutions = "l0lib: compressing networks with a smoothed ℓ0 norm", "l0lib", given.solutions
    if given.chapter is not None:
        known = {chapter.number: chapter for chapter in bank.chapters()}
        if given.chapter not in known:
            parser.exit(2, f"chapter must be from {min(known)} to {max(known)}; got {given.chapter}\n")
        stem = known[given.chapter].stem
        names = [pair for pair in names if pair[0] == f"notebooks/{stem}"]
        title = f"{given.chapter}. {known[given.chapter].title}"
    elif solutions is None:
        solutions = True
    if not (HTML / "index.html").exists():
        parser.exit(1, "The book is not built: run `make book` first\n")
    if chromium() is None:
        parser.exit(1, f"{MISSING}\n")
    target = BUILT / f"{stem}{'-code' if given.code else ''}{'-solutions' if solutions and given.chapter else ''}.pdf"
    with browser() as started:
        count = build(started, names, target, title, given.code, bool(solutions))
    print(f"{count} pages: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
