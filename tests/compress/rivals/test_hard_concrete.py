"""Hard concrete gates: the probability that one is open, and the penalty, against counts of gates drawn."""

import copy
import math

import pytest
import torch
from torch import nn

from l0lib import compress
from l0lib.compress.rivals import Plan
from l0lib.compress.rivals.hard_concrete import gates, hard_concrete, probability_open

#: The middles of a million equal parts of (0, 1): a mean over them is an integral over u.
UNIFORM = (torch.arange(1_000_000, dtype=torch.float64) + 0.5) / 1_000_000


@pytest.mark.parametrize("log_alpha", [-4.0, -1.0, 0.0, 2.5])
def test_a_gate_is_open_as_often_as_the_penalty_says(log_alpha):
    log_alpha = torch.tensor(log_alpha, dtype=torch.float64)
    drawn = gates(log_alpha, UNIFORM)
    assert float((drawn > 0).double().mean()) == pytest.approx(float(probability_open(log_alpha)), abs=2e-6)
    # all the way open with the probability of the mirrored gate to be shut
    assert float((drawn == 1).double().mean()) == pytest.approx(1 - float(probability_open(-log_alpha)), abs=2e-6)
    assert float((drawn < 0.5).double().mean()) == pytest.approx(float(torch.sigmoid(-log_alpha)), abs=2e-6)


def test_the_gates_of_the_end_have_the_values_of_the_paper():
    """Shut where alpha is below 1/11, open above 11, and in between 1.2 alpha / (1 + alpha) - 0.1."""
    alpha = torch.tensor([0.0908, 0.5, 1.0, 3.0, 11.01])
    wanted = [0.0, 0.3, 0.5, 0.8, 1.0]
    assert gates(alpha.log()).tolist() == pytest.approx(wanted, abs=1e-6)


def test_the_draw_of_zero_shuts_a_gate_without_breaking_its_gradient():
    log_alpha = torch.zeros(2, requires_grad=True)
    gates(log_alpha, torch.tensor([0.0, 0.5])).sum().backward()
    assert gates(log_alpha, torch.tensor([0.0, 0.5])).tolist() == pytest.approx([0, 0.5])
    assert log_alpha.grad.tolist() == pytest.approx([0, 1.2 * 0.25 * 1.5])


def test_the_penalty_alone_shuts_gates_and_normalisations_have_none(few):
    """Weights that the images never meet keep their size without a penalty, and lose it under one."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10))
    images = few[0].reshape(len(few[0]), -1).clone()
    images[:, :28] = 0
    left = []
    for penalty in (0.0, 100.0):
        one = copy.deepcopy(model)
        plan = Plan(ratio=1, epochs=4, learning_rate=0.05, batch_size=32)
        hard_concrete(one, (images, few[1]), plan, penalty=penalty, fine_tuning=0.25, weight_decay=0.0)
        left.append(float((one[1].weight[:, :28].detach() / model[1].weight[:, :28].detach()).mean()))
        assert bool((one[2].weight != 0).all())
        compress.count_nonzero_parameters(one)  # of plain parameters alone
    assert left == pytest.approx([0.5, 0.0], abs=0.02)


def test_a_parameter_that_two_modules_share_has_one_gate(few):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Linear(10, 10), nn.Linear(10, 10))
    model[3].weight = model[2].weight
    plan = Plan(ratio=10, epochs=2, learning_rate=0.05)
    hard_concrete(model, few, plan)
    assert model[3].weight is model[2].weight


@pytest.mark.parametrize("drop", [0, 1, math.nan])
def test_a_share_of_gates_is_between_zero_and_one(drop, few):
    with pytest.raises(ValueError, match="drop must be between 0 and 1"):
        hard_concrete(nn.Linear(784, 10), few, Plan(ratio=2, epochs=2, learning_rate=0.1), drop=drop)
