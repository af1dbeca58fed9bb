"""Several processes that train one network together, each on its share of every batch (torchrun starts them).

All hold the same network and draw the same order of images; each takes every n-th image of a batch. Gradients are
averaged over the processes before every step, so that all make the step of the whole batch; batch normalisations use
its statistics (:mod:`~l0lib.compress.shared_statistics`). The first process alone reads and writes files, and tells the
others what they say.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from filelock import FileLock
from torch.nn.parallel import DistributedDataParallel

#: How long a process waits for the others: the first one may wait for a lock as long as another run takes.
PATIENCE = datetime.timedelta(days=2)


def start(device: str = "cpu") -> tuple[int, int]:
    """Join the processes that torchrun started, if it did, and return :func:`ranks`.

    Parameters
    ----------
    device : str
        ``"cpu"`` joins them over Gloo; ``"cuda"``, or ``"auto"`` where there is CUDA, over NCCL, each process on the
        card of its local rank.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        on_cards = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
        if on_cards:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if on_cards else "gloo", timeout=PATIENCE)
    return ranks()


def stop() -> None:
    """Leave the other processes."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def ranks() -> tuple[int, int]:
    """Return this process's rank and how many there are: 0 and 1 where there is one alone."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_available() and dist.is_initialized() else (0, 1)


def first() -> bool:
    """Whether this process is the one that reads and writes files."""
    return ranks()[0] == 0


def from_first(make: Callable[[], Any]) -> Any:
    """Call ``make`` in the first process and return what it returns, or raise what it raises, in all of them."""
    if ranks()[1] == 1:
        return make()
    told: list[Any] = [None, None]
    if first():
        try:
            told[0] = make()
        except Exception as error:
            told[1] = error
    dist.broadcast_object_list(told)
    if told[1] is not None:
        raise told[1]
    return told[0]


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a file lock, in a folder that is made if it is missing, for all processes: the first one takes it."""
    if not first():
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


def together(model: torch.nn.Module) -> torch.nn.Module:
    """Return what to call in place of ``model`` in training, so that its gradients are averaged over the processes."""
    return cast(torch.nn.Module, DistributedDataParallel(model)) if ranks()[1] > 1 else model


def share(batch: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return this process's part of a batch, and what to multiply its mean loss by.

    The average over the processes of the losses so weighted is the mean over the whole batch. A process for which
    nothing is left takes the first element with the weight 0, so that it can make the step along with the others.
    """
    rank, world = ranks()
    own = batch[rank::world]
    return (own, len(own) * world / len(batch)) if len(own) else (batch[:1], 0.0)


def mean(value: torch.Tensor) -> torch.Tensor:
    """Return the average of ``value`` over the processes."""
    world = ranks()[1]
    if world == 1:
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / world
