"""The studies of CIFAR: what their arms share, and where the numbers come from."""

import fnmatch

import numpy as np
import pytest
import torch

from l0lib.compress import learning_rates, models, neurons
from l0lib.compress.neurons import blueprint
from l0lib.experiments import arms as cifar
from l0lib.experiments.arms import STUDIES
from l0lib.paper.beside import MORE


def test_arms_of_a_network_differ_in_the_penalty_alone():
    arms = STUDIES["experiment-3"].arms("full")
    for network in ("resnet-20", "vgg-16"):
        dense, norm = arms[f"{network}-dense"], arms[f"{network}-NORM"]
        assert dense.training.penalty == norm.training.penalty.l2_alone() == norm.fine_tuning.penalty
        assert dense.training.model_copy(update={"penalty": norm.training.penalty}) == norm.training
        assert (dense.variant, norm.variant, norm.dense_arm) == ("paper", "paper", f"{network}-dense")
        assert set(norm.fine_tuned_ratios) <= set(norm.ratios)
        assert STUDIES["experiment-3"].seeds_of(f"{network}-NORM") == ((0, 1, 2) if network == "resnet-20" else (0,))


def test_the_longer_arm_differs_in_its_epochs_alone_and_stays_out_of_the_comparisons():
    arms = STUDIES["experiment-3"].arms("full")
    longer, dense = arms[cifar.LONGER], arms["resnet-20-dense"]
    assert longer.training == dense.training.model_copy(update={"epochs": 60})
    assert longer.ratios == longer.fine_tuned_ratios == ()
    assert cifar.LONGER not in {arm.dense_arm for arm in arms.values()}
    assert not fnmatch.fnmatchcase(cifar.LONGER, "resnet-20-*"), "the ledger's missing runs of Table 5"
    assert STUDIES["experiment-3"].seeds_of(cifar.LONGER) == (0, 1, 2)


@pytest.mark.parametrize(("study", "count"), [("experiment-4", 4 * 3), ("experiment-5", 7 * 3)])
def test_a_sweep_changes_one_thing(study, count):
    arms = STUDIES[study].arms("full")
    assert len(arms) == count
    for name, arm in arms.items():
        small = arm.network == "resnet-20"
        assert name.removeprefix("short-").startswith(("resnet-20" if small else arm.dataset) + "-")
        assert study != "experiment-5" or arm.training.epochs == (10 if small else 100)
        base = arms[arm.dense_arm]
        assert base.penalty_name == "l2"
        assert (base.dataset, base.network) == (arm.dataset, arm.network)
        same = base.training.penalty
        changed = arm.training.penalty.model_copy(update={"alpha_l0": same.alpha_l0, "beta": same.beta})
        assert arm.training.model_copy(update={"penalty": changed}) == base.training


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_the_papers_factors_are_swept(dataset):
    arms = [a for s in ("experiment-4", "experiment-5") for a in STUDIES[s].arms("full").values()]
    swept = [(arm.experiment, arm.training.penalty) for arm in arms if arm.dataset == dataset]
    factors = [p.alpha_l0 for study, p in swept if study == "experiment-4"]
    paper = np.array([0, 1e-7, 2.5e-7, 5e-7])
    scales = (40,) if dataset == "cifar10" else (40, 1)
    assert factors == pytest.approx(np.concatenate([times * paper for times in scales]))
    points = {(p.beta, p.alpha_l0) for study, p in swept if study == "experiment-5" and p.alpha_l0}
    papers = {(b, a) for b in (5, 10) for a in (1e-7, 5e-7, 1e-6)}
    small = {(b, a) for b in (5, 10) for a in (1e-6, 5e-6, 1e-5)} if dataset == "cifar10" else set()
    assert points == papers | small


def test_the_small_sweep_of_the_betas_reaches_as_far():
    arms = STUDIES["experiment-5"].arms("full")
    small = {
        (a.training.penalty.beta, a.training.penalty.alpha_l0): a for a in arms.values() if a.network == "resnet-20"
    }
    assert len(small) == 7
    for large in (a for a in arms.values() if a.dataset == "cifar100"):
        penalty = large.training.penalty
        other = small[penalty.beta, round(10 * penalty.alpha_l0, 12)].training
        assert other.learning_rate == large.training.learning_rate
        assert other.schedule == large.training.schedule
        assert other.epochs * other.penalty.alpha_l0 == pytest.approx(large.training.epochs * penalty.alpha_l0)


def test_the_scaled_sweep_reaches_as_far_and_shares_two_networks_with_experiment_3():
    arms, others = STUDIES["experiment-4"].arms("full"), STUDIES["experiment-3"].arms("full")

    def reached(arm):
        how = arm.training
        steps = 391 * how.epochs
        rates = learning_rates(how.schedule, steps, how.learning_rate, round(391 * how.warm_up))
        return how.penalty.alpha_l0 * sum(rates)

    for small, large in zip(cifar.SCALED_4, cifar.ALPHAS_4, strict=True):
        short = arms[f"short-cifar100-{small:g}"]
        assert short.training == arms[f"cifar10-{small:g}"].training
        if large:
            ratio = reached(short) / reached(arms[f"cifar100-{large:g}"])
            assert ratio == pytest.approx(1, abs=0.06), "but for the epoch in which the rate rises"
    for mine, theirs in (("cifar10-0", "vgg-16-dense"), ("cifar10-1e-05", "vgg-16-NORM")):
        assert arms[mine].unpruned.digest() == others[theirs].unpruned.digest()


@pytest.mark.parametrize("study", [f"experiment-{n}" for n in (3, 4, 5, 6)] + ["recalibration"])
def test_in_small_they_run_on_the_embedded_photographs(study):
    for name, arm in STUDIES[study].arms("fast").items():
        assert (arm.arm, arm.dataset, arm.profile) == (name, "photographs", "fast")
        assert arm.training.epochs <= 2
        assert not arm.training.bf16


def test_neurons_go_from_the_networks_of_experiment_3_and_from_two_controls():
    arms, others = STUDIES["experiment-6"].arms("full"), STUDIES["experiment-3"].arms("full")
    # each study by itself: both have an arm vgg-16-l2
    here, there = ({name: arm.unpruned.digest() for name, arm in study.items()} for study in (arms, others))
    assert set(here) == {"vgg-16-NORM", "vgg-16-l2", "vgg-16-scratch"}
    assert here["vgg-16-NORM"] == there["vgg-16-NORM"] != there["vgg-16-dense"]
    assert here["vgg-16-l2"] == here["vgg-16-scratch"] == there["vgg-16-l2"] == there["vgg-16-dense"]
    assert arms["vgg-16-scratch"].removed_ratios == (1, 1)
    image = torch.zeros(1, 3, 32, 32)
    model = models.VGG16(0)
    plan = blueprint(model, image)
    whole = sum(layer.multiply_adds for layer in plan.without())
    for share, flops in zip(arms["vgg-16-NORM"].removed_shares, (27.75, 42.7, 27.75, 42.7), strict=True):
        going = neurons.smallest_neurons(neurons.neurons(model, image), share)
        saved = 100 * (1 - sum(layer.multiply_adds for layer in plan.without(going)) / whole)
        assert flops <= saved <= flops + MORE, "so the row of Table 7 is found"


def test_statistics_are_measured_anew_on_the_networks_of_experiment_3():
    arms, others = STUDIES["recalibration"].arms("full"), STUDIES["experiment-3"].arms("full")
    assert set(arms) == set(others) - {"resnet-20-l2", "vgg-16-l2", cifar.LONGER}
    for name, arm in arms.items():
        assert arm.unpruned.digest() == others[name].unpruned.digest()
        assert arm.recalibrated
        assert arm.ratios[0] == 1
        assert set(arm.ratios[1:]) < set(others[name].ratios)
        assert set(arm.ratios) >= set(cifar.PHOTOGRAPHS_FINE_TUNED[arm.network])
        assert arm.fine_tuning is None


def test_the_control_has_the_epochs_of_norm_and_no_l0_term():
    arms = STUDIES["experiment-3"].arms("full")
    for network in ("resnet-20", "vgg-16"):
        norm, control, dense = (arms[f"{network}-{name}"] for name in ("NORM", "l2", "dense"))
        assert control.penalty_name == "l2"
        assert control.training == dense.training
        assert control.fine_tuning == norm.fine_tuning
        assert control.fine_tuned_ratios == norm.fine_tuned_ratios
        assert control.dense_arm == dense.arm
