"""Rival methods, one readable module each, under one protocol (:mod:`~l0lib.compress.rivals.protocol`)."""

from __future__ import annotations

from collections.abc import Callable

from ..masks import Masks
from .gradual import gradual
from .hard_concrete import hard_concrete
from .protocol import Plan
from .regrowth import rigl
from .rewinding import lottery_ticket, rate_rewinding
from .sparse_variational_dropout import sparse_variational_dropout

__all__ = ["RIVALS", "Plan"]

#: Every method by its name.
RIVALS: dict[str, Callable[..., Masks]] = {
    "gradual": gradual,
    "hard-concrete": hard_concrete,
    "lottery-ticket": lottery_ticket,
    "rate-rewinding": rate_rewinding,
    "rigl": rigl,
    "sparse-variational-dropout": sparse_variational_dropout,
}
