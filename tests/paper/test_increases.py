"""Tables 4 to 7: increases over the dense network of the same seed, beside those that the paper printed."""

import pytest

from l0lib.experiments.arms import STUDIES
from l0lib.experiments.results import results
from l0lib.paper import increases
from l0lib.paper import tables as paper
from tests.made_up import record


def made(study, arm, seeds=(0,), errors=900, dense=800):
    what = STUDIES[study].arms("full")[arm]
    return [record(seed, errors + seed, what=what, dense=dense) for seed in seeds]


def ours(table):
    return {row[0].removeprefix("Ours: "): row for row in table.rows if row[0].startswith("Ours")}


@pytest.mark.parametrize("number", [4, 5, 6, 7])
def test_the_papers_rows_stand_as_printed_and_missing_runs_are_said(number):
    table = increases.beside(number, [])
    assert [row[0] for row in table.rows] == [row.method for row in paper.TABLES[number].rows]
    assert f"l0lib run {increases.SOURCES[number][0]} --profile full makes them" in table.caption


def test_an_increase_is_paired_by_seed_and_stands_beside_the_papers():
    seeds = (0, 1, 2)
    found = results(
        made("experiment-3", "resnet-20-NORM", seeds) + made("experiment-3", "resnet-20-dense", seeds, 0, 801)
    )
    table = increases.beside(5, found)
    rows = [row for row in table.rows if row[0] == "Ours: resnet-20-NORM"]
    assert [row[2] for row in rows] == ["5×", "10×"]
    # 9.00, 9.01, 9.02 less 8.01, and Table 5 has +1.1 at 5x
    assert rows[0][1] == "+1.00 ± 0.01 points (3 seeds)"
    assert [row[3] for row in rows] == ["-0.10", "–"]


def test_without_its_dense_network_an_error_is_no_increase():
    (found,) = [r for r in results(made("experiment-3", "resnet-20-NORM")) if r.requested == 5 and r.fine_tuned]
    assert increases.said(found) == "no dense network for each seed; error 9.00 %"
    with pytest.raises(ValueError, match=r"result must have a dense network for each of its seeds; none for \[0\]"):
        increases.increases(found)


def test_factors_of_the_sweep_find_their_row_and_cifar_10_has_rows_of_its_own():
    arms = ("cifar100-0", "cifar100-2.5e-07", "cifar10-0", "cifar10-1e-05")
    table = increases.beside(6, results([r for arm in arms for r in made("experiment-4", arm, errors=1060, dense=800)]))
    gaps = {(row[0].removeprefix("Ours: "), row[2]): row[3] for row in table.rows if row[0].startswith("Ours")}
    assert gaps["cifar100-2.5e-07", "10.5×"] == "+0.03"  # +2.70 before fine-tuning, and the paper's 2.67
    assert {key: gap for key, gap in gaps.items() if gap != "–"} == {("cifar100-2.5e-07", "10.5×"): "+0.03"}
    assert ("cifar10-1e-05, CIFAR-10", "10.5×") in gaps


def test_neurons_are_told_apart_from_pruning_on_top():
    runs = made("experiment-6", "vgg-16-NORM", dense=850) + made("experiment-6", "vgg-16-l2")
    table = increases.beside(7, results(runs))
    rows = [row for row in table.rows if row[0].startswith("Ours: vgg-16-NORM")]
    assert [row[0] for row in rows] == [f"Ours: vgg-16-NORM ({way})" for way in ("NP", "NP+GP", "NP", "NP+GP")]
    assert [row[3] for row in rows] == ["29.4%", "29.4%", "43.8%", "43.8%"]
    assert [row[2] for row in rows] == ["1×", "9.21×", "1×", "18.4×"]
    assert rows[1][4] == "+0.73"  # 9.00 less 8.00, and the paper's 0.27
    assert sum(row[0].startswith("Ours: vgg-16-l2 (") for row in table.rows) == 4


def test_other_tables_are_refused():
    with pytest.raises(ValueError, match="number must be one of 4, 5, 6, 7; got 2"):
        increases.beside(2)
