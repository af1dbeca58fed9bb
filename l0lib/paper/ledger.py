"""The claims ledger: what the paper states, where the book reproduces it, our value now, and a verdict by rule.

The rule, for statements of theory: *holds* where a check of the statement passes as printed; *holds with a correction*
where it fails as printed and passes with the amendment that the line names; *not shown* where nothing contradicts it,
and yet the records do not bear out all of it; *does not hold* where it fails and no amendment is known. A statement
without a check, or whose records are missing, is *not yet* settled. For statements on experiments
:mod:`~l0lib.paper.evidence` says what passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from .. import L0, L1, L2
from ..table import Link, Table
from . import theory as checks
from .tables import TABLES, check_ratio
from .theory import Finding

HOLDS, CORRECTED, NOT_SHOWN, FAILS, NOT_YET = (
    "holds", "holds with a correction", "not shown", "does not hold", "not yet",
)  # fmt: skip

_TITLES = {
    "02-penalties": "Penalties",
    "03-smooth-l0": "A smooth ℓ0",
    "04-zero-attraction": "Zero attraction",
    "05-at-zero": "What happens at zero",
    "06-two-penalties": "Two penalties",
    "08-sparsity-induction": "Sparsity induction",
    "09-hundredfold": "A hundred times smaller",
    "11-deeper": "Deeper: CIFAR-10",
    "12-few-epochs": "A hundred classes, few epochs",
    "13-neurons": "Removing whole neurons",
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
    place: str | None = None
    check: Callable[[], Finding | None] | None = None
    note: str = ""
    runs: tuple[str, str] | None = None

    @property
    def open(self) -> str:
        """What a line says whose check cannot be made: why, which runs are missing, and the command for them."""
        if self.runs is None:
            return self.note
        from ..experiments.stored import waiting

        return f"{self.note}: {waiting(*self.runs)}" if self.note else waiting(*self.runs)


def _arithmetic(number: int) -> str:
    checked = [check for row in TABLES[number].rows if (check := check_ratio(TABLES[number], row))]
    if not checked:
        return "no entry to recompute the printed ratios from"
    return f"printed ratios that agree with their own row: {sum(c.agrees for c in checked)} of {len(checked)}"


def _recorded(rule: str, *arguments: int) -> Callable[[], Finding | None]:
    """Return a check of :mod:`.empirical` by its name; the theory's lines need nothing of what that module loads."""

    def check() -> Finding | None:
        from . import evidence as empirical

        return getattr(empirical, rule)(*arguments)

    return check


EQUATIONS = (
    Claim("Equations", "Eq. 1", "objective J + αΩ(w)", "02-penalties#eq-penalised-objective", checks.objective),
    Claim("Equations", "Eq. 2", "a gradient step on J + αΩ", "02-penalties#eq-gradient-step", checks.update),
    Claim("Equations", "Eq. 3", "α = 0 gives the plain step", "02-penalties#eq-plain-step", checks.plain_update),
    Claim("Equations", "Eq. 4", "ℓ2: Ω = Σ w²", "02-penalties#eq-l2", partial(checks.norm, L2)),
    Claim("Equations", "Eq. 5", "step with ℓ2: −2ηαw", "02-penalties#eq-l2-step", partial(checks.update, L2)),
    Claim("Equations", "Eq. 6", "ℓ1: Ω = Σ |w|", "02-penalties#eq-l1", partial(checks.norm, L1)),
    Claim(
        "Equations",
        "Eq. 7",
        "step with ℓ1, from ∂‖w‖₁/∂w = sign(w)",
        "02-penalties#eq-l1-step",
        partial(checks.gradient, L1),
    ),
    Claim("Equations", "Eqs. 8, 9", "ℓ0 counts the nonzeros", "03-smooth-l0#eq-l0-count", checks.exact_count),
    Claim(
        "Equations",
        "Eqs. 10, 11",
        "Σ (1 − e^(−β|w|)) tends to ℓ0 as β → ∞",
        "03-smooth-l0#prop-l0-limits",
        checks.smooth_count,
    ),
    Claim("Equations", "Eq. 11", "value of the smoothed ℓ0", "03-smooth-l0#eq-smooth-l0", partial(checks.norm, L0)),
    Claim(
        "Equations",
        "Eq. 12",
        "a gradient step with the smoothed ℓ0",
        "03-smooth-l0#eq-l0-general-step",
        partial(checks.update, L0),
    ),
    Claim(
        "Equations",
        "Eq. 13",
        "its derivative, β sign(w) e^(−β|w|)",
        "03-smooth-l0#eq-l0-gradient",
        partial(checks.gradient, L0),
    ),
    Claim(
        "Equations",
        "Eq. 14",
        "step with ℓ0: −ηαβ sign(w) e^(−β|w|)",
        "03-smooth-l0#eq-l0-step",
        partial(checks.update, L0),
    ),
    Claim(
        "Equations", "Eq. 15", "λ = 1 − ηαβ e^(−β|w|)/|w|", "04-zero-attraction#eq-za-lambda-l0", checks.scaling_factor
    ),
    Claim(
        "Equations",
        "Eq. 16",
        "α < 2|w|/(ηβ e^(−β|w|)) shrinks |w|",
        "04-zero-attraction#prop-za-bounds",
        partial(checks.alpha_bounds, ("l0",)),
    ),
    Claim(
        "Equations",
        "Eq. 17",
        "ℓ2 + ℓ0 step, from Ω = ‖w‖₂² + ‖w‖₀*",
        "06-two-penalties#eq-tp-step",
        checks.two_penalties,
    ),
)

CLAIMS = (
    Claim("Claims", "2.1", "ℓ2 takes 2ηα|w| off the magnitude", "04-zero-attraction#eq-za-map", checks.l2_reduction),
    Claim(
        "Claims",
        "2.2",
        "ℓ1 attracts, since 0 < ηα ≪ 1",
        "04-zero-attraction#eq-za-critical",
        partial(checks.small_pull_attracts, L1),
    ),
    Claim("Claims", "3.1", "the smoothed norm is differentiable", "03-smooth-l0#eq-l0-gradient", checks.differentiable),
    Claim(
        "Claims",
        "3.1",
        "ℓ0 attracts, since 0 ≤ ηαβ e^(−β|w|) ≪ 1",
        "04-zero-attraction#eq-za-critical",
        partial(checks.small_pull_attracts, L0),
    ),
    Claim(
        "Claims",
        "3.2",
        "towards zero ℓ2's pull fades, ℓ1's stays, ℓ0's grows",
        "04-zero-attraction#eq-za-map",
        checks.trends,
    ),
    Claim(
        "Claims", "3.2", "−1 < λ < 1 reduces the magnitude", "04-zero-attraction#eq-za-lambda", checks.shrinkage_range
    ),
    Claim(
        "Claims",
        "3.2",
        "under ℓ2 a weight never oscillates",
        "04-zero-attraction#prop-za-bounds",
        checks.l2_never_swings,
    ),
    Claim(
        "Claims",
        "3.2",
        "under ℓ1 and ℓ0 the bound is broken in the end: oscillation",
        "05-at-zero#prop-critical",
        checks.bound_is_broken,
    ),
    Claim(
        "Claims",
        "3.2",
        "a relatively small α keeps arrived weights prunable (made exact: α ≤ τ/η, τ/(ηβ))",
        "05-at-zero#prop-threshold",
        checks.small_alpha,
    ),
    Claim(
        "Claims",
        "1, 3.2",
        "for small weights ℓ0 pulls harder than ℓ1 and ℓ2",
        "03-smooth-l0#prop-crossovers",
        checks.stronger_when_small,
    ),
    Claim(
        "Claims",
        "3.2",
        "ℓ0 takes fewer steps to the threshold",
        "04-zero-attraction#fig-za-equal",
        checks.sooner_below_threshold,
    ),
    Claim(
        "Claims",
        "3.2",
        "ℓ0's pull tends to zero for large weights",
        "03-smooth-l0#fig-penalty-and-term",
        checks.spares_large_weights,
    ),
    Claim(
        "Claims",
        "3.2",
        "ℓ1 has conflicting aims: a small α for pruning limits it on all weights",
        "04-zero-attraction#fig-za-equal",
        checks.conflicting_aims,
    ),
    Claim(
        "Claims",
        "3.3",
        "two factors set the two pulls independently",
        "06-two-penalties#eq-tp-step",
        checks.independent_knobs,
    ),
    Claim(
        "Claims",
        "3.3",
        "a larger α₀ trades accuracy for compression",
        "12-few-epochs",
        _recorded("trade"),
        "by the sweep on CIFAR-10",
        ("experiment-4", "cifar10-*"),
    ),
    Claim(
        "Claims",
        "3.3",
        "ℓ2 + ℓ0, then pruning, gives compact and accurate networks",
        "11-deeper",
        _recorded("compact_and_accurate"),
        "by Tables 2 to 5",
        ("experiment-3", "vgg-16-*"),
    ),
)

#: Of the lines about CIFAR-100, which cannot be fetched where the book's runs are made.
_NOT_HERE = "not run here"
#: The study and the arms that a table or figure needs.
_TABLES_NEED = {
    2: ("experiment-2", "lenet-300-100-*"), 3: ("experiment-2", "lenet-5-caffe-*"), 4: ("experiment-3", "vgg-16-*"),
    5: ("experiment-3", "resnet-20-*"), 6: ("experiment-4", "cifar100-*"), 7: ("experiment-6", "vgg-16-*"),
}  # fmt: skip
_FIGURES_NEED = {
    3: ("experiment-1", "*"), 4: ("experiment-1", "*"), 5: _TABLES_NEED[2], 6: _TABLES_NEED[3], 7: _TABLES_NEED[5],
    8: _TABLES_NEED[6], 9: ("experiment-5", "cifar100-*"),
}  # fmt: skip
_TABLES_STAND_IN = {
    2: "09-hundredfold", 3: "09-hundredfold", 4: "11-deeper", 5: "11-deeper", 6: "12-few-epochs", 7: "13-neurons"
}  # fmt: skip
_FIGURES_STAND_IN = {
    3: "08-sparsity-induction", 4: "08-sparsity-induction", 5: "09-hundredfold", 6: "09-hundredfold", 7: "11-deeper",
    8: "12-few-epochs", 9: "12-few-epochs",
}  # fmt: skip

TABLE_CLAIMS = (
    Claim(
        "Tables",
        "Table 1",
        "terms, factors and bounds of three penalties",
        "04-zero-attraction#prop-za-bounds",
        checks.table_1,
    ),
    *(
        Claim(
            "Tables",
            table.name,
            f"{table.network} on {table.data}; {_arithmetic(table.number)}",
            _TABLES_STAND_IN[table.number],
            _recorded("table", table.number),
            _NOT_HERE if table.number == 6 else "",
            _TABLES_NEED[table.number],
        )
        for table in TABLES.values()
    ),
)

FIGURES = (
    Claim(
        "Figures",
        "Figure 1",
        "equal first steps from 1: ℓ0 arrives first, then ℓ1, then ℓ2",
        "04-zero-attraction#fig-za-race",
        checks.figure_1,
    ),
    Claim(
        "Figures",
        "Figure 2",
        "η = 0.04, α = 0.01: ℓ0's pull rises towards zero",
        "03-smooth-l0#fig-penalty-and-term",
        checks.figure_2,
    ),
    *(
        Claim(
            "Figures",
            f"Figure {number}",
            statement,
            _FIGURES_STAND_IN[number],
            _recorded("figure", number),
            _NOT_HERE if number > 7 else "",
            _FIGURES_NEED[number],
        )
        for number, statement in (
            (3, "LeNet-5-Caffe, no fine-tuning: magnitude beats random pruning; ℓ0 (+ ℓ2) beats ℓ1 and ℓ2"),
            (4, "the same with fine-tuning: better in all cases"),
            (5, "LeNet-300-100: around 100× with SEP and fine-tuning, the best pair; around 90× with NORM"),
            (6, "LeNet-5-Caffe: more than 300× with SEP and fine-tuning, the best pair; around 200× with NORM"),
            (7, "ResNet-20, CIFAR-10: up to 5×; SEP and NORM alike; fine-tuning matters more"),
            (8, "VGG-16, CIFAR-100: a larger α₀ compresses more and starts lower, by 0.19, 2.42 and 5.85 points"),
            (9, "ResNet-50, CIFAR-100: 13× to 25× without noticeable loss; β = 5 or 10 makes little difference"),
        )
    ),
)

ALL: tuple[Claim, ...] = (*EQUATIONS, *CLAIMS, *TABLE_CLAIMS, *FIGURES)


def verdict(finding: Finding | None) -> str:
    """Return the verdict that the rule gives for a finding; None stands for a statement without a check."""
    if finding is None:
        return NOT_YET
    if finding.as_printed:
        return HOLDS
    if not finding.shown:
        return NOT_SHOWN
    return CORRECTED if finding.corrected else FAILS


@dataclass(frozen=True)
class Line:
    """A claim with what its check found now."""

    claim: Claim
    finding: Finding | None

    @property
    def verdict(self) -> str:
        """The verdict by the rule of this module."""
        return verdict(self.finding)

    @property
    def ours(self) -> str:
        """Our value, with the correction where one is needed, or what an open line waits for."""
        if self.finding is None:
            return self.claim.open or "–"
        if self.verdict == CORRECTED:
            return f"{self.finding.value}. Correction: {self.finding.correction}"
        if self.verdict == NOT_SHOWN:
            return f"{self.finding.value}. Not in full: {self.finding.correction}"
        return self.finding.value


def evaluate(entries: Iterable[Claim] = ALL) -> list[Line]:
    """Run the check of every claim now."""
    return [Line(claim, claim.check() if claim.check else None) for claim in entries]


def counts(lines: Iterable[Line]) -> dict[str, int]:
    """Count the lines by verdict, every verdict listed."""
    verdicts = [line.verdict for line in lines]
    return {name: verdicts.count(name) for name in (HOLDS, CORRECTED, NOT_SHOWN, FAILS, NOT_YET)}


def link(place: str) -> Link:
    """Return the link from the ledger's page to a place of :class:`Claim`."""
    chapter, _, label = place.partition("#")
    # Sphinx prefixes the anchors of equations.
    anchor = f"#equation-{label}" if label.startswith("eq-") else f"#{label}" if label else ""
    return Link(_TITLES[chapter], f"{chapter}.html{anchor}")


def table(lines: Iterable[Line], group: str, caption: str) -> Table:
    """Return the lines of one group as a table."""
    marks = {HOLDS: "✓", CORRECTED: "≈", NOT_SHOWN: "–", FAILS: "✗", NOT_YET: "…"}
    rows = [
        (
            line.claim.item,
            line.claim.statement,
            f"{marks[line.verdict]} {line.verdict}",
            line.ours,
            link(line.claim.place) if line.claim.place else "–",
        )
        for line in lines
        if line.claim.group == group
    ]
    headers = (
        "Section" if group == "Claims" else "Item",
        "What the paper states",
        "Verdict",
        "Ours, now",
        "In the book",
    )
    return Table(headers, rows, caption, widths=("4rem", "10.5rem", "6.5rem", "12.5rem", "6rem"))
