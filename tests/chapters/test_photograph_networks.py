"""Stored networks of photographs: whole, with their statistics, and the run that they came from."""

import pytest
import torch

from l0lib import compress
from l0lib.chapters import photograph_networks
from l0lib.compress import models, storage
from l0lib.experiments import records, stored
from l0lib.experiments.points import count as point
from l0lib.experiments.records import RECORDS
from tests import made_up


def kept(model):
    return {name: values for name, values in model.state_dict().items() if values.is_floating_point()}


def test_a_network_comes_back_with_its_statistics_and_its_record(tmp_path):
    model = models.ResNet20(seed=3)
    part = compress.embedded_photographs().train
    compress.recalibrate(model, part, batch_size=100)
    compress.prune_global(model, 8, spare=compress.norm_parameters(model))
    storage.save(kept(model), tmp_path / "net.l0")
    what = {"network": "resnet-20", "arm": "resnet-20-NORM", "dataset": "cifar10", "ratios": []}
    made = made_up.record(1, what=made_up.config(**what, fine_tuned_ratios=[8]))
    counted = point(model, torch.zeros(3, 32, 32), 8, fine_tuned=True)
    found = records.Point(**counted, measured=records.Measured(errors=1105, images=10_000))
    records.write(made.model_copy(update={"points": (found,)}), tmp_path)

    its = photograph_networks.load(tmp_path / "net.l0", tmp_path)
    assert not its.model.training
    images, _ = part.tensors()
    with torch.no_grad():
        assert torch.equal(its.model.eval()(images[:4]), model.eval()(images[:4]))
    assert its.bytes_on_disk == (tmp_path / "net.l0").stat().st_size
    assert "resnet-20-NORM, seed 1" in str(its)
    assert "test error 11.05 %" in str(its)


def test_another_network_is_refused(tmp_path):
    storage.save(dict(compress.lenet_300_100().state_dict()), tmp_path / "other.l0")
    with pytest.raises(
        ValueError, match=r"statistics of ResNet-20: convolution.weight is of shape \(16, 3, 3, 3\); got nothing"
    ):
        photograph_networks.load(tmp_path / "other.l0")
    storage.save(kept(models.ResNet20(0, 100)), tmp_path / "hundred.l0")
    with pytest.raises(ValueError, match=r"output.weight is of shape \(10, 64\); got \(100, 64\)"):
        photograph_networks.load(tmp_path / "hundred.l0")
    storage.save({**kept(models.ResNet20()), "more": torch.ones(2)}, tmp_path / "more.l0")
    with pytest.raises(ValueError, match=r"more is no part of it; got \(2,\)"):
        photograph_networks.load(tmp_path / "more.l0")


def test_photographs_are_standardised_by_the_colours_of_the_whole_dataset():
    part = compress.embedded_photographs().test
    images, labels = photograph_networks.standardised(part)
    means, deviations = (torch.tensor(v).view(3, 1, 1) for v in (photograph_networks.MEANS,
                                                                 photograph_networks.DEVIATIONS))  # fmt: skip
    assert torch.allclose(images * deviations + means, part.tensors()[0], atol=1e-6)
    assert torch.equal(labels, part.tensors()[1])


def test_the_network_of_chapter_11_is_kept():
    assert stored.weights("resnet-20-SEP") is not None


@pytest.mark.parametrize("path", sorted((RECORDS / "weights").glob("resnet-*.l0")), ids=lambda path: path.name)
def test_committed_weights_are_small_on_record_and_know_photographs(path):
    its = photograph_networks.load(path)
    assert its.bytes_on_disk < 150_000
    assert its.record is not None
    assert path.stem == f"{its.record.config.arm}-{its.point.requested:g}x"
    known = photograph_networks.standardised(compress.embedded_photographs().train)
    assert compress.evaluate(its.model, known).error < 0.15
