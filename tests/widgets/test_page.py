"""The explorers on a static page, in a real browser: no kernel, no other host, every control, every way of reading."""

import pytest

from tests.browser import visit
from tests.widgets.ask import ASK, settle
from tests.widgets.kinds import KINDS
from tests.widgets.reference import CHECK, decode

MOVES = ("ArrowRight", "End", "ArrowLeft", "Home", "PageUp", "PageUp", "ArrowUp", "PageDown")


@pytest.fixture
def page(chromium, page_url):
    with visit(chromium, page_url) as page:
        yield page


def explorer(page, key):
    return page.locator(".l0-explorer").nth(KINDS.index(key))


def asked(page, key):
    return decode(explorer(page, key).locator(".l0-view").evaluate(ASK))


def vals(page, key):
    return asked(page, key)["vals"]


def check(page, key):
    """The drawn curves equal NumPy's; gives the settings."""
    answer = asked(page, key)
    CHECK[answer["kind"]](answer["vals"], answer["data"])
    return answer["vals"]


@pytest.mark.parametrize("key", KINDS)
def test_every_control_moves_the_curves_as_numpy_says(page, key):
    box = explorer(page, key)
    seen = [check(page, key)]
    for button in box.locator(".widget-toggle-button").all():
        button.click()
        settle(page)
        seen.append(check(page, key))
    handles = box.locator(".noUi-handle")
    moved = 0
    for i in range(handles.count()):
        handle = handles.nth(i)
        if not handle.is_visible():
            continue
        handle.focus()
        for move in MOVES:
            page.keyboard.press(move)
            settle(page)
            seen.append(check(page, key))
        moved += 1
        assert seen[-1] != seen[-9], "the slider moves something"
    for box_ in box.locator("input[type=checkbox]").all():
        box_.click()
        settle(page)
        seen.append(check(page, key))
    assert moved >= 4
    assert len({str(v) for v in seen}) > moved * 5


def test_equal_first_step_changes_the_controls(page):
    first = explorer(page, "trajectories")
    assert first.locator(".l0-c-first_step").is_visible()
    assert not first.locator(".l0-c-alpha_l2").is_visible()
    first.get_by_label("equal first step").click()
    settle(page)
    assert not first.locator(".l0-c-first_step").is_visible()
    assert first.locator(".l0-c-alpha_l2").is_visible()


def test_reset_puts_everything_back(page):
    start = vals(page, "at_zero")
    box = explorer(page, "at_zero")
    for handle in box.locator(".noUi-handle").all():
        handle.focus()
        page.keyboard.press("PageUp")
    settle(page)
    assert vals(page, "at_zero") != start
    box.get_by_role("button", name="Reset").click()
    settle(page)
    assert vals(page, "at_zero") == start
    assert box.locator(".widget-readout").first.inner_text() == "0.01"


@pytest.mark.parametrize(
    ("typed", "taken"), [("0.05", 0.05), ("0.0466", 0.05), ("nonsense", 0.04), ("-1", 0.04), ("99", 1)]
)
def test_a_number_may_be_typed_beside_a_log_slider(page, typed, taken):
    readout = explorer(page, "trajectories").locator(".l0-c-eta .widget-readout")
    readout.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(typed)
    page.keyboard.press("Enter")
    settle(page)
    assert vals(page, "trajectories")["eta"] == taken
    assert float(readout.inner_text()) == taken


def test_a_number_typed_between_two_steps_moves_to_the_nearest(page):
    readout = explorer(page, "trajectories").locator(".l0-c-beta .widget-readout")
    readout.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("4.3")
    page.keyboard.press("Enter")
    settle(page)
    settle(page)
    assert vals(page, "trajectories")["beta"] == 4.5


def test_points_may_be_dragged_in_the_plane(page):
    plane = explorer(page, "scaling_factor").locator(".u-over").first
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.25 * box["height"], steps=5)
    page.mouse.up()
    settle(page)
    v = check(page, "scaling_factor")
    assert v["w"] == pytest.approx(10 ** (-3 + 0.3 * 3.301), rel=0.15)
    assert v["alpha"] == pytest.approx(10**1.5, rel=0.15)


# --- the page's address ----------------------------------------------------------------------------------------------


def test_address_follows_after_a_rest_and_restores(page, chromium, page_url):
    for key, name in (("trajectories", "beta"), ("trajectories-2", "eta")):
        explorer(page, key).locator(f".l0-c-{name} .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('trajectories-2.eta')")
    settings = vals(page, "trajectories"), vals(page, "trajectories-2")
    assert settings[0]["beta"] == 3.5
    assert "at_zero" not in page.url, "only what was touched"
    with visit(chromium, page.url) as again:
        assert (vals(again, "trajectories"), vals(again, "trajectories-2")) == settings
        check(again, "trajectories")
        assert explorer(again, "trajectories").locator(".l0-c-beta .widget-readout").inner_text() == "3.5"
        assert not again.locator(".l0-notice:visible").count()
        for key in ("trajectories", "trajectories-2"):
            explorer(again, key).get_by_role("button", name="Reset").click()
        again.wait_for_function("location.search === ''")


def test_anchor_and_other_parts_of_the_query_stay(chromium, page_url):
    with visit(chromium, page_url + "?highlight=swing&at_zero.beta=10#part-3") as page:
        assert vals(page, "at_zero")["beta"] == 10
        explorer(page, "at_zero").locator(".l0-c-beta .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("location.search.includes('at_zero.beta=11')")
        assert page.url.endswith("#part-3")
        assert "highlight=swing" in page.url
        assert abs(page.locator("#part-3").bounding_box()["y"]) < 700


@pytest.mark.parametrize(
    "query",
    [
        "trajectories.eta=0.041",
        "trajectories.eta=-1",
        "trajectories.beta=1e99",
        "trajectories.beta=",
        "trajectories.axis=cubic",
        "trajectories.equal=yes",
        "trajectories.gamma=2",
        "trajectories.__proto__=2",
        "trajectories-7.eta=0.1",
        "trajectories.eta=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    ],
)
def test_what_the_address_cannot_ask_is_ignored_and_said(chromium, page_url, query):
    with visit(chromium, f"{page_url}?{query}&trajectories.w0=0.5") as page:
        notice = explorer(page, "trajectories").locator(".l0-notice")
        assert notice.is_visible()
        assert query.split("=")[0] in notice.inner_text()
        assert notice.get_attribute("role") == "alert"
        v = check(page, "trajectories")
        assert (v["eta"], v["beta"], v["axis"], v["equal"]) == (0.04, 3, "linear", True)
        assert v["w0"] == 0.5, "the valid part stands"


def test_copied_link_shows_the_same_view(chromium, page_url):
    with visit(chromium, page_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        explorer(page, "loss_and_penalty").locator(".l0-c-v .noUi-handle").focus()
        page.keyboard.press("PageUp")
        settle(page)
        explorer(page, "loss_and_penalty").get_by_role("button", name="Copy link").click()
        page.wait_for_function("document.querySelectorAll('.l0-notice')[4].textContent === 'Link copied.'")
        link, wanted = page.evaluate("navigator.clipboard.readText()"), vals(page, "loss_and_penalty")
    assert link.endswith("#explorer-loss_and_penalty")
    with visit(chromium, link) as page:
        assert vals(page, "loss_and_penalty") == wanted


def test_link_is_shown_where_the_clipboard_is_closed(chromium, page_url):
    with visit(chromium, page_url) as page:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        explorer(page, "at_zero").get_by_role("button", name="Copy link").click()
        box = explorer(page, "at_zero").get_by_label("Link to this view")
        assert box.input_value().startswith("http://127.0.0.1")


# --- every way of reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KINDS)
def test_keyboard_and_screen_reader(page, key):
    box = explorer(page, key)
    for handle in box.locator(".noUi-handle").all():
        assert handle.get_attribute("role") == "slider"
        assert len(handle.get_attribute("aria-label")) > 3
        assert handle.get_attribute("tabindex") == "0"
        readout = handle.locator("xpath=ancestor::*[contains(@class,'widget-slider')]").locator(".widget-readout")
        assert handle.get_attribute("aria-valuetext") == readout.text_content()
    for button in box.locator(".widget-toggle-button").all():
        assert button.get_attribute("aria-pressed") == str("mod-active" in button.get_attribute("class")).lower()
    panels = box.locator(".l0-panel")
    assert panels.count() >= 1
    status = box.locator("[role=status]")
    page.wait_for_function("(e) => e.textContent.length > 40", arg=status.element_handle())
    before = status.inner_text()
    for panel in panels.all():
        assert panel.get_attribute("role") == "img"
        assert len(panel.get_attribute("aria-label")) > 60
    box.locator(".l0-c-beta .noUi-handle, .l0-c-beta_1 .noUi-handle, .l0-c-steps .noUi-handle").first.focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("([e, was]) => e.textContent !== was", arg=[status.element_handle(), before])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, axe, theme):
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    settle(page)
    assert axe(page) == []


def test_theme_changes_the_colours_at_once(page):
    line = "getComputedStyle(document.querySelector('.l0-key li[data-style=l0]')).getPropertyValue('--l0-line')"
    assert page.evaluate(line) == "#3c7a2e"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settle(page)
    assert page.evaluate(line) == "#8fd07c"


def test_without_javascript_the_pictures_stand(chromium, page_url):
    with visit(chromium, page_url, java_script_enabled=False) as page:
        pictures = page.locator(".l0-fallback img")
        assert pictures.count() == len(KINDS)
        for picture in pictures.all():
            assert picture.is_visible()
            assert picture.bounding_box()["width"] > 400
            assert len(picture.get_attribute("alt")) > 80


def test_on_screen_the_widget_and_on_paper_the_picture(page):
    assert not page.locator(".l0-fallback").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".l0-fallback img").first.is_visible()
    assert not page.locator(".l0-explorer").first.is_visible()


def test_phone_width(chromium, page_url):
    with visit(chromium, page_url, viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for key in KINDS:
            for canvas in explorer(page, key).locator("canvas").all():  # two of at_zero's three stand side by side
                assert (170 if key == "at_zero" else 200) < canvas.bounding_box()["width"] <= 390, key
        for target in page.locator(".l0-tools button, .widget-toggle-button").all():
            assert target.bounding_box()["height"] >= 24


def test_reduced_motion(chromium, page_url):
    with visit(chromium, page_url, reduced_motion="reduce") as page:
        moving = """[...document.querySelectorAll('.l0-explorer *')].filter((e) => {
          const s = getComputedStyle(e);
          return parseFloat(s.transitionDuration) > 0 || s.animationName !== 'none'; }).length"""
        assert page.evaluate(moving) == 0


def test_widths_follow_the_window(page):
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function("document.querySelector('.l0-view canvas').getBoundingClientRect().width <= 500")
    assert page.evaluate("document.documentElement.scrollWidth") <= 500
