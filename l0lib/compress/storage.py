r"""Bytes on disk: a network's tensors as one file, dense or sparse, with entropy coding; every file can be read back.

The file is ``l0lib1``, one byte for the entropy coding, the CRC-32 of what follows before it was coded (4 bytes), and
then, coded: the length of the header (4 bytes), the header (JSON: the encoding, and name, shape and number of nonzeros
of each tensor, and its type where that is not float32), and the streams of all tensors one after the other. A tensor
that stands under two names, as tied weights do in a ``state_dict()``, is stored once: its second entry holds the name
and the place of the first. Numbers are little-endian. The encodings, for a tensor seen as a matrix (its first axis
against all others; a vector is one row):

``dense``
    Every value.
``csr``
    Compressed sparse rows: where each row starts among the nonzeros, their columns, and their values; starts and
    columns in the smallest unsigned type that holds the largest possible one.
``bitmap``
    One bit for each entry, then the values of the nonzeros.

Values are stored byte by byte, all first bytes before all second ones: the bytes that hold signs and exponents are
alike, and stand together for the entropy coder. The standard library's zlib and lzma do the coding.
"""

from __future__ import annotations

import json
import lzma
import math
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .. import _validate
from .._files import write_atomically

MAGIC = b"l0lib1"
ENCODINGS = ("dense", "csr", "bitmap")

_FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
_WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
#: What a file can hold, by torch's name of the type.
_TYPES = {str(kind).removeprefix("torch."): kind for kind in (*_FLOATS, *_WHOLE)}
_NAMES = {kind: name for name, kind in _TYPES.items()}

_Coder = Callable[[bytes], bytes]


def _lzma(data: bytes) -> bytes:
    # a dictionary no larger than the data: the preset's 64 MiB take longer to set up than a small network to code
    window = 1 << max(12, len(data).bit_length())
    strongest = {"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": min(window, 1 << 26)}
    # the old container: 13 bytes of header where the new one takes 60
    return lzma.compress(data, lzma.FORMAT_ALONE, filters=[strongest])


_CODINGS: dict[str, tuple[_Coder, _Coder]] = {
    "none": (bytes, bytes),
    "zlib": (zlib.compress, zlib.decompress),
    "lzma": (_lzma, lambda data: lzma.decompress(data, lzma.FORMAT_ALONE)),
}
CODINGS = tuple(_CODINGS)

#: Bytes before the coded part: magic, coding, checksum.
_LEAD = len(MAGIC) + 1 + 4


@dataclass(frozen=True)
class Size:
    """The bytes of a network in one encoding and one entropy coding, header included."""

    encoding: str
    coding: str
    bytes: int


def pack(tensors: Mapping[str, torch.Tensor], encoding: str = "csr", coding: str = "lzma") -> bytes:
    """Return the bytes of a file that holds ``tensors``, without loss.

    Parameters
    ----------
    tensors : mapping of str to tensor
        Such as a ``state_dict()``: floats of 16, 32 or 64 bits (bfloat16 too), whole numbers, or booleans.
    encoding : {"dense", "csr", "bitmap"}
    coding : {"none", "zlib", "lzma"}
        The entropy coding.

    Raises
    ------
    ValueError
        If a tensor is of another type (complex, quantised, 8-bit float) or a sparse one, or ``encoding`` or ``coding``
        is unknown.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}; got {encoding!r}")
    if coding not in CODINGS:
        raise ValueError(f"coding must be one of {', '.join(CODINGS)}; got {coding!r}")
    entries: list[list] = []
    streams = []
    seen: dict[tuple, int] = {}
    for name, tensor in tensors.items():
        if tensor.dtype not in _NAMES or tensor.layout != torch.strided:
            kind = str(tensor.dtype if tensor.layout == torch.strided else tensor.layout).removeprefix("torch.")
            raise ValueError(f"tensors must be dense and one of {', '.join(_TYPES)}; got {kind} for {name}")
        memory = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if tensor.numel() and memory in seen:
            entries.append([name, seen[memory]])
            continue
        seen[memory] = len(entries)
        values = tensor.detach().cpu().contiguous()
        there = (values != 0).numpy()
        kind = _NAMES[values.dtype]
        entry = [name, list(values.shape), int(np.count_nonzero(there))]
        entries.append(entry if kind == "float32" else [*entry, kind])
        array = (values.view(torch.int16) if kind == "bfloat16" else values).numpy()  # NumPy has no bfloat16
        streams.append(_encode(array, there, encoding))
    header = json.dumps([encoding, entries], separators=(",", ":")).encode()
    # all starts, then all columns, then all values: what is alike stands together
    body = b"".join(b"".join(stream) for stream in zip(*streams, strict=True))
    plain = len(header).to_bytes(4, "little") + header + body
    return MAGIC + _number(coding) + zlib.crc32(plain).to_bytes(4, "little") + _CODINGS[coding][0](plain)


def unpack(data: bytes) -> dict[str, torch.Tensor]:
    """Return the tensors that :func:`pack` wrote: equal to the last bit, but for the sign of zeros in a sparse file.

    Nothing in the file is run: it holds names, shapes and numbers alone.

    Raises
    ------
    ValueError
        If the bytes are not such a file, or are cut short or altered.
    """
    coding, checksum, packed = data[len(MAGIC) : _LEAD - 4], data[_LEAD - 4 : _LEAD], data[_LEAD:]
    if not data.startswith(MAGIC) or coding not in map(_number, CODINGS):
        raise ValueError(f"data must be a file that l0lib wrote, starting with {MAGIC!r}; got {data[:_LEAD]!r}")
    try:
        plain = _CODINGS[CODINGS[coding[0]]][1](packed)
    except (zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"data must be a whole file; it is cut short or altered: {error}") from error
    if zlib.crc32(plain).to_bytes(4, "little") != checksum:
        raise ValueError("data must be a whole file; it is cut short or altered: its checksum differs")
    start = 4 + int.from_bytes(plain[:4], "little")
    encoding, entries = json.loads(plain[4:start])
    # an entry of two is another name of a tensor before it
    stored = [tuple(entry[1:]) if len(entry) > 3 else (*entry[1:], "float32") for entry in entries if len(entry) > 2]
    decoded = iter(_decode(encoding, stored, plain[start:]))
    found: list[torch.Tensor] = []
    for entry in entries:
        found.append(next(decoded) if len(entry) > 2 else found[entry[1]])
    return {entry[0]: tensor for entry, tensor in zip(entries, found, strict=True)}


def bytes_on_disk(model: torch.nn.Module) -> list[Size]:
    """Return the bytes of all parameters of ``model`` in each encoding and coding, smallest first.

    Buffers (the running statistics of batch norm) are not counted.
    """
    _validate.network(model)
    tensors = dict(model.named_parameters())
    sizes = [Size(e, c, len(pack(tensors, e, c))) for e in ENCODINGS for c in CODINGS]
    return sorted(sizes, key=lambda size: size.bytes)


def smallest(tensors: Mapping[str, torch.Tensor], coding: str | None = None) -> tuple[Size, bytes]:
    """Return the smallest sparse file of ``tensors``: which it is, and its bytes.

    Where nothing is zero the bitmap adds one bit to 32, so that a dense file is never needed. All codings are tried, or
    the one that is named: lzma takes seconds for a million nonzeros, zlib a tenth of that for a few percent more bytes.
    """
    codings = CODINGS if coding is None else (coding,)
    files = [(e, c, pack(tensors, e, c)) for e in ENCODINGS[1:] for c in codings]
    encoding, coding, data = min(files, key=lambda file: len(file[2]))
    return Size(encoding, coding, len(data)), data


def save(tensors: Mapping[str, torch.Tensor], path: str | Path, coding: str | None = None) -> Size:
    """Write ``tensors`` to ``path`` as the :func:`smallest` sparse file; tell which, and how many bytes it takes.

    The file appears whole or not at all: it is written beside ``path`` and then renamed.
    """
    size, data = smallest(tensors, coding)
    with write_atomically(Path(path)) as part:
        part.write_bytes(data)
    return size


def load(path: str | Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file that :func:`save` wrote, as ``load_state_dict`` takes them (see :func:`unpack`)."""
    return unpack(Path(path).read_bytes())


def _number(coding: str) -> bytes:
    return bytes([CODINGS.index(coding)])


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    rows = shape[0] if len(shape) > 1 else 1
    return rows, math.prod(shape[1:]) if len(shape) > 1 else math.prod(shape)


def _unsigned(largest: int) -> np.dtype:
    return np.min_scalar_type(largest).newbyteorder("<")


def _by_byte(values: np.ndarray) -> bytes:
    size = values.dtype.itemsize
    return values.astype(values.dtype.newbyteorder("<")).view(np.uint8).reshape(-1, size).T.tobytes()


def _encode(array: np.ndarray, there: np.ndarray, encoding: str) -> tuple[bytes, bytes, bytes]:
    shape = _matrix_shape(array.shape)
    matrix, there = array.reshape(shape), there.reshape(shape)
    if encoding == "dense":
        return b"", b"", _by_byte(matrix.ravel())
    values = _by_byte(matrix[there])
    if encoding == "bitmap":
        return b"", np.packbits(there).tobytes(), values
    starts = np.concatenate([[0], np.cumsum(np.count_nonzero(there, axis=1))])
    columns = np.nonzero(there)[1]
    return (
        starts.astype(_unsigned(len(columns))).tobytes(),
        columns.astype(_unsigned(max(shape[1] - 1, 0))).tobytes(),
        values,
    )


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int, dtype: np.dtype) -> np.ndarray:
        start, self.at = self.at, self.at + count * dtype.itemsize
        if count < 0 or self.at > len(self.data):
            raise ValueError("it ends too early")
        return np.frombuffer(self.data[start : self.at], dtype)


def _decode(encoding: str, entries: list[tuple[list[int], int, str]], body: bytes) -> list[torch.Tensor]:
    reader, byte = _Reader(body), np.dtype(np.uint8)
    sizes = [math.prod(shape) for shape, _, _ in entries]
    counts = sizes if encoding == "dense" else [count for _, count, _ in entries]
    places: list[np.ndarray | slice] = [slice(None)] * len(entries)
    if encoding == "bitmap":
        places = [np.flatnonzero(np.unpackbits(reader.take(-(-size // 8), byte), count=size)) for size in sizes]
    elif encoding == "csr":
        shapes = [_matrix_shape(tuple(shape)) for shape, _, _ in entries]
        starts = [reader.take(rows + 1, _unsigned(count)) for (rows, _), count in zip(shapes, counts, strict=True)]
        for i, (_, width) in enumerate(shapes):
            columns = reader.take(counts[i], _unsigned(max(width - 1, 0))).astype(np.int64)
            in_row = np.diff(starts[i].astype(np.int64)).astype(np.int64)
            places[i] = np.repeat(np.arange(len(in_row)), in_row) * width + columns
    tensors = []
    for (shape, _, name), size, count, place in zip(entries, sizes, counts, places, strict=True):
        if name not in _TYPES:
            raise ValueError(f"data must hold {', '.join(_TYPES)} alone; got {name!r}")
        kind = _TYPES[name]
        width = kind.itemsize
        flat = np.zeros((size, width), np.uint8)
        flat[place] = reader.take(width * count, byte).reshape(width, count).T
        if sys.byteorder == "big":
            flat = flat[:, ::-1].copy()
        tensors.append(torch.from_numpy(flat.reshape(-1)).view(kind).reshape(shape))
    return tensors
