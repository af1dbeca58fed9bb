"""Rival methods under one budget: their errors side by side, and what the records say of them in words.

Every method of :mod:`l0lib.compress.rivals` gets the same network, first weights, batches, epochs and number of trials
(:mod:`l0lib.compress.rivals.protocol`); two methods are compared by the rule of :mod:`~l0lib.paper.compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from .. import labels
from ..experiments import records
from ..experiments.arms import RIVAL_NAMES, RIVAL_RATIOS, RIVAL_TRAINING, RIVAL_TRIALS, STUDIES
from ..experiments.config import Network
from ..experiments.records import Tuning
from ..experiments.results import Result, count_of_seeds, mean_and_deviation
from ..paper.compare import LESS, MORE, OPEN, TOO_FEW, Comparison, compared, count, pairs, select
from ..paper.published import RIVALS
from ..table import Table, listed, times
from .answer import Answer, results_of, told_seen

#: The methods by what they do to a network.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "penalties": ("l2", "l1", "l0", "l2+l0", "log-sum", "mcp", "transformed-l1", "hoyer"),
    "schedules": ("gradual", "rate-rewinding", "lottery-ticket", "rigl"),
    "gates and constraints": (
        "hard-concrete", "sparse-variational-dropout", "learning-compression", "soft-thresholds",
    ),
    "before training": ("random", "snip", "synflow"),
}  # fmt: skip
#: As figures and sentences call them.
NAMES = {name: labels.PENALTIES.get(name, RIVALS[name].name) for name in RIVAL_NAMES}
_PLACE = "scoreboard#sec-rivals"


def by_method(found: Iterable[Result] | None = None, network: Network = "lenet-300-100") -> dict[str, list[Result]]:
    """Return the results of each method that has run on ``network``, by rising ratio, in the order of families."""
    ours = select(results_of("rivals", found), network=network)
    given = {
        name: sorted((r for r in ours if r.arm == f"{network}-{name}"), key=lambda r: r.requested)
        for family in FAMILIES.values()
        for name in family
    }
    return {name: results for name, results in given.items() if results}


def _at(methods: Mapping[str, Sequence[Result]], ratio: float) -> dict[str, Result]:
    """Return the methods' results at one ratio, the least mean error first."""
    there = {name: r for name, results in methods.items() for r in results if r.requested == ratio}
    return dict(sorted(there.items(), key=lambda item: item[1].test_error_mean))


def _ratios(methods: Mapping[str, Sequence[Result]]) -> list[float]:
    return sorted({r.requested for results in methods.values() for r in results})


def table(found: Iterable[Result] | None = None, network: Network = "lenet-300-100") -> Table:
    """Return a row for each method, ordered by the error at the last ratio but one, a column for each ratio.

    A dot marks the least error of a column, a tilde what is not told apart from it.
    """
    methods, ratios = by_method(found, network), list(RIVAL_RATIOS[network])
    family = {name: label for label, names in FAMILIES.items() for name in names}
    cells: dict[str, list[str]] = {name: [family[name]] for name in [*_at(methods, ratios[-2]), *methods]}
    for ratio in ratios:
        there = _at(methods, ratio)
        best = next(iter(there.values()), None)
        for name, told in cells.items():
            if best is None or name not in there:
                told.append("–")
                continue
            mark = ""
            if len(there) > 1:
                mark = "● " if there[name] is best else "~ " * (compared(best, there[name]).verdict == OPEN)
            told.append(f"{mark}{mean_and_deviation(there[name].errors.values())}")
    rows = [(NAMES[name], *told) for name, told in cells.items()]
    left = [NAMES[name] for name in RIVAL_NAMES if name not in methods]
    caption = (
        f"{labels.NETWORKS[network]}: test error in percent at each ratio, mean ± standard deviation over "
        f"{len(STUDIES['rivals'].seeds)} seeds; {RIVAL_TRAINING[network].epochs} epochs in all and {RIVAL_TRIALS} "
        "trials for each method. ● is the least of its column, ~ is not told apart from it. Stored."
    )
    if left:
        caption += f" Not run yet: {', '.join(left)}."
    return Table(("method", "what it is", *map(times, ratios)), rows, caption, absent="not run yet")


def chosen(tunings: Iterable[Tuning] | None = None, network: Network = "lenet-300-100") -> Table:
    """Return what each method chose of its eight settings on validation images, and where that is the last one tried.

    Searches by default are the stored ones.
    """
    from ..compress.rivals import TRIALS  # loads torch

    rows = []
    searches = {it.arm: it for it in (records.tunings() if tunings is None else tunings) if it.experiment == "rivals"}
    for name in RIVAL_NAMES:
        if not (it := searches.get(f"{network}-{name}")) or not it.config.rival:
            continue
        settings = dict(it.config.rival.settings)
        tried = {key: {trial[key] for trial in TRIALS[name] if key in trial} for key in settings}
        edge = [key for key, values in tried.items() if len(values) > 2 and settings[key] in (min(values), max(values))]
        told = ", ".join(f"{key} {value:g}" for key, value in settings.items())
        errors = [trial.value for trial in it.trials]
        spread = f"{min(errors):.2f} to {max(errors):.2f} %"
        rows.append((NAMES[name], str(len(errors)), told, spread, ", ".join(edge) or "–"))
    return Table(
        ("method", "trials", "chosen", "validation error, best to worst", "at the end of what was tried"),
        [tuple(cell.replace("_", " ") for cell in row) for row in rows],
        f"{labels.NETWORKS[network]}: the settings of each rival method; validation errors are geometric means "
        "over two ratios. A value at the end of those tried might be better still beyond it. Stored.",
        absent="not searched yet",
    )


def _few(found: Mapping[str, Sequence[Result]]) -> str:
    """Return why nothing can be said; nothing if something can."""
    if len(found) < 2:
        return "Fewer than two methods are on record yet."
    if all(one.verdict == TOO_FEW for one in _every_pair(found)):
        most = max(r.n_seeds for results in found.values() for r in results)
        return f"Too few runs for a verdict: {count_of_seeds(most)}."
    return ""


def _every_pair(methods: Mapping[str, Sequence[Result]]) -> list[Comparison]:
    return [one for a, b in combinations(methods.values(), 2) for one in pairs(a, b)]


def least_error(found: Iterable[Result] | None = None) -> Answer:
    """Answer which method errs least at each ratio, and whether it is told apart from the others."""
    question, methods = "Which method errs least at equal cost?", by_method(found)
    if few := _few(methods):
        return Answer(question, _PLACE, (few,))
    winners: dict[str, list[float]] = {}
    open_, clear = [], []
    for ratio in _ratios(methods):
        there = _at(methods, ratio)
        (best, first), *others = there.items()
        if not others:
            continue
        winners.setdefault(best, []).append(ratio)
        near = [NAMES[name] for name, r in others if compared(first, r).verdict != LESS]
        if near:
            open_.append(f"{listed(near)} at {times(ratio)}")
        else:
            clear.append(times(ratio))
    network = labels.NETWORKS["lenet-300-100"]
    leads = [f"{NAMES[name]} at {listed([times(r) for r in at])}" for name, at in winners.items()]
    told = [f"Of {len(methods)} methods on {network}, the least mean error is that of {listed(leads)}."]
    if clear:
        told.append(f"At {listed(clear)} it is told apart from every other.")
    if open_:
        told.append(f"Not told apart from the least: {'; '.join(open_)}.")
    told.append("The least of several is chosen after the runs, so its lead looks larger than it is.")
    if left := len(RIVAL_NAMES) - len(methods):
        told.append(f"{left} of the {len(RIVAL_NAMES)} methods have no run yet, and any of them may be better.")
    return Answer(question, _PLACE, tuple(told))


def families(found: Iterable[Result] | None = None) -> Answer:
    """Answer where the best penalty errs less than the best schedule, ratio by ratio."""
    question, methods = "Where do penalties win, and where do schedules?", by_method(found)
    of = {label: {name: methods[name] for name in names if name in methods} for label, names in FAMILIES.items()}
    if not (of["penalties"] and of["schedules"]):
        return Answer(question, _PLACE, ("There is not yet both a penalty and a schedule on record.",))
    if few := _few(methods):
        return Answer(question, _PLACE, (few,))
    duels = []
    for ratio in _ratios(methods):
        ours, theirs = (_at(of[label], ratio) for label in ("penalties", "schedules"))
        if ours and theirs:
            (one, first), (other, second) = (next(iter(there.items())) for there in (ours, theirs))
            duels.append((one, other, compared(first, second)))
    less, more, open_ = count([it for _, _, it in duels])
    won, lost = ([times(it.ratio) for _, _, it in duels if it.verdict == word] for word in (LESS, MORE))
    parts = [f"{name} at {listed(at)}" for name, at in (("penalties win", won), ("schedules win", lost)) if at]
    lead = (
        f"{'P' if won else 'S'}{' and '.join(parts)[1:]}"
        if parts
        else "Penalties win nowhere, and neither do schedules"
    )
    told = [f"{lead}: the best of each are told apart at {less + more} of {less + more + open_} ratios."]
    by_names: dict[tuple[str, str], list[Comparison]] = {}
    for one, other, it in duels:
        by_names.setdefault((NAMES[one], NAMES[other]), []).append(it)
    each = [
        f"the error of {one} less that of {other} is {told_seen(those)}" for (one, other), those in by_names.items()
    ]
    told.append(f"T{'; '.join(each)[1:]}.")
    many, few_ = len(of["penalties"]), len(of["schedules"])
    counts = [f"{many} penalt{'ies' if many > 1 else 'y'}", f"{few_} schedule{'s' * (few_ > 1)}"]
    told.append(f"These are {listed(counts)}; the family with more methods has more chances to be the better one.")
    return Answer(question, _PLACE, tuple(told))


def levelled(found: Iterable[Result] | None = None, others: Iterable[Result] | None = None) -> Answer:
    """Answer what training after pruning levels: pairs told apart by ratio, and in Experiment 1 before and after it."""
    question, methods = "What does fine-tuning level?", by_method(found)
    if few := _few(methods):
        return Answer(question, _PLACE, (few,))
    told, gaps = [], []
    for ratio in _ratios(methods):
        there = list(_at(methods, ratio).values())
        less, more, open_ = count([compared(a, b) for a, b in combinations(there, 2)])
        if pairs_there := less + more + open_:
            between = there[-1].test_error_mean - there[0].test_error_mean
            gaps.append((times(ratio), between, less + more, pairs_there))
    if len(gaps) > 1:
        (low, least, few_, of_few), (high, most, many, of_many) = gaps[0], gaps[-1]
        lead = (
            "Much at low ratios, and less at high ones" if least < most else "No more at low ratios than at high ones"
        )
        points = listed([f"{between:.2f} points at {at}" for at, between, _, _ in gaps])
        told.append(f"{lead}: from the best method to the worst there are {points}.")
        told.append(
            f"Of all pairs of methods, {few_} of {of_few} are told apart at {low}, {many} of {of_many} at {high}."
        )
    ours = select(results_of("experiment-1", others), pruning="GP")
    sides = []
    for tuned in (False, True):
        lines = [select(ours, penalty=name, fine_tuned=tuned) for name in labels.PENALTIES]
        every = [one for a, b in combinations(lines, 2) for one in pairs(a, b)]
        less, more, _ = count(every)
        sides.append((less + more, len(every)))
    if all(total for _, total in sides):
        (before, of), (after, after_of) = sides
        told.append(
            f"In Experiment 1 the four penalties are told apart in {before} of {of} comparisons as pruned, and in "
            f"{after} of {after_of} after fine-tuning."
        )
    return Answer(question, _PLACE, tuple(told) or ("Not recorded yet.",))
