"""A file of weights finds its record by what it holds, and says where it comes from."""

import torch

from l0lib import compress
from l0lib.chapters import digit_networks
from l0lib.compress import storage
from l0lib.experiments import records
from l0lib.experiments.points import count as point
from tests import made_up


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
        found = digit_networks.load(tmp_path / "net.l0", relu_after_pools=not relu, folder=tmp_path)
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
    found = digit_networks.load(tmp_path / "other.l0", folder=tmp_path)
    assert found.record is None
    assert str(found) == "No record belongs to these weights: a stand-in, trained in a hurry, and no result."


def test_examples_are_one_of_each():
    assert digit_networks.examples().shape == (10, 28, 28)
