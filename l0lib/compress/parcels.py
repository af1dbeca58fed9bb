"""Datasets in parcels: a few smaller files that a machine without a network puts together again.

A parcel is a zip file of lossless WebP pictures, each a column of some hundred images, and of labels. The parcels of
CIFAR-10 take about half of its bytes. What they hold is checked by its digest, as from any other source.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np

from . import datasets
from .sources import Arrays

#: Images in one picture: WebP is at most 16,383 pixels high.
EACH = 400


def pack(name: str, folder: Path, parts: int) -> list[Path]:
    """Write a dataset as ``parts`` files to ``folder`` and return their paths; see :func:`unpack`.

    Raises
    ------
    ValueError
        If ``parts`` is not between 1 and the number of pictures.
    DataUnavailable
        As :func:`~l0lib.compress.datasets.load`.
    """
    arrays = datasets.load(name)
    images = np.concatenate([arrays.train_images, arrays.test_images])
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    starts = range(0, len(images), EACH)
    if not 1 <= parts <= len(starts):
        raise ValueError(f"parts must be between 1 and {len(starts)}; got {parts}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part, some in enumerate(np.array_split(np.asarray(starts), parts), 1):
        path = folder / f"{name}-{part}-of-{parts}.zip"
        unfinished = path.with_suffix(".part")
        with zipfile.ZipFile(unfinished, "w") as parcel:
            for start in some.tolist():
                parcel.writestr(f"{start}.webp", _picture(images[start : start + EACH]))
                parcel.writestr(f"{start}.labels", labels[start : start + EACH].tobytes())
            parcel.writestr("about.json", json.dumps({"name": name, "part": part, "parts": parts}))
        os.replace(unfinished, path)
        paths.append(path)
    return paths


def unpack(folder: Path, name: str) -> Path:
    """Put the parcels of a dataset together, check it and write it to the cache; return its path there.

    Raises
    ------
    ValueError
        If parcels are missing, or what they hold is not the dataset.
    """
    found = {
        int(match[1]): (int(match[2]), path)
        for path in folder.glob(f"{name}-*-of-*.zip")
        if (match := re.fullmatch(rf"{name}-(\d+)-of-(\d+)\.zip", path.name))
    }
    parts = max((of for of, _ in found.values()), default=0)
    missing = [str(part) for part in range(1, parts + 1) if found.get(part, (0,))[0] != parts]
    if not parts or missing:
        raise ValueError(
            f"folder must hold all parcels of {name}; in {folder} "
            + (f"{', '.join(missing)} of {parts} are missing" if parts else "there is none")
        )
    facts = datasets.FACTS[name]
    images = np.empty((facts.train + facts.test, *facts.shape), np.uint8)
    labels = np.empty(len(images), np.uint8)
    for _, path in found.values():
        with zipfile.ZipFile(path) as parcel:
            for file in parcel.namelist():
                start, _, kind = file.partition(".")
                if kind == "labels":
                    some = np.frombuffer(parcel.read(file), np.uint8)
                    labels[int(start) : int(start) + len(some)] = some
                elif kind == "webp":
                    tiles = _tiles(parcel.read(file), facts.shape)
                    images[int(start) : int(start) + len(tiles)] = tiles
    return datasets.keep(
        name, Arrays(images[: facts.train], labels[: facts.train], images[facts.train :], labels[facts.train :])
    )


def _picture(images: np.ndarray) -> bytes:
    from PIL import Image

    # colours last, images one below the other; grey ones in three equal colours
    tiles = images.transpose(0, 2, 3, 1) if images.ndim == 4 else np.repeat(images[..., None], 3, -1)
    content = io.BytesIO()
    Image.fromarray(tiles.reshape(-1, *tiles.shape[2:])).save(content, "WEBP", lossless=True, method=4, quality=50)
    return content.getvalue()


def _tiles(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    sheet = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    tiles = sheet.reshape(-1, *shape[-2:], 3)
    return tiles.transpose(0, 3, 1, 2) if len(shape) == 3 else tiles[..., 0]
