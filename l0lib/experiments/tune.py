"""Choosing settings on validation images: Optuna over a search space for each arm, equally many trials for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from .. import provenance
from . import database
from . import run as runner
from .config import Config
from .database import StorageError, open_storage
from .records import Origin
from .tuning import Choices, Range, Trial, Tuning

__all__ = ["PATIENCE", "SEEDS", "ByNumber", "Space", "StorageError", "best", "open_storage", "record", "tune"]

#: From a trial to the configuration to try.
Space = Callable[[optuna.Trial], Config]
#: Seeds of the trials' networks; the results have others.
SEEDS = (100,)
#: Seconds between two looks at trials that other processes have in hand.
PATIENCE = 1.0


class ByNumber(optuna.samplers.BaseSampler):
    """Optuna's TPE, with random numbers that depend on the number of the trial alone.

    So many processes that share a study never try one thing twice, and a study that was cut off goes on as it would
    have done: a trial that repeats another stands in its place, and the numbers of later ones are counted without it.
    The first trials are those of ``start``.

    Attributes
    ----------
    begun : FrozenTrial or None
        The last trial that began.
    """

    def __init__(self, seed: int, start: Sequence[Mapping[str, float]] = ()):
        self.seed, self.start = seed, [dict(point) for point in start]
        self.begun: optuna.trial.FrozenTrial | None = None
        self._point: dict[str, float] = {}
        self._tpe = optuna.samplers.TPESampler()

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Begin a trial."""
        self.begun, place = trial, _place(study, trial.number)
        number = int(np.random.SeedSequence((self.seed, place)).generate_state(1)[0])
        self._tpe = optuna.samplers.TPESampler(seed=number, multivariate=True, n_startup_trials=8, constant_liar=True)
        self._point = self.start[place] if place < len(self.start) else {}

    def infer_relative_search_space(self, study, trial):
        """Return what is sampled together."""
        return {} if self._point else self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        """Sample what is sampled together."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        """Sample one setting, or take that of a given start."""
        if param_name in self._point:
            return self._point[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)


def _place(study: optuna.Study, number: int) -> int:
    """Return the number that a trial would have if none had ever been cut off."""
    trials = study.get_trials(deepcopy=False)
    again = {trial.number: trial.user_attrs[database.AGAIN] for trial in trials if database.AGAIN in trial.user_attrs}
    while number in again:
        number = again[number]
    return number - sum(other < number for other in again)


@database.failures_told()
def tune(
    name: str,
    space: Space,
    trials: int,
    storage: str | optuna.storages.RDBStorage,
    *,
    seeds: tuple[int, ...] = SEEDS,
    sampler_seed: int = 0,
    start: Sequence[Mapping[str, float]] = (),
    settings: Mapping[str, Any] | None = None,
    runs: Path = Path("runs"),
    device: str = "cpu",
    threads: int = 1,
    progress: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> optuna.Study:
    """Try settings until the study ``name`` has ``trials`` finished ones; return it.

    The value of a trial is the mean over ``seeds`` of :func:`l0lib.experiments.run.objective`, in percent. Any number
    of processes, on any machines that reach the database, may call this at once: together they make ``trials`` trials.
    Cut off, it goes on; so does the trial that it was cut off in.

    Parameters
    ----------
    name : str
        Of the study in the database.
    space : function of a trial
        Suggests settings and returns the configuration; it must have ``evaluate_on="validation"``.
    trials : int
        Those of all processes together, with those made before.
    storage : str or RDBStorage
        Address of the database, or :func:`open_storage` of it.
    seeds, sampler_seed
        Of the networks, and of the sampler.
    start : sequence of mappings
        Settings of the first trials. A study that goes on has those that it was begun with, and more if there is no
        other trial yet in their places.
    settings : mapping of str
        What else ``space`` depends on, as plain data: a study goes on with the same alone.
    runs, device, threads, progress
        See :func:`l0lib.experiments.run.run`.
    tell : function of str
        Is told in one line what each trial came to.

    Raises
    ------
    ValueError
        If ``space`` reads the test images.
    StorageError
        If the database cannot be used, or the study was begun with another start, other seeds or settings.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # its warnings are tracebacks of what is raised anyway
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(storage) if isinstance(storage, str) else storage,
        load_if_exists=True,
    )
    _all_named(study, settings or {})
    _same(study, {"seeds": list(seeds), "sampler_seed": sampler_seed, **(settings or {})})
    study.sampler = sampler = ByNumber(sampler_seed, _begin(study, [dict(point) for point in start]))

    def value(trial: optuna.Trial) -> float:
        earlier = [t for t in study.get_trials(deepcopy=False, states=_COUNTED) if t.number < trial.number]
        if len(earlier) >= trials:  # two processes that begin the last one at once: one of them is too many
            raise optuna.TrialPruned
        config = space(trial)
        told = {"config": config.model_dump(mode="json"), "commit": provenance.commit(), "device": device}
        for attribute, known in {**told, "threads": threads}.items():
            trial.set_user_attr(attribute, known)
        how: dict[str, Any] = {"device": device, "threads": threads, "progress": progress}
        errors = [runner.objective(config, s, runs, **how) for s in seeds]
        trial.set_user_attr("errors", errors)
        mean = sum(errors) / len(errors)
        tell(f"{name} trial {trial.number}: {mean:.3f} %, {_told(trial.params)}")
        return mean

    waited = False
    while (done := _count(study, TrialState.COMPLETE)) < trials:
        with database.experimental():
            optuna.storages.fail_stale_trials(study)
        if not _count(study, TrialState.WAITING) and done + _count(study, TrialState.RUNNING) >= trials:
            if not waited:
                tell(f"{name}: the last trials are in the hands of other processes, waiting for them")
            waited = True
            time.sleep(PATIENCE)
            continue
        sampler.begun = None
        try:
            mine = database.attempt(study, value)
        except KeyboardInterrupt:
            if sampler.begun:  # cut off in a trial: it is the next one again, and its run goes on
                database.put_back(study, sampler.begun)
            raise
        if not mine and sampler.begun:
            tell(f"{name} trial {sampler.begun.number}: no sign of life for too long, it is made again")
    return study


_COUNTED = (TrialState.COMPLETE, TrialState.RUNNING)


def _count(study: optuna.Study, state: TrialState) -> int:
    return len(study.get_trials(deepcopy=False, states=(state,)))


def _told(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in params.items())


def _same(study: optuna.Study, settings: Mapping[str, Any]) -> None:
    """Remember what a study was begun with, or make sure that it is the same."""
    known = {name: study.user_attrs[name] for name in settings if name in study.user_attrs}
    other = [f"{name} {known[name]}, not {settings[name]}" for name in known if known[name] != settings[name]]
    if other:
        raise StorageError(f"the study {study.study_name} was begun with {'; '.join(other)}: name another database")
    for name in settings.keys() - known.keys():
        study.set_user_attr(name, settings[name])


def _all_named(study: optuna.Study, settings: Mapping[str, Any]) -> None:
    """Remember the names of the settings that a study was begun with, or make sure that none is left out or new."""
    names = sorted(settings)
    if _NAMES not in study.user_attrs:  # new, or of older times
        study.set_user_attr(_NAMES, names)
    elif (known := study.user_attrs[_NAMES]) != names:
        left_out = [f"with {name} {study.user_attrs[name]}" for name in known if name not in settings]
        new = [f"without {name}" for name in names if name not in known]
        raise StorageError(
            f"the study {study.study_name} was begun {' and '.join(left_out + new)}: give the same, or name another "
            "database"
        )


_NAMES = "names of settings"


def _begin(study: optuna.Study, start: list[dict[str, float]]) -> list[dict[str, float]]:
    """Return the settings of a study's first trials, and remember them; they may become more, never others."""
    trials = study.get_trials(deepcopy=False)
    known: list[dict[str, float]] | None = study.user_attrs.get("start")
    if known is not None:
        start = start or known
        made = sum(database.AGAIN not in trial.user_attrs for trial in trials)
        if start[: max(len(known), made)] != known:
            raise StorageError(
                f"the study {study.study_name} was begun with start {known}, not {start}, and only what comes behind "
                f"its {made} trials may be added: name another database"
            )
    if start != known and (start or not trials):  # a study of older times goes on with what it is given
        study.set_user_attr("start", start)
    return start


def best(study: optuna.Study) -> optuna.trial.FrozenTrial:
    """Return the finished trial of least error, the first of them on a tie."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(done, key=lambda trial: (trial.value, trial.number))


@database.failures_told()
def record(study: optuna.Study) -> Tuning:
    """Return the record of a study's finished trials.

    Raises
    ------
    ValueError
        If it has none, or they do not keep the schema.
    """
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not done:
        raise ValueError(f"study must have finished trials; {study.study_name} has none")
    chosen = best(study)
    config = Config.model_validate(chosen.user_attrs["config"])

    def told(attribute: str, unknown: str) -> str:
        return ", ".join(dict.fromkeys(trial.user_attrs.get(attribute, unknown) for trial in done))

    search: dict[str, Range | Choices] = {}
    for name, found in chosen.distributions.items():
        if isinstance(found, optuna.distributions.CategoricalDistribution):
            search[name] = Choices.model_validate({"choices": found.choices})
        else:
            assert isinstance(found, optuna.distributions.FloatDistribution)
            search[name] = Range(low=found.low, high=found.high, log=found.log)
    return Tuning(
        experiment=config.experiment,
        arm=config.arm,
        sampler="TPE of Optuna, multivariate",
        sampler_seed=study.user_attrs.get("sampler_seed", 0),
        seeds=tuple(study.user_attrs.get("seeds", SEEDS)),
        search=search,
        trials=tuple(
            Trial(
                number=trial.number,
                params=trial.params,
                errors=tuple(trial.user_attrs["errors"]),
            )
            for trial in done
        ),
        chosen=chosen.number,
        config=config,
        origin=Origin(
            date=max(trial.datetime_complete for trial in done if trial.datetime_complete).date().isoformat(),
            commit=told("commit", provenance.commit()),
            versions={**provenance.versions(), "optuna": optuna.__version__},
            hardware=provenance.hardware(),
            device=told("device", "cpu"),
            threads=max(trial.user_attrs.get("threads", 1) for trial in done),
            seconds=round(sum(t.duration.total_seconds() for t in done if t.duration is not None), 1),
        ),
    )
