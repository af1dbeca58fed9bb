"""Pruned against dense networks: paired by seed, headed by what each had, said in words that follow the records."""

import json
import pathlib

import pytest

from l0lib.chapters import dense_baselines
from l0lib.experiments.arms import STUDIES
from tests.made_up import config, record, tuned

ROOT = pathlib.Path(__file__).parents[2]
ARMS = STUDIES["experiment-2"].arms("full")
SEEDS = (0, 1, 2)


def runs(norm, dense, alike, seeds=SEEDS):
    """Wrong answers of ten thousand: NORM fine-tuned, dense with NORM's epochs, dense with all epochs."""
    found = []
    for seed in seeds:
        found.append(record(seed, norm + seed, what=ARMS["lenet-300-100-NORM"], dense=dense))
        for name, errors in (("dense", dense), ("dense-tuned", alike)):
            if errors is not None:
                found.append(record(seed, what=ARMS[f"lenet-300-100-{name}"], dense=errors + seed))
    return found


def search():
    return tuned(
        config=config(
            arm="lenet-300-100-dense-tuned", evaluate_on="validation", fine_tuned_ratios=[], fine_tuning=None
        ).model_dump(),
        arm="lenet-300-100-dense-tuned",
    )


def test_dense_networks_stand_by_their_epochs_with_the_trials_of_their_search():
    first, second = dense_baselines.baselines(runs(200, 190, 150), searches=[search()])
    assert (first.arm, second.arm) == ("lenet-300-100-dense", "lenet-300-100-dense-tuned")
    assert first.epochs < second.epochs
    assert (first.trials, second.trials) == (0, len(search().trials))
    assert second.errors == {0: 1.5, 1: 1.51, 2: 1.52}


def test_the_difference_is_paired_by_seed():
    given = runs(250, 190, 150)
    alike = dense_baselines.baselines(given, searches=[])[1]
    at_20, *_ = dense_baselines.pruned(given, "lenet-300-100-NORM")
    assert at_20.requested == 20
    assert alike.less(at_20).mean == pytest.approx(1.0)
    assert alike.less(at_20).interval == pytest.approx((1.0, 1.0)), "every seed differs by as much"
    assert alike.verdict(at_20) == "more"


@pytest.mark.parametrize(
    ("norm", "alike", "says"),
    [
        (250, 150, "Yes: NORM errs more than the dense network at every ratio on record, from 20× on."),
        (152, 150, "NORM is not shown to err more at any ratio on record."),
        (100, 190, "NORM is not shown to err more at any ratio on record."),
    ],
)
def test_the_words_follow_the_records(norm, alike, says):
    answer = dense_baselines.treated_alike(runs(norm, 190, alike))
    assert answer.sentences[0] == says
    assert f"errs on {alike / 100 + 0.01:.2f} ±" in answer.sentences[1]
    assert any("The difference is" in text for text in answer.sentences) == ("from 20×" in says)


def test_the_words_have_the_difference_at_both_ends():
    differs = dense_baselines.treated_alike(runs(250, 190, 150)).sentences[2]
    assert differs.startswith("The difference is +1.00 points (")
    assert ") at 20× and +1.00 points (" in differs
    assert differs.endswith(") at 150×.")


def test_the_words_stand_in_a_box_in_the_section_that_they_name():
    answer = dense_baselines.treated_alike(runs(250, 190, 150))
    assert answer._repr_html_().startswith('<div class="admonition note answer">')
    name, label = answer.place.split("#")
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    where = [n for n, text in enumerate(texts) if text.startswith(f"({label})=\n")]
    assert len(where) == 1
    assert "dense_baselines.treated_alike(" in texts[where[0] + 2], "the box follows the table"


def test_without_a_dense_network_that_is_treated_alike_nothing_is_said():
    assert "not recorded yet" in str(dense_baselines.treated_alike(runs(200, 190, None)))
    assert dense_baselines.table([]).rows[0][0] == "not recorded yet"
    assert "too few runs" in str(dense_baselines.treated_alike(runs(200, 190, 150, seeds=(0,))))


def test_the_table_has_a_column_for_each_dense_network():
    table = dense_baselines.table(runs(250, 190, 150))
    assert [row[0] for row in table.rows] == ["20×", "50×", "90×", "96×", "120×", "150×"]
    assert table.rows[0][3].startswith("+1.00 (")
    assert table.rows[0][3].endswith("): more")
    assert "100 epochs" in table.headers[3]
