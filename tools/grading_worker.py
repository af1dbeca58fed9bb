"""Run one returned notebook and hand out what its names hold: the half of the grader that is not trusted.

``tools/grade.py`` starts it, mostly inside walls, and talks to it over its standard input and output, a line of JSON a
message. It gives values and never verdicts: whatever the notebook does to this process, it can only change the values.
Values come back as JSON and arrays as bytes, so that reading them runs no code.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

#: An answer's array may have so many bytes.
LARGEST_ARRAY = 16 * 2**20
#: The first message, which a started worker sends; then one line an answer.
READY = {"ready": True}


def encode(value: Any) -> Any:
    """Return a value as something that JSON can hold."""
    if value is ...:
        return {"dots": True}
    if isinstance(value, np.generic | np.ndarray):
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            return {"other": f"array of {array.dtype}"}
        if array.nbytes > LARGEST_ARRAY:
            return {"other": f"an array of {array.nbytes / 2**20:.0f} MB"}
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        data = base64.b64encode(array.tobytes()).decode("ascii")
        return {"array": data, "dtype": array.dtype.str, "shape": array.shape, "scalar": isinstance(value, np.generic)}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": value}
    if isinstance(value, tuple | list):
        return {"tuple" if isinstance(value, tuple) else "list": [encode(item) for item in value]}
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        return encode(value.detach().cpu().numpy())
    if hasattr(value, "state_dict"):
        return {"state": {name: encode(part) for name, part in value.state_dict().items()}}
    if callable(value):
        return {"function": True}
    return {"other": type(value).__name__}


def decode(found: Any) -> Any:
    """Return what :func:`encode` stood for.

    Raises
    ------
    TypeError
        If it was none of these kinds.
    """
    kind = next(iter(found), "") if isinstance(found, dict) else ""
    if kind == "dots":
        return ...
    if kind == "plain" and isinstance(found["plain"], str | int | float | None):
        return found["plain"]
    if kind in ("tuple", "list"):
        return (tuple if kind == "tuple" else list)(decode(item) for item in found[kind])
    if kind == "array":
        dtype = np.dtype(str(found["dtype"]))
        if dtype.kind not in "biufc":
            raise TypeError(f"an array must hold numbers or truth values; got {dtype}")
        array = np.frombuffer(base64.b64decode(found["array"]), dtype).reshape([int(n) for n in found["shape"]]).copy()
        return array[()] if found.get("scalar") else array
    if kind == "state":
        return {str(name): decode(part) for name, part in found["state"].items()}
    what = "a function" if kind == "function" else str(found.get("other", "nothing") if kind else "nothing")[:60]
    raise TypeError(f"an answer must be a number, a text, an array, a list or a tuple; got {what}")


def limit(memory: int, seconds: int, processes: int, files: int) -> None:
    """Set the limits that the system holds for this process and each of its children."""
    import resource

    for name, amount in (
        ("RLIMIT_DATA", memory),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_NPROC", processes),
        ("RLIMIT_FSIZE", files),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 256),
    ):
        if hasattr(resource, name):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (amount, amount))


def forbid(scratch: str, hidden: list[str], shown: list[str]) -> None:
    """Refuse network, processes and foreign files inside Python: a fence where there is no wall.

    It stops what a notebook does by mistake or in plain sight. Code that means to can get round it.
    """
    scratch = os.path.realpath(scratch)
    calls: tuple[str, ...] = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.kill", "os.killpg")
    calls += ("subprocess.Popen", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg")
    calls += ("socket.getaddrinfo", "socket.gethostbyname", "pty.spawn", "os.setxattr", "os.chown", "os.chmod")
    changes = (
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "shutil.rmtree",
    )
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def within(path: str, folders: list[str]) -> bool:
        return any(path == folder or path.startswith(folder + os.sep) for folder in folders)

    def place(path: Any) -> str:
        return os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""

    def hook(event: str, arguments: tuple) -> None:
        if event in calls:
            raise PermissionError(f"{event} is not allowed while this notebook is graded")
        if event == "open" and (path := place(arguments[0])):
            writes = isinstance(arguments[2], int) and arguments[2] & writing
            if writes and not within(path, [scratch, "/dev/null"]):
                raise PermissionError("writing outside of the working folder is not allowed")
            if within(path, hidden) and not within(path, shown):
                raise PermissionError("reading this file is not allowed")
        if event in changes and not all(within(place(part), [scratch]) for part in arguments if place(part)):
            raise PermissionError("changing files outside of the working folder is not allowed")

    sys.addaudithook(hook)


class Talk:
    """Messages over what were standard input and output; the notebook finds both of them empty."""

    def __init__(self) -> None:
        self.asked = os.fdopen(os.dup(0), "rb")
        self.told = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):
            os.dup2(nothing, number)

    def hear(self) -> dict[str, Any] | None:
        line = self.asked.readline()
        return json.loads(line) if line else None

    def say(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self.told, data) :]


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise ``TimeoutError`` in the code below after so many seconds."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def told(error: BaseException) -> dict[str, str]:
    """Return an error as a name and a message."""
    try:
        message = str(error)
    except Exception:
        message = ""
    return {"raised": type(error).__name__[:60], "message": message[:300]}


def main() -> None:
    talk = Talk()
    start = talk.hear()
    assert start is not None
    if os.getuid() == 0 and start["drop"]:
        os.setgroups([])
        os.setgid(start["drop"])
        os.setuid(start["drop"])
    os.chdir(start["folder"])
    os.environ.update(HOME=start["folder"], IPYTHONDIR=start["folder"], TMPDIR=start["folder"])
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    exec(start["imports"], {})  # beforehand, so that they take none of the notebook's time
    limit(**start["limits"])
    if start["fence"] is not None:
        forbid(start["folder"], *start["fence"])
    talk.say(READY)
    while (asked := talk.hear()) is not None:
        try:
            with at_most(asked["seconds"]):
                answer = respond(shell, asked)
        except BaseException as error:
            answer = told(error)
        try:
            talk.say(answer)
        except (ValueError, RecursionError, MemoryError) as error:
            talk.say(told(error))


def respond(shell: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Run a cell, say what a name holds, or call a function."""
    if "cell" in asked:
        result = shell.run_cell(asked["cell"], silent=True)
        error = result.error_before_exec or result.error_in_exec
        return told(error) if error else {"done": True}
    if "name" in asked:
        return {"value": encode(shell.user_ns[asked["name"]])} if asked["name"] in shell.user_ns else {"missing": True}
    arguments = pickle.loads(base64.b64decode(asked["arguments"]))  # the grader's own
    value = shell.user_ns[asked["call"]](*arguments)
    return {"value": encode(value), "arguments": [encode(argument) for argument in arguments]}


if __name__ == "__main__":
    main()
