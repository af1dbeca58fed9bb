"""Gradual magnitude pruning: the cubic schedule of its paper."""

import pytest

from l0lib.compress.rivals.gradual import sparsity


def test_the_sparsity_is_equation_1_of_the_paper():
    """Of 1,000 steps from 200 to 700, to 90 %: at a fifth of the way 1 - 0.8^3 of it."""
    assert [sparsity(step, 200, 700, 0.9) for step in (0, 200, 700, 900)] == [0, 0, 0.9, 0.9]
    assert sparsity(300, 200, 700, 0.9) == pytest.approx(0.9 * (1 - 0.8**3))
    assert sparsity(450, 200, 700, 0.9) == pytest.approx(0.9 * 7 / 8)
