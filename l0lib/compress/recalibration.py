"""The running statistics of batch normalisations, measured anew: what pruning leaves stale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .. import _validate
from . import augment
from .data import Part
from .measure import evaluation_mode
from .models import BatchNorm, ChannelNorm


@torch.no_grad()
def recalibrate(
    model: torch.nn.Module,
    part: Part | tuple[torch.Tensor, torch.Tensor],
    batch_size: int = 500,
    *,
    shift: int = 0,
    mirror: bool = False,
    seed: int = 0,
) -> torch.nn.Module:
    """Measure the running mean and variance of every normalisation that has them anew, in place; return ``model``.

    Pruning changes what a layer puts out; the running statistics behind it stay those of the network before. Here the
    images go through the network once, normalised by the statistics of their own batch, and the running ones become the
    means over batches. Weights, biases, scales and shifts stay as they are. No label is read.

    All running statistics are measured, those of normalisations frozen in evaluation mode too: they are as stale. Apart
    from the normalisations the network is in evaluation mode meanwhile, without dropout. In the end each module is in
    the mode that it was in, and each normalisation has its momentum.

    Parameters
    ----------
    model : torch.nn.Module
    part : Part or (images, labels)
        Training images, as many as tell mean and variance of a channel: some thousands.
    batch_size : int, default 500
        About so many, at least 2: all images go through, in batches of nearly the same size.
    shift, mirror, seed : int, bool, int
        Move and mirror images at random, as in :func:`train`. The statistics depend on it: show the images as the
        network saw them while it trained.

    Raises
    ------
    ValueError
        If ``model`` has no normalisation with running statistics, if ``batch_size`` or the number of images is
        below 2, or if ``shift`` is negative.

    Notes
    -----
    As :func:`torch.optim.swa_utils.update_bn`, which would turn on dropout, too. Source: B. Li, B. Wu, J. Su, G. Wang,
    L. Lin, EagleEye: Fast sub-net evaluation for efficient neural network pruning, ECCV 2020, who choose among pruned
    networks with it.
    """
    _validate.network(model)
    batch_size = _validate.whole("batch_size", batch_size, 2, why=": one image has no variance")
    shift = _validate.whole("shift", shift, 0, augment.MOST)
    mirror = _validate.flag("mirror", mirror)
    seed = _validate.seed(seed)
    images = part.tensors()[0] if isinstance(part, Part) else _validate.two("part", part)[0]
    _validate.tensor("part", images, 1)
    if len(images) < 2:
        raise ValueError(f"part must hold at least 2 images; got {len(images)}")
    norms = [module for module in model.modules() if isinstance(module, ChannelNorm) and module.running_var is not None]
    if not norms:
        raise ValueError("model must have batch normalisations with running statistics; it has none")
    device = next(model.parameters()).device
    draw = torch.Generator().manual_seed(seed)

    def shown(batch: torch.Tensor) -> torch.Tensor:
        if shift:
            moves = augment.draw_shifts(len(batch), shift, draw).to(batch.device)
            batch = augment.shift(batch, moves[0], moves[1], shift)
        return augment.mirror(batch, augment.draw_mirrors(len(batch), draw).to(batch.device)) if mirror else batch

    batches = images.tensor_split(min(max(1, round(len(images) / batch_size)), len(images) // 2))
    with evaluation_mode(model), _measured_anew(norms):
        for number, batch in enumerate(batches, 1):
            for norm in norms:
                # None stands for the mean over calls; instance normalisations do not know it
                norm.momentum = None if isinstance(norm, BatchNorm) else 1 / number
            with _validate.taken("part"):
                model(shown(batch).to(device))
    return model


@contextmanager
def _measured_anew(norms: list[Any]) -> Iterator[None]:
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
