"""Choosing settings on validation images: Optuna over a search space for each arm, equally many trials for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import optuna

from . import runner
from .config import Config

#: From a trial to the configuration to try.
Space = Callable[[optuna.Trial], Config]


def tune(
    name: str,
    space: Space,
    trials: int,
    storage: str,
    *,
    seeds: tuple[int, ...] = (100,),
    sampler_seed: int = 0,
    start: tuple[Mapping[str, float], ...] = (),
    runs: Path = Path("runs"),
    threads: int = 1,
) -> optuna.Study:
    """Try settings until the study ``name`` has ``trials`` finished ones; return it.

    The value of a trial is the mean over ``seeds`` of :func:`l0lib.studies.runner.objective`, in percent.
    """
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=sampler_seed, multivariate=True, n_startup_trials=8),
    )
    for point in start:
        study.enqueue_trial(dict(point), skip_if_exists=True)

    def value(trial: optuna.Trial) -> float:
        config = space(trial)
        trial.set_user_attr("config", config.model_dump(mode="json"))
        errors = [runner.objective(config, seed, runs, threads=threads) for seed in seeds]
        trial.set_user_attr("errors", errors)
        return sum(errors) / len(errors)

    while len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))) < trials:
        study.optimize(value, n_trials=1)
    return study
