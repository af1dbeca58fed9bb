"""What a network's scores say: its answers, how sure it is of them, and its answers when digits are moved or noisy."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from .._files import write_atomically
from ..compress import augment
from ..compress.measure import class_scores, wrong_answers
from . import answers

#: Bins of confidence, the highest class probability, each as wide as the others.
BINS = 10
#: The largest move, in pixels either way; the largest turn, in degrees; the deviation of the noise, of pixels in 0..1.
PIXELS, DEGREES, NOISE = 3, 25.0, 0.3


def _shifted(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    dx, dy = augment.draw_shifts(len(images), PIXELS, random).to(images.device)
    return augment.shift(images, dx, dy)


def _rotated(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    angles = math.radians(DEGREES) * (2 * torch.rand(len(images), generator=random) - 1)
    turn = torch.stack(
        [torch.stack([angles.cos(), -angles.sin()], -1), torch.stack([angles.sin(), angles.cos()], -1)], 1
    )
    matrix = torch.cat([turn, torch.zeros(len(images), 2, 1)], 2).to(images.device)
    whole = images[:, None]
    return grid_sample(whole, affine_grid(matrix, list(whole.shape), align_corners=False), align_corners=False)[:, 0]


def _noisy(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    noise = torch.randn(images.shape, generator=random).to(images.device)
    return (images + NOISE * noise).clamp(0, 1)


#: How digits are changed, by the name of what comes of it.
CHANGES: Mapping[str, Callable[[torch.Tensor, torch.Generator], torch.Tensor]] = {
    "shifted": _shifted,
    "rotated": _rotated,
    "noisy": _noisy,
}


def changed(images: torch.Tensor, how: str) -> torch.Tensor:
    """Return digits, shape (n, 28, 28) with pixels in 0..1, changed as a name of :data:`CHANGES` says.

    Each is moved by up to :data:`PIXELS` pixels along either axis, or turned by up to :data:`DEGREES` degrees, both
    uniform, or gets Gaussian noise of deviation :data:`NOISE` in every pixel, cut off at 0 and 1. The draw has a seed
    of its own, 0, so that all networks see the same images.

    Raises
    ------
    ValueError
        If ``how`` is no such name, or ``images`` has another shape.
    """
    if how not in CHANGES:
        raise ValueError(f"how must be one of {', '.join(CHANGES)}; got {how!r}")
    if images.ndim != 3:
        raise ValueError(f"images must have 3 axes; got shape {tuple(images.shape)}")
    return CHANGES[how](images, torch.Generator().manual_seed(0))


@functools.lru_cache(maxsize=len(CHANGES))
def _changed(images: torch.Tensor, how: str) -> torch.Tensor:
    return changed(images, how)


def measured(
    model: torch.nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    keep: Path | None = None,
    *,
    changes: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what a record holds of a network's answers, the fields of :class:`~l0lib.experiments.records.Measured`.

    Each of ``changes``, names of :data:`CHANGES` for digits of shape (n, 28, 28), asks for all images once more. With
    ``keep``, the scores go to that file, half precision in NumPy's format: too large for a record.
    """
    scores = class_scores(model, (images, labels))
    answered = torch.where(scores.isnan().any(1), -1, scores.argmax(1)).cpu().numpy()
    truth = labels.cpu().numpy()
    wrong = answered != truth
    found: dict[str, Any] = {
        "errors": int(wrong.sum()),
        "images": len(wrong),
        "wrong": answers.pack(wrong),
        "answered": answers.pack_answers(answered, truth, scores.shape[1]),
    }
    if bool(scores.isfinite().all()):
        confidence = scores.softmax(1).amax(1).cpu().numpy()
        found["cross_entropy"] = float(cross_entropy(scores.double(), labels))
        found["calibration"] = _bins(confidence, ~wrong)
    if moved := {how: (_changed(images, how), labels) for how in changes}:
        found["changed"] = {how: int(wrong_answers(model, part).sum()) for how, part in moved.items()}
    if keep is not None:
        buffer = io.BytesIO()
        np.save(buffer, scores.cpu().numpy().astype(np.float16))
        write_atomically(keep, buffer.getvalue())
    return found


def _bins(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "images": int(here.sum()),
            "right": int(right[here].sum()),
            "confidence": float(confidence[here].mean()) if here.any() else 0.0,
        }
        for here in (place == one for one in range(BINS))
    ]
