"""The networks of the book. Each is built from a seed: the same seed gives the same initial weights.

Two are for digits, images (n, 28, 28), and have a chain of layers; three are for CIFAR's photographs, (n, 3, 32, 32).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import max_pool2d

from .. import _validate

#: torch's batch normalisations, whose common class has no public name.
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm

#: Normalisations whose mean and variance are those of one channel; in evaluation mode they may be running ones.
ChannelNorm = BatchNorm | nn.InstanceNorm1d | nn.InstanceNorm2d | nn.InstanceNorm3d

#: Normalisations by what several units give together.
UnitsNorm = nn.LayerNorm | nn.GroupNorm | nn.RMSNorm

#: Convolutions that are no transposed ones.
Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d

#: Layers in the order in which an image passes them, each with the function between it and the next one, as it acts on
#: an output that is the same constant at every position. :mod:`~l0lib.compress.surgery` reads it.
Chain = list[tuple[nn.Linear | Convolution, Callable[[torch.Tensor], torch.Tensor]]]


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
        _initialise(self, seed)

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
        _initialise(self, seed, convolutions="fan_in")

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


#: Channels of VGG-16's convolutions; a max pooling of 2 x 2 follows each of its five stages.
VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(nn.Module):
    """VGG-16 for CIFAR (paper, Sections 4.3, 4.4 and 4.6): 14,990,922 parameters with ten classes.

    Thirteen convolutions of 3 x 3 with biases, each followed by batch normalisation and ReLU; after the five poolings
    one position of 512 channels is left. The classifier is one hidden layer of 512 units with ReLU and the output, in
    place of the two layers of 4,096 units that the network has for large images.

    ``seed`` is that of the initial weights.
    """

    def __init__(self, seed: int = 0, classes: int = 10):
        super().__init__()
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        channels = 3
        for width in (width for stage in VGG16_STAGES for width in stage):
            self.convolutions.append(nn.Conv2d(channels, width, 3, padding=1))
            self.norms.append(nn.BatchNorm2d(width))
            channels = width
        self.hidden = nn.Linear(channels, 512)
        self.output = nn.Linear(512, _validate.whole("classes", classes, 1, 10**6))
        _initialise(self, seed)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the class scores, shape (n, classes), of ``images``, shape (n, 3, 32, 32)."""
        x, pairs = images, iter(zip(self.convolutions, self.norms, strict=True))
        for stage in VGG16_STAGES:
            for _ in stage:
                convolution, norm = next(pairs)
                x = torch.relu(norm(convolution(x)))
            x = max_pool2d(x, 2)
        return self.output(torch.relu(self.hidden(x.flatten(1))))


class ResidualBlock(nn.Module):
    """Two convolutions of 3 x 3, each with batch normalisation, and a way around them.

    Where the number of channels changes, the way around is a convolution of 1 x 1 with stride 2.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        stride = 1 if channels == width else 2
        self.convolution1 = nn.Conv2d(channels, width, 3, stride, padding=1)
        self.norm1 = nn.BatchNorm2d(width)
        self.convolution2 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Identity() if channels == width else nn.Conv2d(channels, width, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the block makes of ``x``."""
        inner = torch.relu(self.norm1(self.convolution1(x)))
        return torch.relu(self.norm2(self.convolution2(inner)) + self.shortcut(x))


class _ResidualNetwork(nn.Module):
    """A first convolution, residual blocks, the mean over all positions, and the class scores."""

    def __init__(self, first: nn.Conv2d, blocks: list[nn.Module], channels: int, classes: int, seed: int):
        super().__init__()
        self.convolution = first
        self.norm = nn.BatchNorm2d(first.out_channels)
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Linear(channels, _validate.whole("classes", classes, 1, 10**6))
        _initialise(self, seed)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the class scores, as :class:`VGG16` does."""
        x = self.blocks(torch.relu(self.norm(self.convolution(images))))
        return self.output(x.mean((2, 3)))


class ResNet20(_ResidualNetwork):
    """ResNet-20 for CIFAR (paper, Section 4.3), in the variant that fits what the paper says of it.

    The paper counts "22 layers and about 274 thousand parameters". With biases in all convolutions and with two
    convolutions of 1 x 1 where the number of channels changes there are 22 layers with weights and 273,066 trained
    parameters; the means and variances of the batch normalisations are 1,376 more, 274,442 in all. The first
    description of the network has neither: 20 layers, ways around without parameters, 269,722 trained parameters.

    ``seed`` and ``classes`` as in :class:`VGG16`.
    """

    def __init__(self, seed: int = 0, classes: int = 10):
        widths = [16] * 3 + [32] * 3 + [64] * 3
        blocks: list[nn.Module] = [ResidualBlock(*pair) for pair in pairwise([16, *widths])]
        super().__init__(nn.Conv2d(3, 16, 3, padding=1), blocks, 64, classes, seed)


class Bottleneck(nn.Module):
    """Convolutions of 1 x 1, 3 x 3 and 1 x 1 with batch normalisation, the last four times as wide; a way around."""

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        wide = 4 * width
        self.convolution1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.convolution2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.convolution3 = nn.Conv2d(width, wide, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(wide)
        self.shortcut = (
            nn.Identity()
            if channels == wide and stride == 1
            else nn.Sequential(nn.Conv2d(channels, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the block makes of ``x``."""
        inner = torch.relu(self.norm1(self.convolution1(x)))
        inner = torch.relu(self.norm2(self.convolution2(inner)))
        return torch.relu(self.norm3(self.convolution3(inner)) + self.shortcut(x))


class ResNet50(_ResidualNetwork):
    """ResNet-50 with a first layer for small images (paper, Section 4.5): 23,705,252 parameters with 100 classes.

    The first convolution is 3 x 3 with stride 1, and no pooling follows it; the rest is the network for large images.

    ``seed`` and ``classes`` as in :class:`VGG16`.
    """

    def __init__(self, seed: int = 0, classes: int = 100):
        blocks: list[nn.Module] = []
        channels = 64
        for width, number, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for place in range(number):
                blocks.append(Bottleneck(channels, width, stride if place == 0 else 1))
                channels = 4 * width
        super().__init__(nn.Conv2d(3, 64, 3, padding=1, bias=False), blocks, channels, classes, seed)


def restart(model: nn.Module, seed: int) -> None:
    """Give a network of CIFAR, or what neuron pruning left of it, fresh weights: it has learnt nothing then."""
    _validate.network(model)
    _initialise(model, seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


def _initialise(model: nn.Module, seed: int, convolutions: Literal["fan_in", "fan_out"] = "fan_out") -> None:
    """He's normal initialisation for ReLU (outputs of convolutions, inputs of linear layers), biases zero."""
    generator = torch.Generator().manual_seed(_validate.seed(seed))
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            mode: Literal["fan_in", "fan_out"] = convolutions if isinstance(module, nn.Conv2d) else "fan_in"
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    # channels beside each other in memory: on a CPU convolution and pooling then take two thirds of the time, and they
    # are faster on graphics cards with bfloat16
    model.to(memory_format=torch.channels_last)


def _unchanged(x: torch.Tensor) -> torch.Tensor:
    return x
