from fractions import Fraction
from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from l0lib import L0, L1, L2, compress
from l0lib.compress import masks as masks_module
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


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64", "int8"])
def test_the_largest_are_those_of_a_sort_in_every_type(dtype, monkeypatch):
    """Also over several stretches of memory, with negative numbers, infinities and both zeros among them."""
    monkeypatch.setattr(masks_module, "_STRETCH", 7)
    dtype = getattr(torch, dtype)
    generator = torch.Generator().manual_seed(3)
    scores = (torch.randn(3, 20, generator=generator) * 3).to(dtype)
    if dtype.is_floating_point:
        scores[0, :6] = torch.tensor([0.0, -0.0, 0.0, torch.inf, -torch.inf, -0.0])
    best = sorted(range(60), key=lambda i: (-float(scores.flatten()[i]), i))
    for keep in range(61):
        mask = compress.keep_largest(scores, keep).flatten()
        assert sorted(best[:keep]) == torch.nonzero(mask).flatten().tolist()


def test_masks_are_equal_if_names_and_entries_are():
    one = Masks({"a": torch.tensor([True, False])})
    assert one == Masks({"a": torch.tensor([True, False])})
    assert one != Masks({"a": torch.tensor([True, True])})
    assert one != Masks({"b": torch.tensor([True, False])})
    assert one != {"a": 1}


def test_masks_of_a_compiled_network_fit_the_plain_one():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.compile(torch.nn.Linear(4, 2)))
    compiled = torch.compile(model)
    masks = compress.prune_global(compiled, 3, spare="1.bias")
    assert set(masks) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    masks.check(model)
    plain = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
    masks.apply_(plain)
    assert Masks({f"_orig_mod.{name}": mask for name, mask in masks.items()}) == masks


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


@settings(max_examples=300, deadline=None)
@example(1000, 625)  # 1000 / 625 is 1.6, and the float next to 1.6 is a little more
@given(total=st.integers(1, 10**9), keep=st.integers(1, 10**9))
def test_the_ratio_of_a_number_keeps_that_number(total, keep):
    keep = min(keep, total)
    assert number_to_keep(total, total / keep) == keep
    assert number_to_keep(total, Fraction(total, keep)) == keep


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


class Small(torch.nn.Module):
    """A convolution and a linear layer, 69 parameters: quick enough for many random runs."""

    def __init__(self, seed, levels=None):
        super().__init__()
        self.first, self.last = torch.nn.Conv2d(1, 3, 3), torch.nn.Linear(12, 3)
        self.to(memory_format=torch.channels_last)
        self.generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in self.parameters():
                values = torch.randn(p.shape, generator=self.generator)
                p.copy_(values if levels is None else torch.round(values * levels) / levels)

    def random_gradients(self):
        for p in self.parameters():
            p.grad = torch.empty_like(p).copy_(torch.randn(p.shape, generator=self.generator))


strategies = st.sampled_from([compress.prune_global, compress.prune_layerwise, partial(compress.prune_random, seed=1)])
factors = st.floats(0, 10)
penalties = st.one_of(
    st.none(),
    st.builds(L2, factors),
    st.builds(L1, factors),
    st.builds(L0, factors, st.floats(1, 100)),
    st.builds(lambda a, b, c, beta: L2(a) + L1(b) + L0(c, beta), factors, factors, factors, st.floats(1, 100)),
)


@settings(max_examples=60, deadline=None)
@given(
    strategy=strategies,
    ratio=st.floats(1, 69),
    penalty=penalties,
    update=st.sampled_from(compress.optim.UPDATES),
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    rate=st.floats(1e-3, 1.0),
    seed=st.integers(0, 99),
)
def test_what_is_masked_and_its_momentum_stay_exactly_zero(strategy, ratio, penalty, update, momentum, rate, seed):
    """Through momentum that is already there, weight decay (l2), every penalty and all four updates."""
    model = Small(seed)
    groups = compress.parameter_groups(model, penalty)
    optimizer = compress.PenalisedSGD(groups, lr=rate, momentum=momentum, update=update)
    masks = strategy(model, ratio)
    optimizer.hold(masks.by_parameter(model))
    for _ in range(4):
        model.random_gradients()
        optimizer.step()
        masks.check(model, optimizer)
    assert compress.compression_ratio(model) >= ratio


@settings(max_examples=40, deadline=None)
@given(
    strategy=strategies,
    schedule=st.sampled_from(sorted(compress.SCHEDULES)),
    levels=st.sampled_from([None, 1, 2]),
    steps=st.integers(1, 6),
    ends=st.tuples(st.floats(1, 69), st.floats(1, 69)).map(sorted),
    update=st.sampled_from(compress.optim.UPDATES),
    seed=st.integers(0, 99),
)
def test_gradual_masks_are_nested_and_reach_every_ratio(strategy, schedule, levels, steps, ends, update, seed):
    """With ties (``levels``), zeros among the kept, training in between, and an optimizer made anew for each mask."""
    model, masks = Small(seed, levels), None
    for step in range(steps + 1):
        ratio = compress.SCHEDULES[schedule](step, steps, *ends)
        before, masks = masks, strategy(model, ratio, within=masks)
        # a layer's share may grow by one where the whole shrinks (the Alabama paradox), and find nothing to take
        missing = 1 if strategy is compress.prune_layerwise else 0
        assert number_to_keep(69, ratio) - missing <= masks.kept <= number_to_keep(69, ratio)
        assert compress.compression_ratio(model) >= ratio
        if before is not None:
            assert not any((masks[name] & ~before[name]).any() for name in masks)
        optimizer = compress.PenalisedSGD(
            compress.parameter_groups(model, L2(0.01) + L0(0.1, 5)), lr=0.05, update=update
        )
        optimizer.hold(masks.by_parameter(model))
        for _ in range(2):
            model.random_gradients()
            optimizer.step()
        masks.check(model, optimizer)


@pytest.mark.parametrize("update", compress.optim.UPDATES)
def test_momentum_from_before_the_pruning_moves_nothing(update):
    model = Small(0)
    groups = compress.parameter_groups(model, L2(0.01) + L1(0.1))
    optimizer = compress.PenalisedSGD(groups, lr=0.1, update=update)
    model.random_gradients()
    optimizer.step()
    assert all(optimizer.state[p]["momentum"].any() for p in model.parameters())
    masks = compress.prune_global(model, 10)
    optimizer.hold(masks.by_parameter(model))
    masks.check(model, optimizer)
    kept = {name: p.detach()[masks[name]].clone() for name, p in model.named_parameters()}
    for _ in range(3):
        optimizer.step()
        masks.check(model, optimizer)
    assert any((p.detach()[masks[name]] != kept[name]).any() for name, p in model.named_parameters())
