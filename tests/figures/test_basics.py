"""The figures of the page on networks draw what their captions say."""

import numpy as np
import pytest

from l0lib import figures
from l0lib._counts import wilson_interval


def test_each_part_has_a_line_of_loss_and_one_of_error():
    curves = {"training": {"loss": [1.0, 0.1], "error": [0.5, 0.0]}, "new": {"loss": [1.1, 0.9], "error": [0.6, 0.2]}}
    loss, error = figures.learning_curves(curves).axes
    assert loss.get_yscale() == "log"
    assert {line.get_label(): line.get_ydata().tolist() for line in error.get_lines()} == {
        "training": [50, 0],
        "new": [60, 20],
    }
    assert loss.get_lines()[0].get_xdata().tolist() == [1, 2]


def test_each_factor_has_its_line():
    sizes = np.array([[1, 0.5, 0.25], [1, 1, 1], [1, 2, 4.0]])
    (axis,) = figures.signal_sizes(sizes, (0.5, 2, 8)).axes
    assert [line.get_ydata().tolist() for line in axis.get_lines()] == sizes.tolist()
    assert axis.get_lines()[2].get_label() == "variance 8 / fan-in"


def test_an_interval_that_misses_the_rate_is_dashed():
    (axis,) = figures.samples_with_intervals([10, 30], 100, 0.1).axes
    bars = [line for line in axis.get_lines() if line.get_marker() == "None"][:2]
    assert [bar.get_linestyle() for bar in bars] == ["-", "--"]
    for bar, wrong in zip(bars, (10, 30), strict=True):
        assert bar.get_ydata() == pytest.approx(100 * np.array(wilson_interval(wrong, 100)))
    assert axis.get_lines()[-1].get_ydata()[0] == pytest.approx(10)


def test_seeds_are_joined_and_the_intervals_stand_beside_zero():
    figure = figures.seeds_compared([5, 6, 7], [6, 7.5, 8], ("a", "b"), (-1.9, -0.4), (-3.5, 1.2))
    seeds, intervals = figure.axes
    assert [tuple(line.get_ydata()) for line in seeds.get_lines()] == [(5, 6), (6, 7.5), (7, 8)]
    paired, middle, unpaired, *_, zero = intervals.get_lines()
    assert list(paired.get_xdata()) == [-1.9, -0.4]
    assert list(unpaired.get_xdata()) == [-3.5, 1.2]
    assert middle.get_xdata()[0] == pytest.approx(-3.5 / 3)
    assert list(zero.get_xdata()) == [0, 0]
