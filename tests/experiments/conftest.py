"""Commands of l0lib in processes of their own, which may be killed."""

from pathlib import Path

import pytest

from tests.killing import Parent


class Forks(Parent):
    """The process of forks.py."""

    def run(self, *commands, logs, **job):
        """Run commands at once, each with a log; return their exit statuses, -9 for one that was killed."""
        plain = {"commands": [[str(part) for part in command] for command in commands], "logs": [str(p) for p in logs]}
        return self.ask(plain | job)


@pytest.fixture(scope="session")
def forks():
    forks = Forks(Path(__file__).parent / "forks.py")
    yield forks
    forks.close()
