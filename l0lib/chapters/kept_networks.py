"""Networks whose weights are kept with the book: read from their files, with the runs that they came from.

.venv/bin/python -m l0lib.chapters.kept_networks SCRIPT --weights FILE [--no-relu-after-pools]

writes the script with which a page runs a dense network in its reader's browser. FILE is a file of
l0lib.compress.storage.save, or the checkpoint of a finished training (such as the network.checkpoint of a dense run).
The book's script is book/assets/networks/lenet-5-caffe.js; its file name is the key by which the page asks for it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .. import labels
from ..compress import (
    LeNet5Caffe,
    LeNet300100,
    Part,
    checkpoints,
    compression_ratio,
    count_nonzero_parameters,
    count_parameters,
    embedded_digits,
    evaluate,
    layers,
    lenet_5_caffe,
    lenet_300_100,
    storage,
)
from ..compress.models import ResNet20
from ..experiments.records import RECORDS, Point, Record, read_all
from ..table import Table, times
from .image_networks import ImageNetwork, Layer

#: Mean and deviation of each colour over the 50,000 training photographs of CIFAR-10, pixels between 0 and 1: what the
#: runs subtract and divide by.
MEANS, DEVIATIONS = (0.491400, 0.482158, 0.446531), (0.247032, 0.243485, 0.261588)
#: Bytes that a script may have, so that a click on it stays a small wish.
SCRIPT_LIMIT = 1_300_000


@dataclass(frozen=True)
class KeptNetwork:
    """A network from a file of weights, the size of the file, and the run that it came from.

    ``record`` is the stored run with these very counts of nonzero parameters, ``point`` its entry for this network;
    None where the book has no record of it.
    """

    model: nn.Module
    bytes_on_disk: int
    record: Record | None
    point: Point | None

    def __str__(self) -> str:
        if self.record is None or self.point is None:
            return "No record belongs to these weights: a stand-in, trained in a hurry, and no result."
        run, made = self.record.config, self.record.origin
        return (
            f"Stored: {labels.study(run.experiment)}, {labels.run(run.arm, network=True)}, seed {self.record.seed}, "
            f"{made.date}, commit {made.commit}, {made.device}; test error {self.point.measured.percent:.2f} %"
        )

    @property
    def name(self) -> str:
        """What readers call it: ``LeNet-5-Caffe, NORM, 359×``, or ``a stand-in`` without a record."""
        if self.record is None:
            return "a stand-in"
        ratio = times(round(compression_ratio(self.model)))
        return f"{labels.run(self.record.config.arm, network=True)}, {ratio}"

    @property
    def plain(self) -> ImageNetwork:
        """LeNet-300-100 or LeNet-5-Caffe as plain arrays, named for readers (see :func:`as_arrays`)."""
        name = labels.NETWORKS["lenet-5-caffe" if isinstance(self.model, LeNet5Caffe) else "lenet-300-100"]
        return as_arrays(self.model, name, self.bytes_on_disk)


def load_lenet(path: str | Path, *, relu_after_pools: bool = True, folder: Path = RECORDS) -> KeptNetwork:
    """Return the LeNet-300-100 or LeNet-5-Caffe whose weights :func:`l0lib.compress.storage.save` wrote to ``path``.

    Its record is looked for in ``folder``. Where there is one, it says whether LeNet-5-Caffe was trained with a ReLU
    after its pools; elsewhere ``relu_after_pools`` does.

    Raises
    ------
    ValueError
        If the file holds the weights of another network.
    """
    tensors = storage.load(path)
    model = lenet_from(tensors, path, relu_after_pools=relu_after_pools)
    record, point = _origin_of(model, folder)
    if record is not None and record.config.network == "lenet-5-caffe":
        model = lenet_from(tensors, path, relu_after_pools=record.config.relu_after_pools)
    return KeptNetwork(model, Path(path).stat().st_size, record, point)


def table(paths: Mapping[str, Path | None]) -> Table:
    """Return a row for each LeNet of ``paths``, by network: its file, its counts and its answers to embedded digits.

    A network without a file gets a row that says so.
    """
    digits, rows, told = embedded_digits(), [], []
    for network, path in paths.items():
        if path is None:
            rows.append((labels.NETWORKS[network], "not recorded yet", *["–"] * 4))
            continue
        its = load_lenet(path)
        answers = [evaluate(its.model, part) for part in (digits.train, digits.validation, digits.test)]
        images = sum(one.images for one in answers)
        rows.append(
            (
                its.name,
                f"{its.bytes_on_disk:,}",
                f"{count_nonzero_parameters(its.model):,}",
                f"{compression_ratio(its.model):.1f}×",
                f"{its.point.measured.percent:.2f} %" if its.point else "–",
                f"{images - sum(one.errors for one in answers):,} of {images:,}",
            )
        )
        told.append(f"{its}.")
    headers = ("stored network", "bytes", "parameters left", "ratio", "test error, seed 0", "embedded digits right")
    caption = "The smallest stored network of each kind; answers computed now."
    return Table(headers, rows, " ".join([caption, *told]))


def load_resnet(path: str | Path, folder: Path = RECORDS) -> KeptNetwork:
    """Return the ResNet-20 whose weights and statistics :func:`l0lib.compress.storage.save` wrote to ``path``.

    It comes in evaluation mode: in the other one, every look at images would change the statistics. Its record is
    looked for in ``folder``.

    Raises
    ------
    ValueError
        If the file holds another network.
    """
    tensors, model = storage.load(path), ResNet20()
    want = {name: values.shape for name, values in model.state_dict().items() if values.is_floating_point()}
    found = {name: values.shape for name, values in tensors.items()}
    for name in (*want, *found):
        if want.get(name) != found.get(name):
            told = tuple(found[name]) if name in found else "nothing"
            rule = f"of shape {tuple(want[name])}" if name in want else "no part of it"
            raise ValueError(f"{path} must hold the weights and statistics of ResNet-20: {name} is {rule}; got {told}")
    model.load_state_dict(tensors, strict=False)  # how many batches the statistics have seen is not kept
    return KeptNetwork(model.eval(), Path(path).stat().st_size, *_origin_of(model, folder))


def _origin_of(model: nn.Module, folder: Path) -> tuple[Record, Point] | tuple[None, None]:
    """Return the fine-tuned network on record with as many nonzero parameters in every layer, and its run."""
    counts = [(layer.name, layer.parameters, layer.nonzero) for layer in layers(model)]
    for record in read_all(folder):
        for point in record.points:
            if point.fine_tuned and [(c.name, c.parameters, c.nonzero) for c in point.layers] == counts:
                return record, point
    return None, None


def lenet_from(
    tensors: Mapping[str, torch.Tensor], origin: str | Path, *, relu_after_pools: bool = False
) -> LeNet300100 | LeNet5Caffe:
    """Return the LeNet with these parameters: their names say which of the two it is.

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


def as_arrays(model: nn.Module, name: str, bytes_on_disk: int = 0) -> ImageNetwork:
    """Return a :class:`~l0lib.compress.LeNet300100` or :class:`~l0lib.compress.LeNet5Caffe` as plain arrays.

    Raises
    ------
    ValueError
        If ``model`` is neither.
    """
    if isinstance(model, LeNet5Caffe):
        after = model.relu_after_pools
        stages: list[tuple[nn.Linear | nn.Conv2d, bool, bool]]
        stages = [(model.convolution1, after, True), (model.convolution2, after, True)]
        stages += [(model.hidden, True, False), (model.output, False, False)]
    elif isinstance(model, LeNet300100):
        stages = [(model.hidden1, True, False), (model.hidden2, True, False), (model.output, False, False)]
    else:
        raise ValueError(f"model must be a LeNet300100 or a LeNet5Caffe; got {type(model).__name__}")
    arrays = [Layer(_array(layer.weight), _array(layer.bias), relu, pool) for layer, relu, pool in stages]
    return ImageNetwork(name, arrays, bytes_on_disk)


def _array(tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()


def digit_examples() -> np.ndarray:
    """Return one real image of each digit, uint8 (10, 28, 28): the first of each among the embedded test digits."""
    test = embedded_digits().test
    return np.stack([test.images[np.flatnonzero(test.labels == digit)[0]] for digit in range(10)])


def standardised(part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels of photographs as the runs on CIFAR-10 see them: each colour centred and scaled."""
    images, labels = part.tensors()
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEANS, DEVIATIONS))
    return (images - mean) / deviation, labels


def read_dense(path: str | Path, *, relu_after_pools: bool = True) -> nn.Module:
    """Return the LeNet of a stored file or of a training's checkpoint.

    Raises
    ------
    ValueError
        If the file is neither, or holds another network.
    """
    path = Path(path)
    with path.open("rb") as file:
        is_stored = file.read(len(storage.MAGIC)) == storage.MAGIC
    tensors = storage.load(path) if is_stored else (checkpoints.load(path) or {}).get("model")
    if tensors is None:
        raise ValueError(f"path must be a stored network or a training's checkpoint; got {str(path)!r}")
    return lenet_from(tensors, path, relu_after_pools=relu_after_pools)


def write_script(model: nn.Module, path: str | Path) -> int:
    """Write the script of ``model`` to ``path`` and return its bytes.

    Raises
    ------
    ValueError
        If it would be larger than ``SCRIPT_LIMIT``: nothing is written.
    """
    path = Path(path)
    text = as_arrays(model, path.stem).script(path.stem)
    if len(text) > SCRIPT_LIMIT:
        raise ValueError(f"a script must have at most {SCRIPT_LIMIT:,} bytes; {path.name} would have {len(text):,}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "ascii")
    return len(text)


def main(arguments: list[str] | None = None) -> int:
    """Write the script of a dense network."""
    parser = argparse.ArgumentParser(prog="python -m l0lib.chapters.kept_networks", description=main.__doc__)
    parser.add_argument("script", type=Path, help="where to write, such as book/assets/networks/lenet-5-caffe.js")
    parser.add_argument("--weights", type=Path, required=True, help="a stored network, or a training's checkpoint")
    parser.add_argument("--no-relu-after-pools", action="store_true", help="LeNet-5-Caffe was trained without these")
    given = parser.parse_args(arguments)
    try:
        model = read_dense(given.weights, relu_after_pools=not given.no_relu_after_pools)
        size = write_script(model, given.script)
    except (OSError, ValueError) as error:
        print(f"kept_networks: {error}", file=sys.stderr)
        return 1
    print(f"{given.script}: {count_parameters(model):,} parameters in half precision, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
