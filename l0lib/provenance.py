"""Where a page's numbers come from: when, from which commit, with which versions, on what hardware, in what time."""

from __future__ import annotations

import datetime
import html
import importlib.metadata
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROFILES = ("fast", "full")
_PACKAGES = ("l0lib", "numpy", "scipy", "matplotlib", "torch")
_began: dict[str, float | str] = {}


@dataclass(frozen=True)
class Provenance:
    """One row a fact, for the foot of a chapter and for a record."""

    facts: dict[str, str]

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.facts.items())

    def _repr_html_(self) -> str:
        items = "; ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in self.facts.items())
        return f'<p class="provenance">{items}.</p>'


def start(profile: str = "fast") -> None:
    """Begin a chapter: start its clock and ask for crisp figures, the same ones in every run.

    Raises
    ------
    ValueError
        If ``profile`` is neither ``"fast"`` nor ``"full"``.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile must be one of {PROFILES}; got {profile!r}")
    _began.update(clock=time.perf_counter(), profile=profile)
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib import rcParams

        shell.run_line_magic("matplotlib", "inline")
        # else each picture would hold the time, to the microsecond, and names that are drawn anew
        rcParams["svg.hashsalt"] = "l0lib"
        kept = {"bbox_inches": "tight", "metadata": {"Date": None}}
        shell.run_line_magic("config", f"InlineBackend.print_figure_kwargs = {kept}")
        shell.run_line_magic("config", "InlineBackend.figure_formats = ['svg']")


def commit() -> str:
    """Return the short commit of the source tree this library runs from, or ``"unknown"`` outside a checkout."""
    here = Path(__file__).resolve().parent
    ask = ["git", "-C", str(here), "describe", "--always", "--dirty", "--exclude", "*"]
    known = ["git", "-C", str(here), "ls-files", "--error-unmatch", "__init__.py"]
    try:
        # installed into an environment that lies in somebody's checkout, the library is not of that checkout
        subprocess.run(known, capture_output=True, check=True, timeout=10)
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on, where installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Return the processor's kind and the number of cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine() or 'unknown'} CPU, {cores} cores"


def origin() -> dict[str, Any]:
    """Return what a record tells of where it is made: date, commit, versions and hardware."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"date": date, "commit": commit(), "versions": versions(), "hardware": hardware()}


def footer() -> Provenance:
    """Return the provenance of a chapter that :func:`start` began: the last cell of every chapter."""
    seconds = time.perf_counter() - float(_began.get("clock", time.perf_counter()))
    return Provenance(
        {
            "Computed now, on": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "profile": str(_began.get("profile", "fast")),
            "commit": commit(),
            "with": ", ".join(f"{name} {version}" for name, version in versions().items()),
            "on": hardware(),
            "in": f"{seconds:.1f} s",
        }
    )
