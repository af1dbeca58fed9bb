import inspect
from itertools import pairwise
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l0lib.compress import schedules
from l0lib.compress.schedules import SCHEDULES

every = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@every
@settings(max_examples=150, deadline=None)
@given(steps=st.integers(1, 200), ends=st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)).map(sorted))
def test_a_schedule_leads_from_the_first_ratio_to_the_last_and_never_back(schedule, steps, ends):
    first, last = ends
    ratios = [schedule(step, steps, first, last) for step in range(steps + 1)]
    assert ratios[0] == first, "to the last bit: a hair less would keep one parameter more"
    assert ratios[-1] == last
    assert all(after >= before * (1 - 1e-14) for before, after in pairwise(ratios))
    assert min(ratios) == first
    assert max(ratios) == last


@every
def test_a_schedule_is_a_pure_function_of_four_numbers(schedule):
    assert list(inspect.signature(schedule).parameters) == ["step", "steps", "first", "last"]
    there = [schedule(step, 9, 2, 70) for step in range(10)]
    assert [schedule(step, 9, 2, 70) for step in reversed(range(10))] == there[::-1]


def test_one_shot_prunes_once():
    assert [schedules.one_shot(step, 3, 1, 90) for step in range(4)] == [1, 90, 90, 90]


def test_cubic_is_zhu_and_guptas_formula_for_the_sparsity():
    start, end = 1 - 1 / 2, 1 - 1 / 50
    for step in range(11):
        sparsity = end + (start - end) * (1 - step / 10) ** 3
        assert 1 - 1 / schedules.cubic(step, 10, 2, 50) == pytest.approx(sparsity, abs=1e-14)


def test_log_leaves_the_same_share_at_every_step():
    ratios = [schedules.log(step, 7, 20, 120) for step in range(8)]
    for before, after in pairwise(ratios):
        assert after / before == pytest.approx(exp(log(6) / 7))


@every
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0, 1, 2), "steps must be >= 1; got 0"),
        ((-1, 5, 1, 2), "step must be between 0 and the number of steps, 5; got -1"),
        ((6, 5, 1, 2), "step must be between 0 and the number of steps, 5; got 6"),
        ((1, 5, 0.5, 2), "first must be a finite ratio >= 1; got 0.5"),
        ((1, 5, float("nan"), 2), "first must be a finite ratio >= 1; got nan"),
        ((1, 5, 3, 2), "last must be a finite ratio >= first, 3; got 2"),
        ((1, 5, 3, float("inf")), "last must be a finite ratio >= first, 3; got inf"),
    ],
)
def test_bad_arguments_are_named(schedule, arguments, message):
    with pytest.raises(ValueError, match=message):
        schedule(*arguments)
