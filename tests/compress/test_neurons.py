"""Whole neurons go, and the smaller network computes what the silenced one computes."""

import copy

import pytest
import torch
from torch import nn

from l0lib import compress
from l0lib.compress import neurons
from l0lib.compress.models import VGG16, ResNet20, ResNet50

EXAMPLE = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def stirred(model):
    """A network whose biases, norms and statistics have left their starting points, with scores of moderate size."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 2)
            nn.init.normal_(module.weight, 0.7, 0.1)
            nn.init.normal_(module.bias, 0, 0.1)
        elif getattr(module, "bias", None) is not None:
            nn.init.normal_(module.bias, 0, 0.1)
    return model.eval()


@pytest.fixture(scope="module", params=["vgg-16", "resnet-20", pytest.param("resnet-50", marks=pytest.mark.slow)])
def case(request):
    model = stirred({"vgg-16": VGG16, "resnet-20": ResNet20, "resnet-50": ResNet50}[request.param]())
    return model, neurons.neurons(model, EXAMPLE)


def test_the_smaller_network_computes_what_the_silenced_one_does(case):
    model, found = case
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    units = neurons.smallest_neurons(found, 0.4)
    small = neurons.remove_neurons(model, units, EXAMPLE)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    silent = copy.deepcopy(model)
    neurons.silence_neurons(silent, units, EXAMPLE)
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(7))  # not those of the tracing
    with torch.no_grad():
        there, here, whole = silent(images), small(images), model(images)
    torch.testing.assert_close(here, there, atol=1e-5, rtol=0)
    layouts = {name: values.is_contiguous() for name, values in model.named_parameters() if values.ndim == 4}
    assert {name: values.is_contiguous() for name, values in small.named_parameters() if values.ndim == 4} == layouts
    assert not all(layouts.values()), "convolutions are channels last"
    assert (there - whole).abs().max() > 1e-3  # something was removed that mattered
    assert compress.count_parameters(small) < 0.45 * compress.count_parameters(model)
    cost, least = (compress.in_all(compress.multiply_adds(m, EXAMPLE[:1])).dense for m in (model, small))
    assert least < 0.5 * cost


def test_families_are_what_is_added_together(case):
    model, found = case
    names = [layer for family in found for layer in family.layers]
    assert len(names) == len(set(names))
    layers = [name for name, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert set(names) == set(layers[:-1])  # all but the one that gives the scores
    sizes = {name: module.weight.shape[0] for name, module in model.named_modules() if name in names}
    for family in found:
        assert {sizes[layer] for layer in family.layers} == {len(family.norms)}
    if isinstance(model, VGG16):
        assert all(len(family.layers) == 1 for family in found)
    if isinstance(model, ResNet20):
        shared = [family.layers for family in found if len(family.layers) > 1]
        assert [len(layers) for layers in shared] == [4, 4, 4]
        assert shared[0] == ("convolution", *(f"blocks.{block}.convolution2" for block in range(3)))
        assert shared[1] == (
            "blocks.3.convolution2", "blocks.3.shortcut", "blocks.4.convolution2", "blocks.5.convolution2",
        )  # fmt: skip


def test_the_class_scores_are_those_of_the_layer_called_last():
    class HeadFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.body = nn.Linear(6, 10), nn.Linear(4, 6)

        def forward(self, x):
            return self.head(self.body(x).relu())

    model, example = HeadFirst(), torch.zeros(1, 4)
    (family,) = neurons.neurons(model, example)
    assert family.layers == ("body",)
    small = neurons.remove_neurons(model, {"body": [0, 1]}, example)
    assert (small.body.weight.shape, small.head.weight.shape) == ((4, 4), (10, 4))


def test_norms_are_those_of_the_incoming_weights():
    model = stirred(ResNet20())
    first = neurons.neurons(model, EXAMPLE)[0]
    modules = dict(model.named_modules())
    want = torch.zeros(16, dtype=torch.float64)
    for layer in first.layers:
        for unit in range(16):
            want[unit] += (modules[layer].weight[unit].detach().double() ** 2).sum()
    torch.testing.assert_close(first.norms.double(), want.sqrt())


def test_statistics_and_mode_stay(case):
    model, _ = case
    model.train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    neurons.neurons(model, EXAMPLE)
    assert model.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
    model.eval()


FAMILIES = [
    neurons.Neurons(("wide",), torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0])),
    neurons.Neurons(("narrow", "other"), torch.tensor([0.1, 0.3, 0.2])),
]


@pytest.mark.parametrize(
    ("share", "options", "want"),
    [
        (0.0, {}, {}),
        (0.4, {}, {"wide": [1, 3], "narrow": [0]}),
        (0.9, {}, {"wide": [1, 2, 3, 4], "narrow": [0, 2]}),
        (0.9, {"keep": 2}, {"wide": [1, 3, 4], "narrow": [0]}),
        (0.25, {"within": "network"}, {"narrow": [0, 2]}),
        (0.5, {"within": "network"}, {"narrow": [0, 2], "wide": [1, 3]}),
        (0.9, {"within": "network", "keep": 5}, {}),
    ],
)
def test_the_smallest_are_chosen(share, options, want):
    assert neurons.smallest_neurons(FAMILIES, share, **options) == want


@pytest.mark.parametrize(
    ("share", "options", "message"),
    [
        (1.0, {}, "share must be >= 0 and < 1; got 1.0"),
        (-0.1, {}, "share must be >= 0 and < 1; got -0.1"),
        (0.5, {"within": "block"}, "within must be one of layer, network; got 'block'"),
        (0.5, {"keep": 0}, "keep must be >= 1; got 0"),
    ],
)
def test_a_wrong_choice_is_named(share, options, message):
    with pytest.raises(ValueError, match=message):
        neurons.smallest_neurons(FAMILIES, share, **options)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"output": [0]}, "units must name layers whose outputs can go, .*; got 'output'"),
        ({"blocks.0.norm1": [0]}, "got 'blocks.0.norm1'"),
        ({"convolution": [0], "blocks.1.convolution2": [1]}, "each family of layers once; convolution, blocks.0"),
        ({"blocks.0.convolution1": [3, 16]}, "units of blocks.0.convolution1 must be between 0 and 15; got 3 to 16"),
        ({"blocks.0.convolution1": range(16)}, "units of blocks.0.convolution1 must leave one of its 16; got all"),
    ],
)
def test_what_cannot_go_is_named(units, message):
    with pytest.raises(ValueError, match=message):
        neurons.remove_neurons(ResNet20(), units, EXAMPLE)


def test_lenets_shrink_too():
    model = stirred(compress.lenet_5_caffe(0))
    images = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(2))
    units = neurons.smallest_neurons(neurons.neurons(model, images), 0.5)
    small, silent = neurons.remove_neurons(model, units, images), copy.deepcopy(model)
    neurons.silence_neurons(silent, units, images)
    assert [layer.weight.shape[0] for layer, _ in small.chain()] == [10, 25, 250, 10]
    with torch.no_grad():
        torch.testing.assert_close(small(images), silent(images), atol=1e-5, rtol=1e-5)
