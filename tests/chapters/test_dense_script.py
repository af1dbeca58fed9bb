"""The script of a dense network comes from stored weights or from a training's checkpoint, and says what is wrong."""

import numpy as np
import pytest
import torch

from l0lib import compress
from l0lib.chapters import dense_script, digit_networks
from l0lib.compress import storage
from l0lib.experiments.records import RECORDS
from l0lib.widgets.networks import read_script

BOOK = RECORDS.parent / "assets" / "networks"


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.js")), ids=lambda path: path.name)
def test_a_committed_script_holds_a_dense_network_that_reads_digits(path):
    assert path.stat().st_size <= dense_script.LIMIT
    network = read_script(path)
    assert network.nonzero > 0.99 * network.parameters
    assert f'["{path.stem}"]' in path.read_text("ascii")[:80]
    test = compress.embedded_digits().test
    found = network.scores(test.images[:200] / 255).argmax(axis=1)
    assert np.mean(found == test.labels[:200]) > 0.95


@pytest.mark.parametrize("path", sorted((RECORDS / "weights").glob("lenet-*.l0")), ids=lambda path: path.name)
def test_committed_weights_are_small_and_read_digits(path):
    stored = digit_networks.load(path)
    assert stored.bytes_on_disk < 40_000
    assert compress.compression_ratio(stored.model) > 50
    assert compress.evaluate(stored.model, compress.embedded_digits().test).error < 0.05


@pytest.fixture
def model():
    return compress.lenet_5_caffe(5, relu_after_pools=True)


def test_stored_weights_become_a_script_that_fits(model, tmp_path, capsys):
    storage.save(dict(model.state_dict()), tmp_path / "dense.l0")
    target = tmp_path / "networks" / "lenet-5-caffe.js"
    assert dense_script.main([str(target), "--weights", str(tmp_path / "dense.l0")]) == 0
    assert target.stat().st_size <= dense_script.LIMIT
    assert f"431,080 parameters in half precision, {target.stat().st_size:,} bytes" in capsys.readouterr().out
    assert '["lenet-5-caffe"]' in target.read_text()[:60]
    back, x = read_script(target), digit_networks.examples() / 255
    assert back.name == "lenet-5-caffe"
    with torch.no_grad():
        want = model(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(back.scores(x), want, atol=2e-3 * np.abs(want).max())


def test_checkpoint_of_a_training_will_do(tmp_path):
    data = compress.embedded_digits().train
    model = compress.lenet_300_100(1)
    compress.train(model, data, epochs=1, learning_rate=0.1, checkpoint=tmp_path / "network.checkpoint")
    back = dense_script.read(tmp_path / "network.checkpoint")
    for a, b in zip(model.parameters(), back.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_cannot_be_read_is_said(tmp_path, capsys):
    assert dense_script.main([str(tmp_path / "x.js"), "--weights", str(tmp_path / "none.l0")]) == 1
    assert "none.l0" in capsys.readouterr().err
    storage.save({"a": torch.ones(2)}, tmp_path / "other.l0")
    assert dense_script.main([str(tmp_path / "x.js"), "--weights", str(tmp_path / "other.l0")]) == 1
    assert "must hold the weights of LeNet-300-100 or LeNet-5-Caffe; got a" in capsys.readouterr().err
    assert not (tmp_path / "x.js").exists()


def test_a_script_too_large_is_not_written(model, tmp_path, monkeypatch):
    monkeypatch.setattr(dense_script, "LIMIT", 1000)
    with pytest.raises(ValueError, match="a script must have at most 1,000 bytes"):
        dense_script.write(model, tmp_path / "x.js")
    assert not (tmp_path / "x.js").exists()
