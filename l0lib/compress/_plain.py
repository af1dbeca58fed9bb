"""Penalties as plain data, which torch saves and reads without running code, and back."""

from __future__ import annotations

from typing import Any

import torch

from ..penalties import L0, L1, L2, Penalty, Sum

_KINDS: dict[str, type[Penalty]] = {kind.__name__: kind for kind in (L2, L1, L0)}


def to_plain(penalty: Penalty | None) -> list[dict[str, Any]] | None:
    """Return one dict a term: the name of its class under ``"penalty"``, and its factors as floats or tensors."""
    if penalty is None:
        return None
    return [
        {"penalty": type(term).__name__}
        | {name: value if isinstance(value, float) else torch.as_tensor(value) for name, value in vars(term).items()}
        for term in penalty.terms
    ]


def from_plain(told: list[dict[str, Any]] | Penalty | None) -> Penalty | None:
    """Return the penalty that :func:`to_plain` told of; a penalty, or None, is returned as it is.

    Raises
    ------
    ValueError
        If there is no such penalty.
    """
    if told is None or isinstance(told, Penalty):
        return told
    terms = []
    for entry in told:
        factors = dict(entry)
        kind = factors.pop("penalty", None)
        if kind not in _KINDS:
            raise ValueError(f"penalty must be one of {', '.join(_KINDS)}; got {kind!r}")
        terms.append(_KINDS[kind](**factors))
    return terms[0] if len(terms) == 1 else Sum(*terms)
