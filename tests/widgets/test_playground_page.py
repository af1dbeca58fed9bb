"""The playground in a real browser: it trains, prunes, recovers, can be shared, and keeps to what was asked of it."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from l0lib.playground import view
from l0lib.widgets import Playground
from tests.browser import visit
from tests.widgets.ask import settle
from tests.widgets.conftest import ROOT, write_page

STEP = "document.querySelector('.pg').l0.machine()?.step"
WEIGHTS = "(arm) => Array.from(document.querySelector('.pg').l0.machine().nets[arm].p)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("playground")
    write_page(made, [Playground()])
    (made / "_static" / "digits").mkdir(parents=True)
    shutil.copy(ROOT / "book" / "assets" / "digits" / "digits.js", made / "_static" / "digits")
    return made


@pytest.fixture
def page(chromium, address):
    with visit(chromium, address) as page:
        ready(page)
        yield page


def ready(page):
    page.wait_for_function("document.querySelector('.pg')?.l0?.machine()")
    page.evaluate("document.querySelector('.pg').l0.ready")


def until(page, step):
    page.wait_for_function(f"{STEP} >= {step}", timeout=60_000)


def ours(words, arm):
    return np.concatenate([p.ravel() for p in view.run(words).networks[arm].parameters])


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def press(page, name):
    """Click a button, and wait for the picture that follows."""
    button(page, name).click()
    settle(page)


def slide(page, label, value):
    """Type a value beside a slider."""
    field = page.get_by_label(f"{label}, as a number")
    field.fill(str(value))
    field.press("Enter")
    settle(page)


def test_it_stands_still_until_asked_and_steps_one_by_one(page):
    page.wait_for_timeout(200)
    assert page.evaluate(STEP) == 0
    press(page, "Step")
    press(page, "Step")
    assert page.evaluate(STEP) == 2
    np.testing.assert_allclose(page.evaluate(WEIGHTS, "b"), ours({"steps": 2}, "b"), atol=1e-12)


def test_it_plays_and_pauses_and_begins_anew(page):
    button(page, "Play").click()
    until(page, 50)
    press(page, "Pause")
    at = page.evaluate(STEP)
    page.wait_for_timeout(200)
    assert page.evaluate(STEP) == at
    expect(page.locator(".pg-count")).to_contain_text(f"Step {at}, epoch {at // 16}")
    np.testing.assert_allclose(page.evaluate(WEIGHTS, "a"), ours({"steps": at}, "a"), atol=1e-9)
    button(page, "Reset").click()
    page.wait_for_function(f"{STEP} === 0")


def test_a_scene_trains_stops_and_says_what_to_look_at(page):
    page.get_by_label("steps in each picture").select_option("100")
    button(page, "1. Why ℓ2 alone won't prune").click()
    page.wait_for_function(f"{STEP} === 1500 && !document.querySelector('.pg').l0.playing()", timeout=90_000)
    expect(page.locator(".pg-scene")).to_contain_text("slide the compression ratio")
    said = [page.locator(f"[data-arm={arm}] .pg-numbers").inner_text() for arm in "ab"]
    shares = [float(text.split("test accuracy ")[1].split(" %")[0]) for text in said]
    assert shares[1] > shares[0] + 10
    assert "pruned 6.31×" in said[0]


def test_the_slider_traces_both_networks_and_pruning_holds(page):
    page.get_by_label("steps in each picture").select_option("20")
    button(page, "Play").click()
    until(page, 200)
    press(page, "Pause")
    for ratio in (2, 3.98, 10):
        slide(page, "compression ratio", ratio)
    before = page.evaluate(STEP)
    expect(page.locator("[data-arm=a] .pg-numbers")).to_contain_text("pruned 10×")
    assert np.count_nonzero(page.evaluate(WEIGHTS, "a")) > 300  # the network itself is whole
    press(page, "Prune and fine-tune")
    assert np.count_nonzero(page.evaluate(WEIGHTS, "a")) == 354 // 10
    button(page, "Play").click()
    until(page, before + 40)
    press(page, "Pause")
    assert np.count_nonzero(page.evaluate(WEIGHTS, "b")) <= 354 // 10
    expect(page.locator("[data-arm=b] .pg-numbers")).to_contain_text("fine-tuned")
    press(page, "Take the pruning back")
    assert page.evaluate(STEP) == before
    assert np.count_nonzero(page.evaluate(WEIGHTS, "a")) > 300


def test_a_link_makes_the_same_networks_again(page, chromium, address):
    page.get_by_label("penalty, network A").select_option("l1")
    page.get_by_label("steps in each picture").select_option("20")
    button(page, "Play").click()
    until(page, 60)
    slide(page, "α of ℓ0, network B", 0.0001)  # while it plays
    until(page, 100)
    press(page, "Pause")
    slide(page, "compression ratio", 3.98)
    press(page, "Prune and fine-tune")
    press(page, "Step")
    page.wait_for_function("location.search.includes('prune')")
    query = page.evaluate("location.search")
    want = {arm: page.evaluate(WEIGHTS, arm) for arm in "ab"}
    with visit(chromium, address + query) as other:
        ready(other)
        for arm in "ab":
            assert other.evaluate(WEIGHTS, arm) == want[arm]
        assert other.get_by_label("penalty, network A").input_value() == "l1"
        assert other.get_by_label("α of ℓ0, network B, as a number").input_value() == "0.0001"


def test_an_address_that_cannot_be_shown_is_said_and_the_rest_taken(chromium, address):
    with visit(chromium, f"{address}?playground.task=rings&playground.rate=7&playground.colour=blue&x=1") as page:
        ready(page)
        said = page.locator(".pg .l0-notice").inner_text()
        assert "rate must be a value of its slider" in said
        assert "there is no setting colour" in said
        assert page.get_by_label("task").input_value() == "rings"


def test_digits_come_on_demand_from_disk_too(chromium, folder):
    with visit(chromium, (folder / "index.html").as_uri()) as page:
        ready(page)
        page.get_by_label("task").select_option("digits")
        page.wait_for_function("document.querySelector('.pg').l0.machine().data.inputs === 64")
        press(page, "Step")
        np.testing.assert_allclose(page.evaluate(WEIGHTS, "b"), ours({"task": "digits", "steps": 1}, "b"), atol=1e-12)
        assert not page.get_by_label("noise", exact=True).is_visible()


def test_divergence_is_said_and_never_drawn(page):
    page.get_by_label("momentum").select_option("0.9")
    slide(page, "learning rate η", 1)
    slide(page, "α of ℓ2, network A", 0.1)
    page.get_by_label("activation").select_option("relu")
    page.evaluate(
        "const m = document.querySelector('.pg').l0.machine(); m.nets.a.p.fill(1e160); m.nets.b.p.fill(1e160)"
    )
    button(page, "Play").click()
    page.wait_for_function("document.querySelector('[data-arm=a] .pg-numbers').innerText.includes('diverged')")
    assert page.get_by_role("button", name="Play", exact=True).is_visible()  # it stopped by itself
    assert "NaN" not in page.locator(".pg").inner_text()
    button(page, "Reset").click()
    page.wait_for_function("!document.querySelector('[data-arm=a] .pg-numbers').innerText.includes('diverged')")


def test_it_stops_where_nobody_sees_it(page):
    page.evaluate("document.body.style.paddingTop = '6000px'")
    page.evaluate("document.querySelector('.pg').l0.run(true)")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    at = page.evaluate(STEP)
    page.wait_for_timeout(500)
    assert page.evaluate(STEP) == at
    page.evaluate("document.querySelector('.pg').scrollIntoView()")
    page.wait_for_function(f"{STEP} > {at}")


def test_motion_is_spared_where_it_is_unwelcome(chromium, address):
    with visit(chromium, address, reduced_motion="reduce") as page:
        ready(page)
        frames = "document.querySelector('.pg').l0.stats.frames"
        button(page, "Play").click()
        first, since = page.evaluate(f"[{frames}, performance.now()]")
        page.wait_for_timeout(2000)
        last, now = page.evaluate(f"[{frames}, performance.now()]")
        assert last - first <= (now - since) / 500 + 1
        assert last > first


def test_the_keyboard_is_enough(page):
    button(page, "Play").focus()
    page.keyboard.press("Enter")
    until(page, 10)
    page.keyboard.press("Space")
    slider = page.get_by_label("compression ratio", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("compression ratio, as a number").input_value() == "1.12"
    assert slider.get_attribute("aria-valuetext") == "1.12"


def test_a_screen_reader_is_told_what_happens(page):
    press(page, "Step")
    page.evaluate("document.querySelector('.pg').l0.run(false)")
    settle(page)
    said = page.locator(".pg > [role=status]").text_content()
    assert "Network A, ℓ2: test accuracy" in said
    assert "Network B, ℓ2+ℓ0" in said
    for picture in page.locator(".pg canvas").all():
        assert len(picture.get_attribute("aria-label")) > 10


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_in_both_themes(page, axe, theme):
    page.evaluate("(t) => { document.documentElement.dataset.theme = t }", theme)
    button(page, "Python script").click()
    settle(page)
    assert axe(page, ".pg") == []


def test_a_phone_needs_no_sideways_scrolling(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 800}) as page:
        ready(page)
        button(page, "Python script").click()
        assert page.evaluate("document.querySelector('.pg').scrollWidth <= document.querySelector('.pg').clientWidth")


def test_without_javascript_a_picture_and_a_sentence_stand(chromium, address):
    with visit(chromium, address, java_script_enabled=False) as page:
        picture = page.locator(".l0-fallback img")
        assert picture.is_visible()
        assert "Network B (l2+l0): test accuracy" in picture.get_attribute("alt")
