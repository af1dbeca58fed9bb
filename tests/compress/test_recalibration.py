"""Running statistics measured anew: those of the images that went through, with weights and answers' ways untouched."""

import copy

import pytest
import torch

from l0lib import compress
from l0lib.compress import augment, models
from l0lib.compress.recalibration import recalibrate


def a_channel(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.BatchNorm1d(5, eps=1e-12), torch.nn.Linear(5, 3))


def images(number, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(number, 8, generator=generator), torch.zeros(number, dtype=torch.long)


def test_one_batch_gives_its_own_mean_and_unbiased_variance():
    model = a_channel().double()
    x = images(100)[0].double()
    recalibrate(model, (x, images(100)[1]), batch_size=100)
    out = model[0](x)
    assert torch.allclose(model[1].running_mean, out.mean(0))
    assert torch.allclose(model[1].running_var, out.var(0))
    normal = model[1].eval()(out)
    assert torch.allclose(normal.mean(0), torch.zeros(5, dtype=torch.float64), atol=1e-12)


def test_several_batches_of_nearly_one_size_give_the_means_over_batches():
    model = a_channel().double()
    x = images(131)[0].double()
    recalibrate(model, (x, images(131)[1]), batch_size=40)
    out = [model[0](batch) for batch in (x[:44], x[44:88], x[88:])]
    assert torch.allclose(model[1].running_mean, torch.stack([batch.mean(0) for batch in out]).mean(0))
    assert torch.allclose(model[1].running_var, torch.stack([batch.var(0) for batch in out]).mean(0))


def test_too_few_images_for_a_batch_make_one():
    few, same = a_channel(), a_channel()
    recalibrate(few, images(30), batch_size=40)
    recalibrate(same, images(30), batch_size=30)
    assert torch.equal(few[1].running_mean, same[1].running_mean)


def test_nothing_but_the_statistics_changes_and_the_mode_stays():
    model = models.ResNet20(seed=0).eval()
    before = copy.deepcopy(model.state_dict())
    part = compress.embedded_photographs().test
    assert recalibrate(model, part, batch_size=50) is model
    assert not model.training
    changed = {name for name, values in model.state_dict().items() if not torch.equal(values, before[name])}
    assert {name.rsplit(".", 1)[1] for name in changed} == {"running_mean", "running_var", "num_batches_tracked"}
    momenta = {module.momentum for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)}
    assert momenta == {0.1}, "later training goes on as before"


def test_a_pruned_bias_in_front_of_a_normalisation_costs_nothing_once_recalibrated():
    model = a_channel().double()
    x, y = images(64)
    part = (x.double(), y)
    recalibrate(model, part, batch_size=64)
    with torch.no_grad():
        whole = model.eval()(part[0])
        model[0].bias.zero_()
        stale = model(part[0])
        anew = recalibrate(model, part, batch_size=64)(part[0])
    assert not torch.allclose(stale, whole)
    assert torch.allclose(anew, whole)


def test_images_are_shown_as_in_training():
    model, part = models.ResNet20(seed=0), compress.embedded_photographs().test
    found = {}
    for how in ({}, {"shift": 4}, {"mirror": True}, {"shift": 4, "mirror": True}, {"shift": 4, "seed": 1}):
        recalibrate(model, part, batch_size=50, **how)
        found[str(how)] = model.norm.running_mean.clone()
    means = list(found.values())
    assert not any(torch.equal(a, b) for i, a in enumerate(means) for b in means[:i])
    draw = torch.Generator().manual_seed(3)
    x, y = part.tensors()
    moved = augment.shift(x, *augment.draw_shifts(len(x), 4, draw))
    recalibrate(model, (augment.mirror(moved, augment.draw_mirrors(len(x), draw)), y), batch_size=100)
    same = copy.deepcopy(model.norm.running_mean)
    recalibrate(model, (x, y), batch_size=100, shift=4, mirror=True, seed=3)
    assert torch.equal(model.norm.running_mean, same)


def test_a_negative_shift_is_refused():
    with pytest.raises(ValueError, match="shift must be a whole number from 0 to 1000000; got -1"):
        recalibrate(a_channel(), images(9), 5, shift=-1)


@pytest.mark.parametrize(
    ("model", "part", "size", "message"),
    [
        (a_channel(), images(9), 1, "batch_size must be a whole number >= 2: one image has no variance; got 1"),
        (a_channel(), images(1), 5, "part must hold at least 2 images; got 1"),
        (compress.lenet_300_100(), images(9), 5, "model must have batch normalisations with running statistics"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, part, size, message):
    with pytest.raises(ValueError, match=message):
        recalibrate(model, part, batch_size=size)


def test_frozen_statistics_are_measured_and_modules_stay_in_their_modes():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 5),
        torch.nn.BatchNorm1d(5),
        torch.nn.Dropout(),
        torch.nn.Linear(5, 4),
        torch.nn.BatchNorm1d(4),
    ).double()
    model[1].eval()
    x, y = images(100)
    recalibrate(model, (x.double(), y), batch_size=100)
    assert [module.training for module in model.modules()] == [True, True, False, True, True, True]
    hidden = model[0](x.double())
    assert torch.allclose(model[1].running_mean, hidden.mean(0)), "frozen, but as stale as any other"
    normal = (hidden - hidden.mean(0)) / (hidden.var(0, correction=0) + model[1].eps).sqrt()
    assert torch.allclose(model[4].running_mean, model[3](normal).mean(0)), "without dropout"


def test_running_statistics_of_instance_normalisations_are_means_over_batches():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv1d(1, 3, 3), torch.nn.InstanceNorm1d(3, track_running_stats=True)).double()
    x, y = images(6)
    x = x[:, None].double()
    recalibrate(model, (x, y), batch_size=2)
    out = model[0](x)
    assert torch.allclose(model[1].running_mean, out.mean((0, 2)))
    assert torch.allclose(model[1].running_var, out.var(2).mean(0))
    assert model[1].momentum == 0.1


def test_a_failure_leaves_modes_and_momenta():
    model = a_channel()
    model[1].eval()
    with pytest.raises(ValueError, match="part must be what the model takes; it answers"):
        recalibrate(model, (torch.rand(9, 7), torch.zeros(9)), 5)
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert model[1].momentum == 0.1
