"""The state of a run, whole: what a checkpoint must hold so that nobody can tell that the run was interrupted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..penalties import Penalty
from . import checkpoints
from .history import Epoch
from .masks import Masks


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
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        seed: int,
        device: torch.device,
        first: Epoch,
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

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.step = state["step"]
        self.total = state["total"].to(self.device)
        self.history = [Epoch(**entry) for entry in state["history"]]
        self.model.load_state_dict(state["model"])
        checkpoints.restore_optimizer(self.optimizer, state["optimizer"])
        generators = state["generators"]
        self.order.set_state(generators["order"])
        self.moves.set_state(generators["moves"])
        self._remember_generators()
        torch.set_rng_state(generators["torch"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(generators["cuda"], self.device)


def resolve_device(device: str | torch.device | None, model: torch.nn.Module) -> torch.device:
    """Return the device that ``device`` means: None the model's, "auto" CUDA if there is one, else the named one.

    Raises
    ------
    ValueError
        If torch does not know the device or this machine does not have it.
    """
    if device is None:
        return next(model.parameters()).device
    has_cuda = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if has_cuda else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device must be one that torch knows, such as cpu or cuda; got {device!r}") from error
    if found.type == "cuda" and not has_cuda:
        raise ValueError(f"device must be on this machine; got {str(device)!r}, and torch finds no CUDA here")
    return found


def digests(
    model: torch.nn.Module,
    tensors: tuple[torch.Tensor, torch.Tensor],
    penalty: Penalty | Mapping[str, Penalty | None] | Sequence[Mapping[str, Any]] | None,
    masks: Masks | None,
    teacher: torch.nn.Module | torch.Tensor | None,
) -> dict[str, Any]:
    """Return what a run starts from as plain data: the penalties told, weights, images, masks and teacher digested."""
    return {
        "model": type(model).__name__,
        "initial weights": checkpoints.digest(model.state_dict().values()),
        "images and labels": checkpoints.digest(tensors),
        "penalty": _describe_penalties(penalty, model),
        "masks": None if masks is None else checkpoints.digest(masks[name] for name in sorted(masks)),
        "teacher": None if teacher is None else checkpoints.digest(_tensors(teacher)),
    }


def _tensors(teacher: torch.nn.Module | torch.Tensor) -> list[torch.Tensor]:
    return [teacher] if isinstance(teacher, torch.Tensor) else list(teacher.state_dict().values())


def digest_rates(rates: Sequence[float]) -> str:
    """Return the digest of a schedule of one's own: two functions are the same if they give the same rates."""
    return "rates " + checkpoints.digest([np.array(rates)])


def _describe_penalties(
    penalty: Penalty | Mapping[str, Penalty | None] | Sequence[Mapping[str, Any]] | None, model: torch.nn.Module
) -> str:
    if penalty is None or isinstance(penalty, Penalty):
        return checkpoints.describe_penalty(penalty)
    if isinstance(penalty, Mapping):
        return "; ".join(f"{layer}: {checkpoints.describe_penalty(penalty[layer])}" for layer in sorted(penalty))
    names = {parameter: name for name, parameter in model.named_parameters()}
    return "; ".join(
        f"{', '.join(names[p] for p in group['params'])}: {checkpoints.describe_penalty(group.get('penalty'))}"
        for group in penalty
    )
