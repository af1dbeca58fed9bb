r"""Stochastic gradient descent with momentum and a penalty: Eq. 17 of the paper and three relatives.

A step costs what its passes over memory cost: the arithmetic below works in place, in as few passes as it can.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.optim.sgd import sgd

from .. import _validate
from ..penalties import L0, L1, L2, Penalty, Sum

#: How the penalty enters the step; see :class:`PenalisedSGD`.
UPDATES = ("coupled", "decoupled", "clipped", "proximal")

#: Entries up to which a parameter's step takes less time beside others than by itself.
SMALL = 1 << 16


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

    Clipped pulls as strongly as at the start of the step, and only stops at zero; a weight that is exactly zero it does
    not hold back. Proximal solves for the point where the step ends: it pulls as strongly as there, holds a weight at
    zero, and leaps to zero from where zero is worth more. For :class:`~l0lib.L1` they agree everywhere but at zero; for
    the smoothed l0 they do not. A proximal step under :class:`~l0lib.L0` takes several times as long as a clipped one,
    as it needs Lambert's W for each weight (``make bench`` shows both).

    Parameters
    ----------
    params : iterable of tensors, or of parameter groups
        As in every torch optimizer. Each group may have its own ``penalty`` (see :func:`parameter_groups`).
    lr : float
        Learning rate, >= 0 and finite. With 0, as a schedule may have it at its ends, no weight moves.
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
        defaults = {"lr": lr, "momentum": momentum, "penalty": penalty, "update": update}
        _check_group(defaults)
        self._masks: dict[torch.Tensor, torch.Tensor] = {}
        self._views: dict[torch.Tensor, tuple[torch.Tensor, ...]] = {}
        super().__init__(_validate.parameters(params), defaults)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "masks": list(self._masks.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({key: value for key, value in state.items() if key != "masks"})
        if "masks" in state:  # torch calls this when it loads a state, too, of which masks are no part
            self._masks, self._views = dict(state["masks"]), {}

    # torch wraps these two so that their first call imports its whole compiler, which takes seconds and is not used.
    def add_param_group(self, param_group: dict) -> None:
        """Add a group of parameters, as in every torch optimizer; it may have its own ``penalty``."""
        _check_group(self.defaults | param_group)
        inspect.unwrap(torch.optim.Optimizer.add_param_group)(self, param_group)
        group = self.param_groups[-1]
        for dtype in {p.dtype for p in group["params"]} if group["penalty"] is not None else ():
            check_strengths(group["penalty"], dtype)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the last batch."""
        if set_to_none:  # torch's own way takes some twenty times as long, and this is done at every step
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
        else:
            inspect.unwrap(torch.optim.Optimizer.zero_grad)(self, set_to_none)

    def hold(self, masks: Mapping[torch.Tensor, torch.Tensor]) -> None:
        """Keep pruned parameters at zero: ``masks`` maps a parameter to a boolean tensor, true where it may move.

        Momentum from before is masked at once; gradient and penalty are masked before they enter it. So a weight that
        is zero now stays exactly zero, and its momentum too.
        """
        self._masks = {parameter: _bits_of_mask(mask, parameter) for parameter, mask in masks.items()}
        for parameter, bits in self._masks.items():
            if "momentum" in self.state.get(parameter, {}):
                momentum = self.state[parameter]["momentum"]
                _masked(momentum, bits, out=momentum)

    def state_dict(self) -> dict[str, Any]:
        """Return the state as torch optimizers do, each penalty as plain data: ``torch.load`` reads it as weights."""
        state = inspect.unwrap(torch.optim.Optimizer.state_dict)(self)
        groups = [{**group, "penalty": penalty_to_data(group["penalty"])} for group in state["param_groups"]]
        return {**state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned, penalties included; masks are not part of it.

        The state of ``torch.optim.SGD`` is taken as well: learning rates and momentum are its own, penalties and
        updates stay. Where it does what this optimizer does not (``weight_decay``, ``nesterov``, ``dampening``,
        ``maximize``), and for states of other optimizers, a ValueError is raised.
        """
        states, groups = state_dict["state"], state_dict["param_groups"]
        if len(groups) == len(self.param_groups) and not any("penalty" in group for group in groups):
            states, groups = self._from_sgd(states, groups)
        for group in groups:
            if missing := {"params", "lr", "momentum", "penalty", "update"} - set(group):
                raise ValueError(
                    f"state_dict must be one of PenalisedSGD or torch.optim.SGD; it has no {sorted(missing)[0]}"
                )
        groups = [{**group, "penalty": penalty_from_data(group["penalty"])} for group in groups]
        inspect.unwrap(torch.optim.Optimizer.load_state_dict)(self, {"state": states, "param_groups": groups})

    def _from_sgd(self, states: dict, groups: list[dict[str, Any]]) -> tuple[dict, list[dict[str, Any]]]:
        for group in groups:
            for name in ("weight_decay", "nesterov", "dampening", "maximize"):
                if group.get(name):
                    raise ValueError(f"state_dict must come without {name}; got {group[name]!r}")
        states = {
            key: {"momentum": state["momentum_buffer"]}
            for key, state in states.items()
            if state.get("momentum_buffer") is not None
        }
        taken = ("params", "lr", "momentum", "initial_lr")
        groups = [
            {"penalty": own["penalty"], "update": own["update"], **{key: group[key] for key in taken if key in group}}
            for own, group in zip(self.param_groups, groups, strict=True)
        ]
        return states, groups

    @torch.no_grad()
    def step(self, closure=None):
        """Make one update of every parameter that has a gradient; return the closure's loss, if one is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            for parameter in moving:
                if parameter.grad.layout != torch.strided:
                    raise ValueError(f"gradients must be dense; got {parameter.grad.layout}")
            penalty = group["penalty"]
            factors = None if penalty is None else factors_of(penalty)
            if penalty is None or (factors is not None and group["update"] == "coupled"):
                moving = self._step_together(moving, group, factors or Factors(0.0, 0.0, 0.0, None))
            for parameter in moving:
                self._update(parameter, parameter.grad, group, factors)
        return loss

    def _step_together(self, moving: list[torch.Tensor], group: dict, factors: Factors) -> list[torch.Tensor]:
        """Make the steps of those parameters that are quicker together than each by itself; return the others.

        All of them without a penalty or masks, or under l2 alone; otherwise the small ones, as one long vector: there
        the calls take longer than the arithmetic.
        """
        if factors.beta is None and not factors.linear and not self._masks:
            _, gradients, momenta = self._lists(moving)
            momentum_step(moving, gradients, momenta, group["lr"], group["momentum"], factors.decay)
            return []
        small = [p for p in moving if p.numel() <= SMALL]
        if len(small) < 2 or len({(p.dtype, p.device) for p in small}) > 1:
            return moving
        _, directions, momenta = self._lists(small)
        directions = list(add_signed_together(directions, factors, small))
        for p, direction in zip(small, directions, strict=True) if self._masks else ():
            if p in self._masks:
                _masked(direction, self._masks[p], out=direction)
        momentum_step(small, directions, momenta, group["lr"], group["momentum"], factors.decay)
        together = set(small)
        return [p for p in moving if p not in together]

    def _lists(self, some: list[torch.Tensor]) -> tuple[list[torch.Tensor], ...]:
        return some, [p.grad for p in some if p.grad is not None], [self._momentum(p) for p in some]

    def _momentum(self, w: torch.Tensor) -> torch.Tensor:
        state = self.state[w]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(w)
        return state["momentum"]

    def _scratch(self, w: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return two tensors laid out as ``w``, on memory that all parameters of its dtype and device share; a zero."""
        kind = (w.dtype, w.device)
        alike = [p for group in self.param_groups for p in group["params"] if (p.dtype, p.device) == kind]
        shared, zero = w.new_empty(2, max(p.numel() for p in alike)), w.new_zeros(())
        for p in alike:
            self._views[p] = (*(half.as_strided(p.shape, compact_strides(p)) for half in shared), zero)
        return self._views[w]

    def _update(self, w: torch.Tensor, direction: torch.Tensor, group: dict, factors: Factors | None) -> None:
        rate, momentum, penalty, update = group["lr"], group["momentum"], group["penalty"], group["update"]
        out, scratch, zero = self._views[w] if w in self._views else self._scratch(w)
        pull, decay = None, 0.0
        if penalty is not None and update == "coupled":
            if factors is None:
                direction = torch.add(direction, penalty.gradient(w), out=out)
            else:  # the l2 term is left to the momentum step, which does it in passing
                direction, decay = add_signed(direction, factors, w, out, scratch, zero), factors.decay
        elif penalty is not None and update != "proximal":
            pull = gradient_(penalty, w, out, scratch)
        if w in self._masks:
            direction = _masked(direction, self._masks[w], out=scratch)
        momentum_step([w], [direction], [self._momentum(w)], rate, momentum, decay)
        reach = rate / (1 - momentum)
        if pull is not None:
            move_(w, pull, reach, update == "clipped", scratch)
        elif penalty is not None and update == "proximal" and reach:
            w.copy_(penalty.prox(w, reach))


def _check_group(group: Mapping[str, Any]) -> None:
    _validate.number("lr", group["lr"], "lr must be >= 0 and finite", lambda x: 0 <= x < math.inf)
    _validate.number("momentum", group["momentum"], "momentum must be >= 0 and < 1", lambda x: 0 <= x < 1)
    _validate.choice("update", group["update"], UPDATES)
    if not (group["penalty"] is None or isinstance(group["penalty"], Penalty)):
        shown = _validate.shown(group["penalty"])
        raise ValueError(f"penalty must be a penalty of l0lib, such as L2(1e-4), or None; got {shown}")


#: The whole numbers that have the bits of a floating type.
_WHOLE = {8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.int8}


def _bits_of_mask(mask: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Return whole numbers laid out as ``parameter``: all bits set where it may move, none elsewhere."""
    bits = torch.empty_like(parameter.detach(), dtype=_WHOLE[parameter.dtype.itemsize])
    return bits.copy_(mask != 0).neg_()


def _masked(values: torch.Tensor, bits: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Write ``values`` into ``out``, exact zeros where ``bits`` is 0, also for infinities and NaN.

    As quick as a product of floats, where a product with booleans or a choice takes several times as long.
    """
    torch.bitwise_and(values.view(bits.dtype), bits, out=out.view(bits.dtype))
    return out


class Factors(NamedTuple):
    """A penalty as numbers: what it adds to the gradient is decay * w + sign(w) * (linear + height * exp(-beta|w|))."""

    decay: float
    linear: float
    height: float
    beta: float | None  # None: no smoothed-l0 term


def check_strengths(penalty: Penalty, dtype: torch.dtype) -> None:
    """Refuse a penalty of which parameters of type ``dtype`` cannot hold the factors that its gradient takes."""
    largest = torch.finfo(dtype).max
    for term in penalty.terms:
        alpha, beta = (getattr(term, name, 1.0) for name in ("alpha", "beta"))
        with np.errstate(over="ignore"):
            factors = {"2 * alpha": 2 * alpha, "2 * beta": 2 * beta, "alpha * beta": alpha * beta}
        for name, factor in factors.items():
            if not isinstance(factor, torch.Tensor) and np.max(factor, initial=0.0) > largest:
                raise ValueError(f"penalty must have {name} that {dtype} can hold; got {np.max(factor):g}")


def factors_of(penalty: Penalty) -> Factors | None:
    """Return the factors of ``penalty``; None if some are arrays, or if there are two smoothed-l0 terms."""
    decay = linear = height = 0.0
    beta: float | None = None
    for term in penalty.terms:
        if not isinstance(term.alpha, float):
            return None
        if isinstance(term, L2):
            decay += 2 * term.alpha
        elif isinstance(term, L1):
            linear += term.alpha
        elif isinstance(term, L0) and beta is None and isinstance(term.beta, float):
            height, beta = term.alpha * term.beta, term.beta
        else:
            return None
    return Factors(decay, linear, height, beta)


def add_signed(
    onto: torch.Tensor, factors: Factors, w: torch.Tensor, out: torch.Tensor, scratch: torch.Tensor, zero: torch.Tensor
) -> torch.Tensor:
    """Return ``onto`` plus the gradient of all terms but l2: in ``out``, or ``onto`` itself if there are none.

    ``zero`` is a scalar tensor like ``w``.
    """
    if factors.beta is None:
        return torch.add(onto, torch.sign(w, out=scratch), alpha=factors.linear, out=out) if factors.linear else onto
    # a power of two takes torch less than half the time of one of e, and this order reads the weights while they are
    # still in the cache; w * sign(w) is |w|
    torch.sign(w, out=scratch)
    torch.addcmul(zero, w, scratch, value=-factors.beta / math.log(2), out=out).exp2_()
    torch.addcmul(onto, out, scratch, value=factors.height, out=out)
    return out.add_(scratch, alpha=factors.linear) if factors.linear else out


def add_signed_together(
    onto: list[torch.Tensor], factors: Factors, weights: list[torch.Tensor]
) -> Sequence[torch.Tensor]:
    """Return, in new tensors, what :func:`add_signed` gives for each: the same bits, by fewer calls."""
    signs = torch._foreach_sign(weights)
    if factors.beta is None:
        return torch._foreach_add(onto, signs, alpha=factors.linear)
    decays = torch._foreach_abs(weights)
    torch._foreach_mul_(decays, -factors.beta / math.log(2))
    for exponent in decays:
        exponent.exp2_()
    sums = torch._foreach_addcmul(onto, decays, signs, value=factors.height)
    if factors.linear:
        torch._foreach_add_(sums, signs, alpha=factors.linear)
    return sums


def gradient_(penalty: Penalty, w: torch.Tensor, out: torch.Tensor, scratch: torch.Tensor) -> torch.Tensor:
    r"""Write ``penalty.gradient(w)`` into ``out`` and return it, without allocating memory.

    Sums with two smoothed-l0 terms, and factors that are arrays, fall back on the plain formula. The tensors are alike
    in shape, dtype and device; ``w`` is only read, ``scratch`` is overwritten.
    """
    factors = factors_of(penalty)
    if factors is None:
        return out.copy_(penalty.gradient(w))
    zero = w.new_zeros(())
    signed = add_signed(zero, factors, w, out, scratch, zero)
    if signed is not out:
        return torch.mul(w, factors.decay, out=out)
    return out.add_(w, alpha=factors.decay) if factors.decay else out


def move_(w: torch.Tensor, pull: torch.Tensor, reach: float, clipped: bool, scratch: torch.Tensor) -> None:
    """Subtract ``reach`` times ``pull`` from ``w``, which stops at zero if it is ``clipped``; the others are spent."""
    if clipped:
        left = torch.abs(w, out=scratch).sub_(pull.abs_().mul_(reach)).clamp_(min=0)
        w.sign_().mul_(left)
    else:
        w.sub_(pull, alpha=reach)


def momentum_step(
    weights: list[torch.Tensor],
    directions: list[torch.Tensor],
    momenta: list[torch.Tensor],
    rate: float,
    momentum: float,
    decay: float = 0.0,
) -> None:
    """Let each momentum become ``momentum`` times itself plus direction and ``decay`` times weight; step along it."""
    # torch's fused kernel makes one pass of four, but it takes the memory of all tensors as laid out alike
    one_kind = len(weights) == 1 or len({(w.dtype, w.device) for w in weights}) == 1
    if momentum and one_kind and all(map(_alike, weights, directions, momenta)):
        sgd(
            weights,
            directions,
            [*momenta],  # its type allows for momenta that are not there yet
            fused=True,
            weight_decay=decay,
            momentum=momentum,
            lr=rate,
            dampening=0,
            nesterov=False,
            maximize=False,
        )
    elif len(weights) == 1:
        w, direction, running = weights[0], directions[0], momenta[0]
        running.mul_(momentum).add_(direction)
        w.sub_(running.add_(w, alpha=decay) if decay else running, alpha=rate)
    else:
        for w, direction, running in zip(weights, directions, momenta, strict=True):
            momentum_step([w], [direction], [running], rate, momentum, decay)


def compact_strides(tensor: torch.Tensor) -> tuple[int, ...]:
    """Return the strides of ``tensor`` if it were packed without gaps in the order that its own strides give."""
    return torch.empty_like(tensor, device="meta").stride()


def _alike(w: torch.Tensor, direction: torch.Tensor, running: torch.Tensor) -> bool:
    """Whether all fill their memory without gaps, in one and the same order of their entries."""
    if w.is_contiguous() and direction.is_contiguous() and running.is_contiguous():
        return True
    strides = w.stride()
    return direction.stride() == running.stride() == strides == compact_strides(w)


_KINDS: dict[str, type[Penalty]] = {kind.__name__: kind for kind in (L2, L1, L0)}


def penalty_to_data(penalty: Penalty | None) -> list[dict[str, Any]] | None:
    """Return one dict a term: the name of its class under ``"penalty"``, and its factors as floats or tensors."""
    if penalty is None:
        return None
    return [
        {"penalty": type(term).__name__}
        | {name: value if isinstance(value, float) else torch.as_tensor(value) for name, value in vars(term).items()}
        for term in penalty.terms
    ]


def penalty_from_data(data: list[dict[str, Any]] | Penalty | None) -> Penalty | None:
    """Return the penalty that :func:`penalty_to_data` described; a penalty, or None, is returned as it is."""
    if data is None or isinstance(data, Penalty):
        return data
    terms = []
    for entry in data:
        factors = dict(entry)
        kind = factors.pop("penalty", None)
        if kind not in _KINDS:
            raise ValueError(f"penalty must be one of {', '.join(_KINDS)}; got {kind!r}")
        terms.append(_KINDS[kind](**factors))
    return terms[0] if len(terms) == 1 else Sum(*terms)
