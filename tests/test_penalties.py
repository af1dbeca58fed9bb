"""The penalties: paper Eqs. 4-13 and the proximal operators, on NumPy arrays and torch tensors."""

import math
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import lambertw

from l0lib import L0, L1, L2, Penalty, Sum, count_nonzero
from l0lib.penalties import _lambertw0

SINGLES = [L2(0.3), L1(0.3), L0(0.3, 5.0)]
ALL = [*SINGLES, L2(0.1) + L0(0.3, 5.0), L1(0.2) + L0(0.3, 2.0), L2(0.1) + L1(0.2), L2(0.1) + L1(0.2) + L0(0.3, 8.0)]
finite = st.floats(allow_nan=False, allow_infinity=False)
arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=3, max_side=4),
    elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_values_are_equations_4_6_and_11():
    w = np.array([0.5, -0.2, 0.0])
    assert L2(2.0).value(w) == pytest.approx(2 * (0.25 + 0.04))
    assert L1(2.0).value(w) == pytest.approx(2 * 0.7)
    assert L0(2.0, 4.0).value(w) == pytest.approx(2 * (2 - math.exp(-2.0) - math.exp(-0.8)))
    assert (L2(2.0) + L1(2.0)).value(w) == pytest.approx(2 * 0.29 + 2 * 0.7)
    assert count_nonzero(w) == 2
    for other in ([0, 3, -1], [False, True, True]):
        assert count_nonzero(np.array(other)) == count_nonzero(torch.tensor(other)) == 2


def test_smoothed_count_tends_to_the_exact_one():
    """prop-l0-limits: the value rises with beta towards the count."""
    w = np.array([0.5, -0.2, 0.0, 1e-3])
    assert L0(1.0, 1e6).value(w) == pytest.approx(count_nonzero(w))
    assert L0(1.0, 1.0).value(w) < L0(1.0, 10.0).value(w) < count_nonzero(w)


@pytest.mark.parametrize("penalty", ALL, ids=repr)
def test_gradient_equals_autograd(penalty):
    w = torch.linspace(-3, 3, 601, dtype=torch.float64)
    w = w[w != 0].requires_grad_()
    penalty.value(w).backward()
    np.testing.assert_allclose(penalty.gradient(w.detach()).numpy(), w.grad.numpy(), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(penalty.gradient(w.detach().numpy()), w.grad.numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("penalty", ALL, ids=repr)
def test_zero_is_left_where_it_is(penalty):
    for zero in (0.0, -0.0):
        assert penalty.gradient(zero) == 0
        assert penalty.value(zero) == 0
        assert penalty.prox(zero, 0.5) == 0


@pytest.mark.parametrize("penalty", ALL, ids=repr)
@given(w=arrays)
def test_shapes_dtypes_symmetry_and_signs(penalty, w):
    for result in (penalty.gradient(w), penalty.elementwise(w), penalty.prox(w, 0.5)):
        assert result.shape == w.shape
        assert result.dtype == w.dtype
        assert not np.isnan(result).any()
    assert (penalty.elementwise(w) >= 0).all()
    np.testing.assert_array_equal(penalty.elementwise(-w), penalty.elementwise(w))
    np.testing.assert_array_equal(penalty.gradient(-w), -penalty.gradient(w))
    assert (np.sign(penalty.gradient(w)) * np.sign(w) >= 0).all()
    assert (np.abs(penalty.prox(w, 0.5)) <= np.abs(w)).all()
    tensor = torch.tensor(w)
    for ours, theirs in (
        (penalty.gradient(w), penalty.gradient(tensor)),
        (penalty.elementwise(w), penalty.elementwise(tensor)),
    ):
        assert theirs.dtype == tensor.dtype
        np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-5 if w.dtype == np.float32 else 1e-12, atol=1e-30)


@pytest.mark.parametrize("penalty", ALL, ids=repr)
@pytest.mark.parametrize("w", [5e-324, 1e-308, 1e-160, 1e-20, 1e20, 1e160, 1.7e308])
def test_tiny_and_huge_weights_raise_no_warning(penalty, w):
    for sign in (1.0, -1.0):
        assert not np.isnan(penalty.value(sign * w))
        assert not np.isnan(penalty.gradient(sign * w))
        assert not np.isnan(penalty.prox(sign * w, 0.5))


def test_small_weights_keep_their_digits():
    assert L0(1.0, 3.0).value(1e-18) == pytest.approx(3e-18, rel=1e-14)


def test_a_factor_of_zero_costs_nothing_however_large_the_weight():
    assert L2(0.0).value(1e200) == 0
    assert L2(1e-200).value(1e200) == pytest.approx(1e200)
    weight = torch.tensor(1e30, requires_grad=True)
    L2(0.0).value(weight).backward()
    assert weight.grad == 0


@pytest.mark.parametrize("penalty", ALL, ids=repr)
def test_prox_of_a_number_is_a_number_and_never_minus_zero(penalty):
    for v in (-1e-3, -0.0, 0.0):
        for got in (penalty.prox(v, 0.5), penalty.prox(torch.tensor(v), 0.5).numpy()):
            assert got != 0 or not np.signbit(got)
    assert isinstance(penalty.prox(-2.0, 0.5), float)


@pytest.mark.parametrize("penalty", [*ALL, L0(1.0, 1e30)], ids=repr)
def test_prox_lets_a_diverged_tensor_be_seen(penalty):
    got = penalty.prox(torch.tensor([math.nan, math.inf, -math.inf, -3.0]), 0.1)
    assert torch.isnan(got[0])
    assert got[1:3].tolist() == [math.inf, -math.inf]
    assert torch.isfinite(got[3])


def test_prox_beyond_the_squares_of_floats():
    for beta in (1e80, 1e160, 1e300, np.array([1e80, 1e300])):  # hard thresholding at the root of 2
        assert np.all(L0(1.0, beta).prox(np.array([[1.41], [1.42]]), 1.0) == [[0.0], [1.42]])
    for step in (1e308, np.array([1e308, 1e308])):  # 2*alpha*step is infinite
        assert np.all((L2(1.0) + L1(1e-3) + L0(1e-3, 5)).prox(1e308, step) == pytest.approx(0.4995, rel=1e-2))
        assert np.all(L1(1e100).prox(1e308, step) == 0)


def test_parameters_broadcast_with_weights():
    alpha, beta, w = np.array([[0.1], [0.2]]), np.array([1.0, 5.0, 9.0]), np.array([0.3, 0.4, 0.5])
    penalty = L2(alpha) + L0(alpha, beta)
    for i, j in np.ndindex(2, 3):
        one = L2(alpha[i, 0]) + L0(alpha[i, 0], beta[j])
        assert penalty.gradient(w)[i, j] == pytest.approx(one.gradient(w[j]), rel=1e-14)
        assert penalty.prox(w, 0.7)[i, j] == pytest.approx(one.prox(w[j], 0.7), rel=1e-12)


def brute_prox(penalty, v, step):
    """The lowest objective on a grid that is refined around its best point; the objective at zero beside it."""
    low, high = -abs(v) - 1e-6, abs(v) + 1e-6
    for _ in range(6):
        grid = np.append(np.linspace(low, high, 4001), 0.0)
        cost = penalty.elementwise(grid) + (grid - v) ** 2 / (2 * step)
        best, width = grid[cost.argmin()], (high - low) / 4000
        low, high = best - 2 * width, best + 2 * width
    return cost.min()


@pytest.mark.parametrize("kind", ["l0", "l2+l0", "l1+l0", "l1+l2", "l1+l2+l0"])
def test_prox_is_the_global_minimiser_by_brute_force(kind):
    random = np.random.default_rng(len(kind))
    for _ in range(300):
        alpha, beta = 10 ** random.uniform(-3, 1), 10 ** random.uniform(0, 1.5)
        step, v = 10 ** random.uniform(-2, 2), random.normal() * random.choice([0.1, 1, 5])
        parts = []
        if "l2" in kind:
            parts.append(L2(10 ** random.uniform(-3, 0)))
        if "l1" in kind:
            parts.append(L1(10 ** random.uniform(-3, 0)))
        if "l0" in kind:
            parts.append(L0(alpha, beta))
        penalty = sum(parts)
        got = penalty.prox(v, step)
        cost = penalty.value(got) + (got - v) ** 2 / (2 * step)
        assert cost <= brute_prox(penalty, v, step) * (1 + 1e-9) + 1e-12
        np.testing.assert_allclose(penalty.prox(torch.tensor(v, dtype=torch.float64), step).item(), got, rtol=1e-9)


def test_prox_of_l2_shrinks_and_of_l1_soft_thresholds():
    v = np.array([-2.0, -0.1, 0.3, 5.0])
    np.testing.assert_allclose(L2(0.3).prox(v, 0.5), v / (1 + 2 * 0.3 * 0.5))
    np.testing.assert_allclose(L1(0.4).prox(v, 0.5), np.sign(v) * np.maximum(np.abs(v) - 0.2, 0))


def test_prox_of_a_sharp_penalty_tends_to_hard_thresholding():
    v = np.linspace(-3, 3, 601)
    threshold = math.sqrt(2 * 0.5)
    far = np.abs(np.abs(v) - threshold) > 0.01
    np.testing.assert_allclose(L0(0.5, 1e4).prox(v, 1.0)[far], np.where(np.abs(v) > threshold, v, 0)[far], atol=1e-9)


def test_lambert_w_against_scipy():
    away = np.concatenate(
        [-np.exp(-1) + np.logspace(-5, -1, 500), np.linspace(-0.3, 5, 500), np.logspace(-300, 300, 999)]
    )
    np.testing.assert_allclose(_lambertw0(away), lambertw(away).real, rtol=2e-13)
    np.testing.assert_allclose(_lambertw0(torch.tensor(away)).numpy(), lambertw(away).real, rtol=2e-12)
    near = -np.exp(-1) + np.logspace(-16, -6, 200)
    np.testing.assert_allclose(_lambertw0(near), lambertw(near).real, atol=3e-8)
    assert np.isnan(_lambertw0(np.array([-0.5]))).all()
    single = _lambertw0(np.float32(2.0) * np.ones(3, np.float32))
    assert single.dtype == np.float32


def test_lambert_w_near_the_branch_point_with_the_gap_given():
    gap = np.logspace(-30, -7, 100)
    p = np.sqrt(2 * gap)
    np.testing.assert_allclose(_lambertw0((gap - 1) / np.e, gap=gap), -1 + p - p**2 / 3, rtol=1e-9)


def test_sums_flatten_compare_and_print():
    penalty = L2(1e-4) + L0(1e-2, 5)
    assert penalty == Sum(L2(1e-4), L0(1e-2, 5.0))
    assert hash(penalty) == hash(L2(1e-4) + L0(1e-2, 5.0))
    assert penalty != L0(1e-2, 5) + L2(1e-4)
    assert (penalty + L1(1)).terms == (L2(1e-4), L0(1e-2, 5), L1(1))
    assert repr(penalty) == "L2(alpha=0.0001) + L0(alpha=0.01, beta=5.0)"
    assert L0(np.arange(3.0), 5) != L0(np.arange(3.0) + 1, 5)
    with pytest.raises(TypeError):
        L2(1.0) + 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: L2(-0.1), ("alpha must be >= 0", "-0.1")),
        (lambda: L1(float("nan")), ("alpha must be >= 0", "nan")),
        (lambda: L0(1.0, 0.5), ("beta must be >= 1 (paper, Eq. 10)", "0.5")),
        (lambda: L0(1.0, np.array([2.0, 0.3])), ("beta must be >= 1", "0.3")),
        (lambda: L0(float("inf"), 2.0), ("alpha", "inf")),
        (lambda: L0("much", 2.0), ("alpha", "much")),
        (lambda: L0(1e300, 1e300), ("alpha*beta must be finite", "inf")),
        (lambda: L2(True), ("alpha", "True")),
        (lambda: L2(None), ("alpha", "None")),
        (lambda: L1(1.0).value(np.array([1, 2])), ("w must have a real floating dtype", "int64")),
        (lambda: L1(1.0).gradient(torch.tensor([1, 2])), ("w must have a real floating dtype", "int64")),
        (lambda: L1(1.0).gradient(np.array([1.0, np.nan])), ("w must hold finite numbers", "nan")),
        (lambda: L0([1.0, 2.0], [1.0, 2.0, 3.0]), ("shapes must broadcast", "alpha (2,), beta (3,)")),
        (lambda: L1([1.0, 2.0]).prox(np.ones(3), 1.0), ("shapes must broadcast", "v (3,), alpha (2,)")),
        (lambda: L1(1.0).gradient(np.ones(3)) + L1(torch.ones(3)).gradient(np.ones(3)), ("w and alpha must all be",)),
        (lambda: L2(1e308), ("2*alpha must be finite", "inf")),
        (lambda: L1(10**400), ("alpha must be >= 0", "characters")),
        (lambda: L1(1.0).gradient(np.array([1j])), ("w must have a real floating dtype", "complex128")),
        (lambda: L1(1.0).gradient("one"), ("w must be a number or an array", "one")),
        (lambda: L0(1.0, 2.0).prox(1.0, 0.0), ("step must be > 0", "0")),
        (lambda: L0(1.0, 2.0).prox(1.0, -1.0), ("step must be > 0", "-1")),
        (lambda: (L0(1.0, 2.0) + L0(1.0, 3.0)).prox(1.0, 1.0), ("at most one L0", "beta=3.0")),
        (lambda: Sum(), ("at least one penalty", "none")),
        (lambda: Sum(1.0), ("terms must be penalties", "1.0")),
    ],
)
def test_bad_input_names_argument_value_and_rule(call, words):
    with pytest.raises(ValueError, match=re.escape(words[0])) as error:
        call()
    for word in words:
        assert word in str(error.value)


def test_the_common_ground_is_no_penalty():
    with pytest.raises(TypeError):
        Penalty().gradient(1.0)


def test_import_is_light():
    code = "import l0lib, sys; print([m for m in ('torch', 'matplotlib', 'ipywidgets', 'IPython') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
