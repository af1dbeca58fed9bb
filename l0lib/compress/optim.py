r"""Stochastic gradient descent with momentum and a penalty: Eq. 17 of the paper and three relatives.

Also here: how one penalty, or one for each layer, is laid over the weights of a network.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

import torch

from ..penalties import L0, L1, L2, Penalty

#: How the penalty enters the step; see :class:`PenalisedSGD`.
UPDATES = ("coupled", "decoupled", "clipped", "proximal")


def _weights(model: torch.nn.Module) -> dict[str, list[torch.nn.Parameter]]:
    """Return the weights of each layer; a layer is the module that holds them, by its name in ``model``."""
    found: dict[str, list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            found.setdefault(name.rpartition(".")[0], []).append(parameter)
    return found


def layer_sizes(model: torch.nn.Module) -> dict[str, int]:
    """Return the number of weights, biases left out, of each layer of ``model`` that has any, in the model's order."""
    return {layer: sum(p.numel() for p in own) for layer, own in _weights(model).items()}


def parameter_groups(model: torch.nn.Module, penalty: Penalty | Mapping[str, Penalty | None] | None) -> list[dict]:
    """Return parameter groups of ``model``: the weights under ``penalty``, and the biases under none.

    A bias is a parameter with one axis (batch-norm scales count as such). It can still be pruned: a penalty acts
    while training, pruning afterwards.

    Parameters
    ----------
    model : Module
    penalty : Penalty, mapping of layer name to Penalty or None, or None
        One for all weights, which makes one group of them; or one for each layer, with its own factors (the strategy
        SEP; paper, Section 4.2), which makes a group a layer. :func:`~l0lib.compress.normalised` makes such a mapping
        (NORM). A layer is a module that holds weights, by its name in ``model.named_modules()``.

    Raises
    ------
    ValueError
        If a mapping misses a layer or names one that ``model`` has not.
    """
    weights = _weights(model)
    if isinstance(penalty, Mapping):
        missing = [layer for layer in weights if layer not in penalty]
        unknown = [layer for layer in penalty if layer not in weights]
        if missing or unknown:
            raise ValueError(
                f"penalty must name the layers {', '.join(weights)}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        groups = [(own, penalty[layer]) for layer, own in weights.items()]
    else:
        groups = [([p for own in weights.values() for p in own], penalty)]
    groups.append(([p for p in model.parameters() if p.ndim <= 1], None))
    return [{"params": own, "penalty": its} for own, its in groups if own]


def gradient_(penalty: Penalty, w: torch.Tensor, out: torch.Tensor, scratch: torch.Tensor) -> torch.Tensor:
    r"""Write ``penalty.gradient(w)`` into ``out`` and return it, without allocating memory.

    Sums with two smoothed-l0 terms, and factors that are arrays, fall back on the plain formula.

    Parameters
    ----------
    penalty : Penalty
    w, out, scratch : floating tensors of one shape, dtype and device
        ``w`` is only read; ``out`` and ``scratch`` are overwritten.
    """
    terms = penalty.terms
    smooth = [term for term in terms if isinstance(term, L0)]
    if len(smooth) > 1 or not all(isinstance(x, float) for term in terms for x in vars(term).values()):
        return out.copy_(penalty.gradient(w))
    quadratic = 2 * sum(term.alpha for term in terms if isinstance(term, L2))
    linear = sum(term.alpha for term in terms if isinstance(term, L1))
    if not smooth and not linear:
        return torch.mul(w, quadratic, out=out)
    torch.sign(w, out=scratch)
    if smooth:
        alpha, beta = smooth[0].alpha, smooth[0].beta
        # scratch * alpha * beta * exp(beta * out) where out <= 0, in one pass: torch.exp alone takes longer
        torch.abs(w, out=out).neg_()
        torch.ops.aten.elu_backward.grad_input(scratch, alpha, 1, beta, False, out, grad_input=out)
        if linear:
            out.add_(scratch, alpha=linear)
    else:
        torch.mul(scratch, linear, out=out)
    return out.add_(w, alpha=quadratic) if quadratic else out


class PenalisedSGD(torch.optim.Optimizer):
    r"""SGD with momentum whose step adds a penalty :math:`\alpha\Omega(w)` of :mod:`l0lib.penalties`.

    Write :math:`g` for the gradient of the loss, :math:`p = \partial\,\alpha\Omega/\partial w` for that of the
    penalty, both at the start of the step, :math:`\eta` for the learning rate and :math:`\mu` for the momentum. The
    updates are

    ``"coupled"`` (Eq. 17 as written, where :math:`\mu = 0`)
        :math:`m \leftarrow \mu m + g + p`, then :math:`w \leftarrow w - \eta m`.
    ``"decoupled"`` (beyond the paper)
        :math:`m \leftarrow \mu m + g`, :math:`u = w - \eta m`, then
        :math:`w \leftarrow u - \eta p/(1-\mu)`. Without momentum this is Eq. 17, too.
    ``"clipped"`` (beyond the paper)
        :math:`m` and :math:`u` as in ``"decoupled"``, then
        :math:`w \leftarrow \operatorname{sign}(u)\max(|u| - \eta|p|/(1-\mu),\, 0)`: the pull stops at zero.
    ``"proximal"`` (beyond the paper)
        :math:`m` and :math:`u` as in ``"decoupled"``, then :math:`w \leftarrow \operatorname{prox}(u)` with step
        :math:`\eta/(1-\mu)`.

    A constant pull :math:`p` moves a weight by :math:`\eta p/(1-\mu)` a step once momentum has built up. The last three
    take that length, so that one ``alpha`` means the same strength in all four.

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
    update : {"coupled", "decoupled", "clipped", "proximal"}
        How the penalty enters.

    Raises
    ------
    ValueError
        If an argument breaks its rule.

    Notes
    -----
    Source: paper, Eqs. 2, 12, 14 and 17. The paper states no momentum; ours enters as in ``torch.optim.SGD``, whose
    ``weight_decay`` is ``2 * alpha`` of a coupled :class:`~l0lib.L2`. The gradient of the penalty is computed in
    two buffers of the size of the largest parameter, which all parameters of one dtype and device share.
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
        self._views: dict[torch.Tensor, tuple[torch.Tensor, ...]] = {}

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

    def _scratch(self, w: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return two tensors laid out as ``w``, on memory that all parameters of its dtype and device share."""
        if w not in self._views:
            kind = (w.dtype, w.device)
            alike = [p for group in self.param_groups for p in group["params"] if (p.dtype, p.device) == kind]
            shared = w.new_empty(2, max(p.numel() for p in alike))
            for p in alike:
                strides = torch.empty_like(p, device="meta").stride()
                self._views[p] = tuple(half.as_strided(p.shape, strides) for half in shared)
        return self._views[w]

    def _update(self, w: torch.Tensor, direction: torch.Tensor, group: dict) -> None:
        rate, momentum, penalty, update = group["lr"], group["momentum"], group["penalty"], group["update"]
        out, scratch = self._scratch(w)
        pull = None if penalty is None or update == "proximal" else gradient_(penalty, w, out, scratch)
        if pull is not None and update == "coupled":
            direction = pull.add_(direction)
        if w in self._masks:
            direction = torch.mul(direction, self._masks[w], out=scratch)
        state = self.state[w]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(w)
        _momentum_step(w, direction, state["momentum"], rate, momentum)
        reach = rate / (1 - momentum)
        if pull is not None and update == "decoupled":
            w.sub_(pull, alpha=reach)
        elif pull is not None and update == "clipped":
            left = torch.abs(w, out=scratch).sub_(pull.abs_().mul_(reach)).clamp_(min=0)
            w.sign_().mul_(left)
        elif penalty is not None and update == "proximal":
            w.copy_(penalty.prox(w, reach))


def _momentum_step(w: torch.Tensor, direction: torch.Tensor, running: torch.Tensor, rate: float, momentum: float):
    # torch's fused kernel makes one pass of three, but it takes the memory of all tensors as laid out alike
    if momentum and w.is_contiguous() and direction.is_contiguous() and running.is_contiguous():
        torch._fused_sgd_(
            [w],
            [direction],
            [running],
            weight_decay=0,
            momentum=momentum,
            lr=rate,
            dampening=0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )
    else:
        w.sub_(running.mul_(momentum).add_(direction), alpha=rate)
