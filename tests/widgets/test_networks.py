"""The networks in JavaScript equal torch's and NumPy's; a drawing becomes the same image in both languages."""

import json
import pathlib
import re
import subprocess

import numpy as np
import pytest
import torch

from l0lib import compress
from l0lib.chapters import kept_networks
from l0lib.chapters.image_networks import ImageNetwork, Layer, read_script
from l0lib.widgets.digits import drawn_image, ink
from tests.widgets.node import NODE

HERE = pathlib.Path(__file__).parent
IMAGES = np.concatenate(
    [kept_networks.digit_examples() / 255, np.random.default_rng(0).random((3, 28, 28)), np.ones((1, 28, 28))]
)
# a bar, a dot, a loop, a stroke at the rim, a zigzag of two strokes
DRAWINGS = [
    ([[140, 40, 140, 240]], 9),
    ([[10, 10]], 4),
    ([[140, 60, 200, 140, 140, 220, 80, 140, 140, 60]], 12),
    ([[0, 0, 280, 0, 280, 280]], 16),
    ([[61, 63, 203, 60, 131, 233], [90, 150, 190, 147]], 7),
]


def networks():
    """(name, torch model), dense and pruned, with and without what is optional."""
    torch.manual_seed(0)
    for relu in (False, True):
        yield f"LeNet-5-Caffe, relu_after_pools={relu}", compress.lenet_5_caffe(3, relu_after_pools=relu)
    yield "LeNet-300-100", compress.lenet_300_100(3)


@pytest.fixture(scope="module")
def models():
    """Each network with random biases, then the same pruned thirtyfold."""
    found = []
    for name, model in networks():
        with torch.no_grad():
            for p in model.parameters():
                if p.ndim == 1:
                    p.normal_(0, 0.1)
        found.append((name, model, False))
        pruned = type(model)(
            seed=3, **({"relu_after_pools": model.relu_after_pools} if hasattr(model, "relu_after_pools") else {})
        )
        pruned.load_state_dict(model.state_dict())
        compress.prune_global(pruned, 30)
        found.append((f"{name}, pruned", pruned, True))
    return found


@pytest.fixture(scope="module")
def numbers():
    """Half-precision numbers of every kind: all exponents, both signs, the subnormal ones and zero."""
    return np.concatenate([np.arange(0, 0x7C01, 37), np.arange(0x8000, 0xFC01, 41)]).astype("<u2")


@pytest.fixture(scope="module")
def answers(models, numbers):
    sent = []
    for name, model, pruned in models:
        plain = kept_networks.as_arrays(model, name)
        read = plain.sparse() if pruned else json.loads(re.search(r"\] = (.*);", plain.script("x")).group(1))
        sent.append([read, [x.ravel().tolist() for x in IMAGES]])
    asked = {"networks": sent, "drawings": DRAWINGS, "halves": list(numbers.tobytes())}
    done = subprocess.run(
        [NODE, HERE / "network.mjs"], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.replace("null", "NaN"))


def test_javascript_equals_torch_to_five_digits(models, answers, tmp_path):
    for (name, model, pruned), answer in zip(models, answers["networks"], strict=True):
        if not pruned:  # the page has its weights in half precision
            (tmp_path / "x.js").write_text(kept_networks.as_arrays(model, name).script("x"), "ascii")
            half = read_script(tmp_path / "x.js")
            for layer, (module, _) in zip(half.layers, model.chain(), strict=True):
                with torch.no_grad():
                    module.weight.copy_(torch.from_numpy(layer.weight))
        with torch.no_grad():
            want = model(torch.from_numpy(IMAGES).float()).numpy()
        np.testing.assert_allclose(answer["scores"], want, rtol=1e-5, atol=1e-5 * np.abs(want).max(), err_msg=name)


def test_javascript_equals_numpy_to_ten_digits(models, answers):
    for (name, model, pruned), answer in zip(models, answers["networks"], strict=True):
        if pruned:
            want = kept_networks.as_arrays(model, name).scores(IMAGES)
            np.testing.assert_allclose(
                answer["scores"], want, rtol=1e-10, atol=1e-10 * np.abs(want).max(), err_msg=name
            )


def test_costs_are_those_that_the_engine_counts(models, answers):
    for (_, model, _), answer in zip(models, answers["networks"], strict=True):
        counted = compress.in_all(compress.multiply_adds(model, torch.zeros(1, 28, 28)))
        plain = kept_networks.as_arrays(model, "")
        assert answer["costs"]["parameters"] == plain.parameters == compress.count_parameters(model)
        assert answer["costs"]["dense"] == counted.dense
        if compress.count_nonzero_parameters(model) < plain.parameters / 2:  # half precision may round to zero
            assert answer["costs"]["nonzero"] == plain.nonzero == compress.count_nonzero_parameters(model)
            assert answer["costs"]["sparse"] == counted.sparse


def test_half_precision_is_read_as_numpy_reads_it(numbers, answers):
    np.testing.assert_array_equal(
        answers["halves"], np.where(np.isinf(numbers.view("<f2")), np.nan, numbers.view("<f2"))
    )


@pytest.mark.parametrize("number", range(len(DRAWINGS)))
def test_a_drawing_becomes_the_same_image_in_both_languages(answers, number):
    strokes, pen = DRAWINGS[number]
    want = drawn_image(strokes, pen)
    np.testing.assert_allclose(np.reshape(answers["drawings"][number], (28, 28)), want, atol=1e-12)
    assert np.count_nonzero(want) > 10


@pytest.mark.parametrize("number", range(len(DRAWINGS)))
def test_a_drawing_is_scaled_and_centred_as_mnist_is(number):
    image = drawn_image(*DRAWINGS[number])
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for profile, size in ((image.sum(1), np.ptp(rows) + 1), (image.sum(0), np.ptp(columns) + 1)):
        centre = (profile * np.arange(28)).sum() / profile.sum()
        # nearest to pixel 14, unless the box would leave the image
        assert abs(centre - 14) <= 0.51 or size == 20


def test_mnists_own_digits_are_scaled_and_centred_so():
    digits = compress.embedded_digits().train.images.astype(float)
    span = [max(np.ptp(np.flatnonzero(x.any(1))), np.ptp(np.flatnonzero(x.any(0)))) + 1 for x in digits]
    centre = (digits.sum(2) * np.arange(28)).sum(1) / digits.sum((1, 2))
    assert np.mean(np.array(span) == 20) > 0.99
    assert 13.4 < centre.min() < centre.max() < 14.6


def test_where_and_how_large_one_draws_does_not_matter():
    small = [[100, 100, 130, 100, 115, 140]]
    large = [[2 * x - 60 for x in small[0]]]
    moved = [[x + (25 if i % 2 else 50) for i, x in enumerate(small[0])]]
    np.testing.assert_allclose(drawn_image(small, 4), drawn_image(moved, 4), atol=1e-9)
    assert np.abs(drawn_image(small, 4) - drawn_image(large, 8)).mean() < 0.05


def test_nothing_drawn_is_an_empty_image():
    assert not drawn_image([], 9).any()


def test_ink_is_a_disc_around_a_point():
    assert ink([[140, 140]], 10).sum() == pytest.approx(np.pi * (14 / 2.5) ** 2, rel=0.05)


def test_script_gives_back_the_network_in_half_precision(tmp_path):
    plain = kept_networks.as_arrays(compress.lenet_300_100(1), "LeNet-300-100")
    (tmp_path / "net.js").write_text(plain.script("net"), "ascii")
    back = read_script(tmp_path / "net.js")
    assert back.name == "LeNet-300-100"
    for a, b in zip(plain.layers, back.layers, strict=True):
        np.testing.assert_array_equal(b.weight, a.weight.astype(np.float16))
        np.testing.assert_array_equal(b.bias, a.bias)
        assert (a.relu, a.pool) == (b.relu, b.pool)


def test_other_files_are_no_network(tmp_path):
    (tmp_path / "x.js").write_text("alert(1)")
    with pytest.raises(ValueError, match=r"path must name a script that ImageNetwork\.script wrote"):
        read_script(tmp_path / "x.js")


def test_stored_weights_say_which_network_they_are(tmp_path):
    for model in (compress.lenet_300_100(2), compress.lenet_5_caffe(2)):
        compress.prune_global(model, 100)
        compress.storage.save(model.state_dict(), tmp_path / "net.l0")
        stored = kept_networks.load_lenet(tmp_path / "net.l0", relu_after_pools=False, folder=tmp_path)
        assert "a stand-in" in str(stored)
        back, want = stored.plain, kept_networks.as_arrays(model, "net")
        assert back.bytes_on_disk == (tmp_path / "net.l0").stat().st_size
        assert back.nonzero == want.nonzero == compress.count_nonzero_parameters(model)
        np.testing.assert_array_equal(back.scores(IMAGES), want.scores(IMAGES))
    compress.storage.save({"a": torch.ones(3)}, tmp_path / "other.l0")
    with pytest.raises(ValueError, match="must hold the weights of LeNet-300-100 or LeNet-5-Caffe; got a"):
        kept_networks.load_lenet(tmp_path / "other.l0")


def test_only_the_two_networks_are_plain():
    with pytest.raises(ValueError, match="model must be a LeNet300100 or a LeNet5Caffe; got Linear"):
        kept_networks.as_arrays(torch.nn.Linear(2, 2), "")


def test_pooling_leaves_an_odd_row_out():
    network = ImageNetwork("", [Layer(np.ones((1, 1, 2, 2), np.float32), np.zeros(1, np.float32), False, pool=True)])
    assert network.scores(np.ones((1, 28, 28))).shape == (1, 1, 13, 13)
