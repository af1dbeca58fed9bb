"""Networks followed from just pruned to fine-tuned, in all and class by class."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from l0lib import figures
from l0lib.chapters import classes, recalibrated
from l0lib.experiments import answers, stored
from l0lib.experiments.records import Measured, RecordError

DATASET, IMAGES = "cifar10", 10_000


def measured(seed, rate):
    wrong = np.random.default_rng(seed).random(IMAGES) < rate
    return Measured(errors=int(wrong.sum()), images=IMAGES, wrong=answers.pack(wrong))


@pytest.fixture(scope="module")
def plain():
    """Two seeds of Experiment 3, as they are stored."""
    return [r for r in stored.runs("experiment-3") if r.config.arm in ("resnet-20-NORM", "resnet-20-dense")]


@pytest.fixture(scope="module")
def anew(plain):
    """As if new statistics left a tenth of what was wrong, plus 5 points; of NORM alone."""
    made = []
    for record in plain:
        if record.config.arm == "resnet-20-NORM":
            points = [
                p.model_copy(update={"measured": measured(i, 0.05 + 0.1 * p.measured.percent / 100)})
                for i, p in enumerate(record.points)
                if not p.fine_tuned
            ]
            whole = points[0].model_copy(update={"requested": 1.0, "measured": measured(99, 0.06)})
            made.append(record.model_copy(update={"points": (whole, *points)}))
    return made


def test_an_arm_is_followed_seed_by_seed_through_all_stages(plain, anew):
    (found,) = recalibrated.follow(plain, anew)
    assert found.arm == "resnet-20-NORM"
    seeds = tuple(sorted(r.seed for r in anew))
    assert found.seeds == seeds
    one = next(r for r in plain if (r.config.arm, r.seed) == (found.arm, seeds[-1]))
    assert found.mean("just pruned", 7.0) is None
    assert found.unpruned[-1] == one.dense
    for point in one.points:
        assert found.at["fine-tuned" if point.fine_tuned else "just pruned"][point.requested][-1] == point.measured
    assert set(found.at["statistics anew"]) == {1.0, *found.at["just pruned"]}


def test_the_share_of_the_gain_is_of_the_means(plain, anew):
    (found,) = recalibrated.follow(plain, anew)
    rows = recalibrated.table([found]).rows
    assert [row[1] for row in rows] == ["unpruned", "5×", "10×"]
    for row, ratio in zip(rows[1:], (5.0, 10.0), strict=True):
        a, b, c = (np.mean([m.percent for m in found.at[stage][ratio]]) for stage in recalibrated.STAGES)
        assert row[6] == f"{100 * (a - b) / (a - c):.0f} %"
        for cell, mean in zip(row[3:6], (a, b, c), strict=True):
            assert cell.startswith(f"{mean:.2f}")


def test_the_dense_network_is_fine_tuned_in_the_control(plain, anew):
    """Same training, another arm; with a seed missing there is no such stage."""
    norm = [r for r in plain if r.config.arm == "resnet-20-NORM"]
    control = [r.model_copy(update={"config": r.config.model_copy(update={"arm": "resnet-20-l2"})}) for r in norm]
    bare = [r.model_copy(update={"points": tuple(p for p in r.points if not p.fine_tuned)}) for r in norm]
    (found,) = recalibrated.follow([*bare, *control], anew)
    (same,) = recalibrated.follow(norm, anew)
    assert found.at == same.at
    (less,) = recalibrated.follow([*bare, *control[1:]], anew)
    assert less.at["fine-tuned"] == {}
    assert less.share(10.0) is None
    assert recalibrated.table([less]).rows[-1][5:] == ("–", "–")


def test_both_studies_must_begin_with_the_same_network(plain, anew):
    other = [r.model_copy(update={"dense": measured(1, 0.1)}) for r in anew]
    with pytest.raises(RecordError, match=r"resnet-20-NORM-full-test-seed-0 of .*: both must begin with the same"):
        recalibrated.follow(plain, other)
    norm = [r for r in plain if r.config.arm == "resnet-20-NORM"]
    control = [r.model_copy(update={"config": r.config.model_copy(update={"arm": "resnet-20-l2"}),
                                    "dense": measured(2, 0.1)}) for r in norm]  # fmt: skip
    bare = [r.model_copy(update={"points": tuple(p for p in r.points if not p.fine_tuned)}) for r in norm]
    with pytest.raises(RecordError, match="resnet-20-l2-full-test-seed-0 of"):
        recalibrated.follow([*bare, *control], anew)


def test_ratios_that_one_seed_lacks_are_left_out(plain, anew):
    fewer = [anew[0].model_copy(update={"points": anew[0].points[:-1]}), *anew[1:]]
    (found,) = recalibrated.follow(plain, fewer)
    assert anew[0].points[-1].requested not in found.at["statistics anew"]


def test_the_conclusion_follows_from_the_numbers(plain, anew):
    (found,) = recalibrated.follow(plain, anew)
    told = recalibrated.conclusion([found], 10.0)
    assert told.startswith(f"ResNet-20, NORM at 10× ({len(found.seeds)} seeds): fine-tuning gains ")
    assert f"new statistics alone {100 * found.share(10.0):.0f} % of that." in told
    assert recalibrated.conclusion([found], 7.0) == "Nothing to compare at 7× is on record yet."
    tiny = recalibrated.Followed(
        "x", (0,), (), {s: {5.0: (measured(i, 0.1),)} for i, s in enumerate(recalibrated.STAGES)}
    )
    assert tiny.share(5.0) is None, "a gain of less than a point is not shared out"


def test_one_seed_has_no_deviation_and_no_records_no_rows(plain, anew):
    (found,) = recalibrated.follow(plain, anew[:1])
    assert "±" not in str(recalibrated.table([found]).rows[1])
    assert recalibrated.table([]).rows == (("not recorded yet", *["–"] * 6),)
    assert recalibrated.follow(plain, []) == []


def test_errors_of_classes_are_those_of_their_images():
    labels = classes.test_labels(DATASET)
    assert np.bincount(labels).tolist() == [1000] * 10
    wrong = (labels == 3) & (np.arange(IMAGES) % 2 == 0)
    found = classes.errors([answers.pack(wrong), answers.pack(~wrong)], DATASET)
    assert found.shape == (2, 10)
    assert found[0].tolist() == [0] * 3 + [100 * wrong.sum() / 1000] + [0] * 6
    assert np.allclose(found.sum(0), 100)


def test_means_over_classes_are_the_errors_on_record(plain):
    for record in plain:
        (found,) = classes.errors([record.dense.wrong], DATASET)
        assert found.mean() == pytest.approx(record.dense.percent)


def test_labels_that_are_not_stored_or_altered_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="dataset must be one of mnist, cifar10, cifar100; got 'digits'"):
        classes.test_labels("digits")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "cifar10.txt").write_text("0123\n")
    monkeypatch.setattr(classes, "RECORDS", tmp_path)
    classes.test_labels.cache_clear()
    with pytest.raises(ValueError, match=r"cifar10.txt must have the SHA-256 cec8a24a"):
        classes.test_labels("cifar10")
    classes.test_labels.cache_clear()


def lines(axis):
    return {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}


def test_the_figure_has_a_line_for_each_stage(plain, anew):
    (found,) = recalibrated.follow(plain, anew)
    figure = figures.by_stage([found])
    drawn = lines(figure.axes[0])
    assert set(drawn) == {*recalibrated.STAGES, "unpruned"}
    at = found.at["statistics anew"]
    assert list(drawn["statistics anew"].get_xdata()) == sorted(ratio for ratio in at if ratio > 1)
    assert drawn["statistics anew"].get_ydata()[0] == np.mean([m.percent for m in at[min(r for r in at if r > 1)]])
    plt.close(figure)
    empty = figures.by_stage([])
    assert empty.axes[0].texts[0].get_text() == "no runs recorded yet"
    plt.close(empty)


def test_the_figure_of_classes_has_a_mark_for_each_stage_and_class(plain, anew):
    (found,) = recalibrated.follow(plain, anew)
    figure = figures.by_class(found, 10.0, DATASET)
    drawn = lines(figure.axes[0])
    assert list(drawn) == ["unpruned", *recalibrated.STAGES]
    assert figure.axes[0].get_title() == f"ResNet-20, NORM, 10×, {len(found.seeds)} seeds, stored"
    low, high = figure.axes[0].get_ylim()
    assert low < 0 < 100 < high, "a class without errors, and one of errors alone, have their marks"
    want = classes.errors([m.wrong for m in found.at["fine-tuned"][10.0]], DATASET).mean(0)
    assert drawn["fine-tuned"].get_ydata().tolist() == want.tolist()
    plt.close(figure)
    blind = recalibrated.Followed("x", (0,), (Measured(errors=1, images=IMAGES),), {})
    with pytest.raises(ValueError, match="the records of x must say which images were missed"):
        figures.by_class(blind, 10.0, DATASET)
