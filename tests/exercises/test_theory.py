"""The checks of exercises on one weight know the right answer and the usual mistakes."""

import numpy as np
import pytest

from l0lib.exercises import check


def _factor(w, eta, alpha, beta):
    return 1 - eta * alpha * beta * np.exp(-beta * np.abs(w)) / np.abs(w)


def _half_bound(w, eta, beta):
    return abs(w) * np.exp(beta * abs(w)) / (eta * beta)


@pytest.mark.parametrize(("exercise", "answer"), [("4.1", _factor), ("4.2", _half_bound), ("4.3", 0.01 / (0.05 * 10))])
def test_the_right_answer_passes(exercise, answer):
    assert check(exercise, answer).ok


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        ("4.1", lambda w, eta, alpha, beta: 1 - eta * alpha * beta * np.exp(-beta * w) / w, "positive weights only"),
        ("4.1", lambda w, eta, alpha, beta: w * _factor(w, eta, alpha, beta), "divide by w"),
        ("4.1", lambda w, eta, alpha, beta: _factor(w, eta, alpha, 1), "not the factor of Eq. 15"),
        ("4.1", lambda w, eta, alpha, beta: 0.5, "as many factors"),
        ("4.2", lambda w, eta, beta: 2 * _half_bound(w, eta, beta), "the bound of Eq. 16"),
        ("4.2", lambda w, eta, beta: np.sign(w) * _half_bound(w, eta, beta), "never negative"),
        ("4.2", lambda w, eta, beta: 1.0, "not the largest such factor"),
        ("4.3", 0.2, "how does β enter"),
        ("4.3", 0.5, "width of the swing band"),
        ("4.3", 0.01, "a larger factor still works"),
    ],
)
def test_a_usual_mistake_gets_its_hint(exercise, answer, hint):
    verdict = check(exercise, answer)
    assert not verdict.ok
    assert hint in verdict.message
