"""Rival methods, one readable module each, under one protocol (:mod:`~l0lib.compress.rivals.protocol`)."""

from __future__ import annotations

from collections.abc import Callable

from ..masks import Masks
from . import gradual
from .protocol import Plan

__all__ = ["RIVALS", "TRIALS", "Plan"]

#: Every method by its name.
RIVALS: dict[str, Callable[..., Masks]] = {"gradual": gradual.gradual}
#: The eight settings of each that a search tries.
TRIALS: dict[str, tuple[dict[str, float], ...]] = {"gradual": gradual.TRIALS}
