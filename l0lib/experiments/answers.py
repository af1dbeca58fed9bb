"""Which images a network got wrong, and what it took them for, as short texts for a record; what two of them tell."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

_Z = NormalDist().inv_cdf(0.975)


def pack(wrong: np.ndarray) -> str:
    """Return a boolean array, one entry an image, as text: its bits, deflated, in base 64."""
    return base64.b64encode(zlib.compress(np.packbits(wrong).tobytes(), 9)).decode("ascii")


def unpack(text: str, images: int) -> np.ndarray:
    """Return the boolean array of ``images`` entries that :func:`pack` made ``text`` of.

    Raises
    ------
    ValueError
        If ``text`` is no such text.
    """
    bits = _inflated("wrong", "pack", text, images, 1)
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=images).astype(bool)


def _inflated(name: str, maker: str, text: str, images: int, bits: int) -> bytes:
    """Return what is behind a text with so many bits an image, and nothing else."""
    size, stream = -(-images * bits // 8), zlib.decompressobj()
    try:  # a byte more than there should be: a small text can hold gigabytes
        found = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"{name} must be a text that answers.{maker} made; {error}") from error
    if len(found) != size or not stream.eof:
        got = f"{8 * len(found)} bits" if bits == 1 else f"{len(found)}"
        raise ValueError(f"{name} must have {images} entries; got {got}")
    return found


def pack_answers(answered: np.ndarray, labels: np.ndarray, classes: int) -> str:
    """Return the classes that a network named, one an image and -1 for none, as text.

    The text holds how many classes each answer lies beyond the label, around the circle: mostly 0, so that it is
    short. No answer is the number of classes.

    Raises
    ------
    ValueError
        If an entry of ``answered`` is no class and not -1, or ``classes`` is more than 255.
    """
    if classes > 255:
        raise ValueError(f"classes must be <= 255; got {classes}")
    if not ((answered >= -1) & (answered < classes)).all():
        raise ValueError(f"answered must be -1 or classes below {classes}; got {answered.min()} to {answered.max()}")
    beyond = np.where(answered < 0, classes, (answered - labels) % classes)
    return base64.b64encode(zlib.compress(beyond.astype(np.uint8).tobytes(), 9)).decode("ascii")


def unpack_answers(text: str, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the classes that :func:`pack_answers` made ``text`` of, -1 where a network named none.

    Raises
    ------
    ValueError
        If ``text`` is no such text, or of another number of images or classes.
    """
    beyond = np.frombuffer(_inflated("answered", "pack_answers", text, len(labels), 8), dtype=np.uint8)
    if beyond.max(initial=0) > classes:
        raise ValueError(f"answered must be of at most {classes} classes; got {beyond.max()}")
    return np.where(beyond == classes, -1, (labels + beyond.astype(int)) % classes)


def missed(text: str, images: int) -> np.ndarray:
    """Return which of ``images`` images were not answered rightly, from what :func:`pack_answers` made."""
    return np.frombuffer(_inflated("answered", "pack_answers", text, images, 8), dtype=np.uint8) != 0


def deviation(first: Sequence[str], second: Sequence[str], images: int) -> float:
    r"""Return how far other test images would move the difference of two mean error rates: a standard deviation.

    Both arms have one text for each of the same seeds. With :math:`d_i` the difference of their errors on image
    :math:`i`, meaned over the seeds, the difference of the rates is the mean of :math:`d_i` over :math:`m` images, and
    its deviation that of :math:`d_i` over :math:`\sqrt m`. For one seed this is :math:`\sqrt{(p_{10} + p_{01} -
    \delta^2)/m}`, as the chapter "A hundred classes, few epochs" proves.
    """
    gaps = [unpack(one, images).astype(float) - unpack(other, images) for one, other in zip(first, second, strict=True)]
    return float(np.mean(gaps, axis=0).std()) / images**0.5


class Disagreement(NamedTuple):
    """Two networks on the same images: the shares that only the first and only the second got wrong.

    ``difference`` is that of the error rates, first less second; ``deviated`` its standard deviation over test images
    (:func:`deviation`), ``bounded`` what it could be at most (:func:`bound`). All are fractions.
    """

    only_first: float
    only_second: float
    difference: float
    deviated: float
    bounded: float


def disagreement(first: str, second: str, images: int) -> Disagreement:
    """Compare two networks image by image, by what :func:`pack` made of their answers."""
    one, other = unpack(first, images), unpack(second, images)
    return Disagreement(
        float((one & ~other).mean()),
        float((other & ~one).mean()),
        float(one.mean() - other.mean()),
        deviation([first], [second], images),
        bound((float(one.mean()), float(other.mean())), images),
    )


def bound(rates: tuple[float, float], images: int) -> float:
    r"""Return the most that :func:`deviation` can be for two error rates, :math:`\sqrt{(p + q)/m}`.

    It is nearly reached where no image is missed by both networks.
    """
    return (sum(rates) / images) ** 0.5


def wide(mean: float, over_seeds: tuple[float, float] | None, deviated: float) -> tuple[float, float]:
    """Return the 95 % interval of a difference of error rates, for other seeds and other test images.

    ``mean`` is the mean difference over seeds, ``over_seeds`` its 95 % interval (low, high) over seeds, None for one
    seed, which says nothing about others; ``deviated`` is :func:`deviation` or :func:`bound`, in the unit of ``mean``.
    Both sources are added in quadrature.
    """
    seeds = 0.0 if over_seeds is None else (over_seeds[1] - over_seeds[0]) / 2
    half = float(np.hypot(_Z * deviated, seeds))
    return mean - half, mean + half
