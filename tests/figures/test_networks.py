"""The figures of networks, of their prunings and of their errors draw what their captions say."""

import numpy as np
import pytest

from l0lib import figures
from l0lib.compress import SCHEDULES, Evaluation
from l0lib.compress.storage import Size


def test_the_cut_stands_at_the_smallest_kept_magnitude():
    edges = np.linspace(-7, 0, 8)
    figure = figures.magnitudes_and_cut(
        {"before": [0, 0, 1, 5, 9, 3, 0], "after": [9, 5, 1, 0, 1, 2, 0]}, edges, 1e-3, 50
    )
    (line,) = figure.axes[0].get_lines()
    assert line.get_xdata()[0] == pytest.approx(-3)
    assert "50×" in figure.axes[0].texts[0].get_text()


def test_each_stage_and_unit_has_its_picture():
    rng = np.random.default_rng(0)
    stages = {"a": rng.normal(size=(5, 16)), "b": np.zeros((5, 16))}
    figure = figures.first_layer(stages, [4, 0, 2], side=4)
    assert len(figure.axes) == 6
    assert figure.axes[0].images[0].get_array().tolist() == stages["a"][4].reshape(4, 4).tolist()


def test_each_kept_weight_has_its_dot():
    mask = np.zeros((6, 9), dtype=bool)
    mask[[0, 3, 5], [1, 8, 2]] = True
    figure = figures.kept_weights({"layer": mask})
    dots = figure.axes[0].collections[0].get_offsets()
    assert sorted(map(tuple, np.asarray(dots).tolist())) == [(1, 0), (2, 5), (8, 3)]
    assert figure.axes[0].get_title() == "layer\n3 of 54"


def test_errors_stand_in_percent_with_their_intervals():
    found = {1: Evaluation(7, 100), 10: Evaluation(9, 100)}
    figure = figures.before_and_after({"pruned": found, "tuned": {10: Evaluation(7, 100)}}, dense=0.07)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert lines["pruned"].get_ydata() == pytest.approx([7, 9])
    assert lines["dense"].get_ydata()[0] == pytest.approx(7)


def test_the_bars_of_a_layer_add_up_to_all_its_units():
    figure = figures.units_left({"one": {"works": 3, "dead": 1}, "two": {"works": 5, "dead": 0}})
    widths = np.array([[bar.get_width() for bar in kind] for kind in figure.axes[0].containers])
    assert widths.sum(0) == pytest.approx([100, 100])
    assert widths[0] == pytest.approx([75, 100])


def test_every_encoding_and_coding_has_a_bar():
    sizes = [
        Size(e, c, 1000 + i)
        for i, (e, c) in enumerate((e, c) for e in ("dense", "csr", "bitmap") for c in ("none", "zlib", "lzma"))
    ]
    figure = figures.bytes_by_encoding(reversed(sizes))
    heights = [[bar.get_height() for bar in group] for group in figure.axes[0].containers]
    assert heights == [[1000, 1003, 1006], [1001, 1004, 1007], [1002, 1005, 1008]]


def test_the_shares_of_each_update_add_up_to_a_hundred():
    edges = np.linspace(-9, 0.5, 96)
    counts = np.arange(95)
    names = ("coupled", "decoupled", "clipped", "proximal")
    figure = figures.four_updates({name: [1, 0.5] for name in names}, dict.fromkeys(names, counts), edges)
    widths = np.array([[bar.get_width() for bar in group] for group in figure.axes[1].containers])
    assert widths.sum(0) == pytest.approx([100] * 4)
    assert widths[0, 0] == pytest.approx(100 * counts[:30].sum() / counts.sum())


def test_rules_schedules_and_the_own_loop_draw_their_numbers():
    figure = figures.three_rules({"GP": {1: 0.05, 10: 0.2}}, {"GP": {"a": 0.5, "b": 0.01}}, 10)
    assert figure.axes[0].get_lines()[0].get_ydata() == pytest.approx([5, 20])
    assert figure.axes[1].get_lines()[0].get_ydata() == pytest.approx([50, 1])
    figure = figures.ratio_schedules(SCHEDULES, 4, 2, 32)
    drawn = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    assert drawn["log"] == pytest.approx([2, 4, 8, 16, 32])
    assert drawn["one-shot"] == pytest.approx([2, 32, 32, 32, 32])
    figure = figures.own_loop([3.0, 2.0, 1.0], 2, {"first": 0.25, "second": 1.0})
    assert figure.axes[0].get_lines()[1].get_xdata()[0] == 2.5
    assert [bar.get_height() for bar in figure.axes[1].patches] == [25, 100]
