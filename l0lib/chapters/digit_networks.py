"""The networks that the page runs on a reader's digit: from stored weights to plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..compress import LeNet5Caffe, LeNet300100, embedded_digits, lenet_5_caffe, lenet_300_100, storage
from ..experiments.records import RECORDS
from ..widgets.networks import ImageNetwork, Layer
from .kept_networks import Kept, origin_of

_NAMES = {LeNet300100: "LeNet-300-100", LeNet5Caffe: "LeNet-5-Caffe"}


def plain(model: nn.Module, name: str, bytes_on_disk: int = 0) -> ImageNetwork:
    """Return a :class:`~l0lib.compress.LeNet300100` or :class:`~l0lib.compress.LeNet5Caffe` as plain arrays.

    Raises
    ------
    ValueError
        If ``model`` is neither.
    """
    if isinstance(model, LeNet5Caffe):
        after = model.relu_after_pools
        stages: list[tuple[nn.Linear | nn.Conv2d, bool, bool]] = [
            (model.convolution1, after, True),
            (model.convolution2, after, True),
            (model.hidden, True, False),
            (model.output, False, False),
        ]
    elif isinstance(model, LeNet300100):
        stages = [(model.hidden1, True, False), (model.hidden2, True, False), (model.output, False, False)]
    else:
        raise ValueError(f"model must be a LeNet300100 or a LeNet5Caffe; got {type(model).__name__}")
    arrays = [Layer(_array(layer.weight), _array(layer.bias), relu, pool) for layer, relu, pool in stages]
    return ImageNetwork(name, arrays, bytes_on_disk)


def from_tensors(
    tensors: Mapping[str, torch.Tensor], origin: str | Path, *, relu_after_pools: bool = False
) -> LeNet300100 | LeNet5Caffe:
    """Return the network with these parameters: their names say which of the two it is.

    They do not say whether LeNet-5-Caffe had a ReLU after its pools: ``relu_after_pools`` must be what it was trained
    with. ``origin`` is named where they do not fit.

    Raises
    ------
    ValueError
        If these are the parameters of another network.
    """
    model = lenet_300_100() if "hidden1.weight" in tensors else lenet_5_caffe(relu_after_pools=relu_after_pools)
    want = {name: tuple(p.shape) for name, p in model.named_parameters()}
    if {name: tuple(tensor.shape) for name, tensor in tensors.items()} != want:
        raise ValueError(f"{origin} must hold the weights of LeNet-300-100 or LeNet-5-Caffe; got {', '.join(tensors)}")
    model.load_state_dict(tensors)
    return model


class Stored(Kept[LeNet300100 | LeNet5Caffe]):
    """LeNet-300-100 or LeNet-5-Caffe from a file of weights, and the run that it came from."""

    @property
    def plain(self) -> ImageNetwork:
        """The network as plain arrays, named for readers."""
        return plain(self.model, _NAMES[type(self.model)], self.bytes_on_disk)


def load(path: str | Path, *, relu_after_pools: bool = True, folder: Path = RECORDS) -> Stored:
    """Return the network whose weights :func:`l0lib.compress.storage.save` wrote to ``path``.

    Its record is looked for in ``folder``. Where there is one, it says whether LeNet-5-Caffe was trained with a ReLU
    after its pools; elsewhere ``relu_after_pools`` does.

    Raises
    ------
    ValueError
        If the file holds the weights of another network.
    """
    tensors = storage.load(path)
    model = from_tensors(tensors, path, relu_after_pools=relu_after_pools)
    record, point = origin_of(model, folder)
    if record is not None and record.config.network == "lenet-5-caffe":
        model = from_tensors(tensors, path, relu_after_pools=record.config.relu_after_pools)
    return Stored(model, Path(path).stat().st_size, record, point)


def examples() -> np.ndarray:
    """Return one real image of each digit, uint8 (10, 28, 28): the first of each among the embedded test digits."""
    test = embedded_digits().test
    return np.stack([test.images[np.flatnonzero(test.labels == digit)[0]] for digit in range(10)])


def _array(tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()
