"""Rival methods, one readable module each, under one protocol (:mod:`~l0lib.compress.rivals.protocol`)."""

from __future__ import annotations

from collections.abc import Callable

from ..masks import Masks
<<<<<<< HEAD
from . import gradual
=======
from .before_training import BEFORE_TRAINING
from .gradual import gradual
from .learning_compression import learning_compression
from .penalties import PENALTIES, penalised
>>>>>>> 6ac629c41d534d7aa5e563e972c0256c3446ba75
from .protocol import Plan
from .soft_thresholds import soft_thresholds

__all__ = ["RIVALS", "TRIALS", "Plan"]

#: Every method by its name.
<<<<<<< HEAD
RIVALS: dict[str, Callable[..., Masks]] = {"gradual": gradual.gradual}
#: The eight settings of each that a search tries.
TRIALS: dict[str, tuple[dict[str, float], ...]] = {"gradual": gradual.TRIALS}
=======
RIVALS: dict[str, Callable[..., Masks]] = {
    "gradual": gradual,
    **{kind: penalised(kind) for kind in PENALTIES},
    "learning-compression": learning_compression,
    "soft-thresholds": soft_thresholds,
    **BEFORE_TRAINING,
}
>>>>>>> 6ac629c41d534d7aa5e563e972c0256c3446ba75
