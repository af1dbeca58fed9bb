"""Remove neurons: as a Python object, and on a page in a real browser with mouse and keyboard."""

import random

import pytest
import torch

from l0lib import compress
from l0lib.compress import models, neurons
from l0lib.compress.neurons import blueprint
from l0lib.widgets import RemoveNeurons
from tests.browser import visit
from tests.widgets import node
from tests.widgets.ask import ASK, settle
from tests.widgets.conftest import write_page
from tests.widgets.reference import CHECK, decode

IMAGE = torch.zeros(1, 3, 32, 32)


@pytest.fixture(scope="module")
def model():
    return models.ResNet20(0)


@pytest.fixture(scope="module")
def plan(model):
    return blueprint(model, IMAGE)


@pytest.fixture
def widget(plan):
    return RemoveNeurons(plan, "ResNet-20")


# --- in Python -------------------------------------------------------------------------------------------------------


def test_the_slider_removes_what_the_library_removes(model, plan):
    for share in (0, 0.15, 0.9):
        widget = RemoveNeurons(plan, share=share)
        assert widget.removed == neurons.smallest_neurons(neurons.neurons(model, IMAGE), share)
        small = neurons.remove_neurons(model, widget.removed, IMAGE)
        totals = widget.totals()
        assert totals["parameters_left"] == compress.count_parameters(small)
        assert totals["multiply_adds_left"] == compress.in_all(compress.multiply_adds(small, IMAGE)).dense


def test_python_sets_and_reads_single_units(widget, plan):
    first = plan.families[0][0]
    widget.removed = {first: [3, 1]}
    assert widget.removed == {first: [1, 3]}
    widget.view.toggled = [*widget.view.toggled, [0, 3]]  # as a click in the browser does
    assert widget.removed == {first: [1]}
    assert "447 of 448 units are left" in widget.describe()
    assert widget.figure().axes
    widget.reset()
    assert widget.view.toggled == []
    assert widget.removed == RemoveNeurons(plan).removed


@pytest.mark.parametrize(
    ("units", "message"),
    [(range(16), "removed must leave 1 unit of convolution; got all 16"), ([16], "must be between 0 and 15")],
)
def test_units_that_must_stay_are_refused(widget, units, message):
    before = widget.removed
    with pytest.raises(ValueError, match=message):
        widget.removed = {"convolution": units}
    assert widget.removed == before


def test_the_browsers_arithmetic_is_that_of_the_library(plan):
    chooses, questions = random.Random(3), []
    plans = (plan, blueprint(compress.lenet_5_caffe(0), torch.zeros(1, 1, 28, 28)))
    for some in plans:
        for share in (0, 0.05, 0.3, 0.75, 0.9):
            for many in (0, 1, 5):
                places = [chooses.randrange(len(some.norms)) for _ in range(many)]
                toggled = [[f, u] for f, u in {(f, chooses.randrange(len(some.norms[f]) - 1)) for f in places}]
                questions.append((some.as_json(), share, toggled))
    for (_, share, _), answer in zip(questions, node.ask("removal.mjs", questions), strict=True):
        CHECK["remove_neurons"]({"share": share}, decode(answer))


# --- on the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("removal")
    write_page(folder, [RemoveNeurons(plan, "ResNet-20")])
    return folder


def asked(page):
    """What the page computed, checked against the library."""
    settle(page)
    answer = decode(page.locator(".l0-view").evaluate(ASK))
    CHECK["remove_neurons"](answer["vals"], answer["data"])
    return answer


def strip(page, row):
    return page.locator(".l0-units tbody tr").nth(row).locator("canvas")


def click_unit(page, row, unit, units):
    box = strip(page, row).bounding_box()
    strip(page, row).click(position={"x": (unit + 0.5) * box["width"] / units, "y": box["height"] / 2})


def test_a_click_removes_a_unit_of_the_whole_family(page):
    before = asked(page)["data"]
    unit = next(u for u in range(16) if u not in before["gone"][0])
    click_unit(page, 2, unit, 16)  # a later layer of the first family
    after = asked(page)["data"]
    assert after["toggled"] == [[0, unit]]
    assert unit in after["gone"][0]
    rows = page.locator(".l0-units tbody tr")
    assert rows.nth(0).inner_text().split("\t")[2] == "11 of 16"
    assert rows.nth(1).inner_text().split("\t")[1] == "11 of 16", "the layer that reads it"
    assert page.locator(".l0-gives").count() == 4, "four layers write the family"
    assert page.locator(".l0-reads").count() == 5, "five read it"
    click_unit(page, 0, unit, 16)
    assert asked(page)["data"]["toggled"] == []


def left(page):
    gone = asked(page)["data"]["gone"][0]
    return [unit for unit in range(16) if unit not in gone]


def test_the_keyboard_removes_and_the_last_unit_stays(page):
    page.locator(".l0-c-share .noUi-handle").focus()
    page.keyboard.press("End")
    strip(page, 0).focus()
    kept = left(page)
    assert len(kept) == 2
    for unit in kept:
        for press in ["Home", *["ArrowRight"] * unit, "Space"]:
            page.keyboard.press(press)
    assert left(page) == kept[1:]
    assert "The last unit stays." in page.locator(".l0-key").inner_text()
    assert page.evaluate("scrollY") == 0, "the keys did not scroll"


def test_reset_brings_all_back(page):
    click_unit(page, 0, 0, 16)
    assert asked(page)["data"]["toggled"]
    page.get_by_role("button", name="Reset").click()
    assert asked(page)["data"]["toggled"] == []


def test_the_share_stands_in_the_address(chromium, address):
    with visit(chromium, f"{address}?remove_neurons.share=0.5") as page:
        assert asked(page)["vals"] == {"share": 0.5}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_in_both_themes(page, axe, theme):
    page.evaluate("(t) => { document.documentElement.dataset.theme = t }", theme)
    click_unit(page, 0, 0, 16)
    settle(page)
    page.wait_for_timeout(400)  # what is longer than its place is reachable once the hand rests
    assert axe(page, ".l0-explorer") == []


def test_a_narrow_screen_does_not_scroll_sideways(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 800}) as page:
        asked(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert strip(page, 5).bounding_box()["width"] > 250
        cut = """rows => rows.filter((row) => row.scrollWidth > row.clientWidth + 1
            || [...row.children].some((cell) => cell.scrollWidth > cell.clientWidth + 1)).map((row) => row.innerText)"""
        assert page.eval_on_selector_all(".l0-units tr", cut) == []
