"""The figures of the chapter on neurons draw what they are given, or say why not."""

import pytest

from l0lib import figures


def test_errors_against_the_share_removed_have_a_line_each():
    (axes,) = figures.error_against_share([0, 0.5], {"a": [1, 2], "b": [3, 4]}).axes
    assert [line.get_label() for line in axes.lines] == ["a", "b"]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 2], [3, 4]]
    assert list(axes.lines[0].get_xdata()) == [0, 50]


def test_a_line_without_a_style_is_refused():
    with pytest.raises(ValueError, match="lines must hold at most 4 lines; got 5: a, b, c, d, e"):
        figures.error_against_share([0], {name: [1] for name in "abcde"})
