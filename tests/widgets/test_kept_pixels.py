import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from l0lib import compress
from l0lib.widgets.kept_pixels import KeptPixels, kept_per_pixel

RATIOS = (1, 10, 200)


@pytest.fixture(scope="module")
def maps():
    return {name: kept_per_pixel(compress.lenet_300_100(seed), RATIOS) for seed, name in enumerate(("l2", "l0"))}


@pytest.fixture
def errors():
    return {name: dict.fromkeys(RATIOS, 0.123) for name in ("l2", "l0")}


def test_maps_count_the_survivors_of_each_pixel(maps):
    model = compress.lenet_300_100(1)
    counts = maps["l0"]
    assert np.all(counts[1] == 300)
    masks = compress.prune_global(model, 10)
    assert counts[10].sum() == int(masks["hidden1.weight"].sum())
    assert counts[10][3, 5] == int(masks["hidden1.weight"][:, 3 * 28 + 5].sum())


def test_each_button_has_its_page_and_says_what_it_shows(maps, errors):
    shown = KeptPixels(maps, errors, ratio=10)
    assert shown.buttons.options == ("1×", "10×", "200×")
    assert shown.stack.selected_index == shown.buttons.index == 1
    for ratio, page in zip(RATIOS, shown.stack.children, strict=True):
        for by_ratio in maps.values():
            assert (
                f"{int((by_ratio[ratio] > 0).sum())} of 784 pixels read, {by_ratio[ratio].sum():,} weights"
                in page.value
            )
        assert page.value.count("error 12.3 %") == 2 * 2  # caption and alt text of two networks
        assert page.value.count("<img alt=") == 2
    shown.buttons.index = 2
    assert shown.stack.selected_index == 2


def test_the_picture_is_white_exactly_where_nothing_is_kept(maps, errors):
    page = KeptPixels(maps, errors, ratio=200).pages[2]
    data = re.findall(r"base64,([^\"]+)", page)[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels.shape == (28, 28, 3)
    assert np.array_equal((pixels == 255).all(-1), maps["l0"][200] == 0)


def test_bad_arguments_are_named(maps, errors):
    with pytest.raises(ValueError, match=r"ratio must be one of \[1, 10, 200\]; got 3"):
        KeptPixels(maps, errors, ratio=3)
    with pytest.raises(ValueError, match="errors must have the names of maps"):
        KeptPixels(maps, {"l2": errors["l2"]}, ratio=10)
