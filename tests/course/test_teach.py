"""The page Teach: its plans name every chapter, and each prepared view opens as it was prepared."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from l0lib.widgets import explorers
from tests.browser import ROOT, tool, visit

bank = tool("bank")
TEXT = (ROOT / "book" / "teach.md").read_text("utf8")
LINKS = [html.unescape(link) for link in re.findall(r'<a href="([^"]+)"', TEXT)]
THEORY = {
    kind.kind: {setting.name: setting for setting in kind.declared}
    for kind in vars(explorers).values()
    if isinstance(kind, type) and getattr(kind, "kind", "") and kind.__module__ == explorers.__name__
}


def settings(link):
    """The settings of a prepared view, as pairs of ``kind.name`` and text."""
    return parse_qsl(urlsplit(link).query, keep_blank_values=True, strict_parsing=bool(urlsplit(link).query))


def test_the_term_goes_through_every_chapter_in_order():
    term = TEXT.split("## A term")[1].split("## ")[0]
    stems = re.findall(r"^\| \d+ \| \[\]\(\.\./notebooks/([\w-]+)\.ipynb\)", term, re.M)
    assert stems == [chapter.stem for chapter in bank.chapters()]


def test_what_it_says_of_the_course_folder_is_so():
    assert len(bank.read()) > 60
    assert all((ROOT / path).exists() for path in re.findall(r"`(course/[\w/]+)`", TEXT))
    assert len(list((ROOT / "course/projects").glob("*.md"))) == 4
    assert "A public repository hides nothing" in TEXT


def test_nothing_of_the_lecturers_is_on_the_site(html):
    """Neither a file of that name, nor a heading of a worked answer, nor a line of the manual."""
    files = [path.relative_to(html).as_posix() for path in html.rglob("*") if path.is_file()]
    assert [path for path in files if "instructor" in path] == []
    own = ROOT / "course/instructor"
    lines = [re.search(r"^# (.+)$", path.read_text("utf8"), re.M)[1] for path in (own / "projects").glob("*.md")]
    assert len(lines) == 4
    for path in (own / "manual").glob("*.md"):
        lines += [line for line in re.split(r"[*_`$\n|]|\[\[", path.read_text("utf8")) if len(line) > 60]
    assert len(lines) > 100
    text = " ".join("".join(path.read_text("utf8") for path in html.rglob("*.html")).split())
    assert [line for line in lines if line.strip() in text] == []


@pytest.mark.parametrize("link", [link for link in LINKS if "?" in link])
def test_each_setting_is_one_that_its_control_can_hold(link):
    """Those of explorers whose settings depend on records are looked at in the browser below."""
    for name, text in settings(link):
        kind, setting = name.split(".")
        if kind not in THEORY:
            assert kind == "compression_ratio"
            continue
        declared = THEORY[kind][setting]
        value = {"true": True, "false": False}[text] if declared.kind == "check" else text
        declared.validate(value if declared.kind in ("check", "choice") else float(text))


OPENED = """(wanted) => [...document.querySelectorAll('.l0-view')]
    .filter((view) => view.dataset.key === wanted).map((view) => view.querySelector('.l0-notice').hidden)"""


@pytest.mark.parametrize("link", LINKS)
def test_a_prepared_view_opens_without_a_word_of_refusal(chromium, book, link):
    with visit(chromium, f"{book}/{link.removeprefix('../')}") as view:
        if fragment := urlsplit(link).fragment:
            assert view.locator(f"[id='{fragment}']").count() == 1
        assert view.evaluate("[...document.querySelectorAll('.l0-notice')].every((e) => e.hidden)")
        for key in {name.split(".")[0] for name, _ in settings(link)}:
            assert view.evaluate(OPENED, key) == [True]


def test_a_view_that_cannot_be_set_is_told(chromium, book):
    """So the test above could fail."""
    with visit(chromium, f"{book}/notebooks/04-zero-attraction.html?trajectories.beta=3.2") as view:
        assert view.evaluate(OPENED, "trajectories") == [False]
