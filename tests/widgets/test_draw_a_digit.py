"""Draw a digit: as a Python object, and on a page in a real browser with mouse, finger and keyboard."""

import re

import numpy as np
import pytest
import torch

from l0lib import compress
from l0lib.chapters import kept_networks
from l0lib.chapters.image_networks import read_script
from l0lib.widgets import DrawADigit
from l0lib.widgets.digits import drawn_image
from tests.browser import serve, visit
from tests.widgets.ask import ASK, settle
from tests.widgets.conftest import write_page
from tests.widgets.reference import CHECK, decode

SEVEN = [(70, 60), (200, 60), (170, 130), (140, 230)]
ONE = [(140, 50), (140, 230)]


@pytest.fixture(scope="module")
def trained():
    """LeNet-300-100 after a moment on the embedded digits, dense and pruned twentyfold: enough to tell a 1 from a 7."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads of a busy machine wait for each other
    data = compress.embedded_digits()
    model = compress.lenet_300_100(0)
    compress.train(model, data.train, epochs=3, learning_rate=0.2)
    dense = kept_networks.as_arrays(model, "LeNet-300-100")
    masks = compress.prune_global(model, 20)
    compress.train(model, data.train, epochs=2, learning_rate=0.1, masks=masks)
    assert compress.evaluate(model, data.test).error < 0.12
    torch.set_num_threads(threads)
    return kept_networks.as_arrays(model, "LeNet-300-100", 12_345), dense


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    """A page with the widget and its dense network, and a second widget whose dense network is missing."""
    sparse, dense = trained
    folder = tmp_path_factory.mktemp("digits")
    networks = folder / "_static" / "networks"
    networks.mkdir(parents=True)
    for key in ("lenet-300-100", "gone"):
        (networks / f"{key}.js").write_text(dense.script(key), "ascii")
    examples = kept_networks.digit_examples()
    widgets = [DrawADigit(sparse, examples, networks / f"{key}.js") for key in ("lenet-300-100", "gone")]
    write_page(folder, widgets)
    (networks / "gone.js").unlink()
    (folder / "404.html").write_text("<!doctype html><title>Not here</title>")
    return folder


def view(page):
    return page.locator(".l0-view").first


def asked(page):
    """What the page computed, checked against NumPy."""
    settle(page)
    answer = decode(view(page).evaluate(ASK))
    CHECK["draw_a_digit"](answer["vals"], answer["data"])
    return answer


def line(page):
    settle(page)
    return view(page).locator(".l0-key").inner_text()


def draw(page, points):
    pad = page.locator(".l0-pad").first
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


# --- in Python -------------------------------------------------------------------------------------------------------


def test_python_sees_what_the_reader_sees(trained):
    sparse, _ = trained
    widget = DrawADigit(sparse, kept_networks.digit_examples(), digit="3")
    np.testing.assert_array_equal(widget.image, kept_networks.digit_examples()[3] / 255)
    widget.strokes = [[x for point in ONE for x in point]]
    assert widget.digit == "own"
    np.testing.assert_array_equal(widget.image, drawn_image(widget.strokes, widget.pen))
    assert widget.probabilities.argmax() == 1
    assert "The reader's drawing" in widget.describe()
    assert "says 1 (" in widget.describe()
    assert widget.figure().canvas is not None
    widget.reset()
    assert widget.digit == "3"


@pytest.mark.parametrize("stroke", [[1], [0, 281], [-1, 0], []])
def test_strokes_off_the_square_are_refused(trained, stroke):
    widget = DrawADigit(trained[0], kept_networks.digit_examples())
    with pytest.raises(ValueError, match="strokes must be pairs x, y from 0 to 280"):
        widget.strokes = [stroke]


def test_examples_must_be_ten_images(trained):
    with pytest.raises(ValueError, match=re.escape("examples must be uint8 of shape (10, 28, 28); got float64")):
        DrawADigit(trained[0], kept_networks.digit_examples() / 255)


def test_dense_network_must_be_there(trained, tmp_path):
    with pytest.raises(OSError, match=r"none\.js"):
        DrawADigit(trained[0], kept_networks.digit_examples(), tmp_path / "none.js")


def test_dense_network_travels_only_when_asked_for(trained, folder):
    file = folder / "_static" / "networks" / "lenet-300-100.js"
    widget = DrawADigit(trained[0], kept_networks.digit_examples(), file)
    assert widget.view.dense_json == ""
    assert widget.view.dense_bytes == file.stat().st_size
    widget.view.dense_wanted = True
    assert widget.view.dense_json in file.read_text()
    assert len(widget.view.dense_json) > 100_000


# --- on the page -----------------------------------------------------------------------------------------------------


def test_every_example_is_classified_as_numpy_does(page):
    for digit in range(10):
        page.locator(".l0-explorer").first.get_by_role("button", name=str(digit), exact=True).click()
        answer = asked(page)
        assert answer["vals"]["digit"] == str(digit)
        found = answer["data"]["probabilities"]["compressed"]
        assert f"The compressed network says {int(np.argmax(found))} (" in line(page)


def test_mouse_draws_and_the_network_answers(page):
    draw(page, ONE)
    assert re.match(r"The compressed network says 1 \([\d.]+ %\)$", line(page))
    answer = asked(page)
    assert answer["vals"]["digit"] == "own"
    assert len(answer["data"]["strokes"]) == 1
    view(page).get_by_role("button", name="Clear").click()
    assert "waiting for a drawing" in line(page)
    assert asked(page)["data"]["strokes"] == []
    draw(page, SEVEN)
    assert "The compressed network says 7 (" in line(page)
    draw(page, [(110, 140), (190, 140)])
    assert len(asked(page)["data"]["strokes"]) == 2, "a second stroke adds to the drawing"


def test_pen_width_draws_the_same_strokes_anew(page):
    draw(page, SEVEN)
    thin = asked(page)["data"]
    page.locator(".l0-c-pen .noUi-handle").first.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    wide = asked(page)["data"]
    assert wide["strokes"] == thin["strokes"]
    assert sum(wide["image"]) > 1.2 * sum(thin["image"])


def test_a_finger_draws_and_the_page_does_not_scroll(chromium, address):
    with visit(chromium, address, viewport={"width": 390, "height": 500}, is_mobile=True, has_touch=True) as page:
        pad = page.locator(".l0-pad").first
        pad.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        box, before = pad.bounding_box(), page.evaluate("scrollY")
        channel = page.context.new_cdp_session(page)
        for i in range(20):
            point = {"x": box["x"] + 0.5 * box["width"], "y": box["y"] + box["height"] * (0.2 + 0.03 * i)}
            kind = "touchMove" if i else "touchStart"
            channel.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        channel.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert "The compressed network says 1 (" in line(page)
        assert page.evaluate("scrollY") == before
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_keyboard_draws_and_says_where_the_pen_is(page):
    pad = page.locator(".l0-pad").first
    pad.focus()
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    assert asked(page)["vals"]["digit"] == "7", "a lifted pen leaves the example alone"
    page.keyboard.press("Space")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    assert "The compressed network says 1 (" in line(page)
    status = view(page).locator("[role=status]")
    page.wait_for_function(
        "(e) => e.textContent.includes('Pen down, 50 % across, 82 % down')", arg=status.element_handle()
    )
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    assert asked(page)["data"]["strokes"] == [[140, 50, *[x for k in range(1, 19) for x in (140, 50 + 10 * k)]]]
    page.keyboard.press("Delete")
    assert "waiting for a drawing" in line(page)
    assert page.evaluate("scrollY") == 0, "the arrows did not scroll"


def test_dense_network_comes_on_a_click_and_not_before(chromium, address):
    with visit(chromium, address) as page:
        loaded = []
        page.on("request", lambda r: None if r.url.endswith("favicon.svg") else loaded.append(r.url))
        draw(page, SEVEN)
        assert not loaded
        button = view(page).get_by_role("button", name="Run the dense network too")
        assert re.search(r"\(0\.\d+ MB\)", button.inner_text())
        button.click()
        page.wait_for_function("document.querySelectorAll('.l0-key')[0].children.length === 2")
        assert [url.rsplit("/", 1)[1] for url in loaded] == ["lenet-300-100.js"]
        assert re.search(r"The compressed network says 7 .*\s+The dense network says 7 \(", line(page))
        costs = view(page).locator(".l0-costs")
        page.wait_for_function("(e) => !e.innerText.includes('–')", arg=costs.element_handle())
        text = costs.inner_text()
        assert "13,330" in text
        assert "266,610" in text
        assert "1,066,440" in text
        assert "12,345" in text


def test_page_opened_from_disk_runs_both(chromium, folder):
    with visit(chromium, (folder / "index.html").as_uri()) as page:
        draw(page, ONE)
        view(page).get_by_role("button", name="Run the dense network too").click()
        page.wait_for_function("document.querySelectorAll('.l0-key')[0].children.length === 2")
        assert "The dense network says 1 (" in line(page)


def test_missing_dense_network_is_said_and_may_be_tried_again(chromium, address):
    gone = address.replace("index.html", "_static/networks/gone.js")
    (made := chromium.new_context()).set_default_timeout(10_000)
    page = made.new_page()
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.widgetsReady === '1'")
    with page.expect_response(gone):
        page.get_by_role("button", name="Run the dense network too").nth(1).click()
    notice = page.locator(".l0-says .l0-notice").nth(1)
    notice.wait_for()
    assert notice.inner_text() == "The dense network did not load: its file could not be read."
    assert page.get_by_role("button", name="Try again to load the dense network").is_enabled()
    made.close()


def test_example_and_pen_stand_in_the_address(chromium, address):
    with visit(chromium, f"{address}?draw_a_digit.digit=4&draw_a_digit.pen=12") as page:
        assert asked(page)["vals"] == {"digit": "4", "pen": 12}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_in_both_themes(page, axe, theme):
    page.evaluate("(t) => { document.documentElement.dataset.theme = t }", theme)
    draw(page, SEVEN)
    view(page).get_by_role("button", name="Run the dense network too").click()
    page.wait_for_function("document.querySelectorAll('.l0-key')[0].children.length === 2")
    settle(page)
    assert axe(page, ".l0-explorer") == []


def test_without_javascript_a_picture_and_a_sentence_stand(chromium, address):
    with visit(chromium, address, java_script_enabled=False) as page:
        picture = page.locator(".l0-fallback img").first
        assert picture.is_visible()
        assert "says 7" in picture.get_attribute("alt")


def test_drawing_keeps_up_with_the_hand(page):
    """Two hundred points of a stroke: each is classified and painted well within a frame."""
    view(page).evaluate("(e) => { e.l0.stats.work.length = 0 }")
    pad = page.locator(".l0-pad").first.bounding_box()
    page.mouse.move(pad["x"] + 40, pad["y"] + 140)
    page.mouse.down()
    for i in range(200):
        angle = 2 * np.pi * i / 100
        page.mouse.move(pad["x"] + 140 - 90 * np.cos(angle), pad["y"] + 140 + 90 * np.sin(angle))
    page.mouse.up()
    settle(page)
    work = sorted(view(page).evaluate("(e) => e.l0.stats.work"))
    assert len(work) > 20
    assert work[int(0.95 * len(work))] <= 2 * 8, "twice the target of compute and draw"


def test_the_first_stroke_brings_the_dense_network_where_the_page_begins_with_its_answers(
    chromium, trained, tmp_path_factory
):
    """What it says of the examples comes with the page, so that both stand side by side before anything is loaded."""
    sparse, dense = trained
    folder = tmp_path_factory.mktemp("together")
    networks = folder / "_static" / "networks"
    networks.mkdir(parents=True)
    (networks / "lenet-300-100.js").write_text(dense.script("lenet-300-100"), "ascii")
    examples = kept_networks.digit_examples()
    widget = DrawADigit(sparse, examples, networks / "lenet-300-100.js", with_dense=True, digit="3")
    half = read_script(networks / "lenet-300-100.js")
    assert np.allclose(widget.view.dense_scores, half.scores(examples / 255), rtol=0, atol=1e-12)
    write_page(folder, [widget])
    with serve(folder) as base, visit(chromium, f"{base}/index.html") as page:
        loaded = []
        page.on("request", lambda request: loaded.append(request.url))
        says = half.probabilities(examples[3] / 255)[0].argmax()
        assert f"The dense network says {says} (" in line(page)
        assert loaded == []
        draw(page, ONE)
        page.wait_for_function("globalThis.L0Networks?.['lenet-300-100']")
        settle(page)
        assert len(loaded) == 1
        assert "The dense network says 1 (" in line(page)
        draw(page, SEVEN)
        assert len(loaded) == 1
