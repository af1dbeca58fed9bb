"""A blueprint says what removal does: it agrees with networks from which neurons have really been removed."""

import random

import pytest
import torch

from l0lib import compress
from l0lib.compress import models, neurons
from l0lib.compress.neurons import blueprint

NETWORKS = {
    "lenet-300-100": (compress.lenet_300_100, (1, 1, 28, 28)),
    "lenet-5-caffe": (compress.lenet_5_caffe, (1, 1, 28, 28)),
    "resnet-20": (models.ResNet20, (1, 3, 32, 32)),
    "vgg-16": (models.VGG16, (1, 3, 32, 32)),
    "resnet-50": (models.ResNet50, (1, 3, 32, 32)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_are_those_of_the_network_and_of_what_removal_leaves(name):
    make, shape = NETWORKS[name]
    model, image = make(0), torch.zeros(shape)
    plan, choose = blueprint(model, image), random.Random(7)
    removed = {
        family[0]: choose.sample(range(len(norms)), choose.randrange(1, len(norms)))
        for family, norms in zip(plan.families, plan.norms, strict=True)
    }
    for gone, network in (({}, model), (removed, neurons.remove_neurons(model, removed, image))):
        modules, adds = dict(network.named_modules()), {m.name: m.dense for m in compress.multiply_adds(network, image)}
        sizes = plan.without(gone)
        assert sum(size.parameters for size in sizes) == compress.count_parameters(network)
        for layer, size in zip(plan.layers, sizes, strict=True):
            module = modules[layer.name]
            assert size.parameters == sum(p.numel() for p in module.parameters())
            assert size.outputs == len(module.weight)
            if layer.kind != "norm":
                assert size.inputs == module.weight.shape[1]
                assert size.multiply_adds == adds[layer.name]


def test_a_residual_network_reads_as_its_families():
    plan = blueprint(models.ResNet20(0), torch.zeros(1, 3, 32, 32))
    written = {layer.name: layer.writes for layer in plan.layers}
    first = plan.families[0]
    assert first[0] == "convolution"
    assert len(first) == 4  # and the three blocks that add to it
    assert {written[name] for name in first} == {0}
    assert plan.layers[-1].writes == -1  # the class scores
    assert next(layer for layer in plan.layers if layer.name == "convolution").reads == -1  # the image
    assert plan.as_json()["families"][0] == list(first)


def test_normalisations_by_several_units_are_layers_whose_outputs_stay():
    model = torch.nn.Sequential(
        torch.nn.Conv1d(2, 8, 3), torch.nn.GroupNorm(2, 8), torch.nn.Flatten(), torch.nn.LayerNorm(48),
        torch.nn.Linear(48, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 4),
        torch.nn.RMSNorm(4), torch.nn.LayerNorm(4, elementwise_affine=False),
    )  # fmt: skip
    plan = blueprint(model, torch.zeros(2, 2, 8))
    assert plan.families == (("4",),)
    found = [(layer.name, layer.writes, layer.outputs, layer.bias) for layer in plan.layers if layer.kind == "norm"]
    assert found == [("1", -1, 8, 2), ("3", -1, 48, 2), ("5", 0, 5, 2), ("7", -1, 4, 1), ("8", -1, 4, 0)]
    assert sum(size.parameters for size in plan.without({})) == compress.count_parameters(model)
    small = neurons.remove_neurons(model, {"4": [1, 2]}, torch.zeros(2, 2, 8))
    assert sum(size.parameters for size in plan.without({"4": [1, 2]})) == compress.count_parameters(small)


def test_a_map_laid_out_flat_gives_one_input_for_each_position():
    plan = blueprint(compress.lenet_5_caffe(0), torch.zeros(1, 1, 28, 28))
    assert [layer.each for layer in plan.layers] == [1, 1, 16, 1]


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        ({"nothing": [0]}, "removed must name families, .*; got 'nothing'"),
        ({"layers.0": [300]}, r"removed units of layers\.0 must be between 0 and 299; got \[300\]"),
    ],
)
def test_what_cannot_be_removed_is_refused(removed, message):
    plan = blueprint(compress.lenet_300_100(0), torch.zeros(1, 1, 28, 28))
    removed = {name.replace("layers.0", plan.families[0][0]): units for name, units in removed.items()}
    with pytest.raises(ValueError, match=message.replace(r"layers\.0", plan.families[0][0])):
        plan.without(removed)


def test_convolutions_of_several_groups_are_refused():
    class Grouped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = torch.nn.Conv2d(4, 4, 3, groups=2), torch.nn.Conv2d(4, 2, 3)

        def forward(self, x):
            return self.two(self.one(x))

    with pytest.raises(ValueError, match="convolutions must have one group; one has 2"):
        blueprint(Grouped(), torch.zeros(1, 4, 8, 8))
