"""Chapter 1: the whole scheme, train, prune and fine-tune, on a linear model most of whose true weights are zero.

The explorer computes the same in the browser, from the same random numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..penalties import L0, L1, L2, Penalty
from ..playground import chance
from ..table import Table

#: Weights of the model; how many of them matter; examples to learn from.
WEIGHTS, RELEVANT, EXAMPLES = 100, 10, 70
#: Standard deviation of the noise on the targets, and of the first weights.
NOISE, FIRST = 0.5, 0.01
#: Learning rate, and the steps of training and of fine-tuning.
ETA, TRAINING, TUNING = 0.1, 200, 100
#: Sequences of random numbers of one seed, in the order of use (:mod:`l0lib.playground.chance`).
_SIGNS, _SIZES, _INPUTS, _NOISE, _FIRST = range(5)


@dataclass(frozen=True)
class Problem:
    """Noisy examples of a linear function: ``targets`` (n,) of ``inputs`` (n, weights), and the true weights."""

    truth: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """The weights of every step in training and in fine-tuning, (steps + 1, weights), and which of them are kept."""

    problem: Problem
    training: np.ndarray
    kept: np.ndarray
    tuning: np.ndarray

    @property
    def errors(self) -> tuple[float, float, float]:
        """The error once trained, just pruned, and fine-tuned (:func:`fresh_error`)."""
        trained, pruned, tuned = (
            fresh_error(self.problem, w) for w in (self.training[-1], self.tuning[0], self.tuning[-1])
        )
        return trained, pruned, tuned

    @property
    def found(self) -> int:
        """How many of the weights that matter are kept."""
        return int(np.count_nonzero(self.kept & (self.problem.truth != 0)))


def make_problem(seed: int) -> Problem:
    """Return the problem of ``seed``: the first ten weights have a sign and a size from 0.5 to 1.5, the rest are zero.

    Inputs are standard normal; the noise on the targets has the standard deviation :data:`NOISE`.
    """
    sign = np.where(chance.uniforms(seed, _SIGNS, RELEVANT) < 0.5, -1.0, 1.0)
    truth = np.zeros(WEIGHTS)
    truth[:RELEVANT] = sign * (0.5 + chance.uniforms(seed, _SIZES, RELEVANT))
    inputs = chance.normals(seed, _INPUTS, EXAMPLES * WEIGHTS).reshape(EXAMPLES, WEIGHTS)
    targets = inputs @ truth + NOISE * chance.normals(seed, _NOISE, EXAMPLES)
    return Problem(truth, inputs, targets, FIRST * chance.normals(seed, _FIRST, WEIGHTS))


def step(problem: Problem, penalty: Penalty, w: np.ndarray, mask: np.ndarray | float = 1.0) -> np.ndarray:
    r"""Return the weights after one gradient step on the penalised loss, within ``mask``.

    The loss is half the mean squared error, with the gradient :math:`X^\top(Xw - y)/n`.
    """
    gradient = problem.inputs.T @ (problem.inputs @ w - problem.targets) / len(problem.targets)
    return (w - ETA * (gradient + penalty.gradient(w))) * mask


def train(problem: Problem, penalty: Penalty, w: np.ndarray, steps: int, mask: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the weights before the first of ``steps`` steps and after each, (steps + 1, weights)."""
    path = [w]
    for _ in range(steps):
        path.append(step(problem, penalty, path[-1], mask))
    return np.array(path)


def prune(w: np.ndarray, ratio: float) -> np.ndarray:
    """Return a mask of the largest magnitudes, one weight in ``ratio``, rounded down; ties go to the earlier one.

    Raises
    ------
    ValueError
        If ``ratio`` is less than one.
    """
    if not ratio >= 1:
        raise ValueError(f"ratio must be at least 1; got {ratio!r}")
    kept = np.zeros(w.size, dtype=bool)
    kept[np.argsort(-np.abs(w), kind="stable")[: int(w.size // ratio)]] = True
    return kept


def run_scheme(problem: Problem, penalty: Penalty, ratio: float) -> Outcome:
    """Train with the penalty, prune, and fine-tune without it (as in :func:`prune`, a ValueError for the ratio)."""
    training = train(problem, penalty, problem.first, TRAINING)
    kept = prune(training[-1], ratio)
    tuning = train(problem, L2(0), training[-1] * kept, TUNING, kept)
    return Outcome(problem, training, kept, tuning)


def fresh_error(problem: Problem, w: np.ndarray) -> float:
    r"""Return the expected squared error on fresh data: :math:`\|w - w_\mathrm{true}\|^2 + \sigma^2`.

    For inputs are standard normal and independent of each other, and the noise of them.
    """
    return float(np.square(w - problem.truth).sum() + NOISE**2)


def choose(name: str, alpha: float, beta: float) -> Penalty:
    """Return the penalty ``"none"``, ``"l2"``, ``"l1"`` or ``"l0"`` with its factor and, for the last, sharpness."""
    return {"none": L2(0), "l2": L2(alpha), "l1": L1(alpha), "l0": L0(alpha, beta)}[name]


def compare(penalties: Mapping[str, Penalty], seeds: Iterable[int], ratio: float) -> Table:
    """Return a table of errors and of needed weights kept, over the problems of ``seeds``, a row for each penalty."""
    problems = [make_problem(seed) for seed in seeds]
    rows = []
    for name, penalty in penalties.items():
        outcomes = [run_scheme(problem, penalty, ratio) for problem in problems]
        errors = np.array([it.errors for it in outcomes])
        cells = [f"{m:.2f} ± {s:.2f}" for m, s in zip(errors.mean(axis=0), errors.std(axis=0, ddof=1), strict=True)]
        rows.append((name, *cells, f"{np.mean([it.found for it in outcomes]):.1f} of {RELEVANT}"))
    return Table(
        ("penalty", "trained", f"pruned {ratio:g}×", "fine-tuned", "needed, kept"),
        rows,
        caption=f"Mean squared error on fresh data, mean ± standard deviation of {len(problems)} problems "
        f"(the noise alone makes {NOISE**2:.2f})",
    )
