"""Checkpoints: the whole state of a run in one file that is never half written and never runs code when it is read."""

from __future__ import annotations

import hashlib
import inspect
import io
import os
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from .._files import read_whole, write_atomically
from ..penalties import Penalty

#: Raised by one whenever an older file can no longer be read as a newer one.
FORMAT = 1
#: Bytes of a checkpoint at most.
MOST = 1 << 32


def save(path: str | os.PathLike, contents: Mapping[str, Any]) -> None:
    """Write ``contents`` to ``path`` so that at every moment the file is either the old one or the new one, whole.

    After a crash at most one temporary file, ``.NAME.part``, is left; the next save takes it over.

    Parameters
    ----------
    path : path
        Its folder is made if it is missing. Two runs must not share one path.
    contents : mapping of str
        Tensors, numbers, strings and None, in lists, tuples and dicts: what :func:`load` reads without running code.

    Raises
    ------
    OSError
        If the file cannot be written, on a full disk for example: the old one stands, the temporary one is removed.
    """
    file = io.BytesIO()  # in memory first: torch tells of a full disk neither the file nor the cause
    torch.save({**contents, "format": FORMAT}, file)
    write_atomically(path, file.getbuffer())


def load(path: str | os.PathLike) -> dict[str, Any] | None:
    """Return what :func:`save` wrote, its tensors on the CPU; None if there is no such file.

    Raises
    ------
    ValueError
        If the file is not a whole checkpoint of this format.
    """
    if not os.path.lexists(path):
        return None
    data = io.BytesIO(read_whole(path, "checkpoint", MOST))  # apart: a disk's error is not taken for a wrong file
    try:
        with zipfile.ZipFile(data) as archive:
            if any(file.compress_type != zipfile.ZIP_STORED for file in archive.infolist()):
                raise ValueError("it is compressed, which torch does not do")  # and would unpack to gigabytes
            if (altered := archive.testzip()) is not None:  # torch itself does not look at the check sums
                raise ValueError(f"{altered} does not have its check sum")
        data.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on a strange file; the error below says what matters
            contents = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:  # no two readers of strange files agree on what they raise
        raise ValueError(
            f"checkpoint must be a whole file that l0lib wrote; {path} is not: remove it to start anew"
        ) from error
    found = contents.get("format") if isinstance(contents, dict) else None
    if found != FORMAT:
        raise ValueError(f"checkpoint must have format {FORMAT}; {path} has {found!r}: remove it to start anew")
    return contents


def check_same(saved: Mapping[str, Any], ours: Mapping[str, Any], path: str | os.PathLike) -> None:
    """Make sure that a checkpoint belongs to this configuration; a ValueError names every entry that differs."""
    missing = "nothing"
    names = [name for name in {**ours, **saved} if saved.get(name, missing) != ours.get(name, missing)]
    if names:
        changes = (f"{name} was {saved.get(name, missing)!r}, is {ours.get(name, missing)!r}" for name in names)
        raise ValueError(
            f"checkpoint must be of the same configuration; in {path} {'; '.join(changes)}: "
            "give this run another path, or remove the file to start anew"
        )


@contextmanager
def taking_over(path: str | os.PathLike) -> Iterator[None]:
    """Name ``path`` where what it holds does not fit: a whole file, but of another stage or made by hand.

    Raises
    ------
    ValueError
        If the body finds that a key is missing, or a value is of another kind or size than it can take.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(
            f"checkpoint must hold what this stage wrote; {path} does not ({cause:.200}): remove it to start anew"
        ) from error


def digest(tensors: Iterable[torch.Tensor | np.ndarray]) -> str:
    """Return a SHA-256, cut to 16 hex digits, of the shapes, types and bytes of ``tensors`` in their order."""
    sha = hashlib.sha256()
    for values in tensors:
        sha.update(f"{tuple(values.shape)} {values.dtype}".encode())
        if isinstance(values, torch.Tensor):  # by way of bytes: NumPy has no bfloat16
            values = values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        sha.update(np.ascontiguousarray(values).data)
    return sha.hexdigest()[:16]


def describe_penalty(penalty: Penalty | None) -> str:
    """Return ``penalty`` as text that is the same for the same strengths; an array of them enters as its digest."""

    def text(value: Any) -> str:
        return repr(float(value)) if isinstance(value, int | float) else digest([value])

    if penalty is None:
        return "None"
    return " + ".join(
        f"{type(term).__name__}({', '.join(f'{name}={text(value)}' for name, value in sorted(vars(term).items()))})"
        for term in penalty.terms
    )


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Any]]:
    """Return what ``optimizer`` remembers of each parameter, by the parameter's number in its groups."""
    return _without_compiler(optimizer, "state_dict")()["state"]


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[int, dict[str, Any]]) -> None:
    """Make ``optimizer`` remember ``state``; its groups, with their penalties, stay as they are."""
    groups = _without_compiler(optimizer, "state_dict")()["param_groups"]
    shapes = dict(enumerate(p.shape for group in optimizer.param_groups for p in group["params"]))
    for number, remembered in state.items():
        for name, values in remembered.items():
            if isinstance(values, torch.Tensor) and values.ndim and values.shape != shapes[number]:
                raise ValueError(f"{name} of parameter {number} must be of its shape, {tuple(shapes[number])}")
    _without_compiler(optimizer, "load_state_dict")({"state": state, "param_groups": groups})


def _without_compiler(optimizer: torch.optim.Optimizer, method: str):
    # torch wraps both methods so that their first call imports its whole compiler, which takes seconds and is not used
    return inspect.unwrap(getattr(type(optimizer), method)).__get__(optimizer)
