"""The figures of the built pages: of the page's theme, dark and light on paper, with letters that can be read."""

import io
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from l0lib.experiments.arms import STUDIES
from l0lib.figures import DARK
from tests.book.pages import CHAPTERS, PAGES
from tests.browser import visit

#: Pixels of the smallest letters.
LEAST = 11
#: Matplotlib draws a word as outlines of a hundred units, in a group of its own that scales them.
WORD = re.compile(r'<g id="text_\d+">\s*(?:<!--.*?-->)?\s*<g[^>]*\bscale\(([\d.]+) -[\d.]+\)', re.S)
SHOWN = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  return [...document.querySelectorAll('.bd-article img[src*="_images/"][src$=".svg"]')]
    .filter((i) => !i.closest(".l0-cards")).map((i) => [i.src, i.clientWidth]).filter(([, wide]) => wide);
}"""


def points(svg):
    """Sizes of the words in a picture of Matplotlib's, in its own units."""
    return [100 * float(scale) for scale in WORD.findall(svg)]


@cache
def smallest(path: Path):
    svg = path.read_text("utf-8")
    return min(points(svg), default=None), float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=["desk", "phone"])
@pytest.mark.parametrize("page", CHAPTERS)
def test_no_letter_of_a_figure_is_too_small(chromium, book, html, page, size):
    """Powers and indices are smaller than the letters they stand beside, as everywhere in print."""
    with visit(chromium, f"{book}/{page}", viewport=size) as view:
        view.add_style_tag(content="* { content-visibility: visible !important; }")
        small = {}
        for address, wide in view.evaluate(SHOWN):
            least, units = smallest(html / unquote(urlparse(address).path).lstrip("/"))
            if least is not None and least * wide / units < LEAST:
                small[address.rsplit("/", 1)[-1][:12]] = round(least * wide / units, 2)
    assert not small, f"letters of less than {LEAST} pixels: {small}"


def test_the_letters_of_a_figure_are_measured():
    from l0lib import figures

    target = io.StringIO()
    figure = figures.first_look()
    figure.axes[0].set_title("small", fontsize=4)
    figure.savefig(target, format="svg")
    assert min(points(target.getvalue())) == pytest.approx(4)
    assert max(points(target.getvalue())) == pytest.approx(10)


def test_every_figure_has_both_schemes(html):
    drawn = [path for path in (html / "_images").glob("*.svg") if 'id="figure_1"' in path.read_text("utf-8")]
    assert len(drawn) > 40
    for path in drawn:
        svg = path.read_text("utf-8")
        assert "prefers-color-scheme:dark" in svg, path.name
        assert not re.search(r'style="[^"]*: #[0-9a-f]{6}', svg), "a colour that follows no theme"


def corner(view, picture):
    image = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    return image.getpixel((2, 2)), image.convert("L").getextrema()


def test_a_figure_is_dark_on_a_dark_page_and_light_on_paper(chromium, book):
    with visit(chromium, f"{book}/notebooks/05-at-zero.html", color_scheme="dark") as view:
        picture = view.locator('.picture img[src$=".svg"]').nth(1)
        picture.scroll_into_view_if_needed()
        view.wait_for_timeout(200)
        ground, (darkest, brightest) = corner(view, picture)
        page = view.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page == f"rgb{ground}"
        assert "#" + "".join(f"{part:02x}" for part in ground) == DARK["back"]
        assert brightest - darkest > 150
        view.evaluate("document.documentElement.dataset.theme = 'light'")
        view.wait_for_timeout(200)
        assert corner(view, picture)[0] == (255, 255, 255), "the reader's choice, not the system's"
        view.evaluate("document.documentElement.dataset.theme = 'dark'")
        view.emulate_media(media="print")
        view.wait_for_timeout(200)
        assert corner(view, picture)[0] == (255, 255, 255)


def run_names():
    names = {arm for study in STUDIES.values() for arm in study.arms("full") if "-" in arm}
    return re.compile(rf"(?<![\w./+-])(?:{'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})(?![\w+-])")


#: Where the names of files, arms and studies belong: in code, in what it prints, and where a number's origin is told.
CODE = "script, style, template, code, pre, .highlight, .provenance"
ORIGIN = re.compile(r"\bcommit [0-9a-f]{7}")


def visible(text):
    soup = BeautifulSoup(text, "html.parser")
    for part in soup.select(CODE):
        part.decompose()
    for cell in soup.select("td, p"):
        if ORIGIN.search(cell.get_text()):
            cell.decompose()
    said = [tag[name] for tag in soup.find_all(True) for name in ("alt", "aria-label", "title") if tag.get(name)]
    return "\n".join([soup.get_text(" "), *said])


def test_names_of_runs_are_found_where_they_are_read_alone():
    told = "<p>ResNet-20, NORM</p><code>resnet-20-NORM</code><td>experiment-3: resnet-20-NORM, commit 1234567</td>"
    assert not run_names().search(visible(told))
    for wrong in ("<p>by resnet-20-NORM</p>", '<img alt="cifar10-4e-06, pruned">', "<td>l2+l0-GP</td>"):
        assert run_names().search(visible(wrong)), wrong


@pytest.mark.parametrize("page", PAGES)
def test_readers_meet_no_name_of_a_run(html, page):
    text = visible((html / page).read_text("utf-8"))
    found = {*run_names().findall(text), *re.findall(r"\bexperiment-\d\b", text)}
    assert not found, f"what l0lib.labels names for readers stands on the page as it is called in files: {found}"
