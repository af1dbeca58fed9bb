"""Which parameters to remove: a score, a number to keep, a mask."""

from __future__ import annotations

import torch

from .masks import Masks, keep_largest


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


def prune_global(model: torch.nn.Module, ratio: float) -> Masks:
    r"""Remove the smallest parameters of a network, wherever they stand: global magnitude pruning (GP).

    Solves :math:`\max_S \sum_{j \in S} |w_j|` subject to :math:`|S| = \lfloor n/r \rfloor`, where :math:`n` counts
    all parameters, biases too, and :math:`r` is the compression ratio; what is not in :math:`S` becomes zero.

    Parameters
    ----------
    model : Module
        Changed in place.
    ratio : float
        All parameters over kept parameters, >= 1.

    Returns
    -------
    Masks
        What is kept, exactly ``number_to_keep(n, ratio)`` parameters.

    Raises
    ------
    ValueError
        If ``ratio`` is out of range or a parameter is NaN.

    Notes
    -----
    Source: paper, Section 4.1, strategy i. Ties are broken by position (:func:`~l0lib.compress.keep_largest`).
    """
    parameters = dict(model.named_parameters())
    sizes = [p.numel() for p in parameters.values()]
    scores = torch.cat([p.detach().abs().flatten() for p in parameters.values()])
    kept = keep_largest(scores, number_to_keep(len(scores), ratio))
    masks = Masks(
        {name: part.view_as(parameters[name]) for name, part in zip(parameters, kept.split(sizes), strict=True)}
    )
    masks.apply_(model)
    return masks
