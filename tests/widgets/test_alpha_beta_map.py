"""The map of α and β: as a Python object, and on a page with mouse, finger and keyboard."""

import io
import random

import pytest
from PIL import Image

from bench.widgets import TARGETS, calmest
from l0lib.chapters import alpha_beta_map as maps
from l0lib.widgets import AlphaBetaMap
from tests.browser import visit
from tests.widgets import map_runs, node
from tests.widgets.ask import ASK, settle
from tests.widgets.conftest import write_page
from tests.widgets.reference import CHECK, decode

RUNS = map_runs.grid(every=2)
#: A point that is run, one that is not, and one at chance level, of every other point of the grid.
RUN, HOLE, LOST = (1e-6, 3.0), (1e-6, 2.0), (1e-3, 60.0)


# --- in Python --------------------------------------------------------------------------------------------------------


def test_python_sets_and_reads_the_point():
    explorer = AlphaBetaMap(RUNS, alpha=RUN[0], beta=RUN[1])
    (reading,) = explorer.readings()
    assert (reading.alpha, reading.beta, reading.ratio) == (*RUN, 20)
    explorer.compare = True
    assert len(explorer.readings()) == 2
    explorer.alpha, explorer.beta = HOLE
    assert explorer.readings()[0].whole is None
    explorer.reset()
    assert explorer.settings["alpha"] == RUN[0]
    with pytest.raises(ValueError, match="alpha must be a value that its slider can hold"):
        explorer.alpha = 2e-6
    with pytest.raises(ValueError, match="colour must be one of"):
        AlphaBetaMap(RUNS, colour="loss")


def test_words_for_who_does_not_see_it():
    told = AlphaBetaMap(RUNS, alpha=RUN[0], beta=RUN[1], compare=True, alpha_2=LOST[0], beta_2=LOST[1]).describe()
    assert told.startswith("Map of α and β, 59 of 117 points run, coloured by error at the ratio, 20×. ")
    assert "At α = 1·10⁻⁶ and β = 3 the network errs on 1.61 % before pruning" in told
    assert "At α = 0.001 and β = 60 the network is at chance level" in told
    assert "0 of 117 points run" in AlphaBetaMap([]).describe()


@pytest.mark.parametrize("settings", [{}, {"colour": "ratio", "compare": True}, {"colour": "dead", "ratio": 1}])
@pytest.mark.parametrize("records", [RUNS, []], ids=["some", "none"])
def test_the_picture_is_drawn_with_holes(records, settings):
    explorer = AlphaBetaMap(records, **settings)
    plane = explorer.figure().axes[0]
    numbers = [text.get_text() for text in plane.texts]
    marks = [line.get_marker() for line in plane.lines]
    cells = maps.values(explorer.stored, explorer.colour, explorer.ratio)
    assert marks.count("o") == sum(value is None for row in cells for value in row), "a ring where nothing is run"
    assert ("x" in marks) == bool(records), "a cross where all is lost"
    if explorer.colour == "dead":
        lost = sum(value is not None for row in cells for value in row) - marks.count("x")
        known = [number for number in numbers if number.isdigit()]
        assert len(known) == lost, "a number where a network stands"
    assert len(explorer.fallback()["image/png"]) < 150_000


def test_the_pages_arithmetic_and_words_are_those_of_python():
    draw, questions = random.Random(4), []
    tables = [maps.table(RUNS), maps.table(map_runs.grid(every=5, dense=())), maps.table([])]
    for data in tables:
        for colour in maps.COLOURS:
            for ratio in (1, 2, 20, 200):
                settings = {"colour": colour, "ratio": ratio, "compare": draw.random() < 0.7}
                for name in ("alpha", "beta", "alpha_2", "beta_2"):
                    settings[name] = draw.choice(data["alphas" if "alpha" in name else "betas"])
                questions.append((data, settings))
        for alpha, beta in (RUN, HOLE, LOST, *((a, b) for a in data["alphas"][::3] for b in data["betas"])):
            settings = {"colour": "error", "ratio": 20, "compare": False, "alpha": alpha, "beta": beta}
            settings |= {"alpha_2": alpha, "beta_2": beta}
            questions.append((data, settings))
    for (data, v), answer in zip(questions, node.ask("map.mjs", questions), strict=True):
        CHECK["alpha_beta_map"](v, decode(answer))
        points = [(v["alpha"], v["beta"])] + ([(v["alpha_2"], v["beta_2"])] if v["compare"] else [])
        assert answer["words"] == [maps.read(data, *point, v["ratio"]).words() for point in points]


# --- on the page ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    write_page(folder, [AlphaBetaMap(RUNS, alpha=RUN[0], beta=RUN[1])])
    return folder


def asked(page):
    """What the page shows, checked against the library."""
    settle(page)
    answer = decode(page.locator(".l0-view").evaluate(ASK))
    CHECK["alpha_beta_map"](answer["vals"], answer["data"])
    return answer["vals"]


def points(page):
    v = asked(page)
    return (v["alpha"], v["beta"]), (v["alpha_2"], v["beta_2"]) if v["compare"] else None


def place(page, alpha, beta):
    """Where a cell stands on the screen."""
    page.locator(".l0-map .u-over").scroll_into_view_if_needed()
    box = page.locator(".l0-map .u-over").bounding_box()
    at = page.evaluate(
        """([alpha, beta]) => {
          const root = document.querySelector(".l0-view"), { alphas, betas } = root.l0.data().stored;
          const edge = (l) => [1.5 * Math.log10(l[0]) - 0.5 * Math.log10(l[1]),
            1.5 * Math.log10(l.at(-1)) - 0.5 * Math.log10(l.at(-2))];
          const share = (l, x, more) => {
            const [a, b] = edge(l); return (Math.log10(x) - a + more) / (b - a + 2 * more);
          };
          return [share(alphas, alpha, 0), 1 - share(betas, beta, 0.1)];
        }""",
        [alpha, beta],
    )
    return box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"]


def test_the_keys_step_over_the_grid(page):
    page.locator(".l0-map").focus()
    for key, where in (
        ("ArrowRight", (1.8e-6, 3)), ("ArrowUp", (1.8e-6, 5)), ("ArrowLeft", (1e-6, 5)), ("ArrowDown", (1e-6, 3)),
        ("ArrowLeft", (1e-6, 3)), ("End", (1e-3, 3)), ("PageUp", (1e-3, 60)), ("ArrowUp", (1e-3, 60)),
        ("Home", (1e-6, 60)), ("PageDown", (1e-6, 1)),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert points(page) == (where, None), key
    assert page.evaluate("scrollY") == 0, "the keys did not scroll"
    for _ in range(4):
        page.keyboard.press("ArrowRight")  # faster than pictures
    assert points(page)[0] == (1e-5, 1)


def test_the_space_key_leaves_a_second_point_behind(page):
    page.locator(".l0-map").focus()
    assert not page.locator(".l0-c-alpha_2").is_visible()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    assert points(page) == ((1.8e-6, 3), RUN)
    assert page.locator(".l0-c-alpha_2").is_visible()
    assert page.locator(".l0-map-numbers th[scope=col]").count() == 3


def test_a_click_compares_and_a_drag_moves(page):
    page.mouse.click(*place(page, *LOST))
    assert points(page) == (LOST, RUN)
    page.mouse.click(*place(page, *LOST))
    assert points(page) == (LOST, RUN), "a click on the point itself changes nothing"
    page.mouse.move(*place(page, 1e-4, 5))
    page.mouse.down()
    page.mouse.move(*place(page, 1e-4, 12), steps=5)
    page.mouse.move(*place(page, 1e-5, 35), steps=8)
    page.mouse.up()
    assert points(page) == ((1e-5, 35), RUN)
    page.get_by_label("compare").uncheck()
    assert points(page) == ((1e-5, 35), None)


def test_the_numbers_stand_under_the_map(page):
    table = page.locator(".l0-map-numbers")
    assert "1.61 % (1 seed)" in table.inner_text()
    reading = maps.read(maps.table(RUNS), *RUN, 20)
    assert page.locator(".l0-said").inner_text() == f"A {reading.words()}"
    page.locator(".l0-map").focus()
    page.keyboard.press("ArrowDown")
    assert points(page)[0] == HOLE
    assert "not run yet" in table.inner_text()
    assert "no network is trained yet" in page.locator(".l0-said").inner_text()
    assert "not run yet (58 of 117)" in page.locator(".l0-key").inner_text()


@pytest.mark.parametrize("colour", list(maps.COLOURS))
def test_every_colour_and_ratio_shows_what_is_stored(page, colour):
    page.get_by_role("button", name=maps.COLOURS[colour]).click()
    page.locator(".l0-c-ratio .noUi-handle").focus()
    seen = set()
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
        v = asked(page)
        assert v["colour"] == colour
        seen.add(v["ratio"])
    assert seen == {1, 2, 200}


def painted(page, alpha, beta):
    """The commonest colour in the middle of a cell."""
    x, y = place(page, alpha, beta)
    shot = page.screenshot(clip={"x": x - 8, "y": y - 5, "width": 16, "height": 10})
    return max(Image.open(io.BytesIO(shot)).convert("RGB").getcolors(), key=lambda found: found[0])[1]


def test_good_lost_and_missing_cells_look_different(page):
    good, bad, lost, hole = (painted(page, *where) for where in ((3.2e-5, 3), (1e-5, 1), LOST, HOLE))
    assert len({good, bad, lost, hole}) == 4
    assert sum(good) < sum(bad), "the fewer errors, the stronger"
    assert hole == (255, 255, 255), "nothing is painted where nothing was run"


def test_the_curve_sets_the_ratio(page):
    plane = page.locator(".l0-panel[data-name='Test error against compression ratio'] .u-over")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + 20)
    assert asked(page)["ratio"] == 200


def test_the_view_stands_in_the_address(page, chromium):
    page.mouse.click(*place(page, *LOST))
    page.wait_for_function("location.search.includes('alpha_beta_map.compare=true')")
    wanted = asked(page)
    with visit(chromium, page.url) as again:
        assert asked(again) == wanted
        assert not again.locator(".l0-notice:visible").count()


def test_reset_and_screen_reader(page):
    box = page.locator(".l0-map")
    status = page.locator("[role=status]")
    page.wait_for_function("(e) => e.textContent.length > 100", arg=status.element_handle())
    assert box.get_attribute("role") == "application"
    assert "arrow keys" in box.get_attribute("aria-label")
    before = status.inner_text()
    assert before in box.get_attribute("aria-label")
    box.focus()
    page.keyboard.press("End")
    page.wait_for_function("([e, was]) => e.textContent !== was", arg=[status.element_handle(), before])
    page.get_by_role("button", name="Reset").click()
    assert points(page) == (RUN, None)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, axe, theme):
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.mouse.click(*place(page, *LOST))
    settle(page)
    assert axe(page) == []


def test_a_finger_compares_and_the_phone_does_not_scroll_sideways(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.touchscreen.tap(*place(page, *LOST))
        assert points(page) == (LOST, RUN)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_javascript_the_picture_stands(chromium, address):
    with visit(chromium, address, java_script_enabled=False) as page:
        picture = page.locator(".l0-fallback img")
        assert picture.is_visible()
        assert "59 of 117 points run" in picture.get_attribute("alt")


@pytest.mark.slow
@pytest.mark.alone
def test_speed(chromium, address):
    measured = calmest(chromium, address)
    print(measured)
    for name, target in TARGETS.items():
        assert measured[name] <= 2 * target, (name, measured)
