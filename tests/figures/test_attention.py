"""The figures of the chapter "Attention" draw what is there, and say where nothing is."""

import numpy as np
import pytest

from l0lib import figures


def test_each_arm_has_a_line_through_the_means_of_its_seeds():
    curves = {"l0": {2: [2.0, 2.2], 4: [2.5]}, "wanda": {2: [2.3], 4: [2.6, 2.8]}}
    axis = figures.bits_against_ratio(curves, [1.9, 2.1]).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axis.lines}
    assert list(lines["smoothed ℓ0"]) == pytest.approx([2.1, 2.5])
    assert list(lines["Wanda"]) == pytest.approx([2.3, 2.7])
    assert list(lines["dense, as many steps"]) == pytest.approx([2.0, 2.0])
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2×", "4×"]


def test_a_table_of_layers_shows_percent():
    axis = figures.kept_by_layer(["a", "b"], {"l1": [0.5, 0.0123], "one-shot": [1.0, 0.2]}).axes[0]
    assert [text.get_text() for text in axis.texts] == ["50", "100", "1.2", "20"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["ℓ1", "one-shot\nmagnitude"]


def test_without_runs_they_say_so():
    for figure in (figures.bits_against_ratio({}), figures.kept_by_layer([], {})):
        assert figure.axes[0].texts[0].get_text() == "not run yet"
        assert not figure.axes[0].axison, "no empty panel"
        assert figure.get_figheight() < 1


def test_scales_are_drawn_step_by_step():
    axis = figures.scales_under_penalties({str(k): np.arange(1, 4) * k for k in range(1, 6)}).axes[0]
    assert len(axis.lines) == 5
    assert list(axis.lines[2].get_ydata()) == [3, 6, 9]
    assert list(axis.lines[2].get_xdata()) == [1, 2, 3]
