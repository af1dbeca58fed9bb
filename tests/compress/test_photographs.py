"""Photographs: the embedded ones, mirror images, and what pruning spares of a network with batch normalisation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from l0lib import L0, L2, compress
from l0lib.compress import augment, models
from l0lib.compress import data as room


@pytest.fixture(scope="module")
def few():
    x, y = compress.embedded_photographs().train.tensors()
    return x[:64], y[:64]


def test_embedded_photographs_are_six_hundred_and_come_in_three_parts_of_equal_classes():
    images, labels = room.read_embedded_photographs()
    assert images.shape == (600, 3, 32, 32)
    assert np.array_equal(np.bincount(labels), [60] * 10)
    parts = compress.embedded_photographs()
    for part, each in ((parts.train, 40), (parts.validation, 10), (parts.test, 10)):
        assert np.array_equal(np.bincount(part.labels), [each] * 10)
    every = np.concatenate([part.images for part in (parts.train, parts.validation, parts.test)])
    assert len({image.tobytes() for image in every}) == 600


def test_altered_photographs_are_refused(monkeypatch):
    monkeypatch.setattr(room, "EMBEDDED_PHOTOGRAPHS_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="embedded photographs must have the SHA-256 0000"):
        room.read_embedded_photographs()


@settings(deadline=None)
@given(which=st.lists(st.booleans(), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_a_mirror_turns_the_chosen_images_and_no_other(which, seed):
    generator = torch.Generator().manual_seed(seed)
    for shape in ((5, 4), (3, 5, 4)):
        images = torch.rand(len(which), *shape, generator=generator)
        turned = augment.mirror(images, torch.tensor(which))
        for image, result, one in zip(images, turned, which, strict=True):
            assert torch.equal(result, torch.from_numpy(image.numpy()[..., ::-1].copy()) if one else image)
        assert torch.equal(augment.mirror(turned, torch.tensor(which)), images)


def test_a_mirror_needs_one_answer_for_each_image():
    for which in (torch.ones(2), torch.ones(3, dtype=torch.bool)):
        with pytest.raises(ValueError, match=r"which must be boolean of shape \(2,\)"):
            augment.mirror(torch.zeros(2, 4, 4), which)


def test_mirrors_turn_half_of_the_images():
    drawn = augment.draw_mirrors(10_000, torch.Generator().manual_seed(0))
    assert abs(int(drawn.sum()) - 5000) < 4 * 50


def test_mirrors_change_the_images_and_not_their_order_nor_their_shifts(few):
    seen = {}
    for mirrored in (False, True):
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 10))
        seen[mirrored] = []
        model.register_forward_pre_hook(lambda _, given, to=seen[mirrored]: to.append(given[0].clone()))
        compress.train(model, few, epochs=1, learning_rate=0.01, batch_size=32, shift=4, mirror=mirrored, seed=3)
    turned = 0
    for plain, other in zip(torch.cat(seen[False]), torch.cat(seen[True]), strict=True):
        same = torch.equal(plain, other)
        assert same or torch.equal(plain.flip(-1), other)
        turned += not same
    assert 16 <= turned <= 48


def test_cut_off_and_continued_it_ends_in_the_same_bits(few, tmp_path, monkeypatch):
    how = {"epochs": 2, "learning_rate": 0.05, "batch_size": 12, "shift": 4, "mirror": True, "schedule": "step"}
    sizes = compress.layer_sizes(models.ResNet20(0))
    penalty = compress.normalised(L2(1e-4) + L0(1e-5, 5), sizes, 0.5)
    few = few[0][:24], few[1][:24]
    whole, again = models.ResNet20(0), models.ResNet20(0)
    compress.train(whole, few, penalty, **how)
    steps, forward = iter(range(3)), models.ResNet20.forward

    def interrupted(model, images):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return forward(model, images)

    with monkeypatch.context() as patch:
        patch.setattr(models.ResNet20, "forward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compress.train(models.ResNet20(0), few, penalty, checkpoint=tmp_path / "state", **how)
    compress.train(again, few, penalty, checkpoint=tmp_path / "state", **how)
    for name, values in whole.state_dict().items():
        assert torch.equal(values, again.state_dict()[name]), name


STRATEGIES = {
    "GP": compress.prune_global,
    "LP": compress.prune_layerwise,
    "RP": lambda model, ratio, **rest: compress.prune_random(model, ratio, seed=7, **rest),
}


@pytest.mark.parametrize("prune", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("ratio", [1.0, 5.0, 150.0])
def test_scales_and_shifts_stay_and_are_counted(prune, ratio):
    model = models.ResNet20(0)
    spared = compress.norm_parameters(model)
    assert sum(dict(model.named_parameters())[name].numel() for name in spared) == 2 * 688
    masks = prune(model, ratio, spare=spared)
    assert masks.kept == int(273_066 // ratio)
    assert all(masks[name].all() for name in spared)
    tighter = prune(model, 2 * ratio if ratio < 100 else ratio, within=masks, spare=spared)
    assert all(bool((~new | masks[name]).all()) for name, new in tighter.items())
    assert all(tighter[name].all() for name in spared)


def test_what_cannot_be_spared_is_named():
    model = models.ResNet20(0)
    with pytest.raises(ValueError, match="ratio must leave the 1376 parameters that are spared; it leaves 273"):
        compress.prune_global(model, 1000, spare=compress.norm_parameters(model))
    for prune in (compress.prune_global, compress.prune_layerwise):
        with pytest.raises(ValueError, match="spare must name parameters of the model; got 'nothing'"):
            prune(model, 2, spare={"nothing"})
