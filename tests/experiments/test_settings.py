"""``--set``: every setting of a run by its name, and a mistake names arm, setting, value and rule."""

import pytest
from pydantic import BaseModel

from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import Config, SettingError, with_settings
from tests.made_up import config


def changed(*texts, **arms):
    settings = dict(text.split("=", 1) for text in texts)
    return with_settings(arms or {"one": config(arm="one")}, settings)


def leaves(model, prefix=()):
    """The names of all fields that are no sections, found without the module under test."""
    for name, info in model.model_fields.items():
        kinds = [kind for kind in (info.annotation, *getattr(info.annotation, "__args__", ())) if kind is not None]
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if sections:
            yield from leaves(sections[0], (*prefix, name))
        else:
            yield ".".join((*prefix, name))


@pytest.mark.parametrize("name", sorted(set(leaves(Config)) - {"profile"}))
def test_every_field_can_be_set(name):
    """A text that no field takes is refused by the field's own rule, not as an unknown setting."""
    with pytest.raises(SettingError) as told:
        changed(f"{name}=!")
    assert "a setting of" not in str(told.value)


def test_the_dense_arm_is_a_name_or_none():
    assert changed("dense_arm=other")["one"].dense_arm == "other"
    assert changed("dense_arm=")["one"].dense_arm == ""


def test_nothing_given_changes_nothing():
    arms = STUDIES["experiment-2"].arms("full")
    assert with_settings(arms, {}) == arms


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        (["training.epochs=3"], lambda c: c.training.epochs == 3),
        (["training.penalty.alpha_l0=5e-5"], lambda c: c.training.penalty.alpha_l0 == 5e-5),
        (["fine_tuning.learning_rate=0.5"], lambda c: c.fine_tuning.learning_rate == 0.5),
        (["ratios=2,3.5"], lambda c: c.ratios == (2.0, 3.5)),
        (["ratios=20"], lambda c: c.ratios == (20.0,)),
        (["ratios=none"], lambda c: c.ratios == ()),
        (["training.bf16=true"], lambda c: c.training.bf16 is True),
        (["training.bf16=false"], lambda c: c.training.bf16 is False),
        (["pruning=RP"], lambda c: c.pruning == "RP"),
        (["fine_tuning=none", "fine_tuned_ratios=none"], lambda c: c.fine_tuning is None),
        (
            ["gradual.first=4", "gradual.training.epochs=2", "gradual.training.learning_rate=0.1"],
            lambda c: c.gradual.first == 4 and c.gradual.training.epochs == 2,
        ),
    ],
)
def test_a_setting_sets_its_field_and_no_other(settings, read):
    (found,) = changed(*settings).values()
    assert read(found)
    named = {text.split("=")[0].split(".")[0] for text in settings}
    before = config(arm="one")
    for name in set(Config.model_fields) - named:
        assert getattr(found, name) == getattr(before, name)


def test_a_setting_of_a_section_is_for_the_arms_that_have_it():
    plain = config(arm="plain", fine_tuned_ratios=[], fine_tuning=None)
    found = changed("fine_tuning.epochs=3", "fine_tuned_ratios=30", plain=plain, tuned=config(arm="tuned"))
    assert found["plain"] == plain
    assert found["tuned"].fine_tuned_ratios == (30,)
    assert found["tuned"].fine_tuning.epochs == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epochs=0", "arm one: training.epochs: Input should be greater than or equal to 1; got '0'"),
        ("training.epochs=few", "training.epochs: Input should be a valid integer, .*; got 'few'"),
        ("ratios=2,0.5", "ratios: Input should be greater than or equal to 1; got '0.5'"),
        ("ratios=nan", "ratios: Input should be .*; got 'nan'"),
        ("training.penalty.beta=0.5", "training.penalty.beta: .* greater than or equal to 1; got '0.5'"),
        ("fine_tuning=none", "fine_tuned_ratios or removed_shares and fine_tuning must come together"),
        ("training.penalty.strategy=SEP", "training.penalty: strategy SEP needs the three"),
        ("pruning=XP", "pruning: Input should be 'GP', 'LP' or 'RP'; got 'XP'"),
        ("arm=a/b", "arm: String should match pattern .*; got 'a/b'"),
        ("gradual.first=4", "gradual.training: Field required"),
        ("training.epoch=4", "a setting of training must be one of epochs, learning_rate, .*; got 'training.epoch'"),
        ("epochs=4", "a setting of a run must be one of experiment, arm, .*; got 'epochs'"),
        ("profile=full", "a setting of a run must be one of experiment, arm, .*; got 'profile'"),
        ("training.epochs.x=4", "a setting of training.epochs must be nothing: it is one value; got"),
        ("training=none", "arm one: training: "),
        ("gradual=4", "arm one: gradual: "),
    ],
)
def test_a_mistake_names_arm_setting_rule_and_value(setting, message):
    with pytest.raises(SettingError, match=message):
        changed(setting)


def test_two_arms_cannot_take_one_name():
    with pytest.raises(SettingError, match="arm must name one arm alone; got 'same' for two"):
        changed("arm=same", one=config(arm="one"), two=config(arm="two"))
