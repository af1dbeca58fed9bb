r"""Stochastic gradient descent with momentum and a penalty: Eq. 17 of the paper and two relatives."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

import torch

from ..penalties import Penalty

#: How the penalty enters the step; see :class:`PenalisedSGD`.
UPDATES = ("coupled", "clipped", "proximal")


def parameter_groups(model: torch.nn.Module, penalty: Penalty | None) -> list[dict]:
    """Return two parameter groups of ``model``: the weights under ``penalty``, and the biases under none.

    A bias is a parameter with one axis (batch-norm scales count as such). It can still be pruned: a penalty acts
    while training, pruning afterwards.
    """
    parameters = list(model.parameters())
    weights = [p for p in parameters if p.ndim > 1]
    biases = [p for p in parameters if p.ndim <= 1]
    return [{"params": own, "penalty": its} for own, its in ((weights, penalty), (biases, None)) if own]


class PenalisedSGD(torch.optim.Optimizer):
    r"""SGD with momentum whose step adds a penalty :math:`\alpha\Omega(w)` of :mod:`l0lib.penalties`.

    Write :math:`g` for the gradient of the loss, :math:`p = \partial\,\alpha\Omega/\partial w` for that of the
    penalty, :math:`\eta` for the learning rate and :math:`\mu` for the momentum. The three updates are

    ``"coupled"`` (Eq. 17 as written, where :math:`\mu = 0`)
        :math:`m \leftarrow \mu m + g + p`, then :math:`w \leftarrow w - \eta m`.
    ``"clipped"`` (beyond the paper)
        :math:`m \leftarrow \mu m + g`, :math:`u = w - \eta m`, then
        :math:`w \leftarrow \operatorname{sign}(u)\max(|u| - \eta|p|/(1-\mu),\, 0)`: the pull stops at zero.
    ``"proximal"`` (beyond the paper)
        :math:`m` and :math:`u` as in ``"clipped"``, then :math:`w \leftarrow \operatorname{prox}(u)` with step
        :math:`\eta/(1-\mu)`.

    A constant pull :math:`p` moves a weight by :math:`\eta p/(1-\mu)` a step once momentum has built up. The last two
    take that length, so that one ``alpha`` means the same strength in all three.

    Parameters
    ----------
    params : iterable of tensors, or of parameter groups
        As in every torch optimizer. Each group may have its own ``penalty`` (see :func:`parameter_groups`).
    lr : float
        Learning rate, > 0.
    momentum : float, default 0.9
        Between 0 and 1, 1 excluded.
    penalty : Penalty or None
        The penalty of groups that name none.
    update : {"coupled", "clipped", "proximal"}
        How the penalty enters.

    Raises
    ------
    ValueError
        If an argument breaks its rule.

    Notes
    -----
    Source: paper, Eqs. 2, 12, 14 and 17. The paper states no momentum; ours enters as in ``torch.optim.SGD``, whose
    ``weight_decay`` is ``2 * alpha`` of a coupled :class:`~l0lib.L2`.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.9,
        penalty: Penalty | None = None,
        update: str = "coupled",
    ):
        if not lr > 0:
            raise ValueError(f"lr must be > 0; got {lr!r}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be >= 0 and < 1; got {momentum!r}")
        if update not in UPDATES:
            raise ValueError(f"update must be one of {', '.join(UPDATES)}; got {update!r}")
        super().__init__(params, {"lr": lr, "momentum": momentum, "penalty": penalty, "update": update})
        for group in self.param_groups:
            if not (group["penalty"] is None or isinstance(group["penalty"], Penalty)):
                raise ValueError(
                    f"penalty must be a penalty of l0lib, such as L2(1e-4), or None; got {group['penalty']!r}"
                )
        self._masks: dict[torch.Tensor, torch.Tensor] = {}

    # torch wraps these two so that their first call imports its whole compiler, which takes seconds and is not used.
    def add_param_group(self, param_group: dict) -> None:
        """Add a group of parameters, as in every torch optimizer; it may have its own ``penalty``."""
        inspect.unwrap(torch.optim.Optimizer.add_param_group)(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the last batch."""
        inspect.unwrap(torch.optim.Optimizer.zero_grad)(self, set_to_none)

    def hold(self, masks: Mapping[torch.Tensor, torch.Tensor]) -> None:
        """Keep pruned parameters at zero: ``masks`` maps a parameter to a boolean tensor, true where it may move.

        Gradient and penalty are masked before they enter the momentum, so weight and momentum both stay exactly zero.
        """
        # as numbers: a product of floats and booleans is several times slower than one of floats
        self._masks = {parameter: mask.to(parameter.dtype) for parameter, mask in masks.items()}

    @torch.no_grad()
    def step(self, closure=None):
        """Make one update of every parameter that has a gradient; return the closure's loss, if one is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, w: torch.Tensor, direction: torch.Tensor, group: dict) -> None:
        rate, momentum, penalty, update = group["lr"], group["momentum"], group["penalty"], group["update"]
        mask = self._masks.get(w)
        pull = penalty.gradient(w) if penalty is not None and update != "proximal" else None
        if pull is not None and update == "coupled":
            direction = pull.add_(direction)
        state = self.state[w]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(w)
        running = state["momentum"].mul_(momentum)
        w.sub_(running.add_(direction) if mask is None else running.addcmul_(direction, mask), alpha=rate)
        reach = rate / (1 - momentum)
        if pull is not None and update == "clipped":
            w.copy_(w.sign() * (w.abs() - reach * pull.abs()).clamp_(min=0))
        elif penalty is not None and update == "proximal":
            w.copy_(penalty.prox(w, reach))
