"""Figures of costs, and of a digit with its scores, show what they are given."""

import numpy as np
import pytest

from l0lib import figures
from l0lib.compress.latency import MatmulLatency, Timing


def test_draw_a_digit():
    figure = figures.draw_a_digit(np.eye(28), np.arange(10) / 45)
    left, right = figure.axes
    np.testing.assert_array_equal(left.images[0].get_array(), np.eye(28))
    assert [bar.get_height() for bar in right.patches] == pytest.approx(100 * np.arange(10) / 45)


def test_bytes_against_ratio_draws_one_line_an_encoding_and_the_values_alone():
    figure = figures.bytes_against_ratio([2, 10], {"dense": [4000, 4000], "CSR": [3000, 600]}, [2000, 400])
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert list(lines) == ["dense", "CSR", "the values alone, in 32 bits each"]
    np.testing.assert_allclose(lines["CSR"], [3, 0.6])
    np.testing.assert_allclose(lines["the values alone, in 32 bits each"], [2, 0.4])


def test_shares_by_layer_add_up():
    figure = figures.shares_by_layer(["a", "b"], {"weights": [1, 3], "multiply-adds": [30, 10]})
    widths = np.reshape([bar.get_width() for bar in figure.axes[0].patches], (2, 2))
    np.testing.assert_allclose(widths.sum(axis=0), 100)
    np.testing.assert_allclose(widths[0], [75, 25])  # rows from the lowest bar, the last total, up
    assert [text.get_text() for text in figure.axes[0].texts] == ["75 %", "25 %", "25 %", "75 %"]


def test_speedup_against_sparsity_has_a_panel_a_batch():
    def one(sparsity, speedups):
        timings = {"dense": Timing("dense", 1.0, (1.0, 1.0, 1.0)), "torch-csr": Timing("torch-csr", 1.0, speedups)}
        return MatmulLatency((5, 8), 1, sparsity, timings)

    measured = {batch: [one(0.5, (0.4, 0.5, 0.6)), one(0.99, (4.0, 5.0, 9.0))] for batch in (1, 64)}
    figure = figures.speedup_against_sparsity(measured, {"torch-csr": "torch"})
    assert [axis.get_title() for axis in figure.axes] == ["one vector", "batch of 64"]
    line, level = figure.axes[0].lines
    np.testing.assert_allclose(line.get_xdata(), [0.5, 0.01])
    np.testing.assert_allclose(line.get_ydata(), [0.5, 5.0])
    assert set(level.get_ydata()) == {1}
