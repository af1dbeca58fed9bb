"""RigL: the Erdős–Rényi shares of the layers, one move of the places by hand, and what grows begins from zero."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from l0lib import compress
from l0lib.compress.rivals import Plan
from l0lib.compress.rivals.regrowth import erdos_renyi, moved, rigl
from l0lib.compress.schedules import cosine


def densities(shapes, keep):
    """The paper's own way: one factor of all densities, found by bisection, and densities cut at 1."""
    raw = [sum(shape) / torch.Size(shape).numel() for shape in shapes]
    sizes = [torch.Size(shape).numel() for shape in shapes]
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        total = sum(min(1, middle * each) * size for each, size in zip(raw, sizes, strict=True))
        low, high = (low, middle) if total > keep else (middle, high)
    return [min(1, low * each) for each in raw]


SHAPES = st.lists(st.lists(st.integers(1, 30), min_size=2, max_size=4), min_size=1, max_size=5)


@given(shapes=SHAPES, share=st.floats(0, 1))
def test_layers_share_by_erdos_renyi(shapes, share):
    sizes = [torch.Size(shape).numel() for shape in shapes]
    keep = int(share * sum(sizes))
    counts = erdos_renyi([torch.Size(shape) for shape in shapes], keep)
    assert sum(counts) == keep
    for count, size, density in zip(counts, sizes, densities(shapes, keep), strict=True):
        assert 0 <= count <= size
        assert abs(count - density * size) <= len(shapes)


def test_the_shares_of_lenet():
    """In proportion to 1084, 400 and 110; where the last is full, the others share what is left."""
    shapes = [torch.Size((300, 784)), torch.Size((100, 300)), torch.Size((10, 100))]
    assert erdos_renyi(shapes, 1594) == [1084, 400, 110]
    assert erdos_renyi(shapes, 100_000) == [72_315, 26_685, 1000]
    assert erdos_renyi(shapes, 266_200) == [235_200, 30_000, 1000]


def test_one_move_by_hand():
    """Of five places, two go to the largest gradients; the dropped 0.2 has the largest of them and grows at once."""
    weight = torch.tensor([3.0, -0.1, 0.2, -4.0, 5.0, 0.0, 0.0, 0.0])
    gradient = torch.tensor([0.0, 0.0, 9.0, 7.0, 7.0, 1.0, -2.0, 0.5])
    mask = torch.tensor([True] * 5 + [False] * 3)
    got = moved(weight, gradient, mask, 0.5)
    assert got.tolist() == [True, False, True, True, True, False, True, False]
    assert torch.equal(moved(weight, gradient, mask, 0.1), mask)
    assert torch.equal(moved(weight, gradient, torch.ones(8, dtype=torch.bool), 0.5), torch.ones(8, dtype=torch.bool))


@pytest.fixture
def case(few):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10))
    return model, (few[0][:200], few[1][:200]), Plan(ratio=10, epochs=5, learning_rate=0.05, batch_size=20)


def test_places_move_their_numbers_stay_and_the_network_is_never_denser(case):
    model, data, plan = case
    seen = []
    model.register_forward_pre_hook(lambda module, _: seen.append(module[1].weight.detach() != 0))
    masks = rigl(model, data, plan, every=5, share=0.3, end=0.75)
    assert masks.kept == compress.count_parameters(model) // 10
    sizes = [model[1].weight.shape, model[4].weight.shape]
    dense = 8 + 8 + 8 + 10
    counts = erdos_renyi(sizes, masks.kept - dense)
    assert [int(masks[name].sum()) for name in ("1.weight", "4.weight")] == counts
    assert all(bool(masks[name].all()) for name in ("1.bias", "2.weight", "2.bias", "4.bias"))
    assert all(int(places.sum()) <= counts[0] for places in seen)
    ever = torch.stack(seen).any(0)
    assert int(ever.sum()) > counts[0]
    # nothing that has left comes and goes between the moves, nor after the last of them (step 35 of 50)
    places = masks["1.weight"]
    assert all(bool((then <= places).all()) for then in seen[36:])


def test_what_grows_starts_from_zero_without_momentum(case):
    """The step after a move takes a grown weight by its gradient alone, not by what went before."""
    model, data, plan = case
    weights, gradients = [], []  # before each step, and of the step before it

    def note(module, _):
        weights.append(module[1].weight.detach().clone())
        gradients.append(None if module[1].weight.grad is None else module[1].weight.grad.clone())

    model.register_forward_pre_hook(note)
    rigl(model, data, Plan(**{**vars(plan), "epochs": 1}), every=5, share=0.3, end=0.75, weight_decay=0.0)
    grown = (weights[4] == 0) & (weights[6] != 0)
    # fewer than the share where a place that is given up grows at once
    assert 0 < int(grown.sum()) <= int(cosine(5, 7, 0.3) * int((weights[4] != 0).sum()))
    assert bool((weights[5][grown] == 0).all())
    torch.testing.assert_close(weights[6][grown], -cosine(5, 10, plan.learning_rate) * gradients[6][grown])


def test_the_network_must_hold_what_stays_dense(case):
    with pytest.raises(ValueError, match="ratio must leave the 34 parameters that are spared; it leaves 6"):
        rigl(case[0], case[1], Plan(ratio=1000, epochs=1, learning_rate=0.1))
