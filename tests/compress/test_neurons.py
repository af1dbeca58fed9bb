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
        (1.0, {}, "share must be >= 0 and < 1; got 1"),
        (-0.1, {}, "share must be >= 0 and < 1; got -0.1"),
        (0.5, {"within": "block"}, "within must be one of layer, network; got 'block'"),
        (0.5, {"keep": 0}, "keep must be a whole number >= 1; got 0"),
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


class Own(nn.Module):
    """A network of some modules and a function of them and the input."""

    def __init__(self, call, **modules):
        super().__init__()
        self.call = call
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        return self.call(self, x)


def head(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)]


def tied():
    one, two = nn.Linear(4, 4), nn.Linear(4, 4)
    two.weight = one.weight
    return nn.Sequential(one, nn.ReLU(), two, nn.ReLU(), nn.Linear(4, 3))


def halves(m, x):
    first, second = m.a(x).relu().chunk(2, 1)
    return m.b(first + second).mean((2, 3))


def shuffled(m, x):
    return m.b(m.a(x).view(2, 2, 4, 6, 6).transpose(1, 2).reshape(2, 8, 6, 6)).mean((2, 3))


ROWS, PICTURES, LINES = torch.randn(4, 6), torch.randn(4, 3, 8, 8), torch.randn(4, 3, 9)

#: Networks of many makings: whatever removal returns computes what the silenced network computes, or it is refused.
MADE = {
    "perceptron": lambda: (nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), ROWS),
    "convolutions of lines": lambda: (
        nn.Sequential(
            nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 4, 3), nn.Flatten(), nn.Linear(20, 3)
        ),
        LINES,
    ),
    "depthwise": lambda: (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.Conv2d(8, 4, 1), *head(4)),
        PICTURES,
    ),
    "groups": lambda: (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=2), nn.Conv2d(8, 6, 1), *head(6)),
        PICTURES,
    ),
    "transposed": lambda: (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 4, 2), *head(4)),
        PICTURES,
    ),
    "layer norm": lambda: (
        nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)),
        ROWS,
    ),
    "rms norm": lambda: (nn.Sequential(nn.Linear(6, 8), nn.RMSNorm(8), nn.Linear(8, 3)), ROWS),
    "group norm": lambda: (nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), *head(8)), PICTURES),
    "softmax": lambda: (nn.Sequential(nn.Linear(6, 8), nn.Softmax(1), nn.Linear(8, 3)), ROWS),
    "a residual of one layer": lambda: (
        Own(lambda m, x: m.c((y := m.a(x)) + m.b(y).relu()), a=nn.Linear(6, 8), b=nn.Linear(8, 8), c=nn.Linear(8, 3)),
        ROWS,
    ),
    "used for two inputs": lambda: (
        Own(lambda m, x: m.b(m.a(x).relu()) + m.b(m.a(-x).relu()), a=nn.Linear(6, 8), b=nn.Linear(8, 3)),
        ROWS,
    ),
    "used twice": lambda: (
        Own(lambda m, x: m.b(m.a(m.a(x).relu()).relu()), a=nn.Linear(6, 6), b=nn.Linear(6, 3)),
        ROWS,
    ),
    "tied weights": lambda: (tied(), torch.randn(4, 4)),
    "chunk": lambda: (Own(halves, a=nn.Conv2d(3, 8, 1), b=nn.Conv2d(4, 3, 1)), PICTURES),
    "pixel shuffle": lambda: (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.PixelShuffle(2), nn.Conv2d(2, 4, 3), *head(4)),
        PICTURES,
    ),
    "channel shuffle": lambda: (nn.Sequential(nn.Conv2d(3, 8, 3), nn.ChannelShuffle(2), *head(8)), PICTURES),
    "unflatten": lambda: (
        nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Unflatten(1, (4, 4, 4)), nn.Conv2d(4, 4, 3), *head(4)),
        ROWS,
    ),
    "joined, then added": lambda: (
        Own(
            lambda m, x: m.d(torch.cat([m.a(x), m.b(x)], 1) + m.c(x)),
            a=nn.Linear(6, 3), b=nn.Linear(6, 4), c=nn.Linear(6, 7), d=nn.Linear(7, 3),
        ),
        ROWS,
    ),
    "a layer that nobody calls": lambda: (
        Own(lambda m, x: m.b(m.a(x).relu()), idle=nn.Linear(9, 9), a=nn.Linear(6, 8), b=nn.Linear(8, 3)),
        ROWS,
    ),
}  # fmt: skip

#: Those that must be able to lose units, and in which layers.
REMOVABLE = {
    "perceptron": {"0"}, "convolutions of lines": {"0", "3"}, "depthwise": {"0", "1", "3"}, "groups": {"3"},
    "transposed": {"0"}, "layer norm": {"3"}, "a residual of one layer": {"a", "b"}, "used for two inputs": {"a"},
    "a layer that nobody calls": {"a"},
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_what_is_returned_computes_what_the_silenced_network_does_or_it_is_refused(name):
    torch.manual_seed(3)
    model, example = MADE[name]()
    model, possible = stirred(model), set()
    for family in neurons.neurons(model, example):
        number = len(family.norms)
        for units in ([0], [0, number - 1], list(range(number // 2))):
            silent, other = copy.deepcopy(model), torch.randn_like(example)
            neurons.silence_neurons(silent, {family.name: units}, example)
            refused = ""
            try:
                small = neurons.remove_neurons(model, {family.name: units}, example)
            except ValueError as error:
                refused = str(error)
            if refused:
                assert refused.startswith(f"units must leave out those of {family.name}: without them the network ")
            else:
                torch.testing.assert_close(small(other), silent(other))
                possible |= set(family.layers)
    assert possible >= REMOVABLE.get(name, set())


@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("groups", "0", "convolution '2' has 2 groups"),
        ("groups", "2", "convolution '2' has 2 groups"),
        ("layer norm", "0", "LayerNorm '1' normalises by several units together"),
        ("rms norm", "0", "RMSNorm '1' normalises by several units together"),
        ("group norm", "0", "GroupNorm '1' normalises by several units together"),
        ("tied weights", "0", "layers '0', '2' share their weights"),
        ("used twice", "a", "layer 'a' is used again on its own outputs"),
        ("pixel shuffle", "0", "layer '3' reads them in another arrangement"),
        ("joined, then added", "a", "unit i of 'a' is not unit i of 'c'"),
        ("perceptron", "2", "they are outputs of the network"),
        ("a layer that nobody calls", "idle", "the example does not reach it"),
    ],
)
def test_what_keeps_units_from_going_is_named(name, layer, message):
    model, example = MADE[name]()
    with pytest.raises(ValueError, match=f"units must name layers whose outputs can go, .*; got '{layer}': {message}"):
        neurons.remove_neurons(model, {layer: [0]}, example)


def test_the_family_at_fault_is_named_alone():
    model = nn.Sequential(nn.Linear(6, 8), nn.Softmax(1), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    with pytest.raises(ValueError, match="leave out those of 0: without them the network gives something else"):
        neurons.remove_neurons(model, {"0": [1, 2], "2": [3]}, torch.zeros(2, 6))


def test_units_around_a_convolution_with_groups_can_be_silent():
    model, example = MADE["groups"]()
    neurons.silence_neurons(model, {"2": [1]}, example)
    assert not model[2](torch.randn(1, 8, 5, 5))[:, 1].any()


HEADS = {
    "two heads": lambda m, x: (m.one(m.body(x).relu()), m.two(m.body(x).relu())),
    "heads by name": lambda m, x: {"one": m.one(y := m.body(x).relu()), "more": [m.two(y).softmax(1)]},
    "scores of which others are made": lambda m, x: (y := m.one(m.body(x).relu()), m.three(y)),
}


@pytest.mark.parametrize("name", HEADS)
def test_outputs_of_a_network_are_no_units(name):
    sizes = {"body": (6, 8), "one": (8, 3), "two": (8, 2), "three": (3, 2)}
    model = Own(HEADS[name], **{layer: nn.Linear(*size) for layer, size in sizes.items()})
    assert [family.layers for family in neurons.neurons(model, ROWS)] == [("body",)]
    small = neurons.remove_neurons(model, {"body": [1, 5]}, ROWS)
    assert (small.body.out_features, small.one.weight.shape) == (6, (3, 6))


def test_features_that_are_returned_with_the_scores_are_no_units():
    model = Own(lambda m, x: (m.one(y := m.body(x).relu()), y), body=nn.Linear(6, 8), one=nn.Linear(8, 3))
    assert not neurons.neurons(model, ROWS)


def test_what_no_gradient_reaches_cannot_be_followed():
    model = Own(lambda m, x: m.one(x).argmax(1), one=nn.Linear(6, 8))
    with pytest.raises(ValueError, match="model must return tensors that gradients reach; got none"):
        neurons.neurons(model, ROWS)


def test_frozen_layers_and_inference_change_nothing():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 5))
    model[0].requires_grad_(False)
    for mode in (False, True):
        with torch.inference_mode(mode):
            example = torch.randn(2, 3, 8, 8)
            assert [family.layers for family in neurons.neurons(model, example)] == [("0",), ("2",)]
            small = neurons.remove_neurons(model, {"0": [1], "2": [0]}, example)
            neurons.silence_neurons(copy.deepcopy(model), {"0": [1]}, example)
        flags = {name: p.requires_grad for name, p in model.named_parameters()}
        assert {name: p.requires_grad for name, p in small.named_parameters()} == flags
        assert (flags["0.weight"], flags["2.weight"]) == (False, True)
        small(torch.randn(2, 3, 8, 8)).sum().backward()


def test_every_module_of_both_networks_keeps_its_mode():
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    model[1].eval()
    small = neurons.remove_neurons(model, {"0": [1]}, ROWS)
    for network in (model, small):
        assert [module.training for module in network.modules()] == [True, True, False, True, True]


def test_computed_weights_must_be_made_plain_first():
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    torch.nn.utils.prune.l1_unstructured(model[0], "weight", 0.5)
    assert [family.layers for family in neurons.neurons(model, ROWS)] == [("0",)]
    with pytest.raises(ValueError, match="model must have plain parameters"):
        neurons.remove_neurons(model, {"0": [1]}, ROWS)
    small = neurons.remove_neurons(compress.strip(model), {"0": [1]}, ROWS)
    assert small[0].out_features == 7
