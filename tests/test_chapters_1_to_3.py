"""Chapters 1 to 3: what a figure shows is what the theory says, and a wrong answer gets its hint."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from l0lib import L0, L1, L2, attraction, figures
from l0lib.exercises import check
from l0lib.paper.tables import TABLES

RIGHT = {
    "1.1": lambda arrays: (
        sum(a.size for a in arrays) / n if (n := sum(np.count_nonzero(a) for a in arrays)) else np.inf
    ),
    "1.2": lambda dropped: 100 / (100 - dropped),
    "1.3": lambda w, ratio: np.isin(
        np.arange(w.size), np.argsort(-abs(w), axis=None, kind="stable")[: w.size // ratio]
    ).reshape(w.shape),
    "2.1": lambda w, slope, eta, alpha: w - 2 * eta * alpha * w - eta * slope,
    "2.2": lambda v, step, alpha: np.sign(v) * np.maximum(abs(v) - step * alpha, 0),
    "2.3": lambda mu: (mu / 2, mu),
    "3.1": lambda w, beta: -np.expm1(-beta * abs(w)).sum(),
    "3.2": lambda w, alpha, beta: alpha * beta * np.sign(w) * np.exp(-beta * abs(w)),
    "3.3": lambda number, smallest, tolerance: max(1, np.log(number / tolerance) / smallest),
}

# A plausible mistake, and a word that the hint must hold.
WRONG = [
    ("1.1", lambda arrays: arrays[0].size / np.count_nonzero(arrays[0]), "biases"),
    ("1.1", lambda arrays: sum(a.size for a in arrays) / max(1, sum(np.count_nonzero(a) for a in arrays)), "infinity"),
    ("1.2", lambda dropped: 100 / max(dropped, 1), "dropped"),
    ("1.3", lambda w, ratio: abs(w) >= np.sort(abs(w), axis=None)[-(w.size // ratio)], "ties"),
    ("1.3", lambda w, ratio: RIGHT["1.3"](w, {7: 6}.get(ratio, ratio)), "at ratio 7 exactly 8"),
    ("1.3", lambda w, ratio: RIGHT["1.3"](1 / (1 + abs(w)), ratio), "larger"),
    ("1.3", lambda w, ratio: RIGHT["1.3"](w, ratio).ravel(), "shape"),
    ("2.1", lambda w, slope, eta, alpha: w - eta * (alpha * w + slope), "factor 2"),
    ("2.1", lambda w, slope, eta, alpha: w - 2 * alpha * w - eta * slope, "learning rate"),
    ("2.2", lambda v, step, alpha: np.where(abs(v) > step * alpha, v, 0.0), "hard thresholding"),
    ("2.2", lambda v, step, alpha: np.sign(v) * np.maximum(abs(v) - alpha, 0), "step times alpha"),
    ("2.3", lambda mu: (mu, mu), "alpha"),
    ("2.3", lambda mu: (mu / 2, 2 * mu), "weight_decay"),
    ("2.3", lambda mu: mu, "pair"),
    ("3.1", lambda w, beta: (1 - np.exp(-beta * abs(w))).sum(), "expm1"),
    ("3.1", lambda w, beta: 1 - np.exp(-beta * abs(w)), "one number"),
    ("3.2", lambda w, alpha, beta: beta * np.sign(w) * np.exp(-beta * abs(w)), "multiply by alpha"),
    ("3.2", lambda w, alpha, beta: alpha * beta * np.where(w < 0, -1, 1) * np.exp(-beta * abs(w)), "sign(0)"),
    ("3.2", lambda w, alpha, beta: alpha * beta * (w != 0) * np.exp(-beta * abs(w)), "sign is missing"),
    ("3.3", lambda number, smallest, tolerance: np.log(number / tolerance) / smallest, "beta should be 1"),
]


@pytest.mark.parametrize("number", RIGHT)
def test_a_right_answer_is_right(number):
    assert check(number, RIGHT[number]).ok, check(number, RIGHT[number])


@pytest.mark.parametrize(("number", "answer", "word"), WRONG)
def test_a_plausible_mistake_gets_its_hint(number, answer, word):
    verdict = check(number, answer)
    assert not verdict.ok
    assert word in verdict.message


def markers(axis, marker="o"):
    """Coordinates of the single points that an axis marks."""
    return [tuple(np.ravel(line.get_xydata())) for line in axis.lines if line.get_marker() == marker]


def test_shares_add_to_the_whole_network():
    rows = [("a", 30, 10, 40, 7), ("b", 60, 0, 60, 93)]
    (axis,) = figures.layer_shares({"toy": rows}).axes
    widths = [bar.get_width() for bar in axis.patches]
    assert widths == pytest.approx([40, 60, 7, 93])


def test_pruning_rules_counts_the_survivors():
    layers = [np.ones((2, 3)), np.ones((2, 3))]
    masks = {"GP": [np.ones((2, 3), bool), np.zeros((2, 3), bool)]}
    titles = [axis.get_title() for axis in figures.pruning_rules(layers, masks).axes]
    assert titles == ["magnitudes", "GP: 6 of 6", "", "0 of 6"]


def test_published_scatter_draws_every_row_once():
    figure = figures.published_scatter(TABLES[2], TABLES[3])
    for axis, table in zip(figure.axes, (TABLES[2], TABLES[3]), strict=True):
        drawn = [point for line in axis.lines if line.get_marker() in "oD" for point in line.get_xydata()]
        assert len(drawn) == len(table.rows)
        assert max(point[0] for point in drawn) == pytest.approx(max(float(row.ratio[:-1]) for row in table.rows))


def test_the_l1_set_is_touched_at_a_corner_and_the_l2_set_is_not():
    matrix = np.array([[1.0, 0.3], [0.3, 1.0]])
    axes = figures.touching_contours(np.array([1.0, 0.3]), matrix, alpha_l2=0.4, alpha_l1=0.5).axes
    (round_touch,), (corner,) = markers(axes[0]), markers(axes[1])
    assert min(np.abs(round_touch)) > 0.1
    assert corner == pytest.approx((0.59, 0.0), abs=1e-9)


def test_prior_densities_are_densities_of_equal_variance():
    axis = figures.prior_densities(0.5, np.sqrt(2), span=40.0).axes[0]
    for line in axis.lines:
        w, density = line.get_xydata().T
        assert np.trapezoid(density, w) == pytest.approx(1, abs=2e-3)
        assert np.trapezoid(density * w**2, w) == pytest.approx(1, abs=2e-2)


def test_the_pull_is_marked_where_it_is_greatest():
    betas = np.geomspace(1, 300, 4001)
    (axis,) = figures.pull_against_beta((0.02, 0.1, 0.5), betas).axes
    curves = [line for line in axis.lines if line.get_label().startswith("|w|")]
    for (beta, pull), curve in zip(markers(axis), curves, strict=True):
        x, y = curve.get_xydata().T
        assert beta == pytest.approx(x[np.argmax(y)], rel=2e-3)
        assert pull == pytest.approx(y.max(), rel=1e-5)
        assert pull == pytest.approx(beta / np.e)


def test_the_crossovers_of_figure_2_lie_on_both_curves():
    eta, alpha, betas = 0.04, 0.01, (5, 20)
    term = figures.l0_penalty_and_term(eta, alpha, betas).axes[1]
    dots = markers(term)
    rivals = [L1(alpha), L2(alpha)] * 2
    assert len(dots) == 4
    for (w, height), beta, rival in zip(dots, (5, 5, 20, 20), rivals, strict=True):
        assert height == pytest.approx(attraction.term(L0(alpha, beta), w, eta))
        assert height == pytest.approx(attraction.term(rival, w, eta))


@pytest.mark.parametrize(
    "figure",
    [
        lambda: figures.penalty_and_slope(L2(1), L1(1), L0(1, 5)),
        lambda: figures.sorted_magnitudes({"none": np.linspace(-1, 1, 20)}, relevant=3, kept=5),
        lambda: figures.prox_curves({"l2": L2(1), "l1": L1(1)}, np.linspace(-1, 1, 5), 0.5),
        lambda: figures.l0_shapes((2, 5)),
        lambda: figures.crossovers(np.geomspace(1, 100, 20)),
        lambda: figures.smoothings({"count": (np.sign, np.zeros_like)}),
    ],
)
def test_every_axis_is_labelled(figure):
    made = figure()
    assert isinstance(made, Figure)
    for axis in made.axes:
        assert axis.get_xlabel()
        assert axis.lines
