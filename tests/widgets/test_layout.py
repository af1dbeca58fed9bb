"""Where an explorer's parts stand: beside each other, on a telephone, before an audience; and that nothing jumps."""

import pytest

from tests.browser import visit
from tests.widgets.ask import settle
from tests.widgets.kinds import KINDS

SIZES = [(1366, 768), (1280, 800), (1100, 720)]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
HEIGHTS = "[...document.querySelectorAll('.l0-place')].map((e) => e.getBoundingClientRect().height)"
BOX = "(e) => e.getBoundingClientRect().toJSON()"
# What the canvases write, with its place and size in CSS pixels, in the order of writing.
WRITTEN = """() => {
  window.written = [];
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const m = this.getTransform(), k = devicePixelRatio, size = parseFloat(this.font.match(/([0-9.]+)px/)[1]) / k;
    const width = this.measureText(text).width / k, at = m.transformPoint({ x, y });
    const turned = Math.abs(m.b) > 0.5, align = this.textAlign;
    window.written.push({ canvas: this.canvas, text, size, width, turned, align, x: at.x / k, y: at.y / k });
    return fill.call(this, text, x, y);
  };
}"""


def part(page, key, selector):
    return page.locator(".l0-explorer").nth(KINDS.index(key)).locator(selector).first.evaluate(BOX)


def place(page, key):
    return page.locator(f"#explorer-{key}").evaluate(BOX)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", KINDS)
def test_controls_stand_left_of_the_picture_and_all_fits_the_window(chromium, page_url, key, size):
    width, height = size
    with visit(chromium, page_url, viewport={"width": width, "height": height}) as page:
        page.locator(f"#explorer-{key}").evaluate("(e) => e.scrollIntoView()")
        settle(page)
        whole, controls = place(page, key), part(page, key, ".l0-controls")
        picture, readings, tools = (part(page, key, s) for s in (".l0-panels", ".l0-key", ".l0-view > .l0-tools"))
        assert whole["height"] <= min(700, height)
        assert whole["top"] >= 0
        assert whole["bottom"] <= height + 1
        assert controls["width"] == pytest.approx(280, abs=1)
        assert controls["right"] < picture["left"]
        assert picture["width"] > 1.2 * controls["width"]
        assert picture["height"] > 0.6 * whole["height"]
        assert picture["bottom"] <= readings["top"] + 1
        for inner in (controls, picture, readings, tools):
            assert inner["left"] >= whole["left"] - 1
            assert inner["right"] <= whole["right"] + 1
            assert inner["bottom"] <= whole["bottom"] + 1
        assert controls["bottom"] <= tools["top"]


@pytest.mark.parametrize("key", KINDS[:-1])  # under the last one the page ends
def test_on_a_phone_the_picture_sticks_and_controls_stand_under_it(chromium, page_url, key):
    with visit(chromium, page_url, **PHONE) as page:
        page.locator(f"#explorer-{key}").evaluate("(e) => e.scrollIntoView()")
        settle(page)
        picture, controls = part(page, key, ".l0-panels"), part(page, key, ".l0-controls")
        assert picture["bottom"] <= controls["top"] + 1
        assert controls["right"] <= 390
        page.evaluate("scrollBy(0, 150)")
        settle(page)
        stuck, moved = part(page, key, ".l0-panels"), part(page, key, ".l0-controls")
        assert moved["top"] == pytest.approx(controls["top"] - 150, abs=2), "the controls have moved on"
        assert 0 <= stuck["top"] <= 60
        assert stuck["height"] == picture["height"]
        assert stuck["height"] < 0.55 * 844, "room is left for a control under it"


@pytest.mark.parametrize("size", [*SIZES, (900, 800)])
def test_the_page_keeps_its_height_while_explorers_load(chromium, page_url, size):
    width, height = size
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.route("**/*.js", lambda route: route.fulfill(body=""))  # no script comes
    page.goto(page_url)
    before = page.evaluate(HEIGHTS)
    page.close()
    with visit(chromium, page_url, viewport={"width": width, "height": height}) as page:
        settle(page)
        after = page.evaluate(HEIGHTS)
    room = 0.5 if width >= 1100 else 20
    if width < 1100:  # the second race has more controls than most of its kind
        del before[KINDS.index("trajectories-2")], after[KINDS.index("trajectories-2")]
    assert before == pytest.approx(after, abs=room)


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 900, "height": 800}, PHONE["viewport"]])
def test_nothing_jumps_while_an_explorer_moves(chromium, page_url, viewport):
    with visit(chromium, page_url, viewport=viewport) as page:
        for key in KINDS:
            box = page.locator(".l0-explorer").nth(KINDS.index(key))
            before = page.evaluate(HEIGHTS)
            for handle in box.locator(".noUi-handle").all():
                if not handle.is_visible():
                    continue
                handle.focus()
                for move in ("End", "Home", "PageUp"):
                    page.keyboard.press(move)
                    settle(page)
                    assert page.evaluate(HEIGHTS) == before, (key, handle.get_attribute("aria-label"), move)


def test_handles_are_large_enough_for_a_finger(chromium, page_url):
    for viewport in ({"width": 1280, "height": 800}, PHONE["viewport"]):
        with visit(chromium, page_url, viewport=viewport) as page:
            for handle in page.locator(".noUi-handle:visible, .widget-toggle-button:visible").all():
                box = handle.bounding_box()
                assert box["height"] >= 24
                assert box["width"] >= 24


@pytest.mark.parametrize("axis", ["linear", "log"])
def test_the_title_of_an_axis_stands_clear_of_its_numbers(chromium, page_url, axis):
    """Small numbers are long ones, such as 0.0075."""
    address = f"{page_url}?penalty_and_pull.axis={axis}&penalty_and_pull.beta_2=33&penalty_and_pull.beta_1=10"
    page = chromium.new_page()
    page.add_init_script(f"({WRITTEN})()")
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.widgetsReady === '1'")
    page.wait_for_timeout(300)
    found = page.evaluate(
        """() => {
          const canvases = [...document.querySelectorAll('.l0-chart canvas')];
          const last = canvases.map((canvas) => window.written.filter((w) => w.canvas === canvas));
          return last.map((all) => {
            const title = all.filter((w) => w.turned).at(-1);
            const from = all.lastIndexOf(title);
            const numbers = all.slice(0, from).filter((w) => w.align === 'right').slice(-12);
            return { right: title.x, left: Math.min(...numbers.map((n) => n.x - n.width)), count: numbers.length };
          });
        }"""
    )
    page.close()
    assert len(found) >= 9
    for chart in found:
        assert chart["count"] >= 3
        assert chart["left"] >= chart["right"], chart


# --- before an audience ----------------------------------------------------------------------------------------------


def presented(page):
    return page.locator(".l0-explorer").nth(1)


SIZES_WRITTEN = """() => {
  const canvases = [...document.querySelector('.l0-present').querySelectorAll('canvas')];
  return window.written.filter((w) => canvases.includes(w.canvas)).map((w) => w.size);
}"""


@pytest.mark.parametrize("lent", [True, False])
def test_present_fills_the_screen_with_large_letters_until_escape(chromium, page_url, lent):
    """Where the browser does not lend the screen, the explorer fills the window."""
    with visit(chromium, page_url, viewport={"width": 1366, "height": 768}) as page:
        if not lent:
            page.evaluate("void (Element.prototype.requestFullscreen = () => Promise.reject(new Error('refused')))")
        page.evaluate(WRITTEN)
        box = presented(page)
        before = page.evaluate(HEIGHTS)
        box.get_by_role("button", name="Present").click()
        page.wait_for_selector(".l0-present")
        page.wait_for_timeout(300)
        if lent:
            assert page.evaluate("document.fullscreenElement.classList.contains('l0-explorer')")
        size = box.evaluate(BOX)
        window = page.evaluate("[innerWidth, innerHeight]")
        assert [size["left"], size["top"]] == [0, 0]
        assert [size["width"], size["height"]] == pytest.approx(window, abs=1)
        sizes = page.evaluate(SIZES_WRITTEN)
        assert len(sizes) > 10
        assert min(sizes[-20:]) >= 18
        for words in box.locator(".l0-key li, .widget-label, .widget-readout, .widget-toggle-button").all():
            assert float(words.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")) >= 18
        handle = box.locator(".noUi-handle:visible").first
        handle.focus()
        page.keyboard.press("PageUp")
        settle(page)
        page.keyboard.press("Escape")
        if lent:
            page.evaluate(
                "document.fullscreenElement && document.exitFullscreen()"
            )  # a headless browser keeps its Escape
        page.wait_for_function("!document.querySelector('.l0-present')")
        settle(page)
        assert page.evaluate("document.fullscreenElement") is None
        assert page.evaluate(HEIGHTS) == before
        assert box.get_by_role("button", name="Present").is_visible()


# --- links -----------------------------------------------------------------------------------------------------------


def copied(page, key):
    page.locator(".l0-explorer").nth(KINDS.index(key)).get_by_role("button", name="Copy link").click()
    page.wait_for_function("[...document.querySelectorAll('.l0-notice')].some((e) => e.textContent === 'Link copied.')")
    return page.evaluate("navigator.clipboard.readText()")


def test_a_link_holds_what_was_changed_and_lands_on_the_explorer(chromium, page_url):
    with visit(chromium, page_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        assert copied(page, "at_zero") == f"{page_url}#explorer-at_zero"
        page.locator("#explorer-trajectories-2 .l0-c-beta .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        link = copied(page, "trajectories-2")
    assert link == f"{page_url}?trajectories-2.beta=3.5#explorer-trajectories-2"
    with visit(chromium, link, viewport={"width": 1280, "height": 800}) as page:
        page.wait_for_timeout(300)
        there = place(page, "trajectories-2")
        assert there["top"] >= 0
        assert there["bottom"] < 801  # a page is scrolled by whole pixels: what stands above may end within one


def test_what_is_said_of_a_copied_link_moves_nothing(chromium, page_url):
    parts = (
        "[...document.querySelectorAll('#explorer-at_zero :is(.l0-controls, .l0-panels, .l0-key, .l0-tools, canvas)')]"
    )
    where = f"{parts}.map((e) => JSON.stringify(e.getBoundingClientRect()))"
    with visit(chromium, page_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.locator("#explorer-at_zero").evaluate("(e) => e.scrollIntoView()")
        settle(page)
        before = page.evaluate(where)
        copied(page, "at_zero")
        assert page.locator("#explorer-at_zero .l0-notice").is_visible()
        assert page.evaluate(where) == before
