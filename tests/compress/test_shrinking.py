"""The smaller network computes what the pruned one computes, and learns what it learns."""

import copy

import pytest
import torch

from l0lib import L2, compress

NETWORKS = {
    "lenet-300-100": lambda: compress.lenet_300_100(3),
    "lenet-5-caffe": lambda: compress.lenet_5_caffe(3),
    "lenet-5-caffe, ReLU after pools": lambda: compress.lenet_5_caffe(3, relu_after_pools=True),
}
IMAGES = torch.rand(64, 28, 28, generator=torch.Generator().manual_seed(1))
LABELS = torch.randint(10, (64,), generator=torch.Generator().manual_seed(2))


def pruned(name, ratio):
    model = NETWORKS[name]()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.copy_(torch.linspace(-0.1, 0.1, len(p)))
    compress.prune_random(model, ratio, seed=0)
    # the masks of a real run: what dead paths leave
    return model, compress.remove_dead_paths(model)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("ratio", [1, 20, 200, 2000])
def test_the_same_function_from_fewer_units(name, ratio):
    model, masks = pruned(name, ratio)
    shrunk = compress.shrink(model, masks)
    with torch.no_grad():
        torch.testing.assert_close(shrunk.model(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-5)
    assert compress.count_nonzero_parameters(shrunk.model) == compress.count_nonzero_parameters(model)
    assert shrunk.masks.kept == masks.kept
    fewer = compress.count_parameters(shrunk.model) < compress.count_parameters(model)
    assert fewer == (ratio > 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_it_is_training_the_large_one(name):
    model, masks = pruned(name, 100)
    small = compress.shrink(model, masks)
    plan = {"epochs": 2, "learning_rate": 0.01, "batch_size": 16, "seed": 5}
    compress.train(model, (IMAGES, LABELS), L2(1e-3), masks=masks, **plan)
    compress.train(small.model, (IMAGES, LABELS), L2(1e-3), masks=small.masks, **plan)
    back = NETWORKS[name]()
    small.write_into(back)
    for (at, ours), (_, theirs) in zip(model.named_parameters(), back.named_parameters(), strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-5, msg=lambda text, at=at: f"{at}: {text}")


def test_kernels_lie_in_memory_as_before():
    # channels last, that of the one input channel too: else pooling behind it takes a multiple of its time
    model, masks = pruned("lenet-5-caffe", 50)
    small = compress.shrink(model, masks).model
    for kernel in (small.convolution1.weight, small.convolution2.weight):
        _, inputs, height, width = kernel.shape
        assert kernel.stride() == (height * width * inputs, 1, width * inputs, inputs), kernel.stride()


def test_a_layer_that_loses_everything_keeps_one_unit():
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 1)
    nothing = compress.Masks({name: torch.zeros_like(mask) for name, mask in masks.items()})
    nothing.apply_(model)
    small = compress.shrink(model, nothing).model
    assert [layer.weight.shape for layer, _ in small.chain()] == [(1, 784), (1, 1), (10, 1)]
    assert not small(IMAGES).any()


def test_what_it_cannot_do_it_says():
    chainless = torch.nn.Linear(2, 2)
    everything = compress.prune_global(chainless, 1)
    with pytest.raises(ValueError, match="chain"):
        compress.shrink(chainless, everything)
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(copy.deepcopy(model), 10)
    with pytest.raises(RuntimeError, match="must stay zero"):
        compress.shrink(model, masks)


class Odd(torch.nn.Sequential):
    def chain(self):
        return [(layer, torch.relu) for layer in self if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (lambda: (torch.nn.Conv2d(4, 4, 3, groups=2), torch.nn.Conv2d(4, 2, 3)), "must have one group to lose units"),
        (lambda: (torch.nn.Linear(3, 3), torch.nn.PReLU(), torch.nn.Linear(3, 3)), "it lacks 1.weight"),
    ],
)
def test_networks_that_would_come_out_wrong_are_refused(layers, message):
    model = Odd(*layers())
    with pytest.raises(ValueError, match=message):
        compress.shrink(model, compress.prune_global(model, 2))
