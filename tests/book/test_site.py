"""The built pages in a real browser, all other hosts refused: they load, read, answer and print."""

import io
import json
import re
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from tests.book.pages import CHAPTERS, PAGES
from tests.browser import ARGUMENTS, CHROMIUM, extension, until, visit
from tests.widgets.ask import settle

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SITE = [*PAGES, "search.html", "404.html"]


@pytest.mark.parametrize("page", SITE)
def test_a_page_loads_whole_and_can_be_read_on_a_phone(chromium, book, page):
    """`visit` itself fails on a foreign or failed request, a console message and a script error.

    Figures keep a readable size, no formula runs under its number, and what scrolls is reached by keyboard.
    """
    frames = "[...document.querySelectorAll('.bd-article :is(.picture, div.math)')]"
    wide = f"{frames}.filter((e) => e.scrollWidth > e.clientWidth + 1)"
    with visit(chromium, f"{book}/{page}", **PHONE) as view:
        view.wait_for_timeout(200)
        width = view.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"scrolls sideways: {width} px"
        assert view.locator("h1").count() >= 1
        printed = "found => found.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
        assert view.eval_on_selector_all(".output.stream pre", printed) == [], "printed lines that are cut off"
        if page not in CHAPTERS:
            return
        view.add_style_tag(content="* { content-visibility: visible !important; }")
        for width in view.eval_on_selector_all(".picture img", "found => found.map((i) => i.clientWidth)"):
            assert width == 0 or width >= 600  # 0: the still picture under a live explorer
        view.wait_for_function(f"{wide}.every((e) => e.tabIndex === 0 && e.getAttribute('aria-label'))")
        overrun = view.eval_on_selector_all(
            "div.math:has(> .eqno)",
            """found => found.filter((e) => {
                const last = [...e.querySelector('.katex-html').children].at(-1);
                return last.getBoundingClientRect().right > e.querySelector('.eqno').getBoundingClientRect().left + 1;
            }).map((e) => e.id)""",
        )
        assert overrun == []


@pytest.mark.parametrize("page", SITE)
def test_a_page_is_accessible_in_both_themes(chromium, book, axe, page):
    with visit(chromium, f"{book}/{page}", color_scheme="light") as view:
        for theme in ("light", "dark"):
            view.emulate_media(color_scheme=theme)
            settle(view)
            view.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")  # colours that fade over
            if page != "404.html":
                assert view.evaluate("document.documentElement.dataset.theme") == theme
            found = axe(view, colours=theme == "dark")
            assert found == [], "\n".join([theme, *found])


FIND = """(tex) => [...document.querySelectorAll(".bd-article .katex")].find(
    (e) => e.checkVisibility() && e.querySelector("annotation").textContent.trim() === tex)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_formulas_keep_their_hats_in_forced_colours(chromium, book, scheme):
    """The ink of a formula: what differs from the paper's colour by more than half of all there is."""
    ink = {}
    for colours in ("none", "active"):
        address = f"{book}/notebooks/06-what-a-loss-saves.html"
        with visit(chromium, address, color_scheme=scheme, forced_colors=colours) as view:
            for tex in (r"\hat v", r"w^* = \hat u/\beta"):
                hat = view.evaluate_handle(FIND, tex).as_element()
                hat.scroll_into_view_if_needed()
                settle(view)
                grey = np.asarray(Image.open(io.BytesIO(hat.screenshot())).convert("L")).astype(int)
                ink[colours, tex] = int((abs(grey - np.median(grey)) > 110).sum())
    for tex in (r"\hat v", r"w^* = \hat u/\beta"):
        assert ink["none", tex] > 15
        assert ink["active", tex] >= 0.9 * ink["none", tex], ink


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reads_without_javascript(chromium, book, page):
    with visit(chromium, f"{book}/{page}", java_script_enabled=False) as view:
        article = view.locator("article").inner_text()
        assert len(article) > 300
        for answer in view.locator(".admonition.quiz").all():
            assert answer.locator("ol li").first.is_visible()


@pytest.mark.parametrize("page", CHAPTERS)
def test_quizzes_and_folded_answers_work_by_keyboard(chromium, book, page):
    with visit(chromium, f"{book}/{page}") as view:
        boxes = view.locator(".admonition.quiz")
        looked_up = ("index", "scoreboard", "claims-ledger", "running-at-scale")
        if page not in {f"notebooks/{name}.html" for name in looked_up}:
            assert boxes.count() >= 3
        for box in boxes.all():
            box.scroll_into_view_if_needed()  # off screen the browser lays nothing out, and its text reads as empty
            view.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            right = int(re.search(r"answer-(\d+)", box.get_attribute("class")).group(1))
            radios = box.locator("input[type=radio]")
            explanation = box.locator(".quiz-explanation")
            assert radios.count() >= 2
            assert box.locator("fieldset > legend").inner_text().strip()
            assert not explanation.is_visible()
            assert explanation.locator("button").count() == 0
            radios.first.focus()
            view.keyboard.press("Space")
            for chosen in range(1, radios.count() + 1):
                assert radios.nth(chosen - 1).is_checked()
                said = box.locator("[role=status]").inner_text()
                assert said.startswith("Right") == (chosen == right)
                assert explanation.is_visible() == (chosen >= right), "a wrong answer does not bring it"
                view.keyboard.press("ArrowDown")
        folded = view.locator(".toggle-hidden:not(.quiz-explanation)")
        before = folded.count()
        if before:
            button = folded.first.locator("button.toggle-button").first
            button.focus()
            view.keyboard.press("Enter")
            assert folded.count() == before - 1


def test_search_finds_a_word(chromium, book):
    with visit(chromium, f"{book}/search.html?q=swing") as view:
        view.wait_for_selector("#search-results li a")
        links = view.eval_on_selector_all("#search-results li a", "found => found.map((a) => a.href)")
        assert any("05-at-zero" in link for link in links)


@pytest.mark.parametrize(("words", "found"), [("__proto__", 0), ("valueOf", 0), ("constructor", 1)])
def test_search_takes_every_word_for_a_word(chromium, book, words, found):
    """Sphinx looks words up in plain objects, which have a constructor of their own."""
    with visit(chromium, f"{book}/search.html?q={quote(words)}") as view:
        view.wait_for_function("document.querySelector('#search-results .search-summary')?.innerText")
        assert bool(view.locator("#search-results li a").count()) == bool(found)


@pytest.fixture(scope="module")
def forgetful(chromium, tmp_path_factory):
    """A Chromium that keeps no site data: to look at localStorage is an error there."""
    profile = tmp_path_factory.mktemp("profile")
    (profile / "Default").mkdir()
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    launch = chromium.browser_type.launch_persistent_context
    made = launch(str(profile), executable_path=CHROMIUM, args=ARGUMENTS)
    yield made
    made.close()


def test_search_and_theme_work_where_site_data_is_blocked(chromium, forgetful, book):
    address, found = f"{book}/search.html?q=beta", "document.querySelector('.search-summary')?.innerText"
    with visit(chromium, address) as view:
        view.wait_for_function(found)
        expected = view.locator("#search-results ul.search > li").count()
    errors: list[str] = []
    view = forgetful.new_page()
    view.on("pageerror", lambda error: errors.append(str(error)))
    view.goto(address)
    view.wait_for_function(found)
    assert view.locator("#search-results ul.search > li").count() == expected > 5
    modes = []
    for _ in range(3):
        view.locator("button.theme-switch-button:visible").first.click()
        modes.append(view.evaluate("document.documentElement.dataset.mode"))
    assert sorted(modes) == ["auto", "dark", "light"]
    assert errors == []


def test_search_shows_a_formula_once(chromium, book):
    """Not its MathML, its TeX source and its drawing in a row."""
    with visit(chromium, f"{book}/search.html?q=lambert") as view:
        view.wait_for_selector("#search-results li p.context")
        assert "\\" not in "".join(view.locator("#search-results p.context").all_inner_texts())


def test_search_and_pages_work_from_disk(chromium, html):
    with visit(chromium, f"{(html / 'search.html').as_uri()}?q=swing") as view:
        view.wait_for_selector("#search-results li a")
    with visit(chromium, (html / "notebooks/04-zero-attraction.html").as_uri()) as view:
        assert view.locator(".katex").count() > 10


def test_the_theme_must_measure_in_one_place():
    calm = extension("lean_pages").without_measuring
    ends = (
        'window.addEventListener("resize",t),new MutationObserver(t).observe(document.getElementById("main-content"),'
    )
    assert calm(f"f(){{{ends}{{subtree:!0,childList:!0}}),e()}}") == "f(){}"
    with pytest.raises(ValueError, match="in one place what scrolls; got 0"):
        calm("")


def test_what_scrolls_is_reached_by_keyboard_once_it_is_laid_out(chromium, book):
    """The theme asks everything at once, which lays out the whole page before its first explorer answers."""
    with visit(chromium, f"{book}/notebooks/10-hundredfold.html", **PHONE) as view:
        scrolls = """[...document.querySelectorAll(".bd-article :is(pre, .cell_output > .output)")]
            .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth)"""
        assert view.evaluate(f"{scrolls}.some((e) => e.tabIndex < 0)"), "what is far down was not asked yet"
        view.add_style_tag(content="* { content-visibility: visible !important; }")
        assert view.evaluate(f"{scrolls}.length") > 1
        until(view, f"{scrolls}.every((e) => e.tabIndex === 0)")


def test_pictures_far_down_come_when_they_are_near_and_all_of_them_on_paper(chromium, book):
    pictures = "[...document.querySelectorAll('main img[src$=\".svg\"]')]"
    there = "((e) => e.complete && e.naturalWidth > 0)"
    with visit(chromium, f"{book}/notebooks/10-hundredfold.html") as view:
        until(view, f"{there}({pictures}[0])")
        assert not view.evaluate(f"{there}({pictures}.at(-1))")
        view.evaluate(f"{pictures}.at(-1).scrollIntoView()")
        until(view, f"{there}({pictures}.at(-1))")
    with visit(chromium, f"{book}/notebooks/10-hundredfold.html") as view:
        assert not view.evaluate(f"{pictures}.every({there})")
        view.evaluate("dispatchEvent(new Event('beforeprint'))")
        until(view, f"{pictures}.every({there})")


def test_print_is_in_the_light_theme(chromium, book):
    with visit(chromium, f"{book}/{CHAPTERS[0]}", color_scheme="dark") as view:
        theme = "document.documentElement.dataset.theme"
        assert view.evaluate(theme) == "dark"
        view.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert view.evaluate(theme) == "light"
        view.evaluate("dispatchEvent(new Event('afterprint'))")
        assert view.evaluate(theme) == "dark"
