"""Comparisons, verdicts and computed sentences: each follows its stated rule on records that nobody ran."""

import math

import pytest

from l0lib.compress import MAGNITUDE_EDGES
from l0lib.experiments import stored
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.records import write
from l0lib.experiments.results import results
from l0lib.paper import compare
from tests.widgets import stored_runs


def arm(name, errors, **change):
    """Five seeds of an arm; ``errors`` of the fine-tuned points among 10,000 images, spread by one or two."""
    runs = [stored_runs.run(name, seed, errors=errors + seed % 3, **change) for seed in range(5)]
    return results(runs)


def tuned(name, errors, **change):
    return [r for r in arm(name, errors, **change) if r.fine_tuned]


def few(name, errors, seeds):
    return [r for r in results([stored_runs.run(name, seed, errors=errors) for seed in range(seeds)]) if r.fine_tuned]


def test_a_clear_difference_is_told_and_a_small_one_is_not():
    far = compare.pairs(tuned("l0-GP", 100), tuned("l1-GP", 200))
    assert [one.verdict for one in far] == [compare.LESS] * 2
    assert [one.verdict for one in compare.pairs(tuned("l1-GP", 200), tuned("l0-GP", 100))] == [compare.MORE] * 2
    near = compare.pairs(tuned("l0-GP", 100), tuned("l1-GP", 110))
    assert [one.verdict for one in near] == [compare.OPEN] * 2
    assert near[0].mean == pytest.approx(-0.1)


def test_the_wide_interval_counts_the_test_images():
    one = compare.pairs(tuned("l0-GP", 100), tuned("l1-GP", 110))[0]
    assert one.interval == pytest.approx((-0.1, -0.1)), "paired seeds: the spread is common to both"
    rates = (one.first.test_error_mean + one.second.test_error_mean) / 100
    half = 100 * 1.959964 * math.sqrt(rates / 10_000)
    assert one.wide == pytest.approx((-0.1 - half, -0.1 + half))


def test_under_three_seeds_there_are_too_few_runs():
    first, second = few("l0-GP", 10, 1), few("l1-GP", 4000, 1)
    found = compare.pairs(first, second)
    assert {one.verdict for one in found} == {compare.TOO_FEW} == {compare.verdict(found)}
    assert compare.counted(found) == f"too few runs at all {len(found)}"
    assert compare.conclusion(found, "ℓ0", "ℓ1") == (
        "ℓ0 and ℓ1 share 1 seed: too few runs. "
        f"Other test images alone would not explain the difference at {len(found)} of {len(found)}."
    )
    assert "at 0 of" in compare.conclusion(compare.pairs(first, first), "ℓ0", "ℓ0")


@pytest.mark.parametrize(("seeds", "verdict"), [(2, "too few runs"), (3, "less")])
def test_two_seeds_are_still_too_few(seeds, verdict):
    first, second = (
        compare.select(
            results([stored_runs.run(name, seed, errors=e + seed) for seed in range(seeds)]), fine_tuned=True
        )
        for name, e in (("l0-GP", 10), ("l1-GP", 4000))
    )
    found = compare.pairs(first, second)
    assert {one.verdict for one in found} == {verdict}
    told = compare.conclusion(found, "ℓ0", "ℓ1")
    assert ("The interval leaves zero out" in told) == (seeds == 2)


def test_ratios_of_fewer_seeds_are_counted_apart():
    first = [r for seeds, ratio in ((1, 10), (5, 100)) for r in few("l0-GP", 100, seeds) if r.requested == ratio]
    found = compare.pairs(first, tuned("l1-GP", 200))
    assert compare.counted(found) == "less at 1, more at 0, not told apart at 0, too few runs at 1 of 2"
    told = compare.conclusion(found, "ℓ0", "ℓ1")
    assert told.startswith("ℓ0 errs less than ℓ1 at 1 of 2 ratios (100×)")
    assert told.endswith("; too few runs at 1.")


def test_a_table_of_comparisons_shows_errors_on_the_seeds_that_both_have():
    first = results([stored_runs.run("l0-GP", seed, errors=100 * (1 + seed)) for seed in (0, 1, 2)])
    second = results([stored_runs.run("l1-GP", seed, errors=500) for seed in (1, 2, 3)])
    first, second = (compare.select(side, fine_tuned=True) for side in (first, second))
    rows = compare.table_of_comparisons(compare.pairs(first, second), "ℓ0", "ℓ1", "").rows
    assert rows
    for row in rows:
        ours, theirs = (float(said.removesuffix(" (2)").split(" ± ")[0]) for said in row[1:3])
        assert ours < 3, "the seeds 1 and 2 alone"
        assert row[3] == f"−{theirs - ours:.2f}"


def test_two_results_at_one_ratio_are_refused():
    one, other = tuned("l0-GP", 100), tuned("l1-GP", 200)
    for sides, name in (((one + other, one), "first"), ((one, other + one), "second")):
        with pytest.raises(ValueError, match=rf"{name} must hold one result a ratio; got l\d-GP and l\d-GP at 10×"):
            compare.pairs(*sides)


def test_networks_that_no_longer_work_are_not_compared():
    assert compare.pairs(tuned("l0-GP", 6000), tuned("l1-GP", 8000)) == []
    assert len(compare.pairs(tuned("l0-GP", 100), tuned("l1-GP", 8000))) == 2


def test_where_neurons_were_removed_as_many_are_gone_from_both():
    from tests.paper.test_beside import made

    norm, l2 = (results(made("experiment-6", f"vgg-16-{way}", dense=850)) for way in ("NORM", "l2"))
    found = compare.pairs(norm, l2)
    assert all((one.first.removed, one.ratio) == (one.second.removed, one.second.requested) for one in found)
    places = ["16 % of the neurons", "16 % of the neurons, 9.21×", "25 % of the neurons", "25 % of the neurons, 18.38×"]
    assert [one.place for one in found] == places
    assert [row[0] for row in compare.table_of_comparisons(found, "NORM", "l2", "").rows] == places


def test_a_higher_ratio_is_a_handicap():
    magnitude, random = tuned("l2-GP", 100, tuned=(10, 50, 100)), tuned("l2-RP", 900, tuned=(2, 20, 359))
    found = compare.pairs_at_least(magnitude, random)
    assert [(one.first.requested, one.second.requested) for one in found] == [(10, 2), (50, 20)]
    assert compare.verdict(found) == compare.HOLDS


@pytest.mark.parametrize(
    ("errors", "want"),
    [
        ((100, 100), compare.HOLDS),
        ((100, 205), compare.HOLDS),
        ((205, 205), compare.NOT_SHOWN),
        ((400, 205), compare.FAILS),
        ((100, 400), compare.PART),
    ],
)
def test_verdicts_follow_the_rule(errors, want):
    first = [r for place, e in enumerate(errors) for r in tuned("l0-GP", e) if r.requested == (10, 100)[place]]
    assert compare.verdict(compare.pairs(first, tuned("l1-GP", 200))) == want


def test_in_all_cases_means_every_one():
    first = [r for place, e in enumerate((100, 205)) for r in tuned("l0-GP", e) if r.requested == (10, 100)[place]]
    half = compare.pairs(first, tuned("l1-GP", 200))
    assert (compare.verdict(half), compare.verdict(half, every=True)) == (compare.HOLDS, compare.PART)
    both = compare.pairs(tuned("l0-GP", 100), tuned("l1-GP", 200))
    assert compare.verdict(both, every=True) == compare.HOLDS
    assert compare.Sentence("", "", tuple(half), every=True).verdict == compare.PART


def test_no_runs_no_verdict():
    assert compare.verdict([]) == compare.MISSING
    assert {sentence.verdict for sentence in compare.sentences([])} == {compare.MISSING}
    assert "not recorded yet" in repr(compare.table_of_comparisons([], "a", "b", "none"))
    assert "not recorded yet" in compare.conclusion([], "a", "b")


def test_sentences_of_the_paper():
    levels = {"l2": 400, "l1": 300, "l0": 200, "l2+l0": 100}
    found = [
        r
        for penalty, errors in levels.items()
        for how, more in (("GP", 0), ("LP", 50), ("RP", 2000))
        for r in arm(f"{penalty}-{how}", errors + more)
    ]
    said = compare.sentences(found)
    by = {(s.text, s.about): s.verdict for s in said}
    assert by["magnitude beats random pruning", "Figure 4, GP, all penalties"] == compare.HOLDS
    assert by["smoothed ℓ0 outperforms ℓ1", "Figure 4, GP"] == compare.HOLDS
    assert by["ℓ2 + ℓ0 outperforms ℓ2", "Figure 3, LP"] == compare.HOLDS
    assert by["under random pruning ℓ1 errs less than ℓ0 and ℓ2 + ℓ0", "Figure 3, RP"] != compare.HOLDS
    assert len(compare.table_of_sentences(said, "x").rows) == len(said)


def test_a_tally_has_its_verbs_in_the_right_number():
    verdicts = [compare.FAILS, *2 * [compare.HOLDS], compare.PART, *3 * [compare.NOT_SHOWN]]
    assert compare.tally(verdicts) == "2 hold, 1 holds in part, 3 are not shown, 1 does not hold"
    assert compare.tally([compare.HOLDS, *2 * [compare.FAILS], compare.NOT_SHOWN]) == (
        "1 holds, 1 is not shown, 2 do not hold"
    )
    assert compare.tally([]) == ""
    with pytest.raises(ValueError, match=r"verdicts must be among holds, .*; got perhaps"):
        compare.tally(["perhaps"])


def test_a_conclusion_is_worded_by_its_numbers():
    first, second = tuned("l0-GP", 100), tuned("l1-GP", 200)
    words = compare.conclusion(compare.pairs(first, second), "ℓ0", "ℓ1")
    assert words.startswith("ℓ0 errs less than ℓ1 at 2 of 2 ratios (10×, 100×), most at 10×, by 1.00 points (−1.3")
    assert "errs more" in compare.conclusion(compare.pairs(second, first), "ℓ1", "ℓ0")
    assert "not told apart" in compare.conclusion(compare.pairs(first, tuned("l1-GP", 101)), "ℓ0", "ℓ1")


def test_reach_is_the_highest_ratio_at_a_level():
    found = tuned("l0-GP", 100)
    assert compare.reach(found, 1.5).requested == 100
    assert compare.reach(found, 0.5) is None


# --- what is stored ---------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_its_command(tmp_path):
    for seed in (0, 1, 3):
        write(stored_runs.run("l0-GP", seed), tmp_path)
    given = stored.runs("experiment-1", tmp_path)
    assert [r.seed for r in given] == [0, 1, 3]
    missing = stored.absent("experiment-1", given)
    assert missing["l0-GP"] == (2, 4)
    assert missing["l1-GP"] == (0, 1, 2, 3, 4)
    assert missing["l1-LP"] == (0, 1, 2)
    told = repr(stored.coverage("experiment-1", given))
    assert "l0lib run experiment-1 --profile full --arms l0-GP --seeds 2,4" in told
    assert "--seeds 0-4" in told
    assert "commit abc1234" in told


@pytest.mark.parametrize("study", list(STUDIES))
def test_nothing_stored_is_said_too(study):
    assert "0 of" in repr(stored.coverage(study, []))


def test_energy_of_a_few_large_weights():
    magnitudes = [0] * (len(MAGNITUDE_EDGES) - 1)
    magnitudes[-6], magnitudes[10] = 10, 990
    curve = stored.energy(magnitudes, MAGNITUDE_EDGES)
    assert curve[0] == pytest.approx((0.01, 1.0))
    assert stored.share_for(curve) == pytest.approx(0.0099)
    even = stored.energy([5] * 1 + [0] * (len(MAGNITUDE_EDGES) - 2), MAGNITUDE_EDGES)
    assert stored.share_for(even) == pytest.approx(0.99), "all alike"


def test_the_smallest_stored_network_is_found(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    assert stored.weights("lenet-5-caffe", tmp_path) is None
    for name in ("lenet-5-caffe-SEP-359x", "lenet-5-caffe-gradual-shift-450x", "lenet-300-100-SEP-96x", "stand-in"):
        (folder / f"{name}.l0").touch()
    assert stored.weights("lenet-5-caffe", tmp_path).stem == "lenet-5-caffe-gradual-shift-450x"


@pytest.mark.parametrize(
    ("interval", "seeds", "word"),
    [
        ((-0.3, -0.1), 3, "less"),
        ((0.1, 0.3), 3, "more"),
        ((-0.1, 0.3), 3, "not told apart"),
        ((-0.1, 0.0), 3, "not told apart"),
        ((-0.3, -0.1), 2, "too few runs"),
        (None, 5, "too few runs"),
    ],
)
def test_one_rule_says_how_a_difference_is_called(interval, seeds, word):
    assert compare.errs(interval, seeds) == word
