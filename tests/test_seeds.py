"""``--seeds`` draws from each of them what ``--hypothesis-seed`` draws from it."""

import subprocess
import sys

import pytest

from tests.browser import ROOT

CODE = """
from hypothesis import given, strategies

@given(strategies.integers(0, 10**9))
def test_a_property(x):
    print("DRAWN", x)
"""


def drawn(file, option):
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-c", "/dev/null", "-p", "tests.conftest", option, str(file)]
    told = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in told.stdout.splitlines() if "DRAWN" in line]


@pytest.mark.slow
def test_each_seed_draws_what_it_draws_alone(tmp_path):
    file = tmp_path / "test_it.py"
    file.write_text(CODE)
    both, first = drawn(file, "--seeds=1,2"), drawn(file, "--hypothesis-seed=1")
    assert len(both) == 2 * len(first) > 100
    assert [line.lstrip(".") for line in both[: len(first)]] == first
    assert [line.lstrip(".") for line in both[len(first) :]] != first
