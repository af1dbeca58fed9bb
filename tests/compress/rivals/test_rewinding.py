"""Rewinding: the rounds, the epochs that they share, the rates and the weights to which they return."""

import copy

import pytest
import torch
from torch import nn

from l0lib.compress.rivals import Plan, rewinding
from l0lib.compress.rivals.protocol import train
from l0lib.compress.rivals.rewinding import lottery_ticket, rate_rewinding, rounds


def test_as_many_rounds_as_a_share_asks_for():
    """Twenty per cent a round leave a hundredth after 21 rounds: 0.8^21 < 1/100 < 0.8^20."""
    assert rounds(100, 0.2, 1000) == 21
    assert rounds(4, 0.5, 1000) == 2
    assert rounds(2, 0.5, 1000) == 1
    assert rounds(100, 0.2, 5) == 5
    assert rounds(1, 0.2, 5) == 1


@pytest.fixture
def case(few):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10))
    return model, (few[0][:100], few[1][:100]), Plan(ratio=4, epochs=12, learning_rate=0.05, batch_size=25)


@pytest.fixture
def stretches(monkeypatch):
    """What each stretch of training was given, and the network as it was then."""
    seen = []

    def watched(model, data, plan, first, epochs, **given):
        state = {name: value.clone() for name, value in model.state_dict().items()}
        seen.append((first, epochs, given.get("past", 0), state))
        train(model, data, plan, first, epochs, **given)

    monkeypatch.setattr(rewinding, "train", watched)
    return seen


def test_the_epochs_are_divided_among_the_rounds(case, stretches):
    """Two rounds of a half each: all trainings are four epochs long, or, from a half on, six, three and three."""
    model, data, plan = case
    masks = rate_rewinding(copy.deepcopy(model), data, plan, share=0.5)
    assert [stretch[:3] for stretch in stretches] == [(0, 4, 0), (4, 4, 0), (8, 4, 0)]
    assert masks.kept == sum(p.numel() for p in model.parameters()) // 4
    stretches.clear()
    rate_rewinding(copy.deepcopy(model), data, plan, share=0.5, rewind=0.5)
    assert [stretch[:3] for stretch in stretches] == [(0, 6, 0), (6, 3, 3), (9, 3, 3)]


@pytest.mark.parametrize("rewind", [0.0, 0.5])
def test_a_ticket_begins_with_its_early_weights_and_statistics(case, stretches, rewind):
    model, data, plan = case
    early = copy.deepcopy(model)
    # three of six epochs, with the rates of the six
    first = 6 if rewind else 4
    done = []

    def stop(step, steps):
        if step == steps // 2 and rewind:
            done.append(copy.deepcopy(early.state_dict()))

    early_start = copy.deepcopy(early.state_dict())
    train(early, data, plan, 0, first, weight_decay=1e-4, after_step=stop)
    wanted = done[0] if rewind else early_start
    ticket = copy.deepcopy(model)
    lottery_ticket(ticket, data, plan, share=0.5, rewind=rewind)
    for *_, state in stretches[1:]:
        for name, values in state.items():
            assert torch.equal(values, wanted[name])
    masked = ticket[1].weight.detach() == 0
    assert 0.5 < float(masked.double().mean()) < 1


def test_rewound_rates_leave_the_weights_where_they_are(case, stretches):
    model, data, plan = case
    rate_rewinding(model, data, plan, share=0.5)
    start, second, _ = (state["1.weight"] for *_, state in stretches)
    assert not torch.equal(start, second)
    kept = second != 0
    assert 0.3 < float(kept.double().mean()) < 0.7


def test_a_stretch_goes_on_along_the_half_cosine(case):
    """Its rates are those of the last of four epochs: as if the first three had been trained at rate zero."""
    model, data, plan = case
    one, rates = copy.deepcopy(model), []
    step = torch.optim.SGD.step

    def noted(self, *args):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", noted)
        train(one, data, plan, 0, 4)
        train(model, data, plan, 3, 1, past=3)
    assert len(rates) == 20
    assert rates[16:] == rates[12:16]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0}, "share must be between 0 and 1; got 0"),
        ({"share": 1}, "share must be between 0 and 1; got 1"),
        ({"rewind": 1}, "rewind must be >= 0 and < 1; got 1"),
    ],
)
def test_bad_settings_are_named(case, wrong, message):
    for method in (rate_rewinding, lottery_ticket):
        with pytest.raises(ValueError, match=message):
            method(*case, **wrong)
