"""STR: its threshold is the proximal operator of l1, learned; the ratio follows from weight decay."""

import math

import numpy as np
import pytest
import torch

from l0lib import L1, compress
from l0lib.compress.rivals import Plan
from l0lib.compress.rivals.protocol import train
from l0lib.compress.rivals.soft_thresholds import TRIALS, Thresholded, soft_threshold, soft_thresholds

PLAN = Plan(ratio=10, epochs=4, learning_rate=0.1, batch_size=64)


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10), torch.nn.ReLU(), torch.nn.Linear(10, 10))


def test_the_threshold_is_the_proximal_operator_of_l1():
    w = torch.linspace(-1, 1, 21, dtype=torch.float64)
    np.testing.assert_allclose(soft_threshold(w, w.new_tensor(0.3)), L1(0.3).prox(w.numpy(), 1.0), atol=1e-12)


def test_the_network_computes_with_thresholded_weights(few):
    """And the gradient of a threshold is that of differences."""
    model = network().double()
    thresholded = Thresholded(model, -4.0)
    images, labels = few[0][:20].double(), few[1][:20]
    by_hand = network().double()
    with torch.no_grad():
        for p in by_hand.parameters():
            if p.ndim > 1:
                p.copy_(p.sign() * (p.abs() - 1 / (1 + math.exp(4))).clamp(min=0))
    torch.testing.assert_close(thresholded(images), by_hand(images))

    def loss():
        return torch.nn.functional.cross_entropy(thresholded(images), labels)

    for logit in thresholded.logits:
        (slope,) = torch.autograd.grad(loss(), logit)
        with torch.no_grad():
            logit += 1e-6
            above = float(loss())
            logit -= 2e-6
            below = float(loss())
            logit += 1e-6
        assert float(slope) == pytest.approx((above - below) / 2e-6, rel=1e-4)


def test_weight_decay_draws_a_far_threshold_up_as_the_docstring_says(few):
    thresholded = Thresholded(network(), -1e4)
    train(thresholded, few, PLAN, 0, 40, weight_decay=5e-3)
    exponent = 5e-3 * 40 * 4 * 0.05 / (1 - 0.9)
    for logit in thresholded.logits:
        assert math.log(-1e4 / float(logit.detach())) == pytest.approx(exponent, rel=0.1)


@pytest.mark.parametrize(("initial", "exact"), [(-30.0, True), (-2.2, False)])
def test_what_keeps_more_is_pruned_to_the_ratio_and_what_keeps_less_stays(initial, exact, few):
    model = network()
    masks = soft_thresholds(model, few, PLAN, initial=initial, weight_decay=0.0)
    wanted = compress.count_parameters(model) // 10
    assert (masks.kept == wanted) is exact
    assert 0 < masks.kept <= wanted
    assert compress.count_nonzero_parameters(model) <= masks.kept


def test_eight_settings():
    assert len({tuple(sorted(trial.items())) for trial in TRIALS}) == 8
