import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from l0lib import compress


class Fixed(torch.nn.Module):
    """Answers with the class that stands in the first pixel."""

    def forward(self, images):
        return torch.nn.functional.one_hot(images[:, 0, 0].long(), 10).float()


def test_errors_are_counted_over_all_images_also_where_batches_are_unequal():
    said = torch.arange(25) % 10
    labels = said.clone()
    labels[-3:] = (labels[-3:] + 1) % 10  # all errors in the small last batch
    images = said.float()[:, None, None].expand(-1, 28, 28)
    found = compress.evaluate(Fixed(), (images, labels), batch_size=11)
    assert (found.errors, found.images) == (3, 25)
    assert found.error == pytest.approx(0.12)
    assert found.interval == compress.wilson_interval(3, 25)


def test_evaluating_leaves_the_mode_of_the_network_alone(few):
    model = compress.lenet_300_100(0)
    for mode in (True, False):
        model.train(mode)
        compress.evaluate(model, few)
        assert model.training is mode


def test_counts_and_ratio_of_a_network_with_zeros():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1)
        model[0].weight[:2] = 0
        model[2].bias.zero_()
    assert compress.count_parameters(model) == 23
    assert compress.compression_ratio(model) == pytest.approx(23 / 13)
    assert [(layer.name, layer.parameters, layer.nonzero) for layer in compress.layers(model)] == [
        ("0", 15, 7),
        ("2", 8, 6),
    ]
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    assert compress.compression_ratio(model) == float("inf")


@given(images=st.integers(1, 20_000), data=st.data(), confidence=st.floats(0.5, 0.999))
def test_the_ends_of_the_interval_solve_wilsons_equation(images, data, confidence):
    errors = data.draw(st.integers(0, images))
    low, high = compress.wilson_interval(errors, images, confidence)
    z = norm.ppf((1 + confidence) / 2)
    rate = errors / images
    assert 0 <= low <= rate <= high <= 1 or np.isclose([low, high], rate).any()
    for end in (low, high):
        assert abs(rate - end) == pytest.approx(z * np.sqrt(end * (1 - end) / images), abs=1e-7)


def test_the_interval_against_a_root_finder_and_at_the_edges():
    def excess(p):
        return abs(0.05 - p) - norm.ppf(0.975) * np.sqrt(p * (1 - p) / 1000)

    assert compress.wilson_interval(50, 1000) == pytest.approx((brentq(excess, 1e-9, 0.05), brentq(excess, 0.05, 0.5)))
    assert compress.wilson_interval(0, 1000)[0] == 0
    assert compress.wilson_interval(1000, 1000)[1] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0), "images must be > 0; got 0"),
        ((-1, 5), "errors must be between 0"),
        ((6, 5), "errors must be between 0"),
        ((1, 5, 1.0), "confidence must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        compress.wilson_interval(*arguments)
