"""What came out: parameters left, compression ratio, top-1 error and how sure one can be of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import torch

from .data import Part


def count_parameters(model: torch.nn.Module) -> int:
    """Return the number of all parameters, weights and biases."""
    return sum(p.numel() for p in model.parameters())


def count_nonzero_parameters(model: torch.nn.Module) -> int:
    """Return the number of parameters that are not exactly zero."""
    return sum(int(torch.count_nonzero(p)) for p in model.parameters())


def compression_ratio(model: torch.nn.Module) -> float:
    """Return all parameters over nonzero parameters, biases counted; infinite if none is left."""
    nonzero = count_nonzero_parameters(model)
    return count_parameters(model) / nonzero if nonzero else float("inf")


@dataclass(frozen=True)
class Layer:
    """The parameters of one layer (weights and bias together): all of them, and those that are not zero."""

    name: str
    parameters: int
    nonzero: int


def layers(model: torch.nn.Module) -> list[Layer]:
    """Return the parameter counts of each layer of ``model`` that has parameters of its own, in the model's order."""
    found = []
    for name, module in model.named_modules():
        own = list(module.parameters(recurse=False))
        if own:
            found.append(Layer(name, sum(p.numel() for p in own), sum(int(torch.count_nonzero(p)) for p in own)))
    return found


def wilson_interval(errors: float, images: int, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return Wilson's score interval for an error rate: what ``images`` independent images can tell.

    With :math:`\hat p = \text{errors}/n` and :math:`z` the normal quantile of the confidence, the interval holds every
    :math:`p` with :math:`|\hat p - p| \le z\sqrt{p(1 - p)/n}`.

    Parameters
    ----------
    errors : float
        Wrong answers, 0 <= errors <= images; a mean over several networks need not be whole.
    images : int
        Images tested, > 0.
    confidence : float, default 0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    (low, high) : floats in [0, 1]

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    if not images > 0:
        raise ValueError(f"images must be > 0; got {images!r}")
    if not 0 <= errors <= images:
        raise ValueError(f"errors must be between 0 and the number of images, {images}; got {errors!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence!r}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = errors / images
    centre = (rate + z * z / (2 * images)) / (1 + z * z / images)
    half = z * sqrt(rate * (1 - rate) / images + z * z / (4 * images * images)) / (1 + z * z / images)
    # exact at the edges, where rounding would leave 1e-19 of an error that nobody made
    return (centre - half if errors else 0.0), (centre + half if errors < images else 1.0)


@dataclass(frozen=True)
class Evaluation:
    """Wrong answers among images.

    Attributes
    ----------
    errors, images : int
        Images whose highest class score is not that of their label, and images tested.
    """

    errors: int
    images: int

    @property
    def error(self) -> float:
        """Top-1 error, a fraction of 1."""
        return self.errors / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the error."""
        return wilson_interval(self.errors, self.images)


@torch.no_grad()
def evaluate(
    model: torch.nn.Module, part: Part | tuple[torch.Tensor, torch.Tensor], batch_size: int = 1000
) -> Evaluation:
    """Count the wrong answers of ``model`` on a part of a dataset (or on its tensors), every image once.

    Errors are added up over batches as counts, so that a smaller last batch weighs no more than its images.
    """
    x, y = part.tensors() if isinstance(part, Part) else part
    was_training = model.training
    model.eval()
    errors = sum(
        int((model(images).argmax(1) != labels).sum())
        for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True)
    )
    model.train(was_training)
    return Evaluation(errors, len(y))
