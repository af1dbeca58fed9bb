"""Weights kept with the book find the run they came from, become plain arrays and scripts, and say what is wrong."""

import numpy as np
import pytest
import torch

from l0lib import compress
from l0lib.chapters import kept_networks
from l0lib.chapters.image_networks import read_script
from l0lib.compress import models, storage
from l0lib.experiments import records
from l0lib.experiments import stored as on_record
from l0lib.experiments.records import RECORDS
from l0lib.experiments.run import _count as point
from tests import made_up

SCRIPTS = RECORDS.parent / "assets" / "networks"


def stored(folder, relu_after_pools):
    """A pruned network in a file, and a record of it among others."""
    model = compress.lenet_5_caffe(4, relu_after_pools=relu_after_pools)
    compress.prune_global(model, 100)
    storage.save(dict(model.state_dict()), folder / "net.l0")
    what = {"network": "lenet-5-caffe", "arm": "lenet-5-caffe-NORM", "relu_after_pools": relu_after_pools}
    made = made_up.record(0, **what, ratios=[], fine_tuned_ratios=[100])
    counted = point(model, torch.zeros(28, 28), 100, fine_tuned=True)
    found = records.Point(**counted, measured=records.Measured(errors=104, images=10_000))
    records.write(made.model_copy(update={"points": (found,)}), folder)
    records.write(made_up.record(1, **what, ratios=[], fine_tuned_ratios=[100]), folder)
    return model


def test_weights_find_their_record_which_knows_how_they_were_trained(tmp_path):
    for relu in (False, True):
        model = stored(tmp_path, relu)
        found = kept_networks.load_lenet(tmp_path / "net.l0", relu_after_pools=not relu, folder=tmp_path)
        assert found.model.relu_after_pools is relu
        assert found.record.seed == 0
        assert found.point.measured.errors == 104
        assert "seed 0" in str(found)
        assert "test error 1.04 %" in str(found)
        x = torch.rand(2, 28, 28)
        assert torch.equal(found.model(x), model.eval()(x))
        assert found.plain.name == "LeNet-5-Caffe"


def test_weights_of_no_record_are_called_a_stand_in(tmp_path):
    model = stored(tmp_path, True)
    with torch.no_grad():
        model.output.weight[model.output.weight == 0] = 1e-3
    storage.save(dict(model.state_dict()), tmp_path / "other.l0")
    found = kept_networks.load_lenet(tmp_path / "other.l0", folder=tmp_path)
    assert found.record is None
    assert str(found) == "No record belongs to these weights: a stand-in, trained in a hurry, and no result."


def test_examples_are_one_of_each():
    assert kept_networks.digit_examples().shape == (10, 28, 28)


def with_statistics(model):
    return {name: values for name, values in model.state_dict().items() if values.is_floating_point()}


def test_a_network_comes_back_with_its_statistics_and_its_record(tmp_path):
    model = models.ResNet20(seed=3)
    part = compress.embedded_photographs().train
    compress.recalibrate(model, part, batch_size=100)
    compress.prune_global(model, 8, spare=compress.norm_parameters(model))
    storage.save(with_statistics(model), tmp_path / "net.l0")
    what = {"network": "resnet-20", "arm": "resnet-20-NORM", "dataset": "cifar10", "ratios": []}
    made = made_up.record(1, what=made_up.config(**what, fine_tuned_ratios=[8]))
    counted = point(model, torch.zeros(3, 32, 32), 8, fine_tuned=True)
    found = records.Point(**counted, measured=records.Measured(errors=1105, images=10_000))
    records.write(made.model_copy(update={"points": (found,)}), tmp_path)

    its = kept_networks.load_resnet(tmp_path / "net.l0", tmp_path)
    assert not its.model.training
    images, _ = part.tensors()
    with torch.no_grad():
        assert torch.equal(its.model.eval()(images[:4]), model.eval()(images[:4]))
    assert its.bytes_on_disk == (tmp_path / "net.l0").stat().st_size
    assert str(its).startswith("Stored: Experiment 2, ResNet-20, NORM, seed 1")
    assert "test error 11.05 %" in str(its)
    assert its.name == "ResNet-20, NORM, 8×"


def test_the_table_calls_networks_by_their_names():
    paths = {name: on_record.weights(name) for name in ("lenet-300-100", "lenet-5-caffe")}
    table = kept_networks.table(paths | {"lenet-5-caffe": None})
    kept, missing = table.rows
    assert kept[0].startswith("LeNet-300-100, ")
    assert kept[0].endswith("×")
    assert kept[1] == f"{paths['lenet-300-100'].stat().st_size:,}"
    assert kept[-1].endswith(" of 5,000")
    assert missing[:2] == ("LeNet-5-Caffe", "not recorded yet")
    assert ".l0" not in f"{table.caption}{table.rows}"


def test_another_network_is_refused(tmp_path):
    storage.save(dict(compress.lenet_300_100().state_dict()), tmp_path / "other.l0")
    with pytest.raises(
        ValueError, match=r"statistics of ResNet-20: convolution.weight is of shape \(16, 3, 3, 3\); got nothing"
    ):
        kept_networks.load_resnet(tmp_path / "other.l0")
    storage.save(with_statistics(models.ResNet20(0, 100)), tmp_path / "hundred.l0")
    with pytest.raises(ValueError, match=r"output.weight is of shape \(10, 64\); got \(100, 64\)"):
        kept_networks.load_resnet(tmp_path / "hundred.l0")
    storage.save({**with_statistics(models.ResNet20()), "more": torch.ones(2)}, tmp_path / "more.l0")
    with pytest.raises(ValueError, match=r"more is no part of it; got \(2,\)"):
        kept_networks.load_resnet(tmp_path / "more.l0")


def test_photographs_are_standardised_by_the_colours_of_the_whole_dataset():
    part = compress.embedded_photographs().test
    images, labels = kept_networks.standardised(part)
    means, deviations = (torch.tensor(v).view(3, 1, 1) for v in (kept_networks.MEANS,
                                                                 kept_networks.DEVIATIONS))  # fmt: skip
    assert torch.allclose(images * deviations + means, part.tensors()[0], atol=1e-6)
    assert torch.equal(labels, part.tensors()[1])


def test_the_network_of_chapter_11_is_kept():
    assert on_record.weights("resnet-20-SEP") is not None


@pytest.mark.parametrize("path", sorted((RECORDS / "weights").glob("resnet-*.l0")), ids=lambda path: path.name)
def test_committed_weights_are_small_on_record_and_know_photographs(path):
    its = kept_networks.load_resnet(path)
    assert its.bytes_on_disk < 150_000
    assert its.record is not None
    assert path.stem == f"{its.record.config.arm}-{its.point.requested:g}x"
    known = kept_networks.standardised(compress.embedded_photographs().train)
    assert compress.evaluate(its.model, known).error < 0.15


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_a_committed_script_holds_a_dense_network_that_reads_digits(path):
    assert path.stat().st_size <= kept_networks.SCRIPT_LIMIT
    network = read_script(path)
    assert network.nonzero > 0.99 * network.parameters
    assert f'["{path.stem}"]' in path.read_text("ascii")[:80]
    test = compress.embedded_digits().test
    found = network.scores(test.images[:200] / 255).argmax(axis=1)
    assert np.mean(found == test.labels[:200]) > 0.95


@pytest.mark.parametrize("path", sorted((RECORDS / "weights").glob("lenet-*.l0")), ids=lambda path: path.name)
def test_committed_weights_are_small_and_read_digits(path):
    stored = kept_networks.load_lenet(path)
    assert stored.bytes_on_disk < 40_000
    assert compress.compression_ratio(stored.model) > 50
    assert compress.evaluate(stored.model, compress.embedded_digits().test).error < 0.05


@pytest.fixture
def model():
    return compress.lenet_5_caffe(5, relu_after_pools=True)


def test_stored_weights_become_a_script_that_fits(model, tmp_path, capsys):
    storage.save(dict(model.state_dict()), tmp_path / "dense.l0")
    target = tmp_path / "networks" / "lenet-5-caffe.js"
    assert kept_networks.main([str(target), "--weights", str(tmp_path / "dense.l0")]) == 0
    assert target.stat().st_size <= kept_networks.SCRIPT_LIMIT
    assert f"431,080 parameters in half precision, {target.stat().st_size:,} bytes" in capsys.readouterr().out
    assert '["lenet-5-caffe"]' in target.read_text()[:60]
    back, x = read_script(target), kept_networks.digit_examples() / 255
    assert back.name == "lenet-5-caffe"
    with torch.no_grad():
        want = model(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(back.scores(x), want, atol=2e-3 * np.abs(want).max())


def test_checkpoint_of_a_training_will_do(tmp_path):
    data = compress.embedded_digits().train
    model = compress.lenet_300_100(1)
    compress.train(model, data, epochs=1, learning_rate=0.1, checkpoint=tmp_path / "network.checkpoint")
    back = kept_networks.read_dense(tmp_path / "network.checkpoint")
    for a, b in zip(model.parameters(), back.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_cannot_be_read_is_said(tmp_path, capsys):
    assert kept_networks.main([str(tmp_path / "x.js"), "--weights", str(tmp_path / "none.l0")]) == 1
    assert "none.l0" in capsys.readouterr().err
    storage.save({"a": torch.ones(2)}, tmp_path / "other.l0")
    assert kept_networks.main([str(tmp_path / "x.js"), "--weights", str(tmp_path / "other.l0")]) == 1
    assert "must hold the weights of LeNet-300-100 or LeNet-5-Caffe; got a" in capsys.readouterr().err
    assert not (tmp_path / "x.js").exists()


def test_a_script_too_large_is_not_written(model, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_networks, "SCRIPT_LIMIT", 1000)
    with pytest.raises(ValueError, match="a script must have at most 1,000 bytes"):
        kept_networks.write_script(model, tmp_path / "x.js")
    assert not (tmp_path / "x.js").exists()
