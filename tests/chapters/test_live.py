"""The experiments in small: the same arms, louder penalties, trained once where only the pruning differs."""

import pytest

from l0lib.chapters import live
from l0lib.experiments.arms import STUDIES
from tests.made_up import record


@pytest.mark.parametrize("study", ["experiment-1", "experiment-2"])
def test_penalties_grow_alike_and_nothing_else_of_them_changes(study):
    arms = getattr(live, study.replace("-", "_"))("fast")
    for name, small in arms.items():
        given, louder = STUDIES[study].arms("fast")[name].training.penalty, small.training.penalty
        assert (louder.strategy, louder.power, louder.beta) == (given.strategy, given.power, given.beta)
        for factor in ("alpha_l2", "alpha_l1", "alpha_l0"):
            assert getattr(louder, factor) == pytest.approx(live.LOUDER[study] * getattr(given, factor))
        for one, other in zip(louder.alpha_l0_by_layer, given.alpha_l0_by_layer, strict=True):
            assert one == pytest.approx(live.LOUDER[study] * other)
        assert small.profile == "fast"
        assert small.dataset == "digits"


def test_arms_that_differ_in_pruning_share_their_training():
    arms = live.experiment_1("fast")
    assert len(arms) == 12
    for penalty in ("l2", "l1", "l0", "l2+l0"):
        assert len({arms[f"{penalty}-{how}"].unpruned.digest() for how in ("GP", "LP", "RP")}) == 1


@pytest.mark.parametrize("study", ["experiment-1", "experiment-2"])
def test_the_full_profile_is_the_study_itself(study):
    assert getattr(live, study.replace("-", "_"))("full") == dict(STUDIES[study].arms("full"))


def test_small_runs_leave_nothing(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "l0lib.experiments.run.run", lambda config, seed, folder: asked.append((config.arm, seed, folder))
    )
    monkeypatch.chdir(tmp_path)
    live.make(live.experiment_2("fast"), seeds=(0, 1))
    assert [(arm, seed) for arm, seed, _ in asked] == [
        (arm, seed) for seed in (0, 1) for arm in live.experiment_2("fast")
    ]
    assert not asked[0][2].exists()
    assert list(tmp_path.iterdir()) == []
    live.make({"a": next(iter(live.experiment_1("full").values()))})
    assert str(asked[-1][2]) == "runs", "full runs are kept, to go on where they were cut off"


def test_pruned_networks_of_small_runs_stand_with_their_intervals():
    made = [record(0, 30, dense=20, images=100)]
    table = live.table(made, "A network")
    assert table.headers == ("arm", "ratio", "fine-tuned", "error", "95 % interval")
    assert [row[:4] for row in table.rows] == [
        ("NORM", "10×", "no", "40 %"),
        ("NORM", "90×", "no", "40 %"),
        ("NORM", "90×", "yes", "30 %"),
    ]
    assert table.rows[-1][4] == "22 to 40 %", "Wilson's"
    assert table.caption.startswith("A network on 60000 photographs, tested on 100. Computed now;")


def test_where_neurons_were_removed_their_share_stands_instead():
    what = STUDIES["experiment-6"].arms("full")["vgg-16-NORM"]
    one = record(0, 30, what=what, dense=20, images=100)
    table = live.table([one], "Neurons")
    assert table.headers[1:4] == ("removed", "multiply-adds", "ratio")
    gone = [p for p in one.points if p.removed]
    assert gone
    row = table.rows[one.points.index(gone[0])]
    assert row[1:3] == (f"{100 * gone[0].removed.share:.0f} %", f"{gone[0].removed.multiply_adds:,}")
