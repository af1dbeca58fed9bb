"""Batch normalisation over several processes: mean and variance of the whole batch, not of each process's share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.modules.batchnorm import _BatchNorm

from .parallel import ranks


@dataclass
class Share:
    """This process's part of the batch in hand; ``empty`` where nothing of it was left for this process.

    ``open`` until :func:`joined` ends: a copy of the network that outlives it goes its own way.
    """

    empty: bool = False
    open: bool = True

    def __deepcopy__(self, memo: dict[int, Any]) -> Share:
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
def joined(model: torch.nn.Module) -> Iterator[Share]:
    r"""Let the batch normalisations of ``model`` use the statistics of the whole batch, while several processes train.

    With :math:`n` the number of images times positions over all processes, a channel is normalised by its mean and by
    :math:`\sum (z - \bar z)^2/n`, as one process would with all images. Alone, a process changes nothing.

    Yields
    ------
    Share
        To be told of a batch of which nothing is left for this process.
    """
    share = Share()
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)] if ranks()[1] > 1 else []
    before = {norm: vars(norm).get("forward") for norm in norms}
    for norm in norms:
        norm.forward = partial(_normalise, norm, share)  # type: ignore[method-assign]
    try:
        yield share
    finally:
        share.open = False
        for norm, forward in before.items():
            if forward is None:
                vars(norm).pop("forward", None)  # that of its class again
            else:
                norm.forward = forward  # type: ignore[method-assign]


def _normalise(norm: _BatchNorm, share: Share, x: torch.Tensor) -> torch.Tensor:
    if not norm.training or not share.open:
        return type(norm).forward(norm, x)
    axes = [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    own = 0.0 if share.empty else 1.0
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
