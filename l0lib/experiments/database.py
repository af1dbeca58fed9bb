"""The database that trials and claims are kept in: how it is opened, and how it bears processes that fall silent.

A trial whose process was cut off is failed and queued again; so is one whose process gives no sign of life.
"""

from __future__ import annotations

import random
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy.orm
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages._rdb.models import TrialModel
from optuna.trial import TrialState
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

#: Seconds between two signs of life of a trial.
HEARTBEAT = 20
#: How long a trial may go without its first sign of life. It is given at once, but clocks of machines differ.
FIRST_SIGN = timedelta(hours=1)
#: The attribute of a trial that repeats another one: the number of that one.
AGAIN = "again"


class StorageError(ValueError):
    """The database of the trials cannot be used, or holds trials of another kind."""


class _Storage(optuna.storages.RDBStorage):
    """Signs of life that bear more than Optuna's."""

    def record_heartbeat(self, trial_id: int) -> None:
        """Give a sign of life. If the database fails, the next one may get through: a trial must not lose them all."""
        with suppress(SQLAlchemyError, StorageInternalError):
            super().record_heartbeat(trial_id)

    # Optuna passes over trials that never gave a sign of life; a process can be killed before the first one
    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        stale = super()._get_stale_trial_ids(study_id)
        with sqlalchemy.orm.Session(self.engine) as session:
            silent = session.query(TrialModel).filter(
                TrialModel.study_id == study_id, TrialModel.state == TrialState.RUNNING, ~TrialModel.heartbeats.any()
            )
            begun: dict[Any, datetime | None] = {trial.trial_id: trial.datetime_start for trial in silent}
        return stale + [number for number, since in begun.items() if since and datetime.now() - since > FIRST_SIGN]


def open_storage(url: str, heartbeat: int = HEARTBEAT) -> optuna.storages.RDBStorage:
    """Open the database at ``url``, such as ``sqlite:///runs/tuning.db``; an SQLite file is made.

    A trial whose process shows no sign of life for three heartbeats is tried again by another.

    Raises
    ------
    StorageError
        If it cannot be opened.
    """
    tries = 6
    while True:
        tries -= 1
        try:
            if url.startswith("sqlite:///"):
                Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            with experimental():
                return _Storage(
                    url,
                    engine_kwargs={"connect_args": {"timeout": 60}} if url.startswith("sqlite") else None,
                    heartbeat_interval=heartbeat,
                    grace_period=3 * heartbeat,
                    heartbeat_stale_trial_callback=again,
                )
        except Exception as error:  # of the file system, of SQLAlchemy, of Optuna, or of any database's driver
            # two processes that make one database's tables at once: the next time they are there
            if isinstance(error, DBAPIError) and tries:
                time.sleep(random.uniform(0.1, 0.5))
                continue
            raise StorageError(
                f"storage must be the address of a database, such as sqlite:///runs/tuning.db; "
                f"got {_without_password(url)!r}: "
                f"{_first_line(error)}"
            ) from error


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


@contextmanager
def experimental() -> Iterator[None]:
    # Optuna calls its signs of life experimental; a test of ours holds them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what goes wrong in the database into a :class:`StorageError`; a decorator, too."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        # Optuna's own message says of every error that data may be too long
        raise StorageError(f"storage failed: {_first_line(error.__cause__ or error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def attempt(study: optuna.Study, objective: Callable[[optuna.Trial], float]) -> bool:
    """Make one trial; return whether it is still this process's when it ends.

    It is not if the process slept for so long, with the lid of its machine closed, that another one took it for dead.
    """
    begun: list[optuna.Trial] = []
    ended: list[BaseException] = []

    def noted(trial: optuna.Trial) -> float:
        begun.append(trial)
        try:
            return objective(trial)
        except BaseException as error:
            ended.append(error)
            raise

    try:
        with experimental():
            study.optimize(noted, n_trials=1)
    except (ValueError, UnboundLocalError) as error:
        # a ValueError of Optuna hides what ended a trial that another process has failed, an UnboundLocalError hides
        # what went wrong, or interrupted it, as it noted the end of a trial
        told = ended[0] if ended else error
        if told is error and isinstance(error, UnboundLocalError):
            told = error.__context__ or error
        free = not ended or isinstance(told, UpdateFinishedTrialError | optuna.TrialPruned)
        if free and begun and study._storage.get_trial(begun[0]._trial_id).state == TrialState.FAIL:
            return False
        raise told from told.__cause__
    return True


def again(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Queue the settings of a failed ``trial``, once; those that it had not settled are chosen anew."""
    if any(other.user_attrs.get(AGAIN) == trial.number for other in study.get_trials(deepcopy=False)):
        return
    whole = "config" in trial.user_attrs
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params if whole else {},
            distributions=trial.distributions if whole else {},
            user_attrs={**trial.user_attrs, AGAIN: trial.number},
            system_attrs=trial.system_attrs,  # older databases keep settings there
        )
    )


def put_back(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Queue the settings of a ``trial`` that this process was cut off in, unless it is finished."""
    with suppress(UpdateFinishedTrialError):  # Optuna has failed it, if it had the time
        study._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    left = study._storage.get_trial(trial._trial_id)
    if left.state == TrialState.FAIL:
        again(study, left)
