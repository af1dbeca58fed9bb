"""The training loop: data as one tensor in memory, batches as index slices, one seed for the order of batches."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from ..penalties import Penalty
from . import augment, checkpoints, distill, parallel, shared_statistics
from ._run import Run, digest_rates, digests, resolve_device
from .data import Part
from .history import MAGNITUDE_EDGES, Epoch, magnitude_histogram, penalty_size
from .masks import Masks
from .optim import PenalisedSGD, parameter_groups
from .rates import Schedule, cosine, learning_rates

__all__ = ["MAGNITUDE_EDGES", "Epoch", "cosine", "magnitude_histogram", "train"]


def train(
    model: torch.nn.Module,
    part: Part | tuple[torch.Tensor, torch.Tensor],
    penalty: Penalty | Mapping[str, Penalty | None] | Sequence[dict[str, Any]] | None = None,
    *,
    epochs: int,
    learning_rate: float,
    momentum: float = 0.9,
    batch_size: int = 128,
    update: str = "coupled",
    seed: int = 0,
    masks: Masks | None = None,
    schedule: str | Schedule = "cosine",
    warm_up: float = 0,
    shift: int = 0,
    mirror: bool = False,
    teacher: torch.nn.Module | torch.Tensor | None = None,
    temperature: float = 4.0,
    distillation_weight: float = 0.9,
    bf16: bool = False,
    device: str | torch.device | None = None,
    progress: bool = False,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_steps: int | None = None,
) -> list[Epoch]:
    r"""Minimise the mean cross-entropy plus :math:`\alpha\Omega(w)` by SGD with momentum and a falling learning rate.

    Where :func:`parallel.start` has joined several processes, each is to call this function with the same arguments:
    they train one network, ``batch_size`` images at a step among them all. Batch normalisation takes its statistics
    from the whole batch (:func:`shared_statistics.joined`).

    Parameters
    ----------
    model : Module
        Changed in place.
    part : Part or (images, labels) tensors
        What to train on.
    penalty : Penalty, mapping of layer name to Penalty, list of parameter groups, or None
        Of the weights, not of the biases. It adds to the mean loss of a batch at every step. One for each layer: see
        :func:`~l0lib.compress.parameter_groups`. Groups, each with a ``penalty`` of its own, are those of
        :class:`~l0lib.compress.PenalisedSGD`; all follow the one schedule.
    epochs : int
        Passes over ``part``, >= 1.
    learning_rate : float
        At the start of the schedule, > 0.
    momentum, update
        See :class:`~l0lib.compress.PenalisedSGD`.
    batch_size : int, default 128
        The last batch of an epoch is smaller where the sizes do not divide.
    seed : int, default 0
        Seed of the order of the images and, apart from it, of their shifts and mirrors. None depends on the penalty:
        two runs with one seed see the same batches.
    masks : Masks or None
        What pruning kept. The rest is set to zero and held there; this is checked after every epoch.
    schedule : {"cosine", "step"} or function ``(step, steps, start) -> rate``
        How the learning rate falls: see :func:`cosine`, :func:`~l0lib.compress.rates.step_decay`.
    warm_up : float, default 0
        Epochs in which it rises in a straight line first; they are part of ``epochs``.
    shift : int, default 0
        Each image of a batch is moved by up to so many pixels either way (:func:`augment.shift`): 4 on photographs is
        the usual crop out of a padding of 4.
    mirror : bool, default False
        Each image of a batch is turned round with probability one half (:func:`augment.mirror`).
    teacher, temperature, distillation_weight
        A network to learn from as well, and how: see :func:`distill.loss`. Where images are neither shifted nor
        mirrored, its scores (:func:`distill.scores`) may stand in its place: it is asked once and not in every epoch.
    bf16 : bool, default False
        Run the forward pass under torch's autocast to bfloat16; weights, loss and update stay float32.
    device : str or None
        Where to run, such as ``"cpu"`` or ``"cuda"``; ``"auto"`` takes CUDA if there is one, None the device on which
        the model is. Model, teacher, masks and images go there.
    progress : bool, default False
        Show a bar, and clear it at the end.
    checkpoint : path or None
        File of the run's state (:mod:`checkpoints`), written at the end of each epoch. If it is there already, the run
        goes on from it, given the model and the arguments that it began with; a finished one is only read. On a CPU,
        with as many threads as before, a run that was killed and goes on ends in the same bits as one that was not.
        Torch's global random state is part of it. Of several processes the first one reads and writes it.
    checkpoint_steps : int or None
        Write it after every so many steps, and at the end of the run, instead.

    Returns
    -------
    list of Epoch
        ``epochs + 1`` entries; the first describes the state before training.

    Raises
    ------
    ValueError
        If an argument breaks its rule, or the checkpoint is of another configuration: the message says what differs.
    RuntimeError
        If the loss is no longer finite, or a pruned parameter is found nonzero.
    """
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 1), ("shift", shift, 0)):
        if value < least or value != int(value):
            raise ValueError(f"{name} must be a whole number >= {least}; got {value!r}")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be > 0 and finite; got {learning_rate!r}")
    if checkpoint_steps is not None and (checkpoint is None or checkpoint_steps < 1):
        raise ValueError(f"checkpoint_steps must be >= 1 and go with a checkpoint; got {checkpoint_steps!r}")
    if teacher is model:
        raise ValueError("teacher must be another network than model; got the same one")
    distill.check(temperature, distillation_weight)
    network, told_scores = (None, teacher) if isinstance(teacher, torch.Tensor) else (teacher, None)
    if told_scores is not None and (shift or mirror):
        raise ValueError("teacher must be a network where images are shifted or mirrored; got scores")
    where = resolve_device(device, model)
    x, y = part.tensors(where) if isinstance(part, Part) else (tensor.to(where) for tensor in part)
    if len(x) != len(y) or not len(y):
        raise ValueError(
            f"part must have one label for each image, and one image at least; got {len(x)} images and {len(y)} labels"
        )
    if told_scores is not None:
        if len(told_scores) != len(y):
            raise ValueError(f"teacher must have scores for each of the {len(y)} images; got {len(told_scores)}")
        told_scores = told_scores.to(where)
    per_epoch = math.ceil(len(y) / batch_size)
    steps = epochs * per_epoch
    rates = learning_rates(schedule, steps, learning_rate, round(warm_up * per_epoch))
    told: dict[str, Any] = {}
    if checkpoint is not None:
        told = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "batch_size": batch_size}
        told |= {"update": update, "seed": seed, "warm_up": warm_up, "shift": shift, "bf16": bf16}
        told |= {"schedule": schedule if isinstance(schedule, str) else digest_rates(rates), "device": where.type}
        if mirror:
            told["mirror"] = True
        if teacher is not None:
            told |= {"temperature": temperature, "distillation_weight": distillation_weight}
        told |= digests(model, (x, y), penalty, masks, teacher)

    model.to(where)
    groups = penalty if isinstance(penalty, Sequence) else parameter_groups(model, penalty)
    optimizer = PenalisedSGD(groups, lr=learning_rate, momentum=momentum, update=update)
    if masks is not None:
        masks = Masks({name: mask.to(where) for name, mask in masks.items()})
        masks.apply_(model)
        optimizer.hold(masks.by_parameter(model))
    first = Epoch(0, rates[0], math.nan, penalty_size(optimizer.param_groups), magnitude_histogram(model))
    run = Run(model, optimizer, seed, where, first)
    if checkpoint is not None and (saved := parallel.from_first(partial(checkpoints.load, checkpoint))) is not None:
        checkpoints.check_same(saved["configuration"], told, checkpoint)
        run.restore(saved)

    model.train()
    together, world = parallel.together(model), parallel.ranks()[1]
    lower = torch.autocast(where.type, torch.bfloat16) if bf16 else nullcontext()
    with (
        distill.listening(network, where),
        shared_statistics.joined(model) as here,
        tqdm(total=steps, initial=run.step, unit="step", leave=False, disable=not progress) as bar,
    ):
        while run.step < steps:
            epoch, done = run.step // per_epoch + 1, run.step % per_epoch
            order = torch.randperm(len(y), generator=run.order).to(where)
            moves = augment.draw_shifts(len(y), shift, run.moves).to(where) if shift else None
            mirrors = augment.draw_mirrors(len(y), run.moves).to(where) if mirror else None
            for whole in order.split(batch_size)[done:]:
                batch, weight = parallel.share(whole)
                here.empty = weight == 0
                for group in optimizer.param_groups:
                    group["lr"] = rates[run.step]
                images, labels = x.index_select(0, batch), y.index_select(0, batch)  # twice as fast as x[batch]
                if moves is not None:
                    images = augment.shift(images, moves[0, batch], moves[1, batch], shift)
                if mirrors is not None:
                    images = augment.mirror(images, mirrors[batch])
                with lower:
                    scores = together(images)
                    taught = None if network is None else distill.ask(network, images)
                if told_scores is not None:
                    taught = told_scores.index_select(0, batch)
                if bf16:
                    scores = scores.float()
                if taught is None:
                    loss = cross_entropy(scores, labels)
                else:
                    loss = distill.loss(scores, labels, taught.float(), temperature, distillation_weight)
                if world > 1:
                    loss = loss * weight
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                run.total += loss.detach() * len(whole)
                run.step += 1
                bar.update()
                if run.step % per_epoch == 0:
                    mean = float(parallel.mean(run.total)) / len(y)
                    if not math.isfinite(mean):
                        raise RuntimeError(
                            f"loss must stay finite; got {mean} in epoch {epoch}: try a smaller learning rate"
                        )
                    # the last step of an epoch has no loss behind it that could tell
                    if not all(bool(torch.isfinite(p).all()) for p in model.parameters()):
                        raise RuntimeError(
                            f"loss must stay finite; weights are not, in epoch {epoch}: try a smaller learning rate"
                        )
                    size = penalty_size(optimizer.param_groups)
                    run.end_epoch(Epoch(epoch, rates[run.step - 1], mean, size, magnitude_histogram(model)))
                    bar.set_postfix(epoch=epoch, loss=f"{mean:.4f}")
                    if masks is not None:
                        masks.check(model, optimizer)
                due = run.step % (checkpoint_steps or per_epoch) == 0 or run.step == steps
                if checkpoint is not None and due:
                    run.total = parallel.mean(run.total)
                if checkpoint is not None and due and parallel.first():
                    checkpoints.save(checkpoint, {**run.state(), "configuration": told})
    return run.history
