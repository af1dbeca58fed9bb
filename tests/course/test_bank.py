"""The problem bank: every number that a problem can draw has a right solution, and every label it names exists."""

import re
from collections import Counter

import pytest

from tests.browser import tool

bank = tool("bank")
PROBLEMS = bank.read()

GOOD = {
    "id": "one",
    "title": "One",
    "kind": "compute",
    "level": 1,
    "tests": ["prop-kill"],
    "points": 2,
    "minutes": 3,
    "draw": {"a": [1, 2]},
    "compute": {"b": "a + 1"},
    "answer": ["b"],
    "question": "What is $[[a]] + 1$?",
    "solution": "It is $[[b]]$.",
    "check": ["b - a == 1"],
}


def refused(**changes):
    with pytest.raises(ValueError, match=r"Value error|Input should|should match") as told:
        bank.Problem.model_validate(GOOD | changes)
    return str(told.value)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.id)
def test_the_solution_is_right_whatever_is_drawn(problem):
    for drawn in problem.every(60):
        assert drawn.failed() == [], drawn.values
        assert "[[" not in drawn.question + drawn.solution


def test_the_bank_is_large_enough_and_covers_every_chapter():
    by_chapter = Counter(bank.place(problem).chapter.number for problem in PROBLEMS)
    assert len(PROBLEMS) >= 60
    assert set(by_chapter) == {chapter.number for chapter in bank.chapters()}
    assert min(by_chapter.values()) >= 4
    assert {problem.level for problem in PROBLEMS} == {1, 2, 3}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.id)
def test_every_label_that_a_problem_tests_exists(problem):
    assert set(problem.tests) <= set(bank.places())


def test_labels_are_found_with_their_titles():
    kill = bank.places()["prop-kill"]
    assert (kill.title, kill.chapter.stem) == ("The kill zone", "06-what-a-loss-saves")
    assert bank.places()["sec-za-threshold"].title == 'How small is "relatively small"?'
    assert bank.places()["eq-za-lambda-l0"].title == "One number for a step"
    assert bank.places()["ch-deeper"].title == bank.places()["ch-deeper"].chapter.title


def test_a_wrong_solution_is_caught():
    wrong = bank.Problem.model_validate(GOOD | {"compute": {"b": "a + 2"}})
    assert wrong.drawn(0).failed() == ["b - a == 1"]


def test_schedules_of_the_bank_are_those_of_the_engine():
    from l0lib.compress import SCHEDULES

    problem = next(p for p in PROBLEMS if p.id == "gradual-schedules")
    for drawn in problem.every():
        first, last, steps = (drawn.values[name] for name in ("first", "last", "steps"))
        for name, own in (("log", "logarithmic"), ("cubic", "cubic")):
            assert SCHEDULES[name](steps // 2, steps, first, last) == pytest.approx(drawn.values[own])


def test_numbers_of_a_seed_are_the_same_and_those_of_others_differ():
    problem = next(p for p in PROBLEMS if p.id == "kill-or-free")
    assert problem.drawn(5) == problem.drawn(5)
    assert len({problem.drawn(seed).question for seed in range(20)}) > 5


def test_numbers_are_shown_as_a_reader_writes_them():
    assert bank.filled("$[[x]]$", {"x": 0.00005}) == r"$5 \cdot 10^{-5}$"
    assert bank.filled("$[[x]]$ and [[x]]", {"x": 266610}) == "$266{,}610$ and 266,610"
    assert bank.filled("[[100 * x:3]] %", {"x": 0.123456}) == "12.3 %"
    assert bank.filled("$$[[x:.2f]]$$ [[x]]", {"x": -2.0}) == "$$-2.00$$ −2"
    with pytest.raises(ValueError, match=r"value must stand between dollar signs .*; got 5e-05"):
        bank.filled("[[x]]", {"x": 0.00005})


def test_a_problem_that_breaks_a_rule_is_refused():
    assert "level" in refused(level=4)
    assert "id" in refused(id="Not a slug")
    assert "draw must list at least one value" in refused(draw={"a": []})
    assert "draw and compute must name each value once" in refused(draw={"exp": [1]})
    assert "answer must name values of compute; got ['c']" in refused(answer=["c"])
    assert "solution must show each answer; got none of ['b']" in refused(solution="No number.")
    assert "must have an answer and a check" in refused(check=[])
    assert "kind derive must have a check" in refused(kind="derive", check=[])
    with pytest.raises(ValueError, match="Extra inputs"):
        bank.Problem.model_validate(GOOD | {"colour": "red"})


def test_a_file_that_breaks_a_rule_is_named(tmp_path):
    (tmp_path / "x.yaml").write_text("id: alone")
    with pytest.raises(ValueError, match=r"x\.yaml must hold a list of problems; got dict"):
        bank.read(tmp_path)
    (tmp_path / "x.yaml").write_text("- {id: one, level: 9}")
    with pytest.raises(ValueError, match=r"x\.yaml, problem 'one': "):
        bank.read(tmp_path)


def test_texts_keep_to_the_page():
    for problem in PROBLEMS:
        for text in (problem.question, problem.solution):
            assert not re.search(r"\bTODO\b|http", text)
            assert text.count("$") % 2 == 0, problem.id
