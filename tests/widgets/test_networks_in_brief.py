"""The two explorers of the page on networks: as Python objects, against NumPy, and on a page in a real browser."""

import itertools
import re

import numpy as np
import pytest

from l0lib.chapters import networks_in_brief as brief
from l0lib.compress.data import read_embedded_digits
from l0lib.widgets import Descent, OneConvolution
from tests.browser import visit
from tests.widgets import node
from tests.widgets.ask import ASK, settle
from tests.widgets.conftest import write_page
from tests.widgets.reference import CHECK, decode

WEIGHTS = [0.5, -1, 2, 0, 0.25, -9, 3, 1, -0.1]


@pytest.fixture(scope="module")
def digits():
    return brief.small_digits(*read_embedded_digits())


# --- in Python -------------------------------------------------------------------------------------------------------


def test_the_readers_weights_are_chosen_by_setting_them(digits):
    widget = OneConvolution(digits)
    words = widget.describe()
    widget.own = np.reshape(WEIGHTS, (3, 3))
    assert widget.kernel == "own"
    assert widget.own == WEIGHTS
    assert widget.weights.tolist() == np.reshape(WEIGHTS, (3, 3)).tolist()
    assert widget.describe() != words
    widget.reset()
    assert widget.kernel == "upright"
    assert widget.own == [0, 0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("weights", [[1.0] * 8, [9.5] + [0.0] * 8, [float("nan")] * 9, "abc"])
def test_weights_that_the_page_could_not_hold_are_refused(digits, weights):
    with pytest.raises(ValueError, match="own must "):
        OneConvolution(digits).own = weights


def test_other_images_are_refused():
    with pytest.raises(
        ValueError, match=re.escape("digits must be uint8 of shape (10, 14, 14); got float64 of (10, 28")
    ):
        OneConvolution(np.zeros((10, 28, 28)))


def test_the_still_pictures_follow_the_settings(digits):
    widget = OneConvolution(digits, position=40, bias=0.5)
    image, sums, rectified, pooled, *below = widget.figure().axes
    want = brief.convolve(widget.image, widget.weights, 0.5)
    assert np.asarray(image.images[0].get_array()) == pytest.approx(widget.image)
    assert np.asarray(sums.images[0].get_array()) == pytest.approx(want)
    assert np.asarray(rectified.images[0].get_array()).min() == 0
    assert np.asarray(pooled.images[0].get_array()) == pytest.approx(brief.max_pool(brief.relu(want)))
    assert image.patches[0].get_xy() == (3.5, 2.5)  # position 40 is row 3, column 4
    assert f"= {want[3, 4]:.3g}" in below[-1].texts[0].get_text()
    plane, losses = Descent(mu=0.5, steps=50).figure().axes
    assert plane.get_lines()[1].get_xydata() == pytest.approx(brief.momentum_path(50, 0.01, 0.5, 50))
    assert len(losses.get_lines()) == 3


def test_the_words_say_what_diverges():
    assert "Plain gradient descent has left the valley" in Descent(eta=0.1, steep=50).describe()
    assert "left the valley" not in Descent().describe()


# --- the browser's arithmetic ----------------------------------------------------------------------------------------


def test_a_convolution_equals_numpys(digits):
    kernels = {**brief.KERNELS, "own": WEIGHTS}
    cases = list(itertools.product((0, 7), kernels, (-0.7, 0.0, 2.0), (0, 77, 143)))
    asked = [(digits[d].ravel() / 255, list(map(float, kernels[k])), bias, at) for d, k, bias, at in cases]
    for (_, kernel, bias, at), answer in zip(cases, node.ask("convolution.mjs", asked), strict=True):
        CHECK["one_convolution"]({"kernel": kernel, "bias": bias, "position": at}, decode(answer))


def test_the_paths_equal_numpys_wherever_they_lead():
    ways = itertools.product((1e-3, 0.01, 0.04, 0.25, 1.0), (0.0, 0.5, 0.9, 0.99), (0.01, 1.0), (1, 50, 100))
    asked = [{"eta": eta, "mu": mu, "eta_adam": adam, "steep": steep, "steps": 500} for eta, mu, adam, steep in ways]
    lost = 0
    for question, answer in zip(asked, node.ask("descent.mjs", asked), strict=True):
        found = decode(answer)
        CHECK["descent"](question, found)
        lost += not np.isfinite(found["plain"]["loss"][-1])
    assert lost > 10, "some of them diverge"


# --- on the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("brief")
    write_page(folder, [OneConvolution(digits), Descent()])
    return folder


def asked(page, place=0):
    settle(page)
    answer = decode(page.locator(".l0-view").nth(place).evaluate(ASK))
    CHECK[answer["kind"]](answer["vals"], answer["data"])
    return answer


def test_every_control_moves_the_pictures_as_numpy_says(page):
    for place in (0, 1):
        box = page.locator(".l0-explorer").nth(place)
        seen = {str(asked(page, place)["vals"])}
        for button in box.locator(".widget-toggle-button").all():
            button.click()
            seen.add(str(asked(page, place)["vals"]))
        for handle in box.locator(".noUi-handle").all():
            handle.focus()
            for move in ("ArrowRight", "End", "ArrowLeft", "Home"):
                page.keyboard.press(move)
                seen.add(str(asked(page, place)["vals"]))
        assert len(seen) >= 18


def test_a_changed_weight_makes_the_window_the_readers_own(page):
    page.get_by_label("weight in row 2, column 3").fill("2.5")
    page.keyboard.press("Enter")
    found = asked(page)
    assert found["vals"]["kernel"] == "own"
    assert found["data"]["kernel"] == [-1, 0, 1, -1, 0, 2.5, -1, 0, 1]
    page.get_by_label("weight in row 1, column 1").fill("1e9")
    page.keyboard.press("Enter")
    assert asked(page)["data"]["kernel"][0] == 9
    page.get_by_label("weight in row 1, column 2").fill("")
    page.keyboard.press("Enter")
    assert asked(page)["data"]["kernel"][1] == 0
    page.get_by_role("button", name="Reset").first.click()
    found = asked(page)
    assert found["vals"]["kernel"] == "upright"
    assert found["data"]["own"] == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_the_window_goes_where_the_reader_points_and_by_the_arrows(page):
    image, sums, _, pooled = page.locator(".l0-maps canvas").all()
    for canvas, side, cell, place in (
        (image, 14, (5, 7), (4, 6)),
        (sums, 12, (0, 11), (0, 11)),
        (pooled, 6, (2, 3), (4, 6)),
    ):
        size = canvas.bounding_box()["width"] / side
        canvas.click(position={"x": (cell[1] + 0.5) * size, "y": (cell[0] + 0.5) * size})
        found = asked(page)["data"]
        assert (found["row"], found["column"]) == place
    image.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    found = asked(page)["data"]
    assert (found["row"], found["column"]) == (4, 7)
    assert "Window at row 5, column 8" in image.get_attribute("aria-label")


def test_play_moves_the_window_and_stops(page):
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.l0-view').l0.vals().position >= 4")
    page.get_by_role("button", name="Stop").click()
    at = asked(page)["vals"]["position"]
    page.wait_for_timeout(300)
    assert asked(page)["vals"]["position"] == at
    assert page.get_by_role("button", name="Play").is_visible()


def test_play_ends_at_the_last_place(chromium, address):
    with visit(chromium, f"{address}?one_convolution.position=143") as page:
        assert asked(page)["vals"]["position"] == 143
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("document.querySelector('.l0-view').l0.vals().position >= 10")
        page.evaluate("document.querySelector('.l0-view').l0.model.set('position', 142)")
        page.get_by_role("button", name="Play").wait_for()
        assert asked(page)["vals"]["position"] == 143


def test_a_rate_that_is_too_large_is_said(page):
    slider = page.locator(".l0-c-eta .noUi-handle").first
    slider.focus()
    page.keyboard.press("End")
    asked(page, 1)
    assert "leaves the valley" in page.locator(".l0-key").nth(1).inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_in_both_themes(page, axe, theme):
    page.evaluate("(t) => { document.documentElement.dataset.theme = t }", theme)
    settle(page)
    assert axe(page, ".l0-explorer") == []


def test_a_narrow_screen_does_not_scroll_sideways(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 800}) as page:
        asked(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator(".l0-maps canvas").first.bounding_box()["width"] > 140
