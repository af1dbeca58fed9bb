"""What stored results say, in words that are computed: comparisons by a stated rule, and the paper's sentences judged.

The rule. Two arms are compared at one requested ratio, seed by seed. The difference of their mean errors has a 95 %
interval over seeds (Student's t on the paired differences). Other test images could move it too: for :math:`n` images
and mean errors :math:`p` and :math:`q` by a standard deviation of at most :math:`\\sqrt{(p + q)/n}`, nearly reached
where the two err on no image in common. Where the records say which images were missed, it is computed from them. The
*wide* interval adds both, in quadrature. An arm errs *less* where the wide interval lies below zero, *more* where it
lies above, else the two are *not told apart*. On fewer than three shared seeds there are *too few runs* for any of
these words. Where both err on more than half of the images nothing is compared: neither network works.

A sentence that one arm outperforms another *holds* if it errs less at half or more of the ratios compared and more at
none, a sentence that says *in all cases* if it errs less at every one; it *holds in part* if it errs less at some; it
*does not hold* if it errs more at some and less at none; else it is *not shown*.

*Against a printed number* each of our runs counts, and three of them at least. It is *reached* if the upper end of the
95 % interval of our mean over seeds (Student's t) is not above it: the test images are the same for all, the paper's
networks included. It is *compatible* with our runs if it is not reached, but lies in the 95 % interval of one more run,
which is what the paper printed: one run of unknown seed. It is *missed* if it lies below that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from .. import labels
from ..experiments.results import (
    Difference,
    Result,
    count_of_seeds,
    difference,
    mean_interval,
    prediction_interval,
    shared,
)
from ..table import Folded, Table, signed
from .theory import Finding

#: Verdicts on a sentence of the text, on a line of the ledger, or on both.
HOLDS, NOT_SHOWN, FAILS = "holds", "not shown", "does not hold"
PART, MISSING = "holds in part", "not recorded yet"
CORRECTED, NOT_YET = "holds with a correction", "not yet"
REACHED, COMPATIBLE, MISSED, TOO_FEW = "reached", "compatible", "missed", "too few runs"
MARKS = {HOLDS: "✓", REACHED: "✓", PART: "≈", CORRECTED: "≈", COMPATIBLE: "∼", NOT_SHOWN: "–"}
MARKS |= {FAILS: "✗", MISSED: "✗", TOO_FEW: "?", MISSING: "…", NOT_YET: "…"}
LESS, MORE, OPEN = "less", "more", "not told apart"
#: Runs that a verdict needs, against a printed number or between two arms.
LEAST_RUNS = 3
#: Above this error, in percent, a network is taken as one that no longer works.
COLLAPSED = 50.0


def marked(verdict: str) -> str:
    """Return a verdict with its mark before it: ``✓ holds``."""
    return f"{MARKS[verdict]} {verdict}"


def against(values: Sequence[float], printed: float) -> str:
    """Return ``reached``, ``compatible``, ``missed`` or ``too few runs``: our values, one a seed, against a number."""
    mean, one_more = mean_interval(values), prediction_interval(values)
    if mean is None or one_more is None or len(values) < LEAST_RUNS:
        return TOO_FEW
    if mean[1] <= printed + 1e-9:  # both are sums of decimals
        return REACHED
    return COMPATIBLE if one_more[0] <= printed + 1e-9 else MISSED


def errs(interval: tuple[float, float] | None, seeds: int = LEAST_RUNS) -> str:
    """Return ``less``, ``more`` or ``not told apart`` by where the interval of a difference of errors lies.

    On fewer than :data:`LEAST_RUNS` shared ``seeds``, and without an interval, there are ``too few runs``.
    """
    if interval is None or seeds < LEAST_RUNS:
        return TOO_FEW
    low, high = interval
    return OPEN if low <= 0 <= high else LESS if high < 0 else MORE


def settled(finding: Finding | None) -> str:
    """Return the verdict that the ledger's rule gives for a finding; None stands for one whose records are missing."""
    if finding is None:
        return NOT_YET
    if finding.as_printed:
        return HOLDS
    if finding.word:
        return finding.word
    if not finding.shown:
        return NOT_SHOWN
    return CORRECTED if finding.corrected else FAILS


@dataclass(frozen=True)
class Comparison(Difference):
    """Two results at one requested ratio, on the same seeds, and the difference of their errors."""

    first: Result
    second: Result

    @property
    def ratio(self) -> float:
        """The compression ratio that was asked for."""
        return self.first.requested

    @property
    def place(self) -> str:
        """What was asked for: ``90×``, or ``25 % of the neurons, 18.4×``."""
        ratio = f"{self.ratio:g}×"
        if not self.first.removed:
            return ratio
        neurons = f"{100 * self.first.removed:.0f} % of the neurons"
        return neurons if self.ratio == 1 else f"{neurons}, {ratio}"

    @property
    def seeds(self) -> int:
        """Seeds that both have."""
        return len(self.first.errors.keys() & self.second.errors.keys())

    @property
    def verdict(self) -> str:
        """``less``, ``more`` or ``not told apart``: how the first errs against the second; else ``too few runs``."""
        return errs(self.wide, self.seeds)

    @property
    def clear(self) -> bool:
        """Whether the wide interval leaves zero out, on however few seeds: without enough of them no verdict."""
        return errs(self.wide) != OPEN


def compared(first: Result, second: Result) -> Comparison:
    """Compare two results, whatever their ratios; they must share a seed."""
    return Comparison(**vars(difference(first, second)), first=first, second=second)


def pairs(first: Iterable[Result], second: Iterable[Result]) -> list[Comparison]:
    """Pair results by requested ratio, in rising order, where they share a seed and not both have collapsed.

    Where neurons were removed, as many are gone from both.

    Raises
    ------
    ValueError
        If a side has two results at one place: which of them was meant would be chance.
    """
    ours, others = _by_place("first", first), _by_place("second", second)
    found = []
    for place in sorted(ours):
        r, other = ours[place], others.get(place)
        if other is None or not r.errors.keys() & other.errors.keys():
            continue
        if min(r.test_error_mean, other.test_error_mean) <= COLLAPSED:
            found.append(compared(r, other))
    return found


def _by_place(name: str, side: Iterable[Result]) -> dict[tuple[float, float], Result]:
    """Return results by the share of neurons removed and the ratio requested."""
    found: dict[tuple[float, float], Result] = {}
    for r in side:
        if (other := found.setdefault((r.removed, r.requested), r)) is not r:
            raise ValueError(f"{name} must hold one result a ratio; got {other.arm} and {r.arm} at {r.requested:g}×")
    return found


def pairs_at_least(first: Iterable[Result], second: Iterable[Result]) -> list[Comparison]:
    """Pair every result of ``second`` with the one of ``first`` at the same ratio or, failing that, at the next higher.

    For arms that share few ratios: a higher ratio is a handicap for the first.
    """
    candidates = sorted(first, key=lambda r: r.requested)
    found = []
    for r in sorted(second, key=lambda r: r.requested):
        above = [c for c in candidates if c.requested >= r.requested and c.errors.keys() & r.errors.keys()]
        if above and min(r.test_error_mean, above[0].test_error_mean) <= COLLAPSED:
            found.append(compared(above[0], r))
    return found


def select(found: Iterable[Result], **wanted: object) -> list[Result]:
    """Return the results whose fields have the values given, such as ``penalty="l0", pruning="GP"``."""
    return [r for r in found if all(getattr(r, name) == value for name, value in wanted.items())]


def count(comparisons: Iterable[Comparison]) -> tuple[int, int, int]:
    """Return at how many ratios the first errs less, more, and where the two are not told apart."""
    verdicts = [one.verdict for one in comparisons]
    return verdicts.count(LESS), verdicts.count(MORE), verdicts.count(OPEN)


def verdict(comparisons: Sequence[Comparison], *, every: bool = False) -> str:
    """Return what the rule of this module says of "the first outperforms the second", with ``every`` in all cases."""
    less, more, _ = count(comparisons)
    if not comparisons:
        return MISSING
    if all(one.verdict == TOO_FEW for one in comparisons):
        return TOO_FEW
    if less and not more and (1 if every else 2) * less >= len(comparisons):
        return HOLDS
    if less:
        return PART
    return FAILS if more else NOT_SHOWN


def counted(comparisons: Sequence[Comparison]) -> str:
    """Return :func:`count` in words."""
    if not comparisons:
        return MISSING
    less, more, open_ = count(comparisons)
    told, few = (
        [f"less at {less}", f"more at {more}", f"not told apart at {open_}"],
        len(comparisons) - less - more - open_,
    )
    if few == len(comparisons):
        return f"{TOO_FEW} at all {few}"
    return f"{', '.join([*told, f'{TOO_FEW} at {few}'] if few else told)} of {len(comparisons)}"


@dataclass(frozen=True)
class Sentence:
    """A sentence of the paper's text, in our words, and the comparisons that it is judged by."""

    text: str
    about: str
    comparisons: tuple[Comparison, ...]
    recorded: bool = True
    every: bool = False

    @property
    def verdict(self) -> str:
        """By the rule of this module; where both arms are recorded and neither works at any ratio, nothing is shown."""
        if self.recorded and not self.comparisons:
            return NOT_SHOWN
        return verdict(self.comparisons, every=self.every)

    @property
    def counted(self) -> str:
        """The verdict's reason in words."""
        return "neither works at any ratio" if self.recorded and not self.comparisons else counted(self.comparisons)


def sentences(found: Iterable[Result]) -> list[Sentence]:
    """Return what the text says of Figures 3 and 4 (Section 4.1), each with the comparisons in our results."""
    rows = list(found)
    made: list[Sentence] = []

    def add(text: str, about: str, sides: Iterable[tuple[dict, dict]], pair=pairs, every: bool = False) -> None:
        both = [(select(rows, **first), select(rows, **second)) for first, second in sides]
        compared = tuple(one for first, second in both for one in pair(first, second))
        made.append(Sentence(text, about, compared, any(first and second for first, second in both), every))

    def of(penalty: str, pruning: str, tuned: bool) -> dict:
        return {"penalty": penalty, "pruning": pruning, "fine_tuned": tuned}

    stages = ((False, "Figure 3"), (True, "Figure 4"))
    for (tuned, stage), how in product(stages, ("GP", "LP")):
        sides = [(of(each, how, tuned), of(each, "RP", tuned)) for each in labels.PENALTIES]
        # random pruning is fine-tuned at other ratios: then against the next higher one
        add("magnitude beats random pruning", f"{stage}, {how}, all penalties", sides, pairs_at_least)
    for (tuned, stage), how, ours, rival in product(stages, ("GP", "LP"), ("l0", "l2+l0"), ("l1", "l2")):
        text = f"{labels.PENALTIES[ours]} outperforms {labels.PENALTIES[rival]}"
        add(text, f"{stage}, {how}", [(of(ours, how, tuned), of(rival, how, tuned))])
    for tuned, stage in stages:
        for rival in ("l1", "l2"):
            sides = [(of(rival, "RP", tuned), of(ours, "RP", tuned)) for ours in ("l0", "l2+l0")]
            add(f"under random pruning {labels.PENALTIES[rival]} errs less than ℓ0 and ℓ2 + ℓ0", f"{stage}, RP", sides)
    for how in ("GP", "LP", "RP"):
        sides = [(of(each, how, True), of(each, how, False)) for each in labels.PENALTIES]
        add("fine-tuning is better in all cases", f"Figures 3 and 4, {how}", sides, every=True)
    return made


#: A verdict as what one statement does, and what several do.
_DOES = {
    HOLDS: ("holds", "hold"),
    PART: ("holds in part", "hold in part"),
    NOT_SHOWN: ("is not shown", "are not shown"),
    FAILS: ("does not hold", "do not hold"),
    TOO_FEW: ("has too few runs", "have too few runs"),
    MISSING: ("is not recorded yet", "are not recorded yet"),
}


def tally(verdicts: Iterable[str]) -> str:
    """Return how many statements have which verdict: ``8 hold, 1 holds in part, 10 are not shown``."""
    counts = Counter(verdicts)
    unknown = sorted(counts.keys() - _DOES.keys())
    if unknown:
        raise ValueError(f"verdicts must be among {', '.join(_DOES)}; got {', '.join(unknown)}")
    return ", ".join(f"{counts[one]} {does[counts[one] > 1]}" for one, does in _DOES.items() if one in counts)


def table_of_sentences(given: Iterable[Sentence], caption: str) -> Table:
    """Return the sentences with their verdicts as a table."""
    rows = [(s.text, s.about, marked(s.verdict), s.counted) for s in given]
    headers = ("The text says", "Where", "Verdict", "Errs")
    return Folded(headers, rows, caption, widths=("11rem", "8rem", "7rem", "13rem"))


def table_of_comparisons(comparisons: Iterable[Comparison], first: str, second: str, caption: str) -> Table:
    """Return one row a ratio: both errors on the seeds that both have, the difference, its intervals, the verdict."""
    rows = [
        (
            one.place,
            *(side.error_over_seeds for side in shared(one.first, one.second)),
            signed(one.mean),
            "–" if one.interval is None else span(one.interval),
            span(one.wide),
            one.verdict,
        )
        for one in comparisons
    ]
    headers = ("Ratio", f"{first}, %", f"{second}, %", "Difference", "over seeds", "and test images", f"{first} errs")
    return Table(headers, rows or [("–", *[MISSING] * 6)], caption)


def conclusion(comparisons: Sequence[Comparison], first: str, second: str) -> str:
    """Return one sentence on a row of comparisons; the wording follows from the numbers."""
    if not comparisons:
        return f"{first} against {second}: {MISSING}."
    less, more, open_ = count(comparisons)
    total = len(comparisons)
    if all(one.verdict == TOO_FEW for one in comparisons):
        told = f"{first} and {second} share {count_of_seeds(max(one.seeds for one in comparisons))}: {TOO_FEW}."
        clear = sum(one.clear for one in comparisons)
        if any(one.interval is not None for one in comparisons):
            return f"{told} The interval leaves zero out at {clear} of {total}."
        return f"{told} Other test images alone would not explain the difference at {clear} of {total}."
    if open_ == total:
        where = "any ratio of those" if total > 1 else "the one ratio"
        return f"{first} and {second} are not told apart at {where} compared ({total})."
    parts = []
    for kind, number, word in ((LESS, less, "less"), (MORE, more, "more")):
        if number:
            those = [one for one in comparisons if one.verdict == kind]
            far = max(those, key=lambda one: abs(one.mean))
            where = ", ".join(one.place for one in those)
            parts.append(
                f"errs {word} than {second} at {number} of {total} ratios ({where}), "
                f"{f'most at {far.place}, ' * (number > 1)}by {abs(far.mean):.2f} points ({span(far.wide)})"
            )
    rest = f"the two are not told apart at {open_}" if open_ else ""
    few = f"{TOO_FEW} at {total - less - more - open_}" if less + more + open_ < total else ""
    return f"{'; '.join(filter(None, (f'{first} ' * bool(parts) + ' and '.join(parts), rest, few)))}."


def reach(found: Iterable[Result], level: float) -> Result | None:
    """Return the result of highest counted ratio whose mean error is at most ``level`` percent, or None."""
    return max((r for r in found if r.test_error_mean <= level), key=lambda r: r.ratio, default=None)


def dense_error(found: Iterable[Result]) -> float | None:
    """Return the mean error before pruning over the dense arms' seeds, in percent; None where none is recorded."""
    errors: dict[tuple[str, str], dict[int, float]] = {}
    for r in found:
        if r.dense_errors:
            errors.setdefault((r.network, r.experiment), {}).update(r.dense_errors)
    return fmean(e for by_seed in errors.values() for e in by_seed.values()) if errors else None


def span(interval: tuple[float, float]) -> str:
    """Return an interval as text: ``−0.12 to +0.30``."""
    return f"{signed(interval[0])} to {signed(interval[1])}"
