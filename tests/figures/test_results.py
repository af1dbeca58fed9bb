"""The figures on records draw what is there, and name what is not."""

import io

import pytest

from l0lib import figures
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.results import results
from l0lib.figures._style import TEAL
from l0lib.paper import compare as readings
from l0lib.paper.tables import TABLES
from l0lib.widgets.ratio import pack
from tests.made_up import config, record
from tests.widgets import stored_runs


def drawn(figure):
    """The figure as SVG text: drawing it must not fail."""
    target = io.StringIO()
    figure.savefig(target, format="svg")
    return target.getvalue()


def words(figure):
    return " ".join(text.get_text() for axis in figure.axes for text in axis.texts)


FOUND = results(stored_runs.experiment_1())


@pytest.mark.parametrize("fine_tuned", [False, True])
def test_by_pruning(fine_tuned):
    figure = figures.by_pruning(FOUND, fine_tuned=fine_tuned, dense=0.9)
    drawn(figure)
    assert [axis.get_title() for axis in figure.axes] == ["global (GP)", "layerwise (LP)", "random (RP)"]
    assert not figure.axes[0].texts
    assert figure.axes[2].texts[0].get_text().startswith("not recorded yet:\nℓ2")
    means = [line for line in figure.axes[0].lines if line.get_label() == "smoothed ℓ0"]
    ours = readings.select(FOUND, penalty="l0", pruning="GP", fine_tuned=fine_tuned)
    assert list(means[0].get_ydata()) == [r.test_error_mean for r in ours]


def test_no_records_at_all():
    drawn(figures.by_pruning([], fine_tuned=False))
    assert "no runs recorded yet" in words(figures.trade_off([], TABLES[2]))
    assert "not recorded yet" in words(figures.differences({"none": []}))
    drawn(figures.differences({}))
    assert "not recorded yet" in words(figures.energy({}))


@pytest.mark.parametrize(("number", "network"), [(2, "lenet-300-100"), (3, "lenet-5-caffe")])
def test_trade_off_stands_among_the_published_values(number, network):
    runs = [
        stored_runs.run(f"{network}-{how}", seed, network, experiment="experiment-2", dense_arm="")
        for how in ("NORM", "SEP")
        for seed in (0, 1)
    ]
    figure = figures.trade_off(results(runs), TABLES[number], dense=0.8)
    drawn(figure)
    named = words(figure)
    for row in TABLES[number].rows:
        assert row.error is None or row.method in named
    assert {line.get_label() for line in figure.axes[0].lines} >= {"NORM, just pruned", "SEP, fine-tuned"}


def test_differences_have_the_colour_of_their_verdict():
    l0, l1 = (readings.select(FOUND, penalty=name, pruning="GP", fine_tuned=True) for name in ("l0", "l1"))
    figure = figures.differences({"ℓ0 less ℓ1": readings.pairs(l0, l1)})
    drawn(figure)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_color() for line in marks] == [TEAL] * 2


def test_one_ratio_in_full():
    stored = pack(stored_runs.experiment_1(), ("penalty", "pruning"))
    arm = stored["arms"][0]
    at = {stage: {key: column[0] for key, column in arm[stage].items()} for stage in ("before", "after")}
    figure = figures.compression_ratio(stored, {"arm": arm, "asked": 2, **at}, "after")
    drawn(figure)
    assert [text.get_text() for text in figure.axes[1].get_yticklabels()] == [
        "output",
        "hidden",
        "convolution2",
        "convolution1",
    ]
    drawn(figures.energy({"l0": [(0.1, 0.5), (1.0, 1.0)]}))


def test_figures_need_no_pyplot():
    import subprocess
    import sys

    code = "import sys, l0lib.figures.results; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_by_arm():
    sweep = STUDIES["experiment-4"].arms("full")
    arms = [name for name in sweep if name.startswith("cifar10-")]
    found = results([record(0, 900, what=sweep[arm]) for arm in arms])
    figure = figures.by_arm(found, dense=8.0)
    drawn(figure)
    (axis,) = figure.axes
    shown = [text.get_text() for text in axis.get_legend().get_texts()]
    assert shown == ["without ℓ0", "α₀ = 4·10⁻⁶", "α₀ = 10⁻⁵", "α₀ = 2·10⁻⁵", "unpruned"]
    tuned = STUDIES["experiment-3"].arms("full")["resnet-20-NORM"]
    (axis,) = figures.by_arm(results([record(seed, 900, what=tuned) for seed in (0, 1)])).axes
    labels = [line.get_label() for line in axis.lines if not line.get_label().startswith("_")]
    assert labels == ["NORM, fine-tuned", "NORM"]


def looks(axis):
    named = [line for line in axis.lines if not line.get_label().startswith("_")]
    return {line.get_label(): (line.get_color(), line.get_marker()) for line in named}


def test_an_arm_has_its_look_whatever_stands_beside_it():
    arms = STUDIES["experiment-3"].arms("full")

    def drawn_of(*names):
        (axis,) = figures.by_arm(results([record(0, 900, what=arms[name]) for name in names])).axes
        return looks(axis)

    small = drawn_of("resnet-20-NORM", "resnet-20-SEP", "resnet-20-dense", "resnet-20-l2")
    large = drawn_of("vgg-16-dense", "vgg-16-NORM", "vgg-16-l2")
    for kind in ("NORM", "dense"):
        assert small[kind] == large[kind]
    assert small["ℓ2 alone, fine-tuned"] == small["dense"]
    assert len(set(small.values())) == 3
    assert small["NORM"][0] == small["SEP"][0] == figures.PENALTY_STYLE["l2+l0"]["color"]
    assert small["dense"][0] == figures.PENALTY_STYLE["l2"]["color"]
    sweep = STUDIES["experiment-5"].arms("full")
    seven = [record(0, 900, what=arm) for arm in sweep.values() if arm.network == "resnet-20"]
    (axis,) = figures.by_arm(results(seven)).axes
    assert len(set(looks(axis).values())) == 7


def test_by_arm_takes_as_many_as_can_be_told_apart():
    found = results([record(0, what=config(arm=f"arm-{place}")) for place in range(8)])
    with pytest.raises(ValueError, match="found must be results of at most 7 arms; got 8"):
        figures.by_arm(found)
    assert "no runs recorded yet" in words(figures.by_arm([]))


def test_errors_against_the_share_removed_have_a_line_each():
    (axes,) = figures.error_against_share([0, 0.5], {"a": [1, 2], "b": [3, 4]}).axes
    assert [line.get_label() for line in axes.lines] == ["a", "b"]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 2], [3, 4]]
    assert list(axes.lines[0].get_xdata()) == [0, 50]


def test_a_line_without_a_style_is_refused():
    with pytest.raises(ValueError, match="lines must hold at most 4 lines; got 5: a, b, c, d, e"):
        figures.error_against_share([0], {name: [1] for name in "abcde"})
