"""The checks of the exercises on networks in brief know the right answers and name the usual slips."""

import math

import numpy as np
import pytest

from l0lib.exercises import check
from tests.exercises.test_near_misses import plain_interval, wilson

LOSS = -math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-1)))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("0.1", [[2, 0], [1, -2]]),
        ("0.2", (448, 388_800, 3600)),
        ("0.3", round(LOSS, 4)),
        ("0.4", (0.561, 1, 10)),
        ("0.5", wilson),
        ("0.6", (0.104, 0.496)),
        ("0.6", np.array([0.1037, 0.4963]).tolist()),
    ],
)
def test_the_right_answer_passes(exercise, answer):
    assert check(exercise, answer).ok, check(exercise, answer).message


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        ("0.1", [[3, 1], [2, -1]], "the bias is missing"),
        ("0.1", [[-4, -2], [-3, 0]], "turned round"),
        ("0.1", [[2, 0], [1, 0]], "what ReLU leaves"),
        ("0.1", [[2, 1], [0, -2]], "rows and columns"),
        ("0.1", [2, 0, 1, -2], "two places across"),
        ("0.1", [[2, 1], [1, -2]], "the sum in row 1, column 2 is not 1"),
        ("0.2", (432, 388_800, 3600), "has a bias too"),
        ("0.2", (160, 388_800, 3600), "each of the 3 channels"),
        ("0.2", (448, 442_368, 3600), "30 places across, not 32"),
        ("0.2", (448, 388_800, 14_400), "one number of four"),
        ("0.3", math.exp(-LOSS), "the probability of the right class"),
        ("0.3", LOSS / math.log(10), "the natural logarithm"),
        ("0.3", -LOSS, "mind the sign"),
        ("0.3", LOSS + 2, "the first class is the right one"),
        ("0.4", (0.3, 1, 10), "three steps of plain descent"),
        ("0.4", (0.0561, 1, 10), "enters whole"),
        ("0.4", (0.561, 0.1, 10), "m grows towards"),
        ("0.4", (0.561, 1, 1), "compare the long step"),
        ("0.5", lambda wrong, images: plain_interval(wrong / images, images), "that is the plain interval"),
        ("0.5", lambda wrong, images: wrong / images, "return a pair"),
        ("0.6", (0.161, 0.439), "2.776, not the normal 1.96"),
        ("0.6", (-0.139, 0.739), "divide by the root"),
        ("0.6", (0.124, 0.476), "divides by n - 1"),
        ("0.6", (-0.496, -0.104), "the first less the second"),
        ("0.6", (-0.397, 0.997), "share a seed"),
    ],
)
def test_a_usual_slip_is_named(exercise, answer, hint):
    verdict = check(exercise, answer)
    assert not verdict.ok
    assert hint in verdict.message
