"""A run of a rival method: its budget, its end, and that it goes on where it was cut off."""

import pytest
import torch
from pydantic import ValidationError

from l0lib.compress import rivals
from l0lib.experiments import run
from l0lib.experiments.arms import RIVAL_NAMES, RIVAL_TRIALS
from l0lib.experiments.config import Config, PenaltySettings, Rival, Training


def what(**changes):
    fields = {
        "experiment": "rivals", "arm": "lenet-300-100-gradual", "profile": "fast", "network": "lenet-300-100",
        "dataset": "digits", "training": Training(epochs=3, learning_rate=0.1, penalty=PenaltySettings(alpha_l2=5e-5)),
        "fine_tuned_ratios": (10.0, 20.0), "rival": Rival(name="gradual", settings=(("begin", 0.1), ("end", 0.6))),
    }  # fmt: skip
    return Config.model_validate(fields | changes)


def test_the_names_are_those_of_the_methods():
    assert set(RIVAL_NAMES) == set(rivals.RIVALS) == set(rivals.TRIALS)
    assert {len(trials) for trials in rivals.TRIALS.values()} == {RIVAL_TRIALS}


def test_a_rival_begins_at_the_first_weights_and_ends_at_each_ratio(tmp_path, monkeypatch):
    plans = []
    true = rivals.RIVALS["gradual"]

    def watched(model, data, plan, **settings):
        plans.append((plan, settings, next(model.parameters()).detach().clone()))
        return true(model, data, plan, **settings)

    monkeypatch.setitem(rivals.RIVALS, "gradual", watched)
    config = what(rival=Rival(name="gradual", settings=(("learning_rate", 0.05), ("begin", 0.1))))
    record = run.run(config, 1, tmp_path)
    first = next(run.network(config, 1).parameters())
    assert [(plan.ratio, plan.epochs, plan.learning_rate, plan.seed, settings) for plan, settings, _ in plans] == [
        (ratio, 3, 0.05, 1, {"begin": 0.1}) for ratio in (10, 20)
    ]
    assert all(bool((weight == first).all()) for _, _, weight in plans)
    assert [(p.requested, p.fine_tuned, p.nonzero) for p in record.points] == [(10, True, 26661), (20, True, 13330)]
    assert record.dense.errors < record.points[0].measured.images / 2
    assert config.variant == "beyond"


def test_cut_off_between_two_ratios_it_goes_on(tmp_path, monkeypatch):
    wanted = run.run(what(), 0, tmp_path / "whole").points
    true, made = rivals.RIVALS["gradual"], []

    def cut_off(model, data, plan, **settings):
        if made:
            raise KeyboardInterrupt
        made.append(plan.ratio)
        return true(model, data, plan, **settings)

    monkeypatch.setitem(rivals.RIVALS, "gradual", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run.run(what(), 0, tmp_path / "cut")
    monkeypatch.setitem(rivals.RIVALS, "gradual", lambda *a, **k: (made.append(a[2].ratio), true(*a, **k))[1])
    assert run.run(what(), 0, tmp_path / "cut").points == wanted
    assert made == [10, 20], "what was done is not done again"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratios": (5.0,)}, "rival must come without .*; got ratios"),
        ({"fine_tuning": Training(epochs=1, learning_rate=0.1)}, "rival must come without .*; got fine_tuning"),
        ({"fine_tuned_ratios": ()}, "rival must come with fine_tuned_ratios"),
        ({"rival": {"name": "../x"}}, "String should match pattern"),
    ],
)
def test_what_does_not_belong_to_a_rival_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        what(**changes)


@pytest.mark.parametrize("name", RIVAL_NAMES)
def test_every_setting_that_is_written_down_is_taken_from_a_configuration(name):
    """A configuration holds numbers as floats, and some settings count."""
    images, labels = torch.rand(256, 1, 28, 28), torch.randint(10, (256,))
    for settings in rivals.TRIALS[name]:
        arguments = Rival(name=name, settings=tuple(settings.items())).arguments
        assert arguments == settings
        rate = arguments.pop("learning_rate", 0.01)
        model = run.network(what().unpruned, 0)
        masks = rivals.RIVALS[name](model, (images, labels), rivals.Plan(20, 10, min(rate, 0.01)), **arguments)
        assert masks.kept <= 13330
