"""A check returns a verdict and never raises."""

import pytest

from l0lib import exercises
from l0lib.exercises import NOT_YET, check


@pytest.fixture
def _chapter(monkeypatch):
    checks = {
        "0.1": lambda answer: [] if answer(2) == 4 else ["try 2"],
        "0.2": lambda answer: [] if answer == 3 else ["three is asked for"],
    }
    monkeypatch.setattr(exercises, "CHECKS", checks)


@pytest.mark.usefixtures("_chapter")
def test_verdicts():
    def stub(x):
        """Your code here."""

    def right(x):
        return x * x

    def wrong(x):
        return x

    def broken(x):
        raise RuntimeError("oops")

    assert check("0.1", stub).message == NOT_YET
    assert check("0.1", right).ok
    assert check("0.1", wrong).message == "not yet: try 2"
    assert "RuntimeError: oops" in check("0.1", broken).message
    assert check("0.2", ...).message == check("0.2", None).message == NOT_YET
    assert check("0.2", 3).ok
    assert not check("0.2", 4).ok
    assert "right" in check("0.2", 3)._repr_html_()
    assert "&lt;" in exercises.Verdict("1", False, "<b>")._repr_html_()


@pytest.mark.parametrize("name", ["0.9", "99.1", "nonsense", 3])
def test_an_unknown_number_is_a_verdict_too(name):
    assert not check(name, 1).ok
