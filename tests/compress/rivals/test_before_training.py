"""Pruning before training: scores against differences and against paths, and what SynFlow proves of itself."""

import copy
from itertools import pairwise, product

import pytest
import torch
from torch.nn.functional import cross_entropy

from l0lib import compress
from l0lib.compress.rivals import RIVALS, Plan
from l0lib.compress.rivals.before_training import (
    BEFORE_TRAINING,
    TRIALS,
    prune_by_flow,
    prune_by_sensitivity,
    sensitivity,
    synaptic_flow,
)

SIZES = (6, 5, 4, 3)


def perceptron():
    torch.manual_seed(1)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(SIZES)]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def small():
    """As the networks of the book begin: biases are zero."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 40), torch.nn.ReLU(), torch.nn.Linear(40, 10))
    for layer in (model[1], model[3]):
        torch.nn.init.zeros_(layer.bias)
    return model


def drawn(count):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(count, 6, generator=generator), torch.randint(3, (count,), generator=generator)


def test_snip_scores_are_the_derivative_by_a_factor_on_each_weight():
    model = perceptron().double()
    images, labels = drawn(20)
    images = images.double()
    for name, scores in sensitivity(model, images, labels).items():
        weights = model.get_parameter(name).detach().reshape(-1)
        for j, score in enumerate(scores.reshape(-1).tolist()):
            losses = []
            for factor in (1 + 1e-5, 1 - 1e-5):
                twin = copy.deepcopy(model)
                with torch.no_grad():
                    twin.get_parameter(name).reshape(-1)[j] = factor * weights[j]
                    losses.append(float(cross_entropy(twin(images), labels)))
            assert score == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_synaptic_flow_of_a_weight_is_that_of_all_paths_through_it():
    model = perceptron()
    for layer in model[::2]:
        torch.nn.init.zeros_(layer.bias)
    sizes = [layer.weight.detach().double().abs() for layer in model[::2]]
    wanted = [torch.zeros_like(size) for size in sizes]
    for path in product(*map(range, SIZES)):
        flow = torch.stack([size[path[i + 1], path[i]] for i, size in enumerate(sizes)]).prod()
        for i, one in enumerate(wanted):
            one[path[i + 1], path[i]] += flow
    scores = synaptic_flow(model, torch.Size([6]))
    for i, one in enumerate(wanted):
        torch.testing.assert_close(scores[f"{2 * i}.weight"].abs(), one)


def test_synaptic_flow_is_conserved_from_layer_to_layer(few):
    """Theorem 2 of the paper: without biases every layer has the same sum; convolutions and pools, too."""
    model = compress.lenet_5_caffe(relu_after_pools=True)
    scores = synaptic_flow(model, few[0].shape[1:])
    sums = [float(s.sum()) for name, s in scores.items() if name.endswith("weight")]
    assert sums == pytest.approx([sums[0]] * 4)
    assert all(float(s.min()) >= 0 for s in scores.values())


def test_at_the_highest_ratio_synflow_still_connects_and_snip_does_not():
    """A chain needs one weight a layer (maximal critical compression); SNIP, once and for all, cuts it."""
    connected = {}
    for prune in (prune_by_flow, prune_by_sensitivity):
        torch.manual_seed(3)
        layers = [torch.nn.Linear(40, 40, bias=False) for _ in range(5)]
        model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), *layers[1:])
        generator = torch.Generator().manual_seed(2)
        data = torch.randn(64, 40, generator=generator), torch.randint(40, (64,), generator=generator)
        masks = prune(model, data, Plan(ratio=8000 / 5, epochs=1, learning_rate=0.1), set())
        assert masks.kept == 5
        connected[prune] = all(bool(mask.any()) for mask in masks.values())
    assert connected == {prune_by_flow: True, prune_by_sensitivity: False}


@pytest.mark.parametrize("name", BEFORE_TRAINING)
def test_what_is_pruned_before_training_is_never_trained(name, few):
    """From the first weights on: with a rate of nearly zero the network is its own beginning, under the masks."""
    model = small()
    before = copy.deepcopy(model)
    masks = RIVALS[name](model, few, Plan(ratio=20, epochs=1, learning_rate=1e-12))
    masks.apply_(before)
    for p, q in zip(model.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-9)
    assert all(bool(masks[bias].all()) for bias in ("1.bias", "3.bias"))
    assert masks.kept == compress.count_parameters(model) // 20


@pytest.mark.parametrize(("name", "keeps_biases"), [("random", True), ("snip", False), ("synflow", False)])
def test_biases_can_be_pruned_as_well(name, keeps_biases, few):
    """Biases begin at zero, where their scores are zero: they go, but for those that chance keeps."""
    plan = Plan(ratio=20, epochs=1, learning_rate=1e-12)
    model = small()
    masks = RIVALS[name](model, few, plan, spare_biases=0)
    assert bool(masks["1.bias"].any()) is keeps_biases
    assert masks.kept == compress.count_parameters(model) // 20


def test_eight_settings():
    assert len({tuple(sorted(trial.items())) for trial in TRIALS}) == 8
