"""Checks of the book's exercises: they return a verdict and never raise, so that an empty stub still runs."""

from __future__ import annotations

import ast
import html
import inspect
import textwrap
from dataclasses import dataclass
from typing import Any

from . import basics, formulas, networks, theory

#: From an exercise's number to a function that takes the reader's answer and yields a hint for each thing that is not
#: right yet; the first one is told.
CHECKS = basics.CHECKS | theory.CHECKS | networks.CHECKS | formulas.CHECKS
#: Those of them whose answer is a formula or a number, checked on the page too.
EXERCISES_ON_PAGE = formulas.EXERCISES
NOT_YET = "not answered yet: replace the dots by your own code and run the cell again"


@dataclass(frozen=True)
class Verdict:
    """What :func:`check` found: ``ok`` and a ``message`` in words."""

    exercise: str
    ok: bool
    message: str

    def __repr__(self) -> str:
        return f"Exercise {self.exercise}: {self.message}"

    def _repr_html_(self) -> str:
        kind = "right" if self.ok else "open"
        return f'<p class="verdict verdict-{kind}">{html.escape(repr(self))}</p>'


def check(exercise: str, answer: Any) -> Verdict:
    """Compare ``answer``, the reader's value or function, with what ``exercise`` asks for.

    ``exercise`` is a number as the chapter prints it, for example ``"4.1"``. An answer of ``...`` or ``None`` means
    that nothing was answered yet. There is a verdict, never an exception: an error in the reader's code becomes a hint
    that shows it.
    """
    if exercise not in CHECKS:
        return Verdict(str(exercise), False, "there is no check of this number")
    if answer is ... or answer is None or _is_stub(answer):
        return Verdict(exercise, False, NOT_YET)
    try:
        hint = next(iter(CHECKS[exercise](answer)), None)
    except Exception as error:  # whatever the reader's code raises is a hint for the reader
        hint = f"your code raised {type(error).__name__}: {error}"
    return Verdict(exercise, hint is None, "right." if hint is None else f"not yet: {hint}")


def _is_stub(answer) -> bool:
    """True for a function whose body is a docstring and dots."""
    if not inspect.isfunction(answer):
        return False
    try:
        function = ast.parse(textwrap.dedent(inspect.getsource(answer))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return False
    if not isinstance(function, ast.FunctionDef):
        return False
    return all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in function.body)
