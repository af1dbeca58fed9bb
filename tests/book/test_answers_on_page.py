"""Formulas and numbers answered on the built pages, by keyboard and mouse, and what is kept of them on the device."""

import gzip
import json
import re

import pytest
from playwright.sync_api import expect

from l0lib.exercises import formulas
from tests.book.pages import PAGES
from tests.book.test_site import PHONE
from tests.browser import serve, until, visit

CHAPTER = "notebooks/04-zero-attraction.html"
MINE = "book/my-progress.html"
#: The chapter's exercises by id: their numbers follow what else the chapter asks.
BY_ID = {exercise["id"]: (number, exercise) for number, exercise in formulas.EXERCISES.items()}
STRICT = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self'"
READY = "(document.dispatchEvent(new Event('l0:answers')), document.documentElement.dataset.answersReady === '1')"
KEPT = "localStorage.getItem('l0-progress')"
MORE = 80_000  # bytes that a page with such exercises may weigh more, compressed


def form(view, name):
    until(view, READY)
    found = view.locator(f"#answer-{name}")
    found.scroll_into_view_if_needed()
    return found


def answer(view, name, text):
    """Type an answer, press Enter, and give the verdict's kind and words."""
    found = form(view, name)
    field = found.get_by_role("textbox")
    field.fill(text)
    field.press("Enter")
    view.wait_for_function("(id) => document.getElementById(id).dataset.verdict", arg=f"answer-{name}")
    return found.get_attribute("data-verdict"), found.get_by_role("status").inner_text()


def test_every_described_exercise_has_its_field(html):
    for page in PAGES:
        text = (html / page).read_text("utf8")
        asked = re.findall(r'class="[^"]*\bon-page\b[^"]*" id="ex-(\d+)-(\d+)"', text)
        fields = re.findall(r'<form class="l0-answer" id="answer-([\w-]+)" data-for="ex-(\d+)-(\d+)"', text)
        assert [field[1:] for field in fields] == asked
        assert {f"{a}.{b}" for a, b in asked} == {
            n for n in formulas.EXERCISES if page.startswith(f"notebooks/{int(n.split('.')[0]):02d}-")
        }
        for name, a, b in fields:
            assert formulas.EXERCISES[f"{a}.{b}"]["id"] == name


def test_only_pages_with_such_exercises_carry_them_and_they_weigh_little(html):
    script = (html / "_static/vendor/answers.iife.js").read_bytes()
    sheet = (html / "_static/answers.css").read_bytes()
    loader = (html / "_static/load-answers.js").read_bytes()
    with_some = 0
    for page in [*PAGES, "search.html"]:
        text = (html / page).read_text("utf8")
        some = "l0-answer-row" in text
        assert some == ("load-answers.js" in text) == ("answers.css" in text) == ('id="l0-answers"' in text), page
        if not some:
            continue
        with_some += 1
        own = re.search(r'<script type="application/json" id="l0-answers">.*?</script>', text, re.S)[0]
        bare = re.sub(r'<form class="l0-answer".*?</form>', "", text.replace(own, ""), flags=re.S)
        more = len(gzip.compress(text.encode(), 6)) - len(gzip.compress(bare.encode(), 6))
        more += sum(len(gzip.compress(part, 6)) for part in (script, sheet, loader))
        assert more <= MORE, (page, more)
    assert with_some == 16


def test_the_script_comes_when_a_field_is_near(chromium, book):
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        asked = []
        view.on("request", lambda r: asked.append(r.url) if "answers.iife" in r.url else None)
        view.wait_for_timeout(300)
        assert not asked
        assert view.locator("#answer-one-step-of-l0 input").is_disabled()
        view.locator("#answer-one-step-of-l0").evaluate("(e) => e.scrollIntoView()")
        until(view, "document.documentElement.dataset.answersReady === '1'")
        assert len(asked) == 1
        assert view.locator("#answer-one-step-of-l0 input").is_enabled()


@pytest.mark.parametrize("screen", [{"color_scheme": "light"}, {**PHONE, "color_scheme": "dark"}])
def test_a_formula_is_typeset_and_judged_under_a_strict_policy(chromium, html, screen):
    name = "one-step-of-l0"
    with (
        serve(html, **{"Content-Security-Policy": STRICT}) as base,
        visit(chromium, f"{base}/{CHAPTER}", **screen) as view,
    ):
        assert answer(view, name, "w - ηαβ sign(w) e^(-β|w|)") == ("right", "Right.")
        found = form(view, name)
        assert found.locator(".l0-typed math msup").count() == 1
        said = answer(view, name, "w - eta*alpha*beta*exp(-beta*w)")
        assert said[0] == "except"
        assert said[1].startswith("Right except where w ≤ 0. The pull points to zero from both sides")
        assert answer(view, name, "  ")[0] == "empty"
        assert found.get_by_role("textbox").get_attribute("aria-invalid") == "true"
        assert answer(view, name, "w - eta*(")[0] == "unreadable"
        assert answer(view, name, "w - eta*alpha*sign(w)*exp(-beta*abs(w))*beta/2")[0] == "wrong"
        assert view.evaluate("document.documentElement.scrollWidth") <= view.viewport_size["width"]
        field = found.get_by_role("textbox")
        field.fill("w + ")
        assert "no whole formula yet" in found.locator(".l0-typed").inner_text(), "said as it is typed"
        assert field.get_attribute("aria-invalid") == "false", "no verdict, no fault"
        assert found.get_attribute("data-verdict") == ""


def test_fields_are_accessible(chromium, book, axe):
    for theme in ("light", "dark"):
        with visit(chromium, f"{book}/{CHAPTER}", color_scheme=theme) as view:
            assert answer(view, "one-step-of-l0", "w")[0] == "wrong"
            assert answer(view, "factor-of-two-penalties", "1")[0] == "wrong"
            assert axe(view, "#answer-one-step-of-l0") == []
            assert form(view, "one-step-of-l0").get_by_role("status").count() == 1


def test_the_answer_is_given_by_keyboard_alone(chromium, book):
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        found = form(view, "patience-of-l2")
        found.get_by_role("textbox").focus()
        view.keyboard.type("1")
        view.keyboard.press("Tab")
        assert view.evaluate("document.activeElement.textContent") == "Check"
        view.keyboard.press("Enter")
        view.wait_for_function("document.querySelector('#answer-patience-of-l2').dataset.verdict")
        assert "too small" in found.get_by_role("status").inner_text()
        view.keyboard.press("Tab")
        assert view.evaluate("document.activeElement.textContent") == "New values"


def test_values_are_drawn_anew_on_request(chromium, book):
    number, exercise = BY_ID["patience-of-l2"]
    label = f"ex-{number.replace('.', '-')}"
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        found = form(view, "patience-of-l2")
        seen = set()
        for _ in range(4):
            found.get_by_role("button", name="New values").click()
            said = found.get_by_role("status").inner_text()
            values = [float(x) for x in re.findall(r"= ([\d.e-]+?)(?=, |\.$)", said)]
            at = dict(zip(exercise["symbols"], values, strict=True))
            assert all(at[name] in symbol["values"] for name, symbol in exercise["symbols"].items())
            given = view.locator(f"#{label} p", has_text="Given:").inner_text()
            assert all(f"{x:g}" in given for x in values)
            right = formulas.evaluate(exercise["answer"], at)
            assert answer(view, "patience-of-l2", f"{right:.4f}")[0] == "right"
            assert answer(view, "patience-of-l2", f"{1.5 * right:.4f}")[0] == "wrong"
            seen.add(said)
        assert len(seen) > 1


def test_without_javascript_the_exercise_and_its_solution_remain(chromium, book):
    number, _ = BY_ID["one-step-of-l0"]
    label = f"ex-{number.replace('.', '-')}"
    with visit(chromium, f"{book}/{CHAPTER}", java_script_enabled=False) as view:
        exercise = view.locator(f"#{label}")
        exercise.scroll_into_view_if_needed()  # what is far off reads as empty, until the next frame
        expect(exercise).to_contain_text("Where does it come to stand?", use_inner_text=True)
        assert not view.locator("#answer-one-step-of-l0").is_visible()
        solution = view.locator(".solution", has_text="has the derivative")
        assert solution.locator("pre").is_visible()


def keep(view):
    switch = view.get_by_role("switch", name="Keep my answers on this device")
    switch.scroll_into_view_if_needed()
    switch.check()


def test_nothing_is_kept_before_the_reader_agrees(chromium, book):
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        assert answer(view, "one-step-of-l0", "w")[0] == "wrong"
        assert view.evaluate(KEPT) is None
        keep(view)
        kept = json.loads(view.evaluate(KEPT))["answers"]["answer-one-step-of-l0"]
        assert kept["value"] == {"text": "w", "seed": 0}, "what was answered before on this page comes along"
        assert kept["right"] is False
        view.get_by_role("switch").uncheck()
        assert view.evaluate(KEPT) is None


def test_answers_come_back_and_my_progress_counts_them(chromium, book, tmp_path):
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        keep(view)
        assert answer(view, "pull-at-equal-swing", "exp(-beta*abs(w))")[0] == "right"
        assert answer(view, "one-step-of-l0", "w")[0] == "wrong"
        again = form(view, "patience-of-l2").get_by_role("button", name="New values")
        again.click()
        values = form(view, "patience-of-l2").get_by_role("status").inner_text()
        assert answer(view, "patience-of-l2", "1")[0] == "wrong"
        quiz = view.locator(".admonition.quiz").first
        quiz.scroll_into_view_if_needed()
        right = int(re.search(r"answer-(\d+)", quiz.get_attribute("class"))[1])
        quiz.locator("input[type=radio]").nth(right - 1).check()
        guess = view.locator(".admonition.predict").first
        guess.scroll_into_view_if_needed()
        if guess.locator("textarea").count():
            guess.locator("textarea").fill("ℓ0 first")
        else:
            guess.locator("input[type=radio]").first.check()
        guess.get_by_role("button", name="Lock my guess").click()

        view.goto(f"{book}/{MINE}")
        row = view.locator(".l0-progress-table tbody tr", has_text="Zero attraction")
        cells = row.locator("td").all_inner_texts()
        assert cells[1] == "1 of 6, 2 tried"
        assert cells[2].startswith("1 of ")
        assert cells[3].startswith("1 of ")
        assert view.get_by_role("switch").is_checked()
        with view.expect_download() as saving:
            view.get_by_role("button", name="Save to a file").click()
        file = tmp_path / "mine.json"
        saving.value.save_as(file)
        assert len(json.loads(file.read_text())["answers"]) == 5

        view.goto(f"{book}/{CHAPTER}")
        assert form(view, "pull-at-equal-swing").get_attribute("data-answered") == "right"
        assert form(view, "one-step-of-l0").get_by_role("textbox").input_value() == "w"
        given = view.locator(".exercise", has=view.locator("#answer-patience-of-l2")).locator("p", has_text="Given:")
        for value in re.findall(r"= ([\d.]+?)(?=, |\.$)", values):
            assert value in given.text_content(), "the drawn values come back"
        assert view.locator(".admonition.quiz").first.get_attribute("data-answered") == "right"
        assert view.locator(".admonition.predict").first.get_attribute("data-answered")

        view.goto(f"{book}/{MINE}")
        clear = view.get_by_role("button", name="Clear", exact=True)
        clear.click()
        assert row.locator("td").nth(1).inner_text() == "1 of 6, 2 tried", "it asks first"
        view.get_by_role("button", name="Clear for good?").click()
        assert row.locator("td").nth(1).inner_text() == "0 of 6"
        view.get_by_label("Read from a file").set_input_files(file)
        view.wait_for_function("document.querySelector('.l0-progress-said').textContent.startsWith('Read: 5 of 5')")
        assert row.locator("td").nth(1).inner_text() == "1 of 6, 2 tried"
        junk = tmp_path / "junk.json"
        junk.write_text('{"version": 7}')
        view.get_by_label("Read from a file").set_input_files(junk)
        view.wait_for_function(
            "document.querySelector('.l0-progress-said').textContent.includes('no file of progress')"
        )
        assert row.locator("td").nth(1).inner_text() == "1 of 6, 2 tried"


@pytest.mark.parametrize(
    "rubbish", ["", "no JSON", "[]", '{"version": 1}', '{"version": 1, "answers": {"answer-one-step-of-l0": 3}}']
)
def test_rubbish_in_the_store_hurts_nobody(chromium, book, rubbish):
    with visit(chromium, f"{book}/{CHAPTER}") as view:
        view.evaluate("(text) => localStorage.setItem('l0-progress', text)", rubbish)
        view.reload()
        assert answer(view, "one-step-of-l0", "w")[0] == "wrong"


BLOCKED = (
    "Object.defineProperty(window, 'localStorage', { configurable: true, get() { throw new Error('blocked'); } });"
)


def test_it_works_where_storage_is_blocked(chromium, book):
    with visit(chromium, f"{book}/404.html", ready=None) as view:
        view.context.add_init_script(BLOCKED)
        view.goto(f"{book}/{CHAPTER}")
        keep(view)
        assert "as long as this page" in view.locator(".l0-progress-said").inner_text()
        assert answer(view, "pull-at-equal-swing", "exp(-beta*abs(w))")[0] == "right"
        view.goto(f"{book}/{MINE}")
        assert view.locator(".l0-progress-table tbody tr").count() >= 16


def test_my_progress_reads_without_javascript(chromium, book, html):
    with visit(chromium, f"{book}/{MINE}", java_script_enabled=False) as view:
        row = view.locator(".l0-progress-table tbody tr", has_text="Zero attraction").locator("td").all_inner_texts()
        text = (html / CHAPTER).read_text("utf8")
        counted = [
            len(re.findall(rf'<(?:div|form) class="(?:[^"]* )?{name}[ "]', text))
            for name in ("l0-answer", "quiz", "predict")
        ]
        assert [int(cell) for cell in row[1:]] == counted
