"""What a compressed network saves, in five currencies: parameters, bytes, multiply-adds, time, and units left."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from .. import compress
from ..compress import storage
from ..compress.latency import MatmulLatency, break_even, latency
from ..compress.measure import Layer, MultiplyAdds
from ..table import Table

#: Sparse files without an entropy coder, by what the table calls them.
_PLAIN = {"CSR": "csr", "bitmap": "bitmap"}
_BEST = "best, coded"


@dataclass(frozen=True)
class Files:
    """Bytes of one network's files, pruned to ``ratios``: by encoding in ``sizes``, values alone in ``alone``."""

    ratios: Sequence[float]
    sizes: Mapping[str, list[int]]
    alone: list[int]

    def smaller(self, encoding: str) -> list[float]:
        """Return how many times smaller than the dense file each is."""
        return [dense / own for dense, own in zip(self.sizes["dense"], self.sizes[encoding], strict=True)]


def encoded(network: torch.nn.Module, ratios: Sequence[float]) -> Files:
    """Prune copies of a network globally and encode them as CSR, as a bitmap, and as the smaller of both after lzma."""
    sizes: dict[str, list[int]] = {name: [] for name in ("dense", *_PLAIN, _BEST)}
    alone = []
    for ratio in ratios:
        pruned = copy.deepcopy(network)
        compress.prune_global(pruned, ratio)
        tensors = dict(pruned.named_parameters())
        sizes["dense"].append(4 * compress.count_parameters(network))
        for name, encoding in _PLAIN.items():
            sizes[name].append(len(storage.pack(tensors, encoding, "none")))
        sizes[_BEST].append(min(len(storage.pack(tensors, each, "lzma")) for each in _PLAIN.values()))
        alone.append(4 * compress.count_nonzero_parameters(pruned))
    return Files(ratios, sizes, alone)


def byte_ratio(ratio: float, bits: float = 32) -> float:
    r"""Return how many times smaller a file can be at a compression ratio R > 1, if the zeros lie without a pattern.

    .. math:: \frac{vR}{v + \log_2 R + (R - 1) \log_2 \frac{R}{R - 1}},

    with v ``bits`` a value: the values left, and the entropy of their places (chapter 11).
    """
    return bits * ratio / (bits + math.log2(ratio) + (ratio - 1) * math.log2(ratio / (ratio - 1)))


def table_of_files(files: Files) -> Table:
    """Return how many times smaller each file of LeNet-300-100 is, and could be, and its bits for a parameter left."""
    each = [files.smaller(name) for name in (*_PLAIN, _BEST)] + [[byte_ratio(ratio) for ratio in files.ratios]]
    bits = [32 * best / alone for best, alone in zip(files.sizes[_BEST], files.alone, strict=True)]
    rows = [
        (f"{ratio}×", *(f"{its:.1f}×" for its in smaller), f"{value:.1f}")
        for ratio, value, *smaller in zip(files.ratios, bits, *each, strict=True)
    ]
    return Table(
        ("fewer parameters", *_PLAIN, _BEST, "theory, v = 32", "bits for a parameter"),
        rows,
        f"LeNet-300-100, {files.sizes['dense'][0]:,} bytes dense: how many times smaller",
    )


def table_of_account(model: torch.nn.Module, images: torch.Tensor) -> Table:
    """Return parameters, weights, multiply-adds for one image, and bytes of a network, dense and compressed."""
    work, size = compress.in_all(compress.multiply_adds(model, images)), compress.footprint(model)
    facts = {
        "parameters": (size.parameters, size.nonzero, size.ratio),
        "weights alone": (size.weights, size.nonzero_weights, size.weights_only_ratio),
        "multiply-adds": (work.dense, work.sparse, work.reduction),
        "bytes": (size.dense_bytes, size.file.bytes, size.bytes_ratio),
    }
    rows = [(name, f"{dense:,}", f"{left:,}", f"{ratio:.1f}") for name, (dense, left, ratio) in facts.items()]
    return Table(("", "dense", "compressed", "times smaller"), rows, "One network in four units of account")


def table_of_ratios(networks: Mapping[str, torch.nn.Module]) -> Table:
    """Return the compression ratio of networks with and without biases."""
    rows = []
    for name, model in networks.items():
        biases = sum(int(torch.count_nonzero(p)) for p in model.parameters() if p.ndim == 1)
        counts = (f"{count:,}" for count in (compress.count_nonzero_parameters(model), biases))
        ratios = (compress.compression_ratio(model), compress.weights_only_ratio(model))
        rows.append((name, *counts, *(f"{ratio:.1f}×" for ratio in ratios)))
    headers = ("network", "nonzero", "biases among them", "all parameters", "weights only")
    return Table(headers, rows, "One network, two ratios")


def by_layer(model: torch.nn.Module) -> list[tuple[Layer, MultiplyAdds]]:
    """Return each layer of a network of 28 x 28 images with its multiply-adds for one of them."""
    return list(zip(compress.layers(model), compress.multiply_adds(model, torch.zeros(1, 28, 28)), strict=True))


def table_of_layers(model: torch.nn.Module) -> Table:
    """Return weights, their uses, and multiply-adds of LeNet-5-Caffe, layer by layer and in all."""
    layers, rows = by_layer(model), []
    for layer, adds in layers:
        counts = (layer.weights, adds.dense // layer.weights, layer.nonzero_weights)
        fewer = f"{layer.weights / max(layer.nonzero_weights, 1):.1f}×"
        rows.append((layer.name, *(f"{count:,}" for count in counts), fewer, f"{adds.sparse:,}"))
    weights, left = sum(it.weights for it, _ in layers), sum(it.nonzero_weights for it, _ in layers)
    total = compress.in_all([adds for _, adds in layers]).sparse
    rows.append(("all", f"{weights:,}", "", f"{left:,}", f"{compress.weights_only_ratio(model):.1f}×", f"{total:,}"))
    headers = ("layer", "weights", "uses of each", "nonzero", "fewer by", "multiply-adds")
    return Table(headers, rows, "LeNet-5-Caffe, layer by layer, for one image")


def table_of_products(
    measured: Mapping[int, Sequence[MatmulLatency]], ways: Mapping[str, str], size: int, sparsity: float = 0.95
) -> Table:
    """Return the time of a multiply-add in products with a matrix of ``size`` entries, and from where on sparse pays.

    ``measured`` and ``ways`` are those of :func:`~l0lib.chapters.predicted.half_zero`. The sparse time is that of the
    fastest way at ``sparsity``, over the multiply-adds that are carried out.
    """
    rows = []
    for batch, found in measured.items():
        at = min(found, key=lambda one: abs(one.sparsity - sparsity))
        dense, *sparse = (at.timings[way].seconds / (size * batch / 1e9) for way in ("dense", *ways))
        pays = (break_even(found, way) for way in ways)
        cells = ("nowhere" if least is None else f"{100 * least:.4g} %" for least in pays)
        rows.append((batch, f"{dense:.3f}", f"{min(sparse) / (1 - at.sparsity):.2f}", *cells))
    pays_from = (f"{name} pays from" for name in ways.values())
    return Table(
        ("vectors", "dense, ns", f"sparse at {100 * sparsity:g} %, ns", *pays_from),
        rows,
        "Time of one multiply-add that is carried out, and the least measured sparsity from which on sparse is faster",
    )


def table_of_times(
    networks: Mapping[str, torch.nn.Module], images: torch.Tensor, ways: Mapping[str, str], *, rounds: int = 9
) -> Table:
    """Time whole networks on one and on a hundred images at once: dense, in each sparse way, and shrunk."""
    ways, rows = {**ways, "shrunk": "smaller dense"}, []
    for name, model in networks.items():
        for batch in (1, 100):
            times = latency(model, images[:batch], rounds=rounds)
            told = ((times[way].speedup, *times[way].interval) for way in ways)
            spans = (f"{speedup:.2f}× ({low:.2f}–{high:.2f})" for speedup, low, high in told)
            rows.append((name, batch, f"{1e3 * times['dense'].seconds:.3f}", *spans))
    return Table(
        ("network", "images", "dense, ms", *ways.values()),
        rows,
        "Whole networks: dense time, and how many times faster the others are (median and quartiles of the rounds)",
    )


def shrunk(model: torch.nn.Module) -> torch.nn.Module:
    """Return the small dense network that is left of a copy of ``model`` without dead paths."""
    alive = copy.deepcopy(model)
    return compress.shrink(alive, compress.remove_dead_paths(alive)).model


def table_of_units(networks: Mapping[str, tuple[torch.nn.Module, torch.nn.Module]], example: torch.Tensor) -> Table:
    """Return the units of networks and of what :func:`shrunk` left of them, and what that saves of a dense network."""
    rows = []
    for name, pair in networks.items():
        units = ("-".join(str(len(p)) for p in its.parameters() if p.ndim > 1) for its in pair)
        parameters = [compress.count_parameters(its) for its in pair]
        adds = [compress.in_all(compress.multiply_adds(its, example)).dense for its in pair]
        rows.append((name, *units, *(f"{before / after:.1f}×" for before, after in (parameters, adds))))
    return Table(
        ("network", "units", "units left", "fewer parameters", "fewer multiply-adds"),
        rows,
        "What is left as plain dense layers, zeros inside them counted in full",
    )
