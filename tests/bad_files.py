"""Damaged files: each is read to the same content or refused in one line that names it; never a traceback or a hang.

``python -m tests.bad_files --files 6000 --seed 1`` tries so many; test_bad_files.py tries a few.
"""

import argparse
import io
import json
import random
import resource
import signal
import tempfile
import time
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from l0lib import L2, compress
from l0lib.cli import tune
from l0lib.cli.terminal import Mistake
from l0lib.compress import checkpoints, data, datasets, storage
from l0lib.compress.datasets import Facts
from l0lib.compress.sources import Arrays, read_idx
from l0lib.experiments import records
from tests import made_up

#: Seconds and bytes that one file may take.
SECONDS, BYTES = 10, 1 << 30


class Kind:
    """A kind of file: a good one at ``path``, and what reads it; equal files give equal contents."""

    def __init__(self, name, path, read):
        self.name, self.path, self.read = name, path, read
        self.good, self.content = path.read_bytes(), read(path)


def plain(value):
    """Return nested data with tensors and arrays in it as what ``==`` compares to the last bit."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.contiguous().reshape(-1).view(torch.uint8).tolist()
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else repr(value)


def small_dataset():
    random_ = np.random.default_rng(0)
    images, labels = random_.integers(0, 256, (70, 28, 28), np.uint8), random_.integers(0, 10, 70).astype(np.uint8)
    return Arrays(images[:60], labels[:60], images[60:], labels[60:])


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = torch.nn.Linear(12, 5), torch.nn.Linear(5, 3)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


def train(path, epochs=2):
    """Train a tiny network with a checkpoint at ``path``; a run that is there is only read."""
    generator = torch.Generator().manual_seed(0)
    few = torch.rand(20, 12, generator=generator), torch.randint(0, 3, (20,), generator=generator)
    model = Tiny()
    history = compress.train(
        model, few, L2(1e-4), epochs=epochs, learning_rate=0.1, batch_size=8, checkpoint=path, shift=0
    )
    return plain([dict(model.state_dict()), [repr(epoch) for epoch in history]])


@contextmanager
def kinds(folder):
    """Yield a good file of each kind, in ``folder``."""
    arrays = small_dataset()
    facts = Facts(60, 10, (28, 28), 10, data.digest(*arrays))
    with (
        mock.patch.dict(datasets.FACTS, {"mnist": facts}),
        mock.patch.dict(datasets.SOURCES, {"mnist": {}}),
        mock.patch.dict("os.environ", {"L0LIB_DATA": str(folder / "cache")}),
    ):
        yield list(_make(folder, arrays))


def _make(folder, arrays):
    torch.manual_seed(0)
    state = {
        "a.weight": torch.randn(6, 9) * (torch.rand(6, 9) < 0.4),
        "a.bias": torch.arange(6.0),
        "n": torch.tensor(3),
    }
    state["tied"] = state["a.weight"]
    for encoding in storage.ENCODINGS:
        for coding in storage.CODINGS:
            path = folder / f"{encoding}-{coding}.l0"
            path.write_bytes(storage.pack(state, encoding, coding))
            yield Kind(f"weights, {encoding}, {coding}", path, lambda path: plain(storage.load(path)))
    yield Kind("record", records.write(made_up.record(0), folder), lambda path: records.read(path).model_dump())
    yield Kind("tuning", records.write_tuning(made_up.tuned(), folder), lambda p: records.read_tuning(p).model_dump())
    train(folder / "run.checkpoint")
    yield Kind("checkpoint", folder / "run.checkpoint", lambda path: plain(checkpoints.load(path)))
    yield Kind("training", folder / "run.checkpoint", train)
    cached = datasets.write_to_cache("mnist", arrays)
    yield Kind("cache", cached, lambda path: plain(datasets.load("mnist")))
    (parcel,) = datasets.pack("mnist", folder / "parcels", 1)
    yield Kind("parcel", parcel, lambda path: datasets.unpack(path.parent, "mnist").read_bytes())
    start = folder / "start.json"
    start.write_text(json.dumps([{"alpha_l2": 1e-4, "beta": 5}, {"alpha_l2": 2e-4, "beta": 6.5}]))
    yield Kind("first trials", start, lambda path: repr(tune._start(path)))
    idx = folder / "idx"
    idx.write_bytes(b"\0\0\x08\x03" + bytes.fromhex("000000020000000300000004") + bytes(range(24)))
    yield Kind("IDX", idx, lambda path: plain(read_idx(path.read_bytes())))


# ------------------------------------------------------------------------------------------------- damage

STRANGE = (
    None, True, "", "x" * 1000, "../../x", [], {}, [[]], -1, 0, 0.5, 1e308, float("nan"), float("inf"), 10**18, 10**400,
    "\x00", "0", -(10**30), [1e300] * 3,
)  # fmt: skip


def cut(good, draw):
    return good[: draw.randrange(len(good))]


def flip(good, draw):
    content = bytearray(good)
    for _ in range(draw.choice((1, 1, 3, 20))):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return bytes(content)


def insert(good, draw):
    place = draw.randrange(len(good) + 1)
    more = draw.choice((b"\0", b"[" * 5000, b"\xff\xff\xff\xff", b'{"a":' * 2000, draw.randbytes(50), good[:200]))
    return good[:place] + more + good[draw.choice((place, min(place + len(more), len(good)))) :]


def places(value, way=()):
    """Yield the way to each part of nested data."""
    yield way
    if isinstance(value, (dict, list, tuple)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*way, key))


def change(value, way, draw):
    """Return nested data with one part replaced, left out, repeated, or nested deep."""
    if not way:
        return draw.choice((*STRANGE, [value], {"a": value}))
    key, *rest = way
    items = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    if rest or draw.random() < 0.6:
        items[key] = change(items[key], rest, draw)
    elif draw.random() < 0.6:
        del items[key]
    else:
        items["more" if isinstance(value, dict) else len(items)] = draw.choice((*STRANGE, items[key]))
    return items if isinstance(value, dict) else list(items.values())


def swapped(value, draw):
    return change(value, draw.choice(list(places(value))), draw)


def change_text(good, draw):
    return json.dumps(swapped(json.loads(good), draw)).encode()


def change_header(good, draw):
    """Change a weights file's header, and frame it well again."""
    coding = storage.CODINGS[good[len(storage.MAGIC)]]
    body = bytes(storage._decoded(coding, good[storage._LEAD :], 1 << 20))
    start = 4 + int.from_bytes(body[:4], "little")
    header = json.dumps(swapped(json.loads(body[4:start]), draw)).encode()
    body = len(header).to_bytes(4, "little") + header + draw.choice((body[start:], flip(body[start:] or b"0", draw)))
    lead = good[: len(storage.MAGIC) + 1]
    return lead + storage.zlib.crc32(body).to_bytes(4, "little") + storage._CODINGS[coding](body)


def change_state(good, draw):
    state, file = torch.load(io.BytesIO(good), weights_only=True), io.BytesIO()
    torch.save(swapped(state, draw), file)
    return file.getvalue()


def change_archive(good, draw):
    """Rename, empty, change, repeat or leave out members, or pack them another way."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        content = [(name, archive.read(name)) for name in archive.namelist()]
    at = draw.randrange(len(content))
    name, values = content[at]
    content[at:at + 1] = draw.choice((
        [], [(name, b"")], [(name, flip(values, draw))], [(name, values[:-1])], [(f"../{name}", values)],
        [("-400.labels", values)], [("99999999999999.labels", values)], [("x.webp", values)], [(name, b"[" * 9999)],
        [(name, bytes(8 << 20))], [("0.labels", b"\x03" * 9999)], [("about.json", b'{"sha256": 3}'), (name, values)],
        [(name, draw.choice(content)[1])],
    ))  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    ) as archive:
        for name, values in content:
            small = zipfile.ZIP_DEFLATED if len(values) > 1 << 20 else None
            archive.writestr(name, values, small)
    made = bytearray(file.getvalue())
    if draw.random() < 0.2:  # says that it is encrypted
        made[6] |= 1
        made[made.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def damages(name):
    """Return what can be done to a kind of file, the more telling ones more than once."""
    ways = [cut, flip, insert]
    if name.startswith("weights"):
        return [*ways, change_header, change_header, change_header]
    if name in ("record", "tuning", "first trials"):
        return [*ways, change_text, change_text, change_text, change_text]
    if name in ("checkpoint", "training"):
        return [*ways, change_archive, change_state, change_state, change_state]
    return [*ways, change_archive, change_archive] if name in ("cache", "parcel") else ways


#: A file by hand may hold other numbers of the right kind, and a text has no check sum: no reader could see that.
BY_HAND = {"change_text", "change_state", "change_header"}
WITHOUT_CHECK_SUM = {"record", "tuning", "first trials", "IDX"}


def judge(kind, bad, way):
    """Read a damaged file; return what is wrong with the answer, or None."""
    kind.path.write_bytes(bad)
    try:
        found = kind.read(kind.path)
    except (ValueError, Mistake, datasets.DataUnavailable) as error:
        if isinstance(error, UnicodeError | json.JSONDecodeError):
            return f"{type(error).__name__}: {error}"
        if len(str(error)) > 2000:
            return f"of {len(str(error))} characters: {error}"
        if kind.name != "IDX" and kind.path.name not in str(error) and str(kind.path.parent) not in str(error):
            return f"does not name the file: {error}"
        return f"of several lines: {error}" if "\n" in str(error) and kind.name != "cache" else None
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    # an archive that was packed anew has right check sums, and a checkpoint has no other
    packed_anew = way == "change_archive" and kind.name == "checkpoint"
    if packed_anew or way in BY_HAND or kind.name in WITHOUT_CHECK_SUM or found == kind.content:
        return None
    return "read to another content"


def late(signal_number, frame):
    raise TimeoutError(f"more than {SECONDS} seconds")


def try_files(count, seed, folder):
    """Damage and read so many files; return the complaints."""
    complaints = []
    before = signal.signal(signal.SIGALRM, late)
    start = torch.get_rng_state()
    try:
        with kinds(folder) as every, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a name that stands twice in an archive
            for number in range(count):
                draw = random.Random(f"{seed} {number}")
                kind = every[number % len(every)]
                damage = draw.choice(damages(kind.name))
                bad = damage(kind.good, draw)
                signal.alarm(SECONDS)
                told = judge(kind, bad, damage.__name__)
                signal.alarm(0)
                kind.path.write_bytes(kind.good)
                if told is not None:
                    complaints.append(f"file {number} of seed {seed}, {kind.name}, {damage.__name__}: {told:.300}")
    finally:
        signal.signal(signal.SIGALRM, before)
        torch.set_rng_state(start)
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        complaints = try_files(options.files, options.seed, Path(folder))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print("\n".join(complaints))
    took = f"{time.perf_counter() - began:.0f} s, {most / 2**20:.0f} MiB"
    print(f"{options.files} files, {len(complaints)} complaints, {took}")
    return bool(complaints) or most > BYTES


if __name__ == "__main__":
    raise SystemExit(main())
