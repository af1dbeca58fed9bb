"""The networks of the book. Each is built from a seed: the same seed gives the same initial weights."""

from __future__ import annotations

import torch
from torch import nn


class LeNet300100(nn.Module):
    """The multilayer perceptron 784-300-100-10 with ReLU: LeNet-300-100, 266,610 parameters (paper, Section 4.2).

    Parameters
    ----------
    seed : int, default 0
        Seed of the initial weights: He's normal initialisation, standard deviation sqrt(2 / inputs); biases zero.
    """

    def __init__(self, seed: int = 0):
        super().__init__()
        self.hidden1 = nn.Linear(28 * 28, 300)
        self.hidden2 = nn.Linear(300, 100)
        self.output = nn.Linear(100, 10)
        generator = torch.Generator().manual_seed(seed)
        for layer in (self.hidden1, self.hidden2, self.output):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ten class scores, shape (n, 10), of ``images``, shape (n, 28, 28) with pixels in [0, 1]."""
        x = torch.relu(self.hidden1(images.flatten(1)))
        return self.output(torch.relu(self.hidden2(x)))


def lenet_300_100(seed: int = 0) -> LeNet300100:
    """Return a fresh :class:`LeNet300100` whose initial weights depend on ``seed`` alone."""
    return LeNet300100(seed)
