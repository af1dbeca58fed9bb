"""Small image networks as plain arrays: what a page's JavaScript runs, and the NumPy reference of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_SIDE = 28


@dataclass(frozen=True)
class Layer:
    """One layer of a chain: linear, ``weight`` (outputs, inputs), or a convolution without padding, with (…, k, k).

    ``relu`` says whether negative outputs become zero, and ``pool`` whether before that each 2 x 2 outputs of a
    convolution become their maximum.
    """

    weight: np.ndarray
    bias: np.ndarray
    relu: bool
    pool: bool = False


@dataclass(frozen=True)
class ImageNetwork:
    """A classifier of 28 x 28 images: its name for readers, its layers, each feeding the next, and its file's size.

    ``bytes_on_disk`` is 0 where it came from no file.
    """

    name: str
    layers: Sequence[Layer]
    bytes_on_disk: int = 0

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return the class scores (before softmax), shape (n, classes), of ``images``, (n, 28, 28) in [0, 1]."""
        x = np.asarray(images, dtype=np.float64).reshape(-1, 1, _SIDE, _SIDE)
        for layer in self.layers:
            weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
            if weight.ndim == 4:
                windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
                x = np.einsum("nirckl,oikl->norc", windows, weight, optimize=True) + bias[:, None, None]
            else:
                x = x.reshape(len(x), -1) @ weight.T + bias
            if layer.pool:
                n, channels, rows, columns = x.shape
                x = x[:, :, : rows // 2 * 2, : columns // 2 * 2].reshape(n, channels, rows // 2, 2, columns // 2, 2)
                x = x.max(axis=(3, 5))
            if layer.relu:
                x = np.maximum(x, 0)
        return x

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the softmax of :meth:`scores`."""
        x = self.scores(images)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    @property
    def nonzero(self) -> int:
        """Number of parameters that are not zero."""
        return sum(int(np.count_nonzero(layer.weight) + np.count_nonzero(layer.bias)) for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of all parameters."""
        return sum(layer.weight.size + layer.bias.size for layer in self.layers)

    def sparse(self) -> dict[str, Any]:
        """Return the network as JSON for the page: of each layer the places and the values of its nonzero weights."""
        layers = []
        for layer in self.layers:
            flat = layer.weight.ravel()
            places = np.flatnonzero(flat)
            values = {"index": _text(places.astype("<u4")), "value": _text(flat[places].astype("<f4"))}
            layers.append({**_frame(layer), **values})
        return {"name": self.name, "bytes": self.bytes_on_disk, "layers": layers}

    def script(self, key: str) -> str:
        """Return a script that adds the network, all its weights in half precision, to the page as ``key``.

        A page opened from disk may load a script, but neither a module nor data.
        """
        layers = [{**_frame(layer), "half": _text(layer.weight.astype("<f2"))} for layer in self.layers]
        body = json.dumps({"name": self.name, "layers": layers}, separators=(",", ":"))
        return f"(globalThis.L0Networks ??= {{}})[{json.dumps(key)}] = {body};\n"


def script_json(path: str | Path) -> str:
    """Return the JSON inside a file that holds :meth:`ImageNetwork.script`.

    Raises
    ------
    ValueError
        If the file holds something else. Nothing in it is run.
    """
    text = Path(path).read_text("ascii")
    found = re.fullmatch(r'\(globalThis\.L0Networks \?\?= \{\}\)\["[\w.-]+"\] = (.+);\s*', text)
    if not found:
        raise ValueError(f"path must name a script that ImageNetwork.script wrote; got {str(path)!r}")
    return found.group(1)


def read_script(path: str | Path) -> ImageNetwork:
    """Return the network of a file that holds :meth:`ImageNetwork.script`, its weights as rounded there."""
    read, layers = json.loads(script_json(path)), []
    for layer in read["layers"]:
        weight = np.frombuffer(base64.b64decode(layer["half"]), "<f2").astype(np.float32).reshape(layer["shape"])
        bias = np.frombuffer(base64.b64decode(layer["bias"]), "<f4")
        layers.append(Layer(weight, bias, layer["relu"], layer["pool"]))
    return ImageNetwork(read["name"], layers)


def _frame(layer: Layer) -> dict[str, Any]:
    bias = _text(layer.bias.astype("<f4"))
    return {"shape": list(layer.weight.shape), "relu": layer.relu, "pool": layer.pool, "bias": bias}


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
