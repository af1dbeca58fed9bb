"""A process that trains a tiny network and may be killed at any moment: the other half of test_resume.py.

It reads one job a line from its input, as JSON, and forks a child for it, so that each child begins like a fresh
process and yet need not import torch again. It answers with the child's exit status.
"""

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from l0lib import L0, L2, _files, compress
from l0lib.compress import checkpoints, training
from tests.killing import kill_at_line

WATCHED = {module.__file__ for module in (_files, checkpoints, training)}


class Tiny(torch.nn.Module):
    """Batch norm and dropout: buffers and torch's own random numbers, which a checkpoint must hold too."""

    def __init__(self, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.first, self.norm, self.last = torch.nn.Linear(784, 16), torch.nn.BatchNorm1d(16), torch.nn.Linear(16, 10)
        for layer in (self.first, self.last):
            torch.nn.init.kaiming_normal_(layer.weight, generator=generator)
            torch.nn.init.zeros_(layer.bias)

    def forward(self, images):
        hidden = torch.relu(self.norm(self.first(images.flatten(1))))
        return self.last(torch.nn.functional.dropout(hidden, 0.2, self.training))


def digits():
    x, y = compress.embedded_digits().train.tensors()
    return x[:300], y[:300]


def run(path, few, **change):
    """Train as every run of these tests does; return the network and its history."""
    torch.manual_seed(1)
    model = Tiny()
    masks = compress.prune_global(model, 3)
    plan = {"epochs": 4, "learning_rate": 0.1, "batch_size": 32, "shift": 1, "warm_up": 1, "checkpoint_steps": 3}
    plan |= {"masks": masks, "teacher": Tiny(seed=5), "update": "clipped", "checkpoint": path}
    if path is None:
        del plan["checkpoint_steps"]
    return model, compress.train(model, few, L2(1e-4) + L0(1e-3, 5), **{**plan, **change})


def child(job, few):
    lines = kill_at_line(job["line"], WATCHED) if "line" in job else None
    if "save" in job:
        checkpoints.save(job["save"], {"which": "new"})
        return
    model, history = run(job["checkpoint"], few)
    sys.settrace(None)
    if lines is not None:
        Path(job["result"]).with_suffix(".lines").write_text(str(lines()))
    told = [[epoch.loss.hex(), epoch.penalty.hex(), epoch.learning_rate.hex(), epoch.magnitudes] for epoch in history]
    weights = {name: values.numpy().tobytes().hex() for name, values in model.state_dict().items()}
    Path(job["result"]).write_text(json.dumps({"history": told, "weights": weights}))


def main():
    torch.set_num_threads(1)
    few = digits()
    for text in sys.stdin:
        job = json.loads(text)
        pid = os.fork()
        if pid == 0:
            try:
                child(job, few)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if "kill_after" in job:
            time.sleep(job["kill_after"])
            os.kill(pid, signal.SIGKILL)  # a child that has ended is not reaped yet: its number is still its own
        print(json.dumps({"status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}), flush=True)


if __name__ == "__main__":
    main()
