"""The record of a tuning: what was searched, every trial, and which one was chosen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .config import Config, Name
from .records import RECORDS, Origin, parse, write_text

#: The stored tunings of the book, in a checkout of it.
TUNINGS = RECORDS / "tuning"
_LENETS = ("lenet-300-100", "lenet-5-caffe")
#: The arms that are tuned, by study. Layerwise and random pruning take the settings of global pruning.
ARMS: dict[str, tuple[str, ...]] = {
    "experiment-1": ("l2-GP", "l1-GP", "l0-GP", "l2+l0-GP"),
    "experiment-2": tuple(f"{network}-{strategy}" for network in _LENETS for strategy in ("NORM", "SEP")),
    "beyond": (
        *(f"{network}-gradual-shift" for network in _LENETS),
        "lenet-5-caffe-gradual",
        "lenet-300-100-distilled",
    ),
    "experiment-3": ("resnet-20-NORM", "resnet-20-SEP", "vgg-16-NORM"),
}

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Plain):
    """Where a setting was searched, on a logarithmic or a linear scale."""

    low: Finite
    high: Finite
    log: bool

    def __contains__(self, value: float) -> bool:
        return self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)

    def __str__(self) -> str:
        return f"between {self.low:g} and {self.high:g}"


class Choices(_Plain):
    """Values of which one was taken."""

    choices: Annotated[tuple[Finite, ...], Field(min_length=1)]

    def __contains__(self, value: float) -> bool:
        return value in self.choices

    def __str__(self) -> str:
        return f"one of {', '.join(f'{choice:g}' for choice in self.choices)}"


class Trial(_Plain):
    """Settings that were tried, and for each seed the error on the validation images, in percent.

    ``errors`` are what :func:`l0lib.experiments.run.objective` returns: geometric means over the pruned networks.
    """

    number: Annotated[int, Field(ge=0)]
    params: dict[str, Finite]
    errors: tuple[Annotated[float, Field(ge=0, le=100)], ...]

    @property
    def value(self) -> float:
        """What tuning minimises: the mean over seeds."""
        return math.fsum(self.errors) / len(self.errors)


class Tuning(_Plain):
    """All trials of one arm, and the configuration of the one that was chosen.

    ``seeds`` are those of the trials' networks; no result is made with them. ``origin`` tells the date of the last
    trial and the seconds of all together.
    """

    format: Literal[1] = 1
    experiment: Name
    arm: Name
    sampler: str
    sampler_seed: int
    seeds: tuple[int, ...]
    search: dict[str, Range | Choices]
    trials: tuple[Trial, ...]
    chosen: int
    config: Config
    origin: Origin

    @model_validator(mode="after")
    def _whole(self) -> Tuning:
        if (self.experiment, self.arm) != (self.config.experiment, self.config.arm):
            raise ValueError(f"config must be of {self.experiment}, {self.arm}; got {self.config.arm}")
        if self.config.evaluate_on != "validation":
            raise ValueError("config.evaluate_on must be 'validation': no choice follows from test images")
        seen: set[tuple[tuple[str, float], ...]] = set()
        for trial in self.trials:
            where = f"trial {trial.number}"
            if len(trial.errors) != len(self.seeds):
                raise ValueError(f"{where}: errors must have one entry for each of the seeds, {self.seeds}")
            if trial.params.keys() != self.search.keys():
                raise ValueError(f"{where}: params must name what search names, {', '.join(self.search)}")
            for name, value in trial.params.items():
                if value not in self.search[name]:
                    raise ValueError(f"{where}: {name} must be {self.search[name]}; got {value}")
            seen.add(tuple(sorted(trial.params.items())))
        if len(seen) != len(self.trials):
            raise ValueError("trials must differ from each other")
        best = min(self.trials, key=lambda trial: trial.value, default=None)
        if best is None or best.number != self.chosen:
            raise ValueError(f"chosen must be the trial of least error, {best and best.number}; got {self.chosen}")
        return self

    @property
    def best(self) -> Trial:
        """The trial that was chosen."""
        return next(trial for trial in self.trials if trial.number == self.chosen)

    @property
    def at_the_edge(self) -> tuple[str, ...]:
        """The settings whose value in the chosen trial is the least or the largest tried: more might be had beyond."""
        best = self.best.params
        tried = {name: {trial.params[name] for trial in self.trials} for name in best}
        return tuple(
            name for name, values in tried.items() if len(values) > 1 and best[name] in (min(values), max(values))
        )

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"{self.experiment}-{self.arm}{'' if self.config.profile == 'full' else '-fast'}"


def write(tuning: Tuning, folder: Path = TUNINGS) -> Path:
    """Write ``tuning`` to ``folder/<experiment>-<arm>.json``, one line for each trial; return the path."""
    data: dict[str, Any] = tuning.model_dump(mode="json")
    rows = ",\n  ".join(json.dumps(trial, separators=(",", ":")) for trial in data.pop("trials"))
    head = json.dumps(data, ensure_ascii=False, indent=1).removesuffix("\n}")
    path = folder / f"{tuning.name}.json"
    write_text(path, f'{head},\n "trials": [\n  {rows}\n ]\n}}\n')
    return path


def read(path: Path) -> Tuning:
    """Return the tuning in ``path``.

    Raises
    ------
    RecordError
        If the file is not JSON or breaks the schema.
    """
    return parse(path, Tuning)


def read_all(folder: Path = TUNINGS) -> Iterator[Tuning]:
    """Yield the stored tunings in the order of their names."""
    for path in sorted(folder.glob("*.json")):
        yield read(path)
