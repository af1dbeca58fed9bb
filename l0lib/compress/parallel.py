"""Several processes that train one network together, each on its share of every batch (torchrun starts them).

All hold the same network and draw the same order of images; each takes every n-th image of a batch. Gradients are
averaged over the processes before every step, so that all make the step of the whole batch; batch normalisations use
its statistics (:func:`shared_statistics`). The first process alone reads and writes files, and tells the others what
they say.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from filelock import FileLock
from torch.nn.parallel import DistributedDataParallel

from .models import BatchNorm

#: How long a process waits for the others: the first one may wait for a lock as long as another run takes.
TIMEOUT = datetime.timedelta(days=2)


def start(device: str = "cpu") -> tuple[int, int]:
    """Join the processes that torchrun started, if it did, and return :func:`ranks`.

    ``"cpu"`` joins them over Gloo; ``"cuda"``, or ``"auto"`` where there is CUDA, over NCCL, each process on the card
    of its local rank.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        on_cards = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
        if on_cards:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if on_cards else "gloo", timeout=TIMEOUT)
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


def averaging_gradients(model: torch.nn.Module) -> torch.nn.Module:
    """Return what to call in place of ``model`` in training, so that its gradients are averaged over the processes."""
    return cast(torch.nn.Module, DistributedDataParallel(model)) if ranks()[1] > 1 else model


def local_batch(batch: torch.Tensor) -> tuple[torch.Tensor, float]:
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


@dataclass
class SharedStatistics:
    """This process's part of the current batch; ``empty`` where nothing of it was left for this process.

    ``open`` until :func:`shared_statistics` ends: a copy of the network that outlives it goes its own way.
    """

    empty: bool = False
    open: bool = True

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedStatistics:
        return self


class _Sum(torch.autograd.Function):
    """The sum over all processes. Every process's loss depends on it, so its gradient is a sum over them, too."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor) -> torch.Tensor:
        value = value.clone()
        dist.all_reduce(value)
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        gradient = gradients[0].contiguous().clone()
        dist.all_reduce(gradient)
        return gradient


@contextmanager
def shared_statistics(model: torch.nn.Module) -> Iterator[SharedStatistics]:
    r"""Let the batch normalisations of ``model`` use the statistics of the whole batch, while several processes train.

    With :math:`n` the number of images times positions over all processes, a channel is normalised by its mean and by
    :math:`\sum (z - \bar z)^2/n`, as one process would with all images. Alone, a process changes nothing. What is
    yielded is to be told of a batch of which nothing is left for this process.
    """
    shared = SharedStatistics()
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)] if ranks()[1] > 1 else []
    before = {norm: vars(norm).get("forward") for norm in norms}
    for norm in norms:
        norm.forward = partial(_normalise, norm, shared)  # type: ignore[method-assign]
    try:
        yield shared
    finally:
        shared.open = False
        for norm, forward in before.items():
            if forward is None:
                vars(norm).pop("forward", None)  # that of its class again
            else:
                norm.forward = forward  # type: ignore[method-assign]


def _normalise(norm: BatchNorm, shared: SharedStatistics, x: torch.Tensor) -> torch.Tensor:
    if not norm.training or not shared.open:
        return type(norm).forward(norm, x)  # type: ignore[arg-type]  # of its own class
    axes = [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    own = 0.0 if shared.empty else 1.0
    with torch.autocast(x.device.type, enabled=False):
        wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        count = torch.tensor(own * x.numel() / x.shape[1], dtype=torch.float64, device=x.device)
        dist.all_reduce(count)
        if count == 1:  # for all processes alike
            raise ValueError(f"batch normalisation needs more than one value for each channel; got {tuple(x.shape)}")
        mean = _Sum.apply(own * wide.sum(axes)) / count
        centred = wide - mean.view(shape)
        variance = _Sum.apply(own * centred.square().sum(axes)) / count
        out = centred * torch.rsqrt(variance + norm.eps).view(shape)
        if norm.weight is not None:
            out = out * norm.weight.view(shape)
        if norm.bias is not None:
            out = out + norm.bias.view(shape)
        seen = norm.num_batches_tracked
        if (
            norm.track_running_stats
            and norm.running_mean is not None
            and norm.running_var is not None
            and seen is not None
        ):
            with torch.no_grad():
                seen.add_(1)
                step = 1 / float(seen) if norm.momentum is None else norm.momentum
                norm.running_mean.lerp_(mean, step)
                norm.running_var.lerp_(variance * count / (count - 1), step)
    return out.to(x.dtype)
