import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from l0lib import compress
from l0lib.compress.measure import Layer, MultiplyAdds, in_all, multiply_adds, weights_only_ratio


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


def test_a_frozen_module_is_left_frozen_also_where_the_network_fails():
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))
    model[1].eval()
    compress.evaluate(model, (torch.rand(5, 4), torch.arange(5) % 3))
    with pytest.raises(RuntimeError):
        compress.evaluate(model, (torch.rand(5, 7), torch.arange(5) % 3))
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_a_score_that_is_nan_is_no_answer():
    class Broken(torch.nn.Module):
        def forward(self, images):
            return images

    nan = float("nan")
    scores = torch.tensor(
        [[nan, nan, nan], [2.0, 1.0, 0.0], [5.0, nan, 0.0], [nan, 1.0, 0.0], [float("inf"), 0.0, 0.0]]
    )
    found = compress.wrong_answers(Broken(), (scores, torch.tensor([0, 0, 0, 1, 0])))
    assert found.tolist() == [True, False, True, True, False]
    assert compress.evaluate(Broken(), (scores[:1], torch.zeros(1, dtype=torch.long))).error == 1


@pytest.mark.parametrize(
    ("images", "labels", "size", "message"),
    [
        (0, 0, 10, "part must have one label for each image, and one image at least; got 0 images and 0 labels"),
        (3, 2, 10, "part must have one label for each image, and one image at least; got 3 images and 2 labels"),
        (3, 3, 0, "batch_size must be a whole number >= 1; got 0"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(images, labels, size, message):
    part = torch.zeros(images, 28, 28), torch.zeros(labels, dtype=torch.long)
    with pytest.raises(ValueError, match=message):
        compress.evaluate(Fixed(), part, size)


def test_counts_and_ratio_of_a_network_with_zeros():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1)
        model[0].weight[:2] = 0
        model[2].bias.zero_()
    assert compress.count_parameters(model) == 23
    assert compress.compression_ratio(model) == pytest.approx(23 / 13)
    assert compress.layers(model) == [Layer("0", 15, 7, 12, 4), Layer("2", 8, 6, 6, 6)]
    assert [layer.ratio for layer in compress.layers(model)] == pytest.approx([15 / 7, 8 / 6])
    assert weights_only_ratio(model) == pytest.approx(18 / 10)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    assert compress.compression_ratio(model) == float("inf")
    assert weights_only_ratio(model) == float("inf")
    assert compress.layers(model)[0].ratio == float("inf")


@pytest.mark.parametrize(("weights_kept", "all_parameters"), [(100, 86.8), (350, 238)])
def test_a_ratio_of_weights_says_less_than_one_of_all_parameters(weights_kept, all_parameters):
    """The same network, counted in two ways: biases that stay dense weigh more, the sparser the weights are."""
    model = compress.lenet_300_100(0) if weights_kept == 100 else compress.lenet_5_caffe(0)
    total = sum(p.numel() for p in model.parameters() if p.ndim > 1)
    scores = torch.cat([p.detach().abs().flatten() for p in model.parameters() if p.ndim > 1])
    threshold = scores.sort(descending=True).values[total // weights_kept]
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(p.abs() > threshold) if p.ndim > 1 else p.fill_(1)
    assert weights_only_ratio(model) == pytest.approx(weights_kept, rel=1e-3)
    assert compress.compression_ratio(model) == pytest.approx(all_parameters, rel=2e-3)


def test_multiply_adds_of_lenet_5_caffe_are_those_without_padding():
    counts = multiply_adds(compress.lenet_5_caffe(0), torch.zeros(1, 28, 28))
    assert [(count.name, count.dense) for count in counts] == [
        ("convolution1", 20 * 24 * 24 * 25),
        ("convolution2", 50 * 8 * 8 * 500),
        ("hidden", 800 * 500),
        ("output", 500 * 10),
    ]
    assert in_all(counts) == MultiplyAdds("all", 2_293_000, 2_293_000)
    assert in_all(counts).reduction == 1


def test_multiply_adds_of_a_perceptron_are_its_weights():
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 50)
    found = in_all(multiply_adds(model, torch.zeros(7, 28, 28)))
    assert found.dense == 266_200
    assert found.sparse == sum(int(masks[name].sum()) for name in masks if name.endswith("weight"))
    assert found.reduction == pytest.approx(weights_only_ratio(model))


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Conv2d(4, 6, 3, stride=2, padding=1),
        torch.nn.Conv2d(4, 6, 3, groups=2, dilation=2),
        torch.nn.ConvTranspose2d(4, 6, 3, stride=2),
        torch.nn.Linear(9, 5),
    ],
    ids=repr,
)
def test_sparse_multiply_adds_are_positions_times_nonzero_weights(layer):
    """Counted anew: the output for an input of ones, with weights of one, adds up one for each multiplication."""
    x = torch.ones(1, 4, 9, 9)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(layer.weight.shape, generator=torch.Generator().manual_seed(0)) > 0.6)
        layer.bias.zero_()
        (found,) = multiply_adds(layer, x)
        if isinstance(layer, torch.nn.Conv2d) and layer.padding != (0, 0):
            x, layer.padding = torch.nn.functional.pad(x, (1, 1, 1, 1), value=1), (0, 0)  # the border counts too
        assert found.sparse == int(layer(x).sum())
        layer.weight.fill_(1)
        assert found.dense == int(layer(x).sum())


def test_a_layer_used_twice_counts_twice_and_an_idle_one_not_at_all():
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.idle, self.layer, self.drop = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3), torch.nn.Dropout()

        def forward(self, x):
            return self.layer(self.layer(self.drop(x)))

    model = Twice()
    model.drop.eval()
    assert [(count.name, count.dense) for count in multiply_adds(model, torch.ones(2, 3))] == [
        ("idle", 0),
        ("layer", 18),
    ]
    assert model.training
    assert not model.drop.training, "every module is left in its own mode"
    assert not model.layer._forward_hooks


def test_weights_whose_use_cannot_be_seen_are_refused():
    model = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 2))
    with pytest.raises(ValueError, match="must be linear layers or convolutions; got Embedding at '0'"):
        multiply_adds(model, torch.zeros(1, 1, dtype=torch.long))


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
        ((1, 0), "images must be a whole number from 1 to 1000000000000000; got 0"),
        ((-1, 5), "errors must be between 0"),
        ((6, 5), "errors must be between 0"),
        ((1, 5, 1.0), "confidence must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        compress.wilson_interval(*arguments)


def test_normalisations_over_several_axes_are_not_counted():
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.LayerNorm([2, 4, 4]), torch.nn.Flatten())
    assert compress.in_all(compress.multiply_adds(model, torch.ones(1, 1, 6, 6))).dense == 18 * 16
