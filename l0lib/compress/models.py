"""The networks of the book. Each is built from a seed: the same seed gives the same initial weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import max_pool2d

#: Layers in the order in which an image passes them, each with the function between it and the next one, as it acts on
#: an output that is the same constant at every position. :mod:`~l0lib.compress.surgery` reads it.
Chain = list[tuple[nn.Linear | nn.Conv2d, Callable[[torch.Tensor], torch.Tensor]]]


def _initialise(layers: list[nn.Linear | nn.Conv2d], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # torch types a bias as one that may be missing


def _unchanged(x: torch.Tensor) -> torch.Tensor:
    return x


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
        _initialise([self.hidden1, self.hidden2, self.output], seed)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ten class scores, shape (n, 10), of ``images``, shape (n, 28, 28) with pixels in [0, 1]."""
        x = torch.relu(self.hidden1(images.flatten(1)))
        return self.output(torch.relu(self.hidden2(x)))

    def chain(self) -> Chain:
        """Return the layers in order, each with the function that takes a constant output to the next layer's input."""
        return [(self.hidden1, torch.relu), (self.hidden2, torch.relu), (self.output, _unchanged)]


def lenet_300_100(seed: int = 0) -> LeNet300100:
    """Return a fresh :class:`LeNet300100` whose initial weights depend on ``seed`` alone."""
    return LeNet300100(seed)


class LeNet5Caffe(nn.Module):
    """The convolutional network of Caffe's MNIST example: LeNet-5-Caffe, 431,080 parameters (paper, Section 4.1).

    Two convolutions of 5 x 5 without padding (20 and 50 channels), each followed by a max pooling of 2 x 2; then 500
    hidden units with ReLU, then ten class scores. One image takes 2,293,000 multiply-adds.

    Parameters
    ----------
    seed : int, default 0
        Seed of the initial weights, as in :class:`LeNet300100`; they do not depend on ``relu_after_pools``.
    relu_after_pools : bool, default False
        Whether a ReLU follows each pooling too. Caffe's network has none there.
    """

    def __init__(self, seed: int = 0, relu_after_pools: bool = False):
        super().__init__()
        self.convolution1 = nn.Conv2d(1, 20, 5)
        self.convolution2 = nn.Conv2d(20, 50, 5)
        self.hidden = nn.Linear(50 * 4 * 4, 500)
        self.output = nn.Linear(500, 10)
        self.relu_after_pools = relu_after_pools
        _initialise([self.convolution1, self.convolution2, self.hidden, self.output], seed)
        # channels beside each other in memory: on a CPU convolution and pooling then take two thirds of the time
        self.to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ten class scores, shape (n, 10), of ``images``, shape (n, 28, 28) with pixels in [0, 1]."""
        x = images.flatten(1).unflatten(1, (1, 28, 28))
        for convolution in (self.convolution1, self.convolution2):
            x = max_pool2d(convolution(x), 2)
            if self.relu_after_pools:
                x = torch.relu(x)
        return self.output(torch.relu(self.hidden(x.flatten(1))))

    def chain(self) -> Chain:
        """Return the layers in order, each with the function that takes a constant output to the next layer's input."""
        after_pool = torch.relu if self.relu_after_pools else _unchanged
        return [
            (self.convolution1, after_pool),
            (self.convolution2, after_pool),
            (self.hidden, torch.relu),
            (self.output, _unchanged),
        ]


def lenet_5_caffe(seed: int = 0, relu_after_pools: bool = False) -> LeNet5Caffe:
    """Return a fresh :class:`LeNet5Caffe` whose initial weights depend on ``seed`` alone."""
    return LeNet5Caffe(seed, relu_after_pools)
