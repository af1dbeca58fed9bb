from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils import prune

from l0lib import compress
from l0lib.compress.masks import Masks
from l0lib.compress.pruning import apportion, number_to_keep, prune_by_scores

STRATEGIES = {
    "GP": compress.prune_global,
    "LP": compress.prune_layerwise,
    "RP": lambda model, ratio, **rest: compress.prune_random(model, ratio, seed=7, **rest),
}
every = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def random_network(seed=0, sizes=(12, 9, 5, 2)):
    """A perceptron whose biases are random too, so that no two magnitudes tie."""
    generator = torch.Generator().manual_seed(seed)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    for layer in layers:
        torch.nn.init.normal_(layer.weight, generator=generator)
        torch.nn.init.normal_(layer.bias, generator=generator)
    return torch.nn.Sequential(*layers)


def by_layer(model):
    return {name: module for name, module in model.named_children() if list(module.parameters())}


@settings(max_examples=300, deadline=None)
@given(sizes=st.lists(st.integers(0, 10**6), min_size=1, max_size=12), data=st.data())
def test_shares_add_up_and_each_is_its_due_rounded_down_or_up(sizes, data):
    keep = data.draw(st.integers(0, sum(sizes)))
    shares = apportion(sizes, keep)
    assert sum(shares) == keep
    for size, share in zip(sizes, shares, strict=True):
        assert 0 <= share <= size
        assert abs(share * sum(sizes) - size * keep) < max(sum(sizes), 1)


def test_what_rounding_leaves_goes_to_the_largest_remainders():
    assert apportion([10, 10, 10], 10) == [4, 3, 3]
    assert apportion([1, 2, 7], 5) == [1, 1, 3]  # dues 0.5, 1, 3.5: the first among equals
    assert apportion([520, 25_050, 400_500, 5_010], 1200) == [1, 70, 1115, 14]


@pytest.mark.parametrize("keep", [-1, 7])
def test_more_than_there_is_cannot_be_shared_out(keep):
    with pytest.raises(
        ValueError, match=f"keep must be a whole number from 0 to 6 \\(the sum of the sizes\\); got {keep}"
    ):
        apportion([1, 2, 3], keep)


@every
@settings(max_examples=60, deadline=None)
@given(levels=st.integers(1, 4), ratio=st.floats(1, 179), seed=st.integers(0, 9))
def test_exactly_k_are_kept_however_many_magnitudes_tie(strategy, levels, ratio, seed):
    model = random_network(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((p * levels).round())
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    masks = strategy(model, ratio)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    kept = torch.cat([mask.flatten() for mask in masks.values()])
    assert masks.kept == number_to_keep(masks.total, ratio)
    assert compress.compression_ratio(model) >= ratio * (1 - 1e-12)
    assert torch.equal(after, before * kept)


@every
def test_a_strategy_keeps_the_same_number_at_every_ratio_of_the_paper(strategy):
    for ratio in (2, 10, 100, 200, 359):
        masks = strategy(compress.lenet_5_caffe(0), ratio)
        assert masks.kept == 431_080 // ratio
        assert masks.total / masks.kept >= ratio


def test_global_pruning_counts_biases():
    model = random_network()
    with torch.no_grad():
        model[0].bias.fill_(100)
        model[2].bias.fill_(1e-9)
    masks = compress.prune_global(model, 179 / 10)
    assert masks["0.bias"].all()
    assert not masks["2.bias"].any()
    assert masks.kept == 10


def test_layerwise_pruning_keeps_the_largest_of_each_layer_at_one_ratio():
    model = compress.lenet_5_caffe(3)
    before = {name: torch.cat([p.abs().flatten() for p in m.parameters()]) for name, m in by_layer(model).items()}
    compress.prune_layerwise(model, 20)
    for name, module in by_layer(model).items():
        kept = torch.cat([p.flatten() for p in module.parameters()]) != 0
        assert abs(int(kept.sum()) - len(kept) / 20) < 1
        assert before[name][kept].min() >= before[name][~kept].max()


def test_layerwise_pruning_may_leave_a_small_layer_empty_and_still_holds_the_ratio():
    model = random_network(sizes=(1, 1, 40, 40))
    masks = compress.prune_layerwise(model, 100)
    assert not masks["0.weight"].any()
    assert not masks["0.bias"].any()
    assert masks.total / masks.kept >= 100


def test_masks_are_those_of_torchs_global_pruning():
    ours, theirs = random_network(4), random_network(4)
    masks = compress.prune_global(ours, 6.5)
    everything = [(layer, kind) for layer in theirs for kind in ("weight", "bias")]
    prune.global_unstructured(everything, prune.L1Unstructured, amount=masks.total - masks.kept)
    for name, mask in masks.items():
        assert torch.equal(mask, theirs.get_buffer(f"{name}_mask").bool())


def test_masks_are_those_of_torchs_pruning_of_each_layer():
    ours, theirs = random_network(5), random_network(5)
    masks = compress.prune_layerwise(ours, 4)
    for name, layer in by_layer(theirs).items():
        kept = sum(int(masks[f"{name}.{kind}"].sum()) for kind in ("weight", "bias"))
        both = [(layer, "weight"), (layer, "bias")]
        prune.global_unstructured(both, prune.L1Unstructured, amount=sum(p.numel() for p in layer.parameters()) - kept)
    for name, mask in masks.items():
        assert torch.equal(mask, theirs.get_buffer(f"{name}_mask").bool())


def test_random_pruning_depends_on_its_seed_alone():
    def kept(seed, network=0, ratio=8):
        masks = compress.prune_random(random_network(network), ratio, seed=seed)
        return torch.cat([mask.flatten() for mask in masks.values()])

    first, model = kept(3), random_network()
    state = torch.get_rng_state()
    compress.prune_random(model, 8, seed=3)
    assert torch.equal(state, torch.get_rng_state()), "the global generator was used"
    torch.rand(5)
    assert torch.equal(first, kept(3, network=1)), "magnitudes play no part"
    assert not torch.equal(first, kept(4))
    assert not (kept(3, ratio=16) & ~first).any(), "one seed, higher ratio: a part of what was kept"
    with pytest.raises(TypeError, match="seed"):
        compress.prune_random(random_network(), 8)


def test_random_pruning_draws_every_parameter_equally_often():
    times = sum(
        torch.cat([mask.flatten() for mask in compress.prune_random(random_network(), 2, seed=seed).values()]).int()
        for seed in range(400)
    )
    share = 89 / 179  # of draws in which a given parameter is kept
    deviation = (400 * share * (1 - share)) ** 0.5
    assert ((times - 400 * share).abs() < 4.5 * deviation).all()


@every
def test_what_an_earlier_pruning_removed_never_comes_back(strategy):
    model = random_network(2)
    first = strategy(model, 4)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.mul_(torch.rand(p.shape, generator=torch.Generator().manual_seed(len(name))) > 0.7)
    free = strategy(random_network(2), 5)
    second = strategy(model, 5, within=first)
    assert free.kept == number_to_keep(179, 5)
    assert second.kept <= free.kept
    for name, mask in second.items():
        assert not (mask & ~first[name]).any()
    if strategy is not compress.prune_layerwise:
        assert second.kept == free.kept
    assert strategy(model, 2, within=first).kept <= first.kept, "a lower ratio brings nothing back"


@every
def test_gradual_pruning_ends_at_the_ratio_with_nested_masks(strategy):
    model, masks = random_network(6), None
    for step in range(1, 9):
        before = masks
        masks = strategy(model, compress.schedules.log(step, 8, 1, 60), within=before)
        if before is not None:
            assert all(not (masks[name] & ~before[name]).any() for name in masks)
        masks.check(model)
    assert masks.total / masks.kept >= 60
    assert masks.kept >= number_to_keep(179, 60) - len(by_layer(model))


@every
def test_impossible_requests_are_named(strategy):
    with pytest.raises(ValueError, match="ratio must be between 1 and the number of parameters, 179; got 180"):
        strategy(random_network(), 180)
    with pytest.raises(ValueError, match="masks must have the model's names and shapes"):
        strategy(random_network(), 2, within=Masks({"w": torch.ones(3, dtype=torch.bool)}))


def test_scores_choose_what_is_kept():
    """With magnitudes turned round, the smallest stay; what is spared needs no score."""
    model = random_network()
    sizes = {name: p.detach().abs().clone() for name, p in model.named_parameters()}
    scores = {name: 1 / size for name, size in sizes.items() if name != "2.bias"}
    masks = prune_by_scores(model, 4, scores, spare="2.bias")
    kept = torch.cat([sizes[name][masks[name]] for name in scores])
    pruned = torch.cat([sizes[name][~masks[name]] for name in scores])
    assert kept.max() < pruned.min()
    assert masks["2.bias"].all()
    assert masks.kept == number_to_keep(compress.count_parameters(model), 4)
    with pytest.raises(ValueError, match=r"scores must have the shape \(2,\) for 2.bias; got none"):
        prune_by_scores(model, 4, scores)
    with pytest.raises(ValueError, match=r"scores must have the shape \(2,\) for 2.bias; got \(3,\)"):
        prune_by_scores(model, 4, scores | {"2.bias": torch.ones(3)})
