"""The map of α and β as a table: what stands in it, what is read at a point, and what is not made up."""

import gzip
import json
import math
import random

import pytest

from l0lib import L0, L2, attraction
from l0lib.chapters import alpha_beta_map as maps
from l0lib.chapters.reaching import reached
from tests.widgets import map_runs


@pytest.fixture(scope="module")
def some():
    """Every other point, and the networks without an l0 term."""
    return maps.table(map_runs.grid(every=2))


@pytest.fixture(scope="module")
def nothing():
    return maps.table([])


def test_the_table_is_plain_data_of_the_whole_grid(some):
    assert json.loads(json.dumps(some, allow_nan=False)) == some
    assert (len(some["alphas"]), len(some["betas"])) == (13, 9)
    runs = [point["run"] for row in some["points"] for point in row]
    assert sum(run is not None for run in runs) == 1 + 58
    assert some["ratios"][0] == 2
    assert some["images"] == 10_000


def test_a_point_holds_what_its_records_hold(some):
    first = [map_runs.run(some["alphas"][0], some["betas"][0], seed) for seed in (0, 1, 2)]
    point = some["points"][0][0]
    assert point["run"]["seeds"] == [0, 1, 2]
    assert point["run"]["whole"] == [r.dense.errors for r in first]
    assert point["run"]["pruned"] == [[p.measured.errors for p in r.points] for r in first]
    assert point["run"]["magnitudes"] == list(first[0].magnitudes)
    assert point["run"]["kept"] == [math.floor(map_runs.WEIGHTS / r) for r in some["ratios"]]
    told = reached(first[0])
    assert point["reach"] == pytest.approx(told.reach["hidden1"])
    assert point["predicted"] == pytest.approx(told.predicted)
    assert point["run"]["dead"][0] == pytest.approx(told.found, abs=1e-6)
    reading = maps.read(some, some["alphas"][0], some["betas"][0], 20)
    assert reading.whole == pytest.approx(sum(r.dense.percent for r in first) / 3)
    assert reading.error == pytest.approx(sum(r.points[3].measured.percent for r in first) / 3)


def test_a_line_of_reach_joins_the_factors_that_reach_so_far(nothing):
    for line in nothing["lines"]:
        for alpha, beta in list(zip(line["alphas"], nothing["line_betas"], strict=True))[::8]:
            both = L2(nothing["alpha_l2"]) + L0(alpha, beta)
            assert attraction.reach(both, nothing["total"]) == pytest.approx(line["reach"], rel=1e-6)
    shares = [line["share"] for line in nothing["lines"]]
    assert shares == sorted(shares)


def test_the_line_parts_the_predictions(nothing):
    """Left of the line of a share fewer first weights are within reach, right of it more."""
    for line in nothing["lines"]:
        by_beta = dict(zip(nothing["line_betas"], line["alphas"], strict=True))
        border, row = by_beta[nothing["line_betas"][0]], nothing["points"][0]
        assert nothing["line_betas"][0] == nothing["betas"][0]
        for alpha, point in zip(nothing["alphas"], row, strict=True):
            assert (point["predicted"] >= line["share"]) == (alpha >= border)


def test_a_point_without_a_run_says_so_and_nothing_is_interpolated(some, nothing):
    missing = [
        (alpha, beta)
        for beta, row in zip(some["betas"], some["points"], strict=True)
        for alpha, point in zip(some["alphas"], row, strict=True)
        if point["run"] is None
    ]
    assert len(missing) == 58
    for colour in maps.COLOURS:
        shown = maps.values(some, colour, 20)
        assert sum(value is None for row in shown for value in row) == 58
        assert all(value is None for row in maps.values(nothing, colour, 20) for value in row)
    reading = maps.read(some, *missing[0], 20)
    assert "no network is trained yet" in reading.words()
    assert f"{100 * reading.predicted:.1f} % of the first weights" in reading.words(), "the prediction needs no run"


@pytest.mark.parametrize("ratio", [2, 20, 200])
def test_the_cut_lies_in_the_bin_that_holds_the_smallest_kept_weight(some, ratio):
    run = some["points"][0][0]["run"]
    low, high = maps.read(some, some["alphas"][0], some["betas"][0], ratio).threshold
    edges = [some["first_edge"] + some["bin"] * bin_ for bin_ in range(len(run["magnitudes"]))]
    counts = list(zip(edges, run["magnitudes"], strict=True))
    above = sum(n for edge, n in counts if 10**edge >= low * 0.999)
    beyond = sum(n for edge, n in counts if 10**edge >= high * 0.999)
    assert beyond < run["kept"][some["ratios"].index(ratio)] <= above
    assert high / low == pytest.approx(10 ** some["bin"])


def test_no_cut_where_nothing_is_pruned_or_nothing_is_left(some):
    alpha, beta = some["alphas"][0], some["betas"][0]
    assert maps.read(some, alpha, beta, 1).threshold is None
    broken = json.loads(json.dumps(some))
    broken["points"][0][0]["run"]["kept"][0] = 0
    assert maps.read(broken, alpha, beta, 2).threshold is None
    broken["points"][0][0]["run"]["kept"][0] = 10**9
    with pytest.raises(ValueError, match="kept must be at most the weights of the histogram"):
        maps.read(broken, alpha, beta, 2)


def highest(whole, pruned, dense=(100,)):
    """What is read of one run with these wrong answers of ten thousand."""
    alpha, beta = 1e-4, 5.0
    made = map_runs.run(alpha, beta, whole=whole)
    points = [
        point.model_copy(update={"measured": point.measured.model_copy(update={"errors": wrong})})
        for point, wrong in zip(made.points, pruned, strict=True)
    ]
    reference = [map_runs.run(0.0, 5.0, seed, whole=wrong) for seed, wrong in enumerate(dense)]
    data = maps.table([made.model_copy(update={"points": tuple(points)}), *reference])
    return maps.read(data, alpha, beta, 20).highest


def test_the_highest_ratio_within_a_point_of_the_dense_networks_mean():
    rising = [110, 120, 150, 200, 201, 300, 400, 500, 600, 700]
    assert highest(100, rising) == 20, "a hundred wrong answers more are one point: still within"
    assert highest(100, rising, dense=(100, 102)) == 35, "the mean of the seeds counts"
    assert highest(100, [201, *rising[1:]]) == 20, "the highest ratio tried, as in chapter 9"
    assert highest(150, [300] * 10) == 1
    assert highest(250, [300] * 10) == 0
    assert highest(100, rising, dense=()) is None


def test_what_is_lost_looks_and_reads_otherwise(some):
    lost = maps.read(some, some["alphas"][-1], some["betas"][-1], 20)
    assert lost.lost
    assert "at chance level: it errs on 90.20 % before pruning" in lost.words()
    far = maps.read(some, some["alphas"][0], some["betas"][0], 200)
    assert not far.lost
    assert "which is chance level" in far.words()
    assert "which is chance level" not in maps.read(some, some["alphas"][0], some["betas"][0], 2).words()


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ((1e-4, 1e-7), "lies below the cut in every step"),
        ((1e-1, 1e-7), "begins above the cut and is below it in the last epoch"),
        ((1e-1, 1e-2), "begins above the cut and is above it in the last epoch"),
    ],
)
def test_the_swing_band_is_set_against_the_cut(band, words):
    reading = maps.Reading(
        1e-4, 5, 20, 0.1, 0.95, band, (0,), whole=1.5, error=2.0, highest=20, dead=0.9, threshold=(1e-3, 1.26e-3)
    )
    assert words in reading.words()


def test_colours_are_stronger_for_the_better():
    data = maps.table([map_runs.run(1e-4, 5.0, whole=150)])
    errors = [maps.strength(data, "error", value) for value in (0.5, 1.5, 3, 30, 85, 95)]
    assert errors[:2] == [1, 1]
    assert errors[-2:] == pytest.approx([0, 0])
    assert errors == sorted(errors, reverse=True)
    ratios = [maps.strength(data, "ratio", value) for value in (0, 1, 10, 200)]
    assert ratios == pytest.approx([0, 0, math.log(10) / math.log(200), 1])
    assert maps.strength(data, "dead", 0.25) == 0.25


@pytest.mark.parametrize(
    ("x", "digits", "told"),
    [(1e-6, 3, "1·10⁻⁶"), (3.2e-5, 3, "3.2·10⁻⁵"), (1e-4, 3, "0.0001"), (0.0123456, 2, "0.012"), (20.0, 3, "20"),
     (123456, 3, "1.23·10⁵")],
)  # fmt: skip
def test_numbers_read_well(x, digits, told):
    assert maps.short(x, digits) == told


def test_the_whole_map_is_small_on_the_wire():
    """Histograms as ragged as real ones: a page carries the table."""
    draw = random.Random(5)
    ragged = []
    for made in map_runs.grid():
        counts = [draw.randrange(6_000) for _ in made.magnitudes]
        counts[-1] += map_runs.WEIGHTS - sum(counts) if sum(counts) < map_runs.WEIGHTS else 0
        ragged.append(made.model_copy(update={"magnitudes": tuple(counts)}))
    text = json.dumps(maps.table(ragged), separators=(",", ":"))
    assert len(gzip.compress(text.encode())) < 60_000


def test_how_much_is_recorded(some):
    assert maps.recorded([]).startswith("0 of ")
    told = maps.recorded(map_runs.grid(every=2))
    assert told.startswith(f"{61 + 3} of ")
    assert told.endswith("l0lib run alpha-beta-map --profile full makes the rest.")
    assert "commit abc1234" in told


def test_the_page_counts_the_points_that_are_run(some, nothing):
    product = maps.by_product(some, 20)
    assert sum(int(row[1]) + int(row[4]) for row in product.rows) == 59
    blunt, sharp = product.rows[0][1:4], product.rows[0][4:7]
    assert blunt == ("1", "54.5 to 54.5", "90.2 to 90.2")
    assert sharp == ("0", "–", "–")
    found = maps.predictions(some, (1, 60))
    assert {name: len(pairs) for name, pairs in found.items()} == {"β = 1": 7, "β = 60": 7}
    for data, points in ((some, 59), (nothing, 0)):
        best = maps.best_by_beta(data)
        assert [row[0] for row in best.rows] == [f"{beta:g}" for beta in data["betas"]]
        assert sum(int(row[1]) for row in best.rows) == points
    assert maps.predictions(nothing, (1, 60)) == {}
    assert maps.by_product(nothing, 20).rows[0][0] == "not recorded yet"


def test_the_best_alpha_of_a_beta_is_the_smallest_that_lasts_longest():
    runs = [map_runs.run(alpha, 5.0) for alpha in (1e-6, 3.2e-5, 5.6e-5)]
    data = maps.table([*runs, map_runs.run(0.0, 5.0)])
    furthest = {r.config.training.penalty.alpha_l0: maps.read(data, r.config.training.penalty.alpha_l0, 5, 20).highest
                for r in runs}  # fmt: skip
    (row,) = (row for row in maps.best_by_beta(data).rows if row[0] == "5")
    best = min(alpha for alpha in furthest if furthest[alpha] == max(furthest.values()))
    assert row[1:5] == ("3", maps.short(best), maps.short(5 * best, 2), f"{furthest[best]:g}×")


def test_whether_beta_still_matters_turns_with_the_records(nothing):
    def told(*runs):
        return maps.beta_still_matters(maps.table([*runs, map_runs.run(0.0, 5.0)]))

    low, high = map_runs.run(1e-6, 1.0, whole=170), map_runs.run(1e-4, 5.0, whole=170)
    apart = told(low, high)
    assert apart.startswith("Within a point of the dense network the best α of a β prunes from ")
    assert "×, at β = 1, to " in apart
    assert "×, at β = 5. So far a β has 1 of the 13 values of α" in apart
    assert "×, whatever β." in told(low, low_at(3.0))
    poor = [map_runs.run(alpha, beta, whole=900) for alpha, beta in ((1e-6, 1.0), (1e-4, 5.0))]
    assert told(*poor).startswith("Within a point of the dense network none can be pruned, whatever β.")
    assert "from nothing, at β = 5, to " in told(low, poor[1])
    whole = [map_runs.run(alpha, beta, whole=170) for alpha in nothing["alphas"] for beta in (1.0, 5.0)]
    assert "So far" not in told(*whole)
    assert maps.beta_still_matters(nothing) == told(low) == "Not recorded yet."


def low_at(beta):
    """A network that lasts as long as that of α = 1e-6 and β = 1, at another β of the grid."""
    alpha = 1e-6
    made = map_runs.run(alpha, 1.0, whole=170)
    penalty = made.config.training.penalty.model_copy(update={"beta": beta})
    training = made.config.training.model_copy(update={"penalty": penalty})
    return made.model_copy(update={"config": made.config.model_copy(update={"training": training})})


def test_what_was_foreseen_is_told_point_by_point(nothing):
    made = map_runs.run(1e-6, 1.0)
    data = maps.table([made])
    reading = maps.read(data, 1e-6, 1.0, 1)
    assert reading.dead > reading.predicted
    told = maps.foreseen(data)
    assert told.startswith("At 0 of 1 points fewer weights died than began within the reach.")
    assert f"{100 * reading.predicted:.1f} % were within, and {100 * reading.dead:.1f} % died." in told
    all_within = maps.table([map_runs.run(1e-3, 1.0)])
    assert maps.foreseen(all_within).startswith("At 1 of 1 points")
    assert maps.foreseen(nothing) == "Not recorded yet."
