"""The page on networks: its sums, paths and intervals are what their formulas say, and its sentences follow them."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn.functional import conv2d, max_pool2d

from l0lib import L1, attraction
from l0lib.chapters import networks_in_brief as brief
from l0lib.compress.data import read_embedded_digits

RANDOM = np.random.default_rng(0)


def test_a_convolution_is_torchs():
    image, kernel = RANDOM.normal(size=(9, 11)), RANDOM.normal(size=(3, 3))
    plane, window = (torch.from_numpy(x)[None, None] for x in (image, kernel))
    sums = brief.convolve(image, kernel, 0.5)
    assert sums == pytest.approx(conv2d(plane, window)[0, 0].numpy() + 0.5)
    assert brief.max_pool(brief.relu(sums)) == pytest.approx(max_pool2d(conv2d(plane, window) + 0.5, 2)[0, 0].relu())


@pytest.mark.parametrize("kernel", [np.ones((4, 3)), np.ones(3), np.ones((0, 3))])
def test_a_window_larger_than_its_image_is_refused(kernel):
    with pytest.raises(ValueError, match="kernel must have two axes, as image, and be no larger"):
        brief.convolve(np.ones((3, 3)), kernel)


def test_small_digits_are_means_of_the_first_of_each():
    images, labels = read_embedded_digits()
    small = brief.small_digits(images, labels)
    first = images[np.argmax(labels == 4)].astype(float)
    assert small[4, 5, 6] == round(first[10:12, 12:14].mean())
    with pytest.raises(ValueError, match=r"labels must hold every digit from 0 to 9; got none of \[3\]"):
        brief.small_digits(images[labels != 3], labels[labels != 3])


def test_windows_answer_to_what_their_names_say():
    """Bright on the right, bright below; and an even patch gives nothing, but under the blur."""
    right, below, even = np.zeros((3, 3)), np.zeros((3, 3)), np.ones((3, 3))
    right[:, 2], below[2] = 1, 1
    patches = {"right": right, "below": below, "even": even}
    answers = {
        name: [brief.convolve(patch, np.reshape(weights, (3, 3))).item() for patch in patches.values()]
        for name, weights in brief.KERNELS.items()
    }
    assert answers["upright"] == [3, 0, 0]
    assert answers["level"] == [0, 3, 0]
    assert answers["outline"][2] == 0
    assert answers["blur"][2] == pytest.approx(1)


def test_the_paths_are_those_of_torchs_optimizers():
    for kind, options, path in (
        (torch.optim.SGD, {"lr": 0.01, "momentum": 0.9}, brief.momentum_path(20, 0.01, 0.9, 50)),
        (torch.optim.SGD, {"lr": 0.02}, brief.momentum_path(20, 0.02, 0, 50)),
        (torch.optim.Adam, {"lr": 0.1}, brief.adam_path(20, 0.1, 50)),
    ):
        point = torch.tensor(brief.START, dtype=torch.float64, requires_grad=True)
        optimizer, want = kind([point], **options), [brief.START]
        for _ in range(50):
            optimizer.zero_grad()
            (0.5 * (point[0] ** 2 + 20 * point[1] ** 2)).backward()
            optimizer.step()
            want.append(tuple(point.detach().tolist()))
        assert path == pytest.approx(np.array(want), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
def test_descent_is_stable_below_the_rate_that_the_page_names(mu):
    limit = 2 * (1 + mu) / 10
    assert np.abs(brief.momentum_path(10, 0.99 * limit, mu, 2000)[-1]).max() < 1e-3
    assert np.isnan(brief.momentum_path(10, 1.05 * limit, mu, 2000)[-1]).all()


def test_a_constant_gradient_makes_the_steps_as_long_as_the_page_says():
    path = attraction.momentum_trajectory(L1(1.0), 1_000.0, np.full(300, 0.1), 0.9)
    assert path[0] - path[3] == pytest.approx(0.561)
    assert path[-2] - path[-1] == pytest.approx(0.1 / (1 - 0.9))


def test_two_over_fan_in_keeps_the_size_of_signals():
    x = RANDOM.normal(size=(50, 300))
    low, right, high = brief.signal_sizes(x, 300, 8, (0.5, 2, 4), seed=1)
    assert 0.7 < right[-1] / right[0] < 1.4
    assert low[1:] / low[:-1] == pytest.approx(np.full(7, 0.5), rel=0.1)
    assert high[-1] / high[0] == pytest.approx(2**3.5, rel=0.3)


def test_intervals_are_students_and_welchs():
    first, second = RANDOM.normal(7, 1, 5), RANDOM.normal(6, 2, 5)
    found = brief.compare(first.tolist(), second.tolist())
    paired = stats.ttest_rel(first, second).confidence_interval()
    unpaired = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert found.paired == pytest.approx((paired.low, paired.high))
    assert found.unpaired == pytest.approx((unpaired.low, unpaired.high))
    with pytest.raises(ValueError, match="first and second must hold one error a seed, two at least; got 1, 1"):
        brief.compare([1.0], [2.0])


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (-1.0, "A errs less than B, by 1.00 points (95 % interval of the difference −1.12 to −0.88, 3 seeds)."),
        (1.0, "A errs more than B, by 1.00 points (95 % interval of the difference 0.88 to 1.12, 3 seeds)."),
        (
            0.0,
            "A and B are not told apart: the mean difference is 0.00 points (95 % interval of the difference −0.12 to",
        ),
    ],
)
def test_the_verdict_follows_the_interval(shift, words):
    first, second = [5.0 + shift, 6.05 + shift, 6.95 + shift], [5.0, 6.0, 7.0]
    assert brief.verdict_in_words(brief.compare(first, second), "A", "B", 3).startswith(words)
