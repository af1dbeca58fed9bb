import copy
from fractions import Fraction
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from l0lib import compress
from l0lib.compress.measure import count_nonzero_parameters
from l0lib.compress.surgery import prune_alive, remove_dead_paths

NETWORKS = {
    "lenet-300-100": compress.lenet_300_100,
    "lenet-5-caffe": compress.lenet_5_caffe,
    "lenet-5-caffe with relu": lambda seed: compress.lenet_5_caffe(seed, relu_after_pools=True),
}
every = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


class Small(nn.Module):
    """Two convolutions and two linear layers: LeNet-5-Caffe in little, so that every kind of death is met often."""

    def __init__(self, seed, kept, relu=True, **second):
        super().__init__()
        self.first = nn.Conv2d(1, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 4, 3, **second)
        self.third = nn.Linear(4 * 2 * 2, 5)
        self.last = nn.Linear(5, 3)
        self.relu = torch.relu if relu else nn.Identity()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in self.parameters():
                p.normal_(generator=generator)
                p *= torch.rand(p.shape, generator=generator) < kept
        self.double()

    def forward(self, x):
        x = nn.functional.max_pool2d(self.relu(self.first(x)), 2)
        return self.last(torch.relu(self.third(self.relu(self.second(x)).flatten(1))))

    def chain(self):
        return [(self.first, self.relu), (self.second, self.relu), (self.third, torch.relu), (self.last, self.relu)]


class Line(nn.Sequential):
    """Layers one behind the other, with ReLU between them."""

    def __init__(self, *layers):
        super().__init__(*layers)

    def forward(self, x):
        for layer in self:
            x = layer(x if isinstance(layer, compress.models.Convolution) else x.flatten(1)).relu()
        return x

    def chain(self):
        return [(layer, torch.relu) for layer in self]


def alive_by_definition(model):
    """No unit between two layers has a nonzero parameter unless something comes in and something goes out."""
    layers = [layer for layer, _ in model.chain()]
    for layer, following in pairwise(layers):
        units = layer.weight.shape[0]
        comes_in = layer.weight.detach().reshape(units, -1).any(1)
        outgoing = following.weight.detach().reshape(following.weight.shape[0], units, -1)
        goes_out = outgoing.any(2).any(0)
        owns = comes_in | goes_out | (layer.bias.detach() != 0)
        assert torch.equal(owns, comes_in & goes_out)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), kept=st.floats(0.02, 0.5), relu=st.booleans())
def test_the_function_stays_and_nothing_dead_is_left(seed, kept, relu):
    model = Small(seed, kept, relu)
    x = torch.randn(16, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    before, count = model(x), count_nonzero_parameters(model)
    masks = remove_dead_paths(model)
    assert torch.allclose(model(x), before, rtol=1e-12, atol=1e-12)
    assert count_nonzero_parameters(model) <= count
    alive_by_definition(model)
    masks.check(model)
    assert masks.kept >= count_nonzero_parameters(model)
    again = copy.deepcopy(model)
    remove_dead_paths(again)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))


@every
@pytest.mark.parametrize("ratio", [20, 100, 400, 2000])
def test_the_networks_of_the_book_keep_their_function(build, ratio):
    model = build(1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.normal_(generator=generator)
    masks = compress.prune_global(model, ratio)
    x = torch.rand(64, 28, 28, generator=generator)
    before = model(x).detach()
    left = remove_dead_paths(model, masks)
    # float32: the sums are made in another order
    assert torch.allclose(model(x), before, rtol=1e-4, atol=1e-4 * float(before.abs().max()))
    assert left.kept <= masks.kept
    assert compress.compression_ratio(model) >= ratio
    left.check(model)
    alive_by_definition(model)


@every
def test_random_pruning_leaves_many_dead_paths(build):
    model = build(0)
    masks = compress.prune_random(model, 500, seed=0)
    x = torch.rand(8, 28, 28, generator=torch.Generator().manual_seed(0))
    before = model(x).detach()
    left = remove_dead_paths(model, masks)
    assert left.kept < 0.8 * masks.kept
    assert torch.equal(model(x), before), "fresh biases are zero: not one bit may change"


def perceptron():
    model = compress.lenet_300_100(0)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    return model


def test_a_constant_moves_into_the_next_bias():
    model = perceptron()
    with torch.no_grad():
        model.hidden1.bias[7] = 0.5
        model.hidden2.weight[3, 7] = 2.0
        model.hidden2.weight[3, 8] = 9.0  # from a unit whose constant is zero
        model.output.weight[1, 3] = -4.0
        model.output.weight[2, 3] = 3.0
        model.output.bias[1] = 1.0
    masks = remove_dead_paths(model)
    expected = torch.zeros(10)
    expected[1], expected[2] = 1 - 4 * 1.0, 3 * 1.0
    assert torch.equal(model.output.bias, expected)
    assert count_nonzero_parameters(model) == 2
    assert masks["output.bias"].nonzero().flatten().tolist() == [1, 2]
    assert masks.kept == 2


def test_a_negative_constant_dies_at_the_relu_and_lives_without_it():
    for relu, expected in ((True, 0.0), (False, -0.5 * 3 * 25)):
        model = compress.lenet_5_caffe(0, relu_after_pools=relu)
        with torch.no_grad():
            for p in model.parameters():
                p.zero_()
            model.convolution1.bias[2] = -0.5
            model.convolution2.weight[4, 2] = 3.0
            model.convolution2.weight[4, 5] = 1.0
            model.convolution1.weight[5] = 1.0  # keeps unit 4 of the second layer alive
            model.hidden.weight[0, 4 * 16] = 1.0
            model.output.weight[0, 0] = 1.0
        remove_dead_paths(model)
        assert model.convolution2.bias[4].item() == expected
        assert not model.convolution2.weight[4, 2].any()


def test_a_unit_that_nobody_hears_loses_everything_back_to_the_pixels():
    model = perceptron()
    with torch.no_grad():
        model.hidden1.weight[5, :3] = 1.0
        model.hidden1.bias[5] = 1.0
        model.hidden2.weight[6, 5] = 1.0
        model.hidden2.bias[6] = 1.0
        model.output.bias[0] = 2.0
    masks = remove_dead_paths(model)
    assert count_nonzero_parameters(model) == masks.kept == 1
    assert model.output.bias[0] == 2.0


def test_kept_zeros_of_living_units_may_still_move():
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 10)
    with torch.no_grad():
        place = masks["hidden2.weight"].nonzero()[0]
        model.hidden2.weight[tuple(place)] = 0
    given = {name: mask.clone() for name, mask in masks.items()}
    left = remove_dead_paths(model, masks)
    assert left["hidden2.weight"][tuple(place)]
    assert all(torch.equal(mask, given[name]) for name, mask in masks.items()), "the masks given stay as they are"


def test_a_cut_network_can_be_fine_tuned(few):
    model = compress.lenet_300_100(0)
    compress.train(model, few, epochs=2, learning_rate=0.1)
    left = remove_dead_paths(model, compress.prune_global(model, 150))
    compress.train(model, few, epochs=2, learning_rate=0.1, masks=left)
    left.check(model)
    assert compress.compression_ratio(model) >= 150


def test_networks_in_which_constants_cannot_move_are_refused():
    with pytest.raises(ValueError, match=r"model must have a chain\(\) of its layers, .* got Linear"):
        remove_dead_paths(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="behind the first layer must have no padding; got Conv2d"):
        remove_dead_paths(Small(0, 0.5, padding=1))
    with pytest.raises(ValueError, match=r"must read all outputs of the one before; got Conv2d.* behind Conv2d"):
        remove_dead_paths(Line(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2)))
    with pytest.raises(ValueError, match="layers of a chain must have a bias, which takes over constants; got Conv2d"):
        remove_dead_paths(Small(0, 0.5, bias=False))


def test_a_layer_that_stands_in_a_chain_twice_is_refused():
    layer, twin = nn.Linear(3, 3), nn.Linear(3, 3)
    twin.weight = layer.weight
    for model in (Line(layer, layer), Line(layer, twin)):
        with pytest.raises(
            ValueError, match=r"must have weights of their own and stand in it once; got Linear.* again"
        ):
            remove_dead_paths(model)


def test_convolutions_of_lines_lose_dead_paths_and_shrink():
    torch.manual_seed(0)
    model, x = Line(nn.Conv1d(2, 4, 3), nn.Conv1d(4, 3, 3), nn.Linear(15, 2)), torch.randn(5, 2, 9)
    with torch.no_grad():
        model[0].weight[1] = 0
        model[0].bias[1] = 0.5
        model[1].weight[2] = 0
    model[0].requires_grad_(False)
    before = model(x)
    masks = remove_dead_paths(model)
    torch.testing.assert_close(model(x), before)
    small = compress.shrink(model, masks).model
    torch.testing.assert_close(small(x), before)
    assert [tuple(layer.weight.shape) for layer in small] == [(3, 2, 3), (2, 3, 3), (2, 10)]
    assert [layer.weight.requires_grad for layer in small] == [False, True, True]


WAYS = {
    "GP": compress.prune_global,
    "LP": compress.prune_layerwise,
    "RP": partial(compress.prune_random, seed=4),
}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), ratio=st.floats(1.2, 60), way=st.sampled_from(sorted(WAYS)), first=st.booleans())
def test_pruning_to_what_is_alive_leaves_as_much_as_the_ratio_allows(seed, ratio, way, first):
    model = Small(seed, 1.0)
    total = sum(p.numel() for p in model.parameters())
    within = WAYS[way](model, 1.2) if first else None
    before = copy.deepcopy(model)
    masks = prune_alive(model, ratio, WAYS[way], within=within)
    keep = compress.pruning.number_to_keep(total, ratio)
    assert masks.kept <= keep
    masks.check(model)
    alive_by_definition(model)
    plain = copy.deepcopy(before)
    assert masks.kept >= remove_dead_paths(plain, WAYS[way](plain, ratio, within=within)).kept
    # it is the cut at some number of parameters, and one parameter more would be too many
    kept = {}
    for number in range(keep, total + 1):
        cut = copy.deepcopy(before)
        kept[number] = remove_dead_paths(cut, WAYS[way](cut, Fraction(total, number), within=within)).kept
    assert masks.kept in {
        kept[n] for n in kept if kept[n] <= keep and (n == total or kept[n + 1] > keep or kept[n + 1] == kept[n])
    }


def test_pruning_to_what_is_alive_reaches_the_ratio_of_a_trained_network(few):
    model = compress.lenet_300_100(0)
    compress.train(model, few, epochs=3, learning_rate=0.1)
    plain = copy.deepcopy(model)
    overshot = remove_dead_paths(plain, compress.prune_global(plain, 150)).kept
    left = prune_alive(model, 150)
    keep = compress.pruning.number_to_keep(compress.count_parameters(model), 150)
    assert overshot < keep, "or this test shows nothing"
    assert 0.99 * keep <= left.kept <= keep


def test_nothing_dies_where_nothing_is_dead():
    model = compress.lenet_300_100(0)
    plain = copy.deepcopy(model)
    assert all(
        torch.equal(mask, same)
        for mask, same in zip(prune_alive(model, 3).values(), compress.prune_global(plain, 3).values(), strict=True)
    )


def test_pruning_to_what_is_alive_refuses_what_pruning_refuses():
    with pytest.raises(ValueError, match="ratio must be between 1 and the number of parameters"):
        prune_alive(compress.lenet_300_100(0), 0.5)
    with pytest.raises(ValueError, match=r"model must have a chain\(\) of its layers, .* got Linear"):
        prune_alive(nn.Linear(2, 2), 2)
