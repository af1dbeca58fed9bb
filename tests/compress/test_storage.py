import lzma
import math
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from l0lib import compress
from l0lib.compress import storage
from l0lib.compress.storage import CODINGS, ENCODINGS, bytes_on_disk, pack, unpack

tensors = arrays.arrays(
    "float32",
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7),
    elements=st.sampled_from([0.0, 0.0, 0.0, 1.5, -2.0, math.inf, 1e-45]),
).map(torch.from_numpy)
ways = [(encoding, coding) for encoding in ENCODINGS for coding in CODINGS]


@pytest.fixture(scope="module")
def lenet_5():
    """LeNet-5-Caffe at the paper's highest ratio, and the sizes of its files."""
    model = pruned(359, compress.lenet_5_caffe)
    return model, bytes_on_disk(model)


def pruned(ratio, build=compress.lenet_300_100):
    model = build(0)
    compress.prune_global(model, ratio)
    return model


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=100, deadline=None)
@given(named=st.dictionaries(st.text(max_size=8), tensors, max_size=4), coding=st.sampled_from(CODINGS))
def test_what_was_packed_comes_back(encoding, named, coding):
    found = unpack(pack(named, encoding, coding))
    assert list(found) == list(named)
    for name, tensor in named.items():
        assert found[name].shape == tensor.shape
        assert found[name].dtype == torch.float32
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(list(storage._TYPES)), coding=st.sampled_from(CODINGS))
def test_every_type_comes_back_bit_by_bit(encoding, data, kind, coding):
    dtype = storage._TYPES[kind]
    bits = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
    shape = tuple(data.draw(st.lists(st.integers(0, 5), max_size=3)))
    if kind == "bool":
        values = st.booleans()
    else:
        # whatever bits: not-a-number, infinities and subnormal numbers too, but for the zero with a sign
        least, most = torch.iinfo(bits).min, torch.iinfo(bits).max
        values = st.one_of(
            st.just(0), st.integers(least, most).filter(lambda n: not dtype.is_floating_point or n != least)
        )
    whole = torch.tensor(data.draw(st.lists(values, min_size=math.prod(shape), max_size=math.prod(shape))), dtype=bits)
    tensor = whole.view(dtype).reshape(shape)
    found = unpack(pack({"a": torch.ones(3), "t": tensor, "z": torch.ones(2)}, encoding, coding))
    assert list(found) == ["a", "t", "z"]
    assert found["t"].dtype == dtype
    assert found["t"].shape == tensor.shape
    assert torch.equal(found["t"].reshape(-1).view(bits), tensor.reshape(-1).view(bits))
    assert torch.equal(found["z"], torch.ones(2))


def batch_norm_network(dtype=torch.float32):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
    for _ in range(3):
        model(torch.randn(16, 3, 8, 8))
    return model.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_a_batch_norm_network_of_any_precision_comes_back_with_its_buffers(dtype, tmp_path):
    model = batch_norm_network(dtype)
    compress.prune_global(model, 8)
    state = model.state_dict()
    assert {tensor.dtype for tensor in state.values()} == {dtype, torch.int64}
    size = storage.save(state, tmp_path / "network.l0")
    dense = sum(tensor.numel() * tensor.itemsize for tensor in state.values())
    assert size.bytes < dense / 3
    other = batch_norm_network(dtype)
    other.load_state_dict(storage.load(tmp_path / "network.l0"))
    assert int(other[1].num_batches_tracked) == 3
    for name, tensor in other.state_dict().items():
        assert tensor.dtype == state[name].dtype
        assert torch.equal(tensor, state[name]), name
    x = torch.randn(4, 3, 8, 8, dtype=dtype)
    assert torch.equal(model.eval()(x), other.eval()(x))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_tensor_under_two_names_is_stored_once(encoding):
    one = torch.randn(30, 20)
    twice = {"encoder.weight": one, "between": torch.ones(4), "decoder.weight": one}
    apart = {**twice, "decoder.weight": one.clone()}
    assert len(pack(apart, encoding, "none")) - len(pack(twice, encoding, "none")) > 4 * one.numel()
    found = unpack(pack(twice, encoding))
    assert list(found) == list(twice)
    assert found["decoder.weight"] is found["encoder.weight"]
    assert all(torch.equal(found[name], tensor) for name, tensor in twice.items())
    # a transposed view of the same memory is another tensor
    found = unpack(pack({"w": one, "t": one.T}, encoding))
    assert torch.equal(found["t"], one.T)


def test_files_written_before_there_were_types_are_read():
    """What float32 tensors take has not changed: a file of the first version, byte for byte."""
    first = bytes.fromhex(
        "6c306c6962310006c5c20c230000005b22637372222c5b5b2277222c5b322c325d2c325d2c5b2262222c5b315d2c315d5d5d"
        "000102000101000000000000c0003fc000004040"
    )
    tensors = {"w": torch.tensor([[0, 1.5], [-2.0, 0]]), "b": torch.tensor([3.0])}
    assert pack(tensors, "csr", "none") == first
    assert all(torch.equal(unpack(first)[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize(("encoding", "coding"), ways)
def test_a_pruned_network_comes_back_to_the_last_bit(encoding, coding):
    model, other = pruned(359), compress.lenet_300_100(1)
    other.load_state_dict(unpack(pack(model.state_dict(), encoding, coding)))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_without_entropy_coding_the_bytes_can_be_counted_by_hand():
    model = pruned(50)
    kept = 266_610 // 50
    empty = {encoding: len(pack({}, encoding, "none")) for encoding in ENCODINGS}
    named = dict(model.named_parameters())
    sizes = {encoding: len(pack(named, encoding, "none")) - empty[encoding] for encoding in ENCODINGS}
    entries = [[n, list(p.shape), int(torch.count_nonzero(p))] for n, p in named.items()]
    names = len(storage.json.dumps(entries, separators=(",", ":"))) - len("[]")
    assert sizes["dense"] - names == 4 * 266_610
    assert sizes["bitmap"] - names == 4 * kept + sum(-(-p.numel() // 8) for p in model.parameters())

    def width(largest):
        return 1 if largest < 2**8 else 2 if largest < 2**16 else 4

    csr = 4 * kept
    for p in model.parameters():
        rows, columns = (p.shape[0] if p.ndim > 1 else 1), p.shape[-1]
        nonzero = int(torch.count_nonzero(p))
        csr += width(nonzero) * (rows + 1) + width(columns - 1) * nonzero
    assert sizes["csr"] - names == csr


@pytest.mark.parametrize(("columns", "index_bytes"), [(256, 1), (257, 2), (65_536, 2), (65_537, 4)])
def test_csr_takes_the_smallest_index_type(columns, index_bytes):
    one = torch.zeros(1, columns)
    one[0, -1] = 1
    with_one = len(pack({"w": one}, "csr", "none"))
    assert with_one - len(pack({"w": torch.zeros(1, columns)}, "csr", "none")) == 4 + index_bytes


def test_sizes_are_those_of_the_files_and_the_smallest_stands_first(lenet_5):
    model, sizes = lenet_5
    assert {(size.encoding, size.coding) for size in sizes} == set(ways)
    assert [size.bytes for size in sizes] == sorted(size.bytes for size in sizes)
    for size in sizes[:6]:
        assert size.bytes == len(pack(dict(model.named_parameters()), size.encoding, size.coding))


def test_sparsity_and_entropy_coding_pay(lenet_5):
    """At 359 times fewer parameters the file is more than 200 times smaller; positions cost the rest."""
    size = {(s.encoding, s.coding): s.bytes for s in lenet_5[1]}
    dense = size["dense", "none"]
    assert min(size.values()) < dense / 200
    assert size["csr", "none"] < size["bitmap", "none"] < dense / 20
    for encoding in ENCODINGS:
        assert size[encoding, "lzma"] < size[encoding, "zlib"] < size[encoding, "none"]
    # plain zeros, all of one sign, are next to nothing for a good entropy coder
    assert max(size["csr", "lzma"], size["bitmap", "lzma"]) < size["dense", "lzma"] / 1.5


def test_without_zeros_positions_only_cost():
    whole = {encoding: len(pack({"w": torch.ones(300, 784)}, encoding, "none")) for encoding in ENCODINGS}
    assert whole["dense"] < whole["bitmap"] < 1.04 * whole["dense"] < whole["csr"]


@pytest.mark.parametrize(("encoding", "coding"), ways)
def test_a_file_cut_short_or_altered_is_refused(encoding, coding):
    data = pack({"w": torch.eye(12), "b": torch.arange(5.0)}, encoding, coding)
    random = np.random.default_rng(0)
    for end in (0, 3, 7, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match="data must be a"):
            unpack(data[:end])
    for place in random.integers(0, len(data), 60):
        flipped = bytearray(data)
        flipped[place] ^= 1 << random.integers(8)
        try:
            found = unpack(bytes(flipped))
        except ValueError:
            continue
        assert torch.equal(found["w"], torch.eye(12)), "only bits that the entropy coder does not use may go unnoticed"
        assert torch.equal(found["b"], torch.arange(5.0))


def test_the_coding_is_the_standard_librarys():
    plain = pack({"w": torch.eye(9)}, "bitmap", "none")[11:]
    assert zlib.decompress(pack({"w": torch.eye(9)}, "bitmap", "zlib")[11:]) == plain
    assert lzma.decompress(pack({"w": torch.eye(9)}, "bitmap", "lzma")[11:]) == plain


def test_saving_takes_the_smallest_way_and_leaves_no_half_file(tmp_path, monkeypatch):
    model, path = pruned(100), tmp_path / "network.l0"
    size = storage.save(model.state_dict(), path)
    assert size.bytes == min(len(pack(model.state_dict(), encoding, coding)) for encoding, coding in ways[3:])
    assert path.stat().st_size == size.bytes
    assert all(torch.equal(a, b) for a, b in zip(storage.load(path).values(), model.parameters(), strict=True))
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        storage.save(compress.lenet_300_100(1).state_dict(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["network.l0"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, "magic"), "encoding must be one of dense, csr, bitmap; got 'magic'"),
        (({}, "csr", "magic"), "coding must be one of none, zlib, lzma; got 'magic'"),
        (({"n": torch.tensor(3j)},), "tensors must be dense and one of float32, .*, bool; got complex64 for n"),
        (({"n": torch.zeros(2).to(torch.float8_e4m3fn)},), "got float8_e4m3fn for n"),
        (({"n": torch.eye(2).to_sparse()},), "got sparse_coo for n"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        pack(*arguments)
