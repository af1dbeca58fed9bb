"""A small sample of bad arguments; ``python -m tests.bad_arguments`` draws many."""

import pytest

from tests.bad_arguments import ENGINE, THEORY, Door, fault, faults


@pytest.mark.parametrize("doors", [THEORY, ENGINE], ids=["theory", "engine"])
def test_bad_arguments_are_answered_with_a_rule(doors):
    assert faults(doors, 600, seed=2) == []


@pytest.mark.parametrize("call", [lambda w: w + None, lambda w: float("nan"), lambda w: int("w must"), lambda w: {}[w]])
def test_what_breaks_the_rule_is_found(call):
    assert fault(Door(call, {}, lambda result, given: result == result), {"w": 1.0})
