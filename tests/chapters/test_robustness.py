"""What records tell of changed digits and of confidence: grouped rightly, compared by the rule, said in words."""

import pytest

from l0lib.chapters import in_words, robustness
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import Measured
from l0lib.figures.robustness import robustness as figure
from tests.made_up import record

ARMS = STUDIES["experiment-2"].arms("full")
SEEDS = (0, 1, 2)


def measured(errors, changed, confidence=0.9):
    """Of 10,000 digits ``errors`` wrong, ``changed`` on each kind of changed ones, all with one confidence."""
    bins = [{"images": 0, "right": 0, "confidence": 0}] * 9
    full = {"images": 10_000, "right": 10_000 - errors, "confidence": confidence}
    return Measured(
        errors=errors,
        images=10_000,
        cross_entropy=0.1,
        calibration=(*bins, full),
        changed=dict.fromkeys(robustness.WAYS, changed),
    )


def runs(levels, seeds=SEEDS):
    """Records of arms of LeNet-300-100: errors on changed digits, a few more with each seed; 200 on unchanged ones."""
    found = []
    for name, changed in levels.items():
        for seed in seeds:
            made = record(seed, 200, what=ARMS[f"lenet-300-100-{name}"])
            its = measured(200, changed + 3 * seed)
            points = tuple(point.model_copy(update={"measured": its}) for point in made.points)
            found.append(made.model_copy(update={"dense": its, "points": points}))
    return found


def test_the_dense_network_comes_first_and_then_each_arm_by_ratio():
    found = robustness.networks(runs({"NORM": 900, "l2": 1500, "dense": 700}))
    assert (found[0].arm, found[0].ratio, len(found[0].measured)) == ("lenet-300-100-dense", 1, 3)
    norm = [one.ratio for one in found if one.arm == "lenet-300-100-NORM"]
    assert norm == [20, 50, 90, 96, 120, 150]
    assert 1 not in [one.ratio for one in found if one.arm == "lenet-300-100-l2"], "fine-tuned without pruning"


def test_errors_and_calibration_are_those_of_the_records():
    one = robustness.networks(runs({"NORM": 900}, seeds=(0, 1)))[0]
    assert one.errors() == [2.0, 2.0]
    assert one.errors("noisy") == pytest.approx([9.0, 9.03])
    assert one.calibration_error == pytest.approx([8.0, 8.0]), "0.98 right where 0.9 was said"
    assert one.cross_entropy == [0.1, 0.1]


def test_records_that_tell_nothing_of_changed_digits_are_left_out():
    old = record(0, 200, what=ARMS["lenet-300-100-NORM"])
    assert robustness.networks([old]) == []
    assert robustness.on_changed([old], "noisy") == []
    assert robustness.table([old]).rows[0][0] == "not recorded yet"
    assert figure([]).axes


def test_no_such_change_is_refused():
    with pytest.raises(ValueError, match="how must be one of shifted, rotated, noisy; got 'blurred'"):
        robustness.on_changed([], "blurred")


def test_errors_on_changed_digits_are_compared_where_the_dense_ones_are_too():
    given = runs({"NORM": 900, "l2": 1500, "dense": 700})
    (one, *_) = [r for r in robustness.on_changed(given, "rotated") if r.requested == 90 and "NORM" in r.arm]
    assert one.increases == pytest.approx([2.0, 2.0, 2.0])
    both = robustness.against(given, "rotated", "lenet-300-100-NORM", "lenet-300-100-l2")
    assert {c.verdict for c in both} == {"less"}
    low, high = both[0].wide
    # no record says which of the changed digits were missed: the deviation is the largest that the errors allow
    assert high - low == pytest.approx(2 * 1.96 * 100 * ((0.0903 + 0.1503) / 10_000) ** 0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("norm", "dense", "starts"),
    [
        (1200, 700, "No: at 90×, fine-tuned, NORM errs more than the dense network on shifted, rotated and noisy"),
        (705, 700, "No harm is shown"),
        (300, 700, "No harm is shown"),
    ],
)
def test_the_answer_turns_with_the_records(norm, dense, starts):
    told = in_words.robust(runs({"dense": dense, "NORM": norm, "l2": 1500}))
    assert told.sentences[0].startswith(starts)
    assert ("It errs less on" in str(told)) == (norm == 300)
    assert "NORM errs less at 18 of 18" in str(told).replace(", more at 0, not told apart at 0", "")


def test_a_dense_network_treated_alike_comes_before_one_of_fewer_epochs():
    told = str(in_words.robust(runs({"dense": 1300, "dense-tuned": 700, "NORM": 1200})))
    assert told.startswith("No: at 90×, fine-tuned, NORM errs more than the dense network of as many epochs")
    assert "shifted 12.03 and 7.03" in told
    assert "that of the dense network 8.00, and of one with fewer epochs and no search 8.00." in told


def test_networks_without_a_common_seed_are_not_compared():
    dense, pruned = robustness.networks(runs({"dense": 700}, seeds=(0,)) + runs({"NORM": 900}, seeds=(1,)))[:2]
    given = runs({"NORM": 900}, seeds=(1,))
    assert robustness.over_dense(given, "noisy", pruned, dense) is None
    assert robustness.over_dense([], "noisy", pruned, dense) is None


def test_too_few_seeds_and_no_records():
    told = in_words.robust(runs({"dense": 700, "NORM": 1200}, seeds=(0,)))
    assert told.sentences[0] == "Too few runs for a verdict: 1 seed."
    assert str(in_words.robust([])) == "Not recorded yet."


def test_the_figure_has_a_line_for_each_arm_and_a_level_for_the_dense_network():
    drawn = figure(robustness.networks(runs({"dense": 700, "NORM": 900, "l2": 1500})))
    corner = drawn.axes[-1]
    names = [text.get_text() for text in corner.get_legend().get_texts()]
    assert names == ["dense", "NORM", "ℓ2 alone"]
    assert corner.get_title() == ""
    for axis in drawn.axes[:5]:
        low, high = axis.get_ylim()
        heights = [y for line in axis.get_lines() for y in line.get_ydata()]
        assert low == 0 < min(heights), axis.get_title()
        assert max(heights) <= high < 2 * max(heights), axis.get_title()
