"""The scoreboard: every error at a compression ratio, the printed ones and ours, as rows of one kind.

A row of ours is one :class:`~l0lib.experiments.results.Result`: the mean error over seeds with its deviation, at the
ratio that was counted. Grids are left out. The networks before pruning are rows of ratio 1. A printed row is one of the
paper's Tables 2 to 7, or one of :mod:`~l0lib.paper.published`.

*The front.* A row is on the front of its network and dataset if no other row errs at most as much at a ratio at least
as high, and is better in one of the two. There are two fronts: over all rows, and over those run here. A row whose
source gives no error, but only its increase, is on none.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from .. import labels
from ..table import times
from .published import GRADUAL, MAGNITUDE, PAPER, REFERENCES, RIVALS, VALUES, Method
from .tables import TABLES, Published, PublishedTable, printed_value

if TYPE_CHECKING:
    from ..experiments.config import Config
    from ..experiments.records import Record
    from ..experiments.results import Result

#: Networks and datasets in the order of the page.
BOARDS = (
    ("lenet-300-100", "mnist"), ("lenet-5-caffe", "mnist"), ("resnet-20", "cifar10"), ("vgg-16", "cifar10"),
    ("vgg-16", "cifar100"), ("resnet-50", "cifar10"), ("resnet-50", "cifar100"),
)  # fmt: skip
_TABLES = "the paper's tables count all parameters, or do not say"
_OURS = "ratio by all parameters, biases counted"


@dataclass(frozen=True)
class Row:
    """One line of the scoreboard; what a source does not give is None or empty.

    ``error`` is the top-1 test error in percent, ``spread`` its deviation over ``seeds`` (in printed rows the
    source's standard error), ``increase`` the error over the same method's dense network in points, ``ratio`` the
    compression ratio achieved. ``stage`` is ``no pruning``, ``just pruned`` or ``fine-tuned``; printed rows with no
    word of it are ``as printed``. ``bytes`` are those of the smallest file, ``multiply_adds`` by how much their
    number falls, ``epochs`` all that are behind the row. ``variant`` is ``paper`` or ``beyond``, and ``deviations``
    names in what a row departs from the paper's scheme. ``key`` names the row in a link; ``study`` and ``requested``
    are ours alone.
    """

    key: str
    network: str
    dataset: str
    method: str
    citation: str
    year: int | None
    error: float | None
    ratio: float
    run_here: bool
    provenance: str
    convention: str
    stage: str = "as printed"
    spread: float | None = None
    seeds: int | None = None
    increase: float | None = None
    bytes: float | None = None
    multiply_adds: float | None = None
    epochs: int | None = None
    variant: str = ""
    deviations: str = ""
    study: str = ""
    requested: float | None = None
    on_front: bool = False
    on_our_front: bool = False

    @property
    def board(self) -> tuple[str, str]:
        """Network and dataset."""
        return self.network, self.dataset

    @property
    def kind(self) -> str:
        """``run here`` or ``printed``."""
        return "run here" if self.run_here else "printed"

    @property
    def group(self) -> str:
        """What rows of one method at several ratios have in common."""
        return slug(self.provenance if self.run_here else self.citation, self.method, self.stage)

    @property
    def front(self) -> str:
        """``all`` on the front over all rows, ``here`` on that of the rows run here alone, else empty."""
        return "all" if self.on_front else "here" if self.on_our_front else ""


def title(board: tuple[str, str]) -> str:
    """Return a network and its dataset as readers call them: ``LeNet-300-100, MNIST``."""
    network, dataset = board
    return f"{labels.NETWORKS[network]}, {labels.DATASETS[dataset]}"


def slug(*parts: str) -> str:
    """Return parts as one name that may stand in an address."""
    return re.sub(r"[^a-z0-9.]+", "-", " ".join(parts).lower().replace("ℓ", "l").replace("α", "alpha")).strip("-")


def rows(records: Iterable[Record]) -> list[Row]:
    """Return every row, by board and rising ratio: the printed ones, and those of full runs on test images."""
    found = [*printed_rows(), *our_rows(records)]
    places = {board: place for place, board in enumerate(BOARDS)}
    found = [row for row in found if row.board in places]
    marked: list[Row] = []
    for board in BOARDS:
        of_board = [row for row in found if row.board == board]
        best, ours = front(of_board), front([row for row in of_board if row.run_here])
        marked += [replace(row, on_front=row.key in best, on_our_front=row.key in ours) for row in of_board]
    return sorted(marked, key=lambda r: (places[r.board], r.ratio, math.inf if r.error is None else r.error, r.key))


def front(of_board: Iterable[Row]) -> set[str]:
    """Return the keys of the rows that no other row beats: at most its error, at least its ratio, better in one."""
    known = sorted((row.error, -row.ratio, row.key) for row in of_board if row.error is not None)
    kept, last = set(), (math.inf, 0.0)
    for error, minus, key in known:  # from the least error on, a row has to reach further than all before it
        if minus < last[1] or (error, minus) == last:
            last = (error, minus)
            kept.add(key)
    return kept


# ------------------------------------------------------------------------------------------------- printed rows


def printed_rows() -> list[Row]:
    """Return the rows of the paper's Tables 2 to 7, with their unpruned networks, and of :data:`.published.VALUES`."""
    found = [row for table in TABLES.values() for row in _of_table(table)]
    for value in VALUES:
        it = value.method
        found.append(
            Row(
                key=slug("printed", value.network, it.name, times(value.ratio), it.authors, f"{value.error}"),
                network=value.network,
                dataset=value.dataset,
                **_by(it),
                error=value.error,
                ratio=value.ratio,
                run_here=False,
                provenance=value.source,
                convention=value.convention,
                stage="no pruning" if value.ratio == 1 else "as printed",
                spread=value.standard_error,
            )
        )
    return found


def _of_table(table: PublishedTable) -> list[Row]:
    network = {name: key for key, name in labels.NETWORKS.items()}[table.network]
    dataset = {name: key for key, name in labels.DATASETS.items()}[table.data]
    common: dict[str, Any] = {"network": network, "dataset": dataset, "run_here": False, "convention": _TABLES}
    found = []
    if table.dense_error:
        found.append(
            Row(
                key=slug("printed", table.name, "no pruning"),
                **_by(replace(PAPER, name="no pruning")),
                error=printed_value(table.dense_error),
                ratio=1.0,
                provenance=table.name,
                stage="no pruning",
                **common,
            )
        )
    for row in table.rows:
        it, quoted = _method(row), "" if row.ours else f"{table.name}, quoting"
        # Tables 4 to 7 print increases, and a star, "the same as No Prune", is one of nothing
        absolute = table.dense_error is not None and row.error is not None
        value = None if row.error is None else printed_value(row.error)
        found.append(
            Row(
                key=slug("printed", table.name, row.method, row.ratio),
                **_by(it),
                error=value if absolute else None,
                increase=None if absolute else value or 0.0,
                ratio=printed_value(row.ratio),
                provenance=quoted or table.name,
                multiply_adds=1 / (1 - printed_value(row.flops) / 100) if row.flops else None,
                variant="paper" if row.ours else "",
                **common,
            )
        )
    return found


def _by(it: Method) -> dict[str, Any]:
    """Return what a row says of its method."""
    return {"method": it.name, "citation": it.citation, "year": it.year}


def _method(row: Published) -> Method:
    """Return who is behind a row of the paper's tables."""
    if row.ours:
        return replace(PAPER, name=f"{PAPER.name}, {row.method.removeprefix('Proposed (').removesuffix(')')}")
    match = re.search(r"\[(\d+)\]$", row.method)
    if match is None:
        raise ValueError(f"row.method must end in the paper's reference number; got {row.method!r}")
    return REFERENCES[int(match[1])]


# ----------------------------------------------------------------------------------------------------- our rows


def our_rows(records: Iterable[Record]) -> list[Row]:
    """Return one row for each result of full runs on test images, grids left out, and for each network before pruning.

    A network before pruning has a row where other arms are compared with it, or where its arm prunes nothing.
    """
    from ..experiments.arms import STUDIES
    from ..experiments.results import results

    grids = {name for name, study in STUDIES.items() if study.grid}
    kept = [
        record
        for record in records
        if (record.config.profile, record.config.evaluate_on) == ("full", "test")
        and record.config.experiment not in grids
    ]
    configs = {(r.config.experiment, r.config.arm, r.config.pruning): r.config for r in kept}
    found = [_of_result(it, _config_of(it, configs)) for it in results(kept)]
    return [*found, *_dense_rows(kept)]


def _config_of(result: Result, configs: Mapping[tuple[str, str, Any], Config]) -> Config:
    pruning = "GP" if result.pruning.startswith("NP") else result.pruning
    return configs[result.experiment, result.arm, pruning]


def _of_result(result: Result, config: Config) -> Row:
    it = method(config, result.pruning)
    asked = f"{result.requested:g}x"
    parts = [result.experiment, result.arm, result.pruning if result.removed else "", f"{100 * result.removed:g}"]
    parts = parts if result.removed else parts[:2]
    return Row(
        key=slug(*parts, asked, "fine-tuned" if result.fine_tuned else "just pruned"),
        network=result.network,
        dataset=result.dataset,
        **_by(it),
        error=result.test_error_mean,
        ratio=result.ratio,
        run_here=True,
        provenance=f"{result.experiment}: {result.arm}, commit {result.commit}",
        convention=_OURS,
        stage="fine-tuned" if result.fine_tuned else "just pruned",
        spread=result.test_error_std,
        seeds=result.n_seeds,
        increase=None if result.dense_error_mean is None else fmean(result.increases),
        bytes=result.bytes,
        multiply_adds=result.flop_reduction,
        epochs=result.epochs,
        variant=result.variant,
        deviations=", ".join(deviations(config)),
        study=result.experiment,
        requested=result.requested,
    )


def _dense_rows(records: Sequence[Record]) -> list[Row]:
    named = {(r.config.experiment, r.config.dense_arm) for r in records}
    groups: dict[str, dict[int, Record]] = defaultdict(dict)  # studies that share a network before pruning: one row
    for record in records:
        if (record.config.experiment, record.config.arm) in named or not record.points:
            groups[record.config.unpruned.digest()].setdefault(record.seed, record)
    found = []
    for group in groups.values():
        given = list(group.values())
        config, errors = given[0].config, [r.dense.percent for r in given]
        study, arm = config.experiment, config.arm
        commit = ", ".join(dict.fromkeys(r.origin.commits for r in given))
        found.append(
            Row(
                key=slug(study, arm, "no pruning"),
                network=config.network,
                dataset=config.dataset,
                method=f"no pruning, {labels.PENALTIES.get(config.penalty_name, config.penalty_name)}",
                citation="this book",
                year=None,
                error=fmean(errors),
                ratio=1.0,
                run_here=True,
                provenance=f"{study}: {arm}, commit {commit}",
                convention=_OURS,
                stage="no pruning",
                spread=stdev(errors) if len(errors) > 1 else None,
                seeds=len(errors),
                increase=0.0,
                epochs=config.training.epochs,
                variant=config.variant,
                deviations=", ".join(deviations(config)),
                study=study,
                requested=1.0,
            )
        )
    return found


def method(config: Config, pruning: str) -> Method:
    """Return what a run of ours is called, and whose method it is; ``pruning`` is the result's, ``NP`` included."""
    if config.rival:
        return RIVALS[config.rival.name]
    penalty = labels.PENALTIES.get(config.penalty_name, config.penalty_name)
    if "l0" in config.penalty_name:
        strategy = config.training.penalty.strategy
        base = replace(PAPER, name=penalty if strategy == "uniform" else f"{penalty}, {strategy}")
    else:
        base = replace(SCRATCH if config.from_scratch else FILTERS if "NP" in pruning else MAGNITUDE, name=penalty)
    if config.gradual:
        base = replace(GRADUAL, name=f"{base.name}, gradual") if "l0" not in config.penalty_name else GRADUAL_BOTH
    how = {"NP": "neurons removed", "NP+GP": "neurons removed, then global"}.get(pruning) or labels.PRUNINGS[pruning]
    whole = f"{base.name}, {how}{' pruning' * (pruning in labels.PRUNINGS)}{', recalibrated' * config.recalibrated}"
    if config.from_scratch:
        whole += ", from scratch" if "NP" in pruning else ", its places kept, other weights"
    whole += ", shifted" * ("shifted digits" in deviations(config)) + ", distilled" * (config.teacher is not None)
    return replace(base, name=whole)


#: The sources of two ways with whole neurons.
FILTERS, SCRATCH = REFERENCES[54], Method("from scratch", "Liu et al.", 2019, "ICLR", "liu2019rethinking")
#: Both at once: ours, of two sources.
GRADUAL_BOTH = Method("ℓ2 + ℓ0, gradual", f"{PAPER.citation}; {GRADUAL.authors}", PAPER.year, GRADUAL.venue)


def deviations(config: Config) -> list[str]:
    """Return in what a configuration departs from the paper's scheme: one-shot pruning, Eq. 17, plain fine-tuning."""
    stretches = [config.training, *([config.fine_tuning] if config.fine_tuning else [])]
    update = next((it.update for it in stretches if it.update != "coupled"), "")
    digits = config.network.startswith("lenet")
    told = {
        "rival method": config.rival,
        "gradual pruning": config.gradual,
        "a teacher": config.teacher,
        f"{update} update": update,
        "shifted digits": digits and any(it.shift for it in stretches),
        "mirrored digits": digits and any(it.mirror for it in stretches),
        "statistics measured anew": config.recalibrated,
        "trained from scratch": config.from_scratch,
        "ReLU behind each pooling": config.relu_after_pools,
    }
    return [name for name, departs in told.items() if departs]


# ------------------------------------------------------------------------------------------------------ columns


@dataclass(frozen=True)
class Column:
    """A column: its header, a row's value for sorting and for CSV, and the cell's text."""

    name: str
    value: Callable[[Row], str | float | int | None]
    text: Callable[[Row], str]
    number: bool = False


def _text(name: str, get: Callable[[Row], str]) -> Column:
    return Column(name, get, get)


def _number(name: str, get: Callable[[Row], float | int | None], show: Callable[[Any], str]) -> Column:
    def text(row: Row) -> str:
        value = get(row)
        return "–" if value is None else show(value)

    return Column(name, get, text, number=True)


def _provenance(row: Row) -> str:
    kind = f"{row.variant}{': ' * bool(row.deviations)}{row.deviations}" if row.run_here else ""
    return "; ".join(filter(None, (row.provenance, kind, row.convention)))


COLUMNS: tuple[Column, ...] = (
    _text("Method", lambda r: f"{r.method} ({r.citation})"),
    _text("Kind", lambda r: r.kind),
    _number("Error, %", lambda r: r.error, "{:.2f}".format),
    Column(
        "±",
        lambda r: r.spread,
        lambda r: "–" if r.spread is None else f"{r.spread:.2f}{'' if r.run_here else ' s.e.'}",
        number=True,
    ),
    _number("Seeds", lambda r: r.seeds, str),
    _number("Ratio", lambda r: r.ratio, times),
    _text("Front", lambda r: r.front),
    _text("Stage", lambda r: r.stage),
    _number("Over dense, points", lambda r: r.increase, lambda v: f"{v:+.2f}".replace("-", "−")),
    _number("Bytes", lambda r: r.bytes, "{:,.0f}".format),
    _number("Fewer mult-adds", lambda r: r.multiply_adds, times),
    _number("Epochs", lambda r: r.epochs, str),
    _number("Year", lambda r: r.year, str),
    _text("Provenance", _provenance),
)


def plain(value: str | float | int | None) -> str:
    """Return a value as CSV holds it: numbers in six digits behind the point at most, nothing for None."""
    if value is None:
        return ""
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) and math.isfinite(value) else str(value)


def as_csv(given: Iterable[Row]) -> str:
    """Return rows as CSV with a header, network and dataset first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Network", *(column.name for column in COLUMNS)])
    for row in given:
        writer.writerow([title(row.board), *(plain(column.value(row)) for column in COLUMNS)])
    return text.getvalue()
