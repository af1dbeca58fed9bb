"""Settings as plain data: what a :class:`~l0lib.experiments.config.Config` is once it has been checked.

The runner works on these, so that it needs nothing but NumPy, PyTorch and a few small packages: a machine that has a
graphics card and little else can make runs (:mod:`~l0lib.experiments.elsewhere`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..penalties import L0, L1, L2, Penalty, Sum


class Plain:
    """A JSON object whose fields are read as attributes.

    Parameters
    ----------
    values : mapping
        What ``model_dump(mode="json")`` gives, or what stands in a file.
    """

    def __init__(self, values: Mapping[str, Any]):
        self.values = dict(values)

    def __getattr__(self, name: str) -> Any:
        if name == "values" or name not in self.values:
            raise AttributeError(f"settings have the fields {', '.join(self.__dict__.get('values', ()))}; got {name!r}")
        value = self.values[name]
        return Plain(value) if isinstance(value, Mapping) else value

    def but(self, **changes: Any) -> Plain:
        """Return the same settings with some fields changed."""
        return Plain({**self.values, **changes})

    def digest(self) -> str:
        """Return the name made of the contents: see :func:`digest`."""
        return digest(self.values)


def digest(values: Mapping[str, Any]) -> str:
    """Return ten hex digits of the SHA-256 of the contents: equal contents, equal name."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def trained(config: Plain) -> Plain:
    """Return what the network before pruning depends on: runs that share it train it once."""
    fields = ("network", "relu_after_pools", "dataset", "evaluate_on", "training")
    return Plain({name: config.values[name] for name in fields})


def penalties(settings: Any, sizes: Mapping[str, int]) -> dict[str, Penalty | None]:
    """Return the penalty of each layer that ``settings``, the fields of ``PenaltySettings``, describe.

    Parameters
    ----------
    settings : Plain or PenaltySettings
    sizes : mapping of layer name to int
        The number of weights of each layer.

    Raises
    ------
    ValueError
        If the strategy is SEP and has not one entry for each layer.
    """
    if settings.strategy == "SEP":
        rows: Sequence[Sequence[float]]
        rows = settings.alpha_l2_by_layer, settings.alpha_l0_by_layer, settings.beta_by_layer
        if len(rows[0]) != len(sizes):
            raise ValueError(
                f"beta_by_layer must have one entry for each of the layers {', '.join(sizes)}; got {len(rows[0])}"
            )
        return {layer: _sum(a2, 0.0, a0, beta) for layer, a2, a0, beta in zip(sizes, *rows, strict=True)}
    penalty = _sum(settings.alpha_l2, settings.alpha_l1, settings.alpha_l0, settings.beta)
    if penalty is None or settings.strategy == "uniform":
        return dict.fromkeys(sizes, penalty)
    from ..compress.strategies import normalised  # here: reading a record must not load PyTorch

    return dict(normalised(penalty, sizes, settings.power))


def _sum(alpha_l2: float, alpha_l1: float, alpha_l0: float, beta: float) -> Penalty | None:
    terms: list[Penalty] = []
    if alpha_l2:
        terms.append(L2(alpha_l2))
    if alpha_l1:
        terms.append(L1(alpha_l1))
    if alpha_l0:
        terms.append(L0(alpha_l0, beta))
    return Sum(*terms) if len(terms) > 1 else terms[0] if terms else None
