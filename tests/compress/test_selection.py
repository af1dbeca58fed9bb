"""Parameters are meant by name, by pattern and by kind; a network that computes its parameters is refused."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from l0lib import compress
from l0lib.compress.inference import sparse_network
from l0lib.compress.selection import select


def block():
    torch.manual_seed(0)
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("norm1", {"norm1.weight", "norm1.bias"}),
        ("norm?.weight", {"norm1.weight", "norm2.weight"}),
        (nn.LayerNorm, {"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"}),
        (["linear1.bias", nn.MultiheadAttention], {"linear1.bias"}),
        ((), set()),
    ],
)
def test_what_is_selected(what, found):
    model = block()
    if nn.MultiheadAttention in what if isinstance(what, list) else False:
        found = found | {f"self_attn.{name}" for name, _ in model.self_attn.named_parameters()}
    assert select(model, what, "spare") == found


@pytest.mark.parametrize("what", ["norm3", nn.Conv2d, ["linear1", "linear?x"]])
def test_what_means_nothing_is_refused(what):
    with pytest.raises(ValueError, match=r"only must name parameters of the model; got .*, which names none"):
        compress.prune_global(block(), 2, only=what)


def test_what_is_no_selector_is_refused():
    with pytest.raises(ValueError, match="spare must hold names, patterns of names or types of modules; got 3"):
        compress.prune_global(block(), 2, spare=[3])


@pytest.mark.parametrize("prune_", [compress.prune_global, compress.prune_layerwise])
def test_what_is_spared_stays_whole_and_counts(prune_):
    model = block()
    total = compress.count_parameters(model)
    masks = prune_(model, 4, only=[nn.Linear, "self_attn.in_proj_weight"], spare="*.bias")
    assert masks.kept == total // 4
    whole = {name for name, mask in masks.items() if bool(mask.all())}
    assert {"norm1.weight", "norm2.bias", "linear1.bias", "self_attn.in_proj_bias"} <= whole
    assert not {"linear1.weight", "self_attn.in_proj_weight"} & whole


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm1d(4), nn.GroupNorm(2, 4), nn.LayerNorm(4), nn.RMSNorm(4), nn.InstanceNorm2d(4, affine=True)]
)
def test_scales_and_shifts_of_every_normalisation_are_known(norm):
    model = nn.Sequential(nn.Linear(4, 4), norm)
    assert compress.norm_parameters(model) == {f"1.{name}" for name, _ in norm.named_parameters()}
    assert compress.norm_parameters(nn.Linear(2, 2)) == set()


def test_of_a_small_transformer_pruned_ten_times_every_normalisation_stays():
    model = block()
    masks = compress.prune_global(model, 10, spare=compress.norm_parameters(model))
    assert all(bool(masks[name].all()) for name in masks if name.startswith("norm"))


COMPUTED = {
    "torch's masks": lambda layer: prune.l1_unstructured(layer, "weight", amount=0.5),
    "weight normalisation": parametrizations.weight_norm,
    "the older one": weight_norm,
    "spectral normalisation": parametrizations.spectral_norm,
    "the older spectral one": spectral_norm,
}
CALLS = {
    "prune_global": lambda model: compress.prune_global(model, 2),
    "prune_layerwise": lambda model: compress.prune_layerwise(model, 2),
    "prune_random": lambda model: compress.prune_random(model, 2, seed=0),
    "compression_ratio": compress.compression_ratio,
    "weights_only_ratio": compress.weights_only_ratio,
    "count_nonzero_parameters": compress.count_nonzero_parameters,
    "footprint": compress.footprint,
    "layers": compress.layers,
    "multiply_adds": lambda model: compress.multiply_adds(model, torch.ones(1, 4)),
    "sparse_network": sparse_network,
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", COMPUTED)
def test_parameters_that_are_computed_are_refused_until_they_are_stripped(kind, call):
    model = nn.Sequential(nn.Linear(4, 4), COMPUTED[kind](nn.Linear(4, 2))).eval()
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    wanted = model(x)
    with pytest.raises(ValueError, match=r"model must have plain parameters; got 1\.weight, .*: strip\(\) it first"):
        CALLS[call](model)
    compress.strip(model)
    torch.testing.assert_close(model(x), wanted)
    CALLS[call](model)
