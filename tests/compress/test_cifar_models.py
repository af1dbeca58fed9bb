"""The networks of the CIFAR chapters: parameters and multiply-adds as published, and counted by an independent tool."""

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from l0lib import compress
from l0lib.compress.models import VGG16, ResNet20, ResNet50

NETWORKS = {"vgg-16": VGG16, "resnet-20": ResNet20, "resnet-50": ResNet50}
#: classes, trained parameters, running statistics, millions of multiply-adds of one image. Published: about 15 million
#: parameters and 313 million multiply-adds of VGG-16 for CIFAR-10 (Li et al., Pruning filters for efficient ConvNets,
#: 2017, Table 1, with one hidden layer of 512); 274 thousand parameters of ResNet-20 (the paper, Section 4.3); about 41
#: million multiply-adds of ResNet-20 and 1.3 billion of ResNet-50 with a stem for small images.
PUBLISHED = {
    "vgg-16": (10, 14_990_922, 8_448, 313),
    "resnet-20": (10, 273_066, 1_376, 41),
    "resnet-50": (100, 23_705_252, 53_120, 1_298),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return request.param, NETWORKS[request.param]().eval()


def test_counts_are_those_that_are_published(network):
    name, model = network
    classes, parameters, statistics, millions = PUBLISHED[name]
    assert compress.count_parameters(model) == parameters
    assert sum(b.numel() for key, b in model.named_buffers() if "running" in key) == statistics
    image = torch.zeros(1, 3, 32, 32)
    ours = compress.in_all(compress.multiply_adds(model, image)).dense
    assert round(ours / 1e6) == millions
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        assert model(image).shape == (1, classes)
    assert counter.get_total_flops() == 2 * ours


def test_parameters_are_those_of_torchvisions_networks():
    """With the changes for small images: a smaller first kernel, another classifier."""
    resnet = torchvision.models.resnet50(num_classes=100)
    resnet.conv1 = torch.nn.Conv2d(3, 64, 3, bias=False)
    assert compress.count_parameters(ResNet50()) == compress.count_parameters(resnet) == 23_705_252
    vgg = torchvision.models.vgg16_bn()
    classifier = torch.nn.Sequential(torch.nn.Linear(512, 512), torch.nn.Linear(512, 10))
    assert compress.count_parameters(VGG16()) == sum(map(compress.count_parameters, (vgg.features, classifier)))


def test_resnet_20_is_the_one_that_the_paper_counts():
    # "22 layers and about 274 thousand parameters"; without biases and with free ways around it is the usual one
    model = ResNet20()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == 22
    around = [block.shortcut for block in model.blocks if isinstance(block.shortcut, torch.nn.Conv2d)]
    biases = sum(m.bias.numel() for m in layers if isinstance(m, torch.nn.Conv2d) and m not in around)
    usual = compress.count_parameters(model) - biases - sum(compress.count_parameters(m) for m in around)
    assert usual == 269_722  # 0.27 million in He et al., Deep residual learning, 2016, Table 6


def test_the_seed_alone_decides_the_weights():
    for build in (VGG16, ResNet20):
        first, again, other = build(3), build(3), build(4)
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
        assert not torch.equal(first.output.weight, other.output.weight)


def test_signals_keep_their_size_from_layer_to_layer(network):
    _, model = network
    x = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores = model.train()(x)
    model.eval()
    assert 0.05 < float(scores.std()) < 20
    assert torch.isfinite(scores).all()
