"""What helps a reader along: the first screen, contents, search, cards, guesses and hints, paper."""

import re
from urllib.parse import quote

import pytest

from tests.book.pages import CHAPTERS
from tests.browser import visit

NUMBERED = [page for page in CHAPTERS if re.search(r"/\d\d-", page)]
DESK, PHONE = {"viewport": {"width": 1280, "height": 800}}, {"viewport": {"width": 390, "height": 800}}
LANDING = "notebooks/index.html"
#: In the order of the page.
PARTS = (".l0-measured", ".l0-doors", ".l0-pad", ".l0-costs", ".l0-headlines", ".l0-cards")


def test_the_first_screen_has_a_number_the_digit_and_three_ways_on(chromium, book):
    with visit(chromium, f"{book}/{LANDING}", **DESK) as view:
        for part in PARTS[:-1]:
            box = view.locator(part).bounding_box()
            assert box["y"] + box["height"] <= 800, part
        assert re.search(r"\d,\d{3} of its \d{3},\d{3}", view.locator(".l0-measured").inner_text())
        assert view.locator(".l0-doors a").count() == 3
        assert view.locator(".l0-headlines a[href^='scoreboard.html#']").count() == 3
        assert "The dense network says" in view.locator(".l0-key").inner_text()


@pytest.mark.parametrize("screen", [DESK, PHONE])
def test_the_landing_has_one_order_and_nothing_is_cut(chromium, book, screen):
    with visit(chromium, f"{book}/{LANDING}", **screen) as view:
        tops = [view.locator(part).first.bounding_box()["y"] for part in PARTS]
        assert tops == sorted(tops)
        wide = view.eval_on_selector_all(
            "article :is(p, ul, canvas, table, .sd-card)",
            "(found) => found.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className)",
        )
        assert wide == []


def test_a_card_tells_minutes_and_whether_something_moves(chromium, book):
    with visit(chromium, f"{book}/{LANDING}") as view:
        cards = view.locator(".l0-cards .sd-card")
        assert cards.count() >= len(NUMBERED)
        for card in cards.all():
            assert re.search(r"\b\d+ min", card.inner_text())
        first = view.locator(".sd-card", has_text="Zero attraction")
        assert "moves" in first.inner_text()
        assert first.locator("img").count() == 1


@pytest.mark.parametrize("page", NUMBERED)
def test_a_chapter_opens_with_a_claim_a_picture_and_a_row_of_facts(chromium, book, page):
    with visit(chromium, f"{book}/{page}", **DESK) as view:
        claim = view.locator("article h1 + p").first
        assert 30 < len(claim.inner_text()) < 200
        picture = view.locator("article :is(.jupyter-widgets, figure img)").locator("visible=true").first
        assert claim.bounding_box()["y"] < picture.bounding_box()["y"] < 500
        row = view.locator(".l0-facts li").all_inner_texts()
        assert re.fullmatch(r"\d+ min of reading", row[0])
        shown = view.locator("article script[type='application/vnd.jupyter.widget-view+json']").count()
        assert (f"{shown} explorer{'s' * (shown != 1)}" in row) == bool(shown)
        asked = view.locator("article .exercise.admonition").count()
        assert f"{asked} exercises" in row
        assert row[-1].startswith("needs ")
        aims = view.locator(".admonition", has_text="Before you start").first
        assert "toggle-hidden" in aims.get_attribute("class")


def test_the_contents_mark_the_section_in_view(chromium, book):
    with visit(chromium, f"{book}/notebooks/05-at-zero.html", **DESK) as view:
        marked = view.locator(".page-toc a[aria-current=true]")
        assert marked.count() == 0, "above the first section none is read"
        links = view.locator(".page-toc > ul > li > a")
        for place in (0, 2, links.count() - 1):
            target = links.nth(place).get_attribute("href")
            view.evaluate("(id) => document.querySelector(id).scrollIntoView()", target)
            view.wait_for_function(
                "(id) => document.querySelector('.page-toc a[aria-current=true]')?.getAttribute('href') === id",
                arg=target,
            )
            assert marked.count() == 1


def results(view):
    view.wait_for_function("document.querySelector('#search-results .search-summary')?.innerText")
    view.wait_for_timeout(300)
    return view.eval_on_selector_all("#search-results li > a", "(found) => found.map((a) => a.getAttribute('href'))")


@pytest.mark.parametrize("words", ["playground", "penalty", "scoreboard"])
def test_search_ranks_pages_above_the_reference(chromium, book, words):
    address = f"{book}/search.html?q={words}"
    with visit(
        chromium, address, allowed=(address,)
    ) as view:  # the theme warns of functions without a block of their own
        found = results(view)
        assert found[0].startswith(("notebooks/", "book/glossary"))
        reference = [place for place, link in enumerate(found) if link.startswith("book/api.html")]
        assert all(link.startswith("book/") for link in found[min(reference, default=len(found)) :])
    if words != "penalty":
        assert found[0].startswith(f"notebooks/{words}.html")


@pytest.mark.parametrize(
    ("words", "page"),
    [("359", "10-hundredfold"), ("266,610", "01-why"), ("266610", "01-why"), ("359×", "10-hundredfold")],
)
def test_search_finds_a_number(chromium, book, words, page):
    with visit(chromium, f"{book}/search.html?q={quote(words)}") as view:
        found = results(view)
        assert any(link.startswith(f"notebooks/{page}") for link in found), found


def test_search_finds_what_an_explorer_shows(chromium, book):
    """The word stands in no text: a still picture says it of the explorer."""
    with visit(chromium, f"{book}/search.html?q=cobweb+histogram+orbit") as view:
        assert any(link.startswith("notebooks/05") for link in results(view))


SYMBOL = """(tex) => [...document.querySelectorAll("article p .katex")].find(
    (e) => e.checkVisibility() && e.querySelector("annotation").textContent === tex)"""


def hover(view, link):
    link.scroll_into_view_if_needed()
    link.hover()
    card = view.locator(".l0-card")
    card.wait_for()
    return card


def test_cards_show_equations_sources_and_symbols(chromium, book):
    with visit(chromium, f"{book}/notebooks/05-at-zero.html", **DESK) as view:
        card = hover(view, view.locator("article p a[href^='#equation-']").first)
        assert card.locator(".katex").count() >= 1
        assert card.locator("[id], a, button").count() == 0
        view.keyboard.press("Escape")
        assert view.locator(".l0-card").count() == 0
        card = hover(view, view.locator("article a[href*='bibliography.html#']").first)
        assert re.search(r"\b(19|20)\d\d\b", card.inner_text())
        view.keyboard.press("Escape")
        view.mouse.move(2, 2)
        link = view.locator("article p a[href^='#equation-']").first
        link.focus()
        view.locator(".l0-card").wait_for()
        assert link.get_attribute("aria-describedby") == "l0-card"
        view.keyboard.press("Escape")
        assert "magnitude" in hover(view, view.evaluate_handle(SYMBOL, "w_c").as_element()).inner_text()


@pytest.mark.parametrize(
    ("named", "shown"), [("#prop-swing", ".proof.proposition"), ("#prop-settle", ".proof.theorem"), ("#fig-az-", "img")]
)
def test_cards_show_what_a_link_with_a_number_names(chromium, book, named, shown):
    with visit(chromium, f"{book}/notebooks/05-at-zero.html", **DESK) as view:
        link = view.locator(f"article p a[href^='{named}']:visible").first
        card = hover(view, link)
        assert card.locator(shown).count() == 1
        assert card.locator(".caption-number").first.inner_text().strip() == link.inner_text()


def test_every_kind_of_box_has_its_icon(chromium, book):
    icon = "(e) => getComputedStyle(e.querySelector(':scope > .admonition-title'), '::after').maskImage"
    kinds = ("predict", "quiz", "exercise", "solution", "proposition", "note")
    with visit(chromium, f"{book}/notebooks/05-at-zero.html") as view:
        icons = [view.locator(f".admonition.{kind}").first.evaluate(icon) for kind in kinds]
        assert all(found.startswith('url("data:image/svg+xml') for found in icons)
        proof = "(e) => getComputedStyle(e, '::before').maskImage"
        icons.append(view.locator(".proof.admonition:not(.proposition, .theorem)").first.evaluate(proof))
        assert len(set(icons)) == len(kinds) + 1


def test_a_wrong_answer_gets_a_hint_and_the_solution_comes_on_request(chromium, book):
    with visit(chromium, f"{book}/{NUMBERED[0]}") as view:
        box = view.locator(".admonition.quiz").first
        right = int(re.search(r"answer-(\d+)", box.get_attribute("class")).group(1))
        wrong = 1 if right > 1 else 2
        solve = box.get_by_role("button", name="Show the solution")
        assert not solve.is_visible()
        box.locator("input[type=radio]").nth(wrong - 1).check()
        assert box.locator("[role=status]").inner_text().startswith("Not this one. Hint: ")
        assert not box.locator(".quiz-explanation").is_visible()
        solve.focus()
        view.keyboard.press("Enter")
        assert box.locator(".quiz-explanation").is_visible()
        assert view.evaluate("document.activeElement.classList.contains('quiz-explanation')"), "and it is read"


#: Notes on the page what boxes say, as whoever keeps state does.
LISTEN = "addEventListener('l0:answered', ({detail}) => (window.told ??= []).push(detail))"
SEND = "(box, [name, detail]) => box.dispatchEvent(new CustomEvent(name, {detail}))"
PREDICT = """<div class="predict {} admonition" id="predict-made"><p class="admonition-title">Predict</p><p>Which?</p>
  <ol><li><p>the <em>first</em></p></li><li><p>the second</p></li></ol>
  <div class="admonition dropdown toggle-hidden"><p class="admonition-title">Look</p><p>The second.</p>
  <button class="toggle-button">Show</button></div></div>"""


def made(view, book, right=""):
    """Put a box with options into the page as it would be built."""
    view.evaluate(LISTEN)
    view.evaluate(
        "(made) => document.querySelector('article').insertAdjacentHTML('beforeend', made)", PREDICT.format(right)
    )
    view.add_script_tag(url=f"{book}/_static/predict.js?again")
    view.evaluate("dispatchEvent(new Event('DOMContentLoaded'))")
    return view.locator("#predict-made")


@pytest.mark.parametrize("screen", [DESK, PHONE])
def test_predict_locks_the_guess_and_shows_it_beside_what_happened(chromium, book, screen):
    with visit(chromium, f"{book}/notebooks/04-zero-attraction.html", **screen) as view:
        view.evaluate(LISTEN)
        name = view.locator(".admonition.predict:has(textarea)").first.get_attribute("id")
        box = view.locator(f"#{name}")
        answer = box.locator(".predict-answer")
        assert not answer.is_visible(), "no answer before the guess"
        assert box.locator(".toggle-button").count() == 0, "and no other way to open it"
        box.get_by_role("button", name="Lock my guess").click()
        assert "Guess first" in box.locator("[role=status]").inner_text()
        assert not answer.is_visible()
        box.get_by_label("Your guess").fill("ℓ1 wins <b>")
        view.keyboard.press("Tab")
        view.keyboard.press("Enter")
        assert "ℓ1 wins <b>" in box.locator(".predict-guess").inner_text()
        assert answer.is_visible()
        assert not box.get_by_role("textbox").is_visible(), "what is locked stays"
        read = view.locator(":focus")
        assert read.get_attribute("aria-label") == "Your guess, and what happened"
        assert read.get_attribute("role") == "group"
        assert view.evaluate("told") == [
            {"id": name, "kind": "predict", "value": "ℓ1 wins <b>", "right": None, "shown": True}
        ]
        guess, happened = box.locator(".predict-guess").bounding_box(), answer.bounding_box()
        if screen is DESK:
            assert guess["x"] + guess["width"] <= happened["x"]
        else:
            assert guess["y"] + guess["height"] <= happened["y"]


def test_whoever_cannot_guess_sees_the_answer_too(chromium, book):
    with visit(chromium, f"{book}/notebooks/04-zero-attraction.html") as view:
        view.evaluate(LISTEN)
        box = view.locator(".admonition.predict").first
        box.get_by_role("button", name="Show it without a guess").focus()
        view.keyboard.press("Enter")
        assert box.locator(".predict-answer").is_visible()
        assert box.get_attribute("data-answered") == "none"
        assert [told["value"] for told in view.evaluate("told")] == [None]


@pytest.mark.parametrize(("right", "state"), [("", "given"), ("answer-1", "right"), ("answer-2", "wrong")])
def test_predict_offers_the_options_that_it_lists_and_says_which_one_came(chromium, book, right, state):
    with visit(chromium, f"{book}/book/how-to-use.html") as view:
        box = made(view, book, right)
        assert not box.locator(".predict-answer").is_visible()
        box.get_by_label("the first").focus()
        view.keyboard.press("Space")
        box.get_by_role("button", name="Lock my guess").click()
        assert box.locator(".predict-guess em").inner_text() == "first"
        assert box.get_attribute("data-answered") == state
        verdict = {"given": [], "right": ["That is what happened."], "wrong": ["It came otherwise."]}[state]
        assert box.locator(".predict-verdict").all_inner_texts() == verdict
        told = view.evaluate("told")
        right = {"given": None, "right": True, "wrong": False}[state]
        assert told == [{"id": "predict-made", "kind": "predict", "value": 1, "right": right, "shown": True}]


def test_a_guess_can_be_given_back_and_cleared_without_a_word(chromium, book):
    with visit(chromium, f"{book}/book/how-to-use.html") as view:
        box = made(view, book, "answer-2")
        for nonsense in (0, 3, 1.5, "two", {}):
            box.evaluate(SEND, ["l0:restore", {"value": nonsense}])
            assert box.get_attribute("data-answered") is None
        box.evaluate(SEND, ["l0:restore", {"value": 2}])
        assert box.get_attribute("data-answered") == "right"
        assert box.locator(".predict-answer").is_visible()
        box.evaluate(SEND, ["l0:clear", None])
        assert box.get_attribute("data-answered") is None
        assert not box.locator(".predict-answer").is_visible()
        assert box.locator("input:checked").count() == 0
        assert view.evaluate("window.told") is None
        assert view.evaluate("document.activeElement === document.body"), "nor does the focus move"


def test_a_quiz_tells_each_choice_and_takes_it_back(chromium, book):
    with visit(chromium, f"{book}/{NUMBERED[0]}") as view:
        view.evaluate(LISTEN)
        box = view.locator(".admonition.quiz").first
        name, right = box.get_attribute("id"), int(re.search(r"answer-(\d+)", box.get_attribute("class")).group(1))
        wrong = 1 if right > 1 else 2
        box.locator("input").nth(wrong - 1).check()
        box.get_by_role("button", name="Show the solution").click()
        box.locator("input").nth(right - 1).check()
        told = [(it["id"], it["kind"], it["value"], it["right"], it["shown"]) for it in view.evaluate("told")]
        assert told == [
            (name, "quiz", wrong, False, False),
            (name, "quiz", wrong, False, True),
            (name, "quiz", right, True, True),
        ]
        box.evaluate(SEND, ["l0:clear", None])
        assert box.locator("input:checked").count() == 0
        assert not box.locator(".quiz-explanation").is_visible()
        box.evaluate(SEND, ["l0:restore", {"value": wrong, "shown": False}])
        assert box.get_attribute("data-answered") == "wrong"
        assert not box.locator(".quiz-explanation").is_visible()
        box.evaluate(SEND, ["l0:restore", {"value": wrong, "shown": True}])
        assert box.locator(".quiz-explanation").is_visible()
        box.evaluate(SEND, ["l0:restore", {"value": 99}])
        assert box.locator("input:checked").get_attribute("value") == str(wrong)
        assert len(view.evaluate("told")) == 3


@pytest.mark.parametrize("page", CHAPTERS)
def test_every_question_has_a_name_that_stays(html, page):
    """Under it a device keeps what was answered: it is written in the chapter, and no number of it."""
    text = (html / page).read_text("utf8")
    boxes = re.findall(r'<div class="(quiz|predict)\b[^"]*\badmonition"([^>]*)>', text)
    assert len(boxes) >= 3 or re.search(r"index|scoreboard|claims-ledger|running-at-scale", page)
    for kind, more in boxes:
        assert re.search(rf'\bid="{kind}-[a-z0-9]+(-[a-z0-9]+)*"', more), more


def test_paper_keeps_numbers_breaks_boxes_and_fits_tables(chromium, book):
    with visit(chromium, f"{book}/notebooks/10-hundredfold.html", viewport={"width": 700, "height": 1000}) as view:
        choice = view.get_by_label("Print the solutions too")
        assert choice.is_visible()
        view.emulate_media(media="print")
        assert view.locator("article h1").inner_text().startswith("10.")
        assert not view.locator("#jb-print-docs-body h1").is_visible()
        boxes = "(found) => [...new Set(found.map((e) => getComputedStyle(e).breakInside))]"
        assert view.eval_on_selector_all(".cell, .cell_output, .admonition, article table", boxes) == ["auto"]
        wide = "(found) => found.filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.innerText)"
        assert view.eval_on_selector_all("article table", wide) == []
        solution = view.locator(".solution.admonition").first
        assert not solution.is_visible()
        view.emulate_media(media="screen")
        choice.check()
        view.emulate_media(media="print")
        assert solution.is_visible()
