"""NORM gives every layer the same say, and one alpha the same meaning in every network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l0lib import L0, L1, L2, compress

sizes = st.dictionaries(st.text(max_size=5), st.integers(1, 10**7), min_size=1, max_size=6)


def test_layer_sizes_count_the_weights_and_no_bias():
    assert compress.layer_sizes(compress.lenet_300_100()) == {"hidden1": 235_200, "hidden2": 30_000, "output": 1_000}


@given(sizes=sizes, alpha=st.floats(1e-8, 1e3))
def test_every_layer_weighs_the_same_and_alpha_is_the_mean_factor_of_a_weight(sizes, alpha):
    own = compress.normalised(L1(alpha), sizes)
    total = sum(sizes.values())
    assert list(own) == list(sizes)
    for layer, size in sizes.items():
        assert own[layer].alpha * size == pytest.approx(alpha * total / len(sizes))
    assert sum(own[layer].alpha * size for layer, size in sizes.items()) / total == pytest.approx(alpha)


@given(sizes=sizes, times=st.integers(1, 50))
def test_a_network_whose_layers_all_grow_alike_keeps_its_factors(sizes, times):
    small, large = (compress.normalised(L1(1), {k: n * t for k, n in sizes.items()}) for t in (1, times))
    assert all(small[layer].alpha == pytest.approx(large[layer].alpha) for layer in sizes)


def test_layers_of_equal_size_get_alpha_itself_and_beta_stays():
    penalty = L2(1e-4) + L1(1e-5) + L0(1e-3, 5)
    assert compress.normalised(penalty, {"a": 7, "b": 7}) == {"a": penalty, "b": penalty}
    assert compress.normalised(L0(0.4, 5), {"a": 1, "b": 3}) == {"a": L0(0.8, 5), "b": L0(0.4 * (2 / 3), 5)}
    assert penalty == L2(1e-4) + L1(1e-5) + L0(1e-3, 5)


def test_norm_lays_its_penalties_over_a_network():
    model = compress.lenet_300_100()
    own = compress.normalised(L2(1e-4) + L0(1e-3, 5), compress.layer_sizes(model))
    groups = compress.parameter_groups(model, own)
    assert [group["penalty"] for group in groups] == [*own.values(), None]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({}, "sizes must name at least one layer; got none"), ({"a": 3, "b": 0}, "sizes must be >= 1; got 0 for b")],
)
def test_bad_sizes_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        compress.normalised(L2(1), wrong)


def test_the_power_says_how_far_sizes_count():
    sizes = {"small": 100, "large": 10_000}
    for power in (-0.25, 0.0, 0.5, 0.75, 1.0):
        found = compress.normalised(L0(1e-3, 5), sizes, power)
        ratio = found["small"].alpha / found["large"].alpha
        assert ratio == pytest.approx(100**power)
        assert sum(found[layer].alpha * size for layer, size in sizes.items()) == pytest.approx(1e-3 * 10_100)
    with pytest.raises(ValueError, match="power must be between -1 and 1"):
        compress.normalised(L2(1e-3), sizes, 1.5)
