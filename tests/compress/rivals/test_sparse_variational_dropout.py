"""Sparse variational dropout: its divergence against an integral, its noise against noise of every weight."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import nn

from l0lib import compress
from l0lib.compress.rivals import Plan
from l0lib.compress.rivals.sparse_variational_dropout import (
    add_noise,
    divergence,
    keep_smallest,
    sparse_variational_dropout,
)


def exact(log_alpha):
    """The divergence is E log|z + 1/sqrt(alpha)| - E log|z| of a standard normal z; the singularity is cut in two."""

    def expectation(shift):
        parts = [(-shift - 12, -shift), (-shift, -shift + 1e-3), (-shift + 1e-3, 12)]
        return sum(
            quad(lambda z: norm.pdf(z) * math.log(abs(z + shift)), max(low, -12), max(high, -12), limit=200)[0]
            for low, high in parts
        )

    return expectation(math.exp(-log_alpha / 2)) - expectation(0.0)


@pytest.mark.parametrize("log_alpha", [-6.0, -3.0, -1.5, 0.0, 1.5, 3.0, 6.0])
def test_the_divergence_is_near_the_integral(log_alpha):
    """To 0.02 everywhere, of a function that falls from infinity to 0."""
    got = float(divergence(torch.tensor(log_alpha, dtype=torch.float64)))
    assert got == pytest.approx(exact(log_alpha), abs=0.02)
    formula = 0.63576 - 0.63576 / (1 + np.exp(-1.8732 - 1.48695 * log_alpha)) + 0.5 * np.log1p(np.exp(-log_alpha))
    assert got == pytest.approx(formula, rel=1e-6)


def test_the_divergence_pulls_alpha_up_and_stays_finite():
    log_alpha = torch.linspace(-200, 200, 81, requires_grad=True)
    divergence(log_alpha).sum().backward()
    assert bool(torch.isfinite(log_alpha.grad).all())
    assert bool((log_alpha.grad <= 1e-6).all())
    assert float(log_alpha.grad[0]) == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(4, 3), (4,)),
        (nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), (2, 5, 5)),
        (nn.Conv1d(2, 3, 2, padding="same", dilation=2, padding_mode="circular"), (2, 6)),
    ],
)
def test_noise_at_the_outputs_is_that_of_noise_at_the_weights(layer, shape):
    """Mean and variance of each output, against 20,000 draws of all weights."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, *shape, generator=generator)
    log_variance = torch.randn(layer.weight.shape, generator=generator)
    with torch.no_grad():
        mean, weight = layer(image), layer.weight.clone()
        drawn = []
        for _ in range(1000):
            noise = torch.randn(weight.shape, generator=generator)
            layer.weight.copy_(weight + (log_variance / 2).exp() * noise)
            drawn.append(layer(image))
        layer.weight.copy_(weight)
        handle = add_noise(layer, log_variance, generator)
        noisy = layer(image.expand(20_000, *shape))
        handle.remove()
        assert torch.equal(layer(image), mean)
    spread = noisy.var(0)
    torch.testing.assert_close(noisy.mean(0, keepdim=True), mean, rtol=0, atol=0.04 * float(spread.max()) ** 0.5)
    torch.testing.assert_close(spread, torch.cat(drawn).var(0), rtol=0.2, atol=0.0)


def test_weights_meet_their_gradients_through_the_noise():
    """The gradient with respect to log sigma^2 is that of the formula, and with respect to theta that of no noise."""
    layer, generator = nn.Linear(2, 1, bias=False), torch.Generator().manual_seed(1)
    log_variance = torch.tensor([[0.3, -0.2]], requires_grad=True)
    image = torch.tensor([[1.0, 2.0]])
    add_noise(layer, log_variance, generator)
    output = layer(image)
    output.sum().backward()
    variances = image.square() * log_variance.detach().exp()
    deviation = variances.sum().sqrt()
    epsilon = (output.detach() - (layer.weight.detach() * image).sum()) / deviation
    assert layer.weight.grad.tolist() == [[1.0, 2.0]]
    wanted = epsilon / (2 * deviation) * variances
    torch.testing.assert_close(log_variance.grad, wanted, rtol=1e-4, atol=1e-6)


def test_what_is_kept_has_the_smallest_alphas_and_its_means():
    model = nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[5.0, -1.0, 0.0], [0.1, -0.2, 3.0]]))
        model.bias.copy_(torch.tensor([0.5, 0.0]))
    log_alpha = torch.tensor([[4.0, -3.0, 1.0], [-5.0, 2.0, 0.0]])
    masks = keep_smallest(model, {model.weight: log_alpha}, 8 / 5)
    assert masks.kept == 5
    assert bool(masks["bias"].all())
    assert model.weight.tolist() == [[0.0, -1.0, 0.0], [pytest.approx(0.1), 0.0, 3.0]]


def test_what_no_image_needs_has_the_largest_alphas(few):
    """Of pixels that are always black, no weight is left, though they are the largest."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    images = few[0].reshape(len(few[0]), -1).clone()
    images[:, :100] = 0
    with torch.no_grad():
        model[1].weight[:, :100] = 0.06 * model[1].weight[:, :100].sign()
    plan = Plan(ratio=10, epochs=8, learning_rate=0.1, batch_size=32)
    masks = sparse_variational_dropout(model, (images, few[1]), plan, fine_tuning=0.25)
    assert masks.kept == compress.count_parameters(model) // 10
    assert not bool(masks["1.weight"][:, :100].any())
