"""Errors class by class, from what the records say of each test image."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from ..compress.data import digest
from ..experiments import answers
from ..experiments.records import RECORDS

#: The classes of a dataset in the order of their labels.
NAMES: dict[str, tuple[str, ...]] = {
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
}
#: SHA-256 of the labels of the test images, one byte each.
LABELS_SHA256 = {"cifar10": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"}


@functools.cache
def test_labels(dataset: str) -> np.ndarray:
    """Return the labels of a dataset's test images, uint8, in their order: stored, so that nobody has to fetch it.

    Raises
    ------
    ValueError
        If no labels of ``dataset`` are stored, or the file is not the one whose digest stands here.
    """
    if dataset not in NAMES:
        raise ValueError(f"dataset must be one of {', '.join(NAMES)}; got {dataset!r}")
    path = RECORDS / "labels" / f"{dataset}.txt"
    found = np.array([int(digit) for digit in path.read_text(encoding="ascii") if digit != "\n"], dtype=np.uint8)
    if (told := digest(found)) != LABELS_SHA256[dataset]:
        raise ValueError(f"{path.name} must have the SHA-256 {LABELS_SHA256[dataset]}; got {told}: altered")
    return found


def errors(wrong: Iterable[str], dataset: str) -> np.ndarray:
    """Return the top-1 error of each class of ``dataset``, one of :data:`NAMES`, in percent, (networks, classes).

    ``wrong`` says for each network which of the test images it missed (:func:`~l0lib.experiments.answers.pack`).
    """
    labels = test_labels(dataset)
    missed = np.array([answers.unpack(text, len(labels)) for text in wrong])
    return np.array([100 * missed[:, labels == label].mean(1) for label in range(len(NAMES[dataset]))]).T
