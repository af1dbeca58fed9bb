"""What each arm of the full studies runs with.

The values stand in ``chosen.json``. Those marked as tuned are the choice of a tuning on validation images, whose record
is in ``book/records/tuning/``; a test compares the two. The others were set by hand, before any run of theirs: the book
says so beside what they led to.
"""

from __future__ import annotations

import json
from importlib.resources import files

from .config import Frozen, Gradual, Teacher, Training


class Chosen(Frozen):
    """Settings of one arm."""

    tuned: bool
    training: Training
    fine_tuning: Training
    relu_after_pools: bool = False
    gradual: Gradual | None = None
    teacher: Teacher | None = None


def load() -> dict[str, Chosen]:
    """Return the settings by ``<study>/<arm>``; Experiment 1 names penalties in place of arms."""
    text = files(__package__).joinpath("chosen.json").read_text(encoding="utf-8")
    return {name: Chosen.model_validate(values) for name, values in json.loads(text).items()}


CHOSEN = load()


def of(study: str) -> dict[str, Chosen]:
    """Return the settings of one study by the arm's name."""
    return {name.removeprefix(f"{study}/"): chosen for name, chosen in CHOSEN.items() if name.startswith(f"{study}/")}
