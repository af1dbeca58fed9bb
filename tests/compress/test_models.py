import pytest
import torch

from l0lib import L0, compress


def test_lenet_300_100_has_the_papers_number_of_parameters():
    model = compress.lenet_300_100()
    assert compress.count_parameters(model) == 266_610
    assert [(layer.name, layer.parameters) for layer in compress.layers(model)] == [
        ("hidden1", 784 * 300 + 300),
        ("hidden2", 300 * 100 + 100),
        ("output", 100 * 10 + 10),
    ]


def test_the_seed_settles_the_initial_weights_whatever_else_was_drawn():
    first = compress.lenet_300_100(3).state_dict()
    torch.rand(7)
    again, other = compress.lenet_300_100(3).state_dict(), compress.lenet_300_100(4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["hidden1.weight"], other["hidden1.weight"])


def test_initial_weights_have_hes_scale():
    model = compress.lenet_300_100(0)
    for layer, inputs in ((model.hidden1, 784), (model.hidden2, 300), (model.output, 100)):
        assert float(layer.weight.detach().std()) == pytest.approx((2 / inputs) ** 0.5, rel=0.1)
        assert not layer.bias.detach().any()


def test_forward_is_the_network_written_out():
    model = compress.lenet_300_100(1)
    x = torch.rand(5, 28, 28, generator=torch.Generator().manual_seed(0))
    w = {name: p.detach() for name, p in model.named_parameters()}
    h = (x.reshape(5, 784) @ w["hidden1.weight"].T).clamp(min=0)
    h = (h @ w["hidden2.weight"].T).clamp(min=0)
    assert torch.allclose(model(x), h @ w["output.weight"].T, atol=1e-5)


def test_lenet_5_caffe_has_the_papers_number_of_parameters():
    model = compress.lenet_5_caffe()
    assert compress.count_parameters(model) == 431_080
    assert [(layer.name, layer.parameters) for layer in compress.layers(model)] == [
        ("convolution1", 20 * 1 * 25 + 20),
        ("convolution2", 50 * 20 * 25 + 50),
        ("hidden", 800 * 500 + 500),
        ("output", 500 * 10 + 10),
    ]


@pytest.mark.parametrize("relu", [False, True])
def test_lenet_5_caffe_is_the_network_written_out(relu):
    model = compress.lenet_5_caffe(1, relu_after_pools=relu)
    x = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(0))
    w = {name: p.detach() for name, p in model.named_parameters()}
    h = x[:, None]
    for name in ("convolution1", "convolution2"):
        patches = h.unfold(2, 5, 1).unfold(3, 5, 1)  # n, channels, rows, columns, 5, 5
        h = torch.einsum("nchwij,ocij->nohw", patches, w[f"{name}.weight"]) + w[f"{name}.bias"][:, None, None]
        h = h.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
        h = h.clamp(min=0) if relu else h
    assert h.shape == (3, 50, 4, 4)
    h = (h.reshape(3, 800) @ w["hidden.weight"].T).clamp(min=0)
    assert torch.allclose(model(x), h @ w["output.weight"].T, atol=1e-4)


def test_the_relu_after_the_pools_is_caffes_choice_unless_asked_for():
    plain, with_relu = compress.lenet_5_caffe(5), compress.lenet_5_caffe(5, relu_after_pools=True)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), with_relu.parameters(), strict=True))
    x = torch.rand(2, 28, 28, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(plain(x), with_relu(x))
    assert torch.equal(plain(x), plain(x[:, None])), "images with a channel axis are the same images"
    assert not torch.equal(plain.hidden.weight, compress.lenet_5_caffe(6).hidden.weight)


@pytest.mark.slow
@pytest.mark.parametrize("relu", [False, True])
def test_lenet_5_caffe_learns_and_survives_pruning_and_surgery(few, relu):
    model = compress.lenet_5_caffe(0, relu_after_pools=relu)
    compress.train(model, few, L0(1e-4, 8), epochs=5, learning_rate=0.03, batch_size=32)
    assert compress.evaluate(model, few).error < 0.2
    masks = compress.prune_global(model, 100)
    before = compress.evaluate(model, few)
    left = compress.remove_dead_paths(model, masks)
    assert left.kept <= masks.kept
    assert abs(compress.evaluate(model, few).errors - before.errors) <= 1  # a rounding may tip one image
    compress.train(model, few, epochs=2, learning_rate=0.02, masks=left)
    left.check(model)
