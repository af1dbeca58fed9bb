import pytest
import torch

from l0lib import compress


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
