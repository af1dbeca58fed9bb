"""What the claims ledger takes from records: the paper's figures and tables of experiments, judged by a stated rule.

*Tables.* A row of the paper's own method is judged against our runs at the same strategy and ratio, fine-tuned, by the
rule of :mod:`~l0lib.paper.compare`: *reached*, *compatible*, *missed*, or *too few runs*. In Tables 2 and 3 test errors
count, in Tables 4 to 7 increases over our own dense networks of the same seeds, seed by seed. A table *holds* if all
its rows are reached. If one is missed, the correction names the highest ratio at which we do reach its error. Else it
has too few runs if a row has, and is compatible.

*Figures of one network* (5 and 6). The same with losses in place of errors: our error less that of our own dense
network of the same seed, against the printed error less the printed one without pruning. And two sentences of the text,
by the rule of :mod:`~l0lib.paper.compare`: SEP with fine-tuning is better than NORM with it, and than SEP without.

*Figure 7.* ResNet-20 at 5×: the rows of Table 5; NORM and SEP are not told apart; and fine-tuning gains more, under
either strategy, than one of them is better than the other.

*Sweeps* (Figures 8 and 9, and the two on CIFAR-10) are judged as follows where every arm has three seeds. With fewer
they have too few runs, and what those say stands beside it.

*Figure 8.* VGG-16 on CIFAR-100. *Compresses more*: call a ratio reached if the lower end of the 95 % interval of the
loss, over the arm's own network before pruning, is not above one point; the highest ratio reached never falls as the
factor rises, and is higher under the largest factor than under none. *Starts lower*: before pruning no arm is shown to
err less than the one with the next smaller factor, and the largest factor is shown to err more than none.

*Figure 9.* ResNet-50 on CIFAR-100. *Without noticeable loss*: at 13× with β = 5 and the smallest factor, and at 25×
with β = 10 and the largest, the lower end of the 95 % interval of the loss, over the network before pruning, is not
above zero. *β makes little difference*: at 13×, the test intervals of both β meet, for every factor.

*β on CIFAR-10.* ResNet-20 loses a point long before 13×. There a change is *severe* if, under one of the factors, the
test intervals of both β before pruning do not meet, or the higher of both ratios reached is more than twice the lower.

*Two sentences of Section 3.3.* That ℓ2 + ℓ0 and pruning give compact and accurate networks: Tables 2 to 5 hold. That a
larger factor trades accuracy for compression: the rule of Figure 8, on the scaled sweep of CIFAR-10.

*Figures of Experiment 1* (3 and 4). The sentences of the text, each by the rule of :mod:`~l0lib.paper.compare`. A
figure *holds* if all its sentences hold. It holds with a correction if each holds at least in part, and is *not shown*
if none fails and some are not shown. The parts of Figures 5 to 7, and Tables 2 to 5, are put together in the same way;
they have too few runs if a part has, and are compatible if the other parts hold.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .. import labels
from ..experiments.arms import ALPHAS_4, ALPHAS_5, BETAS_5, SCALED_4, SCALED_5
from ..experiments.records import read_all
from ..experiments.results import (
    Result,
    change_by_pruning,
    count_of_seeds,
    difference,
    mean_and_deviation,
    mean_interval,
    prediction_interval,
    results,
    unpruned,
)
from .beside import ERRORS, SOURCES, published_row
from .compare import (
    COMPATIBLE,
    CORRECTED,
    FAILS,
    HOLDS,
    LEAST_RUNS,
    MISSED,
    MISSING,
    NOT_SHOWN,
    NOT_YET,
    PART,
    REACHED,
    TOO_FEW,
    against,
    counted,
    pairs,
    select,
    sentences,
    settled,
    span,
    tally,
    verdict,
)
from .tables import TABLES, Published, printed_value
from .theory import Finding

#: What the results of one arm at several ratios have in common.
_ARM = ("experiment", "arm", "fine_tuned", "removed")
#: Points of error over the network before pruning that count as no significant loss.
LEVEL = 1.0


def _named(values: Iterable[float]) -> tuple[str, ...]:
    """Return values as the arms of a sweep name them."""
    return tuple(f"{value:g}" for value in values)


#: Of Experiment 4; on CIFAR-10 they are scaled.
_FACTORS = {"cifar100": ALPHAS_4, "cifar10": SCALED_4}
_SWEPT, _SMALL, _BETAS = _named(ALPHAS_5), _named(SCALED_5), _named(BETAS_5)


@functools.cache
def recorded() -> tuple[Result, ...]:
    """Return the results of the stored records."""
    return tuple(results(read_all()))


@dataclass(frozen=True)
class Judged:
    """A row of the paper's own method, the result of ours that repeats it, the printed number, and the verdict."""

    row: Published
    result: Result
    printed: str
    limit: float
    word: str


def judged(number: int, found: Iterable[Result], *, losses: bool = False) -> list[Judged] | None:
    """Judge each row of the paper's method in a table, 2 to 7; None while a row has no record of ours."""
    ours, rows = list(found), []
    for row in TABLES[number].rows:
        if not row.ours or row.error is None:
            continue
        at = next((r for r in ours if published_row(number, r) is row), None)
        increases = losses or number not in ERRORS
        if at is None or (increases and at.dense_error_mean is None):
            return None
        limit, printed = _limit(number, row, losses)
        rows.append(Judged(row, at, printed, limit, against(_values(at, increases), limit)))
    return rows


def table(number: int, found: Iterable[Result] | None = None, *, losses: bool = False) -> Finding | None:
    """Judge the rows of the paper's method in a table, 2 to 7; None while a row has no record of ours.

    Without ``found`` the results are those of the stored records, here and below. With ``losses``, those against the
    dense networks are compared instead of errors, in Tables 2 and 3.
    """
    ours = list(recorded() if found is None else found)
    increases = losses or number not in ERRORS
    rows = judged(number, ours, losses=losses)
    if rows is None:
        return None
    told, words, lower = [], [one.word for one in rows], {}
    for one in rows:
        name = one.result.strategy if number in ERRORS else one.row.method
        told.append(f"{name}, {one.row.ratio}: {_ours(one.result, increases)}, printed {one.printed}: {one.word}")
        if one.word in (MISSED, COMPATIBLE):
            arm = select(ours, **{field: getattr(one.result, field) for field in _ARM})
            reached = [r.ratio for r in arm if against(_values(r, increases), one.limit) == REACHED]
            where = f"up to {max(reached):.3g}×" if reached else "at no ratio we tried"
            lower[f"{name} reaches {one.printed} {where}"] = bool(reached)
    value, rest = "; ".join(told), "; ".join(lower)
    if all(word == REACHED for word in words):
        return Finding(value, True)
    if MISSED in words:
        return Finding(value, False, all(lower.values()), rest)
    return Finding(value, False, correction=rest, word=TOO_FEW if TOO_FEW in words else COMPATIBLE)


def _limit(number: int, row: Published, losses: bool) -> tuple[float, str]:
    """Return the printed number that a row is judged against, and as text."""
    error, dense = str(row.error), TABLES[number].dense_error
    if not losses or dense is None:
        return printed_value(error), error.replace("%", " %")
    loss = printed_value(error) - printed_value(dense)
    return loss, f"{loss:+.2f}"


def _values(result: Result, increases: bool) -> list[float]:
    """Return our errors, or increases over the dense networks, one a seed; none where a seed has no dense network."""
    if not increases:
        return list(result.errors.values())
    return [] if result.dense_error_mean is None else result.increases


def _ours(result: Result, increases: bool) -> str:
    values = _values(result, increases)
    mean, one_more = mean_interval(values), prediction_interval(values)
    number = mean_and_deviation(values, sign="+" if increases else "")
    value = f"{number} {'points' if increases else '%'} at {result.ratio:.3g}× ({count_of_seeds(result.n_seeds)})"
    if mean is None or one_more is None:
        return value
    return f"{value}, mean {_between(mean, increases)}, one more run {_between(one_more, increases)}"


def _between(interval: tuple[float, float], increases: bool) -> str:
    return span(interval) if increases else f"{interval[0]:.2f} to {interval[1]:.2f}"


def compact_and_accurate(found: Iterable[Result] | None = None) -> Finding | None:
    """Judge by Tables 2 to 5 what Section 3.3 expects of both penalties and pruning; None while a row is missing."""
    ours = list(recorded() if found is None else found)
    parts = [(f"Table {number}", settled(table(number, ours))) for number in (2, 3, 4, 5)]
    if any(word == NOT_YET for _, word in parts):
        return None
    return _together("; ".join(f"{name}: {word}" for name, word in parts), parts)


def trade(found: Iterable[Result] | None = None) -> Finding | None:
    """Judge by the sweep on CIFAR-10 that a larger factor of the l0 term trades accuracy for compression."""
    return figure_8(recorded() if found is None else found, "cifar10")


def figure(number: int, found: Iterable[Result] | None = None) -> Finding | None:
    """Judge what the text says of Figures 3 to 9; None while records are missing.

    Raises
    ------
    ValueError
        If ``number`` is another figure.
    """
    if number not in range(3, 10):
        raise ValueError(f"number must be one of 3 to 9; got {number!r}")
    ours = list(recorded() if found is None else found)
    if number in (3, 4):
        return _experiment_1(number, ours)
    if number in (5, 6):
        return _trade_off(number, ours)
    return {7: _figure_7, 8: figure_8, 9: figure_9}[number](ours)


def _experiment_1(number: int, found: Iterable[Result]) -> Finding | None:
    """Judge the sentences on Figure 3 or 4; fine-tuning against none belongs to the second of the two."""
    ours = select(found, experiment="experiment-1")
    have = {(r.penalty, r.pruning) for r in ours if r.fine_tuned == (number == 4)}
    if any((penalty, pruning) not in have for penalty in labels.PENALTIES for pruning in ("GP", "LP", "RP")):
        return None
    about = ("Figure 3,",) if number == 3 else ("Figure 4,", "Figures")
    # recorded, and yet nothing to compare: neither network works at any ratio that both were asked for
    parts = [
        (f"{sentence.text} ({sentence.about})", NOT_SHOWN if sentence.verdict == MISSING else sentence.verdict)
        for sentence in sentences(ours)
        if sentence.about.startswith(about)
    ]
    verdicts = [verdict for _, verdict in parts]
    contrary = "; ".join(text for text, verdict in parts if verdict == FAILS)
    return _together(f"of {len(parts)} statements {tally(verdicts)}{': ' * bool(contrary)}{contrary}", parts)


def _trade_off(number: int, ours: Sequence[Result]) -> Finding | None:
    """Judge Figure 5 or 6 by the losses of Table 2 or 3, and whether SEP with fine-tuning is the best pair."""
    rows = table(number - 3, ours, losses=True)
    network = SOURCES[number - 3][1]

    def side(strategy: str, tuned: bool) -> list[Result]:
        kind = {"network": network, "experiment": "experiment-2", "penalty": "l2+l0", "variant": "paper"}
        found = select(ours, strategy=strategy, fine_tuned=tuned, **kind)
        return [result for result in found if "-power-" not in result.arm]

    rivals = {"NORM with it": side("NORM", True), "SEP without": side("SEP", False)}
    if rows is None or not all(rivals.values()):
        return None
    best = side("SEP", True)
    compared = {f"SEP with fine-tuning is better than {name}": pairs(best, r) for name, r in rivals.items()}
    told = [f"{text}: {counted(both)}" for text, both in compared.items()]
    parts = [(rows.correction or "the printed losses", settled(rows))]
    parts += [(text, verdict(both)) for text, both in compared.items()]
    return _together("; ".join((rows.value, *told)), parts)


def _figure_7(found: Iterable[Result]) -> Finding | None:
    at = {
        (r.strategy, r.fine_tuned): r
        for r in select(found, experiment="experiment-3", network="resnet-20", dataset="cifar10", requested=5.0)
        if r.penalty == "l2+l0"  # the dense arm has the strategy of NORM, too
    }
    rows = table(5, at.values())
    if rows is None or any((strategy, False) not in at for strategy in ("NORM", "SEP")):
        return None
    norm, sep = at["NORM", True], at["SEP", True]
    apart = norm.test_error_mean - sep.test_error_mean
    gains = [at[s, False].test_error_mean - at[s, True].test_error_mean for s in ("NORM", "SEP")]
    alike = difference(norm, sep).wide
    parts = [
        ("up to 5×", settled(rows)),
        ("NORM and SEP alike", HOLDS if alike[0] <= 0 <= alike[1] else FAILS),
        ("fine-tuning matters more", HOLDS if min(gains) > abs(apart) else FAILS),
    ]
    value = (
        f"at 5×: {norm.increase_over_seeds} under NORM, {sep.increase_over_seeds} under SEP, "
        f"{apart:+.2f} points apart ({span(alike)}); fine-tuning gains {gains[0]:.2f} and {gains[1]:.2f} points"
    )
    return _together(value, parts)


@dataclass(frozen=True)
class Swept:
    """One factor of a sweep: the highest ratio not shown to lose more than a point, and the result of least ratio."""

    factor: float
    reached: float
    lowest: Result


def sweep(found: Iterable[Result], prefix: str, factors: Iterable[float]) -> list[Swept] | None:
    """Return the arms of Experiment 4 whose names begin with ``prefix``, by factor; None while one is missing."""
    arms = _arms(found, "experiment-4", "vgg-16")
    named = {f"{prefix}-{factor:g}": factor for factor in factors}
    if any(arm not in arms for arm in named):
        return None
    return [Swept(factor, _reached(arms[arm]), arms[arm][0]) for arm, factor in named.items()]


def figure_8(found: Iterable[Result], dataset: str = "cifar100") -> Finding | None:
    """Judge what the text says of Figure 8, on its dataset or on ``cifar10``; None while an arm is missing."""
    factors = _FACTORS[dataset]
    swept = sweep(found, dataset, factors)
    if swept is None:
        return None
    reached = [one.reached for one in swept]
    before = [unpruned(one.lowest) for one in swept]
    starts = [r.test_error_mean for r in before]
    holds = {
        "compresses more": all(a <= b for a, b in pairwise(reached)) and reached[0] < reached[-1],
        "starts lower": all(difference(b, a).wide[1] >= 0 for a, b in pairwise(before))
        and difference(before[-1], before[0]).wide[0] > 0,
    }
    told = ", ".join(
        f"α₀ = {factor:g}: {ratio:.3g}×, {start - starts[0]:+.2f}"
        for factor, ratio, start in zip(factors, reached, starts, strict=True)
    )
    about = "highest ratio not shown to lose more than a point, and points of error before pruning over α₀ = 0"
    return _finding(f"{about}: {told}", holds, before)


def figure_9(found: Iterable[Result]) -> Finding | None:
    """Judge what the text says of Figure 9; None while an arm is missing."""
    arms = _arms(found, "experiment-5", "resnet-50")
    at = {(name.removeprefix("cifar100-"), r.requested): r for name, line in arms.items() for r in line}
    ends = [("5-1e-07", 13.0), ("10-1e-06", 25.0)]
    both = [[(f"{beta}-{factor}", 13.0) for beta in _BETAS] for factor in _SWEPT]
    if any(key not in at for group in (ends, *both) for key in group):
        return None
    changes = [change_by_pruning(at[key]) for key in ends]
    compared = [(at[five], at[ten]) for five, ten in both]
    holds = {
        "no noticeable loss": all(change.wide[0] <= 0 for change in changes),
        "β makes little difference": all(map(_meet, compared)),
    }
    losses = ", ".join(f"{c.mean:+.2f} points at {ratio:g}×" for c, (_, ratio) in zip(changes, ends, strict=True))
    gaps = ", ".join(f"{a.test_error_mean - b.test_error_mean:+.2f}" for a, b in compared)
    return _finding(f"{losses}; β = 5 less β = 10 at 13×, by factor: {gaps} points", holds, [at[key] for key in ends])


def small_betas(found: Iterable[Result]) -> Finding | None:
    """Judge whether a change from β = 5 to 10 is severe for ResNet-20 on CIFAR-10; None while an arm is missing."""
    arms = _arms(found, "experiment-5", "resnet-20")
    both = [[f"resnet-20-{beta}-{factor}" for beta in _BETAS] for factor in _SMALL]
    if any(arm not in arms for pair in both for arm in pair):
        return None
    before = [[unpruned(arms[arm][0]) for arm in pair] for pair in both]
    ratios = [[_reached(arms[arm]) for arm in pair] for pair in both]
    holds = {
        "before pruning β makes little difference": all(map(_meet, before)),
        "β makes little difference to the ratio": all(max(pair) <= 2 * min(pair) for pair in ratios),
    }
    told = ", ".join(
        f"α₀ = {factor}: {five:.3g}× and {ten:.3g}×, {b.test_error_mean - a.test_error_mean:+.2f}"
        for factor, (five, ten), (a, b) in zip(_SMALL, ratios, before, strict=True)
    )
    about = "highest ratio not shown to lose more than a point, for β = 5 and 10, and points before pruning, 10 over 5"
    return _finding(f"{about}: {told}", holds, [r for pair in before for r in pair])


def _reached(line: Iterable[Result]) -> float:
    """Return the highest ratio not shown to lose more than :data:`LEVEL`, 1 where none is."""
    return max((r.ratio for r in line if change_by_pruning(r).wide[0] <= LEVEL + 1e-9), default=1.0)


def _meet(pair: Iterable[Result]) -> bool:
    """Return whether the test intervals of results have a point in common."""
    intervals = [r.test_interval for r in pair]
    return max(low for low, _ in intervals) <= min(high for _, high in intervals)


def _arms(found: Iterable[Result], study: str, network: str) -> dict[str, list[Result]]:
    """Return the results of one network's sweep before fine-tuning, by arm, in rising order of the ratio."""
    arms: dict[str, list[Result]] = {}
    for r in sorted(found, key=lambda r: r.requested):
        if (r.experiment, r.network, r.fine_tuned) == (study, network, False):
            arms.setdefault(r.arm, []).append(r)
    return arms


def _finding(value: str, holds: dict[str, bool], of: Iterable[Result]) -> Finding:
    """Judge a statement of several parts that results bear out or not, if these have seeds enough."""
    wrong = [text for text, good in holds.items() if not good]
    seeds = min(r.n_seeds for r in of)
    if seeds < LEAST_RUNS:
        said = f"not so here: {', '.join(wrong)}" if wrong else "as the text says"
        return Finding(f"{value}; {said}, on {count_of_seeds(seeds)}", False, word=TOO_FEW)
    if not wrong:
        return Finding(value, True)
    return Finding(value, False, len(wrong) < len(holds), f"not so here: {', '.join(wrong)}")


def _together(value: str, parts: Sequence[tuple[str, str]]) -> Finding:
    """Judge a statement of several parts, each a text and its verdict by :mod:`~l0lib.paper.compare`."""
    verdicts = {verdict for _, verdict in parts}
    if verdicts == {HOLDS}:
        return Finding(value, True)
    rest = "; ".join(f"{text}: {verdict}" for text, verdict in parts if verdict != HOLDS)
    if FAILS in verdicts:
        return Finding(value, False, False, rest)
    if TOO_FEW in verdicts:
        return Finding(value, False, correction=rest, word=TOO_FEW)
    if NOT_SHOWN in verdicts:
        return Finding(value, False, correction=rest, shown=False)
    if verdicts & {PART, CORRECTED}:
        return Finding(value, False, True, rest)
    return Finding(value, False, correction=rest, word=COMPATIBLE)
