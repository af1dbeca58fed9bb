"""Tables of small prunings of the transformer: shares and changes that can be counted another way."""

import copy

import pytest
import torch

from l0lib import compress
from l0lib.chapters import attention, attention_live
from l0lib.chapters.attention import Text
from l0lib.compress.transformer import ByteTransformer


@pytest.fixture(scope="module")
def model():
    return ByteTransformer(seed=0, width=16, blocks=2, heads=2, context=16)


@pytest.fixture(scope="module")
def louder(model):
    """What writes to the stream is ten times as large; the network computes nearly the same."""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        for weights in changed.writers():
            weights *= 10
    return changed


def test_the_text_is_counted_by_part_with_its_largest_modules_first():
    text = Text(
        "3.0", {"a": b"12", "b": b"1", "c": b"123", "d": b"1234", "e": b"12345"}, {"f": b"1" * 1200}, {"g": b""}
    )
    table = attention_live.table_of_text(text)
    assert table.rows == (("train", 5, "15", "e, d, c, a"), ("validation", 1, "1,200", "f"), ("test", 1, "0", "g"))
    assert text.origin["digest"] in table.caption


def test_blocks_are_alike_and_stand_once():
    counts = {name: int(count.replace(",", "")) for name, count in attention_live.table_of_parameters().rows}
    network = attention.SETTINGS.network(seed=0)
    each = sum(count for name, count in counts.items() if name.startswith("each block: "))
    others = sum(counts.values()) - counts["all"] - each
    assert counts["all"] == others + attention.SETTINGS.blocks * each == compress.count_parameters(network)


def test_louder_writers_are_kept_where_others_go(model, louder):
    batch = torch.randint(0, 256, (2, 16), generator=torch.Generator().manual_seed(0))
    first, second = attention_live.table_of_equals({"one": model, "other": louder}, batch).rows
    assert first[:2] == ("one", "0.0e+00")
    assert float(second[1]) == pytest.approx(attention_live.largest_change(model, louder, batch), rel=0.06)
    writers = {id(p) for p in model.writers()}
    squares = [(float(p.detach().square().sum()), id(p) in writers) for p in model.parameters() if p.ndim > 1]
    assert first[2] == f"{sum(s for s, _ in squares):,.0f}"
    assert second[2] == f"{sum(s * (100 if own else 1) for s, own in squares):,.0f}"
    assert int(second[3].split()[0]) > int(first[3].split()[0])


def test_at_ratio_one_nothing_of_the_writers_goes(model):
    assert attention_live.kept_of_writers(model, 1) == pytest.approx(1, abs=0.01)
    assert attention_live.pruned(model, 4)[0] is not model
    assert all(bool(p.detach().any()) for p in model.parameters() if p.ndim > 1), "the network itself stays whole"


def test_pulls_stand_over_both_steps():
    (row,) = attention_live.table_of_steps({0.3: (0.123, 2e-3, 0.5, (1e-2, 4e-3))}).rows
    assert row == ("0.3", "0.12", "2.0e-03", "0.50", "5", "0.02", "2", "0.008")


def test_masks_of_one_network_do_not_differ_from_its_own(model, louder):
    batch = [torch.randint(0, 256, (4, 16), generator=torch.Generator().manual_seed(1))]
    rows = attention_live.table_of_masks(model, {"itself": model, "louder": louder}, batch, ratio=4).rows
    assert [row[:2] for row in rows] == [
        (rule, name) for rule in (attention_live.MAGNITUDE, attention_live.WANDA) for name in ("itself", "louder")
    ]
    assert rows[0][2] == rows[2][2] == "0.0 %"
    assert float(rows[1][2].split()[0]) > 1


def test_the_whole_network_is_measured_once_for_both_rules(model):
    arms = {"one-shot": (model, attention_live.MAGNITUDE), "by Wanda": (model, attention_live.WANDA)}
    batch = [torch.randint(0, 256, (4, 16), generator=torch.Generator().manual_seed(1))]
    modules = {"m": bytes(range(64))}
    table = attention_live.table_of_pruned(arms, (4,), modules, batch)
    assert [row[1] for row in table.rows] == ["one-shot", "one-shot", "by Wanda"]
    assert all(row[0].startswith("4") for row in table.rows[1:])
    assert table.rows[0][0] == f"{compress.compression_ratio(model):.3g}×"
    bits = attention.bits_per_byte(attention.measure(model, modules))
    assert table.rows[0][2] == f"{bits:.2f}"
    assert "the 1 smallest test modules" in table.caption
