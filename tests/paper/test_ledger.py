"""The claims ledger: its rule, its checks, and that each line points at a chapter that exists."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from l0lib import attraction
from l0lib.experiments import stored
from l0lib.experiments.arms import STUDIES
from l0lib.paper import compare, ledger, theory
from l0lib.paper.theory import Finding
from l0lib.table import Link, Table
from tests.made_up import record

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lines():
    return ledger.evaluate()


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (Finding("", True), "holds"),
        (Finding("", True, False), "holds"),
        (Finding("", False, True), "holds with a correction"),
        (Finding("", False, False), "does not hold"),
        (Finding("", False), "does not hold"),
        (Finding("", False, shown=False), "not shown"),
        (Finding("", True, shown=False), "holds"),
        (Finding("", False, word="compatible"), "compatible"),
        (Finding("", False, word="too few runs"), "too few runs"),
        (None, "not yet"),
    ],
)
def test_the_verdict_follows_from_the_finding_alone(finding, verdict):
    assert compare.settled(finding) == verdict


def test_every_equation_table_and_figure_of_the_paper_has_a_line(lines):
    items = [line.claim.item for line in lines]
    equations = {int(n) for item in items if item.startswith("Eq") for n in item.split(maxsplit=1)[1].split(",")}
    assert equations == set(range(1, 18))
    assert [item for item in items if item.startswith("Table")] == [f"Table {n}" for n in range(1, 8)]
    assert [item for item in items if item.startswith("Figure")] == [f"Figure {n}" for n in range(1, 10)]


def test_what_holds_what_needs_a_correction_and_what_is_open(lines):
    corrected = [(line.claim.item, line.claim.statement) for line in lines if line.verdict == ledger.CORRECTED]
    assert [item for item, _ in corrected if item.startswith("Eq")] == ["Eq. 7", "Eq. 13", "Eq. 17"]
    assert len(corrected) == 9
    not_shown = {line.claim.item for line in lines if line.verdict == ledger.NOT_SHOWN}
    assert not_shown == {"Figure 3"}
    # what the records of today say: no verdict changes unnoticed
    assert {line.claim.item for line in lines if line.verdict == ledger.FAILS} == {"Figure 4", "Figure 5", "Figure 6"}
    compatible = {line.claim.item for line in lines if line.verdict == "compatible"}
    assert compatible == {"Table 2", "Table 3", "Table 5", "Figure 7"}
    few = {line.claim.statement for line in lines if line.verdict == "too few runs" and line.claim.group == "Claims"}
    assert few == {
        "a larger α₀ trades accuracy for compression",
        "ℓ2 + ℓ0, then pruning, gives compact and accurate networks",
    }
    assert {line.claim.item for line in lines if line.verdict == "too few runs"} == {"3.3", "Table 4", "Table 7"}
    open_lines = {line.claim.item for line in lines if line.verdict == ledger.NOT_YET}
    assert open_lines == {"Table 6", "Figure 8", "Figure 9"}


def test_an_open_line_of_an_experiment_says_which_runs_are_missing_and_the_command_for_them(lines):
    for line in lines:
        if line.verdict == ledger.NOT_YET and line.claim.runs:
            study, arms = line.claim.runs
            assert f"`l0lib run {study} --profile full --arms '{arms}'` makes the rest: " in line.ours
            assert ("not run here: " in line.ours) == arms.startswith("cifar100")


def test_what_is_missing_is_named_arm_by_arm():
    arms = STUDIES["experiment-3"].arms("full")
    there = [record(seed, what=arms["resnet-20-NORM"]) for seed in (0, 2)]
    assert stored.waiting("experiment-3", "resnet-20-*", there) == (
        "2 of 12 runs recorded; `l0lib run experiment-3 --profile full --arms 'resnet-20-*'` makes the rest: "
        "ResNet-20, dense, seeds 0-2; ResNet-20, ℓ2 alone, seeds 0-2; ResNet-20, NORM, seeds 1; "
        "ResNet-20, SEP, seeds 0-2"
    )
    whole = [record(seed, what=arm) for name, arm in arms.items() if name.startswith("resnet-20") for seed in range(3)]
    assert stored.waiting("experiment-3", "resnet-20-*", whole) == "12 of 12 runs recorded"


def test_a_correction_is_said_where_one_is_needed(lines):
    for line in lines:
        assert ("Correction: " in line.ours) == (line.verdict == ledger.CORRECTED)


def test_counts_add_up(lines):
    assert sum(ledger.counts(lines).values()) == len(lines)


def test_a_wrong_scaling_factor_is_found(monkeypatch):
    monkeypatch.setattr(attraction, "step", lambda penalty, w, eta: np.asarray(w) * (1 + 1e-6))
    assert not theory.scaling_factor().as_printed


def test_a_wrong_term_is_found(monkeypatch):
    true = attraction.term
    monkeypatch.setattr(attraction, "term", lambda penalty, w, eta: true(penalty, w, eta) * (1 + 1e-6))
    assert not theory.update().as_printed
    assert not theory.table_1().as_printed
    assert not theory.conflicting_aims().as_printed


def test_a_wrong_bound_is_found(monkeypatch):
    true = attraction.step
    monkeypatch.setattr(attraction, "step", lambda penalty, w, eta: true(penalty, w, 1.001 * eta))
    assert not theory.alpha_bounds().as_printed


def test_a_wrong_crossover_is_found(monkeypatch):
    monkeypatch.setattr(attraction, "crossover_l1", lambda beta: 0.3)
    assert not theory.figure_2().as_printed


def test_the_race_is_really_run(monkeypatch):
    true = attraction.match_initial_rate
    monkeypatch.setattr(attraction, "match_initial_rate", lambda *a: true(*a)._replace(l0=true(*a).l1))
    assert not theory.figure_1().as_printed


@pytest.mark.parametrize("place", sorted({claim.place for claim in ledger.ALL if claim.place}))
def test_links_lead_to_places_of_the_book(place):
    chapter, _, label = place.partition("#")
    assert f"notebooks/{chapter}\n" in (ROOT / "_toc.yml").read_text(encoding="utf8")
    source = (ROOT / "notebooks" / f"{chapter}.ipynb").read_text(encoding="utf8")
    assert not label or any(mark in source for mark in (f"({label})", f":label: {label}\\n", f'"name": "{label}"'))


def test_equations_are_linked_by_the_anchor_that_sphinx_gives_them():
    assert ledger.link("02-penalties#eq-l2").href == "02-penalties.html#equation-eq-l2"
    assert ledger.link("05-at-zero#prop-swing").href == "05-at-zero.html#prop-swing"
    assert ledger.link("03-smooth-l0").href == "03-smooth-l0.html"


def test_the_ledger_needs_neither_torch_nor_matplotlib():
    code = "import sys, l0lib.paper.ledger; print(json.dumps(sorted({'torch', 'matplotlib'} & set(sys.modules))))"
    done = subprocess.run(
        [sys.executable, "-c", f"import json; {code}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_a_table_has_headers_escapes_text_and_links():
    table = Table(["a < b", "c"], [("e^(−β|w|)", Link("page", "page.html?x=1&y=2")), ("<b>", 3)], "What & why")
    page = table._repr_html_()
    assert page.count('<th scope="col"') == 2
    assert "<td" in page
    assert "a &lt; b" in page
    assert "e<sup>−β|w|</sup>" in page
    assert "<b>" not in page
    assert '<a href="page.html?x=1&amp;y=2">page</a>' in page
    assert 'aria-label="What &amp; why"' in page
    assert "overflow-x: auto" in page
    assert "a < b | c" in repr(table)


def test_a_table_refuses_rows_of_another_length():
    with pytest.raises(ValueError, match="rows must have 2 cells each"):
        Table(["a", "b"], [("only one",)], "caption")


def test_the_tables_of_the_ledger_hold_every_line_once_under_its_verdict(lines):
    found = []
    for verdict in ledger.VERDICTS:
        rows = ledger.table(lines, verdict, verdict).rows
        those = [line for line in lines if line.verdict == verdict]
        assert [row[1] for row in rows] == ([line.claim.statement for line in those] or ["–"])
        found += those
    assert len(found) == len(lines)


def test_a_statement_of_the_text_goes_by_its_section(lines):
    items = [row[0] for verdict in ledger.VERDICTS for row in ledger.table(lines, verdict, "").rows]
    assert {"Eq. 15", "Section 3.2", "Table 2", "Figure 5"} <= set(items)


def test_the_bar_is_divided_as_the_lines_are_and_leads_to_them(lines):
    bar = ledger.Bar(tuple(lines))
    page = bar._repr_html_()
    tally = ledger.counts(lines)
    source = (ROOT / "notebooks" / "claims-ledger.ipynb").read_text(encoding="utf8")
    assert sum(bar.parts.values()) == len(lines)
    for verdict, number in tally.items():
        place = f"verdict-{verdict.replace(' ', '-')}"
        assert f"({place})=" in source, "the page has a place for each verdict"
        assert (f'href="#{place}" aria-label="{verdict}: {number}" style="flex: {number} ' in page) == (number > 0)
    assert repr(bar).startswith(f"{len(lines)} statements: ✓ holds {tally[ledger.HOLDS]}, ")
