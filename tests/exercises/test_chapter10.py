"""The checks of chapter 10 take right answers and say where wrong ones go astray."""

import math

import pytest

from l0lib.exercises import check


def test_csr_bytes_hint_names_the_integers():
    verdict = check("10.1", lambda rows, columns, nonzero: 8 * nonzero + 4 * (rows + 1))
    assert not verdict.ok
    assert "1,882 nonzeros in 100 rows of 300 take 11,494 bytes (2 for a column, 2 for a start)" in verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda ratio, bits: 32 * ratio / (bits + math.log2(ratio) + math.log2(math.e)), "at ratio 2 with 32 bits"),
        (lambda ratio, bits: ratio, "at ratio 2 with 32 bits"),
    ],
)
def test_byte_ratio_wants_the_price_itself(answer, hint):
    verdict = check("10.2", answer)
    assert not verdict.ok
    assert hint in verdict.message


def test_multiply_add_ratio_knows_the_ratio_of_weights():
    plain = check("10.3", lambda layers: sum(n for _, n, _ in layers) / sum(k for _, _, k in layers))
    assert "that is the ratio of the weights: a weight counts as often as it is used" in plain.message
    assert "the ratio is" in check("10.3", lambda layers: 1.0).message
    assert check("10.3", lambda layers: sum(u * n for u, n, _ in layers) / sum(u * k for u, _, k in layers)).ok
