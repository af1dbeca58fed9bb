"""The claims ledger: what the paper states, where the book reproduces it, our value now, and a verdict by rule.

The rule, for statements of theory: *holds* where a check of the statement passes as printed; *holds with a correction*
where it fails as printed and passes with the amendment that the line names; *not shown* where nothing contradicts it,
and yet the records do not bear out all of it; *does not hold* where it fails and no amendment is known. A statement
whose records are missing is *not yet* settled. For statements on experiments :mod:`~l0lib.paper.evidence` says what
passes, and has two words more: a printed number may be *compatible* with our runs though they do not reach it, and
under three seeds a statement has *too few runs*, whatever they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from .. import L0, L1, L2
from ..table import Link, Table
from . import theory
from .compare import COMPATIBLE, CORRECTED, FAILS, HOLDS, NOT_SHOWN, NOT_YET, TOO_FEW, marked, settled
from .tables import TABLES, check_ratio
from .theory import Finding

#: The pages that reproduce something, or answer a question from records.
_TITLES = {
    "02-penalties": "Penalties",
    "03-smooth-l0": "A smooth ℓ0",
    "04-zero-attraction": "Zero attraction",
    "05-at-zero": "What happens at zero",
    "07-two-penalties": "Two penalties",
    "09-sparsity-induction": "Sparsity induction",
    "10-hundredfold": "A hundred times smaller",
    "11-does-it-pay": "Does it pay?",
    "12-deeper": "Deeper: CIFAR-10",
    "13-few-epochs": "A hundred classes, few epochs",
    "14-neurons": "Removing whole neurons",
    "scoreboard": "The scoreboard",
}


@dataclass(frozen=True)
class Claim:
    """One line to settle: the paper's item, what it states, where the book reproduces it, and its check.

    ``place`` is a chapter, or a chapter and a label in it, ``02-penalties#eq-l2``. ``runs`` names study and arms
    without whose records the check cannot be made.
    """

    group: str
    item: str
    statement: str
    place: str
    check: Callable[[], Finding | None]
    note: str = ""
    runs: tuple[str, str] | None = None

    @property
    def open(self) -> str:
        """What a line says whose check cannot be made: why, which runs are missing, and the command for them."""
        if self.runs is None:
            return self.note
        from ..experiments.stored import waiting

        return f"{self.note}: {waiting(*self.runs)}" if self.note else waiting(*self.runs)


def _recorded(rule: str, *arguments: int) -> Callable[[], Finding | None]:
    """Return a check of :mod:`~l0lib.paper.evidence` by its name; the theory's lines need no records, nor pydantic."""

    def check() -> Finding | None:
        from . import evidence

        return getattr(evidence, rule)(*arguments)

    return check


def _of_chapters(group: str, *lines: tuple[str, str, str, str, Callable[[], Finding | None]]) -> tuple[Claim, ...]:
    """Return the claims that a chapter's computation settles: item, statement, chapter, label and check of each."""
    chapters = {name[:2]: name for name in _TITLES}
    return tuple(Claim(group, item, text, f"{chapters[n]}#{label}", check) for item, text, n, label, check in lines)


EQUATIONS = _of_chapters(
    "Equations",
    ("Eq. 1", "objective J + αΩ(w)", "02", "eq-penalised-objective", theory.norm),
    ("Eq. 2", "a gradient step on J + αΩ", "02", "eq-gradient-step", theory.update),
    ("Eq. 3", "α = 0 gives the plain step", "02", "eq-plain-step", theory.plain_update),
    ("Eq. 4", "ℓ2: Ω = Σ w²", "02", "eq-l2", partial(theory.norm, L2)),
    ("Eq. 5", "step with ℓ2: −2ηαw", "02", "eq-l2-step", partial(theory.update, L2)),
    ("Eq. 6", "ℓ1: Ω = Σ |w|", "02", "eq-l1", partial(theory.norm, L1)),
    ("Eq. 7", "step with ℓ1, from ∂‖w‖₁/∂w = sign(w)", "02", "eq-l1-step", partial(theory.gradient, L1)),
    ("Eqs. 8, 9", "ℓ0 counts the nonzeros", "03", "eq-l0-count", theory.exact_count),
    ("Eqs. 10, 11", "Σ (1 − e^(−β|w|)) tends to ℓ0 as β → ∞", "03", "prop-l0-limits", theory.smooth_count),
    ("Eq. 11", "value of the smoothed ℓ0", "03", "eq-smooth-l0", partial(theory.norm, L0)),
    ("Eq. 12", "a gradient step with the smoothed ℓ0", "03", "eq-l0-general-step", partial(theory.update, L0)),
    ("Eq. 13", "its derivative, β sign(w) e^(−β|w|)", "03", "eq-l0-gradient", partial(theory.gradient, L0)),
    ("Eq. 14", "step with ℓ0: −ηαβ sign(w) e^(−β|w|)", "03", "eq-l0-step", partial(theory.update, L0)),
    ("Eq. 15", "λ = 1 − ηαβ e^(−β|w|)/|w|", "04", "eq-za-lambda-l0", theory.scaling_factor),
    ("Eq. 16", "α < 2|w|/(ηβ e^(−β|w|)) shrinks |w|", "04", "prop-za-bounds", partial(theory.alpha_bounds, ("l0",))),
    ("Eq. 17", "ℓ2 + ℓ0 step, from Ω = ‖w‖₂² + ‖w‖₀*", "07", "eq-tp-step", theory.two_penalties),
)

CLAIMS = (
    *_of_chapters(
        "Claims",
        ("2.1", "ℓ2 takes 2ηα|w| off the magnitude", "04", "eq-za-map", theory.l2_reduction),
        ("2.2", "ℓ1 attracts, since 0 < ηα ≪ 1", "04", "eq-za-critical", partial(theory.small_pull_attracts, L1)),
        ("3.1", "the smoothed norm is differentiable", "03", "eq-l0-gradient", theory.differentiable),
        ("3.1", "ℓ0 attracts, since 0 ≤ ηαβ e^(−β|w|) ≪ 1", "04", "eq-za-critical",
         partial(theory.small_pull_attracts, L0)),
        ("3.2", "towards zero ℓ2's pull fades, ℓ1's stays, ℓ0's grows", "04", "eq-za-map", theory.trends),
        ("3.2", "−1 < λ < 1 reduces the magnitude", "04", "eq-za-lambda", theory.shrinkage_range),
        ("3.2", "under ℓ2 a weight never oscillates", "04", "prop-za-bounds", theory.l2_never_swings),
        ("3.2", "under ℓ1 and ℓ0 the bound is broken in the end: oscillation", "05", "prop-critical",
         theory.bound_is_broken),
        ("3.2", "a relatively small α keeps arrived weights prunable (made exact: α ≤ τ/η, τ/(ηβ))", "05",
         "prop-threshold", theory.small_alpha),
        ("1, 3.2", "for small weights ℓ0 pulls harder than ℓ1 and ℓ2", "03", "prop-crossovers",
         theory.stronger_when_small),
        ("3.2", "ℓ0 takes fewer steps to the threshold", "04", "fig-za-equal", theory.sooner_below_threshold),
        ("3.2", "ℓ0's pull tends to zero for large weights", "03", "fig-penalty-and-term", theory.spares_large_weights),
        ("3.2", "ℓ1 has conflicting aims: a small α for pruning limits it on all weights", "04", "fig-za-equal",
         theory.conflicting_aims),
        ("3.3", "two factors set the two pulls independently", "07", "eq-tp-step", theory.independent_knobs),
    ),
    Claim("Claims", "3.3", "a larger α₀ trades accuracy for compression", "13-few-epochs",
          _recorded("trade"), "by the sweep on CIFAR-10", ("experiment-4", "cifar10-*")),
    Claim("Claims", "3.3", "ℓ2 + ℓ0, then pruning, gives compact and accurate networks", "12-deeper",
          _recorded("compact_and_accurate"), "by Tables 2 to 5", ("experiment-3", "vgg-16-*")),
)  # fmt: skip


def _printed_ratios(number: int) -> str:
    checked = [check for row in TABLES[number].rows if (check := check_ratio(TABLES[number], row))]
    if not checked:
        return "no entry to recompute the printed ratios from"
    return f"printed ratios that agree with their own row: {sum(c.agrees for c in checked)} of {len(checked)}"


def _judged(kind: str, number: int, place: str, study: str, arms: str, statement: str) -> Claim:
    # two hundred epochs on CIFAR-100 are too long for the two cores that made the runs
    note = "not run here" if arms.startswith("cifar100") else ""
    check = _recorded(kind.lower(), number)
    return Claim(f"{kind}s", f"{kind} {number}", statement, place, check, note, (study, arms))


def _table(number: int, place: str, study: str, arms: str) -> Claim:
    statement = f"{TABLES[number].network} on {TABLES[number].data}; {_printed_ratios(number)}"
    return _judged("Table", number, place, study, arms, statement)


_figure = partial(_judged, "Figure")


TABLE_CLAIMS = (
    *_of_chapters(
        "Tables", ("Table 1", "terms, factors and bounds of three penalties", "04", "prop-za-bounds", theory.table_1)
    ),
    _table(2, "10-hundredfold", "experiment-2", "lenet-300-100-*"),
    _table(3, "10-hundredfold", "experiment-2", "lenet-5-caffe-*"),
    _table(4, "12-deeper", "experiment-3", "vgg-16-*"),
    _table(5, "12-deeper", "experiment-3", "resnet-20-*"),
    _table(6, "13-few-epochs", "experiment-4", "cifar100-*"),
    _table(7, "14-neurons", "experiment-6", "vgg-16-*"),
)

FIGURES = (
    *_of_chapters(
        "Figures",
        ("Figure 1", "equal first steps from 1: ℓ0 arrives first, then ℓ1, then ℓ2", "04", "fig-za-race",
         theory.figure_1),
        ("Figure 2", "η = 0.04, α = 0.01: ℓ0's pull rises towards zero", "03", "fig-penalty-and-term", theory.figure_2),
    ),
    _figure(3, "09-sparsity-induction", "experiment-1", "*",
            "LeNet-5-Caffe, no fine-tuning: magnitude beats random pruning; ℓ0 (+ ℓ2) beats ℓ1 and ℓ2"),
    _figure(4, "09-sparsity-induction", "experiment-1", "*", "the same with fine-tuning: better in all cases"),
    _figure(5, "10-hundredfold", "experiment-2", "lenet-300-100-*",
            "LeNet-300-100: around 100× with SEP and fine-tuning, the best pair; around 90× with NORM"),
    _figure(6, "10-hundredfold", "experiment-2", "lenet-5-caffe-*",
            "LeNet-5-Caffe: more than 300× with SEP and fine-tuning, the best pair; around 200× with NORM"),
    _figure(7, "12-deeper", "experiment-3", "resnet-20-*",
            "ResNet-20, CIFAR-10: up to 5×; SEP and NORM alike; fine-tuning matters more"),
    _figure(8, "13-few-epochs", "experiment-4", "cifar100-*",
            "VGG-16, CIFAR-100: a larger α₀ compresses more and starts lower, by 0.19, 2.42 and 5.85 points"),
    _figure(9, "13-few-epochs", "experiment-5", "cifar100-*",
            "ResNet-50, CIFAR-100: 13× to 25× without noticeable loss; β = 5 or 10 makes little difference"),
)  # fmt: skip

ALL: tuple[Claim, ...] = (*EQUATIONS, *CLAIMS, *TABLE_CLAIMS, *FIGURES)


#: Every verdict of a line, from the best to those that are open.
VERDICTS = (HOLDS, CORRECTED, COMPATIBLE, NOT_SHOWN, FAILS, TOO_FEW, NOT_YET)


@dataclass(frozen=True)
class Line:
    """A claim with what its check found now."""

    claim: Claim
    finding: Finding | None

    @property
    def verdict(self) -> str:
        """The verdict by the rule of this module."""
        return settled(self.finding)

    @property
    def ours(self) -> str:
        """Our value, with the correction where one is needed, or what an open line waits for."""
        if self.finding is None:
            return self.claim.open
        if self.verdict == CORRECTED:
            return f"{self.finding.value}. Correction: {self.finding.correction}"
        if self.verdict in (NOT_SHOWN, COMPATIBLE) and self.finding.correction:
            return f"{self.finding.value}. Not in full: {self.finding.correction}"
        return self.finding.value


def evaluate(entries: Iterable[Claim] = ALL) -> list[Line]:
    """Run the check of every claim now."""
    return [Line(claim, claim.check()) for claim in entries]


def counts(lines: Iterable[Line]) -> dict[str, int]:
    """Count the lines by verdict, every verdict listed."""
    verdicts = [line.verdict for line in lines]
    return {name: verdicts.count(name) for name in VERDICTS}


def link(place: str) -> Link:
    """Return the link from the ledger's page to a place of :class:`Claim`."""
    chapter, _, label = place.partition("#")
    # Sphinx prefixes the anchors of equations.
    anchor = f"#equation-{label}" if label.startswith("eq-") else f"#{label}" if label else ""
    return Link(_TITLES[chapter], f"{chapter}.html{anchor}")


def table(lines: Iterable[Line], verdict: str, caption: str) -> Table:
    """Return the lines of one verdict as a table; a line says ``none`` where there are none."""
    rows = [
        (_item(line.claim), line.claim.statement, line.ours, link(line.claim.place))
        for line in lines
        if line.verdict == verdict
    ]
    headers = ("Item", "What the paper states", "Ours, now", "In the book")
    return Table(headers, rows, caption, ("5rem", "11rem", "16rem", "6rem"), absent="none")


def _item(claim: Claim) -> str:
    """Return what a line is about: a statement of the text goes by its section."""
    return f"Section {claim.item}" if claim.group == "Claims" else claim.item


@dataclass(frozen=True)
class Bar:
    """How many lines have each verdict, as one bar; displays as HTML in a notebook.

    Each part is as wide as its share, holds the verdict's mark and its number, and leads to the lines of its verdict:
    to the label ``verdict-`` and the verdict's name.
    """

    lines: tuple[Line, ...]

    @property
    def parts(self) -> dict[str, int]:
        """Verdicts and numbers, without those that no line has."""
        return {verdict: number for verdict, number in counts(self.lines).items() if number}

    def __repr__(self) -> str:
        told = ", ".join(f"{marked(verdict)} {number}" for verdict, number in self.parts.items())
        return f"{len(self.lines)} statements: {told}"

    def _repr_html_(self) -> str:
        parts, names = "", ""
        for verdict, number in self.parts.items():
            mark, place = marked(verdict).split()[0], f"#verdict-{verdict.replace(' ', '-')}"
            frame = f"flex: {number} 1 2.6rem; border: 1px solid; padding: .3rem 0; text-align: center"
            parts += f'<a href="{place}" aria-label="{verdict}: {number}" style="{frame}">{mark} {number}</a>'
            names += f"<li>{marked(verdict)}: {number} of {len(self.lines)}</li>"
        return f'<div style="display: flex">{parts}</div><ul>{names}</ul>'
