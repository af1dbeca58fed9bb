"""The explorer of stored runs: what Python packs, what the page shows of it, and every way of reading it."""

import json
import re
import subprocess

import numpy as np
import pytest

from bench.widgets import TARGETS, calmest
from l0lib.compress import wilson_interval
from l0lib.experiments.records import LayerCount
from l0lib.widgets import CompressionRatio
from l0lib.widgets.ratio import nearest, pack, parts
from tests.browser import ROOT, serve, visit
from tests.widgets import stored_runs
from tests.widgets.ask import ASK, settle
from tests.widgets.conftest import write_page
from tests.widgets.node import NODE
from tests.widgets.ratio_reference import compression_ratio
from tests.widgets.reference import decode

RUNS = stored_runs.experiment_1()
NETWORKS = [
    stored_runs.run(f"{network}-{method}", seed, network, experiment="experiment-2", dense_arm="")
    for network in ("lenet-300-100", "lenet-5-caffe")
    for method in ("NORM", "SEP")
    for seed in (0, 1)
]
PHOTOGRAPHS = [
    stored_runs.run(f"{network}-NORM", seed, network, experiment="experiment-3", dense_arm="", dataset="cifar10")
    for network in ("resnet-20", "vgg-16")
    for seed in (0, 1)
]


def explorers():
    return [
        CompressionRatio(RUNS, penalty="l0"),
        CompressionRatio(NETWORKS, ("method", "network")),
        CompressionRatio(PHOTOGRAPHS, ("network",)),
    ]


# --- in Python --------------------------------------------------------------------------------------------------------


def test_what_is_packed_is_what_the_records_hold():
    stored = pack(RUNS, ("penalty", "pruning"))
    assert json.loads(json.dumps(stored)) == stored, "plain data"
    assert [arm["name"] for arm in stored["arms"][:3]] == ["ℓ2, global", "ℓ2, layerwise", "ℓ1, global"]
    arm = next(a for a in stored["arms"] if a["choices"] == {"penalty": "l0", "pruning": "GP"})
    runs = [r for r in RUNS if r.config.arm == "l0-GP"]
    for stage, tuned in (("before", False), ("after", True)):
        of_stage = [[p for p in r.points if p.fine_tuned == tuned] for r in runs]
        assert arm[stage]["requested"] == [p.requested for p in of_stage[0]]
        for place, points in enumerate(zip(*of_stage, strict=True)):
            errors = [p.measured.percent for p in points]
            np.testing.assert_allclose(arm[stage]["errors"][place], errors, atol=1e-4)
            assert arm[stage]["mean"][place] == pytest.approx(np.mean(errors))
            low, high = wilson_interval(np.mean(errors) * 100, 10_000)
            assert (arm[stage]["low"][place], arm[stage]["high"][place]) == pytest.approx((100 * low, 100 * high))
            assert arm[stage]["kept"][place] == [layer.nonzero for layer in points[0].layers]
            first = np.array(points[0].first_layer)
            packed = np.array(arm[stage]["first"][place])
            assert ((packed != 0) == (first != 0)).all(), "what is left is drawn, what is removed is not"
            np.testing.assert_allclose(packed, 127 * first / np.abs(first).max(), atol=1)


def test_counts_at_pixels_stay_counts():
    stored = pack(NETWORKS, ("method", "network"))
    arm = next(a for a in stored["arms"] if a["choices"]["network"] == "lenet-300-100")
    run = next(r for r in NETWORKS if r.config.network == "lenet-300-100" and r.seed == 0)
    assert arm["shape"] == [28, 28]
    assert arm["before"]["first"][0] == [int(x) for x in run.points[0].first_layer]


def test_a_residual_block_is_one_part_and_so_are_all_normalisations():
    sizes = stored_runs.SIZES["resnet-20"]
    layers = [LayerCount(name=name, parameters=size, nonzero=size // 2) for name, size in sizes.items()]
    assert parts(layers) == {
        "convolution": (448, 224),
        "normalisations": (64, 32),
        "block 1": (4_640, 2_320),
        "block 2": (267_264, 133_632),
        "output": (650, 325),
    }
    names = [*stored_runs.SIZES["vgg-16"], "hidden"]
    told = parts([LayerCount(name=name, parameters=2, nonzero=1) for name in names])
    assert list(told) == ["convolution 1", "normalisations", "convolution 2", "output", "hidden"]


def test_a_network_that_lost_everything_can_still_be_shown():
    run = stored_runs.run("l2-RP", tuned=())
    empty = run.points[-1].model_copy(
        update={"nonzero": 0, "layers": tuple(x.model_copy(update={"nonzero": 0}) for x in run.points[-1].layers)}
    )
    stored = pack([run.model_copy(update={"points": (*run.points[:-1], empty)})], ("penalty",))
    assert stored["arms"][0]["before"]["ratio"][-1] is None
    json.dumps(stored, allow_nan=False)


@pytest.mark.parametrize(
    ("records", "facets", "words"),
    [
        ([], ("penalty",), "records must be of one profile"),
        (
            [*RUNS, stored_runs.run("l0-GP", 7, profile="fast")],
            ("penalty", "pruning"),
            "records must be of one profile",
        ),
        (RUNS, ("penalty",), "facets must tell the arms apart"),
        (
            [stored_runs.run("l0-GP", ratios=(), tuned=())],
            ("penalty",),
            "records must hold at least one pruned network",
        ),
    ],
)
def test_records_that_cannot_be_shown_are_refused(records, facets, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        CompressionRatio(records, facets)


def test_settings_follow_the_records():
    explorer = CompressionRatio(RUNS, penalty="l0", ratio=359)
    assert explorer.settings == {"penalty": "l0", "pruning": "GP", "stage": "after", "ratio": 359}
    explorer.ratio = 10
    assert explorer.chosen()["after"]["requested"] == 10
    with pytest.raises(ValueError, match="ratio must be a value that its slider can hold"):
        explorer.ratio = 60
    with pytest.raises(ValueError, match="penalty must be one of"):
        explorer.penalty = "l3"
    explorer.reset()
    assert explorer.ratio == 359
    assert CompressionRatio(NETWORKS, ("method", "network")).settings["method"] == "NORM", "no settings are shared"


def test_an_arm_without_runs_is_said_and_drawn():
    explorer = CompressionRatio([r for r in RUNS if r.config.arm != "l1-LP"], penalty="l1", pruning="LP")
    assert "recorded yet" in explorer.describe()
    assert explorer.fallback()["image/png"]


@pytest.mark.parametrize("explorer", explorers(), ids=["experiment-1", "experiment-2", "experiment-3"])
def test_picture_and_words(explorer):
    bundle = explorer.fallback()
    assert len(bundle["text/plain"]) > 150
    assert len(bundle["image/png"]) < 120_000
    assert len(explorer.figure().axes) == 3


@pytest.mark.parametrize("ratio", [2, 9, 22.3, 22.4, 70.7, 70.8, 190, 1e4])
def test_nearest_ratio_is_the_same_in_javascript(ratio):
    script = (
        "import { nearest, length } from './l0lib/widgets/js/stored.js';"
        f"const at = nearest([2, 10, 50, 100, 359], {ratio});"
        "console.log(JSON.stringify([at, [1e-5, 1e-4, 1e-3, 0.5, 1].map(length)]))"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found, lengths = json.loads(done.stdout)
    assert found == nearest((2, 10, 50, 100, 359), ratio)
    np.testing.assert_allclose(lengths, [0, 0, 0.25, 1 + np.log10(0.5) / 4, 1], rtol=1e-12)


# --- on a page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ratio_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ratio")
    write_page(folder, explorers())
    with serve(folder) as base:
        yield f"{base}/index.html"


@pytest.fixture
def page(chromium, ratio_url):
    with visit(chromium, ratio_url) as page:
        yield page


def asked(page, place):
    answer = decode(page.locator(".l0-view").nth(place).evaluate(ASK))
    assert answer["kind"] == "compression_ratio"
    compression_ratio(answer["vals"], answer["data"])
    return answer


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_control_shows_what_is_stored(page, place):
    box = page.locator(".l0-explorer").nth(place)
    stored = explorers()[place].stored
    seen = [asked(page, place)["vals"]]
    buttons = box.locator(".widget-toggle-button").all()
    for button in buttons:
        button.click()
        settle(page)
        handle = box.locator(".noUi-handle")
        handle.focus()
        for move in ("Home", "ArrowRight", "PageUp"):
            page.keyboard.press(move)
            settle(page)
            answer = asked(page, place)
            v, d = answer["vals"], answer["data"]
            arm = next(a for a in stored["arms"] if all(a["choices"][f] == v[f] for f in stored["facets"]))
            assert d["arm"]["name"] == arm["name"]
            for stage in ("before", "after"):
                if d[stage] is not None:
                    at = arm[stage]["requested"].index(d["asked"])
                    assert d[stage]["mean"] == arm[stage]["mean"][at]
                    assert d[stage]["kept"] == arm[stage]["kept"][at]
            told = box.locator(".l0-layer").first.inner_text()
            assert f"{arm['layers'][0]['parameters']:,}" in told
            seen.append(v)
    assert len({str(v) for v in seen}) >= 2 * len(buttons) > 6


def test_the_curve_may_be_dragged(page):
    plane = page.locator(".l0-view").first.locator(".u-over")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    settle(page)
    assert asked(page, 0)["vals"]["ratio"] == 2
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    settle(page)
    assert asked(page, 0)["vals"]["ratio"] == 359


def test_the_first_layer_is_painted(page):
    painted = """(canvas) => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      return new Set(Array.from({ length: d.length / 4 }, (_, i) => d.slice(4 * i, 4 * i + 4).join())).size; }"""
    shown = (
        (0, "of 500 weights of the 20 filters left"),
        (1, "of 784 pixels still read"),
        (2, "of 432 weights of the 16 filters left; the colour of a place"),
    )
    for place, words in shown:
        view = page.locator(".l0-view").nth(place)
        assert view.locator("canvas.l0-first").evaluate(painted) >= 3
        assert words in view.locator(".l0-weights").inner_text()


def test_a_first_layer_that_is_not_stored_takes_no_room(page):
    box = page.locator(".l0-explorer").nth(2)
    assert box.locator(".l0-weights").is_visible()
    box.get_by_role("button", name="VGG-16").click()
    settle(page)
    assert not box.locator(".l0-weights").is_visible()
    status = box.locator("[role=status]")  # it speaks when the hand rests
    page.wait_for_function("(e) => e.textContent.startsWith('VGG-16')", arg=status.element_handle())
    assert "First layer" not in status.inner_text()


def test_lines_that_are_not_stored_are_not_in_the_legend(chromium, tmp_path):
    runs = [
        stored_runs.run(f"resnet-20-{method}", 0, "resnet-20", experiment="experiment-3", dense_arm="",
                        dataset="cifar10", **more)
        for method, more in (("dense", {"tuned": ()}), ("NORM", {}))
    ]  # fmt: skip
    write_page(tmp_path, [CompressionRatio(runs, ("method",), ratio=100)])
    with serve(tmp_path) as base, visit(chromium, f"{base}/index.html") as page:
        legend = page.locator(".l0-key")
        for button, stage, wanted in (
            ("NORM", "fine-tuned", ["NORM, just pruned", "NORM, fine-tuned"]),
            ("NORM", "just pruned", ["NORM, just pruned", "NORM, fine-tuned", "dense"]),
            ("dense", "just pruned", ["dense, just pruned", "NORM"]),
        ):
            page.get_by_role("button", name=button).click()
            page.get_by_role("button", name=stage).click()
            settle(page)
            told = legend.inner_text()
            for name in ("NORM, just pruned", "NORM, fine-tuned", "dense, just pruned", "dense, fine-tuned"):
                assert (name in told) == (name in wanted), (button, stage, told)
            assert told.count("thin") == len(wanted) - sum("," in name for name in wanted)


def test_screen_reader_keyboard_and_address(page, chromium):
    box = page.locator(".l0-explorer").first
    status = box.locator("[role=status]")
    page.wait_for_function("(e) => e.textContent.length > 100", arg=status.element_handle())
    before = status.inner_text()
    assert "Fine-tuned: error" in before
    assert "convolution2" in before
    for panel in box.locator(".l0-panel").all():
        assert panel.get_attribute("role") == "img"
        assert len(panel.get_attribute("aria-label")) > 60
    handle = box.locator(".noUi-handle")
    assert handle.get_attribute("aria-label") == "ratio"
    assert handle.get_attribute("aria-valuetext") == "100"
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("([e, was]) => e.textContent !== was", arg=[status.element_handle(), before])
    page.wait_for_function("location.search.includes('compression_ratio.ratio=359')")
    with visit(chromium, page.url) as again:
        assert asked(again, 0)["vals"]["ratio"] == 359


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, axe, theme):
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    settle(page)
    assert axe(page) == []


def test_phone_width(chromium, ratio_url):
    with visit(chromium, ratio_url, viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for target in page.locator(".l0-tools button, .widget-toggle-button").all():
            assert target.bounding_box()["height"] >= 24


def test_without_javascript_the_pictures_stand(chromium, ratio_url):
    with visit(chromium, ratio_url, java_script_enabled=False) as page:
        pictures = page.locator(".l0-fallback img")
        assert pictures.count() == len(explorers())
        for picture in pictures.all():
            assert picture.is_visible()
            assert len(picture.get_attribute("alt")) > 80


@pytest.mark.slow
@pytest.mark.alone
def test_speed(chromium, ratio_url):
    measured = calmest(chromium, ratio_url)
    print(measured)
    for name, target in TARGETS.items():
        assert measured[name] <= 2 * target, (name, measured)
