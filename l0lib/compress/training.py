"""The training loop: data as one tensor in memory, batches as index slices, one seed for the order of batches."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from .. import _validate
from ..penalties import Penalty
from . import augment, checkpoints, distill, parallel
from .data import Part, images_and_labels
from .masks import Masks
from .measure import evaluation_mode, modes_kept
from .optim import PenalisedSGD
from .schedules import MOST_STEPS, RateSchedule, learning_rates
from .strategies import parameter_groups

Penalties = Penalty | Mapping[Any, Penalty | None] | Sequence[Mapping[str, Any]] | None

#: Edges of the histogram of weight magnitudes, in log10|w|: 0.1 decades wide; magnitudes beyond fall in the end bins.
MAGNITUDE_EDGES = tuple(-9 + i / 10 for i in range(96))


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images did.

    Attributes
    ----------
    epoch : int
        1 is the first pass; 0 stands for the state before it.
    learning_rate : float
        At the last step of the epoch (at epoch 0: the first one to come).
    loss : float
        Mean loss over the epoch's images, each taken when its batch came, in nats (NaN at epoch 0): the cross-entropy,
        or what a teacher makes of it (:func:`distill.loss`), without the penalty.
    penalty : float
        The penalty of all penalised weights at the end of the epoch.
    magnitudes : tuple of int
        Weights (biases left out) in each bin of :data:`MAGNITUDE_EDGES`, at the end of the epoch.
    """

    epoch: int
    learning_rate: float
    loss: float
    penalty: float
    magnitudes: tuple[int, ...]


def train(
    model: torch.nn.Module,
    part: Part | tuple[torch.Tensor, torch.Tensor],
    penalty: Penalties = None,
    *,
    epochs: int,
    learning_rate: float,
    momentum: float = 0.9,
    batch_size: int = 128,
    update: str = "coupled",
    seed: int = 0,
    masks: Masks | None = None,
    schedule: str | RateSchedule = "cosine",
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
    on_epoch: Callable[[Epoch], object] | None = None,
) -> list[Epoch]:
    r"""Minimise the mean cross-entropy plus :math:`\alpha\Omega(w)` by SGD with momentum and a falling learning rate.

    Where :func:`parallel.start` has joined several processes, each is to call this function with the same arguments:
    they train one network, ``batch_size`` images at a step among them all. Batch normalisation takes its statistics
    from the whole batch (:func:`parallel.shared_statistics`).

    Parameters
    ----------
    model : Module
        Changed in place. In a network in training mode, modules that were put into evaluation mode stay frozen so, such
        as batch normalisations that keep their running statistics. A network in evaluation mode is trained whole, as
        one in training mode. In the end each module is in the mode that it was in.
    part : Part or (images, labels) tensors
        What to train on.
    penalty : Penalty, mapping of layer name to Penalty, list of parameter groups, or None
        Of the weights, not of the biases. It adds to the mean loss of a batch at every step. One for each layer: see
        :func:`~l0lib.compress.parameter_groups`. Groups, each with a ``penalty`` of its own, are those of
        :class:`~l0lib.compress.PenalisedSGD`; all follow the one schedule. They are not written to.
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
        How the learning rate falls: see :func:`~l0lib.compress.cosine`, :func:`~l0lib.compress.step_decay`.
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
    on_epoch : function or None
        Called with each :class:`Epoch` as it ends.

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
    _validate.network(model)
    seed = _validate.seed(seed)
    epochs = _validate.whole("epochs", epochs, 1)
    batch_size = _validate.whole("batch_size", batch_size, 1)
    shift = _validate.whole("shift", shift, 0, augment.MOST)
    mirror, bf16 = _validate.flag("mirror", mirror), _validate.flag("bf16", bf16)
    _validate.number("learning_rate", learning_rate, "learning_rate must be > 0 and finite", lambda x: x > 0)
    if checkpoint_steps is not None and (checkpoint is None or checkpoint_steps < 1):
        raise ValueError(f"checkpoint_steps must be >= 1 and go with a checkpoint; got {checkpoint_steps!r}")
    if teacher is model:
        raise ValueError("teacher must be another network than model; got the same one")
    distill.check(temperature, distillation_weight)
    teacher_network, stored_scores = (None, teacher) if isinstance(teacher, torch.Tensor) else (teacher, None)
    if stored_scores is not None and (shift or mirror):
        raise ValueError("teacher must be a network where images are shifted or mirrored; got scores")
    if isinstance(penalty, Sequence):
        if not penalty:
            raise ValueError("penalty must be None where there is none; got an empty list of groups")
        penalty = [_own_group(group) for group in penalty]
    where = resolve_device(device, model)
    x, y = images_and_labels(part, where)
    if stored_scores is not None:
        if len(stored_scores) != len(y):
            raise ValueError(f"teacher must have scores for each of the {len(y)} images; got {len(stored_scores)}")
        stored_scores = stored_scores.to(where)
    per_epoch = -(-len(y) // batch_size)
    steps = epochs * per_epoch
    if steps > MOST_STEPS:
        raise ValueError(f"epochs must make at most {MOST_STEPS} steps; got {epochs} of {per_epoch} steps each")
    _validate.number("warm_up", warm_up, "warm_up must be >= 0 and < epochs", lambda x: 0 <= x < epochs)
    rates = learning_rates(schedule, steps, learning_rate, round(warm_up * per_epoch))
    configuration: dict[str, Any] = {}
    if checkpoint is not None:
        configuration = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "update": update}
        configuration |= {"batch_size": batch_size, "seed": seed, "warm_up": warm_up, "shift": shift, "bf16": bf16}
        # two functions are one schedule if they give the same rates
        own = schedule if isinstance(schedule, str) else "rates " + checkpoints.digest([np.array(rates)])
        configuration |= {"schedule": own, "device": where.type}
        if mirror:
            configuration["mirror"] = True
        if teacher is not None:
            configuration |= {"temperature": temperature, "distillation_weight": distillation_weight}
        configuration |= _digests(model, (x, y), penalty, masks, teacher)

    model.to(where)
    groups = penalty if isinstance(penalty, Sequence) else parameter_groups(model, penalty)
    optimizer = PenalisedSGD(groups, lr=learning_rate, momentum=momentum, update=update)
    if masks is not None:
        masks = Masks({name: mask.to(where) for name, mask in masks.items()})
        masks.apply_(model)
        optimizer.hold(masks.by_parameter(model))
    first = Epoch(0, rates[0], math.nan, _penalty_size(optimizer.param_groups), magnitude_histogram(model))
    run = Run(model, optimizer, seed, where, first)
    if checkpoint is not None and (saved := parallel.from_first(partial(checkpoints.load, checkpoint))) is not None:
        with checkpoints.taking_over(checkpoint):
            known = dict(saved["configuration"])
        checkpoints.check_same(known, configuration, checkpoint)
        with checkpoints.taking_over(checkpoint):
            run.restore(saved, steps, per_epoch)

    parallel_model, world = parallel.averaging_gradients(model), parallel.ranks()[1]
    lower = torch.autocast(where.type, torch.bfloat16) if bf16 else nullcontext()
    with (
        _training_mode(model),
        nullcontext() if teacher_network is None else evaluation_mode(teacher_network.to(where)),
        parallel.shared_statistics(model) as statistics,
        tqdm(total=steps, initial=run.step, unit="step", leave=False, disable=not progress) as bar,
    ):
        while run.step < steps:
            epoch, done = run.step // per_epoch + 1, run.step % per_epoch
            order = torch.randperm(len(y), generator=run.order).to(where)
            moves = augment.draw_shifts(len(y), shift, run.moves).to(where) if shift else None
            mirrors = augment.draw_mirrors(len(y), run.moves).to(where) if mirror else None
            for every in order.split(min(batch_size, len(y)))[done:]:
                batch, weight = parallel.local_batch(every)
                statistics.empty = weight == 0
                for group in optimizer.param_groups:
                    group["lr"] = rates[run.step]
                images, labels = x.index_select(0, batch), y.index_select(0, batch)  # twice as fast as x[batch]
                if moves is not None:
                    images = augment.shift(images, moves[0, batch], moves[1, batch], shift)
                if mirrors is not None:
                    images = augment.mirror(images, mirrors[batch])
                taught = None if stored_scores is None else stored_scores.index_select(0, batch)
                with lower:
                    scores = parallel_model(images)
                    if teacher_network is not None:
                        with torch.no_grad():
                            taught = teacher_network(images)
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
                run.total += loss.detach() * len(every)
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
                    size = _penalty_size(optimizer.param_groups)
                    run.end_epoch(Epoch(epoch, rates[run.step - 1], mean, size, magnitude_histogram(model)))
                    if on_epoch is not None:
                        on_epoch(run.history[-1])
                    bar.set_postfix(epoch=epoch, loss=f"{mean:.4f}")
                    if masks is not None:
                        masks.check(model, optimizer)
                due = run.step % (checkpoint_steps or per_epoch) == 0 or run.step == steps
                if checkpoint is not None and due:
                    run.total = parallel.mean(run.total)
                    if parallel.first():
                        checkpoints.save(checkpoint, {**run.state(), "configuration": configuration})
    return run.history


class Run:
    """A model in training, its optimizer, the two generators and what has been seen so far.

    Attributes
    ----------
    order, moves : Generator
        Of the order of the images, and of their shifts and mirrors; an epoch draws from each when it begins. They are
        apart, so that the order does not depend on the augmentation.
    step : int
        Steps made.
    total : scalar tensor
        Summed loss of the images of this epoch so far.
    history : list of Epoch
    """

    def __init__(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, seed: int, device: torch.device, first: Epoch
    ):
        self.model, self.optimizer, self.device = model, optimizer, device
        self.order = torch.Generator().manual_seed(seed)
        self.moves = torch.Generator().manual_seed(seed)
        self.step = 0
        self.total = torch.zeros((), device=device)
        self.history = [first]
        self._remember_generators()

    def _remember_generators(self) -> None:
        # as they were before this epoch drew from them: a run that goes on within the epoch draws the same again
        self._drawn_from = {"order": self.order.get_state(), "moves": self.moves.get_state()}

    def end_epoch(self, epoch: Epoch) -> None:
        """Close an epoch with what there is to say of it."""
        self.history.append(epoch)
        self.total = torch.zeros_like(self.total)
        self._remember_generators()

    def state(self) -> dict[str, Any]:
        """Return the whole state, as tensors and plain data."""
        generators = {**self._drawn_from, "torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            generators["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "step": self.step,
            "total": self.total,
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "model": dict(self.model.state_dict()),
            "optimizer": checkpoints.optimizer_state(self.optimizer),
            "generators": generators,
        }

    def restore(self, state: Mapping[str, Any], steps: int, per_epoch: int) -> None:
        """Take over what :meth:`state` returned, somewhere in ``steps`` steps."""
        self.step = _validate.whole("step", state["step"], 0)
        self.total = state["total"].to(self.device)
        self.history = [Epoch(**entry) for entry in state["history"]]
        if self.step > steps or [epoch.epoch for epoch in self.history] != list(range(1 + self.step // per_epoch)):
            raise ValueError(f"step must be of {steps}, with the history so far; got {self.step}")
        if self.total.shape != () or not self.total.isfinite():
            raise ValueError(f"total must be one finite number; got {self.total}")
        self.model.load_state_dict(state["model"])
        checkpoints.restore_optimizer(self.optimizer, state["optimizer"])
        generators = state["generators"]
        self.order.set_state(generators["order"])
        self.moves.set_state(generators["moves"])
        self._remember_generators()
        torch.set_rng_state(generators["torch"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(generators["cuda"], self.device)


@contextmanager
def _training_mode(model: torch.nn.Module) -> Iterator[None]:
    with modes_kept(model):
        if not model.training:  # else what is in evaluation mode is so on purpose
            model.train()
        yield


def _own_group(group: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a group of parameters: an optimizer writes its defaults into those that it is given."""
    if not isinstance(group, Mapping) or "params" not in group:
        rule = "penalty must be a penalty, a mapping of layers to penalties, or groups of parameters"
        raise ValueError(f"{rule}; got {_validate.shown(group)} in a list")
    parameters = group["params"]
    return {**group, "params": [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)}


def resolve_device(device: str | torch.device | None, model: torch.nn.Module) -> torch.device:
    """Return the device that ``device`` means: None the model's, "auto" CUDA if there is one, else the named one."""
    if device is None:
        return next(model.parameters()).device
    has_cuda = torch.cuda.is_available()
    if isinstance(device, str) and device == "auto":
        return torch.device("cuda" if has_cuda else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        rule = "device must be one that torch knows, such as cpu or cuda"
        raise ValueError(f"{rule}; got {_validate.shown(device)}") from error
    if found.type == "cuda" and not has_cuda:
        raise ValueError(f"device must be on this machine; got {str(device)!r}, and torch finds no CUDA here")
    return found


def _digests(
    model: torch.nn.Module,
    tensors: tuple[torch.Tensor, torch.Tensor],
    penalty: Penalties,
    masks: Masks | None,
    teacher: torch.nn.Module | torch.Tensor | None,
) -> dict[str, Any]:
    """Return what a run starts from as plain data: the penalties told, weights, images, masks and teacher digested."""
    taught_by: list[Any] = list(teacher.state_dict().values()) if isinstance(teacher, torch.nn.Module) else [teacher]
    return {
        "model": type(model).__name__,
        "initial weights": checkpoints.digest(model.state_dict().values()),
        "images and labels": checkpoints.digest(tensors),
        "penalty": _describe_penalties(penalty, model),
        "masks": None if masks is None else checkpoints.digest(masks[name] for name in sorted(masks)),
        "teacher": None if teacher is None else checkpoints.digest(taught_by),
    }


def _describe_penalties(penalty: Penalties, model: torch.nn.Module) -> str:
    if penalty is None or isinstance(penalty, Penalty):
        return checkpoints.describe_penalty(penalty)
    if isinstance(penalty, Mapping):
        return "; ".join(
            f"{layer}: {checkpoints.describe_penalty(penalty[layer])}" for layer in sorted(penalty, key=str)
        )
    names = {parameter: name for name, parameter in model.named_parameters()}
    return "; ".join(
        f"{', '.join(names[p] for p in group['params'])}: {checkpoints.describe_penalty(group.get('penalty'))}"
        for group in penalty
    )


@torch.no_grad()
def magnitude_histogram(model: torch.nn.Module) -> tuple[int, ...]:
    """Count the weights (biases left out) by log10 of their magnitude, in the bins of :data:`MAGNITUDE_EDGES`."""
    weights = torch.cat([p.detach().flatten() for p in model.parameters() if p.ndim > 1])
    first, last, bins = MAGNITUDE_EDGES[0], MAGNITUDE_EDGES[-1], len(MAGNITUDE_EDGES) - 1
    width = (last - first) / bins
    place = weights.abs().log10_().sub_(first).div_(width).floor_().clamp_(0, bins - 1)
    return tuple(torch.bincount(place.long(), minlength=bins).tolist())


@torch.no_grad()
def _penalty_size(groups: Iterable[Mapping[str, Any]]) -> float:
    """Return the penalty of all parameters of an optimizer's groups, each group under its own."""
    return sum(
        (float(group["penalty"].value(p)) for group in groups if group["penalty"] is not None for p in group["params"]),
        0.0,
    )
