"""The ledger's verdicts on experiments follow from records by the stated rules."""

import json
import subprocess
import sys

import pytest

from l0lib.studies import empirical
from l0lib.studies.results import results
from tests.studies.made_up import config, record


def rows(**errors):
    """Results of LeNet-300-100 at the paper's two rows and one lower ratio, with errors in hundredths of a percent."""
    made = []
    for strategy, ratio in (("NORM", 90), ("SEP", 96)):
        factors = {"alpha_l2": 1e-4, "alpha_l0": 5e-5}
        if strategy == "SEP":
            factors = {f"{name}_by_layer": [value] * 3 for name, value in factors.items()} | {"beta_by_layer": [5] * 3}
        training = {"epochs": 20, "learning_rate": 0.1, "penalty": {"strategy": strategy, **factors}}
        what = config(arm=f"lenet-300-100-{strategy}", training=training, fine_tuned_ratios=[ratio])
        made += [record(seed, errors[strategy], what=what) for seed in range(3)]
    return results(made)


def test_a_table_holds_where_the_test_images_cannot_tell_us_from_it():
    finding = empirical.table(2, rows(NORM=190, SEP=205))
    assert finding.as_printed
    assert "1.90" in finding.value
    assert "1.85" in finding.value


def test_a_row_that_is_missed_needs_a_correction():
    finding = empirical.table(2, rows(NORM=190, SEP=250))
    assert not finding.as_printed
    assert finding.corrected is False
    assert "SEP reaches it at no ratio we tried" in finding.correction


def test_losses_are_compared_with_losses():
    # our dense networks err as much as the pruned ones: no loss at all
    assert empirical.figure(5, rows(NORM=164, SEP=164)).as_printed
    assert "+0.00" in empirical.figure(5, rows(NORM=164, SEP=164)).value
    assert not empirical.figure(5, rows(NORM=260, SEP=260)).as_printed


def test_without_records_nothing_is_settled():
    assert empirical.table(2, []) is None
    assert all(empirical.figure(number, []) is None for number in (3, 4, 5, 6))
    with pytest.raises(ValueError, match="number must be 3, 4, 5 or 6"):
        empirical.figure(7, [])


def test_sentences_become_one_verdict():
    made = []
    for pruning, errors in (("GP", 200), ("LP", 300), ("RP", 4000)):
        for penalty, factor in (("l2", "alpha_l2"), ("l1", "alpha_l1"), ("l0", "alpha_l0"), ("l2+l0", None)):
            factors = {factor: 1e-4} if factor else {"alpha_l2": 1e-4, "alpha_l0": 1e-4}
            training = {"epochs": 2, "learning_rate": 0.1, "penalty": factors}
            what = config(
                experiment="experiment-1", arm=f"{penalty}-{pruning}", pruning=pruning, training=training, ratios=[90]
            )
            worse = 0 if "l0" in penalty else 500
            made += [record(seed, errors + worse + seed, what=what) for seed in range(3)]
    assert empirical.figure(3, [r for r in results(made) if r.arm != "l1-LP"]) is None
    finding = empirical.figure(3, results(made))
    assert finding is not None
    assert not finding.as_printed  # under random pruning l1 and l2 do not err less here
    assert "random pruning" in finding.correction


def test_the_ledger_reads_records_without_torch():
    code = "import sys; from l0lib.studies import ledger; ledger.evaluate(); print(json.dumps('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
