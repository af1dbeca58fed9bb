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
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import _validate
from .._files import read_whole, write_atomically

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


_CODINGS: dict[str, _Coder] = {"none": bytes, "zlib": zlib.compress, "lzma": _lzma}
CODINGS = tuple(_CODINGS)
#: Bytes of the tensors of a file that is read, at most, unless the reader says more: a small file can unpack to many.
MOST = 1 << 28
_LONGEST_HEADER = 1 << 22
_PIECE = 1 << 24

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
        If an entry is no tensor, or one of another type (complex, quantised, 8-bit float) or a sparse one, or
        ``encoding`` or ``coding`` is unknown.
    """
    if not isinstance(tensors, Mapping):
        raise ValueError(f"tensors must be a mapping of names to tensors; got {_validate.shown(tensors)}")
    _validate.choice("encoding", encoding, ENCODINGS)
    _validate.choice("coding", coding, CODINGS)
    entries: list[list] = []
    streams = []
    seen: dict[tuple, int] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"tensors must hold tensors alone; got {type(tensor).__name__} for {name}: leave it out")
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
    return MAGIC + _number(coding) + zlib.crc32(plain).to_bytes(4, "little") + _CODINGS[coding](plain)


def unpack(data: bytes, most: int = MOST) -> dict[str, torch.Tensor]:
    """Return the tensors that :func:`pack` wrote: equal to the last bit, but for the sign of zeros in a sparse file.

    Nothing in the file is run: it holds names, shapes and numbers alone. ``most`` bounds the bytes of the tensors.

    Raises
    ------
    ValueError
        If the bytes are not such a file, are cut short or altered, or hold more.
    """
    if not isinstance(data, bytes | bytearray):
        raise ValueError(f"data must be the bytes of a file; got {_validate.shown(data)}")
    coding, checksum, packed = data[len(MAGIC) : _LEAD - 4], data[_LEAD - 4 : _LEAD], data[_LEAD:]
    if not data.startswith(MAGIC) or coding not in map(_number, CODINGS):
        raise ValueError(f"data must be a file that l0lib wrote, starting with {MAGIC!r}; got {data[:_LEAD]!r}")
    plain = _decoded(CODINGS[coding[0]], packed, 2 * most)  # columns can take as much as values
    if zlib.crc32(plain).to_bytes(4, "little") != checksum:
        raise ValueError("data must be a whole file; it is cut short or altered: its checksum differs")
    start = 4 + int.from_bytes(plain[:4], "little")
    if start > _LONGEST_HEADER:
        raise ValueError(f"data must have a header of at most {_LONGEST_HEADER:,} bytes; got {start:,}")
    encoding, names, stored = _read_header(plain[4:start], most)
    tensors = _decode(encoding, stored, memoryview(plain)[start:])
    return {name: tensors[place] for name, place in names.items()}


def _decoded(coding: str, packed: bytes, most: int) -> bytes | bytearray:
    """Undo the entropy coding; what would be longer than ``most`` is refused before it fills the memory."""
    if coding == "none":
        return packed
    stream: Any = zlib.decompressobj()
    if coding == "lzma":
        stream = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 28)
    plain = bytearray()
    try:
        while not stream.eof and (more := stream.decompress(packed, _PIECE)):
            plain += more
            if len(plain) > most:
                raise ValueError(f"data must unpack to at most {most:,} bytes; more needs a larger 'most'")
            packed = stream.unconsumed_tail if coding == "zlib" else b""
    except (zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"data must be a whole file; it is cut short or altered: {error}") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("data must be a whole file; it is cut short or altered: it does not end where it should")
    return plain


class _Entry(NamedTuple):
    shape: list[int]
    nonzero: int
    kind: str = "float32"

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def _read_header(text: bytes | bytearray, most: int) -> tuple[str, dict[str, int], list[_Entry]]:
    """Return the encoding, the place of each name's tensor among those stored, and these."""
    names: dict[str, int] = {}
    stored: list[_Entry] = []
    try:
        encoding, entries = json.loads(text)
        if not isinstance(entries, list):
            raise ValueError(f"entries must be a list; got {entries!r:.80}")
        if encoding not in ENCODINGS:
            raise ValueError(f"the encoding must be one of {', '.join(ENCODINGS)}; got {encoding!r:.80}")
        places: list[int] = []
        for name, *told in entries:
            if not isinstance(name, str) or name in names:
                raise ValueError(f"names must be texts, each once; got {name!r:.80}")
            if len(told) == 1:  # another name of a tensor before it
                place = places[_validate.whole("the place of a tensor before", told[0], 0)]
            else:
                place, entry = len(stored), _Entry(*told)
                if not isinstance(entry.shape, list):
                    raise ValueError(f"the shape of {name!r:.80} must be a list; got {entry.shape!r:.80}")
                for length in entry.shape:
                    _validate.whole(f"the lengths of {name!r:.80}", length, 0)
                if len(entry.shape) > 64 or _validate.whole("the number of nonzeros", entry.nonzero, 0) > entry.size:
                    raise ValueError(f"{name!r:.80} has {entry.nonzero!r:.80} nonzeros of {entry.shape!r:.80}")
                if entry.kind not in _TYPES:
                    raise ValueError(f"the type must be one of {', '.join(_TYPES)}; got {entry.kind!r:.80}")
                stored.append(entry)
            places.append(place)
            names[name] = place
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ValueError(f"data must have a header that l0lib wrote: {error}") from error
    # a row takes memory too, even an empty one
    total = sum(max([entry.size, *entry.shape]) * _TYPES[entry.kind].itemsize for entry in stored)
    if total > most:
        raise ValueError(f"data must hold at most {most:,} bytes of tensors; got {total:,}: more needs a larger 'most'")
    return encoding, names, stored


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
    write_atomically(path, data)
    return size


def load(path: str | Path, most: int = MOST) -> dict[str, torch.Tensor]:
    """Return the tensors of a file that :func:`save` wrote, as ``load_state_dict`` takes them (see :func:`unpack`)."""
    data = read_whole(path, "weights file", 2 * most)
    try:
        return unpack(data, most)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


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
    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def take(self, count: int, dtype: np.dtype) -> np.ndarray:
        start, self.at = self.at, self.at + count * dtype.itemsize
        if count < 0 or self.at > len(self.data):
            raise ValueError("data must be a whole file; it ends too early")
        return np.frombuffer(self.data[start : self.at], dtype)


def _decode(encoding: str, entries: list[_Entry], body: memoryview) -> list[torch.Tensor]:
    reader, byte = _Reader(body), np.dtype(np.uint8)
    counts = [entry.size if encoding == "dense" else entry.nonzero for entry in entries]
    places: list[np.ndarray | slice] = [slice(None)] * len(entries)
    if encoding == "bitmap":
        bits = [np.unpackbits(reader.take(-(-entry.size // 8), byte), count=entry.size) for entry in entries]
        places = [np.flatnonzero(some) for some in bits]
        if [int(some.sum()) for some in bits] != counts:
            raise ValueError("data must have as many nonzeros as its header says; its bitmaps differ")
    elif encoding == "csr":
        shapes = [_matrix_shape(tuple(entry.shape)) for entry in entries]
        starts = [reader.take(rows + 1, _unsigned(count)) for (rows, _), count in zip(shapes, counts, strict=True)]
        for i, (_, width) in enumerate(shapes):
            columns = reader.take(counts[i], _unsigned(max(width - 1, 0))).astype(np.int64)
            in_row = np.diff(starts[i].astype(np.int64)).astype(np.int64)
            if starts[i][0] != 0 or starts[i][-1] != counts[i] or (in_row < 0).any() or (columns >= width).any():
                raise ValueError("data must have rows and columns within its shapes; they are not")
            places[i] = np.repeat(np.arange(len(in_row)), in_row) * width + columns
    tensors = []
    for entry, count, place in zip(entries, counts, places, strict=True):
        kind = _TYPES[entry.kind]
        width = kind.itemsize
        flat = np.zeros((entry.size, width), np.uint8)
        flat[place] = reader.take(width * count, byte).reshape(width, count).T
        if kind == torch.bool and flat.max(initial=0) > 1:
            raise ValueError("data must have booleans of 0 and 1; got others")
        if sys.byteorder == "big":
            flat = flat[:, ::-1].copy()
        tensors.append(torch.from_numpy(flat.reshape(-1)).view(kind).reshape(entry.shape))
    if reader.at != len(body):
        raise ValueError(f"data must end with its last value; {len(body) - reader.at:,} bytes follow")
    return tensors
