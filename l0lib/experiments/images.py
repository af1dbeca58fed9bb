"""What a run fits and what it counts wrong answers on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch

from .. import compress
from ..compress.data import Dataset
from ..compress.datasets import FACTS

#: Images set aside where a run is for choosing; the draw has the one seed 0, so that all choices see the same images.
VALIDATION = {"mnist": 10_000, "digits": 1_000, "cifar10": 5_000, "cifar100": 5_000, "photographs": 100}
CLASSES = {name: facts.classes for name, facts in FACTS.items()} | {"digits": 10, "photographs": 10}
_WHOLE: dict[str, Callable[[int], Dataset]] = {
    "mnist": compress.mnist,
    "cifar10": compress.cifar10,
    "cifar100": compress.cifar100,
}
_EMBEDDED: dict[str, Callable[[], Dataset]] = {
    "digits": lambda: compress.embedded_digits((3000, VALIDATION["digits"], 1000)),
    "photographs": lambda: compress.embedded_photographs((400, VALIDATION["photographs"], 100)),
}
Images = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Split:
    """What a run fits and what it counts wrong answers on."""

    fit: Images
    measure: Images
    held_out: int


@functools.lru_cache(maxsize=2)
def split(dataset: str, evaluate_on: str) -> Split:
    """Return the images of a run: see :class:`Config`, ``evaluate_on``.

    Pixels of digits are between 0 and 1. Of photographs each colour is centred and scaled, by its mean and its
    deviation over the images to fit.
    """
    whole = evaluate_on == "test"
    data = _EMBEDDED[dataset]() if dataset in _EMBEDDED else _WHOLE[dataset](0 if whole else VALIDATION[dataset])
    fit = data.train.tensors()
    if whole and dataset in _EMBEDDED:  # what was set aside for choices comes back for the final training
        x, y = data.validation.tensors()
        fit = torch.cat([fit[0], x]), torch.cat([fit[1], y])
    measure = (data.test if whole else data.validation).tensors()
    if fit[0].ndim == 4:
        deviation, mean = torch.std_mean(fit[0], (0, 2, 3), correction=0)
        for images, _ in (fit, measure):
            images.sub_(mean[:, None, None]).div_(deviation[:, None, None])
    return Split(fit, measure, 0 if whole else len(data.validation))
