"""Masks: which parameters of a network are kept, exactly how many, and the proof that the others stay zero."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from .. import _validate
from .selection import named_parameters, plain_name

#: State that optimizers keep for each weight, that is never zero, and that cannot move it: Rprop's step lengths, and
#: Adamax's largest gradients, which divide.
_IDLE = frozenset({"step_size", "exp_inf"})


def keep_largest(scores: torch.Tensor, keep: int) -> torch.Tensor:
    """Return a boolean mask, in the shape of ``scores``, that is true at exactly ``keep`` largest entries.

    Among entries equal to the smallest kept one, those that come first are kept: a threshold alone would keep all of
    them or none. If ``keep`` is not between 0 and the number of entries, or one of them is NaN, a ValueError is raised.
    """
    _validate.tensor("scores", scores)
    return keep_largest_of_all([scores], _validate.whole("keep", keep, -(2**62)))[0]


@torch.no_grad()
def keep_largest_of_all(
    scores: Sequence[torch.Tensor], keep: int, magnitudes: bool = False, allowed: Sequence[torch.Tensor] | None = None
) -> list[torch.Tensor]:
    """Return a mask for each of several tensors, true at the ``keep`` largest entries of all: :func:`keep_largest`.

    With ``magnitudes``, absolute values count; of each tensor only entries that are true in ``allowed``. Beside the
    masks, the memory is that of one stretch of entries: the smallest kept one is found by counting the entries by their
    leading 16 bits, then those that share its by the next 16.
    """
    total = sum(part.numel() for part in scores) if allowed is None else sum(int(place.sum()) for place in allowed)
    if not 0 <= keep <= total:
        raise ValueError(f"keep must be between 0 and the {total} scores; got {keep}")
    wide = any(part.dtype.itemsize == 8 or not part.is_floating_point() for part in scores)

    def stretches() -> Iterator[tuple[int, slice, torch.Tensor, torch.Tensor | None]]:
        for i, part in enumerate(scores):
            flat, places = part.reshape(-1), None if allowed is None else allowed[i].reshape(-1)
            for start in range(0, flat.numel(), _STRETCH):
                some = slice(start, start + _STRETCH)
                keys = _ordered(flat[some].abs() if magnitudes else flat[some], wide)
                yield i, some, keys, None if places is None else places[some]

    bits, prefix, left = 64 if wide else 32, 0, keep
    few = keep and sum(part.numel() for part in scores) <= _STRETCH
    if few:  # counting takes longer than sorting
        parts = [keys if places is None else keys[places] for _, _, keys, places in stretches()]
        every = torch.cat([part.cpu() for part in parts])
        prefix = int(every.kthvalue(len(every) - keep + 1).values)
        left = keep - int((every > prefix).sum())
    for shift in range(bits - 16, -1, -16) if keep and not few else ():
        below = 1 << 15 if shift == bits - 16 else 0  # the first 16 bits hold the sign
        counts = torch.zeros(1 << 16, dtype=torch.int64)
        for _, _, keys, places in stretches():
            if places is not None:
                keys = keys[places]
            leading = keys >> shift
            if shift < bits - 16:
                leading = leading[leading >> 16 == prefix]
            counts += torch.bincount(leading - (prefix << 16) + below, minlength=1 << 16).cpu()
        above = counts.flip(0).cumsum(0).flip(0)  # entries with these 16 bits or larger ones
        digit = int((above >= left).sum()) - 1
        left -= int(above[digit] - counts[digit])
        prefix = (prefix << 16) + digit - below

    masks = [torch.zeros_like(part, dtype=torch.bool, memory_format=torch.contiguous_format) for part in scores]
    for i, some, keys, places in stretches() if keep else ():
        mask = keys > prefix
        tied = keys == prefix
        if places is not None:
            mask, tied = mask & places, tied & places
        first = torch.nonzero(tied).flatten()[:left]
        mask[first] = True
        left -= len(first)
        masks[i].view(-1)[some] = mask
    return masks


#: Entries that are looked at in one go.
_STRETCH = 1 << 20


def _ordered(values: torch.Tensor, wide: bool) -> torch.Tensor:
    """Return whole numbers in the order of ``values``, equal where these are: their bits, made to count upwards."""
    if not values.is_floating_point():
        return values.to(torch.int64)
    values = values.to(torch.float64 if wide else torch.float32) + 0.0  # so that -0.0 is 0.0
    if bool(torch.isnan(values).any()):
        raise ValueError("scores must hold numbers; got nan")
    bits = values.view(torch.int64 if wide else torch.int32)
    return torch.where(bits < 0, bits ^ (2 ** (63 if wide else 31) - 1), bits).to(torch.int64)


class Masks(Mapping[str, torch.Tensor]):
    """One boolean mask for each parameter of a network, by the parameter's name; true where it is kept.

    Names are those of the network itself, also where it is compiled (``torch.compile``). Two are equal if names and
    masks are. A mask of another type is a ValueError.
    """

    def __init__(self, masks: Mapping[str, torch.Tensor]):
        for name, mask in masks.items():
            if mask.dtype != torch.bool:
                raise ValueError(f"masks must be boolean; got {mask.dtype} for {name}")
        self._masks = {plain_name(name): mask for name, mask in masks.items()}

    @classmethod
    def from_nonzeros(cls, model: torch.nn.Module) -> Masks:
        """Return masks that keep what is not zero in ``model``: those of a network that comes from a sparse file."""
        return cls({name: p.detach() != 0 for name, p in named_parameters(model)})

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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Masks):
            return NotImplemented
        return self.keys() == other.keys() and all(torch.equal(mask, other[name]) for name, mask in self.items())

    __hash__ = None  # type: ignore[assignment]  # as of every mapping

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
        shapes = {name: tuple(p.shape) for name, p in named_parameters(model)}
        ours = {name: tuple(mask.shape) for name, mask in self.items()}
        if shapes != ours:
            raise ValueError(f"masks must have the model's names and shapes, {shapes}; got {ours}")
        return {p: self[name] for name, p in named_parameters(model)}

    @torch.no_grad()
    def apply_(self, model: torch.nn.Module) -> None:
        """Set the parameters of ``model`` that are not kept to zero."""
        for parameter, mask in self.by_parameter(model).items():
            parameter.masked_fill_(~mask.to(parameter.device), 0)

    def hold(self, model: torch.nn.Module, *optimizers: torch.optim.Optimizer) -> Hold:
        """Keep what is pruned at zero while any of torch's optimizers, named or not, trains ``model``.

        What is pruned becomes zero at once: weights, gradients, and what the optimizers remember of them. From then on
        a hook takes pruned entries out of each gradient as soon as it is there, before anybody clips or adds it up,
        and another sets pruned weights to zero after each step, whatever the optimizer did to them: decay, noise, or
        an update that mixes the entries of a matrix.

        Parameters
        ----------
        model : Module
            The network of these masks. Give a part of a network if the masks are those of that part.
        *optimizers : torch optimizers
            Those that have stepped its parameters: what they remember of pruned weights is forgotten at once. Of
            others, it is after their first step.

        Returns
        -------
        Hold
            Ends by ``remove()``, at the end of a ``with`` block, by :func:`~l0lib.compress.strip`, or with ``model``.
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
        for name, parameter in named_parameters(model):
            pruned = ~by_parameter[parameter].to(parameter.device)
            held = {"weight": parameter, **_remembered(optimizer, parameter)}
            for what, values in held.items():
                moved = int((values[pruned] != 0).sum())
                if moved:
                    raise RuntimeError(f"pruned parameters must stay zero; the {what} of {moved} in {name} is not")


def check_masks(masks: object, name: str = "masks") -> None:
    """Make sure that an argument is :class:`Masks`."""
    if not isinstance(masks, Masks):
        raise ValueError(f"{name} must be Masks, as pruning returns them; got {_validate.shown(masks)}")


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

        def forget(optimizer: torch.optim.Optimizer, parameter: torch.Tensor) -> None:
            if isinstance(optimizer, torch.optim.LBFGS):  # it remembers steps of all parameters together
                optimizer.state.clear()
            for values in _remembered(optimizer, parameter).values():
                zero(parameter, values)

        known = set(optimizers)
        # frozen now, and so without a hook; thawed later, perhaps
        frozen = {p for p in pruned if not p.requires_grad}

        @torch.no_grad()
        def step_hook(optimizer: torch.optim.Optimizer, *_: object) -> None:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    if parameter not in pruned:
                        continue
                    zero(parameter, parameter)
                    if parameter in frozen or optimizer not in known:
                        forget(optimizer, parameter)
            known.add(optimizer)

        for parameter in pruned:
            zero(parameter, parameter)
            zero(parameter, parameter.grad)
            for optimizer in optimizers:
                forget(optimizer, parameter)
        self._handles: list = [p.register_post_accumulate_grad_hook(gradient_hook) for p in pruned if p.requires_grad]
        self._handles.append(register_optimizer_step_post_hook(step_hook))
        weakref.finalize(model, _remove, self._handles)
        _HOLDS.setdefault(model, []).append(self)

    def remove(self) -> None:
        """Take the hooks away; weights stay as they are."""
        _remove(self._handles)

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _remove(handles: list) -> None:
    while handles:
        handles.pop().remove()


def release(model: torch.nn.Module) -> None:
    """End every :class:`Hold` on ``model`` and on the modules in it."""
    for module in model.modules():
        for hold in _HOLDS.pop(module, []):
            hold.remove()
