"""What the runs that are not recorded would take, estimated from those that are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import stored
from .arms import STUDIES
from .config import Config
from .plain import trained
from .records import Record

#: Images that an epoch of a dataset trains on.
IMAGES = {"mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}


@dataclass(frozen=True)
class Cost:
    """The missing runs of one network in one study.

    ``epochs`` are those of training and fine-tuning in all, a network that several runs share counted once; ``hours``
    are of one thread. Where neurons are removed, the smaller networks take less than this says.
    """

    study: str
    network: str
    runs: int
    epochs: int
    hours: float


def multiply_adds(what: Config) -> int:
    """Return the multiply-adds of a configuration's network for one image."""
    import torch

    from .. import compress
    from ..compress.measure import in_all
    from .stages import network

    size = (28, 28) if what.network.startswith("lenet") else (3, 32, 32)
    return in_all(compress.multiply_adds(network(what.plain(), 0), torch.zeros(1, *size))).dense


def tuning_epochs(what: Config) -> int:
    """Return the epochs of a run after the training before pruning: of fine-tuning and of gradual pruning."""
    each = (what.fine_tuning.epochs if what.fine_tuning else 0) + (what.gradual.training.epochs if what.gradual else 0)
    anew = what.training.epochs if what.from_scratch else 0
    return len(what.fine_tuned_ratios) * each + len(what.removed_shares) * (each + anew)


def rate(given: Iterable[Record]) -> float:
    """Return the seconds that a multiply-add of one image in one epoch took on one thread of a CPU.

    Runs of other devices, of more threads or processes, or on embedded images are left out. A network that several
    runs share was trained in the time of one of them.

    Raises
    ------
    ValueError
        If no run is left.
    """
    seconds = work = 0.0
    seen: set[tuple[str, int]] = set()
    for record in given:
        made = record.origin
        if (made.device, made.threads, made.processes) != ("cpu", 1, 1) or record.config.dataset not in IMAGES:
            continue
        key = (trained(record.config.plain()).digest(), record.seed)
        epochs = tuning_epochs(record.config) + (0 if key in seen else record.config.training.epochs)
        seen.add(key)
        work += epochs * IMAGES[record.config.dataset] * multiply_adds(record.config)
        seconds += record.origin.seconds
    if not work:
        raise ValueError("given must hold a run of one thread of a CPU; got none")
    return seconds / work


def missing(study: str, given: Iterable[Record], each: float) -> list[Cost]:
    """Return what the missing runs of a study would take, by network.

    Parameters
    ----------
    study : str
    given : iterable of Record
        What is recorded of it.
    each : float
        :func:`rate` of runs on the machine in question.
    """
    arms = STUDIES[study].arms("full")
    networks: dict[str, tuple[int, int, float]] = {}
    seen: set[tuple[str, int]] = set()
    for arm, seeds in stored.absent(study, given).items():
        what = arms[arm]
        for seed in seeds:
            epochs = tuning_epochs(what)
            key = (trained(what.plain()).digest(), seed)
            if key not in seen:
                epochs += what.training.epochs
            seen.add(key)
            runs, total, hours = networks.get(what.network, (0, 0, 0.0))
            took = epochs * IMAGES[what.dataset] * multiply_adds(what) * each / 3600
            networks[what.network] = (runs + 1, total + epochs, hours + took)
    return [Cost(study, network, *told) for network, told in networks.items()]
