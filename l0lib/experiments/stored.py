"""What is on disk and what is missing: the stored runs of a study, their origin, and what the rest would take."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import labels
from ..table import Folded, Table, ranges
from .arms import STUDIES
from .config import Config
from .records import RECORDS, Record, read_all

#: Edges of the bins of ``Record.magnitudes`` are compress.MAGNITUDE_EDGES, in log10.
_ENERGY = 0.99


def runs(study: str, folder: Path = RECORDS) -> list[Record]:
    """Return the stored results of one study: full runs, measured on the test images."""
    given = (r for r in read_all(folder) if r.config.experiment == study)
    return [r for r in given if (r.config.profile, r.config.evaluate_on) == ("full", "test")]


def absent(study: str, given: Iterable[Record]) -> dict[str, tuple[int, ...]]:
    """Return the seeds of each arm of the full study that no record holds; arms that are complete are left out."""
    have = {(r.config.arm, r.seed) for r in given}
    found = {
        arm: tuple(seed for seed in STUDIES[study].seeds_of(arm) if (arm, seed) not in have)
        for arm in STUDIES[study].arms("full")
    }
    return {arm: seeds for arm, seeds in found.items() if seeds}


def lacking(study: str, given: Iterable[Record]) -> dict[tuple[int, ...], list[str]]:
    """Return the arms of :func:`absent` by the seeds that they lack: one command makes each group."""
    found: dict[tuple[int, ...], list[str]] = {}
    for arm, seeds in absent(study, given).items():
        found.setdefault(seeds, []).append(arm)
    return found


def command(study: str, arms: str, seeds: Iterable[int]) -> str:
    """Return the command that makes full runs of some arms and seeds."""
    return f"l0lib run {study} --profile full --arms {arms} --seeds {ranges(seeds)}"


def coverage(study: str, given: Iterable[Record]) -> Table:
    """Return what is recorded of a study, where it comes from, and the commands that make the rest."""
    rows, here = [], list(given)
    total = {(arm, seed) for arm in STUDIES[study].arms("full") for seed in STUDIES[study].seeds_of(arm)}
    done = {(r.config.arm, r.seed) for r in here} & total
    rows.append((f"{len(done)} of {len(total)} runs recorded", origin(here)))
    for seeds, arms in lacking(study, here).items():
        names = "; ".join(labels.run(arm, network=True) for arm in arms)
        rows.append((f"not recorded yet: {names}: seeds {ranges(seeds)}", f"`{command(study, ' '.join(arms), seeds)}`"))
    counted = f"{len(done)} of {len(total)}"
    caption = f"Stored runs of {labels.study(study)}: {counted}, where they come from, and how to make the rest"
    return Folded(("Stored runs", "Where they come from, or how to make them"), rows, caption)


def waiting(study: str, pattern: str, given: Iterable[Record] | None = None) -> str:
    """Return in one line how many runs of some arms are recorded, which are missing, and the command that makes them.

    ``pattern`` names arms as ``l0lib run --arms`` takes it. Without ``given``, the stored records count.
    """
    here = list(_stored(study) if given is None else given)
    arms = [arm for arm in STUDIES[study].arms("full") if fnmatch.fnmatchcase(arm, pattern)]
    total = sum(len(STUDIES[study].seeds_of(arm)) for arm in arms)
    lacking = {arm: seeds for arm, seeds in absent(study, here).items() if arm in arms}
    done = total - sum(map(len, lacking.values()))
    missing = "; ".join(f"{labels.run(arm, network=True)}, seeds {ranges(seeds)}" for arm, seeds in lacking.items())
    command = f"l0lib run {study} --profile full --arms '{pattern}'"
    told = f"{done} of {total} runs recorded"
    return f"{told}; `{command}` makes the rest: {missing}" if lacking else told


@functools.cache
def _stored(study: str) -> tuple[Record, ...]:
    return tuple(runs(study))


def origin(given: Iterable[Record]) -> str:
    """Return dates, commits, versions, hardware and computing time of runs, in one line."""
    made = [r.origin for r in given]
    if not made:
        return "–"
    dates = sorted({o.date for o in made})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"

    def each(values: Iterable[str]) -> str:
        return ", ".join(sorted(set(values)))

    torch = each(o.versions.get("torch", "?") for o in made)
    machine = f"{each(o.hardware for o in made)}, device {each(o.device for o in made)}"
    hours = sum(o.seconds for o in made) / 3600
    return f"Stored: {when}; commit {each(o.commit for o in made)}; torch {torch}; {machine}; {hours:.1f} hours in all"


def energy(magnitudes: Sequence[int], edges: Sequence[float]) -> list[tuple[float, float]]:
    r"""Return how the energy :math:`\sum w^2` is spread: (share of the weights, share of the energy), largest first.

    ``magnitudes`` are the weights in each bin (:class:`~l0lib.experiments.records.Record`), ``edges`` the bins' edges
    in log10, one more than bins. Every weight of a bin counts with its middle; bins are a quarter wide in magnitude.
    """
    counts = np.asarray(magnitudes, dtype=float)[::-1]
    middles = (np.asarray(edges[:-1]) + np.asarray(edges[1:]))[::-1] / 2
    held = counts * 10 ** (2 * middles)
    weights, energies = np.cumsum(counts) / counts.sum(), np.cumsum(held) / held.sum()
    keep = counts > 0
    return list(zip(weights[keep].tolist(), energies[keep].tolist(), strict=True))


def share_for(points: Sequence[tuple[float, float]], level: float = _ENERGY) -> float:
    """Return the share of the weights, largest first, that holds ``level`` of the energy (:func:`energy`)."""
    x, y = zip(*points, strict=True)
    return float(np.interp(level, (0.0, *y), (0.0, *x)))


def weights(network: str, folder: Path = RECORDS) -> Path | None:
    """Return the stored network of the highest ratio, ``weights/<arm>-<ratio>x.l0``; None if there is none."""
    found: Mapping[Path, float] = {
        path: float(match[1])
        for path in (folder / "weights").glob(f"{network}-*.l0")
        if (match := re.search(r"-(\d+(?:\.\d+)?)x$", path.stem))
    }
    return max(found, key=lambda path: (found[path], path.name), default=None)


# ------------------------------------------------------------------------------------- what is missing

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


#: Multiply-adds of networks by name and dataset: counting those of a ResNet-50 takes a third of a second.
_COUNTED: dict[tuple[str, str], int] = {}


def multiply_adds(what: Config) -> int:
    """Return the multiply-adds of a configuration's network for one image."""
    if (key := (what.network, what.dataset)) not in _COUNTED:
        import torch

        from .. import compress
        from ..compress.measure import in_all
        from .run import network

        size = (28, 28) if what.network.startswith("lenet") else (3, 32, 32)
        _COUNTED[key] = in_all(compress.multiply_adds(network(what, 0), torch.zeros(1, *size))).dense
    return _COUNTED[key]


def tuning_epochs(what: Config) -> int:
    """Return the epochs of a run after the training before pruning: of fine-tuning and of gradual pruning."""
    each = (what.fine_tuning.epochs if what.fine_tuning else 0) + (what.gradual.training.epochs if what.gradual else 0)
    anew = what.training.epochs if what.from_scratch else 0
    return (len(what.fine_tuned_ratios) + len(what.removed_shares)) * (each + anew)


def _work(runs: Iterable[tuple[Config, int]]) -> Iterator[tuple[Config, int, int]]:
    """Yield each run's configuration, epochs and multiply-adds; a network that runs share is trained by the first."""
    seen: set[tuple[str, int]] = set()
    for what, seed in runs:
        key = (what.unpruned.digest(), seed)
        epochs = tuning_epochs(what) + (0 if key in seen else what.training.epochs)
        seen.add(key)
        yield what, epochs, epochs * IMAGES[what.dataset] * multiply_adds(what)


def rate(given: Iterable[Record]) -> float:
    """Return the seconds that a multiply-add of one image in one epoch took on one thread of a CPU.

    Runs of other devices, of more threads or processes, or on embedded images are left out. A network that several
    runs share was trained in the time of one of them.

    Raises
    ------
    ValueError
        If no run is left.
    """
    alone = [r for r in given if (r.origin.device, r.origin.threads, r.origin.processes) == ("cpu", 1, 1)]
    counted = [r for r in alone if r.config.dataset in IMAGES]
    work = sum(times for *_, times in _work((r.config, r.seed) for r in counted))
    seconds = sum(r.origin.seconds for r in counted)
    if not work:
        raise ValueError("given must hold a run of one thread of a CPU; got none")
    return seconds / work


def pace(study: str, otherwise: Iterable[Record]) -> float:
    """Return :func:`rate` of a study's stored runs, or of the runs ``otherwise`` where none of its own can be timed.

    A small network takes far longer for a multiply-add than a large one, so a study's own runs tell most.

    Raises
    ------
    ValueError
        If neither has a run of one thread of a CPU.
    """
    try:
        return rate(runs(study))
    except ValueError:
        return rate(otherwise)


def missing(study: str, given: Iterable[Record], each: float) -> list[Cost]:
    """Return what the runs of a study that are not among ``given`` would take, by network.

    ``each`` is :func:`rate` of runs on the machine in question.
    """
    arms = STUDIES[study].arms("full")
    networks: dict[str, tuple[int, int, float]] = {}
    lacking = ((arms[arm], seed) for arm, seeds in absent(study, given).items() for seed in seeds)
    for what, epochs, times in _work(lacking):
        runs, total, hours = networks.get(what.network, (0, 0, 0.0))
        networks[what.network] = (runs + 1, total + epochs, hours + times * each / 3600)
    return [Cost(study, network, *told) for network, told in networks.items()]


def table_of_costs() -> Table:
    """Return the full runs on record of each study: networks, devices, and hours in all."""
    rows = []
    for name in STUDIES:
        here = runs(name)
        networks, devices = ({labels.NETWORKS[r.config.network] for r in here}, {r.origin.device for r in here})
        hours = f"{sum(r.origin.seconds for r in here) / 3600:.1f}" if here else ""
        rows.append((labels.study(name), str(len(here)), *(", ".join(sorted(it)) for it in (networks, devices)), hours))
    return Table(
        ("study", "runs", "networks", "device", "hours in all"),
        rows,
        "The full runs on record. A network before pruning that several runs share is counted in the run that trained "
        "it. Searches come on top.",
    )


def table_of_missing(paced: Sequence[Record]) -> Table:
    """Return the full runs that are not on record, and the hours they would take at the :func:`pace` of each study.

    That of ``paced`` where a study has no runs that can be timed.
    """
    costs = [it for name in STUDIES if paced for it in missing(name, runs(name), pace(name, paced))]
    rows = [
        (labels.study(it.study), labels.NETWORKS[it.network], str(it.runs), f"{it.epochs:,}", f"{it.hours:,.0f}")
        for it in costs
    ]
    return Table(
        ("study", "network", "runs", "epochs in all", "hours, estimated"),
        rows,
        "Full runs that are not on record. A network that several runs of a study share is counted once. Computed now.",
        absent="nothing, or no pace is known",
    )
