"""Pruning as far as the loss allows, and what each layer bears."""

import copy
from fractions import Fraction

import pytest
import torch
from torch import nn

from l0lib import compress
from l0lib.compress.tolerance import LayerLoss, mean_loss


@pytest.fixture
def trained(few):
    model = nn.Sequential(nn.Flatten(), nn.Linear(few[0][0].numel(), 12), nn.ReLU(), nn.Linear(12, 10))
    compress.train(model, few, epochs=3, learning_rate=0.1, seed=0)
    return model


@pytest.mark.parametrize("tolerance", [0, 0.02, 2])
@pytest.mark.parametrize("spare", [(), "*.bias"])
def test_with_one_parameter_less_the_bound_is_broken(trained, few, tolerance, spare):
    batches = [(few[0][:50], few[1][:50]), (few[0][50:80], few[1][50:80])]
    bound = (1 + tolerance) * mean_loss(trained, batches)
    dense, total = copy.deepcopy(trained), compress.count_parameters(trained)
    masks = compress.prune_to_tolerance(trained, batches, tolerance, spare=spare)
    masks.check(trained)
    assert mean_loss(trained, batches) <= bound
    fewest = 22 if spare else 1
    if masks.kept > fewest:
        compress.prune_global(dense, Fraction(total, masks.kept - 1), spare=spare)
        assert mean_loss(dense, batches) > bound
    else:
        assert tolerance == 2, "so much that nothing is left to take"


def test_where_the_loss_does_not_mind_all_that_can_go_goes():
    model = nn.Linear(4, 2)
    batches = [(torch.ones(3, 4), torch.zeros(3))]
    masks = compress.prune_to_tolerance(model, batches, 0, loss=lambda scores, labels: torch.tensor(1.0), spare="bias")
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {"weight": 0, "bias": 2}


def test_each_layer_is_pruned_by_itself(trained, few):
    batches = [(few[0][:50], few[1][:50])]
    before = copy.deepcopy(trained)
    rows = compress.layer_sensitivity(trained, batches, [1, 3, 200])
    assert [(row.layer, row.ratio) for row in rows] == [("1", 1), ("1", 3), ("1", 200), ("3", 1), ("3", 3)]
    assert rows[0].loss == rows[3].loss == mean_loss(trained, batches)
    for p, q in zip(before.parameters(), trained.parameters(), strict=True):
        assert torch.equal(p, q)
    compress.prune_global(before[3], 3)
    assert rows[-1] == LayerLoss("3", 3.0, mean_loss(before, batches))


def test_bad_arguments_are_named():
    model, batches = nn.Linear(4, 2), [(torch.ones(3, 4), torch.zeros(3, dtype=torch.long))]
    for wrong in (-0.1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="tolerance must be >= 0 and finite; got"):
            compress.prune_to_tolerance(model, batches, wrong)
    with pytest.raises(ValueError, match="batches must hold one image at least; got none"):
        compress.prune_to_tolerance(model, [], 0.1)
    with torch.no_grad():
        model.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="model must have a finite loss before it is pruned; got nan"):
        compress.prune_to_tolerance(model, batches, 0.1)
