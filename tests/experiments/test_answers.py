"""Which images were missed: what is packed comes back, and it tells how far other images would move a difference."""

import base64
import math
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l0lib.experiments import answers, records
from l0lib.experiments.records import Measured, RecordError
from l0lib.experiments.results import difference, results
from tests.made_up import config, record


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_what_is_packed_comes_back(wrong):
    array = np.array(wrong)
    np.testing.assert_array_equal(answers.unpack(answers.pack(array), len(array)), array)


def test_a_network_of_ten_thousand_images_takes_few_letters():
    wrong = np.random.default_rng(0).random(10_000) < 0.08
    assert len(answers.pack(wrong)) < 1_200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no base 64!", "wrong must be a text that answers.pack made"),
        ("YWJj", "wrong must be a text that answers.pack made"),
        (answers.pack(np.ones(16, bool)), "wrong must have 10000 entries; got 16 bits"),
    ],
)
def test_a_broken_text_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        answers.unpack(text, 10_000)


def test_one_seed_has_the_deviation_of_the_proposition():
    random = np.random.default_rng(1)
    first, second = random.random(5_000) < 0.1, random.random(5_000) < 0.15
    only_first, only_second = (first & ~second).mean(), (second & ~first).mean()
    want = math.sqrt((only_first + only_second - (only_first - only_second) ** 2) / 5_000)
    got = answers.deviation([answers.pack(first)], [answers.pack(second)], 5_000)
    assert got == pytest.approx(want, rel=1e-12)
    assert got < answers.bound((first.mean(), second.mean()), 5_000)


def test_a_disagreement_counts_what_only_one_missed():
    first, second = np.array([1, 1, 0, 0, 0, 1, 0, 0], bool), np.array([1, 0, 1, 1, 0, 0, 0, 1], bool)
    told = answers.disagreement(answers.pack(first), answers.pack(second), 8)
    assert told.only_first == 2 / 8
    assert told.only_second == 3 / 8
    assert told.difference == -1 / 8
    assert told.deviated == pytest.approx(math.sqrt((5 / 8 - 1 / 64) / 8))
    assert told.bounded == pytest.approx(math.sqrt(7 / 8 / 8))


def test_the_bound_is_nearly_reached_where_no_image_is_missed_by_both():
    first, second = np.zeros(10_000, bool), np.zeros(10_000, bool)
    first[:300], second[300:600] = True, True
    got = answers.deviation([answers.pack(first)], [answers.pack(second)], 10_000)
    assert got == pytest.approx(answers.bound((0.03, 0.03), 10_000), rel=1e-9)


def test_seeds_on_the_same_images_are_meaned_image_by_image():
    random = np.random.default_rng(2)
    masks = random.random((2, 3, 2_000)) < 0.2
    packed = [[answers.pack(mask) for mask in arm] for arm in masks]
    gaps = masks[0].astype(float).mean(0) - masks[1].mean(0)
    assert answers.deviation(*packed, 2_000) == pytest.approx(gaps.std() / math.sqrt(2_000), rel=1e-12)


def with_answers(seed, wrong, arm):
    """A record of ten thousand images whose fine-tuned network missed those of ``wrong``."""
    made = record(seed, int(wrong.sum()), what=config(arm=arm, ratios=[]))
    (point,) = made.points
    measured = Measured(errors=int(wrong.sum()), images=10_000, wrong=answers.pack(wrong))
    return made.model_copy(update={"points": (point.model_copy(update={"measured": measured}),)})


def test_two_arms_that_miss_the_same_images_are_told_apart_by_few():
    random = np.random.default_rng(3)
    missed = random.random((2, 10_000)) < 0.08
    worse = missed.copy()
    worse[:, :60] = True  # up to sixty images more, and nothing else
    made = [with_answers(s, w[s], arm) for arm, w in (("NORM", missed), ("SEP", worse)) for s in (0, 1)]
    norm, sep = results(made)
    known = difference(sep, norm)
    assert known.wide[0] > 0
    blind = [m.model_copy(update={"points": tuple(p.model_copy(update={"measured": Measured(
        errors=p.measured.errors, images=10_000)}) for p in m.points)}) for m in made]  # fmt: skip
    low, high = difference(*reversed(results(blind))).wide
    assert low < 0 < high, "the bound cannot tell"
    assert known.mean == pytest.approx((low + high) / 2)


def test_a_record_keeps_the_answers_and_one_without_them_stays_as_it_was(tmp_path):
    made = with_answers(0, np.random.default_rng(5).random(10_000) < 0.02, "x")
    path = records.write(made, tmp_path)
    assert records.read(path) == made
    assert '"wrong"' not in records.to_text(record(0))


def test_answers_that_do_not_fit_the_count_name_their_field(tmp_path):
    made = with_answers(0, np.arange(10_000) < 200, "x")
    path = tmp_path / "broken.json"
    path.write_text(records.to_text(made).replace('"errors":200', '"errors":199'))
    with pytest.raises(RecordError, match=r"points\.0\.measured: .*wrong must hold as many images as there are errors"):
        records.read(path)


def test_a_small_text_cannot_fill_the_memory():
    text = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()
    tracemalloc.start()
    with pytest.raises(ValueError, match="wrong must have 80 entries; got 88 bits"):
        answers.unpack(text, 80)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
