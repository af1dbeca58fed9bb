"""The claims ledger: what the paper states, where the book reproduces it, our value now, and a verdict by rule.

The rule, for statements of theory: *holds* where a check of the statement passes as printed; *holds with a correction*
where it fails as printed and passes with the amendment that the line names; *not shown* where nothing contradicts it,
and yet the records do not bear out all of it; *does not hold* where it fails and no amendment is known. A statement
without a check, or whose records are missing, is *not yet* settled. For statements on experiments
:mod:`~l0lib.paper.evidence` says what passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..table import Link, Table
from .statements import ALL, Claim
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
