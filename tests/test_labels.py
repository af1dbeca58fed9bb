"""Readers' names: every run of the book has one, and no two of a study share it."""

import pytest

from l0lib import labels
from l0lib.experiments.arms import STUDIES


@pytest.mark.parametrize(
    ("arm", "short", "whole"),
    [
        ("lenet-300-100-NORM", "NORM", "LeNet-300-100, NORM"),
        ("resnet-20-l2", "ℓ2 alone", "ResNet-20, ℓ2 alone"),
        ("longer-resnet-20-dense", "dense, longer training", "ResNet-20, dense, longer training"),
        ("vgg-16-scratch", "from scratch", "VGG-16, from scratch"),
        ("lenet-5-caffe-gradual-shift", "gradual, shifted images", "LeNet-5-Caffe, gradual, shifted images"),
        ("lenet-5-caffe-hard-concrete", "hard concrete", "LeNet-5-Caffe, hard concrete"),
        ("cifar10-4e-06", "α₀ = 4·10⁻⁶", "CIFAR-10, α₀ = 4·10⁻⁶"),
        ("cifar100-2.5e-07", "α₀ = 2.5·10⁻⁷", "CIFAR-100, α₀ = 2.5·10⁻⁷"),
        ("short-cifar100-1e-05", "α₀ = 10⁻⁵", "CIFAR-100, short training, α₀ = 10⁻⁵"),
        ("cifar10-0", "without ℓ0", "CIFAR-10, without ℓ0"),
        ("resnet-20-10-5e-06", "β = 10, α₀ = 5·10⁻⁶", "ResNet-20, β = 10, α₀ = 5·10⁻⁶"),
        ("resnet-20-5-0", "without ℓ0", "ResNet-20, without ℓ0"),
        ("l2+l0-GP", "ℓ2 + ℓ0, global", "ℓ2 + ℓ0, global"),
    ],
)
def test_a_run_is_called_as_readers_would(arm, short, whole):
    assert (labels.run(arm), labels.run(arm, network=True)) == (short, whole)


@pytest.mark.parametrize("study", [name for name, study in STUDIES.items() if not study.grid])
def test_no_two_runs_of_a_study_have_one_name(study):
    arms = STUDIES[study].arms("full")
    assert len({labels.run(arm, network=True) for arm in arms}) == len(arms)


@pytest.mark.parametrize(
    ("arm", "found"),
    [("cifar10-4e-06", (0, 4e-6)), ("cifar100-0", (0, 0)), ("resnet-20-10-5e-06", (10, 5e-6)), ("resnet-20-NORM", None),
     ("lenet-300-100-dense", None), ("l0-GP", None)],
)  # fmt: skip
def test_a_sweep_knows_its_settings(arm, found):
    assert labels.setting(arm) == found


def test_a_study_is_called_as_the_paper_calls_it():
    assert labels.study("experiment-4") == "Experiment 4"
    assert labels.study("beyond") == "beyond"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1e-5, "10⁻⁵"), (4e-6, "4·10⁻⁶"), (2.5e-7, "2.5·10⁻⁷")])
def test_a_small_factor_is_written_with_a_power_of_ten(value, text):
    assert labels.scientific(value) == text
