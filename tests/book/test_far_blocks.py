"""What is far down a page is laid out when it comes near: which blocks, how much room they keep, where links land."""

import re

import pytest

from tests.book.pages import CHAPTERS
from tests.browser import extension, visit

LONG = "<p>" + "word " * 1000 + "</p>\n"  # 4,999 letters: 53 lines of a wide page, 114 of a phone


def page(*blocks):
    return f"<html><body><p>head</p><article><section>{LONG * 2}{''.join(blocks)}</section></article></body></html>"


def rooms(text):
    """Lines that blocks keep on a wide page and on a phone, by tag, in the order of the page."""
    found = re.findall(r'<(\w+)[^>]* data-far style="--l0-wide:([\d.e+]+);--l0-narrow:([\d.e+]+)"', text)
    return [(tag, float(wide), float(narrow)) for tag, wide, narrow in found]


@pytest.fixture(scope="module")
def left_out():
    return extension("far_blocks").left_out


def test_only_what_stands_below_two_screens_keeps_room_alone(left_out):
    assert rooms(left_out(f"<article><section>{LONG}</section></article>")) == []
    assert rooms(left_out(page())) == [("p", 53.4, 114.0)]


def test_a_page_is_else_as_it_was(left_out):
    text = page('<div class="cell docutils">a\n<pre>b</pre></div>', "<ul><li>c &amp; d</li></ul>")
    assert re.sub(r' data-far style="[^"]*"', "", left_out(text)) == text


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ('<ul class="simple"><li><p>one</p></li><li><p>two</p></li></ul>', (3.6, 3.6)),
        ('<div class="cell"><img src="a.svg" width="1056" height="528"></div>', (15.5, 13.1)),
        ('<div class="cell"><img src="a.svg" width="528" height="528"></div>', (20, 26.1)),
        ("<dl><table><tr><td>" + "x" * 100 + "</td></tr></table></dl>", (2.6, 4.6)),
        ('<div class="cell"><pre>1\n2\n3\n4\n</pre></div>', (3.4, 3.4)),
        ('<div class="admonition dropdown"><p class="admonition-title">Aims</p>' + LONG + "</div>", (1.4, 1.4)),
        ('<div class="cell"><details><summary>Code</summary><pre>1\n2\n3\n</pre></details></div>', (1, 1)),
        ('<div class="exercise on-page admonition"><p>What?</p></div>', (7.4, 7.4)),
        ('<p>a <span class="katex-mathml">' + "x" * 999 + '</span><span class="katex-html">x</span></p>', (1.4, 1.4)),
    ],
    ids=[
        "list",
        "wide picture",
        "picture",
        "table",
        "code",
        "folded box",
        "folded code",
        "answered on the page",
        "formula",
    ],
)
def test_room_is_what_is_seen(left_out, block, lines):
    assert [room[1:] for room in rooms(left_out(page(block)))[1:]] == [lines]


def test_a_picture_tells_its_size_and_keeps_what_it_had(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text('<?xml version="1.0"?>\n<svg width="300.5pt" height="75pt" viewBox="">')
    sized = extension("far_blocks").sized
    text = '<img alt="x > y" src="_images/a.svg" />'.replace(" > ", " &gt; ")
    assert sized(text, tmp_path / "a.html") == '<img width="401" height="100"' + text[4:]
    assert sized(sized(text, tmp_path / "a.html"), tmp_path / "a.html") == sized(text, tmp_path / "a.html")
    first, second = sized(2 * text, tmp_path / "a.html").split("/>")[:2]
    assert "loading" not in first
    assert second == '<img loading="lazy" width="401" height="100"' + text[4:-2]


@pytest.mark.parametrize("name", ["l0-place", "sb"])
def test_an_explorer_is_laid_out_at_once(left_out, name):
    cell = '<div class="cell">' + "<p>text</p>" * 9 + f'<div class="{name}"></div></div>'
    assert len(rooms(left_out(page(cell)))) == 1  # the long text before it


def test_nothing_else_has_the_mark(html):
    """Of the same name as another attribute it would fold what keeps no room, as it did the scoreboard's plots."""
    marks = 0
    for page in sorted(html.rglob("*.html")):
        text = "" if "_static" in page.parts else page.read_text("utf-8")
        found = re.findall(r"<\w+[^>]* data-far\b", text)
        assert len(found) == len(rooms(text)), page.name
        marks += len(found)
    assert marks > 1000


HEIGHTS = """() => {
  const parts = [...document.querySelectorAll("[data-far]")];
  const sum = () => parts.reduce((all, part) => all + part.getBoundingClientRect().height, 0);
  const kept = sum();
  for (const part of parts) part.style.contentVisibility = "visible";
  return [parts.length, kept / sum()];
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_room_is_about_the_height(chromium, book, width):
    for chapter in (page for page in CHAPTERS if re.search(r"/\d\d-", page)):
        with visit(chromium, f"{book}/{chapter}", viewport={"width": width, "height": 800}) as view:
            count, share = view.evaluate(HEIGHTS)
            assert count > 20, chapter
            assert 0.75 < share < 1.25, f"{chapter}: {count} blocks keep {share:.2f} of their height"


def test_a_link_far_down_lands_on_its_block(chromium, book):
    chapter = f"{book}/notebooks/04-zero-attraction.html"
    with visit(chromium, chapter) as view:
        found = view.evaluate(
            "[...document.querySelectorAll('[data-far][id], section[id], .math[id]')].map((e) => e.id)"
        )
    for target in found[:: len(found) // 6]:
        with visit(chromium, f"{chapter}#{target}") as view:
            view.wait_for_timeout(800)
            top, end = view.evaluate(
                "(id) => [document.getElementById(id).getBoundingClientRect().top,"
                " scrollY + innerHeight >= document.documentElement.scrollHeight - 2]",
                target,
            )
            assert end or 0 <= top <= 120, f"#{target} lands at {top:.0f} px"
