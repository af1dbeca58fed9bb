"""Masks: which parameters of a network are kept, exactly how many, and the proof that the others stay zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch


def keep_largest(scores: torch.Tensor, keep: int) -> torch.Tensor:
    """Return a boolean mask, in the shape of ``scores``, that is true at exactly ``keep`` largest entries.

    Among entries equal to the smallest kept one, those that come first are kept: a threshold alone would keep all of
    them or none.

    Parameters
    ----------
    scores : floating tensor
        Any shape, no NaN.
    keep : int
        0 <= keep <= number of entries.

    Raises
    ------
    ValueError
        If ``keep`` is out of range or ``scores`` holds NaN.
    """
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

    Parameters
    ----------
    masks : mapping of str to boolean tensor

    Raises
    ------
    ValueError
        If a mask is not boolean.
    """

    def __init__(self, masks: Mapping[str, torch.Tensor]):
        for name, mask in masks.items():
            if mask.dtype != torch.bool:
                raise ValueError(f"masks must be boolean; got {mask.dtype} for {name}")
        self._masks = dict(masks)

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

        Raises
        ------
        ValueError
            If names or shapes differ from those of ``model``.
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
            parameter.mul_(mask)

    @torch.no_grad()
    def check(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
        """Make sure that everything not kept is exactly zero: the parameters, and their momentum in ``optimizer``.

        Raises
        ------
        RuntimeError
            If a pruned parameter or its momentum is not zero; the message names it and says how many.
        """
        by_parameter = self.by_parameter(model)
        for name, parameter in model.named_parameters():
            pruned = ~by_parameter[parameter]
            held = {"weight": parameter}
            if optimizer is not None and "momentum" in optimizer.state.get(parameter, {}):
                held["momentum"] = optimizer.state[parameter]["momentum"]
            for what, values in held.items():
                moved = int((values[pruned] != 0).sum())
                if moved:
                    raise RuntimeError(f"pruned parameters must stay zero; the {what} of {moved} in {name} is not")
