"""Datasets in parcels: what comes out is what went in, and what is missing or altered is named."""

import zipfile

import numpy as np
import pytest

from l0lib.compress import data, datasets
from l0lib.compress.datasets import Facts
from l0lib.compress.sources import Arrays

KINDS = {"colours": (3, 32, 32), "grey": (28, 28)}


@pytest.fixture(params=KINDS, ids=KINDS.get)
def known(request, monkeypatch, tmp_path):
    """A dataset of 900 and 100 noisy images under the name of mnist, and an empty cache."""
    shape = KINDS[request.param]
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (1000, *shape), np.uint8), random.integers(0, 10, 1000).astype(np.uint8)
    arrays = Arrays(images[:900], labels[:900], images[900:], labels[900:])
    monkeypatch.setitem(datasets.FACTS, "mnist", Facts(900, 100, shape, 10, data.digest(*arrays)))
    monkeypatch.setattr(datasets, "load", lambda name: arrays)
    monkeypatch.setenv("L0LIB_DATA", str(tmp_path / "cache"))
    return arrays


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_what_was_packed_is_unpacked(known, tmp_path, parts):
    paths = datasets.pack("mnist", tmp_path / "parcels", parts)
    assert len(paths) == len(list((tmp_path / "parcels").iterdir())) == parts
    cached = datasets.unpack(tmp_path / "parcels", "mnist")
    with np.load(cached, allow_pickle=False) as content:
        for field, array in known._asdict().items():
            assert np.array_equal(content[field], array)
    assert [path.name for path in cached.parent.iterdir() if not path.name.startswith(".")] == ["mnist.npz"]


def test_a_missing_parcel_is_named(known, tmp_path):
    with pytest.raises(ValueError, match=r"folder must hold all parcels of mnist; in .* there is none"):
        datasets.unpack(tmp_path, "mnist")
    datasets.pack("mnist", tmp_path, 3)[1].unlink()
    with pytest.raises(ValueError, match=r"folder must hold all parcels of mnist; in .* 2 of 3 are missing"):
        datasets.unpack(tmp_path, "mnist")


def test_altered_parcels_do_not_reach_the_cache(known, tmp_path):
    (path,) = datasets.pack("mnist", tmp_path, 1)
    with zipfile.ZipFile(path) as parcel:
        content = {name: parcel.read(name) for name in parcel.namelist()}
    content["0.labels"] = bytes(len(content["0.labels"]))
    with zipfile.ZipFile(path, "w") as parcel:
        for name, values in content.items():
            parcel.writestr(name, values)
    with pytest.raises(ValueError, match="SHA-256"):
        datasets.unpack(tmp_path, "mnist")
    assert not (tmp_path / "cache" / "mnist.npz").exists()


def rewritten(path, change):
    """Write the parcel again with what ``change`` makes of its content."""
    with zipfile.ZipFile(path) as parcel:
        content = change({name: parcel.read(name) for name in parcel.namelist()})
    with zipfile.ZipFile(path, "w") as parcel:
        for name, values in content.items():
            parcel.writestr(name, values)


def unchecked(monkeypatch):
    """What the parcels themselves say is looked at before the digest that stands in the code."""
    monkeypatch.setattr(datasets, "_check", lambda arrays, facts: None)


@pytest.mark.parametrize("kind", ["webp", "labels"])
def test_a_missing_picture_is_missed_before_any_digest(known, tmp_path, monkeypatch, kind):
    (path,) = datasets.pack("mnist", tmp_path, 1)
    unchecked(monkeypatch)
    rewritten(path, lambda content: {name: v for name, v in content.items() if name != f"400.{kind}"})
    with pytest.raises(ValueError, match=r"all images of mnist and their labels; 400 are missing in the parcels of"):
        datasets.unpack(tmp_path, "mnist")


def test_parcels_say_what_they_should_hold(known, tmp_path, monkeypatch):
    (path,) = datasets.pack("mnist", tmp_path, 1)
    unchecked(monkeypatch)
    rewritten(path, lambda content: content | {"0.labels": bytes(len(content["0.labels"]))})
    with pytest.raises(ValueError, match=f"must have the SHA-256 {data.digest(*known)}; got "):
        datasets.unpack(tmp_path, "mnist")


def test_a_parcel_that_was_cut_short_is_named(known, tmp_path):
    path = datasets.pack("mnist", tmp_path, 2)[1]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"must hold whole parcels of mnist; .*mnist-2-of-2.zip is damaged"):
        datasets.unpack(tmp_path, "mnist")


def test_one_whole_packing_is_enough(known, tmp_path):
    datasets.pack("mnist", tmp_path, 3)
    for path in datasets.pack("mnist", tmp_path, 2)[1:]:
        path.unlink()
    assert datasets.unpack(tmp_path, "mnist").exists()


@pytest.mark.parametrize("parts", [0, 4])
def test_there_are_no_more_parcels_than_pictures(known, tmp_path, parts):
    with pytest.raises(ValueError, match=f"parts must be between 1 and 3; got {parts}"):
        datasets.pack("mnist", tmp_path, parts)
