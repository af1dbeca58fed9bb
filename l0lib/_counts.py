"""How many parameters pruning keeps, and how they are shared out among layers: whole numbers, exactly."""

from __future__ import annotations

from collections.abc import Sequence


def number_to_keep(total: int, ratio: float) -> int:
    """Return the largest number of parameters, at least 1, at which ``total / number`` is not below ``ratio``.

    Raises
    ------
    ValueError
        If ``ratio`` is not between 1 and ``total``.
    """
    if not 1 <= ratio <= total:
        raise ValueError(f"ratio must be between 1 and the number of parameters, {total}; got {ratio!r}")
    return int(total // ratio)


def share_out(sizes: Sequence[int], keep: int) -> list[int]:
    r"""Divide ``keep`` among layers in proportion to their sizes, in whole numbers that add up to exactly ``keep``.

    A layer's due is :math:`q_l = n_l k / n`. Each layer gets :math:`\lfloor q_l \rfloor`; what is then left goes, one
    by one, to the layers with the largest remainders, the first ones among equals. So each layer gets its due rounded
    down or up.

    Raises
    ------
    ValueError
        If ``keep`` is not between 0 and the sum of the sizes.
    """
    total = sum(sizes)
    if not 0 <= keep <= total:
        raise ValueError(f"keep must be between 0 and the sum of the sizes, {total}; got {keep}")
    # whole numbers throughout: a float remainder could tie two layers that differ
    dues = [divmod(size * keep, total or 1) for size in sizes]
    shares = [whole for whole, _ in dues]
    by_remainder = sorted(range(len(sizes)), key=lambda i: -dues[i][1])
    for i in by_remainder[: keep - sum(shares)]:
        shares[i] += 1
    return shares
