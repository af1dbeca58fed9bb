"""The sparse ways compute what the dense network computes; the times themselves are the bench's business."""

import copy

import pytest
import torch
from torch import nn

from l0lib import compress
from l0lib.compress import latency
from l0lib.compress.inference import BACKENDS, product, sparse_network
from l0lib.compress.latency import MatmulLatency, Timing, break_even, interleaved


def pruned(build, ratio, seed=0):
    model = build(seed)
    masks = compress.prune_global(model, ratio)
    compress.remove_dead_paths(model, masks)
    return model


@pytest.fixture
def images():
    return torch.rand(7, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_images_give_no_scores(backend):
    assert sparse_network(nn.Linear(4, 2), backend)(torch.zeros(0, 4)).shape == (0, 2)
    assert sparse_network(nn.Linear(4, 2), backend)(torch.zeros(3, 0, 4)).shape == (3, 0, 2)
    assert sparse_network(nn.Conv2d(3, 5, 3, stride=2), backend)(torch.zeros(0, 3, 9, 8)).shape == (0, 5, 4, 3)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


@torch.no_grad()
def test_only_layers_that_compute_what_they_say_are_replaced():
    """A subclass may compute something else, and torch's own attention reads the weights past their layers."""
    attention = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, dropout=0.0).eval()
    model = nn.Sequential(attention, Doubled(16, 8), nn.Linear(8, 2)).eval()
    compress.prune_global(model, 4)
    x = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    sparse = sparse_network(model)
    torch.testing.assert_close(sparse(x), model(x), rtol=1e-5, atol=1e-6)
    assert not isinstance(sparse[2], nn.Linear)
    with pytest.raises(ValueError, match="model must hold a linear layer or convolution that can be replaced"):
        sparse_network(attention)


@pytest.mark.parametrize("ratio", [1, 10, 359])
@pytest.mark.parametrize("build", [compress.lenet_300_100, compress.lenet_5_caffe])
@torch.no_grad()
def test_sparse_networks_give_the_dense_scores(build, ratio, images):
    model = pruned(build, ratio)
    before = copy.deepcopy(model.state_dict())
    networks = [sparse_network(model, backend) for backend in BACKENDS]
    for batch in (images, images[:1]):
        for network in networks:
            assert torch.allclose(network(batch), model(batch), rtol=0, atol=1e-5)
    assert all(torch.equal(before[name], p) for name, p in model.state_dict().items())
    assert not any(network.training for network in networks)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.97, 1.0])
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 4, 5),
        nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 3), dilation=(1, 2)),
        nn.Conv2d(3, 4, 1, bias=False),
        nn.Linear(9, 6),
        nn.Linear(9, 6, bias=False),
    ],
    ids=repr,
)
@torch.no_grad()
def test_every_layer_is_a_sparse_matrix_on_unfolded_patches(layer, zeros, backend):
    generator = torch.Generator().manual_seed(2)
    layer.weight.mul_(torch.rand(layer.weight.shape, generator=generator) >= zeros)
    x = torch.randn(2, 3, 8, 9, generator=generator)
    for laid_out in (x, x.to(memory_format=torch.channels_last)):
        found, expected = sparse_network(layer, backend)(laid_out), layer(laid_out)
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_layers_of_layers_are_found_and_the_rest_is_left(images):
    model = nn.Sequential(
        nn.Unflatten(1, (1, 28)), nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), nn.Flatten()
    )
    network = sparse_network(model)
    assert not any(isinstance(module, nn.Conv2d) for module in network.modules())
    assert torch.allclose(network(images), model.eval()(images), rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_network_of_zeros_still_answers(images):
    model = compress.lenet_5_caffe(0)
    for p in model.parameters():
        p.zero_()
    model.output.bias += torch.arange(10.0)
    for network in [sparse_network(model, backend) for backend in BACKENDS]:
        assert torch.equal(network(images), model(images))


def test_times_are_medians_of_rounds_in_which_every_way_runs():
    calls = {"dense": 0, "sparse": 0}

    def way(name):
        def call():
            calls[name] += 1

        return call

    timings = interleaved({name: way(name) for name in calls}, rounds=3)
    assert list(timings) == ["dense", "sparse"]
    assert all(count > 3 for count in calls.values())
    assert timings["dense"].speedups == (1, 1, 1)
    assert len(timings["sparse"].speedups) == 3
    assert timings["sparse"].seconds > 0


def test_a_way_pays_if_three_quarters_of_the_rounds_say_so():
    always, mostly, half = ((2.0,) * 9, (0.9, 1.2, 1.3, 1.1), (0.9, 0.9, 1.2, 1.2, 1.2))
    assert Timing("torch-csr", 1.0, always).pays
    assert Timing("torch-csr", 1.0, mostly).pays
    assert not Timing("torch-csr", 1.0, half).pays
    assert Timing("torch-csr", 1.0, half).speedup == 1.2
    assert Timing("torch-csr", 1.0, half).interval == (0.9, 1.2)


def test_sparsity_pays_from_where_it_pays_for_good():
    def at(sparsity, speedup):
        return MatmulLatency((2, 2), 1, sparsity, {"torch-csr": Timing("torch-csr", 1.0, (speedup,) * 3)})

    assert break_even([at(0.99, 3.0), at(0.5, 1.1), at(0.9, 0.8), at(0.95, 1.5)]) == 0.95
    assert break_even([at(0.5, 1.1), at(0.99, 0.9)]) is None


def test_a_product_is_timed_at_each_sparsity():
    measured = latency.matmul_latency((10, 30), [0, 0.5, 0.99, 1], batch=3, rounds=2)
    assert [one.sparsity for one in measured] == [0, 0.5, 0.99, 1]
    for one in measured:
        assert (one.shape, one.batch) == ((10, 30), 3)
        assert list(one.timings) == ["dense", *BACKENDS]
        assert all(timing.seconds > 0 for timing in one.timings.values())


def test_the_products_that_are_timed_agree():
    x = torch.randn(4, 30)
    weight = torch.randn(10, 30) * (torch.rand(10, 30) > 0.8)
    for backend in BACKENDS:
        assert torch.allclose(product(weight, None, backend)(x.T).T, x @ weight.T, rtol=0, atol=1e-5)


def test_a_network_is_timed_in_every_way_it_allows_and_each_gives_the_dense_scores(images, monkeypatch):
    timed = {}

    def spy(ways, rounds):
        timed.update(ways)
        return interleaved(ways, rounds)

    monkeypatch.setattr(latency, "interleaved", spy)
    ways = ["dense", *BACKENDS]
    for build in (compress.lenet_300_100, compress.lenet_5_caffe):
        model = pruned(build, 50)
        assert list(latency.latency(model, images, rounds=2)) == [*ways, "shrunk"]
        with torch.no_grad():
            for name, way in timed.items():
                assert torch.allclose(way(), model(images), rtol=0, atol=1e-5), name
    assert list(latency.latency(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), images, rounds=2)) == ways


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: latency.matmul_latency((0, 3), [0.5]), r"shape must be two numbers >= 1.*; got \(0, 3\)"),
        (lambda: latency.matmul_latency((3, 3), [1.5]), r"sparsities must be between 0 and 1; got 1\.5"),
        (lambda: latency.matmul_latency((3, 3), [0.5], batch=0), "batch must be >= 1; got 0"),
        (lambda: interleaved({"dense": lambda: None}, rounds=1), "rounds must be >= 2; got 1"),
        (lambda: sparse_network(nn.Linear(2, 2), "magic"), "backend must be one of torch-csr, scipy-csr; got 'magic'"),
        (lambda: sparse_network(nn.Conv2d(2, 2, 3, groups=2)), "convolutions must have one group"),
        (lambda: sparse_network(nn.Conv2d(2, 2, 3, padding="same")), "convolutions must have one group"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
