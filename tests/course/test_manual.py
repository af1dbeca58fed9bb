"""The instructor's manual: every chapter has its hour, every value is computed, and it lands where no reader looks."""

import re

import pypdf
import pytest
from bs4 import BeautifulSoup

from tests.browser import ROOT, tool

bank, manual, printing = tool("bank"), tool("manual"), tool("printing")


@pytest.fixture(scope="module")
def body():
    return manual.written()


@pytest.fixture(scope="module")
def text(body):
    return " ".join(BeautifulSoup(body, "html.parser").get_text(" ").split())


def test_every_chapter_has_its_hour_in_order(body):
    heads = [head.get_text() for head in BeautifulSoup(body, "html.parser").select("h2")]
    chapters = [f"{chapter.number}. {chapter.title}" for chapter in bank.chapters()]
    assert [head for head in heads if head in chapters] == chapters


def test_each_hour_says_aims_questions_stumbles_and_exams(body):
    hours = re.split(r"<h[12] ", body)
    for chapter in bank.chapters():
        hour = next(part for part in hours if f">{chapter.number}. {chapter.title}<" in part)
        for word in ("Afterwards a student can", "In an exam:", "Where they stumble."):
            assert word in hour, (chapter.title, word)
        assert re.search(r"Ask[.,]|Predict|predict", hour), chapter.title


def test_plans_fill_fifty_minutes_without_a_gap():
    """One for each chapter, the primer and the scoreboard too: the first page of the manual promises it."""
    hours = [
        hour
        for path in sorted(manual.SOURCE.glob("*.md"))
        for hour in re.split(r"^(?=## )", path.read_text("utf8"), flags=re.M)
        if hour.startswith("## [[title(")
    ]
    assert len(hours) == len(bank.chapters()) + 2
    for hour in hours:
        plans = re.findall(r"^\| Minutes \| What \|\n\|---\|---\|\n((?:\|.*\n)+)", hour, re.M)
        assert len(plans) == 1, hour.splitlines()[0]
        spans = [tuple(map(int, span)) for span in re.findall(r"^\| (\d+)–(\d+) \|", plans[0], re.M)]
        assert len(spans) == plans[0].count("\n")
        assert [0, *(end for _, end in spans)] == [*(start for start, _ in spans), 50]


def test_nothing_is_left_of_the_marks(body):
    soup = BeautifulSoup(body, "html.parser")
    for code in soup.select("code, .katex"):
        code.decompose()
    assert not re.search(r"\[\[|\{run\}|\$|\*\*", soup.get_text())


def test_what_the_records_say_is_what_the_book_says(text):
    from l0lib.chapters import in_words

    for ask in in_words.QUESTIONS:
        assert " ".join(str(ask()).split()) in text, ask.__name__
    assert all(path.read_text("utf8").splitlines()[0].lstrip("# ") in text for path in manual.PROJECTS.glob("*.md"))


def test_commands_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text("utf8")
    told = "".join(path.read_text("utf8") for path in manual.SOURCE.glob("*.md"))
    targets = set(re.findall(r"`?make (\w+)", told))
    assert {"sheet", "projects", "pdf"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.M)] == []


def test_a_folder_without_parts_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(manual, "ROOT", tmp_path)
    monkeypatch.setattr(manual, "SOURCE", tmp_path)
    with pytest.raises(ValueError, match="must hold the parts of the manual; got none"):
        manual.written()


def test_contents_name_the_pages_on_which_headings_stand(chromium, tmp_path):
    """The same way as the book's, on three pages: what is printed is counted, not guessed."""
    body = "".join(f'<h1 id="part-{n}">Part {n}</h1><p>{"word " * 900 * n}</p>' for n in (1, 2, 3))

    def page(numbers):
        return manual.document("T", f"{manual.STYLE}{manual.contents(body, numbers)}<main>{body}</main>")

    target = tmp_path / "t.pdf"
    count = printing.print_settled(chromium, page, tmp_path / "t.html", target, **printing.NUMBERED)
    pages = [sheet.extract_text() for sheet in pypdf.PdfReader(target).pages]
    assert len(pages) == count > 4
    told = dict(re.findall(r"Part (\d)\s*(\d+)", pages[0]))
    assert told == {
        str(n): str(next(i for i, p in enumerate(pages, 1) if i > 1 and f"Part {n}" in p)) for n in (1, 2, 3)
    }


def test_contents_that_never_settle_are_told(chromium, tmp_path):
    turns = iter(range(100))

    def page(numbers):
        return f'<p><a href="#x">x</a></p>{"<p style=break-after:page>y</p>" * next(turns)}<p id="x">here</p>'

    with pytest.raises(RuntimeError, match=r"t\.html did not come to rest in 4 prints"):
        printing.print_settled(chromium, page, tmp_path / "t.html", tmp_path / "t.pdf", **printing.NUMBERED)
    assert not (tmp_path / "t.pdf").exists()
