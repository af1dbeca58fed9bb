"""The playground in a real browser: it trains, prunes, recovers, can be shared, and keeps to what was asked of it."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from l0lib.figures import PENALTY_STYLE
from l0lib.playground import view
from l0lib.widgets import Playground
from tests.browser import visit
from tests.widgets.ask import settle
from tests.widgets.conftest import ROOT, write_page

PG = "document.querySelector('.pg').l0"
STEP = "document.querySelector('.pg').l0.machine()?.step"
WEIGHTS = "(arm) => Array.from(document.querySelector('.pg').l0.machine().nets[arm].p)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("playground")
    write_page(made, [Playground()], width="1100px")
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


def stops(page, step):
    """Wait until it has stopped by itself."""
    page.wait_for_function(f"{STEP} === {step} && !{PG}.playing()", timeout=90_000)
    settle(page)


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
    expect(page.locator(".pg-scene")).to_contain_text("Watch the histograms")
    stops(page, 1500)
    expect(page.locator(".pg-scene")).to_contain_text("slide the compression ratio")
    said = [page.locator(f"[data-arm={arm}] .pg-numbers").inner_text() for arm in "ab"]
    shares = [float(text.split("Test accuracy ")[1].split(" %")[0]) for text in said]
    assert shares[1] > shares[0] + 10
    expect(page.locator("section[data-arm=a] h3")).to_have_text("A: ℓ2, pruned 6.31×")
    expect(button(page, "1. Why ℓ2 alone won't prune")).to_have_attribute("aria-current", "step")
    slide(page, "compression ratio", 10)  # as it says: the scene is still this one
    expect(page.locator(".pg-steps [aria-current]")).to_have_count(1)
    slide(page, "learning rate η", 0.01)  # but no longer with another rate
    expect(page.locator(".pg-steps [aria-current]")).to_have_count(0)


def test_the_slider_traces_both_networks_and_pruning_holds(page):
    page.get_by_label("steps in each picture").select_option("20")
    button(page, "Play").click()
    until(page, 200)
    press(page, "Pause")
    for ratio in (2, 3.98, 10):
        slide(page, "compression ratio", ratio)
    before = page.evaluate(STEP)
    expect(page.locator("section[data-arm=a] h3")).to_contain_text("pruned 10×")
    assert np.count_nonzero(page.evaluate(WEIGHTS, "a")) > 300  # the network itself is whole
    button(page, "Prune and fine-tune").click()
    stops(page, before + 500)
    for arm in "ab":
        assert np.count_nonzero(page.evaluate(WEIGHTS, arm)) <= 354 // 10
    expect(page.locator("section[data-arm=b] h3")).to_contain_text("pruned 10×, fine-tuned")
    press(page, "Take it back")
    assert page.evaluate(STEP) == before
    assert np.count_nonzero(page.evaluate(WEIGHTS, "a")) > 300


def table(page):
    """The rows of the table before and after pruning, in per cent."""
    return page.evaluate(
        "[...document.querySelectorAll('.pg-table tr')].map((r) => [...r.cells].map((c) => c.innerText))"
    )


def whole_curve(page):
    """The curve, once every ratio is measured."""
    return page.wait_for_function(f"{PG}.curve()", timeout=60_000).json_value()


def test_the_curve_is_complete_whenever_training_pauses(page):
    page.get_by_label("steps in each picture").select_option("20")
    button(page, "Play").click()
    until(page, 200)
    assert page.evaluate(f"{PG}.curve()?.a.length ?? 0") == 0  # none of networks that are on their way
    press(page, "Pause")
    ladder = view.ladder(view.SETTINGS["ratio"])
    found, at = whole_curve(page), page.evaluate(STEP)
    for arm in "ab":
        assert [ratio for ratio, _ in found[arm]] == ladder
        assert found[arm][0][1] == view.run({"steps": at}).accuracy(arm)
    press(page, "Step")
    assert whole_curve(page)["a"][0][1] == view.run({"steps": at + 1}).accuracy("a")
    page.get_by_label("prune, network A").select_option("RP")
    settle(page)
    random = whole_curve(page)
    assert random["a"] != found["a"]
    assert [ratio for ratio, _ in random["a"]] == ladder


def test_before_and_after_stay_on_screen(page):
    page.get_by_label("steps in each picture").select_option("100")
    button(page, "1. Why ℓ2 alone won't prune").click()
    stops(page, 1500)
    whole_curve(page)
    head, whole, cut, tuned = table(page)
    assert head == ["", "A", "B"]
    assert cut[0] == "pruned 6.31×"
    assert tuned == ["fine-tuned", "–", "–"]
    button(page, "Prune and fine-tune").click()
    stops(page, 2000)
    after = table(page)
    assert after[:3] == [head, whole, cut]
    made = view.run({"steps": 2000, "story": "1500*prune*6.31*GP*GP"})
    assert after[3][0] == "+ 500 steps"
    for cell, arm in zip(after[3][1:], "ab", strict=True):
        assert float(cell) == pytest.approx(100 * made.accuracy(arm), abs=2)  # rounding grows where weights swing
    now, ladder = whole_curve(page), view.ladder(view.SETTINGS["ratio"])
    before = page.evaluate(f"{PG}.machine().cut.curve")
    for arm in "ab":
        assert [ratio for ratio, _ in before[arm]] == ladder
        assert [ratio for ratio, _ in now[arm]] == [r for r in ladder if r >= 6.31]
    said = page.locator(".pg-scene").inner_text()
    assert said.startswith("Pruned 6.31× at step 1500, then fine-tuned for 500 steps")
    for row in after[1:]:
        assert all(f"{cell} %" in said for cell in row[1:])
    press(page, "Take it back")
    assert table(page) == [head, whole, cut, tuned]


def test_the_last_one_that_was_asked_for_is_shown(page):
    page.evaluate("document.querySelectorAll('.pg-steps button').forEach((b) => b.click())")
    page.wait_for_function(f"{STEP} > 20")
    assert page.locator(".pg-steps [aria-current]").inner_text() == "5. Too much α"
    assert page.evaluate(f"{PG}.machine().values.b_l0") == 0.1
    page.get_by_label("task").select_option("digits")  # they are on their way
    button(page, "2. The swing").evaluate("(e) => e.click()")
    page.wait_for_function(f"{PG}.machine().values.momentum === 0 && {STEP} > 0")
    page.wait_for_timeout(500)
    assert page.evaluate(f"{PG}.machine().values.task") == "moons"


def test_a_network_has_the_colour_of_its_penalty(page):
    paint = "(e) => getComputedStyle(e).color"
    for name, style in PENALTY_STYLE.items():
        for arm in "AB":
            page.get_by_label(f"penalty, network {arm}").select_option(name)
        settle(page)
        rgb = tuple(int(style["color"][i : i + 2], 16) for i in (1, 3, 5))
        for arm in "ab":
            assert page.locator(f"section[data-arm={arm}] h3").evaluate(paint) == f"rgb{rgb}"


def test_restart_keeps_the_settings_and_reset_restores_them(page):
    button(page, "2. The swing").click()
    page.wait_for_function(f"{STEP} > 0")
    press(page, "Pause")
    first = page.evaluate(f"{PG}.machine().values")
    slide(page, "β, network A", 2)
    slide(page, "compression ratio", 3.98)
    button(page, "Prune and fine-tune").click()
    page.wait_for_function(f"{STEP} > {page.evaluate(STEP)}")
    button(page, "Restart").click()
    page.wait_for_function(f"{STEP} === 0")
    assert page.evaluate(f"{PG}.machine().values") == first | {"a_beta": 2, "ratio": 3.98}
    button(page, "Reset").click()
    page.wait_for_function(f"{PG}.machine().values.a_beta === {first['a_beta']}")
    assert page.evaluate(f"{PG}.machine().values") == first
    assert page.evaluate(f"{PG}.machine().pruned") is False
    assert page.get_by_label("β, network A, as a number").input_value() == str(first["a_beta"])


NOW = """new Promise((done) => {
  const pg = document.querySelector('.pg'), seen = [], arms = ['a', 'b'];
  const look = () => {
    const m = pg.l0.machine(), text = (arm) => pg.querySelector(`section[data-arm=${arm}] .pg-numbers`).textContent;
    seen.push([m.step, pg.querySelector('.pg-count').textContent, ...arms.flatMap((arm) =>
      [`${(100 * m.tested(m.preview(arm))).toFixed(1)} %`, text(arm)])]);
    if (seen.length < 30) requestAnimationFrame(() => setTimeout(look)); else done(seen);
  };
  look();
})"""


def test_the_text_speaks_of_the_picture_that_is_shown(page):
    slide(page, "compression ratio", 2)
    button(page, "Play").click()
    until(page, 5)
    seen = page.evaluate(NOW)
    assert seen[-1][0] > seen[0][0]
    for step, count, *arms in seen:
        assert count.startswith(f"Step {step}, ")
        for share, text in zip(arms[::2], arms[1::2], strict=True):
            assert text.startswith(f"Test accuracy {share};"), step
    button(page, "Pause").click()
    settle(page)
    said = page.locator(".pg > [role=status]").text_content()
    assert said.startswith(f"Step {page.evaluate(STEP)}, ")
    for arm in "ab":
        assert page.locator(f"section[data-arm={arm}] .pg-numbers").text_content() in said


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
        button(page, "Dismiss").click()
        assert not page.locator(".pg .l0-notice").is_visible()
        button(page, "2. The swing").click()


def test_digits_come_on_demand_from_disk_too(chromium, folder):
    with visit(chromium, (folder / "index.html").as_uri()) as page:
        ready(page)
        assert page.get_by_label("noise", exact=True).is_visible()
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
    page.wait_for_function("document.querySelector('[data-arm=a] .pg-numbers').innerText.includes('Diverged')")
    assert page.get_by_role("button", name="Play", exact=True).is_visible()  # it stopped by itself
    assert "NaN" not in page.locator(".pg").inner_text()
    button(page, "Reset").click()
    page.wait_for_function("!document.querySelector('[data-arm=a] .pg-numbers').innerText.includes('Diverged')")


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


STALE = """window.IntersectionObserver = class extends IntersectionObserver {
  constructor(told) { super((entries) => told([{ ...entries[0], isIntersecting: false }, ...entries])); }
};"""


@pytest.mark.parametrize("place", ["top", "middle", "bottom"])
def test_it_plays_while_it_is_taller_than_the_window(chromium, address, place):
    """Of several notices at once the first may be stale, and no other follows while it fills the window."""
    with visit(chromium, address, viewport={"width": 1280, "height": 380}) as page:
        page.add_init_script(STALE)
        page.reload()
        ready(page)
        height = page.evaluate("document.querySelector('.pg').offsetHeight")
        assert height > 380
        share = {"top": 0, "middle": 0.4, "bottom": 1}[place]
        page.evaluate(
            "(share) => { const { top, height } = document.querySelector('.pg').getBoundingClientRect();"
            " scrollTo(0, scrollY + top + share * (height - innerHeight)); }",
            share,
        )
        settle(page)
        page.evaluate("[...document.querySelectorAll('.pg-play')][0].click()")
        until(page, 25)
        at = page.evaluate(STEP)
        page.mouse.wheel(0, 40)
        until(page, at + 25)


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
    assert "Network A, ℓ2: Test accuracy" in said
    assert "Network B, ℓ2+ℓ0" in said
    for picture in page.locator(".pg canvas").all():
        assert len(picture.get_attribute("aria-label")) > 10


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_in_both_themes(page, axe, theme):
    page.evaluate("(t) => { document.documentElement.dataset.theme = t }", theme)
    assert axe(page, ".pg") == []
    button(page, "Python script").click()
    settle(page)
    assert axe(page, ".pg") == []


def test_the_script_is_copied_and_downloaded_whole(chromium, address):
    with visit(chromium, address, permissions=["clipboard-read", "clipboard-write"], accept_downloads=True) as page:
        ready(page)
        press(page, "Step")
        button(page, "Python script").click()
        dialog = page.get_by_role("dialog", name="Python script of this run")
        shown = dialog.locator("pre").text_content()
        compile(shown, "playground.py", "exec")
        assert "train(a, 1, " in shown
        assert dialog.locator("pre").evaluate("(e) => e.scrollWidth <= e.clientWidth"), "no line is cut"
        dialog.get_by_role("button", name="Copy", exact=True).click()
        expect(page.locator(".pg > [role=status]")).to_have_text("Script copied.")
        assert page.evaluate("navigator.clipboard.readText()") == shown
        with page.expect_download() as got:
            dialog.get_by_role("link", name="Download").click()
        assert got.value.suggested_filename == "playground.py"
        assert got.value.path().read_text("utf-8") == shown
        page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        assert page.evaluate("document.activeElement.textContent") == "Python script"


def places(page, what):
    """Where the elements that a selector names stand on the page."""
    return page.evaluate(
        "(what) => [...document.querySelectorAll(what)].filter((e) => e.checkVisibility()).map((e) => {"
        " const r = e.getBoundingClientRect(); return [r.left, r.top + scrollY, r.width, r.height].map(Math.round); })",
        what,
    )


def test_a_link_leads_to_the_playground_and_holds_what_was_changed(chromium, address):
    with visit(chromium, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        ready(page)
        slide(page, "β, network B", 5.01)
        before = places(page, ".pg, .pg :is(button, canvas, select, h3, p, table)")
        button(page, "Copy link").click()
        word = page.locator(".pg-saying .pg-word").first
        expect(word).to_have_text("Link copied.")
        assert word.is_visible()
        assert places(page, ".pg, .pg :is(button, canvas, select, h3, p, table)") == before, "the word floats"
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == f"{address}?playground.b_beta=5.01#playground"
        page.wait_for_function("location.hash === '#playground'")
        assert page.url == link
    short = {"width": 1280, "height": 500}
    with visit(chromium, link, viewport=short) as page:
        ready(page)
        page.wait_for_function("Math.abs(document.querySelector('.pg').getBoundingClientRect().top) < 100")
        assert page.evaluate("scrollY") > 0
    with visit(chromium, f"{address}?playground.noise=0.1", viewport=short) as page:
        ready(page)
        assert page.evaluate("scrollY") == 0, "only a link that names it leads there"


@pytest.mark.parametrize("width", [1280, 720, 390])
def test_nothing_jumps(chromium, address, width):
    boxes = ".pg, .pg :is(section, .pg-below, .pg-bar, .pg-scene, canvas, table)"
    with visit(chromium, address, viewport={"width": width, "height": 720}) as page:
        ready(page)
        want = places(page, boxes)
        page.get_by_label("steps in each picture").select_option("100")
        for scene in page.locator(".pg-steps button").all():
            scene.click()
            page.wait_for_function(f"{PG}.playing() && {STEP} > 0")
            settle(page)
            assert places(page, boxes) == want, scene.inner_text()
        press(page, "Pause")
        slide(page, "compression ratio", 10)
        button(page, "Prune and fine-tune").click()
        page.wait_for_function(f"{STEP} > {PG}.machine().cut?.step")
        settle(page)
        assert places(page, boxes) == want


CUT = """() => [...document.querySelectorAll('.pg *')].filter((e) => e.checkVisibility()).filter((e) => {
  const unseen = e.closest('.l0-status, .pg-curve label, canvas'), hides = getComputedStyle(e).overflowY === 'hidden';
  return !unseen && (hides && e.scrollHeight > e.clientHeight + 1 || e.getBoundingClientRect().right > innerWidth + 1);
}).map((e) => e.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll('.pg :is(button, select, input, summary)')].filter((e) => {
  const { width, height } = e.getBoundingClientRect();
  return e.checkVisibility() && (width < 24 || height < 24);
}).map((e) => e.outerHTML)"""
THUMBS = """() => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) =>
  /^\\.pg .*slider-thumb/.test(rule.selectorText)).map((rule) => `${rule.style.width} ${rule.style.height}`)"""


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_grasped_is_24_pixels_and_no_text_is_cut(chromium, address, width):
    with visit(chromium, address, viewport={"width": width, "height": 720}) as page:
        ready(page)
        page.evaluate("document.querySelectorAll('.pg details').forEach((d) => { d.open = true; })")
        settle(page)
        assert page.evaluate(SMALL) == []
        assert set(page.evaluate(THUMBS)) == {"24px 24px"}
        assert page.evaluate(CUT) == []
        slide(page, "compression ratio", 6.31)
        button(page, "Prune and fine-tune").click()
        page.wait_for_function(f"{STEP} > 200")
        slide(page, "compression ratio", 12.6)
        assert page.evaluate(CUT) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_what_is_pressed_comes_before_what_it_shows(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 800}) as page:
        ready(page)
        order = [
            ".pg-steps",
            ".pg-play",
            ".pg-scene",
            ".pg-settings",
            ".pg-arms",
            ".pg-past",
            ".pg-curve",
            ".pg-pruning",
        ]
        tops = [page.locator(name).bounding_box()["y"] for name in order]
        assert tops == sorted(tops)
        assert not page.get_by_label("task").is_visible(), "settings are folded where there is no room"
        a, b = (page.locator(f"section[data-arm={arm}] .pg-seen").bounding_box() for arm in "ab")
        assert a["y"] == b["y"], "what both have learnt stands side by side"
        page.get_by_text("Task, network and penalties").click()
        assert page.get_by_label("task").is_visible()
        button(page, "Python script").click()
        box = page.get_by_role("dialog").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_without_javascript_a_picture_and_a_sentence_stand(chromium, address):
    with visit(chromium, address, java_script_enabled=False) as page:
        picture = page.locator(".l0-fallback img")
        assert picture.is_visible()
        assert "Network B (l2+l0): test accuracy" in picture.get_attribute("alt")
