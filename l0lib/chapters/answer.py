"""A question of the book and its answer in sentences, and what such sentences share."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..experiments import stored
from ..experiments.results import Result, results
from ..paper.compare import LESS, MORE, Comparison, span
from ..table import listed, signed


@dataclass(frozen=True)
class Answer:
    """A question and its answer in sentences, with the place in the book that asks it; displays as a box."""

    question: str
    place: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def __repr__(self) -> str:
        return f"{self.question} {self}"

    def _repr_html_(self) -> str:
        title, lead, rest = (
            html.escape(text, quote=False) for text in (self.question, self.sentences[0], " ".join(self.sentences[1:]))
        )
        told = f"<p><strong>{lead}</strong> {rest}</p>"
        return f'<div class="admonition note answer"><p class="admonition-title">{title}</p>{told}</div>'


def results_of(study: str, found: Iterable[Result] | None = None) -> list[Result]:
    """Return ``found`` as a list, or the stored results of a study."""
    return list(_stored(study) if found is None else found)


@functools.cache
def _stored(study: str) -> tuple[Result, ...]:
    return tuple(results(stored.runs(study)))


def told_at(comparisons: Iterable[Comparison]) -> str:
    """Return where comparisons stand: ``20×, 50× and 90×``."""
    return listed([one.place for one in comparisons])


def told_by(one: Comparison) -> str:
    """Return by how much two arms differ: ``1.15 points (+0.55 to +1.75)``."""
    return f"{abs(one.mean):.2f} points ({span(one.wide)})"


def told_apart(comparisons: Sequence[Comparison], first: str, second: str) -> list[str]:
    """Return where two arms are told apart: ``ℓ0 errs more than ℓ1 at 1200×, by 1.15 points (+0.55 to +1.75)``."""
    told = []
    for word in (LESS, MORE):
        those = [one for one in comparisons if one.verdict == word]
        if those:
            far = max(those, key=lambda one: abs(one.mean))
            most = f", most at {far.place}," if len(those) > 1 else ","
            told.append(f"{first} errs {word} than {second} at {told_at(those)}{most} by {told_by(far)}")
    return told


def told_seen(comparisons: Iterable[Comparison]) -> str:
    """Return differences that no verdict stands on: ``+0.12 points (−1.70 to +1.94) at 5×``."""
    return listed([f"{signed(one.mean)} points ({span(one.wide)}) at {one.place}" for one in comparisons])
