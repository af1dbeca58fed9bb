"""How far penalties reach, and how many of the first weights lie within: a prediction, and what came of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import labels
from ..attraction import reach
from ..experiments import stored
from ..experiments.records import Record
from ..penalties import L0, L2
from ..table import Folded, Table, percent
from .live import error_and_interval

if TYPE_CHECKING:
    import torch

    from ..experiments.config import Unpruned

#: A weight below this counts as dead.
DEAD = 1e-3


@dataclass(frozen=True)
class Reach:
    """What can be said of a run before it is made, and what came of it.

    ``total`` is the sum of the learning rates over ``1 - momentum``; ``reach`` maps a layer to
    :func:`l0lib.attraction.reach` of its penalty; ``predicted`` is the share of the first weights that lie within it,
    ``found`` the share of the weights of magnitude below :data:`DEAD` at the end of training.
    """

    total: float
    reach: dict[str, float]
    predicted: float
    found: float


def reached(record: Record) -> Reach:
    """Compare the first weights of a run with the reach of its penalties, and with the weights it ended with."""
    from ..compress import MAGNITUDE_EDGES

    total, reaches, within = _foretold(record.config.unpruned, record.train, record.seed)
    edges, magnitudes = np.array(MAGNITUDE_EDGES[1:]), np.array(record.magnitudes)
    found = float(magnitudes[edges <= math.log10(DEAD) + 1e-9].sum() / magnitudes.sum())
    return Reach(total, dict(reaches), within, found)


@functools.lru_cache(maxsize=256)
def _foretold(what: Unpruned, images: int, seed: int) -> tuple[float, dict[str, float], float]:
    """Return the total of :class:`Reach`, the reach of each layer, and the share of the first weights within it."""
    from ..compress import layer_sizes, learning_rates
    from ..experiments import run

    how = what.training
    per_epoch = math.ceil(images / how.batch_size)
    rates = learning_rates(how.schedule, how.epochs * per_epoch, how.learning_rate, round(how.warm_up * per_epoch))
    total = sum(rates) / (1 - how.momentum)
    model = run.network(what, seed)
    sizes = layer_sizes(model)
    weights = {name: dict(model.named_parameters())[f"{name}.weight"].detach().abs() for name in sizes}
    penalties = how.penalty.build(sizes)
    reaches = {name: 0.0 if penalty is None else float(reach(penalty, total)) for name, penalty in penalties.items()}
    within = sum(int((weights[name] < reaches[name]).sum()) for name in weights)
    return total, reaches, within / sum(w.numel() for w in weights.values())


@dataclass(frozen=True)
class Prediction:
    """A network trained under one penalty: shares of its weights below :data:`DEAD`, predicted and found.

    ``reach`` is that of the penalty, ``error`` the test error, a fraction of 1; ``alone`` the share found dead where
    the same penalty acts and no loss, None where that was not tried.
    """

    reach: float
    predicted: float
    found: float
    error: float
    alone: float | None = None


def magnitudes(model: torch.nn.Module) -> torch.Tensor:
    """Return the magnitudes of all weights of a network in one row; biases and normalisations are left out."""
    import torch

    return torch.cat([p.detach().abs().flatten() for p in model.parameters() if p.ndim > 1])


def largest_gap(given: Iterable[Reach | Prediction]) -> float | None:
    """Return how far predicted and found shares are apart at most, in percentage points; None of nothing."""
    return max((100 * abs(it.predicted - it.found) for it in given), default=None)


def table_of_predictions(first: str, given: Mapping[tuple[float, float], Prediction], caption: str) -> Table:
    """Return a row for each prediction; its key is the value of the column ``first``, and α."""
    alone = ["dead without a loss"] * any(it.alone is not None for it in given.values())
    rows = []
    for (value, alpha), it in given.items():
        shares = (percent(share) for share in (it.predicted, it.alone, it.found, it.error) if share is not None)
        rows.append((f"{value:g}", f"{alpha:.2g}", f"{it.reach:.4f}", *shares))
    return Table((first, "α", "reach", "predicted dead", *alone, "found dead", "test error"), rows, caption)


def _rows(records: Iterable[Record], far: Callable[[list[float]], str]) -> Iterator[tuple[str, ...]]:
    """Yield name, total, ``far`` of the layers' reaches, weights within and found dead of each record."""
    for record in records:
        it = reached(record)
        shares = (percent(it.predicted), percent(it.found))
        yield labels.run(record.config.arm, network=True), f"{it.total:,.0f}", far(list(it.reach.values())), *shares


def table(records: Sequence[Record], runs: str) -> Table:
    """Return a row for each of the ``runs``: the reach in its layers, weights within and found dead, and the error."""
    told = _rows(records, lambda reaches: f"{min(reaches):.3f} to {max(reaches):.3f}")
    return Table(
        ("run", "total", "reach of its layers", "within reach", "found dead", "test error"),
        [(*row, f"{record.dense.percent:.2f} %") for row, record in zip(told, records, strict=True)],
        f"Runs of {runs}, seed 0, before pruning: first weights within the reach of both terms, and weights below "
        "0.001 at the end. Stored.",
        absent="not recorded yet",
    )


def table_of_studies(studies: Iterable[str]) -> Table:
    """Return a row for each arm of some studies that trains under ℓ1 or ℓ0, by its run of seed 0.

    Arms that prune by layer or at random are left out: they train as the one that prunes globally.
    """
    arms: dict[str, Record] = {}
    for record in (record for study in studies for record in stored.runs(study)):
        its = record.config
        if record.seed == 0 and its.penalty_name != "l2" and not any(way in its.arm for way in ("-LP", "-RP")):
            arms.setdefault(its.arm, record)
    return Folded(
        ("run", "total", "smallest reach", "within reach", "found dead"),
        _rows(arms.values(), lambda reaches: f"{min(reaches):.2f}"),
        "Stored runs, seed 0: reach in the layer where it is smallest, first weights within, weights below 0.001 at "
        "the end",
        absent="not recorded yet",
    )


def table_of_schedules(
    model: torch.nn.Module, schedules: Iterable[tuple[str, int, float, float, Sequence[float]]], caption: str
) -> Table:
    """Return how far factors of ℓ0 reach in some schedules, and how many first weights of ``model`` lie within.

    A schedule has a name, epochs of 391 batches, a first learning rate that falls to zero along a cosine, a momentum,
    and the factors. β is 5, and the α of ℓ2 in the last column 0.00025.
    """
    from ..compress import learning_rates

    first, rows = magnitudes(model), []
    deviation = float(first.square().mean().sqrt())
    for name, epochs, rate, momentum, alphas in schedules:
        total = sum(learning_rates("cosine", epochs * 391, rate, 0)) / (1 - momentum)
        for alpha in alphas:
            far, both = (float(reach(it, total)) for it in (L0(alpha, 5), L2(2.5e-4) + L0(alpha, 5)))
            within = (percent(float((first < edge).float().mean()), 0) for edge in (far, both))
            rows.append((f"{name}, {epochs} epochs", f"{alpha:g}", f"{far:.3f}", f"{far / deviation:.1f}", *within))
    headers = ("schedule", "α of ℓ0", "reach", "over the first weights' deviation", "within reach", "with ℓ2")
    return Table(headers, rows, caption)


def table_of_products(records: Iterable[Record]) -> Table:
    """Return what β = 5 and β = 10 come to in ResNet-20, with one product of α and β and with one α (Experiment 5)."""
    by = {(r.config.training.penalty.beta, r.config.training.penalty.alpha_l0): r for r in records}
    rows = []
    for name, factor in (("the same αβ", 1e-5), ("the same α", 5e-6)):
        pair = [by[key] for key in ((5, factor), (10, 5e-6)) if key in by]
        if len(pair) == 2:
            errors = [next(p.measured.percent for p in r.points if p.requested == 5) for r in pair]
            cells = ([r.dense.percent for r in pair], [100 * reached(r).found for r in pair], errors)
            rows.append((name, *(f"{five:.1f} and {ten:.1f} %" for five, ten in cells)))
    return Table(
        ("β = 5 and 10 with", "error before pruning", "found dead", "error at 5×"),
        rows,
        "ResNet-20 on CIFAR-10, ten epochs, one seed: β = 5 and β = 10 once with the same product of α and β, once "
        "with the same α, which is 0.000005. No fine-tuning. Stored.",
        absent="not recorded yet",
    )


def table_of_live(made: Iterable[Record]) -> Table:
    """Return total rate, largest reach and error of runs that a page made while it was built."""
    rows = []
    for record in made:
        it = reached(record)
        far = (f"{it.total:.2f}", f"{max(it.reach.values()):.1e}")
        rows.append((labels.NETWORKS[record.config.network], *far, *error_and_interval(record.dense)))
    return Table(
        ("network", "total", "largest reach", "error", "95 % interval"),
        rows,
        "Computed now, on a few hundred photographs: nothing can be concluded from the errors.",
    )
