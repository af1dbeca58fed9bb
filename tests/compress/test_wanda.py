"""Wanda: its scores against an independent computation, exact numbers, and what it does not see."""

import copy

import numpy as np
import pytest
import torch

from l0lib import compress
from l0lib.compress.transformer import ByteTransformer
from l0lib.compress.wanda import input_norms, prune_wanda


def made(seed=0):
    model = ByteTransformer(seed, width=16, blocks=2, heads=2, context=12)
    text = torch.randint(60, 90, (40, 12), generator=torch.Generator().manual_seed(1))
    return model, [text[:25], text[25:]]


def test_input_norms_are_those_of_all_places_of_all_batches():
    model, batches = made()
    seen = {}
    layer = model.blocks[1].hidden
    handle = layer.register_forward_hook(lambda _, x, y: seen.setdefault("x", []).append(x[0].detach().numpy()))
    for batch in batches:
        model(batch)
    handle.remove()
    norms = input_norms(model, batches)
    x = np.concatenate([part.reshape(-1, 16) for part in seen["x"]]).astype(float)
    np.testing.assert_allclose(norms["blocks.1.hidden"], np.sqrt((x**2).sum(0)), rtol=1e-6)
    counts = np.bincount(torch.cat(batches).flatten().numpy(), minlength=256)
    np.testing.assert_allclose(norms["bytes"].numpy() ** 2, counts, atol=1e-9)
    assert len(norms) == 2 * 6 + 3
    assert model.training, "left as it was"
    assert not layer._forward_hooks


def test_each_output_keeps_the_weights_of_its_largest_scores():
    model, batches = made()
    weights = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    norms = {name: norm.numpy() for name, norm in input_norms(model, batches).items()}
    masks = prune_wanda(model, 4, batches)
    for name, norm in norms.items():
        mask, own = masks[f"{name}.weight"].numpy(), weights[f"{name}.weight"].astype(float)
        if name in ("bytes", "places"):
            mask, own = mask.T, own.T
        kept = mask.sum(1)
        assert kept.max() - kept.min() <= 1
        for row, scores in zip(mask, np.abs(own) * norm, strict=True):
            wanted = np.argsort(-scores, kind="stable")[: row.sum()]
            assert set(wanted) == set(np.flatnonzero(row)), name


def test_a_network_worked_out_by_hand():
    layer = torch.nn.Linear(3, 2, bias=True)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0, 3.0], [4.0, 1.0, 1.0]]))
        layer.bias.copy_(torch.tensor([0.5, 0.5]))
    model = torch.nn.Sequential(layer)
    batch = torch.tensor([[3.0, 1.0, 0.0], [4.0, 0.0, 0.5]])  # norms 5, 1, 0.5: scores 5, 2, 1.5 and 20, 1, 0.5
    masks = prune_wanda(model, 2, [batch])
    assert masks["0.weight"].tolist() == [[True, False, False], [True, False, False]]
    assert masks["0.bias"].tolist() == [True, True]
    assert layer.weight.tolist() == [[1.0, 0.0, 0.0], [4.0, 0.0, 0.0]]


@pytest.mark.parametrize("within", ["output", "layer"])
@pytest.mark.parametrize("ratio", [1, 2, 7.5, 10])
def test_exactly_the_right_number_is_kept(within, ratio):
    model, batches = made()
    total = compress.count_parameters(model)
    masks = prune_wanda(model, ratio, batches, within)
    assert masks.kept == int(total / ratio)
    assert all(masks[name].all() for name in compress.norm_parameters(model))
    masks.check(model)


def test_within_a_layer_outputs_may_differ():
    model, batches = made()
    kept = prune_wanda(model, 4, batches, "layer")["head.weight"].sum(1)
    assert kept.max() - kept.min() > 1


def test_free_scales_change_nothing_that_is_kept():
    """prop-wanda-free: the stream, a column and its normalisation, queries and keys, values and the output matrix."""
    model, batches = made()
    model.double()
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 0.0
    changed = copy.deepcopy(model)
    block = changed.blocks[1]
    with torch.no_grad():
        for weights in changed.writers():
            weights *= 8
        for values in (block.norm2.weight, block.norm2.bias):
            values[3] *= 4
        block.hidden.weight[:, 3] /= 4
        block.attention.query.weight *= 2
        block.attention.key.weight /= 2
        block.attention.value.weight[5] *= 16
        block.attention.output.weight[:, 5] /= 16
    torch.testing.assert_close(changed(batches[0]), model(batches[0]), rtol=1e-9, atol=1e-9)
    spare = compress.norm_parameters(model)
    by_size = [compress.prune_global(copy.deepcopy(m), 4, spare=spare) for m in (model, changed)]
    assert by_size[0] != by_size[1]
    assert prune_wanda(model, 4, batches) == prune_wanda(changed, 4, batches)


def test_what_cannot_be_is_refused():
    model, batches = made()
    with pytest.raises(ValueError, match="within must be one of output, layer"):
        prune_wanda(model, 2, batches, "row")
    with pytest.raises(ValueError, match="batches must hold at least one batch"):
        prune_wanda(model, 2, [])
    with pytest.raises(ValueError, match="ratio must leave the"):
        prune_wanda(model, 1000, batches)
