"""Chromium as a printer: where it is found, and how HTML becomes PDF. What is printed twice is equal to the byte."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pypdf

from l0lib._files import write_atomically

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "No PDF: Chromium was not found. Install it, or name yours: CHROMIUM=/path/to/it"
#: Prints until the numbers of pages in the contents hold: the second does, unless the contents have grown by a page.
PRINTS = 4
#: Sheets and handouts: A4, with the page's number below.
FOOT = '<div style="font-size: 8pt; width: 100%; text-align: center"><span class="pageNumber"></span></div>'
NUMBERED = {
    "format": "A4",
    "margin": {"top": "18mm", "bottom": "20mm", "left": "20mm", "right": "20mm"},
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": FOOT,
}


def chromium() -> str | None:
    """Return the path of Chromium or Chrome, or the one that the variable ``CHROMIUM`` names."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, which asks no other host, and end it."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield started
        finally:
            started.close()


def print_pdf(source: pathlib.Path, target: pathlib.Path) -> None:
    """Print an HTML file with a Chromium of its own: see :func:`print_with`."""
    with browser() as started:
        print_with(started, source, target)


def print_with(browser: Any, source: pathlib.Path, target: pathlib.Path, **options: Any) -> None:
    """Print an HTML file, its scripts not run, with outline and tags: on A4 with page numbers, or as ``options`` say.

    The time of printing is left out. ``target`` is written when all of it is there.
    """
    opened = browser.new_page(java_script_enabled=False)
    try:
        opened.set_default_timeout(0)  # a whole book takes its time
        opened.goto(source.resolve().as_uri())
        found = opened.pdf(tagged=True, outline=True, **(options or NUMBERED))
    finally:
        opened.close()
    write_atomically(target, undated(found))


def print_settled(
    browser: Any, written: Callable[[dict[str, int]], str], source: pathlib.Path, target: pathlib.Path, **options: Any
) -> int:
    """Print HTML whose contents say on which page each place stands, and return the number of pages.

    ``written`` returns the HTML for a page number by id. The first print finds the numbers, and the next one has them,
    until they stay as they are. ``source`` keeps the HTML.

    Raises
    ------
    RuntimeError
        If the numbers move with each print.
    """
    numbers: dict[str, int] = {}
    for _ in range(PRINTS):
        write_atomically(source, written(numbers).encode("utf8"))
        print_with(browser, source, target, **options)
        before, (numbers, count) = numbers, places(target)
        if numbers == before:
            return count
    target.unlink()
    raise RuntimeError(f"{source.name} did not come to rest in {PRINTS} prints")


def places(pdf: pathlib.Path) -> tuple[dict[str, int], int]:
    """Return the page on which each place stands that a link leads to, by id, and the number of pages."""
    reader = pypdf.PdfReader(pdf)
    found = ((name, reader.get_destination_page_number(place)) for name, place in reader.named_destinations.items())
    return {unquote(name.lstrip("/")): page + 1 for name, page in found if page is not None}, len(reader.pages)


def undated(pdf: bytes) -> bytes:
    """Return a PDF that was made at the turn of the century; its length stays, since it lists where its parts begin."""

    def same_length(found: re.Match[bytes]) -> bytes:
        kept = b"/" + found[1] + b" (D:20000101000000"
        return kept.ljust(len(found[0]) - 1) + b")"

    return re.sub(rb"/(CreationDate|ModDate) ?\(D:\d{14}[^)]*\)", same_length, pdf)
