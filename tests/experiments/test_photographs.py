"""Runs of networks with batch normalisation, here and on a machine without our checks."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from l0lib import compress
from l0lib.compress import Dataset, Part, checkpoints, models, storage
from l0lib.experiments import records
from l0lib.experiments import run as runner
from l0lib.experiments.arms import STUDIES
from l0lib.experiments.config import Config, PenaltySettings, Training
from l0lib.experiments.results import results
from tests.browser import ROOT

PENALTY = PenaltySettings(strategy="NORM", alpha_l2=1e-4, alpha_l0=1e-5, beta=5)
SHORT = Training(epochs=1, learning_rate=0.05, shift=4, mirror=True, batch_size=64, penalty=PENALTY)


def config(**more):
    settings = {
        "experiment": "tests",
        "arm": "resnet",
        "network": "resnet-20",
        "dataset": "photographs",
        "profile": "fast",
        "training": SHORT,
        "ratios": (2, 5),
        "fine_tuned_ratios": (5,),
        "fine_tuning": SHORT.model_copy(update={"penalty": PENALTY.l2_alone()}),
    }
    return Config(**{**settings, **more})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return folder, runner.run(config(), 0, folder)


def test_a_record_counts_trained_parameters_and_spares_the_normalisations(made):
    _, record = made
    assert (record.train, record.test) == (500, 100)
    assert [(p.requested, p.fine_tuned, p.parameters) for p in record.points] == [
        (2, False, 273_066),
        (5, False, 273_066),
        (5, True, 273_066),
    ]
    for point in record.points:
        norms = [layer for layer in point.layers if "norm" in layer.name]
        assert sum(layer.parameters for layer in norms) == 1376
        assert all(layer.nonzero >= layer.parameters // 2 for layer in norms), "scales stay; new shifts are zero"
    # biases in front of a normalisation get no gradient beyond rounding, and nothing else is zero by itself
    assert 5 <= record.points[-1].ratio < 5.2


REMOVAL = {"ratios": (), "fine_tuned_ratios": (), "removed_shares": (0.25, 0.25), "removed_ratios": (1.0, 10.0)}


@pytest.fixture(scope="module")
def removed(made):
    folder, _ = made
    return runner.run(config(arm="NP", **REMOVAL), 0, folder)


def test_neurons_are_removed_and_counted_against_the_whole_network(made, removed):
    folder, whole = made
    assert len(list(folder.glob("trained-*"))) == 1, "one network before pruning serves both arms"
    alone, pruned = removed.points
    for point in (alone, pruned):
        assert (point.parameters, point.multiply_adds) == (273_066, whole.points[0].multiply_adds)
        assert (point.removed.share, point.fine_tuned) == (0.25, True)
        # a quarter of all units, three quarters squared of the weights and multiply-adds, but for the first layer
        assert 0.55 < point.removed.parameters / point.parameters < 0.6
        assert 0.55 < point.removed.multiply_adds / point.multiply_adds < 0.6
        assert sum(layer.parameters for layer in point.layers) == point.removed.parameters
        # biases are few, so both ratios are nearly the same: those of the whole network
        assert point.weights_only_ratio == pytest.approx(point.ratio, rel=0.15)
        assert point.weights_only_ratio > 1.5
    assert alone.requested == 1
    assert alone.nonzero <= alone.removed.parameters
    assert 10 <= pruned.ratio < 10.5
    np, both = results([whole, removed], profile="fast")[-2:]
    assert (np.pruning, both.pruning, np.removed) == ("NP", "NP+GP", 0.25)
    assert np.structural_reduction == both.structural_reduction == pytest.approx(1 / 0.57, abs=0.06)


def test_a_shape_that_starts_anew_trains_for_all_epochs(made, removed, monkeypatch):
    folder, _ = made
    seen, train = [], compress.train

    def watched(model, data, penalty, **how):
        seen.append((how["epochs"], {name: p.detach().clone() for name, p in model.named_parameters()}))
        return train(model, data, penalty, **how)

    monkeypatch.setattr(compress, "train", watched)
    what = {**REMOVAL, "removed_shares": (0.25,), "removed_ratios": (1.0,)}
    anew = runner.run(config(arm="scratch", from_scratch=True, **what), 0, folder)
    (_, _), (epochs, start) = seen
    assert epochs == 2
    assert all((start[name] == 1).all() for name in start if "norm" in name and name.endswith("weight"))
    assert anew.points[0].removed == removed.points[0].removed


def test_recalibrated_networks_are_the_pruned_ones_with_other_statistics(made):
    folder, record = made
    what = {"ratios": (1, 5), "fine_tuned_ratios": (), "fine_tuning": None}
    anew = runner.run(config(arm="anew", recalibrated=True, **what), 0, folder)
    assert anew.dense == record.dense, "the network before pruning is measured as it is"
    assert anew.config.variant == "beyond"
    pruned = next(point for point in record.points if (point.requested, point.fine_tuned) == (5, False))
    assert anew.points[1].layers == pruned.layers
    assert anew.points[1].measured.wrong != pruned.measured.wrong
    (checkpoint,) = folder.glob("trained-*/seed-0/network.checkpoint")
    model = models.ResNet20()
    model.load_state_dict(checkpoints.load(checkpoint)["model"])
    data = runner.split("photographs", "test")
    for point in anew.points:
        other = copy.deepcopy(model)
        compress.prune_global(other, point.requested, spare=compress.norm_parameters(other))
        compress.recalibrate(other, data.fit, shift=4, mirror=True, seed=0)
        assert compress.evaluate(other, data.measure).errors == point.measured.errors


def test_what_could_not_be_asked_for_before_changes_no_name():
    before = config().model_dump()
    assert "recalibrated" not in before
    assert Config.model_validate(before) == config()
    asked = config(recalibrated=True, fine_tuned_ratios=(), fine_tuning=None)
    assert Config.model_validate_json(asked.model_dump_json()) == asked


@pytest.mark.parametrize("more", [{}, {"network": "lenet-300-100", "dataset": "digits", "fine_tuned_ratios": (),
                                       "fine_tuning": None}])  # fmt: skip
def test_only_what_is_just_pruned_and_normalised_is_recalibrated(more):
    with pytest.raises(ValidationError, match="recalibrated belongs to ratios without fine-tuning, of a network with"):
        config(recalibrated=True, **more)


def test_shares_and_ratios_go_together():
    with pytest.raises(ValidationError, match="removed_ratios must have one entry for each of removed_shares"):
        config(removed_shares=(0.5,))
    with pytest.raises(ValidationError, match="removed_shares belongs to networks of photographs"):
        config(network="lenet-300-100", dataset="digits", **REMOVAL)


def test_the_stored_weights_are_the_measured_network(made):
    folder, record = made
    (file,) = folder.glob("tests-resnet-*/seed-0/5x.l0")
    model = models.ResNet20()
    missing = model.load_state_dict(storage.load(file), strict=False)
    assert not missing.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys)
    assert compress.count_nonzero_parameters(model) == record.points[-1].nonzero
    measured = compress.evaluate(model, runner.split("photographs", "test").measure)
    assert measured.errors == record.points[-1].measured.errors


def test_photographs_are_centred_by_what_is_fitted():
    x = runner.split("photographs", "validation").fit[0]
    assert torch.allclose(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(x.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_crops_and_mirrors_are_customary_on_photographs_and_more_on_digits():
    assert config().variant == "paper"
    digits = {"network": "lenet-300-100", "dataset": "digits", "fine_tuning": Training(epochs=1, learning_rate=0.1)}
    assert config(**digits).variant == "beyond"
    assert config(**digits, training=SHORT.model_copy(update={"shift": 0, "mirror": False})).variant == "paper"


def test_a_network_takes_its_own_kind_of_images():
    with pytest.raises(ValidationError, match="dataset of resnet-20 must be one of cifar10, cifar100, photographs"):
        config(dataset="mnist")


@pytest.mark.parametrize(("study", "arm"), [("experiment-4", "cifar100-2.5e-07"), ("experiment-5", "cifar100-5-1e-07")])
def test_sweeps_run_on_data_of_the_shape_of_cifar_100(study, arm, tmp_path, monkeypatch):
    """Random images in a hundred classes, in place of the 50,000, in float32: a CPU may take minutes for bfloat16."""
    random = np.random.default_rng(0)

    def part(number):
        images = random.integers(0, 256, (number, 3, 32, 32), dtype=np.uint8)
        return Part(images, (np.arange(number) % 100).astype(np.uint8))

    nothing = Part(np.zeros((0, 3, 32, 32), np.uint8), np.zeros(0, np.uint8))
    data = Dataset(part(100), nothing, part(100))
    monkeypatch.setitem(runner._WHOLE, "cifar100", lambda validation: data)
    runner.split.cache_clear()
    full = STUDIES[study].arms("full")[arm]
    short = full.training.model_copy(update={"epochs": 1, "warm_up": 0.0, "bf16": False})
    record = runner.run(full.model_copy(update={"training": short, "ratios": full.ratios[-1:]}), 0, tmp_path)
    runner.split.cache_clear()
    assert (record.config.dataset, record.train, record.test) == ("cifar100", 100, 100)
    (point,) = record.points
    outputs = point.layers[-1]
    assert outputs.parameters % 100 == 0, "weights and a bias for each of a hundred classes"
    assert point.ratio == pytest.approx(100, rel=1e-3)
    assert len(record.history) == 2
    assert all(epoch.loss is not None for epoch in record.history[1:])


BARE = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"optuna", "distributed", "dask", "platformdirs", "mlxtend", "IPython", "onnx",
                                      "matplotlib", "ipywidgets", "torchvision", "torch_pruning"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Refuse())
from l0lib import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_machine_with_little_more_than_torch_and_pydantic_makes_the_same_run(tmp_path):
    """Eleven packages are refused there; the record is the one that is made here."""
    words = ["run", "experiment-3", "--arms", "resnet-20-NORM", "--seeds", "0", "--device", "cpu", "--records"]
    short = [word for text in ("training.epochs=1", "fine_tuning=none", "fine_tuned_ratios=none", "ratios=5")
             for word in ("--set", text)]  # fmt: skip
    found = []
    for name, program in (("there", ["-c", BARE]), ("here", ["-m", "l0lib"])):
        folders = [str(tmp_path / name / "records"), "--runs", str(tmp_path / name / "runs")]
        done = subprocess.run(
            [sys.executable, *program, *words, *folders, *short], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found += records.read_all(tmp_path / name / "records")
    there, here = (record.model_dump(exclude={"origin"}) for record in found)
    assert there == here
