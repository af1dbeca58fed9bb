"""Runs handed out by a database: machines that share no folder make one study together.

Each run is a study of its own in Optuna's storage, and a trial of it is the claim. The first process that begins a
trial makes the run; its record goes into the database, where the others find it. A process that dies leaves a trial
without signs of life, which frees the run; one that fails frees it at once.
"""

from __future__ import annotations

import base64
import functools
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from . import database, records
from .database import StorageError
from .records import Record

if TYPE_CHECKING:
    from .launch import Job

#: Characters of a record that one attribute holds: MySQL takes 65,535 bytes.
PIECE = 60_000
_STUDY = "run of {}, settings {}"


@database.failures_told()
def make(job: Job, storage: str | optuna.storages.RDBStorage, work: Callable[[], Record]) -> Record | None:
    """Return the record of one run: made by ``work``, or by another process that named the same database.

    Parameters
    ----------
    job : Job
        Runs of other settings have claims of their own.
    storage : str or RDBStorage
        Address of the database, or :func:`l0lib.experiments.database.open_storage` of it.
    work : function
        Makes the run. It is not called where the database holds the record already.

    Returns
    -------
    Record or None
        None while another process has the run in hand.

    Raises
    ------
    StorageError
        If the database cannot be used, or holds no readable record.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # its warnings are tracebacks of what is raised anyway
    study = optuna.create_study(
        study_name=_STUDY.format(job.name, job.config.digest()),
        storage=_opened(storage) if isinstance(storage, str) else storage,
        load_if_exists=True,
    )
    with database.experimental():
        optuna.storages.fail_stale_trials(study)
    if found := _found(study):
        return found
    if study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        return None
    made: list[Record] = []

    def claim(trial: optuna.Trial) -> float:
        earlier = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.COMPLETE))
        if any(other.number < trial.number for other in earlier):  # two processes at once: the first one has it
            raise optuna.TrialPruned
        try:
            record = work()
        except SystemExit:  # ended from outside: Optuna frees the run for any other error
            study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            raise
        made.append(record)
        pieces = _pieces(record)
        for number, piece in enumerate(pieces):
            trial.set_user_attr(f"record {number}", piece)
        trial.set_user_attr("pieces", len(pieces))
        return record.dense.percent

    mine = database.attempt(study, claim)
    if made and not mine:  # taken for dead, and the run is free again: whoever makes it need not, if we are in time
        return make(job, storage, lambda: made[0]) or made[0]
    return made[0] if made else _found(study)


#: Opened once: a process that waits looks into it every second.
_opened = functools.cache(database.open_storage)


def _pieces(record: Record) -> list[str]:
    text = base64.b64encode(zlib.compress(records.to_text(record).encode(), 9)).decode()
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _found(study: optuna.Study) -> Record | None:
    """Return the record that a finished trial left."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not done:
        return None
    kept = done[0].user_attrs
    try:
        pieces = [kept[f"record {number}"] for number in range(kept["pieces"])]
        return Record.model_validate_json(zlib.decompress(base64.b64decode("".join(pieces))))
    except (KeyError, ValueError, zlib.error) as error:
        raise StorageError(f"storage must hold the record of the {study.study_name}; it cannot be read") from error
