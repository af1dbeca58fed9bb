"""The checks of exercises on networks take right answers and say where near misses go astray."""

import math

import numpy as np
import pytest

from l0lib.exercises import check


def by_threshold(scores, k):
    return scores >= np.sort(scores)[-k] if k else np.zeros(len(scores), bool)


def last_among_equals(scores, k):
    mask = np.zeros(len(scores), bool)
    mask[np.argsort(scores, kind="stable")[::-1][:k]] = True
    return mask


def decoupled(w, momentum, gradient, pull, eta, mu):
    momentum = mu * momentum + gradient
    return w - eta * momentum - eta * pull / (1 - mu), momentum


def pull_in_the_momentum(w, momentum, gradient, pull, eta, mu):
    momentum = mu * momentum + gradient + pull
    u = w - eta * momentum
    return np.sign(u) * np.maximum(np.abs(u), 0), momentum


def two_byte_columns(rows, columns, nonzeros):
    return 6 * nonzeros + 2 * (rows + 1), 4 * nonzeros + rows * columns // 8


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("8.1", by_threshold, "exactly 3 should be kept, not 4"),
        ("8.1", last_among_equals, "earlier ones among equals"),
        ("8.1", lambda scores, k: np.argsort(-scores)[:k], "return a boolean array"),
        ("8.2", decoupled, "should go to 0"),
        ("8.2", pull_in_the_momentum, "without the pull"),
        ("8.2", lambda *_: None, "return a pair"),
        ("8.3", two_byte_columns, "as CSR"),
        ("8.3", lambda *_: 7, "return a pair"),
    ],
)
def test_a_near_miss_gets_a_hint(number, answer, hint):
    verdict = check(number, answer)
    assert not verdict.ok
    assert hint in verdict.message


def test_csr_bytes_hint_names_the_integers():
    verdict = check("11.1", lambda rows, columns, nonzero: 8 * nonzero + 4 * (rows + 1))
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
    verdict = check("11.2", answer)
    assert not verdict.ok
    assert hint in verdict.message


def test_multiply_add_ratio_knows_the_ratio_of_weights():
    plain = check("11.3", lambda layers: sum(n for _, n, _ in layers) / sum(k for _, _, k in layers))
    assert "that is the ratio of the weights: a weight counts as often as it is used" in plain.message
    assert "the ratio is" in check("11.3", lambda layers: 1.0).message
    assert check("11.3", lambda layers: sum(u * n for u, n, _ in layers) / sum(u * k for u, _, k in layers)).ok
