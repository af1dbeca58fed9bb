"""Two networks image by image: who is wrong alone, and what is missing."""

import numpy as np
import pytest

from l0lib.chapters import classes
from l0lib.experiments import answers
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import Measured
from tests.made_up import record

ARMS = STUDIES["experiment-3"].arms("full")


def missed(*images):
    wrong = np.zeros(1000, dtype=bool)
    for some in images:
        wrong[some] = True
    return Measured(errors=int(wrong.sum()), images=1000, wrong=answers.pack(wrong))


def run(arm, seed, dense, tuned=None):
    its = record(seed, what=ARMS[f"resnet-20-{arm}"])
    points = tuple(p.model_copy(update={"measured": tuned}) for p in its.points if tuned and p.fine_tuned)
    return its.model_copy(update={"dense": dense, "points": points})


def test_each_network_stands_beside_the_dense_one_of_seed_0():
    dense = run("dense", 0, missed(slice(0, 100)))
    other = run("dense", 1, missed(slice(50, 170)))
    norm = run("NORM", 0, missed(slice(0, 90)), missed(slice(0, 110)))
    rows = classes.table_of_disagreement([norm, other, dense]).rows
    assert [row[0] for row in rows][:2] == ["dense, another seed", "NORM, not pruned"]
    assert all(row[0].endswith("×, fine-tuned") for row in rows[2:])
    assert rows[0][1:4] == ("7.0 %", "5.0 %", "+2.00")
    assert rows[1][1:4] == ("0.0 %", "1.0 %", "-1.00")
    assert rows[2][1:4] == ("1.0 %", "0.0 %", "+1.00")
    assert float(rows[0][4]) == pytest.approx(100 * ((0.12 - 0.02**2) / 1000) ** 0.5, abs=0.006)
    assert float(rows[0][5]) == pytest.approx(100 * (0.22 / 1000) ** 0.5, abs=0.006)


def test_without_the_dense_network_nothing_is_compared():
    norm = run("NORM", 0, missed(slice(0, 90)))
    for given in ([], [norm]):
        assert classes.table_of_disagreement(given).rows == (("not recorded yet", *["–"] * 5),)
