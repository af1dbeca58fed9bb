"""Choosing settings on validation images: Optuna over a search space for each arm, equally many trials for all."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState
from sqlalchemy.exc import DBAPIError

from .. import provenance
from . import runner
from .config import Config
from .records import Origin
from .tuning import Choices, Range, Trial, Tuning

#: From a trial to the configuration to try.
Space = Callable[[optuna.Trial], Config]
#: Seeds of the trials' networks; the results have others.
SEEDS = (100,)
#: Seconds between two looks at trials that other processes have in hand, and between two signs of life of a trial.
PATIENCE, HEARTBEAT = 1.0, 20


class StorageError(ValueError):
    """The database of the trials cannot be used, or holds trials of another kind."""


class ByNumber(optuna.samplers.BaseSampler):
    """Optuna's TPE, with random numbers that depend on the number of the trial alone.

    So many processes that share a study never try one thing twice, and a study that was cut off goes on as it would
    have done. The first trials are those of ``start``.
    """

    def __init__(self, seed: int, start: Sequence[Mapping[str, float]] = ()):
        self.seed, self.start = seed, [dict(point) for point in start]
        self._point: dict[str, float] = {}
        self._tpe = optuna.samplers.TPESampler()

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Begin a trial."""
        number = int(np.random.SeedSequence((self.seed, trial.number)).generate_state(1)[0])
        self._tpe = optuna.samplers.TPESampler(seed=number, multivariate=True, n_startup_trials=8, constant_liar=True)
        self._point = self.start[trial.number] if trial.number < len(self.start) else {}

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


def open_storage(url: str, heartbeat: int = HEARTBEAT) -> optuna.storages.RDBStorage:
    """Open the database at ``url``, such as ``sqlite:///runs/tuning.db``; an SQLite file is made.

    A trial whose process shows no sign of life for three heartbeats is tried again by another.

    Raises
    ------
    StorageError
        If it cannot be opened.
    """
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    tries = 6
    while True:
        tries -= 1
        try:
            with experimental():
                return optuna.storages.RDBStorage(
                    url,
                    engine_kwargs={"connect_args": {"timeout": 60}} if url.startswith("sqlite") else None,
                    heartbeat_interval=heartbeat,
                    grace_period=3 * heartbeat,
                    heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
                )
        except Exception as error:  # of SQLAlchemy, of Optuna, or of any database's driver
            # two processes that make one database's tables at once: the next time they are there
            if isinstance(error, DBAPIError) and tries:
                time.sleep(random.uniform(0.1, 0.5))
                continue
            raise StorageError(
                f"storage must be the address of a database, such as sqlite:///runs/tuning.db; got {url!r}: "
                f"{str(error).splitlines()[0]}"
            ) from error


@contextmanager
def experimental() -> Iterator[None]:
    # Optuna calls its signs of life experimental; a test of ours holds them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


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
    tell: Callable[[str], object] = lambda line: None,
) -> optuna.Study:
    """Try settings until the study ``name`` has ``trials`` finished ones; return it.

    The value of a trial is the mean over ``seeds`` of :func:`l0lib.studies.runner.objective`, in percent. Any number of
    processes, on any machines that reach the database, may call this at once: together they make ``trials`` trials. Cut
    off, it goes on; so does the trial that it was cut off in.

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
        Settings of the first trials.
    settings : mapping of str
        What else ``space`` depends on, as plain data: a study goes on with the same alone.
    runs, device, threads
        See :func:`l0lib.studies.runner.run`.
    tell : function of str
        Is told in one line what each trial came to.

    Raises
    ------
    ValueError
        If ``space`` reads the test images.
    StorageError
        If the database cannot be used, or the study was begun with other seeds or settings.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(storage) if isinstance(storage, str) else storage,
        load_if_exists=True,
        sampler=ByNumber(sampler_seed, start),
    )
    _same(study, {"seeds": list(seeds), "sampler_seed": sampler_seed, **(settings or {})})

    mine: list[optuna.Trial] = []

    def value(trial: optuna.Trial) -> float:
        earlier = [t for t in study.get_trials(deepcopy=False, states=_COUNTED) if t.number < trial.number]
        if len(earlier) >= trials:  # two processes that begin the last one at once: one of them is too many
            raise optuna.TrialPruned
        mine[:] = [trial]
        config = space(trial)
        told = {"config": config.model_dump(mode="json"), "commit": provenance.commit(), "device": device}
        for attribute, known in {**told, "threads": threads}.items():
            trial.set_user_attr(attribute, known)
        errors = [runner.objective(config, s, runs, device=device, threads=threads) for s in seeds]
        trial.set_user_attr("errors", errors)
        mean = sum(errors) / len(errors)
        tell(f"{name} trial {trial.number}: {mean:.3f} %, {_told(trial.params)}")
        return mean

    waited = False
    while (done := _count(study, TrialState.COMPLETE)) < trials:
        with experimental():
            optuna.storages.fail_stale_trials(study)
        if not _count(study, TrialState.WAITING) and done + _count(study, TrialState.RUNNING) >= trials:
            if not waited:
                tell(f"{name}: the last trials are in the hands of other processes, waiting for them")
            waited = True
            time.sleep(PATIENCE)
            continue
        mine.clear()
        try:
            with experimental():
                study.optimize(value, n_trials=1)
        except KeyboardInterrupt:
            if mine:  # cut off in a trial: it is the next one again, and its run goes on
                study.enqueue_trial(mine[0].params)
            raise
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


def best(study: optuna.Study) -> optuna.trial.FrozenTrial:
    """Return the finished trial of least error, the first of them on a tie."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(done, key=lambda trial: (trial.value, trial.number))


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
