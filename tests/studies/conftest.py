"""Commands of l0lib in processes of their own, which may be killed."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
#: Set it to the number that a failed test has printed, and the same moments come again.
SEED_VARIABLE = "L0LIB_KILL_SEED"


class Forks:
    """The process of forks.py."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "forks.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parents[1],
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        )

    def run(self, *commands, logs, **job):
        """Run commands at once, each with a log; return their exit statuses, -9 for one that was killed."""
        plain = {"commands": [[str(part) for part in command] for command in commands], "logs": [str(p) for p in logs]}
        self.process.stdin.write(json.dumps(plain | job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="session")
def forks():
    forks = Forks()
    yield forks
    forks.process.stdin.close()
    assert forks.process.wait(timeout=60) == 0
    forks.process.stdout.close()


@pytest.fixture
def moments():
    """Random numbers for the moments of a test; their seed is printed, and can be given again."""
    seed = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(10**9))
    print(f"moments of this test come from {SEED_VARIABLE}={seed}")
    return random.Random(seed)
