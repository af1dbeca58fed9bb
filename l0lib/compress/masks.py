"""Masks: which parameters of a network are kept, exactly how many, and the proof that the others stay zero."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping

import torch

from .. import _validate

#: State that optimizers keep for each weight, that is never zero, and that cannot move it: Rprop's step lengths, and
#: Adamax's largest gradients, which divide.
_IDLE = frozenset({"step_size", "exp_inf"})


def keep_largest(scores: torch.Tensor, keep: int) -> torch.Tensor:
    """Return a boolean mask, in the shape of ``scores``, that is true at exactly ``keep`` largest entries.

    Among entries equal to the smallest kept one, those that come first are kept: a threshold alone would keep all of
    them or none. If ``keep`` is not between 0 and the number of entries, or one of them is NaN, a ValueError is raised.
    """
    _validate.tensor("scores", scores)
    _validate.whole("keep", keep, -(2**62))
    flat = scores.detach().reshape(-1)
    if not 0 <= keep <= flat.numel():
        raise ValueError(f"keep must be between 0 and the {flat.numel()} scores; got {keep}")
    if bool(torch.isnan(flat).any()):
        raise ValueError("scores must hold numbers; got nan")
    mask = torch.zeros_like(flat, dtype=torch.bool)
    if keep:
        threshold = flat.kthvalue(flat.numel() - keep + 1).values
        torch.gt(flat, threshold, out=mask)
        tied = torch.nonzero(flat == threshold).flatten()
        mask[tied[: keep - int(mask.sum())]] = True
    return mask.view(scores.shape)


class Masks(Mapping[str, torch.Tensor]):
    """One boolean mask for each parameter of a network, by the parameter's name; true where it is kept.

    A mask of another type is a ValueError.
    """

    def __init__(self, masks: Mapping[str, torch.Tensor]):
        for name, mask in masks.items():
            if mask.dtype != torch.bool:
                raise ValueError(f"masks must be boolean; got {mask.dtype} for {name}")
        self._masks = dict(masks)

    @classmethod
    def from_nonzeros(cls, model: torch.nn.Module) -> Masks:
        """Return masks that keep what is not zero in ``model``: those of a network that comes from a sparse file."""
        return cls({name: p.detach() != 0 for name, p in model.named_parameters()})

    @classmethod
    def from_torch(cls, model: torch.nn.Module) -> Masks:
        """Return the masks that ``torch.nn.utils.prune`` put on ``model``, all true for parameters that it left alone.

        Names are those that the parameters have again after :func:`~l0lib.compress.strip`: ``weight``, not
        ``weight_orig``. A weight that several modules share keeps what all their masks keep. A mask that holds anything
        but zeros and ones is a ValueError.
        """
        buffers = dict(model.named_buffers(remove_duplicate=False))
        masks: dict[torch.Tensor, tuple[str, torch.Tensor]] = {}
        for name, p in model.named_parameters(remove_duplicate=False):
            plain, mask = name, torch.ones_like(p, dtype=torch.bool)
            if name.endswith("_orig") and name.removesuffix("_orig") + "_mask" in buffers:
                plain = name.removesuffix("_orig")
                values = buffers[plain + "_mask"]
                mask = values != 0
                if not torch.equal(mask.to(values.dtype), values):
                    raise ValueError(f"masks must hold zeros and ones; got other values in {plain}_mask")
            first, earlier = masks.get(p, (plain, mask))
            masks[p] = first, earlier & mask
        return cls(dict(masks.values()))

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._masks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def __repr__(self) -> str:
        return f"Masks(kept={self.kept} of {self.total})"

    @property
    def total(self) -> int:
        """The number of parameters, kept or not."""
        return sum(mask.numel() for mask in self.values())

    @property
    def kept(self) -> int:
        """The number of parameters that are kept."""
        return sum(int(mask.sum()) for mask in self.values())

    def by_parameter(self, model: torch.nn.Module) -> dict[torch.Tensor, torch.Tensor]:
        """Return the masks keyed by the parameters of ``model`` itself, as :meth:`PenalisedSGD.hold` takes them.

        If names or shapes differ from those of ``model``, a ValueError is raised.
        """
        shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
        ours = {name: tuple(mask.shape) for name, mask in self.items()}
        if shapes != ours:
            raise ValueError(f"masks must have the model's names and shapes, {shapes}; got {ours}")
        return {p: self[name] for name, p in model.named_parameters()}

    @torch.no_grad()
    def apply_(self, model: torch.nn.Module) -> None:
        """Set the parameters of ``model`` that are not kept to zero."""
        for parameter, mask in self.by_parameter(model).items():
            parameter.masked_fill_(~mask.to(parameter.device), 0)

    def hold(self, model: torch.nn.Module, *optimizers: torch.optim.Optimizer) -> Hold:
        """Keep what is pruned at zero while any of torch's optimizers trains ``model``.

        What is pruned becomes zero at once: weights, gradients, and what the optimizers remember of them. From then on
        a hook takes pruned entries out of each gradient as soon as it is there, before anybody clips or adds it up,
        and another sets pruned weights to zero after each step, whatever the optimizer did to them: decay, noise, or
        an update that mixes the entries of a matrix.

        Parameters
        ----------
        model : Module
            The network of these masks. Give a part of a network if the masks are those of that part.
        *optimizers : torch optimizers
            Those that step its parameters.

        Returns
        -------
        Hold
            Ends by ``remove()``, at the end of a ``with`` block, or by :func:`~l0lib.compress.strip`.
            Several on one network add up: where a tighter mask takes over, end the one before it.

        Raises
        ------
        ValueError
            If names or shapes differ from those of ``model``, or an optimizer steps no parameter of it.
        """
        return Hold(self, model, optimizers)

    @torch.no_grad()
    def check(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
        """Make sure that what is not kept is exactly zero: parameters, and what ``optimizer`` remembers of them.

        If it is not, a RuntimeError names the parameter and says how many entries.
        """
        by_parameter = self.by_parameter(model)
        for name, parameter in model.named_parameters():
            pruned = ~by_parameter[parameter].to(parameter.device)
            held = {"weight": parameter, **_remembered(optimizer, parameter)}
            for what, values in held.items():
                moved = int((values[pruned] != 0).sum())
                if moved:
                    raise RuntimeError(f"pruned parameters must stay zero; the {what} of {moved} in {name} is not")


def _remembered(optimizer: torch.optim.Optimizer | None, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what an optimizer keeps for each entry of a parameter: momentum, running squares and their like."""
    state = {} if optimizer is None else optimizer.state.get(parameter, {})
    return {
        key: values
        for key, values in state.items()
        if isinstance(values, torch.Tensor) and values.shape == parameter.shape and values.ndim and key not in _IDLE
    }


#: What is held now, so that a network can be freed of all of it at once.
_HOLDS: weakref.WeakKeyDictionary[torch.nn.Module, list[Hold]] = weakref.WeakKeyDictionary()


class Hold:
    """Masks at work (:meth:`Masks.hold`); ``with`` ends it, and so does :meth:`remove`."""

    @torch.no_grad()
    def __init__(self, masks: Masks, model: torch.nn.Module, optimizers: tuple[torch.optim.Optimizer, ...]):
        pruned = {p: ~mask.to(p.device) for p, mask in masks.by_parameter(model).items()}
        for optimizer in optimizers:
            stepped = {p for group in optimizer.param_groups for p in group["params"]}
            if not stepped & set(pruned):
                raise ValueError(
                    "optimizer must step parameters of the model whose masks are held; "
                    f"this {type(optimizer).__name__} steps none of them"
                )

        def zero(parameter: torch.Tensor, values: torch.Tensor | None) -> None:
            # a sparse gradient cannot be filled; the step's hook undoes what it moves
            if values is not None and values.layout == torch.strided:
                values.masked_fill_(pruned[parameter].to(values.device), 0)

        def gradient_hook(parameter: torch.Tensor) -> None:
            zero(parameter, parameter.grad)

        def forget(parameter: torch.Tensor) -> None:
            for optimizer in optimizers:
                for values in _remembered(optimizer, parameter).values():
                    zero(parameter, values)

        # frozen now, and so without a hook; thawed later, perhaps
        frozen = [p for p in pruned if not p.requires_grad]

        @torch.no_grad()
        def step_hook(*_: object) -> None:
            for parameter in pruned:
                zero(parameter, parameter)
            for parameter in frozen:
                forget(parameter)

        for parameter in pruned:
            zero(parameter, parameter)
            zero(parameter, parameter.grad)
            forget(parameter)
        self._handles: list = [p.register_post_accumulate_grad_hook(gradient_hook) for p in pruned if p.requires_grad]
        self._handles += [optimizer.register_step_post_hook(step_hook) for optimizer in optimizers]
        _HOLDS.setdefault(model, []).append(self)

    def remove(self) -> None:
        """Take the hooks away; weights stay as they are."""
        while self._handles:
            self._handles.pop().remove()

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def release(model: torch.nn.Module) -> None:
    """End every :class:`Hold` on ``model`` and on the modules in it."""
    for module in model.modules():
        for hold in _HOLDS.pop(module, []):
            hold.remove()
