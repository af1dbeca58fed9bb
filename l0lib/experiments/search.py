"""One arm's tuning as the command line asks for it: by name, in either profile, in as many processes as wanted."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna

from ..cli import flags
from . import database, spaces, tune
from .arms import STUDIES
from .config import Config
from .tune import StorageError
from .tuning import TUNINGS, Tuning, read

#: What a fast trial takes from the arm's fast configuration: the data and the length, not what is searched.
_FAST = ("profile", "dataset")
_FAST_STRETCH = ("epochs", "bf16", "warm_up")


@dataclass(frozen=True)
class Search:
    """What to tune, how long, and where the trials are kept.

    Attributes
    ----------
    experiment, arm : str
        An arm of :data:`l0lib.experiments.tuning.ARMS`.
    profile : {"fast", "full"}
    trials : int
        In all, those that are there already counted.
    storage : str
        Address of the database.
    changes : tuple of (path, value)
        Settings that every trial takes over (:func:`l0lib.cli.flags.override`).
    start : tuple of mappings
        What the first trials try.
    progress : bool
        Show a bar for each stretch of training.
    """

    experiment: str
    arm: str
    profile: str
    trials: int
    storage: str
    runs: Path
    changes: tuple[tuple[tuple[str, ...], Any], ...] = ()
    device: str = "cpu"
    threads: int = 1
    start: tuple[Mapping[str, float], ...] = ()
    progress: bool = False

    @property
    def name(self) -> str:
        """Of the study in the database."""
        return f"{self.experiment}-{self.arm}{'' if self.profile == 'full' else '-fast'}"

    @database.failures_told()
    def join(self, tell: Callable[[str], object]) -> optuna.Study:
        """Make trials until there are enough, together with all others who do."""
        storage = tune.open_storage(self.storage)
        begun: dict[str, Any] = {}  # a search that goes on must not begin from something else

        def best(arm: str) -> Mapping[str, float]:
            begun[f"start at {arm}"] = dict(self._best(arm, storage, tell))
            return dict(begun[f"start at {arm}"])

        space = spaces.of_arm(self.experiment, self.arm, best)
        changes = self._changes()

        def changed(trial: optuna.Trial) -> Config:
            return flags.override({self.arm: space(trial)}, changes)[self.arm]

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        for number, point in enumerate(self.start):
            _fits(number, point, changed)
            if point in self.start[:number]:  # a record of trials that repeat each other is refused
                raise StorageError(
                    f"--start, trial {number}: settings must differ from each other; got those of trial "
                    f"{self.start.index(point)}"
                )
        return tune.tune(
            self.name,
            changed,
            self.trials,
            storage,
            start=self.start,
            settings={flags.flag(path): value for path, value in changes.items()} | begun,
            runs=self.runs,
            device=self.device,
            threads=self.threads,
            progress=self.progress,
            tell=tell,
        )

    def make(self, tell: Callable[[str], object]) -> Tuning:
        """Do the same, and return the record of all trials."""
        return tune.record(self.join(tell))

    def _changes(self) -> dict[tuple[str, ...], Any]:
        changes: dict[tuple[str, ...], Any] = {}
        if self.profile == "fast":
            arm = STUDIES[self.experiment].arms("fast").get(self.arm)
            if arm is None:
                raise StorageError(f"--profile must be full for {self.arm}, which has no fast one; got 'fast'")
            small = arm.model_dump()
            changes = {(name,): small[name] for name in _FAST}
            for path in (("training",), ("fine_tuning",), ("gradual", "training")):
                stretch: Mapping[str, Any] | None = small
                for name in path:
                    stretch = stretch and stretch[name]
                changes |= {(*path, name): stretch[name] for name in _FAST_STRETCH if stretch}
        return changes | dict(self.changes)

    def _best(
        self, arm: str, storage: optuna.storages.RDBStorage, tell: Callable[[str], object]
    ) -> Mapping[str, float]:
        """Return what was chosen for ``arm``: in the database, or else in the stored record of its tuning."""
        name = replace(self, arm=arm).name
        try:
            return tune.best(optuna.load_study(study_name=name, storage=storage)).params
        except (KeyError, ValueError) as error:
            path = TUNINGS / f"{name}.json"
            if not path.is_file():
                raise StorageError(
                    f"--arm {self.arm} starts from what was chosen for {arm}: tune that one first"
                ) from error
            tell(f"{self.name}: starts from the stored record of {name}, as the database does not hold that tuning")
            return read(path).best.params


def _fits(number: int, point: Mapping[str, float], space: tune.Space) -> None:
    """Make sure that a trial can try ``point``: every setting of the space, and no other, each within its range."""
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    space(trial)
    where = f"--start, trial {number}"
    if point.keys() != trial.params.keys():
        raise StorageError(f"{where}: settings must be {', '.join(trial.params)}; got {', '.join(point)}")
    for name, found in trial.distributions.items():
        if isinstance(found, optuna.distributions.FloatDistribution):
            fits, rule = found.low <= point[name] <= found.high, f"between {found.low:g} and {found.high:g}"
        else:
            assert isinstance(found, optuna.distributions.CategoricalDistribution)
            fits, rule = point[name] in found.choices, f"one of {', '.join(map(str, found.choices))}"
        if not fits:
            raise StorageError(f"{where}: {name} must be {rule}; got {point[name]:g}")


def together(search: Search, workers: int, tell: Callable[[str], object]) -> Tuning:
    """Make the trials in ``workers`` processes that share the database, and return the record."""
    context = multiprocessing.get_context("spawn")  # neither torch's threads nor CUDA survive a fork
    team = [context.Process(target=_work, args=(search, tell)) for _ in range(workers - 1)]
    for process in team:
        process.start()
    try:
        return search.make(tell)
    finally:  # Ctrl-C reaches all: each puts its trial back, and ends
        for process in team:
            process.join(timeout=60)
            process.kill()


def _work(search: Search, tell: Callable[[str], object]) -> None:
    try:
        search.join(tell)
    except KeyboardInterrupt:
        os._exit(130)
    except (ValueError, RuntimeError, OSError) as error:
        tell(f"{search.name}: one of the processes failed: {error}")
        os._exit(1)
