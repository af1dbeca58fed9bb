"""Whole orbits of the zero-attraction map, in blocks; public as :func:`l0lib.attraction.trajectory`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from . import _validate
from .penalties import L0, L1, L2, Penalty

#: Weights that one block of a trajectory holds: small enough for its few work arrays to stay in the cache.
BLOCK = 16384
#: The bit of a double that holds its sign, as an integer.
SIGN_BIT = np.int64(-(2**63))


def checked_penalty(penalty) -> Penalty:
    """Return ``penalty`` if it is one."""
    if not isinstance(penalty, Penalty):
        raise ValueError(f"penalty must be L2, L1, L0 or a sum of them; got {penalty!r}")
    return penalty


def weights(name: str, w):
    """Return ``w`` as float64 of NumPy."""
    return np.asarray(_validate.array(name, w), dtype=np.float64)[()]


def learning_rate(eta):
    """Return ``eta`` if it is > 0."""
    return _validate.positive("eta", eta, " (a learning rate)")


def trajectory(penalty: Penalty, w0, eta, steps: int, sample: Sequence[int] | str | None = None):
    r"""Iterate :math:`w_{n+1} = f(w_n)` from ``w0`` (paper, Fig. 1).

    Parameters
    ----------
    penalty : Penalty
        Any penalty or sum; ``alpha`` and ``beta`` may be arrays.
    w0 : array
        Start values; broadcast with the parameters and ``eta``.
    eta : float or array
        Learning rate, > 0.
    steps : int
        Number of steps, >= 0.
    sample : None, "final" or sequence of int
        Which states to return: all of ``0 … steps``; the last one alone; or those of the step numbers given, which
        must rise.

    Returns
    -------
    array
        ``(number of samples, *broadcast shape)``, float64; for ``"final"`` without the leading axis.

    Raises
    ------
    ValueError
        As in :func:`term`, and for ``steps`` or ``sample`` out of their range.

    Notes
    -----
    The work runs in blocks of :data:`BLOCK` weights, so that beside the result only a few blocks are held. The
    smoothed :math:`\ell_0` map expands distances near zero: compare single steps, or whole orbits before arrival, or
    statistics, but not long orbits bit by bit.
    """
    steps = _validate.whole("steps", steps, 0)
    wanted = _samples(sample, steps)
    singles = checked_penalty(penalty).terms
    fields = [weights("w0", w0), np.asarray(learning_rate(eta), dtype=np.float64)]
    for single in singles:
        fields += [np.asarray(x, dtype=np.float64) for x in vars(single).values()]
    shape = np.broadcast_shapes(*(np.shape(x) for x in fields))
    size = int(np.prod(shape))
    views = [np.broadcast_to(x, shape) for x in fields]
    result = np.empty((len(wanted), size))
    for start in range(0, size, BLOCK):
        # unravelling a slice of the flat index copies one block, never the whole broadcast grid
        index = np.unravel_index(np.arange(start, min(start + BLOCK, size)), shape) if shape else ()
        pieces = iter([x.reshape(-1)[:1] if np.ndim(f) == 0 else x[index] for f, x in zip(fields, views, strict=True)])
        w = np.broadcast_to(next(pieces), (min(BLOCK, size - start),)).copy()
        _iterate(w, next(pieces), singles, pieces, wanted, result[:, start : start + w.size])
    result = result.reshape(len(wanted), *shape)
    return result[0] if isinstance(sample, str) else result


def _iterate(w, eta, singles, pieces, wanted, out):
    """Run one block in place and write the wanted states to ``out``."""
    parts: list[tuple] = []
    for single in singles:
        alpha = next(pieces)
        beta = next(pieces) if isinstance(single, L0) else None
        pull = eta * alpha * (2.0 if isinstance(single, L2) else 1.0 if beta is None else beta)
        parts.append((type(single), pull, None if beta is None else -beta))
    total, work, sign = np.empty_like(w), np.empty_like(w), np.empty(w.shape, dtype=np.int64)
    bits, total_bits, work_bits = (x.view(np.int64) for x in (w, total, work))
    done = 0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for row, until in enumerate(wanted):
            for _ in range(until - done):
                np.bitwise_and(bits, SIGN_BIT, out=sign)
                for k, (kind, pull, minus_beta) in enumerate(parts):
                    target, target_bits = (work, work_bits) if k else (total, total_bits)
                    np.abs(w, out=target)
                    at_zero = target == 0 if np.minimum.reduce(target) == 0 else None
                    if kind is L1:
                        target[:] = pull
                    else:
                        if kind is L0:
                            np.multiply(target, minus_beta, out=target)
                            np.exp(target, out=target)
                        np.multiply(target, pull, out=target)
                    # copying the sign bit takes a third of the time of sign() or copysign()
                    np.bitwise_or(target_bits, sign, out=target_bits)
                    if at_zero is not None and kind is not L2:
                        target[at_zero] = 0  # sign(0) is 0
                    if k:
                        np.add(total, work, out=total)
                np.subtract(w, total, out=w)
            done = until
            out[row] = w


def _samples(sample, steps: int) -> list[int]:
    rule = f'sample must be None, "final" or rising step numbers from 0 to steps = {steps}'
    if sample is None:
        return list(range(steps + 1))
    if isinstance(sample, str):
        if sample != "final":
            raise ValueError(f"{rule}; got {sample!r}")
        return [steps]
    wanted = [_validate.whole("sample", n.item() if isinstance(n, np.integer) else n, 0) for n in sample]
    if not wanted or wanted[-1] > steps or any(b <= a for a, b in itertools.pairwise(wanted)):
        raise ValueError(f"{rule}; got {list(sample)!r}")
    return wanted
