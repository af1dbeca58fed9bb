"""What every rival method is given alike: a network with its first weights, the batches in their order, an end.

A method is a function ``method(model, data, plan, **settings)``. It trains ``model`` in place, from the weights that it
has, on the batches of :func:`batches` and for ``plan.epochs`` epochs in all, however it divides them. It leaves the
model with plain parameters, of which at most n/r are not zero (n counts all, biases too; r is the ratio), and returns
the masks of these. It reads neither validation nor test images. Its settings are numbers with names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch.nn.functional import cross_entropy

from ..._validate import positive, whole
from ..masks import Masks
from ..pruning import prune_global
from ..schedules import cosine
from ..selection import norm_parameters

Data = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """The budget of a run, the same for every method.

    Attributes
    ----------
    ratio : float
        All parameters over those that are kept, >= 1.
    epochs : int
        Passes over the training images in all: before, while and after pruning.
    learning_rate : float
        At the start of each stretch of training, > 0; it falls along a half cosine, except where a method says else.
    seed : int
        Of the order of the batches, and of what a method draws.
    momentum, batch_size
        Of stochastic gradient descent.
    """

    ratio: float
    epochs: int
    learning_rate: float
    seed: int = 0
    momentum: float = 0.9
    batch_size: int = 128

    def __post_init__(self) -> None:
        positive("learning_rate", self.learning_rate)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            whole(name, getattr(self, name), least)
        if not 1 <= self.ratio < math.inf:
            raise ValueError(f"ratio must be >= 1 and finite; got {self.ratio!r}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be >= 0 and < 1; got {self.momentum!r}")

    def split(self, *shares: float) -> tuple[int, ...]:
        """Divide the epochs by ``shares``, which add up to 1: whole numbers that add up to ``epochs``, each >= 1."""
        if not math.isclose(sum(shares), 1) or min(shares) <= 0 or self.epochs < len(shares):
            raise ValueError(f"shares must be > 0, add up to 1, and have an epoch each; got {shares} of {self.epochs}")
        ends = [0]
        for i in range(1, len(shares) + 1):  # at least one each, and one left for each that follows
            end = max(round(self.epochs * sum(shares[:i])), ends[-1] + 1)
            ends.append(min(end, self.epochs - (len(shares) - i)))
        return tuple(end - start for start, end in pairwise(ends))


def batches(data: Data, plan: Plan, first: int, epochs: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of ``epochs`` epochs from number ``first`` (0 is the first): the same for every method."""
    images, labels = data
    order = torch.Generator().manual_seed(plan.seed)
    for epoch in range(first + epochs):
        places = torch.randperm(len(labels), generator=order)
        if epoch >= first:
            for some in places.split(plan.batch_size):
                yield images[some], labels[some]


def train(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    first: int,
    epochs: int,
    *,
    masks: Masks | None = None,
    rate: float | None = None,
    past: int = 0,
    groups: list[dict] | None = None,
    weight_decay: float = 0.0,
    extra: Callable[[], torch.Tensor] | None = None,
    after_step: Callable[[int, int], None] | None = None,
) -> None:
    """Train for ``epochs`` epochs from number ``first`` on: cross-entropy by SGD with momentum, along a half cosine.

    What is not kept by ``masks`` stays zero. ``rate`` takes the place of the plan's learning rate; the half cosine is
    that of ``past + epochs`` epochs, of which ``past`` are over. ``groups`` are parameter groups where not all
    parameters step alike (their ``lr`` is a multiple of the rate); ``weight_decay`` is that of ``torch.optim.SGD``,
    twice the factor of an l2 penalty. ``extra()`` is added to the loss of each batch, and ``after_step(step, steps)``
    is called after each step, the first being 1. Momentum begins anew.

    Raises
    ------
    RuntimeError
        If the loss is no longer finite.
    """
    given = groups or [{"params": list(model.parameters())}]
    multiples = [group.get("lr", 1.0) for group in given]
    start = plan.learning_rate if rate is None else rate
    optimizer = torch.optim.SGD(
        [{**group, "lr": start} for group in given], start, momentum=plan.momentum, weight_decay=weight_decay
    )
    hold = None if masks is None else masks.hold(model, optimizer)
    each = math.ceil(len(data[1]) / plan.batch_size)
    steps, over = epochs * each, past * each
    model.train()
    try:
        for step, (images, labels) in enumerate(batches(data, plan, first, epochs)):
            for group, multiple in zip(optimizer.param_groups, multiples, strict=True):
                group["lr"] = multiple * cosine(over + step, over + steps, start)
            loss = cross_entropy(model(images), labels)
            if extra is not None:
                loss = loss + extra()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if after_step is not None:
                after_step(step + 1, steps)
        if steps and not bool(torch.isfinite(loss)):
            raise RuntimeError(f"loss must stay finite; got {float(loss)}: try a smaller learning rate")
    finally:
        if hold is not None:
            hold.remove()


def prune_and_fine_tune(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    done: int,
    *,
    rate: float = 1.0,
    weight_decay: float,
    within: Masks | None = None,
) -> Masks:
    """Prune globally, sparing normalisations, and train what is left for the epochs after the ``done`` first ones.

    ``rate`` is a multiple of the plan's; nothing comes back that is not ``within``. Returns the masks.
    """
    masks = prune_global(model, plan.ratio, within=within, spare=norm_parameters(model))
    start = rate * plan.learning_rate
    train(model, data, plan, done, plan.epochs - done, masks=masks, rate=start, weight_decay=weight_decay)
    return masks
