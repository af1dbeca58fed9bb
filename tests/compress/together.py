"""Processes that train one network together: the other half of test_parallel.py. The first one writes what came out."""

import sys
from pathlib import Path

import pytest
import torch

from l0lib import L0, L2, compress
from l0lib.compress import checkpoints, parallel


def train(folder, epochs=2, **options):
    """Train, prune and train on. 103 images in batches of 34: shares differ in size, and the last batch has one."""
    x, y = compress.embedded_digits().train.tensors()
    model = compress.lenet_300_100(0)
    penalty = L2(1e-3) + L0(1e-4, 5.0)
    plan = {"learning_rate": 0.05, "batch_size": 34, "shift": 1, **options}
    checkpoint = folder / "run.checkpoint"
    history = compress.train(
        model, (x[:103], y[:103]), penalty, epochs=epochs, checkpoint=checkpoint, checkpoint_steps=3, **plan
    )
    masks = compress.prune_global(model, 5)
    for seed in (1, 2):  # again and again on one network: nothing may be left over from the times before
        history += compress.train(model, (x[:103], y[:103]), penalty, epochs=1, masks=masks, seed=seed, **plan)
    return model, history


def train_photographs():
    """A network with batch normalisation, whose statistics are those of the whole batch; the last one has one image."""
    x, y = compress.embedded_photographs().train.tensors()
    x, model = x.double(), compress.models.ResNet20(0).double()  # rounding would grow from step to step
    history = compress.train(
        model, (x[:49], y[:49]), L2(1e-3), epochs=2, learning_rate=0.05, batch_size=16, shift=2, mirror=True
    )
    return model, history


def main(folder):
    assert parallel.start()[1] == 2
    torch.set_num_threads(1)
    model, history = train(folder)
    deep, deep_history = train_photographs()
    assert all("forward" not in vars(module) for module in deep.modules())
    with pytest.raises(ValueError, match="checkpoint must be a whole file"):  # also where the file is not read
        parallel.from_first(lambda: checkpoints.load(__file__))
    if parallel.first():
        losses = torch.tensor([epoch.loss for epoch in history if epoch.epoch], dtype=torch.float64)
        torch.save({"losses": losses, "weights": dict(model.state_dict())}, folder / "result.pt")
        losses = torch.tensor([epoch.loss for epoch in deep_history if epoch.epoch], dtype=torch.float64)
        torch.save({"losses": losses, "weights": dict(deep.state_dict())}, folder / "photographs.pt")
    parallel.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
