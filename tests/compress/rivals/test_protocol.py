"""Every rival keeps to the protocol: its epochs, its ratio, its seed; and what it leaves is a plain network."""

import copy
import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from l0lib import compress
from l0lib.compress.rivals import RIVALS, TRIALS, Plan
from l0lib.compress.rivals.protocol import batches, train


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 10))


@pytest.fixture
def data(few):
    return few[0][:200].reshape(200, -1), few[1][:200]


PLAN = Plan(ratio=10, epochs=6, learning_rate=0.05, batch_size=50, seed=3)


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_keeps_to_its_budget_and_leaves_a_plain_network(name, data):
    model = network()
    names = [name for name, _ in model.named_parameters()]
    seen = []
    counting = model.register_forward_hook(
        lambda module, inputs, _: seen.append(len(inputs[0])) if module.training else None
    )
    state = torch.get_rng_state()
    masks = RIVALS[name](model, data, PLAN)
    counting.remove()
    assert torch.equal(state, torch.get_rng_state()), "what is drawn is drawn from the plan's seed"
    # a method that looks at gradients before it trains may look at two batches more
    assert sum(seen) <= PLAN.epochs * len(data[1]) + 2 * PLAN.batch_size
    assert [name for name, _ in model.named_parameters()] == names
    assert masks.kept <= compress.count_parameters(model) // 10
    assert compress.count_nonzero_parameters(model) <= masks.kept
    masks.check(model)
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_is_what_its_seed_makes_of_it(name, data):
    def made(seed):
        model = network()
        RIVALS[name](model, data, Plan(**{**vars(PLAN), "seed": seed}))
        return [p.detach() for p in model.parameters()]

    first, again, other = made(0), made(0), made(1)
    assert all(map(torch.equal, first, again))
    assert not all(map(torch.equal, first, other))


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_learns(name, few):
    """Ten times smaller it errs on less than half of what it was trained on: chance is nine tenths.

    Where chance prunes, it is worse by nature: of each class one weight is left in the last layer.
    """
    model, data = network(), (few[0].reshape(len(few[0]), -1), few[1])
    RIVALS[name](model, data, Plan(ratio=10, epochs=12, learning_rate=0.1, batch_size=25))
    assert compress.evaluate(model, data).error < (0.7 if name == "random" else 0.5)


@pytest.mark.parametrize("name", RIVALS)
def test_eight_settings_to_search_are_settings_of_the_method(name):
    parameters = inspect.signature(RIVALS[name]).parameters.items()
    settings = {key for key, given in parameters if given.kind == given.KEYWORD_ONLY}
    assert len({tuple(sorted(trial.items())) for trial in TRIALS[name]}) == len(TRIALS[name]) == 8
    for trial in TRIALS[name]:
        assert "learning_rate" in trial
        assert set(trial) <= settings | {"learning_rate"}


@given(epochs=st.integers(3, 200), shares=st.lists(st.floats(0.01, 1), min_size=1, max_size=3))
def test_epochs_are_divided_whole(epochs, shares):
    shares = [share / sum(shares) for share in shares]
    parts = Plan(ratio=2, epochs=epochs, learning_rate=0.1).split(*shares)
    assert sum(parts) == epochs
    assert all(part >= 1 for part in parts)
    assert all(abs(part - epochs * share) <= len(shares) for part, share in zip(parts, shares, strict=True))


def test_batches_are_those_of_the_engine(data):
    """From any epoch on, and the same whoever asks."""
    order = torch.Generator().manual_seed(3)
    wanted = [data[1][some] for _ in range(3) for some in torch.randperm(200, generator=order).split(50)]
    assert all(map(torch.equal, (y for _, y in batches(data, PLAN, 0, 3)), wanted))
    assert all(map(torch.equal, (y for _, y in batches(data, PLAN, 2, 1)), wanted[8:]))


def test_the_loop_is_that_of_the_engine(data):
    one, other = network(), network()
    train(one, data, PLAN, 0, 3)
    compress.train(other, data, epochs=3, learning_rate=0.05, batch_size=50, seed=3)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-7)


def test_the_loop_holds_masks_adds_a_loss_and_scales_rates(data):
    model, still = network(), network()
    masks = compress.prune_global(model, 3)
    rates = [
        {"params": [model[1].weight], "lr": 0.0},
        {"params": [p for p in model.parameters() if p is not model[1].weight]},
    ]
    told = []
    before = copy.deepcopy(model)
    train(model, data, PLAN, 0, 1, masks=masks, groups=rates, after_step=lambda step, steps: told.append((step, steps)))
    masks.check(model)
    assert torch.equal(before[1].weight, model[1].weight)
    assert not torch.equal(before[3].weight, model[3].weight)
    assert told == [(k, 4) for k in range(1, 5)]
    train(still, data, PLAN, 0, 1, extra=lambda: 1e3 * sum(p.pow(2).sum() for p in still.parameters()), rate=1e-4)
    assert float(still[1].weight.detach().norm()) < float(network()[1].weight.detach().norm())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ratio": 0.5}, "ratio must be >= 1 and finite; got 0.5"),
        ({"ratio": math.inf}, "ratio must be >= 1 and finite; got inf"),
        ({"epochs": 0}, "epochs must be a whole number >= 1; got 0"),
        ({"momentum": 1}, "momentum must be >= 0 and < 1; got 1"),
        ({"learning_rate": 0}, "learning_rate must be > 0; got 0"),
    ],
)
def test_bad_plans_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        Plan(**{**vars(PLAN), **wrong})
    with pytest.raises(ValueError, match="shares must be > 0, add up to 1, and have an epoch each"):
        PLAN.split(0.5, 0.6)
