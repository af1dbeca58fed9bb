import math

import pytest
import torch

from l0lib import L0, L1, L2, compress
from l0lib.compress.training import MAGNITUDE_EDGES, magnitude_histogram

QUICK = {"epochs": 2, "learning_rate": 0.1, "batch_size": 100}


def trained(few, penalty=None, seed=0, **change):
    model = compress.lenet_300_100(seed)
    history = compress.train(model, few, penalty, **{**QUICK, "seed": seed, **change})
    return model, history


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_the_same_seed_gives_the_same_network_to_the_last_bit(few):
    penalty = L2(1e-4) + L0(1e-3, 5)
    first, history = trained(few, penalty)
    torch.rand(3)
    again, repeated = trained(few, penalty)
    assert same(first, again)
    assert history[1:] == repeated[1:]
    assert not same(first, trained(few, penalty, seed=1)[0])


def test_seeds_are_paired_across_penalties(few):
    """A penalty of strength zero changes nothing: neither the initial weights nor the order of the batches."""
    plain, _ = trained(few, None)
    assert same(plain, trained(few, L2(0.0))[0])
    assert same(plain, trained(few, L0(0.0, 5))[0])
    assert not same(plain, trained(few, L1(1e-3))[0])


def test_training_learns_and_its_history_says_so(few):
    model, history = trained(few, L2(1e-4), epochs=8)
    assert [epoch.epoch for epoch in history] == list(range(9))
    assert math.isnan(history[0].loss)
    assert history[-1].loss < 0.5 * history[1].loss
    assert compress.evaluate(model, few).error < 0.2
    weights = [p.detach() for p in model.parameters() if p.ndim > 1]
    assert history[-1].penalty == pytest.approx(sum(float((1e-4 * p * p).sum()) for p in weights), rel=1e-4)
    assert all(sum(epoch.magnitudes) == sum(p.numel() for p in weights) for epoch in history)


def test_the_learning_rate_falls_along_half_a_cosine(few):
    rates = [compress.cosine(step, 8, 0.2) for step in range(9)]
    assert rates[0] == 0.2
    assert rates[4] == pytest.approx(0.1)
    assert rates[8] == pytest.approx(0)
    assert rates == sorted(rates, reverse=True)
    _, history = trained(few, epochs=2)
    assert history[-1].learning_rate == pytest.approx(compress.cosine(5, 6, 0.1))  # 256 images, 3 batches an epoch


def test_the_histogram_counts_by_decade():
    model = torch.nn.Linear(6, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 1e-12, -0.0105, 0.0105, 1.05, 1e6]]))
    counts = dict(zip((round(edge, 1) for edge in MAGNITUDE_EDGES), magnitude_histogram(model), strict=False))
    assert {edge: count for edge, count in counts.items() if count} == {
        -9.0: 2,
        -2.0: 2,
        0.0: 1,
        round(MAGNITUDE_EDGES[-2], 1): 1,
    }


def test_fine_tuning_moves_what_was_kept_and_nothing_else(few):
    model, _ = trained(few, L1(1e-3), epochs=4)
    masks = compress.prune_global(model, 50)
    pruned_error = compress.evaluate(model, few).errors
    start = {name: p.clone() for name, p in model.state_dict().items()}
    compress.train(model, few, L1(1e-3), masks=masks, **{**QUICK, "epochs": 8})
    masks.check(model)
    assert compress.compression_ratio(model) >= 50
    assert compress.evaluate(model, few).errors < pruned_error
    for name, value in model.state_dict().items():
        assert not value[~masks[name]].any()
        assert masks[name].sum() == 0 or not torch.equal(value, start[name])


def test_masked_training_starts_from_a_masked_network(few):
    dense, pruned = compress.lenet_300_100(0), compress.lenet_300_100(0)
    masks = compress.prune_global(pruned, 10)
    compress.train(dense, few, masks=masks, **QUICK)
    compress.train(pruned, few, masks=masks, **QUICK)
    assert same(dense, pruned)


def test_a_part_and_its_tensors_are_the_same_training_data(digits):
    part = compress.Part(digits.validation.images[:200], digits.validation.labels[:200])
    assert same(trained(part)[0], trained(part.tensors())[0])
    assert compress.evaluate(compress.lenet_300_100(0), part) == compress.evaluate(
        compress.lenet_300_100(0), part.tensors()
    )


def test_a_diverging_run_says_so(few):
    with pytest.raises(RuntimeError, match=r"loss must stay finite; got .* try a smaller learning rate"):
        trained(few, learning_rate=1e6, epochs=4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"epochs": 0}, "epochs must be >= 1; got 0"), ({"batch_size": 0}, "batch_size must be >= 1; got 0")],
)
def test_bad_arguments_are_named(few, wrong, message):
    with pytest.raises(ValueError, match=message):
        trained(few, **wrong)
