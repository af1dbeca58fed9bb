"""The map of α and β: the runs of a grid as one compact table, and what can be read at a point of it.

The table is what a page carries, so that its map needs no kernel. Nothing between two points is interpolated: a point
without a run has no entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from ..attraction import reach, swing_band
from ..experiments import stored
from ..experiments.arms import MAP_ALPHAS, MAP_BETAS, STUDIES
from ..experiments.config import Config
from ..experiments.records import Record
from ..penalties import L0, L2
from ..table import Table
from .reaching import DEAD

STUDY = "alpha-beta-map"
#: Percent. With ten classes, a network that gives one answer to everything errs on about ninety in a hundred.
CHANCE = 85.0
#: Points of a hundred above the dense network that its pruned rival may lose.
LEVEL = 1.0
#: Shares of the first weights whose lines of equal reach are drawn.
SHARES = (0.5, 0.9, 0.99)
#: Beyond such a share of the first weights within reach, the loss and not the reach decides who dies (chapter 13).
LIMITED = 0.9
#: What the map's colour can show.
COLOURS = {
    "error": "error at the ratio",
    "ratio": "highest ratio within a point of dense",
    "dead": "dead weights",
}


def table(records: Iterable[Record]) -> dict[str, Any]:
    r"""Return everything that the map shows as plain data, for whichever runs of :data:`STUDY` there are.

    The dict holds ``alphas``, ``betas`` and ``ratios`` of the grid; ``images`` of the test; ``total``, the sum of the
    learning rates over one minus the momentum; ``rate`` and ``last_rate``, the learning rate of the first step and the
    mean one of the last epoch; ``alpha_l2``; ``first_edge`` and ``bin``, where the histograms of log10|w| begin and how
    wide a bin is; ``lines``, for each of :data:`SHARES` the reach that holds such a share of the first weights, and the
    α that has it at each of ``line_betas``; ``dense``, wrong answers of the networks without an l0 term, one a seed;
    ``points``, row by row of β, None where there is no run. A point holds ``reach`` (of both terms) and
    ``predicted`` (the share of the first weights of seed 0 within it), which need no run, and ``run``, None or:
    ``seeds``; ``whole``, the wrong answers before pruning, by seed; ``pruned``, those at each ratio, by seed; ``dead``,
    the share of weights below :data:`~l0lib.chapters.reaching.DEAD`, by seed; and of the lowest seed ``magnitudes``
    (histogram) and ``kept`` (weights left at each ratio).
    """
    from ..compress import MAGNITUDE_EDGES, learning_rates
    from ..experiments import run

    given = sorted((r for r in records if r.config.experiment == STUDY), key=lambda r: r.seed)
    config = next(iter(STUDIES[STUDY].arms("full").values()))
    how = config.training
    per_epoch = math.ceil(stored.IMAGES[config.dataset] / how.batch_size)
    rates = learning_rates(how.schedule, how.epochs * per_epoch, how.learning_rate, round(how.warm_up * per_epoch))
    total, alpha_l2 = math.fsum(rates) / (1 - how.momentum), how.penalty.alpha_l2
    model = run.network(config, 0)
    first = np.sort(np.concatenate([p.detach().abs().numpy().ravel() for p in model.parameters() if p.ndim > 1]))
    by_point: dict[tuple[float, float], list[Record]] = {}
    for record in given:
        by_point.setdefault(_factors(record.config), []).append(record)

    def point(alpha: float, beta: float) -> dict[str, Any]:
        far = float(reach(L2(alpha_l2) + L0(alpha, beta), total))
        within = float(np.searchsorted(first, far) / len(first))
        return {"reach": far, "predicted": within, "run": _run(by_point.get((alpha, beta), []))}

    betas = np.maximum(np.geomspace(MAP_BETAS[0], MAP_BETAS[-1] * 1.3, 33), 1.0)
    lines = []
    for share in SHARES:
        far = float(first[math.ceil(share * len(first)) - 1])
        alphas = [_alpha_of_reach(far, float(beta), alpha_l2, total) for beta in betas]
        lines.append({"share": share, "reach": far, "alphas": alphas})
    return {
        "alphas": list(MAP_ALPHAS),
        "betas": list(MAP_BETAS),
        "ratios": list(config.ratios),
        "images": given[0].test if given else 0,
        "total": total,
        "rate": rates[0],
        "last_rate": fmean(rates[-per_epoch:]),
        "alpha_l2": alpha_l2,
        "first_edge": MAGNITUDE_EDGES[0],
        "bin": round(MAGNITUDE_EDGES[1] - MAGNITUDE_EDGES[0], 9),
        "dead_below": DEAD,
        "line_betas": [float(beta) for beta in betas],
        "lines": lines,
        "dense": [r.dense.errors for r in given if _factors(r.config)[0] == 0],
        "points": [[point(alpha, beta) for alpha in MAP_ALPHAS] for beta in MAP_BETAS],
    }


def _factors(config: Config) -> tuple[float, float]:
    return config.training.penalty.alpha_l0, config.training.penalty.beta


def _alpha_of_reach(far: float, beta: float, alpha_l2: float, total: float) -> float:
    r"""Return the α of the l0 term that, beside the l2 term, reaches so far.

    A weight comes from there to zero in the time :math:`\int_0^r dw/(2\alpha_2 w + \alpha\beta e^{-\beta w})`, which
    must be the total.
    """

    def late(log_alpha: float) -> float:
        pull = math.exp(log_alpha) * beta
        return quad(lambda w: 1 / (2 * alpha_l2 * w + pull * math.exp(-beta * w)), 0, far)[0] - total

    # without l2 it is exactly this; l2 helps, so less is enough
    alone = math.log(math.expm1(beta * far) / (beta * beta * total))
    return math.exp(brentq(late, alone - 20, alone + 1e-6, xtol=1e-9))


def _run(of: list[Record]) -> dict[str, Any] | None:
    """Return what the runs of one point left, in the order of their seeds."""
    if not of:
        return None
    lowest = of[0]
    weights = sum(lowest.magnitudes)
    return {
        "seeds": [r.seed for r in of],
        "whole": [r.dense.errors for r in of],
        "pruned": [[p.measured.errors for p in r.points] for r in of],
        "dead": [round(_dead(r), 6) for r in of],
        "magnitudes": list(lowest.magnitudes),
        "kept": [round(weights / p.weights_only_ratio) if p.weights_only_ratio else 0 for p in lowest.points],
    }


def _dead(record: Record) -> float:
    from ..compress import MAGNITUDE_EDGES

    below = sum(1 for edge in MAGNITUDE_EDGES[1:] if edge <= math.log10(DEAD) + 1e-9)
    return sum(record.magnitudes[:below]) / sum(record.magnitudes)


# ------------------------------------------------------------------------------------------- what can be read


@dataclass(frozen=True)
class Reading:
    """One point of the map at one ratio: what was predicted and, where it was run, what happened.

    ``whole`` and ``error`` are means over the seeds in percent, before pruning and at the ratio; ``highest`` is the
    highest ratio whose mean error is at most :data:`LEVEL` above the dense network's, 1 if that is true of the whole
    network alone, 0 if not even of that, None without a dense network. ``dead`` is the share of dead weights.
    ``threshold`` holds the edges of the histogram's bin in which pruning cuts at the ratio, None for a ratio of 1.
    ``band`` holds the swing band :math:`\\eta\\alpha\\beta` at the learning rate of the first step and at the mean one
    of the last epoch.
    """

    alpha: float
    beta: float
    ratio: float
    reach: float
    predicted: float
    band: tuple[float, float]
    seeds: tuple[int, ...] = ()
    whole: float | None = None
    error: float | None = None
    highest: float | None = None
    dead: float | None = None
    threshold: tuple[float, float] | None = None

    @property
    def lost(self) -> bool:
        """Whether the network is at chance level before it is pruned."""
        return self.whole is not None and self.whole >= CHANCE

    def words(self) -> str:
        """Return the reading as a few sentences; the page says the same (``widgets/js/map.js``)."""
        told = f"At α = {short(self.alpha)} and β = {short(self.beta)}"
        ahead = f"the reach is {short(self.reach, 2)}, with {_percent(self.predicted)} of the first weights within"
        if self.whole is None or self.error is None or self.dead is None:
            return f"{told} no network is trained yet; {ahead}."
        seeds = f"{len(self.seeds)} seed{'s' if len(self.seeds) > 1 else ''}"
        if self.lost:
            return (
                f"{told} the network is at chance level: it errs on {self.whole:.2f} % before pruning ({seeds}). The "
                f"penalty took what the task needs. Dead are {_percent(self.dead)} of the weights; {ahead}."
            )
        pruned = f", and on {self.error:.2f} % pruned {short(self.ratio)}×" if self.ratio > 1 else ""
        chance = ", which is chance level" if self.error >= CHANCE else ""
        sentences = [f"{told} the network errs on {self.whole:.2f} % before pruning{pruned}{chance} ({seeds})."]
        if self.highest is not None:
            sentences.append(f"{_highest_words(self.highest)}.")
        limit = (
            "the loss decides which of them live"
            if self.predicted >= LIMITED
            else "the others begin too far away to die"
        )
        sentences.append(f"Dead are {_percent(self.dead)} of the weights; {ahead}: {limit}.")
        if self.threshold is not None:
            sentences.append(f"The swing band ηαβ {self._swing(self.threshold[0])}.")
        return " ".join(sentences)

    def _swing(self, cut: float) -> str:
        first, last = self.band
        if first < cut:
            return "lies below the cut in every step"
        return f"begins above the cut and is {'below' if last < cut else 'above'} it in the last epoch"


def short(x: float, digits: int = 3) -> str:
    """Return a positive number as the explorers write it: without an exponent where that reads well."""
    if 1e-4 <= x < 1e5:
        return np.format_float_positional(float(f"{x:.{digits}g}"), trim="-")
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    return f"{float(mantissa):g}·10{str(int(power)).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _percent(share: float) -> str:
    """Return a share in percent; one that is not all is never said to be all."""
    return f"{min(100 * share, 100.0 if share == 1 else 99.9):.1f} %"


def _highest_words(highest: float) -> str:
    if highest == 0:
        return "Not even the whole network is within a point of the dense one"
    if highest == 1:
        return "At no ratio tried is it within a point of the dense network"
    return f"Up to {short(highest)}× it is within a point of the dense network"


def read(data: Mapping[str, Any], alpha: float, beta: float, ratio: float) -> Reading:
    """Return what :func:`table` says of a point; ``alpha``, ``beta`` and ``ratio`` are of its grid, or ratio 1."""
    point = _point(data, alpha, beta)
    penalty = L0(alpha, beta)
    band = (float(swing_band(penalty, data["rate"])), float(swing_band(penalty, data["last_rate"])))
    ahead = Reading(alpha, beta, ratio, point["reach"], point["predicted"], band)
    run = point["run"]
    if run is None:
        return ahead
    found = errors(data, run)
    return Reading(
        **{name: getattr(ahead, name) for name in ("alpha", "beta", "ratio", "reach", "predicted", "band")},
        seeds=tuple(run["seeds"]),
        whole=found[0],
        error=found[[1, *data["ratios"]].index(ratio)],
        highest=_highest(data, found),
        dead=fmean(run["dead"]),
        threshold=None if ratio == 1 else _threshold(data, run, data["ratios"].index(ratio)),
    )


def _point(data: Mapping[str, Any], alpha: float, beta: float) -> Mapping[str, Any]:
    return data["points"][data["betas"].index(beta)][data["alphas"].index(alpha)]


def run_at(data: Mapping[str, Any], alpha: float, beta: float) -> Mapping[str, Any] | None:
    """Return what the runs of a point of the grid left (:func:`table`), None where there are none."""
    return _point(data, alpha, beta)["run"]


def dense_error(data: Mapping[str, Any]) -> float | None:
    """Return the mean error of the networks without an l0 term in percent; None where none is recorded."""
    return 100 * fmean(data["dense"]) / data["images"] if data["dense"] else None


def errors(data: Mapping[str, Any], run: Mapping[str, Any]) -> list[float]:
    """Return the mean errors in percent, of the whole network and at every ratio."""
    columns = [run["whole"], *zip(*run["pruned"], strict=True)]
    return [100 * fmean(column) / data["images"] for column in columns]


def _highest(data: Mapping[str, Any], errors: list[float]) -> float | None:
    dense = dense_error(data)
    if dense is None:
        return None
    within = [r for r, e in zip([1, *data["ratios"]], errors, strict=True) if e <= dense + LEVEL + 1e-9]
    return max(within, default=0)


def _threshold(data: Mapping[str, Any], run: Mapping[str, Any], place: int) -> tuple[float, float] | None:
    """Return the edges of the bin that holds the smallest of the kept weights; None where none is kept."""
    kept, left = run["kept"][place], 0
    if not kept:
        return None
    for bin_, count in reversed(list(enumerate(run["magnitudes"]))):
        left += count
        if left >= kept:
            low = data["first_edge"] + data["bin"] * bin_
            return 10**low, 10 ** (low + data["bin"])
    raise ValueError(f"kept must be at most the weights of the histogram, {left}; got {kept}")


def values(data: Mapping[str, Any], colour: str, ratio: float) -> list[list[float | None]]:
    """Return what the map's colour shows at each point, row by row of β; None where it is not known.

    ``colour`` is one of :data:`COLOURS`: an error in percent, a ratio (:attr:`Reading.highest`), a share.
    """
    name = {"error": "error", "ratio": "highest", "dead": "dead"}[colour]
    return [[getattr(read(data, alpha, beta, ratio), name) for alpha in data["alphas"]] for beta in data["betas"]]


def strength(data: Mapping[str, Any], colour: str, value: float) -> float:
    """Return how strongly a value is coloured, from 0 to 1: the better, or the more dead weights, the stronger.

    Errors are on a logarithmic scale between the least of any network before pruning and :data:`CHANCE`, ratios between
    1 and the highest one tried; a ratio of 0, none, is 0.
    """
    if colour == "dead":
        return value
    if colour == "ratio":
        return math.log(value) / math.log(data["ratios"][-1]) if value else 0.0
    least = least_error(data)
    share = math.log(max(value, least) / least) / math.log(CHANCE / least)
    return max(0.0, 1 - share)


def least_error(data: Mapping[str, Any]) -> float:
    """Return the least mean error of a network before pruning, in percent and at least one wrong answer."""
    runs = [point["run"] for row in data["points"] for point in row if point["run"]]
    found = [100 * fmean(run["whole"]) / data["images"] for run in runs]
    return max(min(found, default=1.0), 100 / max(data["images"], 1) if runs else 1.0)


def recorded(records: Iterable[Record]) -> str:
    """Return how much of the map is run and where it comes from, in one line, with the command that makes the rest."""
    given = [r for r in records if r.config.experiment == STUDY]
    study = STUDIES[STUDY]
    total = sum(len(study.seeds_of(arm)) for arm in study.arms("full"))
    told = f"{len(given)} of {total} runs recorded. {stored.origin(given) if given else 'Stored: none yet'}."
    return told if len(given) == total else f"{told} l0lib run {STUDY} --profile full makes the rest."


# ------------------------------------------------------------------------------------- tables and figures of the page


def _readings(data: Mapping[str, Any], ratio: float) -> list[Reading]:
    """Return what is read at every point that is run."""
    every = (read(data, alpha, beta, ratio) for beta in data["betas"] for alpha in data["alphas"])
    return [it for it in every if it.whole is not None]


def predictions(data: Mapping[str, Any], betas: Iterable[float]) -> dict[str, list[tuple[float, float]]]:
    """Return the shares of dead weights, predicted and found, of all points that are run, for each of some β."""
    found = _readings(data, 1)
    series = {f"β = {beta:g}": [(it.predicted, it.dead or 0.0) for it in found if it.beta == beta] for beta in betas}
    return {name: pairs for name, pairs in series.items() if pairs}


def by_product(data: Mapping[str, Any], ratio: float, blunt: float = 8.0) -> Table:
    """Return what points of about the same αβ have in common: a row for each half decade, β up to ``blunt`` and above.

    Dead weights and the error at ``ratio`` are given from the least to the most.
    """
    rows = []
    found = _readings(data, ratio)
    for half in sorted({_half_decade(it) for it in found}):
        row = [short(10**half, 2)]
        for sharp in (False, True):
            group = [it for it in found if _half_decade(it) == half and (it.beta > blunt) == sharp]
            row += [str(len(group)), _span([100 * (it.dead or 0.0) for it in group]), _span([it.error for it in group])]
        rows.append(tuple(row))
    names = [f"{what}, {side}" for side in (f"β ≤ {blunt:g}", f"β > {blunt:g}")
             for what in ("points", "dead (%)", f"error at {ratio:g}× (%)")]  # fmt: skip
    return Table(("αβ about", *names), rows, f"Points by αβ. {_STORED}", absent="not recorded yet")


def dead_by_product(data: Mapping[str, Any], blunt: float = 8.0) -> list[tuple[float, float, float, float]]:
    """Return the least and largest share of dead weights, β up to ``blunt`` and above, where both sides of αβ are run.

    One row for each half decade of αβ, of four numbers from 0 to 1.
    """
    rows = []
    found = [it for it in _readings(data, data["ratios"][-1]) if it.dead is not None]
    for half in sorted({_half_decade(it) for it in found}):
        sides = [[it.dead or 0.0 for it in found if _half_decade(it) == half and (it.beta > blunt) == sharp]
                 for sharp in (False, True)]  # fmt: skip
        if all(sides):
            rows.append((min(sides[0]), max(sides[0]), min(sides[1]), max(sides[1])))
    return rows


def best_by_beta(data: Mapping[str, Any]) -> Table:
    """Return for each β the α with the highest ratio within a point of the dense network, the smallest α of several."""
    rows = []
    for beta in data["betas"]:
        of_beta = [it for it in _readings(data, data["ratios"][-1]) if it.beta == beta and it.highest is not None]
        best = max(of_beta, key=lambda it: (it.highest or 0, -it.alpha), default=None)
        told = ["–"] * 4
        if best is not None and best.whole is not None and best.dead is not None:
            highest = f"{best.highest:g}×" if best.highest else "none"
            told = [short(best.alpha), short(best.alpha * beta, 2), highest, f"{best.whole:.2f} %"]
        rows.append((f"{beta:g}", str(len(of_beta)), *told))
    return Table(
        ("β", "points run", "best α", "αβ", "highest ratio within a point", "its error before pruning"), rows,
        f"For each β the α that can be pruned furthest. {_STORED}",
    )  # fmt: skip


_STORED = "Test error, mean over the seeds of a point, no fine-tuning. Stored."


def beta_still_matters(data: Mapping[str, Any]) -> str:
    """Return between which highest ratios the best α of each β lies, and how much of the grid that rests on."""
    by_beta: dict[float, list[float]] = {}
    for it in _readings(data, data["ratios"][-1]):
        if it.highest is not None:
            by_beta.setdefault(it.beta, []).append(it.highest)
    if len(by_beta) < 2:
        return "Not recorded yet."
    best = {beta: max(found) for beta, found in by_beta.items()}
    least, most = (pick(best.values()) for pick in (min, max))
    first, last = (next(f"{beta:g}" for beta in best if best[beta] == end) for end in (most, least))
    if most <= 1:
        told = "Within a point of the dense network none can be pruned, whatever β."
    elif least == most:
        told = f"Within a point of the dense network the best α prunes {short(most)}×, whatever β."
    else:
        rest = f"{short(least)}×" if least > 1 else "nothing"
        told = (
            f"Within a point of the dense network the best α of a β prunes from {rest}, at β = {last}, to "
            f"{short(most)}×, at β = {first}."
        )
    runs = [len(found) for found in by_beta.values()]
    if min(runs) == len(data["alphas"]):
        return told
    tried = f"{min(runs)} to {max(runs)}" if min(runs) < max(runs) else str(max(runs))
    return f"{told} So far a β has {tried} of the {len(data['alphas'])} values of α, and its place may be due to them."


def foreseen(data: Mapping[str, Any]) -> str:
    """Return at how many points fewer weights died than began within the reach, and where both are furthest apart."""
    found = [(it, it.dead) for it in _readings(data, 1) if it.dead is not None]
    if not found:
        return "Not recorded yet."
    fewer = sum(dead < it.predicted for it, dead in found)
    far, dead = max(found, key=lambda pair: abs(pair[0].predicted - pair[1]))
    return (
        f"At {fewer} of {len(found)} points fewer weights died than began within the reach. The two are furthest apart "
        f"at α = {short(far.alpha)} and β = {short(far.beta)}: {_percent(far.predicted)} were within, and "
        f"{_percent(dead)} died."
    )


def _half_decade(reading: Reading) -> float:
    return round(2 * math.log10(reading.alpha * reading.beta)) / 2


def _span(values_: Iterable[float | None]) -> str:
    known = [value for value in values_ if value is not None]
    return f"{min(known):.1f} to {max(known):.1f}" if known else "–"
