"""The studies of the book by name: which arms each one has, and the settings of every arm.

The settings of a ``full`` profile were chosen on validation images by ``l0lib tune``; the records of the choices stand
in ``book/records/tuning/``, and a test compares them with what is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .config import Config


@dataclass(frozen=True)
class Study:
    """A named set of runs.

    Attributes
    ----------
    title, summary : str
    seeds : tuple of int
        Fixed beforehand; a result is the mean over them.
    full, fast : function () -> mapping of str to Config
        The arms: real experiments, and small ones on the embedded digits.
    """

    title: str
    summary: str
    seeds: tuple[int, ...]
    full: Callable[[], Mapping[str, Config]]
    fast: Callable[[], Mapping[str, Config]]

    def arms(self, profile: str) -> Mapping[str, Config]:
        """Return the arms of ``profile``, ``"fast"`` or ``"full"``, by their names."""
        if profile not in ("fast", "full"):
            raise ValueError(f"profile must be one of fast, full; got {profile!r}")
        return self.full() if profile == "full" else self.fast()
