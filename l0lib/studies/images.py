"""What a run fits and what it counts wrong answers on."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

from .. import compress
from ..compress.datasets import mnist

#: Images set aside where a run is for choosing; the draw has the one seed 0, so that all choices see the same images.
VALIDATION = {"mnist": 10_000, "digits": 1_000}
Images = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Split:
    """What a run fits and what it counts wrong answers on."""

    fit: Images
    measure: Images
    held_out: int


@functools.lru_cache(maxsize=2)
def split(dataset: str, evaluate_on: str) -> Split:
    """Return the images of a run: see :class:`Config`, ``evaluate_on``."""
    whole = evaluate_on == "test"
    if dataset == "mnist":
        data = mnist(0 if whole else VALIDATION["mnist"])
    else:
        data = compress.embedded_digits((4000 - VALIDATION["digits"], VALIDATION["digits"], 1000))
    fit = data.train.tensors()
    if not whole:
        return Split(fit, data.validation.tensors(), len(data.validation))
    if dataset == "digits":  # what was set aside for choices comes back for the final training
        x, y = data.validation.tensors()
        fit = torch.cat([fit[0], x]), torch.cat([fit[1], y])
    return Split(fit, data.test.tensors(), 0)
