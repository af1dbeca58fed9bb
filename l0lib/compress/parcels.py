"""Datasets in parcels: a few smaller files that a machine without a network puts together again.

A parcel is a zip file of lossless WebP pictures, each a column of some hundred images, and of labels. The parcels of
CIFAR-10 take about half of its bytes. What they hold is checked by the digest that was taken when they were packed, and
by the dataset's own where it is known.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .._files import write_atomically
from . import datasets
from .data import digest
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
    sha256 = digest(*arrays)
    paths = []
    for part, some in enumerate(np.array_split(np.asarray(starts), parts), 1):
        path = folder / f"{name}-{part}-of-{parts}.zip"
        with write_atomically(path) as unfinished, zipfile.ZipFile(unfinished, "w") as parcel:
            for start in some.tolist():
                parcel.writestr(f"{start}.webp", _picture(images[start : start + EACH]))
                parcel.writestr(f"{start}.labels", labels[start : start + EACH].tobytes())
            about = {"name": name, "part": part, "parts": parts, "sha256": sha256}
            parcel.writestr("about.json", json.dumps(about))
        paths.append(path)
    return paths


def unpack(folder: Path, name: str) -> Path:
    """Put the parcels of a dataset together, check it and write it to the cache; return its path there.

    Raises
    ------
    ValueError
        If parcels are missing, or what they hold is not the dataset.
    """
    facts = datasets.FACTS[name]
    images = np.zeros((facts.train + facts.test, *facts.shape), np.uint8)
    labels = np.zeros(len(images), np.uint8)
    seen = np.zeros((2, len(images)), bool)  # images, labels
    for path in _parcels(folder, name):
        try:
            with zipfile.ZipFile(path) as parcel:
                for file in parcel.namelist():
                    start, _, kind = file.partition(".")
                    if kind == "labels":
                        some = np.frombuffer(parcel.read(file), np.uint8)
                        place = slice(int(start), int(start) + len(some))
                        labels[place], seen[1, place] = some, True
                    elif kind == "webp":
                        tiles = _tiles(parcel.read(file), facts.shape)
                        place = slice(int(start), int(start) + len(tiles))
                        images[place], seen[0, place] = tiles, True
                about = json.loads(parcel.read("about.json"))
        except (zipfile.BadZipFile, zlib.error, KeyError) as error:
            raise ValueError(f"folder must hold whole parcels of {name}; {path} is damaged: {error}") from error
    if missing := int((~seen.all(0)).sum()):
        raise ValueError(
            f"folder must hold all images of {name} and their labels; {missing} are missing in the parcels of {folder}"
        )
    arrays = Arrays(images[: facts.train], labels[: facts.train], images[facts.train :], labels[facts.train :])
    wanted, got = about.get("sha256"), digest(*arrays)  # parcels packed by an earlier version do not say
    if wanted not in (None, got):
        raise ValueError(f"the parcels of {name} in {folder} must have the SHA-256 {wanted}; got {got}")
    return datasets.keep(name, arrays)


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

    sheet = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    tiles = sheet.reshape(-1, *shape[-2:], 3)
    return tiles.transpose(0, 3, 1, 2) if len(shape) == 3 else tiles[..., 0]
