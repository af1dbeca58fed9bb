"""The ledger's verdicts on experiments follow from records by the stated rules."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import Measured
from l0lib.experiments.results import mean_interval, prediction_interval, results
from l0lib.paper import compare, evidence, ledger
from l0lib.paper.theory import Finding
from tests.made_up import config, record


def rows(**errors):
    """Results of LeNet-300-100 at the paper's two rows and one lower ratio, with errors in hundredths of a percent."""
    made = []
    for strategy, ratio in (("NORM", 90), ("SEP", 96)):
        factors = {"alpha_l2": 1e-4, "alpha_l0": 5e-5}
        if strategy == "SEP":
            factors = {f"{name}_by_layer": [value] * 3 for name, value in factors.items()} | {"beta_by_layer": [5] * 3}
        training = {"epochs": 20, "learning_rate": 0.1, "penalty": {"strategy": strategy, **factors}}
        what = config(arm=f"lenet-300-100-{strategy}", training=training, fine_tuned_ratios=[ratio])
        wrong = errors[strategy]
        by_seed = wrong if isinstance(wrong, tuple) else (wrong,) * 3
        made += [record(seed, own, what=what) for seed, own in enumerate(by_seed)]
    return results(made)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((1.8, 1.8, 1.8), "reached"),
        ((1.85, 1.85, 1.85), "reached"),
        ((1.86, 1.86, 1.86), "missed"),
        ((1.70, 1.75, 1.80), "compatible"),  # the mean is below, and its interval reaches to 1.87
        ((1.72, 1.75, 1.78), "reached"),
        ((1.90, 1.95, 2.00), "compatible"),  # one more run: 1.70 to 2.20
        ((1.99, 2.00, 2.01), "missed"),
        ((1.98, 2.00, 2.00, 2.00, 2.05), "missed"),
        ((1.90, 1.95, 2.00, 2.05, 2.11), "compatible"),
        ((1.0, 1.0), "too few runs"),
        ((9.0,), "too few runs"),
        ((), "too few runs"),
    ],
)
def test_a_printed_number_is_reached_compatible_or_missed(values, word):
    assert compare.against(values, 1.85) == word


def test_both_intervals_are_students():
    """Of 1, 2, 3: s = 1, and t = 4.303 for two degrees of freedom."""
    assert mean_interval([1, 2, 3]) == pytest.approx((2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), abs=1e-4)
    assert prediction_interval([1, 2, 3]) == pytest.approx(
        (2 - 4.30265 * (4 / 3) ** 0.5, 2 + 4.30265 * (4 / 3) ** 0.5), abs=1e-4
    )
    assert mean_interval([1]) is prediction_interval([1]) is None


def test_a_table_holds_where_every_printed_number_is_reached():
    finding = evidence.table(2, rows(NORM=(180, 181, 182), SEP=180))
    assert finding.as_printed
    assert finding.value.startswith(
        "NORM, 90×: 1.81 ± 0.01 % at 90.3× (3 seeds), mean 1.79 to 1.83, one more run 1.76 to 1.86, "
        "printed 1.85 %: reached"
    )


def test_a_compatible_row_makes_a_table_compatible_and_no_more():
    finding = evidence.table(2, rows(NORM=(180, 190, 200), SEP=180))
    assert (finding.as_printed, compare.settled(finding)) == (False, "compatible")
    assert finding.correction == "NORM reaches 1.85 % at no ratio we tried"
    assert "✓" not in compare.marked("compatible")


def test_under_three_seeds_a_table_has_too_few_runs_whatever_they_say():
    few = [replace(r, errors={0: 0.1, 1: 0.1}, dense_errors={0: 1.6, 1: 1.6}) for r in rows(NORM=180, SEP=180)]
    assert compare.settled(evidence.table(2, few)) == "too few runs"


def test_a_row_that_is_missed_needs_a_correction():
    finding = evidence.table(2, rows(NORM=180, SEP=250))
    assert not finding.as_printed
    assert finding.corrected is False
    assert "SEP reaches 1.99 % at no ratio we tried" in finding.correction


def test_losses_are_compared_with_losses():
    # our dense networks err as much as the pruned ones: no loss at all
    finding = evidence.table(2, rows(NORM=164, SEP=164), losses=True)
    assert finding.as_printed
    assert "NORM, 90×: +0.00 ± 0.00 points at 90.3× (3 seeds), mean +0.00 to +0.00" in finding.value
    assert not evidence.table(2, rows(NORM=260, SEP=260), losses=True).as_printed


def figure_5(sep, norm, before):
    """The finding where SEP and NORM with fine-tuning and SEP without err so much, in percent, on every seed."""
    made = []
    for r in rows(NORM=164, SEP=164):
        errors = {("SEP", True): sep, ("NORM", True): norm, ("SEP", False): before}.get((r.strategy, r.fine_tuned), 5.0)
        ratios = (90.0, 96.0) if r.fine_tuned else (r.requested,)
        same = {"errors": dict.fromkeys(r.errors, errors), "dense_errors": dict.fromkeys(r.errors, 1.9), "wrong": {}}
        made += [replace(r, requested=ratio, **same) for ratio in ratios]
    before_ratios = {r.requested for r in made if not r.fine_tuned}
    assert before_ratios & {90.0, 96.0}, "something to compare"
    return evidence.figure(5, made)


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ((1.6, 2.0, 9.0), ledger.HOLDS),
        ((1.6, 1.6, 9.0), ledger.NOT_SHOWN),
        ((1.6, 2.0, 1.6), ledger.NOT_SHOWN),
        ((2.0, 1.6, 9.0), ledger.FAILS),
        ((4.0, 5.0, 9.0), ledger.FAILS),
    ],
)
def test_the_best_pair_must_be_best(errors, verdict):
    assert compare.settled(figure_5(*errors)) == verdict


def test_a_statement_of_parts_is_judged_part_by_part():
    def judged(*verdicts):
        return compare.settled(evidence._together("", [("x", verdict) for verdict in verdicts]))

    assert judged(compare.HOLDS, compare.HOLDS) == ledger.HOLDS
    assert judged(compare.HOLDS, compare.PART) == ledger.CORRECTED
    assert judged(compare.HOLDS, compare.PART, compare.NOT_SHOWN) == ledger.NOT_SHOWN
    assert judged(compare.HOLDS, compare.NOT_SHOWN, compare.FAILS) == ledger.FAILS
    assert judged(compare.HOLDS, compare.COMPATIBLE) == "compatible"
    assert judged(compare.HOLDS, compare.COMPATIBLE, compare.PART) == ledger.CORRECTED
    assert judged(compare.HOLDS, compare.COMPATIBLE, compare.NOT_SHOWN) == ledger.NOT_SHOWN
    assert judged(compare.NOT_SHOWN, compare.TOO_FEW) == "too few runs"
    assert judged(compare.TOO_FEW, compare.FAILS) == ledger.FAILS


def test_without_records_nothing_is_settled():
    assert evidence.table(2, []) is None
    assert all(evidence.figure(number, []) is None for number in range(3, 10))
    with pytest.raises(ValueError, match="number must be one of 3 to 9"):
        evidence.figure(10, [])


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
    assert evidence.figure(3, [r for r in results(made) if r.arm != "l1-LP"]) is None
    finding = evidence.figure(3, results(made))
    assert finding is not None
    assert not finding.as_printed  # under random pruning l1 and l2 do not err less here
    assert "random pruning" in finding.correction


def test_the_ledger_reads_records_without_torch():
    code = "import sys; from l0lib.paper import ledger; ledger.evaluate(); print(json.dumps('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False


def photographs(norm=895, sep=890, dense=800, arms=("NORM", "SEP")):
    """Results of ResNet-20, three seeds, with errors in hundredths of a percent after fine-tuning, ten more before."""
    wrong = {"dense": 0, "NORM": norm, "SEP": sep}
    study = STUDIES["experiment-3"].arms("full")
    return results(
        [
            record(seed, wrong[arm], what=study[f"resnet-20-{arm}"], dense=dense)
            for arm in (*arms, "dense")
            for seed in range(3)
        ]
    )


def test_an_increase_is_judged_by_our_own_dense_networks():
    finding = evidence.table(5, photographs())
    assert finding.as_printed
    assert finding.value.startswith(
        "Proposed (NORM), 5×: +0.95 ± 0.00 points at 5× (3 seeds), mean +0.95 to +0.95, one more run +0.95 to +0.95, "
        "printed 1.1 %: reached; "
    )
    worse = evidence.table(5, photographs(sep=1000))
    assert not worse.as_printed
    assert worse.correction == "Proposed (SEP) reaches 1 % at no ratio we tried"
    assert evidence.table(5, photographs(sep=1000, dense=900)).as_printed


@pytest.mark.parametrize("number", [4, 5, 6, 7])
def test_a_table_of_increases_waits_for_all_its_rows(number):
    assert evidence.table(number, photographs(arms=("NORM",))) is None


def test_table_7_is_settled_once_all_its_runs_are_there():
    """With the numbers of units that VGG-16 loses, at the shares of the study."""
    arms = STUDIES["experiment-6"].arms("full")
    names = ("vgg-16-NORM", "vgg-16-scratch", "vgg-16-l2")
    one = [record(0, 870, what=arms[name], dense=850) for name in names]
    assert compare.settled(evidence.table(7, results(one))) == "too few runs"
    whole = [record(seed, 870, what=arms[name], dense=850) for name in names for seed in range(3)]
    finding = evidence.table(7, results(whole))
    assert finding.as_printed
    assert [part.split(":")[0] for part in finding.value.split("; ")] == [
        "Proposed (NP), 1.46×", "Proposed (NP), 1.7×", "Proposed (NP+GP), 9.21×", "Proposed (NP+GP), 18.38×"
    ]  # fmt: skip
    assert evidence.table(7, results(whole[3:])) is None, "controls are no rows"


def test_figure_7_says_which_of_its_statements_is_not_so():
    assert evidence.figure(7, photographs(arms=("SEP",))) is None
    # ten errors of ten thousand are gained by fine-tuning, five lie between the strategies
    assert evidence.figure(7, photographs(norm=895, sep=890)).as_printed
    apart = evidence.figure(7, photographs(norm=895, sep=870))
    assert (apart.as_printed, apart.corrected) == (False, False)
    assert apart.correction == "fine-tuning matters more: does not hold"
    far = evidence.figure(7, photographs(norm=1200, sep=890))
    told = "up to 5×: does not hold; NORM and SEP alike: does not hold; fine-tuning matters more: does not hold"
    assert far.correction == told


def test_compact_and_accurate_follows_from_four_tables(monkeypatch):
    good, close = Finding("", True), Finding("", False, word="compatible")
    made = {2: good, 3: close, 4: Finding("", False, True), 5: good}
    monkeypatch.setattr(evidence, "table", lambda number, found: made[number])
    found = evidence.compact_and_accurate([])
    assert found.value == "Table 2: holds; Table 3: compatible; Table 4: holds with a correction; Table 5: holds"
    assert compare.settled(found) == ledger.CORRECTED
    made[4] = good
    assert compare.settled(evidence.compact_and_accurate([])) == "compatible"
    made[3] = good
    assert evidence.compact_and_accurate([]).as_printed
    made[4] = None
    assert evidence.compact_and_accurate([]) is None


# --- Figures 8 and 9, sweeps of a factor

SWEPT = ("5-1e-07", "5-5e-07", "5-1e-06", "10-1e-07", "10-5e-07", "10-1e-06")


def run(study, arm, dense, errors, dataset="cifar100", seeds=3):
    """Runs whose unpruned networks have ``dense`` errors of 10,000, and pruned ones ``errors(ratio)``."""
    found = []
    for seed in range(seeds):
        made = record(seed, what=STUDIES[study].arms("full")[f"{dataset}-{arm}"], dense=dense)
        points = [
            p.model_copy(update={"measured": Measured(errors=errors(p.requested), images=10_000)}) for p in made.points
        ]
        found.append(made.model_copy(update={"points": tuple(points)}))
    return found


def until(ratio, dense):
    """As before pruning up to a ratio, and useless above."""
    return lambda requested: dense if requested <= ratio else 9000


def sweep_4(ends, starts=(2900, 2920, 3140, 3480)):
    factors = ("0", "1e-07", "2.5e-07", "5e-07")
    arms = zip(factors, starts, ends, strict=True)
    return results([r for f, start, end in arms for r in run("experiment-4", f, start, until(end, start))])


def test_a_larger_factor_compresses_more_and_starts_lower():
    found = evidence.figure(8, sweep_4((2.78, 4.67, 10.47, 18.63)))
    assert found.as_printed
    assert "α₀ = 0: 2.78×, +0.00, α₀ = 1e-07: 4.67×, +0.20" in found.value


def test_the_scaled_sweep_is_judged_by_the_same_rule():
    factors, starts = ("0", "4e-06", "1e-05", "2e-05"), (900, 920, 1140, 1480)
    arms = zip(factors, starts, (2.78, 4.67, 10.47, 18.63), strict=True)
    runs = [r for f, start, end in arms for r in run("experiment-4", f, start, until(end, start), "cifar10")]
    found = evidence.figure_8(results(runs), "cifar10")
    assert found.as_printed
    assert "α₀ = 2e-05: 18.6×, +5.80" in found.value
    assert evidence.figure_8(results(runs[3:]), "cifar10") is None
    one = evidence.figure_8(results([r for r in runs if r.seed == 0]), "cifar10")
    assert compare.settled(one) == "too few runs"
    assert one.value == f"{found.value}; as the text says, on 1 seed"
    assert evidence.trade(results(runs)) == found
    assert evidence.figure(8, results(runs)) is None, "the paper's figure waits for CIFAR-100"


@pytest.mark.parametrize(
    ("ends", "starts", "wrong"),
    [
        ((2.78, 10.47, 4.67, 18.63), (2900, 2920, 3140, 3480), "compresses more"),
        ((4.67, 4.67, 4.67, 4.67), (2900, 2920, 3140, 3480), "compresses more"),
        ((2.78, 4.67, 10.47, 18.63), (2900, 2700, 3140, 3480), "starts lower"),
        ((2.78, 4.67, 10.47, 18.63), (2900, 2920, 2940, 2960), "starts lower"),
    ],
)
def test_figure_8_says_which_of_its_statements_is_not_so(ends, starts, wrong):
    found = evidence.figure(8, sweep_4(ends, starts))
    assert (found.as_printed, found.corrected, found.correction) == (False, True, f"not so here: {wrong}")


def test_what_may_be_a_point_of_error_is_no_significant_loss_and_more_is():
    starts = (2900, 2920, 3140, 3480)
    factors = ("0", "1e-07", "2.5e-07", "5e-07")

    def made(extra):
        ends = dict(zip(factors, (2.78, 4.67, 10.47, 18.63), strict=True))
        runs = []
        for f, s in zip(factors, starts, strict=True):
            runs += run("experiment-4", f, s, lambda r, f=f, s=s: s + (extra if r <= ends[f] else 6000))
        return evidence.figure(8, results(runs))

    # of 10,000 images, both errors near 3,500: the interval reaches 1.64 points to either side
    assert "α₀ = 5e-07: 18.6×" in made(250).value
    assert "α₀ = 5e-07: 1×" in made(280).value


def sweep_5(dense=2850, at=None):
    at = at or {}
    return results(
        [r for arm in SWEPT for r in run("experiment-5", arm, dense, lambda r, arm=arm: at.get((arm, r), dense))]
        + run("experiment-5", "5-0", dense, lambda r: 9000)
    )


def test_no_noticeable_loss_and_no_difference_between_the_betas():
    found = evidence.figure(9, sweep_5())
    assert found.as_printed
    assert "+0.00 points at 13×, +0.00 points at 25×" in found.value


def test_figure_9_says_which_of_its_statements_is_not_so():
    lossy = evidence.figure(9, sweep_5(at={("10-1e-06", 25.0): 3100}))
    assert (lossy.as_printed, lossy.correction) == (False, "not so here: no noticeable loss")
    apart = evidence.figure(9, sweep_5(at={("10-5e-07", 13.0): 3100}))
    assert (apart.as_printed, apart.correction) == (False, "not so here: β makes little difference")
    both = evidence.figure(9, sweep_5(at={("10-1e-07", 13.0): 3100, ("5-1e-07", 13.0): 3300}))
    assert not both.corrected


def small_betas(starts=None, ends=None):
    """Of ResNet-20: errors before pruning and the highest ratio reached, by β and factor, else 1,200 and 2.27."""
    runs = []
    for arm in ("5-1e-06", "5-5e-06", "5-1e-05", "10-1e-06", "10-5e-06", "10-1e-05"):
        start, end = (starts or {}).get(arm, 1200), (ends or {}).get(arm, 2.27)
        made = run("experiment-5", arm, start, until(end, start), "resnet-20")
        assert made[0].config.network == "resnet-20"
        runs += made
    return results(runs)


def test_beta_makes_little_difference_to_a_small_network():
    found = evidence.small_betas(small_betas({"10-1e-06": 1230}, {"5-5e-06": 2.27, "10-5e-06": 4.0}))
    assert found.as_printed
    assert "α₀ = 1e-06: 2.27× and 2.27×, +0.30, α₀ = 5e-06: 2.27× and 4×, +0.00" in found.value
    assert evidence.figure_9(small_betas()) is None


@pytest.mark.parametrize(
    ("starts", "ends", "wrong"),
    [
        ({"10-5e-06": 1400}, None, "before pruning β makes little difference"),
        (None, {"10-5e-06": 5.0}, "β makes little difference to the ratio"),
        (None, {"5-1e-05": 1.0}, "β makes little difference to the ratio"),
    ],
)
def test_a_severe_change_is_named(starts, ends, wrong):
    found = evidence.small_betas(small_betas(starts, ends))
    assert (found.as_printed, found.correction) == (False, f"not so here: {wrong}")


def test_the_betas_wait_for_all_arms():
    whole = small_betas()
    assert evidence.small_betas([r for r in whole if r.arm != "resnet-20-10-1e-05"]) is None


@pytest.mark.parametrize("number", [8, 9])
def test_a_sweep_waits_for_all_its_arms(number):
    whole = sweep_4((2.78, 4.67, 10.47, 18.63)) + sweep_5()
    assert evidence.figure(number, whole) is not None
    for arm in ("cifar100-5e-07", "cifar100-10-1e-06"):
        if evidence.figure(number, [r for r in whole if r.arm != arm]) is None:
            break
    else:
        pytest.fail("a verdict without all arms")
