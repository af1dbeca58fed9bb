"""Write the script with which a page runs a dense network in its reader's browser.

.venv/bin/python -m l0lib.chapters.dense_script SCRIPT --weights FILE [--no-relu-after-pools]
.venv/bin/python -m l0lib.chapters.dense_script SCRIPT --train EPOCHS

FILE is a file of l0lib.compress.storage.save, or the checkpoint of a finished training (such as the network.checkpoint
of a dense run). With --train a LeNet-5-Caffe is trained on MNIST first. The book's script is
book/assets/networks/lenet-5-caffe.js; its file name is the key by which the page asks for it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import nn

from ..compress import checkpoints, count_parameters, evaluate, lenet_5_caffe, mnist, storage, train
from ..penalties import L2
from .digit_networks import from_tensors, plain

#: Bytes that a script may have, so that a click on it stays a small wish.
LIMIT = 1_300_000


def read(path: str | Path, *, relu_after_pools: bool = True) -> nn.Module:
    """Return the network of a stored file or of a training's checkpoint.

    Raises
    ------
    ValueError
        If the file is neither, or holds another network.
    """
    path = Path(path)
    if path.read_bytes()[: len(storage.MAGIC)] == storage.MAGIC:
        return from_tensors(storage.load(path), path, relu_after_pools=relu_after_pools)
    state = checkpoints.load(path)
    if not state or "model" not in state:
        raise ValueError(f"path must be a stored network or a training's checkpoint; got {str(path)!r}")
    return from_tensors(state["model"], path, relu_after_pools=relu_after_pools)


def trained(epochs: int) -> nn.Module:
    """Return LeNet-5-Caffe, ReLU after its pools, trained on MNIST's training images with a little weight decay."""
    torch.set_num_threads(1)  # the same weights on every machine of a kind
    data, model = mnist(), lenet_5_caffe(0, relu_after_pools=True)
    train(model, data.train, L2(5e-5), epochs=epochs, learning_rate=0.06, warm_up=0.5, progress=True)
    print(f"validation error {100 * evaluate(model, data.validation).error:.2f} %")
    return model


def write(model: nn.Module, path: str | Path) -> int:
    """Write the script of ``model`` to ``path`` and return its bytes.

    Raises
    ------
    ValueError
        If it would be larger than ``LIMIT``: nothing is written.
    """
    path = Path(path)
    text = plain(model, path.stem).script(path.stem)
    if len(text) > LIMIT:
        raise ValueError(f"a script must have at most {LIMIT:,} bytes; {path.name} would have {len(text):,}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "ascii")
    return len(text)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m l0lib.chapters.dense_script", description=__doc__.split("\n")[0])
    parser.add_argument("script", type=Path, help="where to write, such as book/assets/networks/lenet-5-caffe.js")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--weights", type=Path, help="stored network, or the checkpoint of a finished training")
    source.add_argument("--train", type=int, metavar="EPOCHS", help="train one, for so many epochs")
    parser.add_argument("--no-relu-after-pools", action="store_true", help="LeNet-5-Caffe was trained without these")
    given = parser.parse_args(arguments)
    try:
        if given.weights:
            model = read(given.weights, relu_after_pools=not given.no_relu_after_pools)
        else:
            model = trained(given.train)
        size = write(model, given.script)
    except (OSError, ValueError) as error:
        print(f"dense_script: {error}", file=sys.stderr)
        return 1
    print(f"{given.script}: {count_parameters(model):,} parameters in half precision, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
