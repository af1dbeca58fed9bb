"""Rival methods, one readable module each, under one protocol (:mod:`~l0lib.compress.rivals.protocol`)."""

from __future__ import annotations

from collections.abc import Callable

from ..masks import Masks
from . import (
    before_training,
    gradual,
    hard_concrete,
    learning_compression,
    penalties,
    regrowth,
    rewinding,
    soft_thresholds,
    sparse_variational_dropout,
)
from .protocol import Plan

__all__ = ["RIVALS", "TRIALS", "Plan"]

#: Every method by its name.
RIVALS: dict[str, Callable[..., Masks]] = {
    **{kind: penalties.penalised(kind) for kind in penalties.PENALTIES},
    "gradual": gradual.gradual,
    "rate-rewinding": rewinding.rate_rewinding,
    "lottery-ticket": rewinding.lottery_ticket,
    "rigl": regrowth.rigl,
    "hard-concrete": hard_concrete.hard_concrete,
    "sparse-variational-dropout": sparse_variational_dropout.sparse_variational_dropout,
    "learning-compression": learning_compression.learning_compression,
    "soft-thresholds": soft_thresholds.soft_thresholds,
    **before_training.BEFORE_TRAINING,
}

#: The eight settings of each that a search tries, written down before any of them ran.
TRIALS: dict[str, tuple[dict[str, float], ...]] = {
    **penalties.TRIALS,
    "gradual": gradual.TRIALS,
    "rate-rewinding": rewinding.TRIALS,
    "lottery-ticket": rewinding.TRIALS,
    "rigl": regrowth.TRIALS,
    "hard-concrete": hard_concrete.TRIALS,
    "sparse-variational-dropout": sparse_variational_dropout.TRIALS,
    "learning-compression": learning_compression.TRIALS,
    "soft-thresholds": soft_thresholds.TRIALS,
    **dict.fromkeys(before_training.BEFORE_TRAINING, before_training.TRIALS),
}
