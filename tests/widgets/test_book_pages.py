"""The explorers as the built book carries them: live, light, one copy of their script, and right on every page."""

import re

import pytest
from fontTools.ttLib import TTFont

from bench.widgets import visited
from tests.browser import explorer_pages, visit
from tests.widgets.ask import ASK, settle
from tests.widgets.reference import CHECK, decode

KINDS = set(CHECK)
WEIGHT = 0.55e6  # bytes over the wire, compressed as a pages host does
SHIFT = 0.1


@pytest.fixture(scope="session")
def pages(html):
    found = explorer_pages(html)
    assert found, "no page of the book has an explorer"
    return found


def test_all_five_kinds_stand_in_the_book(html, pages):
    text = "".join((html / page).read_text("utf-8") for page in pages)
    assert set(re.findall(r'"kind": ?"(\w+)"', text)) >= KINDS


SCRIPTS = {"explorers": "L0Explorers", "playground": "L0Playground"}


def test_script_and_picture_stand_once(html, pages):
    for page in pages:
        text = (html / page).read_text("utf-8")
        views = len(re.findall('"_view_name": ?"AnyView"', text))
        uses = {name: text.count(f'"_esm":"{script}"') for name, script in SCRIPTS.items()}
        assert sum(uses.values()) == views, page
        for name, times in uses.items():
            assert text.count(f"vendor/{name}.iife.js") == bool(times), f"{page} loads what it uses, once"
        assert text.count('class="l0-fallback"') >= views, page
        assert text.count(".l0-key{") <= 1, page


def test_every_slider_of_every_page_moves_the_curve_as_numpy_says(chromium, book, pages):
    for path in pages:
        with visit(chromium, f"{book}/{path}") as page:
            for box in page.locator(".l0-explorer").all():
                view = box.locator(".l0-view")
                for handle in [None, *box.locator(".noUi-handle").all()]:
                    if handle is not None:
                        if not handle.is_visible():
                            continue
                        before = view.evaluate("(e) => JSON.stringify(e.l0.vals())")
                        handle.focus()
                        page.keyboard.press("ArrowLeft")
                        settle(page)
                        if before == view.evaluate("(e) => JSON.stringify(e.l0.vals())"):  # it stood at its lowest
                            page.keyboard.press("ArrowRight")
                            settle(page)
                        assert before != view.evaluate("(e) => JSON.stringify(e.l0.vals())")
                    answer = decode(view.evaluate(ASK))
                    CHECK[answer["kind"]](answer["vals"], answer["data"])


def test_pages_are_light_and_still(chromium, book, pages):
    """With all that the explorers need; and at first, when none of them is near, without their code."""
    for path in [*pages, "notebooks/index.html"]:
        found = visited(chromium, f"{book}/{path}")
        assert found["bytes"] <= WEIGHT, (path, found["bytes"])
        assert found["shift"] <= SHIFT, (path, found["shift"])
        loaded = [address.rsplit("/", 1)[-1] for address in found["at first"]]
        assert not {"searchindex.js", "fa-solid-900.woff2"} & set(loaded), path
        if found["far"]:
            assert "widgets-slim.js" not in loaded, path
            assert not [name for name in loaded if name.startswith("explorer-")], "no still picture of a live explorer"


def test_a_search_has_its_index(html):
    assert "searchindex.js" in (html / "search.html").read_text("utf-8")


def test_every_icon_of_a_page_is_in_the_font(html):
    """The font holds the icons of the pages and of the style sheets that need it, and few others."""
    text = "".join(path.read_text("utf-8") for path in html.rglob("*.html"))
    sheet = (html / "_static/styles/pydata-sphinx-theme.css").read_text("utf-8")
    drawn = TTFont(html / "_static/vendor/fontawesome/webfonts/fa-solid-900.woff").getBestCmap()
    names = set(re.findall(r"\bfa-[a-z-]+", text)) - {"fa-solid", "fa-lg"}
    assert len(names) > 5
    for name in names:
        code = re.search(rf'\.{name}:before[^{{]*\{{content:"([^"]+)"', sheet)[1]
        assert (int(code[1:], 16) if code.startswith("\\") else ord(code)) in drawn, name
    assert len(drawn) < 60


def test_without_javascript_every_explorer_is_a_picture(chromium, book, pages):
    for path in pages:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{book}/{path}")
        pictures = page.locator(".l0-fallback img")
        assert pictures.count() > 0
        for picture in pictures.all():
            assert picture.is_visible()
            assert len(picture.get_attribute("alt")) > 80
        context.close()


def test_paper_gets_the_picture(chromium, book, pages):
    with visit(chromium, f"{book}/{pages[0]}") as page:
        assert page.locator(".l0-explorer").first.is_visible()
        page.emulate_media(media="print")
        assert not page.locator(".l0-explorer").first.is_visible()
        assert page.locator(".l0-fallback img").first.is_visible()


def test_a_printed_page_has_loaded_the_picture(chromium, book, pages):
    """On screen a live explorer's picture is never asked for; paper waits for it."""
    with visit(chromium, f"{book}/{pages[0]}") as page:
        asked = []
        page.on("requestfinished", lambda r: asked.append(r.url) if "/explorer-" in r.url else None)
        page.wait_for_timeout(200)
        assert not asked
        page.pdf()
        assert asked
        loaded = "(i) => i.complete && i.naturalWidth > 400"
        assert page.locator(".l0-fallback img").first.evaluate(loaded)


def test_a_page_opened_from_disk_is_live(chromium, html, pages):
    with visit(chromium, (html / pages[0]).as_uri()) as page:
        assert page.locator(".l0-view").count() == page.locator(".l0-explorer").count() > 0


def test_address_restores_on_a_page_of_the_book(chromium, book, pages):
    with visit(chromium, f"{book}/{pages[0]}") as page:
        handle = page.locator(".l0-explorer .noUi-handle:visible").first
        handle.focus()
        page.keyboard.press("PageUp")
        page.wait_for_function("location.search.length > 1")
        address, wanted = page.url, decode(page.locator(".l0-view").first.evaluate(ASK))["vals"]
    with visit(chromium, address) as page:
        assert decode(page.locator(".l0-view").first.evaluate(ASK))["vals"] == wanted
        assert not page.locator(".l0-notice:visible").count()


@pytest.mark.parametrize("from_disk", [False, True])
def test_a_drawn_digit_is_read_by_both_networks_of_the_book(chromium, book, html, pages, from_disk):
    path = "notebooks/11-does-it-pay.html"  # on the landing the dense network follows the first stroke by itself
    assert path in pages
    with visit(chromium, (html / path).as_uri() if from_disk else f"{book}/{path}") as page:
        loaded = []
        page.on("request", lambda r: None if r.url.endswith("favicon.svg") else loaded.append(r.url))
        pad = page.locator(".l0-pad")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        for i, (x, y) in enumerate([(0.22, 0.22), (0.73, 0.22), (0.6, 0.43), (0.5, 0.82)]):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
            if i == 0:
                page.mouse.down()
        page.mouse.up()
        settle(page)
        assert page.locator(".l0-key", has_text="The compressed network says 7 (").count() == 1
        assert not loaded, "nothing more is needed for the compressed network"
        page.get_by_role("button", name="Run the dense network too").click()
        page.locator(".l0-key", has_text="The dense network says 7 (").wait_for()
        assert len(loaded) == 1
