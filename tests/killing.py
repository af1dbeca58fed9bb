"""Processes that kill themselves at a given line, and the process that forks them: for tests of what survives."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

#: Set it to the number that a failed test has printed, and the same moments come again.
SEED_VARIABLE = "L0LIB_KILL_SEED"


def kill_at_line(moment, watched):
    """Have this process kill itself before the line number ``moment`` that it runs in the files ``watched``.

    Returns a function that tells the lines so far; with moment 0 nothing is killed and they are only counted.
    """
    count = 0

    def line(frame, event, argument):
        nonlocal count
        if event == "line":
            count += 1
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    def call(frame, event, argument):
        return line if frame.f_code.co_filename in watched else None

    sys.settrace(call)
    return lambda: count


class Parent:
    """A process that runs ``script``: it reads one job a line, as JSON, and answers each with a line."""

    def __init__(self, script):
        root = Path(__file__).parents[1]
        self.process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )

    def ask(self, job):
        """Give one job and return the answer."""
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        """End the process; it must end by itself, and well."""
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0
        self.process.stdout.close()
