"""The arithmetic of a penalised step, in place and in few passes over memory: passes are what a step costs."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from ..penalties import L0, L1, L2, Penalty


class Factors(NamedTuple):
    """A penalty as numbers: what it adds to the gradient is decay * w + sign(w) * (linear + height * exp(-beta|w|))."""

    decay: float
    linear: float
    height: float
    beta: float | None  # None: no smoothed-l0 term


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
    onto: torch.Tensor,
    factors: Factors,
    w: torch.Tensor,
    out: torch.Tensor,
    scratch: torch.Tensor,
    zero: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return ``onto`` plus the gradient of all terms but l2: in ``out``, or ``onto`` itself if there are none.

    ``zero`` is a scalar tensor like ``w``, for who has one at hand.
    """
    if zero is None:
        zero = w.new_zeros(())
    if factors.beta is None:
        return torch.add(onto, torch.sign(w, out=scratch), alpha=factors.linear, out=out) if factors.linear else onto
    # a power of two takes torch less than half the time of one of e, and this order reads the weights while they are
    # still in the cache; w * sign(w) is |w|
    torch.sign(w, out=scratch)
    torch.addcmul(zero, w, scratch, value=-factors.beta / math.log(2), out=out).exp2_()
    torch.addcmul(onto, out, scratch, value=factors.height, out=out)
    return out.add_(scratch, alpha=factors.linear) if factors.linear else out


def gradient_(penalty: Penalty, w: torch.Tensor, out: torch.Tensor, scratch: torch.Tensor) -> torch.Tensor:
    r"""Write ``penalty.gradient(w)`` into ``out`` and return it, without allocating memory.

    Sums with two smoothed-l0 terms, and factors that are arrays, fall back on the plain formula.

    Parameters
    ----------
    penalty : Penalty
    w, out, scratch : floating tensors of one shape, dtype and device
        ``w`` is only read; ``out`` and ``scratch`` are overwritten.
    """
    factors = factors_of(penalty)
    if factors is None:
        return out.copy_(penalty.gradient(w))
    signed = add_signed(w.new_zeros(()), factors, w, out, scratch)
    if signed is not out:
        return torch.mul(w, factors.decay, out=out)
    return out.add_(w, alpha=factors.decay) if factors.decay else out


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
        torch._fused_sgd_(
            weights,
            directions,
            momenta,
            weight_decay=decay,
            momentum=momentum,
            lr=rate,
            dampening=0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
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
