"""A small sample of bad arguments; ``python -m tests.bad_arguments`` draws many."""

import pytest

from tests.bad_arguments import THEORY, Door, fault, faults


def test_the_theory_answers_bad_arguments_with_a_rule():
    assert faults(THEORY, 600, seed=2) == []


@pytest.mark.parametrize("call", [lambda w: w + None, lambda w: float("nan"), lambda w: int("w must"), lambda w: {}[w]])
def test_what_breaks_the_rule_is_found(call):
    assert fault(Door(call, {}, lambda result, given: result == result), {"w": 1.0})
