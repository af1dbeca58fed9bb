"""Random numbers that Python and the reader's browser draw alike: the same seed, the same bits.

The generator is Mulberry32, whose numbers depend on the seed and on their place alone: entry ``i`` scrambles
``start + (i + 1) * 0x6D2B79F5`` with two rounds of multiply and shift. It is made for reproducible pictures, not for
secrets. :func:`start` gives each use of one seed a sequence of its own.
"""

from __future__ import annotations

import numpy as np

_WORD = np.uint64(0xFFFFFFFF)


def _multiply(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    return (a * np.asarray(b, np.uint64)) & _WORD


def start(seed: int, stream: int) -> int:
    """Return where the sequence number ``stream`` of ``seed`` starts, a whole number below 2**32.

    Raises
    ------
    ValueError
        If ``seed`` or ``stream`` is not between 0 and 2**32 - 1.
    """
    for name, value in (("seed", seed), ("stream", stream)):
        if not 0 <= value < 2**32:
            raise ValueError(f"{name} must be a whole number from 0 to 2**32 - 1; got {value!r}")
    h = (seed * 0x9E3779B1 + (stream + 1) * 0x85EBCA77) & 0xFFFFFFFF
    for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    return h ^ (h >> 15)


def uniforms(seed: int, stream: int, count: int) -> np.ndarray:
    """Return ``count`` numbers strictly between 0 and 1, float64: (k + 1/2) / 2**32 with whole k."""
    places = np.arange(1, count + 1, dtype=np.uint64)
    state = (np.uint64(start(seed, stream)) + _multiply(places, 0x6D2B79F5)) & _WORD
    t = _multiply(state ^ (state >> np.uint64(15)), state | np.uint64(1))
    t ^= (t + _multiply(t ^ (t >> np.uint64(7)), t | np.uint64(61))) & _WORD
    return ((t ^ (t >> np.uint64(14))).astype(float) + 0.5) / 2**32


def normals(seed: int, stream: int, count: int) -> np.ndarray:
    r"""Return ``count`` standard normal numbers: :math:`\sqrt{-2\ln u}\cos 2\pi v` (Box and Muller) of two uniforms."""
    u = uniforms(seed, stream, 2 * count)
    return np.sqrt(-2 * np.log(u[0::2])) * np.cos(2 * np.pi * u[1::2])


def permutation(seed: int, stream: int, count: int) -> np.ndarray:
    """Return the whole numbers below ``count`` in random order: the ranks of uniform numbers, the first on a tie."""
    return np.argsort(uniforms(seed, stream, count), kind="stable")
