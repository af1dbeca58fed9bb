"""Every field of a configuration is a flag, with the schema's words, and a mistake names flag, value and rule."""

import argparse

import pytest
from pydantic import BaseModel

from l0lib.cli import flags
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import Config
from tests.made_up import config

GRADUAL = {"first": 5, "training": {"epochs": 7, "learning_rate": 0.05}}


def parse(*arguments):
    parser = argparse.ArgumentParser()
    flags.add(parser)
    return flags.given(parser.parse_args(arguments))


def changed(*arguments, **arms):
    return flags.override(arms or {"one": config(arm="one")}, parse(*arguments))


def leaves(model, prefix=()):
    """The paths of all fields that are no sections, found without the module under test."""
    for name, info in model.model_fields.items():
        kinds = [kind for kind in (info.annotation, *getattr(info.annotation, "__args__", ())) if kind is not None]
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if sections:
            yield from leaves(sections[0], (*prefix, name))
        else:
            yield (*prefix, name)


def test_every_field_has_a_flag_and_no_flag_stands_twice():
    found = [field.flag for field in flags.fields()]
    assert len(set(found)) == len(found)
    wanted = {flags.flag(path) for path in leaves(Config)} - {"--profile"}
    assert wanted | {"--no-fine-tuning", "--no-gradual", "--no-teacher"} == set(found)


def test_the_help_is_that_of_the_schema():
    parser = argparse.ArgumentParser()
    flags.add(parser)
    said = " ".join(parser.format_help().split())
    assert "--training-penalty-alpha-l0 X factor of the smoothed l0 term" in said
    assert "--pruning {GP,LP,RP} global, layerwise or random" in said
    for field in flags.fields():
        if field.info.description:
            assert " ".join(field.info.description.split()) in said


def test_nothing_given_changes_nothing():
    arms = STUDIES["experiment-2"].arms("full")
    assert flags.override(arms, parse()) == arms


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        (["--training-epochs", "3"], lambda c: c.training.epochs == 3),
        (["--training-penalty-alpha-l0", "5e-5"], lambda c: c.training.penalty.alpha_l0 == 5e-5),
        (["--fine-tuning-learning-rate", "0.5"], lambda c: c.fine_tuning.learning_rate == 0.5),
        (["--ratios", "2,3.5"], lambda c: c.ratios == (2.0, 3.5)),
        (["--ratios", "none"], lambda c: c.ratios == ()),
        (["--training-bf16"], lambda c: c.training.bf16 is True),
        (["--no-training-bf16"], lambda c: c.training.bf16 is False),
        (["--pruning", "RP"], lambda c: c.pruning == "RP"),
        (["--no-fine-tuning", "--fine-tuned-ratios", "none"], lambda c: c.fine_tuning is None),
        (["--gradual-first", "4", "--gradual-training-epochs", "2", "--gradual-training-learning-rate", "0.1"],
         lambda c: c.gradual.first == 4 and c.gradual.training.epochs == 2),
    ],
)  # fmt: skip
def test_a_flag_sets_its_field_and_no_other(arguments, read):
    (found,) = changed(*arguments).values()
    assert read(found)
    named = {path[0] for path in parse(*arguments)}
    before = config(arm="one")
    for name in set(Config.model_fields) - named:
        assert getattr(found, name) == getattr(before, name)


def test_a_setting_of_a_section_is_for_the_arms_that_have_it():
    plain = config(arm="plain", fine_tuned_ratios=[], fine_tuning=None)
    flags = ["--fine-tuning-epochs", "3", "--fine-tuned-ratios", "30"]
    found = changed(*flags, plain=plain, tuned=config(arm="tuned"))
    assert found["plain"] == plain
    assert found["tuned"].fine_tuned_ratios == (30,)
    assert found["tuned"].fine_tuning.epochs == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--training-epochs", "0"], "arm one: --training-epochs: Input should be greater than or equal to 1; got '0'"),
        (["--training-epochs", "few"], "--training-epochs: Input should be a valid integer, .*; got 'few'"),
        (["--ratios", "2,0.5"], "--ratios: Input should be greater than or equal to 1; got '0.5'"),
        (["--ratios", "nan"], "--ratios: Input should be .*; got 'nan'"),
        (["--training-penalty-beta", "0.5"], "--training-penalty-beta: .* greater than or equal to 1; got '0.5'"),
        (["--no-fine-tuning"], "fine_tuned_ratios or removed_shares and fine_tuning must come together"),
        (["--training-penalty-strategy", "SEP"], "--training-penalty: strategy SEP needs the three"),
        (["--arm", "a/b"], "--arm: String should match pattern .*; got 'a/b'"),
        (["--gradual-first", "4"], "--gradual-training: Field required"),
    ],
)
def test_a_mistake_names_arm_flag_rule_and_value(arguments, message):
    with pytest.raises(flags.FlagError, match=message):
        changed(*arguments)


def test_two_arms_cannot_take_one_name():
    with pytest.raises(flags.FlagError, match="--arm must name one arm alone; got 'same' for two"):
        changed("--arm", "same", one=config(arm="one"), two=config(arm="two"))


def test_a_value_that_is_none_of_the_choices_is_refused_at_once(capsys):
    with pytest.raises(SystemExit):
        parse("--pruning", "XP")
    assert "argument --pruning: invalid choice: 'XP'" in capsys.readouterr().err
