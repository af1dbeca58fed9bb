"""A process that runs commands of l0lib in children, and may kill them: the other half of test_restart.py.

It reads one job a line from its input, as JSON: ``{"commands": [[argument, …], …], "logs": [path, …]}``. Each command
gets a forked child, all at once, so that each begins like a fresh process and yet need not import torch again. With
``"line": n`` a child kills itself before the n-th line that it runs in the watched modules; with ``"count": true`` it
writes the number of these lines behind its log. The answer is the list of exit statuses.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import optuna  # noqa: F401
import torch

from l0lib import _files, cli
from l0lib.compress import checkpoints, surgery, training
from l0lib.experiments import launch, records, search
from l0lib.experiments import run as runner
from tests.killing import kill_at_line

WATCHED = {m.__file__ for m in (_files, checkpoints, launch, records, runner, search, surgery, training)}


def child(command, log, job):
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    lines = kill_at_line(job.get("line", 0), WATCHED) if "line" in job or "count" in job else None
    status = cli.main(command)
    sys.settrace(None)
    if lines is not None:
        Path(log).with_suffix(".lines").write_text(str(lines()))
    sys.stdout.flush()
    return status


def main():
    torch.set_num_threads(1)
    for part in ("test", "validation"):
        runner.split("digits", part)  # read once for all children
    for text in sys.stdin:
        job = json.loads(text)
        children = []
        for command, log in zip(job["commands"], job["logs"], strict=True):
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    status = child(command, log, job)
                except BaseException:
                    traceback.print_exc()
                os._exit(status)
            children.append(pid)
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]), flush=True)


if __name__ == "__main__":
    main()
