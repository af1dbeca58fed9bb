"""The byte transformer: causal, of the stated size, with the free scales that it claims, and usable by the engine."""

import copy

import pytest
import torch

from l0lib import L0, compress
from l0lib.compress.transformer import ByteTransformer, continue_text


def small(seed=0):
    return ByteTransformer(seed, width=16, blocks=2, heads=2, context=12)


def some_text(count=5, length=12, seed=1):
    return torch.randint(256, (count, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("width", "blocks", "context"), [(16, 2, 12), (96, 3, 128), (8, 1, 3)])
def test_the_number_of_parameters_is_the_one_that_is_stated(width, blocks, context):
    model = ByteTransformer(0, width, blocks, 4, context)
    stated = 12 * blocks * width**2 + (512 + context) * width + 2 * (2 * blocks + 1) * width
    assert compress.count_parameters(model) == stated < 1_000_000


def test_scores_have_the_shape_of_the_text_and_depend_on_its_bytes():
    model, text = small(), some_text()
    assert model(text).shape == (5, 12, 256)
    assert model(text[:, :7]).shape == (5, 7, 256)
    assert not torch.allclose(model(text)[0], model(text)[1])


@pytest.mark.parametrize("place", [0, 5, 11])
def test_a_later_byte_changes_no_earlier_score(place):
    model, text = small(), some_text()
    other = text.clone()
    other[:, place] = (other[:, place] + 1) % 256
    before, after = model(text), model(other)
    torch.testing.assert_close(before[:, :place], after[:, :place], rtol=0, atol=0)
    assert not torch.allclose(before[:, place], after[:, place]), "its own place sees it"
    assert not torch.allclose(before[:, -1], after[:, -1]), "and so does the last one"


def test_attention_is_the_formula_that_is_stated():
    model, x = small(), torch.randn(3, 12, 16, generator=torch.Generator().manual_seed(2))
    layer = model.blocks[0].attention
    width, mixed = 8, torch.zeros_like(x)
    for head in range(2):
        own = slice(head * width, (head + 1) * width)
        q, k, v = (x @ part.weight[own].T for part in (layer.query, layer.key, layer.value))
        for t in range(12):
            share = torch.softmax((q[:, t, None] * k[:, : t + 1]).sum(-1) / width**0.5, -1)
            mixed[:, t, own] = (share[..., None] * v[:, : t + 1]).sum(1)
    torch.testing.assert_close(layer(x), mixed @ layer.output.weight.T, rtol=1e-5, atol=1e-6)


def test_a_common_factor_of_all_writers_leaves_the_function_and_one_of_a_part_does_not():
    model, text = small().double(), some_text()
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 0.0
    whole, part = copy.deepcopy(model), copy.deepcopy(model)
    with torch.no_grad():
        for weights in whole.writers():
            weights *= 7
        for weights in part.writers()[1:]:
            weights *= 7
    torch.testing.assert_close(whole(text), model(text), rtol=1e-9, atol=1e-9)
    assert not torch.allclose(part(text), model(text))


def test_the_gradient_is_at_right_angles_to_the_writers():
    model, text = small().double(), some_text()
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 0.0
    torch.nn.functional.cross_entropy(model(text).flatten(0, 1), text.flatten()).backward()
    products = [float((w.detach() * w.grad).sum()) for w in model.writers()]
    assert abs(sum(products)) < 1e-10 < max(map(abs, products))


def test_the_engine_takes_it_as_it_is():
    model = small()
    names = [layer.name for layer in compress.layers(model)]
    assert {"bytes", "places", "blocks.1.attention.query", "blocks.0.hidden", "norm", "head"} <= set(names)
    norms = compress.norm_parameters(model)
    assert norms == {name for name, p in model.named_parameters() if p.ndim == 1}
    masks = compress.prune_global(model, 5, spare=norms)
    assert masks.kept == compress.count_parameters(model) // 5
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with masks.hold(model, optimizer):
        for _ in range(3):
            text = some_text()
            loss = torch.nn.functional.cross_entropy(model(text).flatten(0, 1), text.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            compress.pull_(model, L0(0.01, 10), optimizer)
    masks.check(model, optimizer)


def test_text_goes_on_with_the_likeliest_bytes_also_beyond_the_context():
    model = small(3)
    told = continue_text(model, b"abc", 20)
    text = list(b"abc")
    for _ in range(20):
        text.append(int(model(torch.tensor([text[-12:]]))[0, -1].argmax()))
    assert told == bytes(text[3:])
    assert continue_text(model, b"a", 0) == b""
    with pytest.raises(ValueError, match="prompt must hold at least one byte"):
        continue_text(model, b"", 3)


def test_weights_depend_on_the_seed_alone():
    first, again, other = small(1), small(1), small(2)
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


def test_what_it_cannot_be_is_refused():
    with pytest.raises(ValueError, match="width must be a multiple of heads, 3; got 16"):
        ByteTransformer(width=16, heads=3)
    with pytest.raises(ValueError, match="blocks must be a whole number >= 1"):
        ByteTransformer(blocks=0)
