"""What came of a prediction: each sentence says the opposite where the numbers do."""

from dataclasses import dataclass

import numpy as np
import pytest

from l0lib.chapters import alpha_beta_map as maps
from l0lib.chapters import predicted
from l0lib.compress.storage import Size
from l0lib.experiments import stored


@pytest.mark.parametrize(
    ("others", "word"),
    [
        ((0.00001, 0.00005), "as good as nothing: 0.005 % at most"),
        ((0.02, 0.01), "less: 2.0 %"),
        ((0.2, 0.1), "no less"),
    ],
)
def test_weights_that_no_loss_holds(others, word):
    told = predicted.left_of_the_start({"l2": 0.075, "l1": others[0], "l0": others[1]}, 0.085)
    assert told.startswith("Under ℓ2 7.5 % of the first magnitude is left, where theory says 8.5 %.")
    assert f"ℓ1 and smoothed ℓ0 leave {word}" in told


def curves(**errors):
    """Errors at 20x and 50x, with intervals of two points to either side."""
    return {
        name.replace("_", "+"): {
            "ratio": np.array([20.0, 50.0]),
            "mean": np.array([0.0, at]),
            "low": np.array([0.0, at - 0.02]),
            "high": np.array([0.0, at + 0.02]),
        }
        for name, at in errors.items()
    }


@pytest.mark.parametrize(
    ("l1", "verdict"),
    [(0.06, "overlap, so this test shows no gap"), (0.2, "do not overlap: ℓ1 falls behind"), (0.01, "ℓ1 is ahead")],
)
def test_who_suffers_most(l1, verdict):
    told = predicted.suffers_most(curves(l2=0.32, l1=l1, l0=0.066, l2_l0=0.065), 50)
    assert told.startswith("Just pruned 50×, ℓ2 errs most, on 32.0 %. ℓ1 on ")
    assert told.endswith(f"{verdict}.")


def test_the_worst_is_named_whoever_it_is_and_doubted_where_it_is_not_alone():
    told = predicted.suffers_most(curves(l2=0.05, l1=0.06, l0=0.07), 50)
    assert told.startswith("Just pruned 50×, smoothed ℓ0 errs most, on 7.0 %, though its interval overlaps another.")


@pytest.mark.parametrize(
    ("cut", "side"),
    [
        (-1.5, "right of the valley."),
        (-3.5, "left of the valley."),
        (-2.5, "in the valley itself."),
    ],
)
def test_the_cut_beside_the_valley(cut, side):
    counts = [10, 90, 30, 2, 8, 20, 1]  # from 1e-6 up, a decade each; emptiest from 1e-3 to 1e-2
    told = predicted.valley(counts, range(-6, 2), 10.0**cut, 50)
    assert "The valley between the two groups is emptiest at 0.0032" in told
    assert side in told


def test_one_group_has_no_valley():
    told = predicted.valley([1, 5, 20, 30, 12, 3], range(-6, 1), 10.0**-2.5, 50)
    assert told.startswith("36.6 % of the weights end below the cut of 50×")
    assert told.endswith("There is one group, and the cut goes through it.")


def test_up_to_where_pruning_costs_nothing():
    before = {1: 0.07, 50: 0.075, 100: 0.079, 200: 0.15}
    told = predicted.costs_nothing(before, {200: 0.08}, 0.07, 200)
    assert "stays within a point of that up to 100×" in told
    assert told.endswith("At 200× it errs on 15.0 %, fine-tuned on 8.0 %: 88 % of what was lost is back.")
    assert "at no ratio" in predicted.costs_nothing({1: 0.07, 2: 0.5}, {2: 0.6}, 0.07, 2)
    assert predicted.costs_nothing({1: 0.07, 2: 0.5}, {2: 0.6}, 0.07, 2).endswith("nothing is won back.")
    assert predicted.costs_nothing({1: 0.07, 2: 0.07}, {2: 0.06}, 0.07, 2).endswith("nothing to win back.")


def test_a_ratio_behind_a_bad_one_is_not_free():
    told = predicted.costs_nothing({1: 0.07, 10: 0.2, 20: 0.07, 50: 0.3}, {50: 0.1}, 0.07, 50)
    assert "at no ratio" in told


def test_files():
    sizes = [
        Size("dense", "lzma", 25),
        Size("csr", "none", 40),
        Size("csr", "lzma", 21),
        Size("bitmap", "none", 50),
        Size("bitmap", "lzma", 20),
    ]
    told = predicted.file_sizes(sizes, 1000, 52.8)
    assert "smaller by 25× as CSR and 20× as a bitmap without entropy coding, and by 50× with lzma" in told
    assert told.endswith("lzma makes the dense file, zeros and all, 40× smaller.")
    assert predicted.stored_file(100, 93).endswith("93 % of the ratio: the rest is the price of the places.")
    assert predicted.stored_file(100, 120).endswith("more than the parameters.")


@dataclass
class Timed:
    speedup: float


@dataclass
class Measured:
    sparsity: float
    timings: dict


@pytest.mark.parametrize(
    ("speeds", "told"),
    [
        ((0.5, 0.25), "was slower in every case, 2 to 4 times as slow as the dense one. It was faster from 90 %"),
        ((1.5, 2.0), "was faster in every case, 1.5 to 2 times. It was faster from 50 %"),
        ((0.5, 2.0), "was faster in some cases and slower in others, 0.5 to 2 times as fast. It was faster from 50 %"),
    ],
)
def test_half_zero(speeds, told):
    rows = [
        Measured(0.5, {"a": Timed(speeds[0]), "b": Timed(speeds[1])}),
        Measured(0.9, {"a": Timed(3), "b": Timed(1)}),
    ]
    assert f"With 50 % zeros a sparse product {told} zeros on at the earliest." in predicted.half_zero(
        {1: rows}, {"a": "A", "b": "B"}
    )


def test_half_zero_may_pay_nowhere():
    rows = [Measured(0.5, {"a": Timed(0.5)}), Measured(0.9, {"a": Timed(0.9)})]
    assert predicted.half_zero({1: rows}, {"a": "A"}).endswith("It was faster nowhere.")


@pytest.mark.parametrize(
    ("tuned", "end"),
    [
        (0.995, "On this task fine-tuning repairs what pruning broke."),
        (0.93, "Fine-tuning repairs 50 % of the gap, and a gap remains."),
    ],
)
def test_what_fine_tuning_repairs(tuned, end):
    told = predicted.repaired({"l2": 0.85, "l2+l0": 0.99}, {"l2": tuned, "l2+l0": 1.0}, 6.31)
    assert told.startswith("Just pruned 6.31×, ℓ2 is 14.0 points behind ℓ2 + ℓ0; fine-tuned,")
    assert told.endswith(end)
    assert predicted.repaired({"l2": 0.99, "l2+l0": 0.99}, {"l2": 1, "l2+l0": 1}, 2).endswith("no gap to repair.")


def test_the_best_of_each():
    told = predicted.best_of_each({"l1": {0.1: 0.5, 0.01: 0.992}, "l0": {0.1: 0.991, 0.01: 0.9}}, 10)
    assert told.startswith("At 10× the best of each keeps ℓ1 99.2 % (α = 0.01) and smoothed ℓ0 99.1 % (α = 0.1): no")
    told = predicted.best_of_each({"l1": {0.1: 0.5}, "l0": {0.1: 0.991}}, 10)
    assert told.endswith("smoothed ℓ0 keeps more, by 49.1 points.")


def test_when_the_product_says_it():
    meets, fewer = (0.6, 0.8, 0.7, 0.75), (0.9, 0.95, 0.7, 0.8)
    assert predicted.product_says_it([meets]).endswith("meet in 1. Here the product says it all.")
    told = predicted.product_says_it([meets, fewer])
    assert "Of 2 half decades" in told
    assert told.endswith("In 1 a large β leaves fewer dead: there the product does not say it all.")
    assert predicted.product_says_it([]) == "Not recorded yet."


def test_dead_weights_by_product_are_those_of_the_table():
    data = maps.table(stored.runs(maps.STUDY))
    rows = maps.dead_by_product(data)
    table = maps.by_product(data, 20).rows
    assert len(rows) == sum(row[2] != "–" and row[5] != "–" for row in table)
    shown = [f"{100 * low:.1f} to {100 * high:.1f}" for low, high, _, _ in rows]
    assert set(shown) <= {row[2] for row in table}


def test_what_is_told_apart():
    near = {"one": (0.127, (0.108, 0.149)), "two": (0.108, (0.09, 0.129))}
    assert predicted.apart(near) == "one 12.7 % and two 10.8 %: the intervals overlap, and none is told apart."
    far = near | {"three": (0.05, (0.04, 0.06))}
    assert predicted.apart(far).endswith(
        ": three errs less than one and three errs less than two, beyond their intervals."
    )
