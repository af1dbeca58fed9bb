"""The figures of chapter 4 draw what their captions say."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from l0lib import L0, L1, L2, attraction, figures

ETA = 0.04
PENALTIES = {"l2": L2(0.02), "l1": L1(0.05), "l0": L0(0.3, 3)}


def _line(axis, label):
    return next(line for line in axis.get_lines() if line.get_label() == label)


def test_the_maps_stay_in_their_panels():
    figure = figures.zero_attraction_maps(PENALTIES, ETA)
    assert [axis.get_title() for axis in figure.axes] == ["ℓ2", "ℓ1", "smoothed ℓ0"]
    right = figure.axes[2].get_lines()[-1]
    assert right.get_ydata() == pytest.approx(attraction.step(PENALTIES["l0"], right.get_xdata(), ETA))


def test_the_race_draws_each_weight_up_to_its_arrival_and_marks_it():
    figure = figures.race_to_zero(PENALTIES, 1.0, ETA, 800, threshold=0.01)
    linear = figure.axes[0]
    orbit = _line(linear, "smoothed ℓ0").get_ydata()
    assert np.all(orbit[:-1] > 0)
    assert orbit[-1] <= 0
    marks = [line.get_xdata()[0] for line in linear.get_lines() if line.get_linestyle() == ":"]
    assert marks == pytest.approx([attraction.steps_to_zero(PENALTIES[name], 1.0, ETA) for name in ("l1", "l0")])
    assert len(_line(linear, "ℓ2").get_ydata()) == 801


def test_the_bounds_carry_a_dot_at_the_critical_magnitude():
    figure = figures.alpha_bounds(PENALTIES, ETA, np.geomspace(1e-4, 2, 50))
    dots = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    where = [line.get_xdata()[0] for line in dots]
    assert where == pytest.approx([attraction.critical_magnitude(PENALTIES[name], ETA) for name in ("l1", "l0")])


def test_scaling_factors_are_those_of_the_library():
    magnitudes = np.geomspace(1e-3, 1, 20)
    axis = figures.scaling_factors(PENALTIES, ETA, magnitudes).axes[0]
    want = attraction.scaling_factor(PENALTIES["l1"], magnitudes, ETA)
    assert _line(axis, "ℓ1").get_ydata() == pytest.approx(want)


def test_equal_terms_are_equal_where_the_titles_say():
    left, right = figures.equal_terms(ETA, 3.0, 0.002, swing=0.01).axes
    assert _line(left, "ℓ1").get_ydata()[-1] == pytest.approx(_line(left, "smoothed ℓ0").get_ydata()[-1])
    l1, l0 = _line(right, "ℓ1").get_ydata(), _line(right, "smoothed ℓ0").get_ydata()
    assert l1[0] == pytest.approx(0.01)
    assert l0[0] == pytest.approx(l1[0], rel=0.02)
    assert np.all(l0 < l1)


def test_shares_are_drawn_in_percent():
    axis = figures.prunable_share((0.5, 1, 2), {"l1": (1, 1, 0.5), "l0": (1, 1, 0.4)}).axes[0]
    assert list(_line(axis, "smoothed ℓ0").get_ydata()) == [100, 100, 40]


def test_the_first_look_shows_three_penalties_from_one_start():
    figure = figures.first_look()
    assert isinstance(figure, Figure)
    starts = [line.get_ydata()[:2] for line in figure.axes[0].get_lines() if not line.get_label().startswith("_")]
    assert len(starts) == 3
    assert {tuple(np.round(start, 6)) for start in starts} == {(1.0, 0.9979)}


def test_momenta_of_one_weight_and_the_bound():
    axis = figures.overshoots((0.0, 0.9), a=0.002, steps=200).axes[0]
    plain, heavy = (_line(axis, f"μ = {mu:g}").get_ydata() for mu in (0, 0.9))
    assert plain[0] == heavy[0] == pytest.approx(60)
    assert plain.min() >= -1
    assert -attraction.swing_band(L1(1.0), 1.0, 0.9) < heavy.min() < -10


def test_a_strong_l2_draws_one_line():
    free, calm = figures.calmed_swing(0.01, 20, 0.04, (0, 1.2), 300).axes
    assert np.ptp(free.lines[0].get_ydata()[-20:]) > 0.8
    assert np.ptp(calm.lines[0].get_ydata()[-20:]) < 1e-3


def test_adam_draws_one_line_for_all_factors_and_the_decoupled_one_each():
    coupled, decoupled = figures.adam_forgets((0.01, 1.0), 5.0, 1e-3, 200).axes
    ends = [[line.get_ydata()[-1] for line in axis.lines] for axis in (coupled, decoupled)]
    assert ends[0][0] == pytest.approx(ends[0][1])
    assert ends[1][0] > ends[1][1] + 0.01


def test_each_fate_has_its_dots():
    figure = figures.three_fates(4.0, (2.0, 3.0, 4.5))
    assert [axis.get_title() for axis in figure.axes] == ["kill: βv = 2", "bistable: βv = 3", "free: βv = 4.5"]
    assert [len(axis.lines) - 1 for axis in figure.axes] == [1, 3, 2]


def test_the_way_up_is_not_the_way_down():
    left, right = figures.hysteresis(10.0, 0.3, 0.1, (0.97, 1.03)).axes
    up, down = _line(left, "α rises"), _line(left, "α falls")
    lost, back = (line.get_xdata()[np.asarray(line.get_ydata()) > 0].max() for line in (up, down))
    assert lost == pytest.approx(np.exp(2) / 100, rel=0.01)
    assert back == pytest.approx(0.03, rel=0.01)
    assert [line.get_ydata()[-1] > 0 for line in right.lines] == [False, True]


def test_noise_is_drawn_in_as_many_panels():
    figure = figures.noise_at_zero(0.1, (0.25, 4), (0.5, 1))
    assert [axis.get_title() for axis in figure.axes] == ["σ = 0.25 σ*", "σ = 4 σ*", "mean"]
    dots = [line.get_ydata()[0] for line in figure.axes[-1].lines if len(line.get_xdata()) == 1]
    assert dots == pytest.approx([1.25, 1.0], rel=0.1)


def test_a_weight_follows_the_narrowing_band():
    axis = figures.narrowing_band(0.002, (0.0, 0.9), 800).axes[0]
    plain, band = _line(axis, "μ = 0").get_ydata(), _line(axis, "band of plain steps").get_ydata()
    assert plain[0] > 10 * band[0]
    assert (plain[400:] <= 4.2 * band[400:]).all()


def test_the_price_of_a_direction_at_each_scale():
    for axis, penalty in zip(figures.penalty_on_direction((0.5, 2.0), 4.0).axes, (L1(1.0), L0(1.0, 4.0)), strict=True):
        for scale in (0.5, 2.0):
            line = _line(axis, f"s = {scale:g}")
            assert line.get_ydata() == pytest.approx(penalty.elementwise(scale * line.get_xdata()))
