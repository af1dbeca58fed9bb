"""What missing runs would take: counted once where they share a network, at the pace of those on record."""

import pytest

from l0lib.experiments import stored
from l0lib.experiments.arms import STUDIES
from tests.made_up import record

ARMS = STUDIES["experiment-3"].arms("full")


def test_epochs_after_the_training_are_those_of_every_ratio():
    norm, dense = ARMS["resnet-20-NORM"], ARMS["resnet-20-dense"]
    assert stored.tuning_epochs(norm) == 2 * norm.fine_tuning.epochs
    assert stored.tuning_epochs(dense) == 0
    scratch = STUDIES["experiment-6"].arms("full")["vgg-16-scratch"]
    assert stored.tuning_epochs(scratch) == 2 * (scratch.training.epochs + scratch.fine_tuning.epochs)


def test_the_pace_is_that_of_the_records():
    names = ("resnet-20-dense", "resnet-20-NORM", "resnet-20-l2")
    norm, others = ARMS["resnet-20-NORM"], {"device": "cuda"}
    runs = [record(0, what=ARMS[name]) for name in names] + [record(1, what=norm, origin=others)]
    # three runs of five seconds; the control begins with the dense network, which is there
    epochs = 2 * norm.training.epochs + 2 * stored.tuning_epochs(norm)
    work = epochs * 50_000 * stored.multiply_adds(norm)
    assert stored.rate(runs) == pytest.approx(15 / work)
    with pytest.raises(ValueError, match="given must hold a run of one thread of a CPU; got none"):
        stored.rate([record(0, what=norm, origin={"threads": 2})])


def test_embedded_images_set_no_pace():
    with pytest.raises(ValueError, match="given must hold a run of one thread of a CPU; got none"):
        stored.rate([record(0, what=STUDIES["experiment-3"].arms("fast")["resnet-20-NORM"])])


def test_a_study_has_the_pace_of_its_own_runs_where_they_can_be_timed(monkeypatch):
    norm = ARMS["resnet-20-NORM"]
    own, others = record(0, what=norm, origin={"seconds": 50}), record(0, what=norm)
    monkeypatch.setattr(
        stored, "runs", {"timed": [own], "none": [], "cuda": [record(0, what=norm, origin={"device": "cuda"})]}.get
    )
    assert stored.pace("timed", [others]) == stored.rate([own]) == pytest.approx(10 * stored.rate([others]))
    assert stored.pace("none", [others]) == stored.pace("cuda", [others]) == stored.rate([others])


def test_the_control_from_scratch_needs_the_whole_network_too():
    arms = STUDIES["experiment-6"].arms("full")
    (missing,) = stored.missing(
        "experiment-6", [record(0, what=arms[f"vgg-16-{way}"]) for way in ("NORM", "l2")], 1e-12
    )
    scratch = arms["vgg-16-scratch"]
    assert (missing.runs, missing.epochs) == (1, scratch.training.epochs + stored.tuning_epochs(scratch))


def test_a_shared_network_is_trained_once():
    there = [record(s, what=arm) for arm in ARMS.values() if arm.network == "resnet-20" for s in range(3)]
    (vgg,) = stored.missing("experiment-3", there, 1e-12)
    norm = ARMS["vgg-16-NORM"]
    # the dense network and the control share a training; NORM has its own; two arms are fine-tuned twice
    assert (vgg.network, vgg.runs) == ("vgg-16", 3)
    assert vgg.epochs == 2 * norm.training.epochs + 4 * norm.fine_tuning.epochs
    assert vgg.hours == pytest.approx(vgg.epochs * 50_000 * stored.multiply_adds(norm) * 1e-12 / 3600)
    there += [record(0, what=arm) for name, arm in ARMS.items() if name.startswith("vgg")]
    assert stored.missing("experiment-3", there, 1e-12) == []
