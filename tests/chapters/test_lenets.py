"""Tables of the chapters on LeNets, from records whose errors are known."""

import pytest

from l0lib.chapters import lenets
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.results import results
from tests.made_up import record

FIRST, SECOND, BEYOND = (STUDIES[name].arms("full") for name in ("experiment-1", "experiment-2", "beyond"))
SEEDS = (0, 1, 2)


def found(arms, errors, dense=100, seeds=SEEDS):
    return results(
        record(seed, wrong, what=arms[name], dense=dense) for name, wrong in errors.items() for seed in seeds
    )


def test_how_far_a_penalty_reaches_within_a_point():
    given = found(FIRST, {"l1-GP": 150, "l0-GP": 900})
    rows = {row[0]: row[1:] for row in lenets.table_of_reach(given, 1.0).rows}
    assert rows["ℓ2"] == ("not recorded yet", "not recorded yet")
    assert rows["smoothed ℓ0"] == ("none of those run", "none of those run")
    highest = max((r for r in given if r.penalty == "l1" and r.fine_tuned), key=lambda r: r.ratio)
    assert rows["ℓ1"][1] == f"{highest.ratio:.3g}×: 1.50 ± 0.00 (3) %"
    assert {cell for row in lenets.table_of_reach([], None).rows for cell in row[1:]} == {"not recorded yet"}


def test_small_runs_at_one_ratio_with_their_intervals():
    given = found(FIRST, {"l1-GP": 5000}, seeds=(0,))
    ratio = next(r.requested for r in given if r.fine_tuned)
    rows = {row[0]: row[1:] for row in lenets.table_of_live(given, ratio).rows}
    assert rows["ℓ1"][1] == "50.0 % (49.0–51.0)"
    assert rows["ℓ2"] == ("–", "–")
    assert lenets.table_of_live(given, ratio).caption.startswith(f"At {ratio:g}×, global")


@pytest.mark.parametrize(("wrong", "word"), [(100, "errs less than ℓ1"), (600, "errs more than ℓ1")])
def test_gradual_pruning_stands_beside_each_penalty(wrong, word):
    one_shot = found(FIRST, {"l1-GP": 300})
    ratios = tuple(sorted(r.requested for r in one_shot if r.fine_tuned and r.requested >= 50))
    gradual, shifted = (
        BEYOND[f"lenet-5-caffe-gradual{way}"].model_copy(update={"fine_tuned_ratios": ratios}) for way in ("", "-shift")
    )
    runs = [record(seed, wrong, what=gradual) for seed in SEEDS]
    rows = {row[0]: row[1:] for row in lenets.table_of_gradual(one_shot, runs).rows}
    assert word in rows["ℓ1"][1]
    assert rows["ℓ1"][0].count(" and ") == 1
    assert rows["smoothed ℓ0"] == ("–", "gradual pruning against smoothed ℓ0: not recorded yet.")
    others = [record(seed, wrong, what=shifted) for seed in SEEDS]
    assert lenets.table_of_gradual(one_shot, others).rows[1][1] == "–", "one-shot pruning had no shifted images"


def test_rows_of_the_paper_are_judged_by_error_and_by_loss():
    rows = lenets.table_of_printed(found(SECOND, {"lenet-300-100-NORM": 80, "lenet-300-100-SEP": 80}, dense=70)).rows
    assert [row[0] for row in rows] == ["Table 2", "Table 3", "Figure 5, by loss", "Figure 6, by loss"]
    assert rows[0][1] == "holds"
    assert rows[1][1:] == ("not yet", "not every row is recorded yet")


def test_strategies_and_fine_tuning_are_judged():
    given = found(SECOND, {"lenet-300-100-NORM": 400, "lenet-300-100-SEP": 200})
    rows = lenets.table_of_strategies(given).rows
    assert [row[1] for row in rows] == ["just pruned", "fine-tuned", "NORM", "SEP"] * 2
    small = [row for row in rows if row[0] == "LeNet-300-100"]
    assert {row[2] for row in small[:2]} == {"SEP is better than NORM"}
    turned = lenets.table_of_strategies(found(SECOND, {"lenet-300-100-NORM": 200, "lenet-300-100-SEP": 400})).rows
    assert (small[1][3], turned[1][3]) == ("holds", "does not hold")
    assert {row[3] for row in rows if row[0] == "LeNet-5-Caffe"} == {"not recorded yet"}


def test_what_departs_from_the_scheme_is_not_judged_as_the_scheme():
    arms = {"lenet-300-100-NORM": 300, "lenet-300-100-SEP": 300}
    plain = lenets.table_of_strategies(found(SECOND, arms)).rows
    assert lenets.table_of_strategies(found(SECOND, {"lenet-300-100-NORM-scratch": 900, **arms})).rows == plain
