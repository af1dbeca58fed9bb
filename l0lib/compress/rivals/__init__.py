"""Rival methods, one readable module each, under one protocol (:mod:`~l0lib.compress.rivals.protocol`)."""

from __future__ import annotations

from collections.abc import Callable

from ..masks import Masks
from .before_training import BEFORE_TRAINING
from .gradual import gradual
from .learning_compression import learning_compression
from .penalties import PENALTIES, penalised
from .protocol import Plan
from .soft_thresholds import soft_thresholds

__all__ = ["RIVALS", "Plan"]

#: Every method by its name.
RIVALS: dict[str, Callable[..., Masks]] = {
    "gradual": gradual,
    **{kind: penalised(kind) for kind in PENALTIES},
    "learning-compression": learning_compression,
    "soft-thresholds": soft_thresholds,
    **BEFORE_TRAINING,
}
