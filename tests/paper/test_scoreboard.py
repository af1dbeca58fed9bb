"""The scoreboard: its rows are the records and the printed values, its front is what comparing all pairs finds."""

import csv
import io
import random
from collections import Counter
from dataclasses import replace

import pybtex.database
import pytest

from l0lib.experiments import records, results
from l0lib.experiments.arms import STUDIES
from l0lib.paper import published, scoreboard
from l0lib.paper.tables import TABLES, printed_value
from tests.browser import ROOT
from tests.made_up import config, record


@pytest.fixture(scope="module")
def stored():
    return list(records.read_all())


@pytest.fixture(scope="module")
def rows(stored):
    return scoreboard.rows(stored)


def test_each_result_of_the_records_is_one_row(stored, rows):
    grids = {name for name, study in STUDIES.items() if study.grid}
    found = [r for r in results.results(stored) if r.experiment not in grids]
    ours = [row for row in rows if row.run_here and row.stage != "no pruning"]
    told = Counter((r.test_error_mean, r.test_error_std, r.n_seeds, r.ratio, r.fine_tuned, r.bytes) for r in found)
    assert told == Counter((r.error, r.spread, r.seeds, r.ratio, r.stage == "fine-tuned", r.bytes) for r in ours)
    assert Counter((r.experiment, r.epochs, r.variant) for r in found) == Counter(
        (r.study, r.epochs, r.variant) for r in ours
    )


def test_a_row_tells_mean_deviation_ratio_and_provenance():
    made = [record(seed, errors) for seed, errors in enumerate((185, 190, 183, 188, 181))]
    (row,) = [r for r in scoreboard.our_rows(made) if r.stage == "fine-tuned"]
    assert row.method == "ℓ2 + ℓ0, NORM, global pruning"
    assert row.error == pytest.approx(1.854)
    assert row.spread == pytest.approx(0.0365, abs=1e-4)
    assert (row.seeds, row.epochs, row.bytes, row.variant, row.deviations) == (5, 30, 7000, "paper", "")
    assert row.ratio == pytest.approx(266_610 / 2942, rel=1e-3)
    assert row.increase == pytest.approx(0.214)
    assert "experiment-2: lenet-300-100-NORM, commit abc1234" in row.provenance


def test_only_full_runs_on_test_images_count():
    made = [record(0, what=config(profile="fast")), record(0, what=config(evaluate_on="validation"))]
    assert scoreboard.our_rows(made) == []


def test_a_rival_is_called_by_its_name_and_source_as_soon_as_it_is_recorded():
    what = config(
        experiment="rivals", arm="lenet-300-100-snip", rival={"name": "snip"}, ratios=[], fine_tuned_ratios=[20, 100],
        fine_tuning=None,
    )  # fmt: skip
    found = [row for row in scoreboard.rows([record(seed, what=what) for seed in range(5)]) if row.study == "rivals"]
    assert [(row.method, row.citation, row.year, row.variant) for row in found] == 2 * [
        ("SNIP", "Lee et al., ICLR", 2019, "beyond")
    ]
    assert {row.deviations for row in found} == {"rival method"}
    assert [row.requested for row in found] == [20, 100]


def test_every_rival_of_ours_has_a_source():
    from l0lib.experiments.arms import RIVAL_NAMES

    assert published.RIVALS.keys() == set(RIVAL_NAMES)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"gradual": {"first": 2, "training": {"epochs": 4, "learning_rate": 0.1}}}, "gradual pruning"),
        ({"fine_tuning": {"epochs": 3, "learning_rate": 0.1, "shift": 1}}, "shifted digits"),
        ({"training": {"epochs": 3, "learning_rate": 0.1, "update": "proximal"}}, "proximal update"),
        ({"teacher": {"network": "lenet-5-caffe", "training": {"epochs": 3, "learning_rate": 0.1}}}, "a teacher"),
    ],
)
def test_what_departs_from_the_paper_is_named(change, name):
    (row,) = [r for r in scoreboard.our_rows([record(0, what=config(**change))]) if r.stage == "fine-tuned"]
    assert (row.variant, row.deviations) == ("beyond", name)


def test_rows_that_learn_from_shifted_images_or_a_teacher_say_so_in_their_name():
    tuning = {"epochs": 3, "learning_rate": 0.1, "shift": 1}
    teacher = {"network": "lenet-5-caffe", "training": {"epochs": 3, "learning_rate": 0.1}}
    names = [
        scoreboard.method(config(**change), "GP").name for change in ({"fine_tuning": tuning}, {"teacher": teacher})
    ]
    assert names == ["ℓ2 + ℓ0, NORM, global pruning, shifted", "ℓ2 + ℓ0, NORM, global pruning, distilled"]


def test_a_dense_network_that_others_are_compared_with_is_a_row():
    made = [record(0, what=config(dense_arm="lenet-300-100-dense"))]
    made += [record(seed, what=config(arm="lenet-300-100-dense"), dense=160 + seed) for seed in (0, 1)]
    (row,) = [r for r in scoreboard.our_rows(made) if r.stage == "no pruning"]
    assert (row.error, row.ratio, row.seeds) == (pytest.approx(1.605), 1.0, 2)


def test_keys_name_one_row_each(rows):
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(scoreboard.slug(key) == key for key in keys)


def test_the_papers_tables_stand_as_printed(rows):
    printed = [row for row in rows if not row.run_here]
    for table in TABLES.values():
        for row in table.rows:
            (one,) = [r for r in printed if r.key == scoreboard.slug("printed", table.name, row.method, row.ratio)]
            value = None if row.error is None else printed_value(row.error)
            if table.dense_error and value is not None:
                assert (one.error, one.increase) == (value, None)
            else:
                assert (one.error, one.increase) == (None, value or 0.0)
            assert one.ratio == printed_value(row.ratio)
            assert one.provenance == (table.name if row.ours else f"{table.name}, quoting")
    assert len(printed) == sum(len(t.rows) + (t.dense_error is not None) for t in TABLES.values()) + len(
        published.VALUES
    )


def test_sources_agree_with_the_bibliography():
    entries = pybtex.database.parse_file(ROOT / "book" / "references.bib").entries
    values = {value.method for value in published.VALUES}
    for it in {published.PAPER, *published.REFERENCES.values(), *published.RIVALS.values(), *values}:
        if not it.key:
            continue
        entry = entries[it.key]
        assert entry.fields["year"] == str(it.year), it
        last = [" ".join(person.prelast_names + person.last_names) for person in entry.persons["author"]]
        names = it.authors.removesuffix(" et al.").split(" and ")
        assert last[: len(names)] == names
        assert len(last) > 2 if it.authors.endswith("et al.") else len(last) == len(names), it


def beaten(row, others):
    return any(
        o.error <= row.error and o.ratio >= row.ratio and (o.error, o.ratio) != (row.error, row.ratio) for o in others
    )


def test_the_front_is_what_no_other_row_beats(rows):
    for board in scoreboard.BOARDS:
        known = [row for row in rows if row.board == board and row.error is not None]
        ours = [row for row in known if row.run_here]
        for row in known:
            assert row.on_front == (not beaten(row, known)), row.key
            assert row.on_our_front == (row.run_here and not beaten(row, ours)), row.key
    assert not any(row.front for row in rows if row.error is None)


def test_the_front_of_random_rows_with_ties_is_what_comparing_all_pairs_finds(rows):
    draw = random.Random(4)
    for size in (1, 2, 5, 40):
        some = [
            replace(rows[0], key=str(k), error=float(draw.randint(1, 6)), ratio=float(draw.randint(1, 6)))
            for k in range(size)
        ]
        assert scoreboard.front(some) == {row.key for row in some if not beaten(row, some)}


def test_csv_holds_every_row_and_every_column(rows):
    read = list(csv.DictReader(io.StringIO(scoreboard.as_csv(rows))))
    assert len(read) == len(rows)
    for line, row in zip(read, rows, strict=True):
        assert list(line) == ["Network", *(column.name for column in scoreboard.COLUMNS)]
        assert line["Method"] == f"{row.method} ({row.citation})"
        assert line["Error, %"] == "" if row.error is None else float(line["Error, %"]) == pytest.approx(row.error)
        assert float(line["Ratio"]) == pytest.approx(row.ratio, abs=1e-6)
