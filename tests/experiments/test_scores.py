"""What a record holds of a network's answers, beside a count by hand; digits that are changed, and how."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import rotate

from l0lib.experiments import answers, scores
from l0lib.experiments.records import Measured


class Fixed(torch.nn.Module):
    """A network whose scores are those it was given, in their order, whatever it is shown."""

    def __init__(self, table):
        super().__init__()
        self.register_buffer("table", table)
        self.first = 0

    def forward(self, images):
        found = self.table[self.first : self.first + len(images)]
        self.first = (self.first + len(images)) % len(self.table)
        return found


def table(count=200, classes=10, seed=0):
    random = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(count, classes, generator=random), torch.randint(0, classes, (count,), generator=random)


def photographs(count):
    return torch.zeros(count, 3, 4, 4)


def test_the_record_says_what_each_image_was_taken_for(tmp_path):
    given_scores, labels = table()
    found = scores.measured(Fixed(given_scores), photographs(200), labels, tmp_path / "scores.npy")
    told = Measured.model_validate(found)
    named = given_scores.argmax(1).numpy()
    np.testing.assert_array_equal(answers.unpack_answers(told.answered, labels.numpy(), 10), named)
    np.testing.assert_array_equal(answers.unpack(told.wrong, 200), named != labels.numpy())
    assert told.errors == (named != labels.numpy()).sum()
    kept = np.load(tmp_path / "scores.npy")
    assert kept.dtype == np.float16
    np.testing.assert_allclose(kept, given_scores, rtol=1e-3)
    assert "changed" not in found, "photographs are not changed"


def test_cross_entropy_and_calibration_are_those_of_a_count_by_hand():
    given_scores, labels = table(300)
    told = Measured.model_validate(scores.measured(Fixed(given_scores), photographs(300), labels))
    chances = np.exp(given_scores.double().numpy())
    chances /= chances.sum(1, keepdims=True)
    entropy = -np.log(chances[np.arange(300), labels.numpy()]).mean()
    assert told.cross_entropy == pytest.approx(entropy, rel=1e-9)
    sure, right = chances.max(1), chances.argmax(1) == labels.numpy()
    error = 0.0
    for low in np.arange(10) / 10:
        here = (sure >= low) & (sure < low + 0.1)
        error += abs(right[here].sum() - sure[here].sum()) / 300
    assert told.calibration_error == pytest.approx(error, abs=1e-6)
    assert sum(one.images for one in told.calibration) == 300


def test_a_network_that_is_as_sure_as_it_is_right_has_no_calibration_error():
    sure = math.log(9 * 0.7 / 0.3)  # the first class has probability 0.7
    given_scores = torch.zeros(10, 10)
    given_scores[:, 0] = sure
    labels = torch.tensor([0] * 7 + [1] * 3)
    told = Measured.model_validate(scores.measured(Fixed(given_scores), photographs(10), labels))
    assert told.calibration_error == pytest.approx(0, abs=1e-6)


def test_a_score_that_is_no_number_is_no_answer():
    given_scores, labels = table(20)
    given_scores[3, 5] = math.nan
    told = Measured.model_validate(scores.measured(Fixed(given_scores), photographs(20), labels))
    assert answers.unpack_answers(told.answered, labels.numpy(), 10)[3] == -1
    assert answers.unpack(told.wrong, 20)[3]
    assert (told.cross_entropy, told.calibration) == (None, ())


def test_changed_digits_are_counted_and_all_networks_see_the_same():
    images = torch.rand(50, 28, 28, generator=torch.Generator().manual_seed(1))
    given_scores, labels = table(50)
    told = Measured.model_validate(scores.measured(Fixed(given_scores), images, labels, changes=scores.CHANGES))
    assert set(told.changed) == set(scores.CHANGES)
    assert set(told.changed.values()) == {told.errors}, "this network sees nothing"
    for how in scores.CHANGES:
        torch.testing.assert_close(scores.changed(images, how), scores.changed(images.clone(), how))


def test_a_shift_moves_and_noise_stays_between_black_and_white():
    images = torch.zeros(200, 28, 28)
    images[:, 14, 14] = 1
    moved = scores.changed(images, "shifted")
    assert (moved.sum((1, 2)) == 1).all(), "nothing is lost so far from the edge"
    row, column = np.nonzero(moved.numpy())[1:]
    for place in (row, column):
        assert set(place - 14) == set(range(-scores.PIXELS, scores.PIXELS + 1))
    noisy = scores.changed(images, "noisy")
    assert 0 <= noisy.min() < noisy.max() <= 1
    dark = noisy[images == 0].numpy()
    assert (dark == 0).mean() == pytest.approx(0.5, abs=0.01), "half of the noise is cut off"
    assert math.sqrt((dark**2).mean()) == pytest.approx(scores.NOISE / math.sqrt(2), rel=0.02)


def test_a_rotation_is_that_of_scipy():
    image = torch.zeros(28, 28)
    image[6:22, 12:16] = 1.0
    turned = scores.changed(image.expand(30, 28, 28), "rotated").numpy()
    random = torch.Generator().manual_seed(0)
    angles = scores.DEGREES * (2 * torch.rand(30, generator=random) - 1)
    assert angles.abs().max() > 0.8 * scores.DEGREES
    for got, angle in zip(turned, angles.tolist(), strict=True):
        want = rotate(image.numpy(), angle, reshape=False, order=1)
        assert np.abs(got - want).max() < 0.02, angle


@pytest.mark.parametrize(
    ("images", "how", "message"),
    [
        (torch.zeros(2, 28, 28), "blurred", "how must be one of shifted, rotated, noisy; got 'blurred'"),
        (torch.zeros(2, 3, 28, 28), "noisy", r"images must have 3 axes; got shape \(2, 3, 28, 28\)"),
    ],
)
def test_other_changes_are_refused(images, how, message):
    with pytest.raises(ValueError, match=message):
        scores.changed(images, how)


@given(st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 6)), min_size=1, max_size=100))
def test_answers_come_back(pairs):
    answered, labels = np.array(pairs).T
    text = answers.pack_answers(answered, labels, 7)
    np.testing.assert_array_equal(answers.unpack_answers(text, labels, 7), answered)
    np.testing.assert_array_equal(answers.missed(text, len(labels)), answered != labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answered": answers.pack_answers(np.zeros(8, int), np.zeros(8, int), 10)}, "answered must differ from the"),
        (
            {"answered": answers.pack_answers(np.zeros(9, int), np.zeros(9, int), 10)},
            "answered must have 8 entries; got 9",
        ),
        ({"calibration": [{"images": 3, "right": 1, "confidence": 0.5}]}, "calibration must hold all images, 8; got 3"),
        ({"calibration": [{"images": 3, "right": 4, "confidence": 0.5}]}, "right must be <= images, 3; got 4"),
        ({"changed": {"noisy": 9}}, "changed must be <= images, 8; got 9 of noisy"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    wrong = answers.pack(np.array([1, 0, 0, 0, 0, 0, 0, 0], bool))
    with pytest.raises(ValueError, match=message):
        Measured.model_validate({"errors": 1, "images": 8, "wrong": wrong, **change})


def test_classes_that_are_none_are_refused():
    with pytest.raises(ValueError, match="answered must be -1 or classes below 10; got 3 to 10"):
        answers.pack_answers(np.array([3, 10]), np.array([0, 0]), 10)
    with pytest.raises(ValueError, match="classes must be <= 255; got 300"):
        answers.pack_answers(np.array([3]), np.array([0]), 300)
