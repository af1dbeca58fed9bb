import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from l0lib import compress
from l0lib.compress.masks import Masks, keep_largest
from l0lib.compress.pruning import number_to_keep

scores = arrays.arrays(
    "float64",
    arrays.array_shapes(max_dims=3, max_side=8),
    elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 1e-300, 1e300]),
)


@settings(max_examples=200, deadline=None)
@given(values=scores, data=st.data())
def test_a_mask_keeps_exactly_k_and_none_that_is_smaller_than_one_left_out(values, data):
    tensor = torch.from_numpy(values)
    keep = data.draw(st.integers(0, tensor.numel()))
    mask = keep_largest(tensor, keep)
    assert mask.shape == tensor.shape
    assert int(mask.sum()) == keep
    if 0 < keep < tensor.numel():
        assert tensor[mask].min() >= tensor[~mask].max()
        tie = tensor[mask].min()
        tied = mask.flatten()[tensor.flatten() == tie].tolist()
        assert tied == sorted(tied, reverse=True), "among equals the first ones are kept"


def test_all_equal_scores_are_no_reason_to_keep_all():
    assert keep_largest(torch.ones(1000), 10).nonzero().flatten().tolist() == list(range(10))


@pytest.mark.parametrize("keep", [-1, 4])
def test_a_number_out_of_range_is_refused(keep):
    with pytest.raises(ValueError, match=f"keep must be between 0 and the 3 scores; got {keep}"):
        keep_largest(torch.ones(3), keep)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="scores must hold numbers; got nan"):
        keep_largest(torch.tensor([1.0, float("nan")]), 1)


@settings(max_examples=300, deadline=None)
@given(total=st.integers(1, 10**7), data=st.data())
def test_the_number_to_keep_reaches_the_ratio_with_nothing_to_spare(total, data):
    ratio = data.draw(st.floats(1, total))
    keep = number_to_keep(total, ratio)
    assert keep >= 1
    assert total / keep >= ratio * (1 - 1e-12)
    assert total / (keep + 1) < ratio * (1 + 1e-12)


@pytest.mark.parametrize("ratio", [0.5, 0, -3, float("nan"), 11])
def test_an_impossible_ratio_is_refused(ratio):
    with pytest.raises(ValueError, match="ratio must be between 1 and the number of parameters, 10; got"):
        number_to_keep(10, ratio)


def test_global_pruning_takes_the_smallest_wherever_they_stand():
    model = compress.lenet_300_100(0)
    before = torch.cat([p.detach().abs().flatten() for p in model.parameters()])
    masks = compress.prune_global(model, 100)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert masks.kept == 2666
    assert masks.total == 266_610
    kept = after != 0
    assert int(kept.sum()) == 2666
    assert before[kept].min() >= before[~kept].max()
    assert compress.compression_ratio(model) >= 100
    assert repr(masks) == "Masks(kept=2666 of 266610)"


def test_ratio_one_changes_nothing_and_biases_can_be_pruned():
    model = compress.lenet_300_100(0)
    start = {name: p.clone() for name, p in model.state_dict().items()}
    compress.prune_global(model, 1)
    assert all(torch.equal(start[name], p) for name, p in model.state_dict().items())
    masks = compress.prune_global(model, 2)  # fresh biases are zero, so they go first
    assert not any(masks[name].any() for name in masks if name.endswith("bias"))


def test_a_mask_that_does_not_hold_is_found_out():
    model = compress.lenet_300_100(0)
    masks = compress.prune_global(model, 10)
    masks.check(model)
    with torch.no_grad():
        model.hidden2.weight += 1e-6
    pruned = int((~masks["hidden2.weight"]).sum())
    with pytest.raises(RuntimeError, match=f"the weight of {pruned} in hidden2.weight is not"):
        masks.check(model)
    masks.apply_(model)
    masks.check(model)
    optimizer = compress.PenalisedSGD(model.parameters(), lr=0.1)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    masks.apply_(model)
    with pytest.raises(RuntimeError, match=r"the momentum of \d+ in hidden1.weight is not"):
        masks.check(model, optimizer)


def test_masks_refuse_other_networks_and_other_types():
    with pytest.raises(ValueError, match=r"masks must be boolean; got torch.float32 for w"):
        Masks({"w": torch.ones(2)})
    masks = compress.prune_global(compress.lenet_300_100(0), 2)
    with pytest.raises(ValueError, match="masks must have the model's names and shapes"):
        masks.apply_(torch.nn.Linear(3, 2))
