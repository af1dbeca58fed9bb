"""Damaged files of every kind: read to the same content, or refused in one line that names them (see bad_files.py)."""

import contextlib
import json
import tracemalloc
import zlib

import pytest
import torch

from l0lib.compress import checkpoints, datasets, storage
from tests import bad_files


def test_damaged_files_are_read_right_or_refused_by_name(tmp_path):
    assert bad_files.try_files(300, 0, tmp_path) == []


def test_a_reader_that_looks_at_nothing_is_found_out(tmp_path, monkeypatch):
    """The judge itself: readers that let an error through, do not name the file, or take what is altered."""
    monkeypatch.setattr(storage, "load", lambda path: storage.unpack(path.read_bytes()))
    monkeypatch.setattr(datasets, "_damaged", lambda *named: contextlib.nullcontext())
    told = "\n".join(bad_files.try_files(120, 0, tmp_path))
    assert "does not name the file" in told
    assert "parcel, cut: BadZipFile: " in told


def framed(header, body=b"", coding="none"):
    """A weights file with a sound frame."""
    text = json.dumps(header).encode()
    plain = len(text).to_bytes(4, "little") + text + body
    lead = storage.MAGIC + bytes([storage.CODINGS.index(coding)]) + zlib.crc32(plain).to_bytes(4, "little")
    return lead + storage._CODINGS[coding](plain)


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        (["csr", [["w", [10**9, 3], 0]]], b"", "must hold at most 268,435,456 bytes of tensors; got 12,000,000,000"),
        (["dense", [["w", [10**30, 0], 0]]], b"", "must hold at most"),
        (["dense", [["w", [2, 2], 4]]], bytes(12), "must be a whole file; it ends too early"),
        (["dense", [["w", [1], 1]]], bytes(9), "must end with its last value; 5 bytes follow"),
        (["bitmap", [["w", [8], 1]]], b"\xff" + bytes(4), "as many nonzeros as its header says"),
        (["csr", [["w", [2, 2], 1]]], bytes([0, 0, 1, 7]) + bytes(4), "rows and columns within its shapes"),
        (["csr", [["w", [2, 2], 1]]], bytes([0, 9, 1, 0]) + bytes(4), "rows and columns within its shapes"),
        (["dense", [["w", [1], 1, "bool"]]], b"\x07", "booleans of 0 and 1"),
        (["dense", [["w", [-1], 0]]], b"", "the lengths of 'w' must be a whole number >= 0; got -1"),
        (["dense", [["w", [True], 0]]], b"\0\0\0\0", "the lengths of 'w' must be a whole number >= 0; got True"),
        (["dense", [["w", [1], 2]]], bytes(4), r"'w' has 2 nonzeros of \[1\]"),
        (["dense", [["w", [1], 1, "complex64"]]], bytes(8), "the type must be one of float32"),
        (["dense", [["w", 0]]], b"", "must have a header that l0lib wrote: list index out of range"),
        (["dense", [["w", [0], 0], ["v", -1]]], b"", "the place of a tensor before must be a whole number >= 0"),
        (["dense", [["w", [0], 0], ["w", [0], 0]]], b"", "names must be texts, each once; got 'w'"),
        (["dense", [[3, [0], 0]]], b"", "names must be texts, each once; got 3"),
        (["magic", []], b"", "the encoding must be one of dense, csr, bitmap; got 'magic'"),
        ([], b"", "must have a header that l0lib wrote"),
        (["dense", {}], b"", "entries must be a list"),
        (["dense", [["w", [1] * 65, 1]]], bytes(4), "'w' has 1 nonzeros of"),
    ],
)  # fmt: skip
def test_a_weights_file_by_hand_is_refused_by_name(tmp_path, header, body, message):
    path = tmp_path / "by-hand.l0"
    path.write_bytes(framed(header, body))
    with pytest.raises(ValueError, match=message) as error:
        storage.load(path)
    assert str(error.value).startswith(f"{path}: data must ")


@pytest.mark.parametrize("coding", ["zlib", "lzma"])
def test_a_small_file_does_not_unpack_to_gigabytes(tmp_path, monkeypatch, coding):
    path = tmp_path / "bomb.l0"
    monkeypatch.setattr(storage, "_PIECE", 1 << 20)
    zeros = bytes(1 << 24)
    path.write_bytes(framed(["dense", [["w", [len(zeros) // 4], 0]]], zeros, coding))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"bomb.l0: data must unpack to at most 2,000,000 bytes; more needs a larger"):
        storage.load(path, most=1_000_000)
    if coding == "zlib":  # the other's window alone is as large as all of it
        assert tracemalloc.get_traced_memory()[1] < len(zeros) / 2
    tracemalloc.stop()
    assert len(storage.load(path, most=len(zeros))["w"]) == len(zeros) // 4


def altered(path, **change):
    state = checkpoints.load(path)
    state.pop("format")
    checkpoints.save(path, {name: values for name, values in {**state, **change}.items() if values is not ...})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": -3}, "step must be a whole number >= 0; got -3"),
        ({"step": 7}, "step must be of 6, with the history so far; got 7"),
        ({"step": 2}, "step must be of 6, with the history so far; got 2"),
        ({"step": "3"}, "step must be a whole number"),
        ({"step": ...}, "KeyError: 'step'"),
        ({"configuration": ...}, "KeyError: 'configuration'"),
        ({"configuration": [1, 2]}, "TypeError"),
        ({"history": {}}, "with the history so far"),
        ({"history": [1]}, "TypeError"),
        ({"total": torch.ones(2)}, "total must be one finite number"),
        ({"total": torch.tensor(torch.nan)}, "total must be one finite number"),
        ({"model": {}}, "Missing key"),
        ({"model": [1]}, "TypeError"),
        ({"optimizer": {0: {"momentum": torch.ones(2)}}}, "momentum of parameter 0 must be of its shape"),
        ({"optimizer": {77: {"momentum": torch.ones(2)}}}, "KeyError: 77"),
        ({"generators": {}}, "KeyError: 'order'"),
        ({"generators": []}, "TypeError"),
    ],
)
def test_a_checkpoint_by_hand_is_refused_by_name(tmp_path, change, message):
    path = tmp_path / "run.checkpoint"
    bad_files.train(path)
    altered(path, **change)
    with pytest.raises(ValueError, match=message) as error:
        bad_files.train(path)
    assert str(error.value).startswith(f"checkpoint must hold what this stage wrote; {path} does not (")
    assert "\n" not in str(error.value)


def test_a_state_with_entries_that_are_no_tensors_names_them(tmp_path):
    with pytest.raises(ValueError, match="tensors must hold tensors alone; got int for epoch: leave it out"):
        storage.save({"weight": torch.ones(3), "epoch": 3}, tmp_path / "x.l0")
