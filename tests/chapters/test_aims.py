"""Aims are met or not by what the records say, and by how much."""

import pytest

from l0lib.chapters import aims
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.results import results
from tests.made_up import record

DEEP, FEWER = (STUDIES[name].arms("full") for name in ("experiment-3", "experiment-6"))
SHORT, LONG = "resnet-20-dense", "longer-resnet-20-dense"


def deep(short, longer, pruned=()):
    made = [record(seed, what=DEEP[SHORT], dense=wrong) for seed, wrong in enumerate(short)]
    made += [record(seed, what=DEEP[LONG], dense=wrong) for seed, wrong in enumerate(longer)]
    return made + [record(seed, wrong, what=DEEP["resnet-20-NORM"], dense=900) for seed, wrong in enumerate(pruned)]


def told(runs, aim=9.0):
    return aims.longer_training(runs, results(runs), aim).splitlines()


def test_a_schedule_above_the_aim_is_told_with_its_distance():
    lines = told(deep((1000, 1100), (850,), (1200,)))
    assert lines[0].endswith(f"{DEEP[SHORT].training.epochs} epochs, 2 seeds: 10.50 %.")
    assert lines[1] == "  We had aimed at 9.0 %: 1.50 points above."
    assert lines[2].endswith("1 seed: 8.50 %.")
    assert lines[3] == "  We had aimed at 9.0 %: met."
    assert lines[4] == "The short schedule costs 2.00 points, and pruning 5x in it 1.50:"
    assert lines[5] == "  the pruned network is 3.50 points behind the longer training."


def test_what_is_missing_is_said_and_not_compared():
    assert told(deep((1000,), (), (1200,)))[2:] == ["dense, longer training: not recorded yet."]
    assert told([]) == ["dense: not recorded yet.", "dense, longer training: not recorded yet."]


@pytest.mark.parametrize(("wrong", "verdict"), [(640, "met on 3 seeds."), (700, "0.25 above on 3 seeds.")])
def test_a_saving_counts_where_no_weights_were_pruned_on_top(wrong, verdict):
    norm = FEWER["vgg-16-NORM"]
    runs = [record(seed, wrong, what=norm, dense=600) for seed in (0, 1, 2)]
    runs += [record(seed, what=FEWER[norm.dense_arm], dense=625) for seed in (0, 1, 2)]
    lines = aims.fewer_multiply_adds(runs, results(runs), share=42.7, increase=0.5).splitlines()
    mine = [(first, then) for first, then in zip(lines[::2], lines[1::2], strict=True) if first.startswith("NORM")]
    assert mine
    for first, then in mine:
        assert f"of the dense network, which had {norm.fine_tuning.epochs} epochs less." in first
        assert float(first.split(": ")[1].split(" %")[0]) >= 42.7
        assert "over 6.25 %" in first
        assert then == f"  We had aimed at 42.7 % and at most +0.5 points: {verdict}"
    assert aims.fewer_multiply_adds(runs, results(runs), share=99.9, increase=0.5) == ""
