"""The hundred classes: their names, their superclasses, and what a network's answers say of each."""

import numpy as np
import pytest

from l0lib.chapters import classes
from l0lib.experiments import answers
from l0lib.experiments.records import Measured
from l0lib.figures import classes as figures
from tests.made_up import config, record

LABELS = classes.test_labels("cifar100")


def measured(answered):
    wrong = answered != LABELS
    text = answers.pack_answers(answered, LABELS, 100)
    return Measured(errors=int(wrong.sum()), images=len(LABELS), wrong=answers.pack(wrong), answered=text)


def number(name):
    return classes.NAMES["cifar100"].index(name)


def images_of(name):
    labels = classes.test_labels("cifar100")
    return np.flatnonzero(labels == number(name))


def test_twenty_superclasses_share_a_hundred_classes():
    assert [len(names) for names in classes.SUPERCLASSES.values()] == [5] * 20
    assert len(set(classes.NAMES["cifar100"])) == 100
    # the labels of the files are alphabetical: the first and the last, and some between
    for label, name in {0: "apple", 22: "clock", 47: "maple tree", 58: "pickup truck", 99: "worm"}.items():
        assert classes.NAMES["cifar100"][label] == name
    assert np.bincount(LABELS).tolist() == [100] * 100
    assert np.bincount(classes.superclass_of()).tolist() == [5] * 20


def test_wrong_answers_within_the_superclass_are_no_errors_of_it():
    answered = LABELS.astype(int).copy()
    oaks, roads = images_of("oak tree"), images_of("road")
    answered[oaks[:60]] = number("maple tree")
    answered[roads[:20]] = number("worm")
    answered[roads[20:30]] = -1
    told = classes.told(measured(answered))
    assert told.errors[number("oak tree")] == 60
    assert told.errors[number("road")] == 30
    assert told.fine == pytest.approx(0.9)
    assert told.within == pytest.approx(100 * 60 / 90)
    assert told.coarse == pytest.approx(0.3)


def test_a_network_without_errors_has_none_within():
    told = classes.told(measured(LABELS.astype(int)))
    assert (told.fine, told.coarse, told.within) == (0, 0, 0)


def test_classes_survive_whose_error_grew_least():
    before = LABELS.astype(int).copy()
    first = images_of("apple")
    before[first[:50]] = number("worm")  # bad before, and no worse after
    after = np.full_like(before, number("apple"))
    kept = {"worm", "whale", "wolf"}
    for name in kept:
        after[images_of(name)] = number(name)
    least, most = classes.surviving(classes.told(measured(before)), classes.told(measured(after)), 4)
    assert least[0] == "apple", "it got better"
    assert set(least[1:]) == kept
    assert not kept & set(most)
    assert len(most) == 4


def test_a_record_without_answers_is_refused():
    with pytest.raises(ValueError, match="measured must say what each image was taken for; got a record that is older"):
        classes.told(Measured(errors=1, images=10_000))


def pruned_to_tenth():
    """A record whose network, pruned to 10×, takes every worm for an apple and half of the oaks for maples."""
    answered = LABELS.astype(int).copy()
    answered[images_of("worm")] = number("apple")
    answered[images_of("oak tree")[:50]] = number("maple tree")
    plain = record(
        0, what=config(network="vgg-16", dataset="cifar100", ratios=[10], fine_tuned_ratios=[], fine_tuning=None)
    )
    (point,) = plain.points
    return plain.model_copy(
        update={
            "dense": measured(LABELS.astype(int)),
            "points": (point.model_copy(update={"measured": measured(answered)}),),
        }
    )


def test_the_words_name_what_was_lost_and_how_near_the_answers_lie():
    told = classes.in_words(pruned_to_tenth(), 10)
    assert told.startswith("Whole, the network errs on 0.0 % of the photographs; just pruned to 10×, on 1.5 %.")
    assert "Lost first: worm (0 to 100 %), oak tree (0 to 50 %)" in told
    assert "superclass the errors are 0.0 and 1.0 %" in told
    assert "0 % named a neighbour in the superclass before pruning and 33 % after it" in told


def test_without_such_a_record_the_words_say_so():
    missing = "No run on a hundred classes that tells its answers is on record yet."
    assert classes.in_words(None, 10) == missing
    assert classes.in_words(pruned_to_tenth(), 20) == missing, "nothing was measured there"
    assert classes.in_words(record(0), 90) == missing, "an older record"


def test_the_figure_shows_the_classes_that_the_words_name():
    one = pruned_to_tenth()
    before, after = classes.told(one.dense), classes.told(one.points[0].measured)
    (axis,) = figures.first_to_go(before, after, 3).axes
    names = [label.get_text() for label in axis.get_yticklabels()]
    least, most = classes.surviving(before, after, 3)
    assert names == [*least, *reversed(most)]
    rings, dots = (points.get_offsets() for points in axis.collections[1:])
    assert dict(zip(names, dots[:, 0], strict=True))["worm"] == 100
    assert (rings[:, 0] == 0).all()


def missing(shares):
    """Which test images of CIFAR-10 a network missed, packed: of each class the first ones, by the share named."""
    labels = classes.test_labels("cifar10")
    wrong = np.zeros(len(labels), bool)
    for label, share in enumerate(shares):
        wrong[np.flatnonzero(labels == label)[: round(1000 * share)]] = True
    return answers.pack(wrong)


@pytest.mark.parametrize(
    ("cost", "starts"),
    [([0.02] * 9 + [0.10], "No: "), ([0.02] * 9 + [0.025], "No difference is shown"), ([0.0] * 10, "No difference")],
)
def test_whether_pruning_costs_every_class_alike_turns_with_the_answers(cost, starts):
    before = [missing([0.1] * 10), missing([0.12] * 10)]
    after = [missing(0.1 + np.array(cost)), missing(0.12 + np.array(cost))]
    told = classes.cost_in_words(before, after, "cifar10")
    assert told.startswith(starts)
    assert f"most {'truck' if cost[-1] else 'airplane'} (+{100 * cost[-1]:.1f})" in told


def test_the_cost_of_classes_needs_pairs():
    with pytest.raises(ValueError, match="as many networks as before, one at least; got 1 and 2"):
        classes.cost_in_words([missing([0.1] * 10)] * 2, [missing([0.1] * 10)], "cifar10")
