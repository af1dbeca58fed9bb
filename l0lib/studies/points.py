"""What a record holds of a pruned network: parameters, multiply-adds and bytes, layer by layer."""

from __future__ import annotations

import math

import torch

from .. import compress
from ..compress import storage
from ..compress.measure import in_all, layers, multiply_adds
from .records import Bytes, LayerCount, Measured, Point


def count(
    model: torch.nn.Module, requested: float, measured: Measured, *, fine_tuned: bool, picture: bool = False
) -> Point:
    """Count everything about a pruned network that a record holds; see :class:`~l0lib.studies.records.Point`."""
    adds = in_all(multiply_adds(model, torch.zeros(1, 28, 28, device=next(model.parameters()).device)))
    state = {name: p.detach() for name, p in model.named_parameters()}
    csr, bitmap = (len(storage.pack(state, encoding, "none")) for encoding in ("csr", "bitmap"))
    coded = {encoding: len(storage.pack(state, encoding, "lzma")) for encoding in ("csr", "bitmap")}
    best = min(coded, key=lambda encoding: coded[encoding])
    weights_only = compress.weights_only_ratio(model)
    shape, values = _first_layer(model) if picture else ((), ())
    return Point(
        requested=requested,
        fine_tuned=fine_tuned,
        measured=measured,
        parameters=compress.count_parameters(model),
        nonzero=compress.count_nonzero_parameters(model),
        weights_only_ratio=weights_only if math.isfinite(weights_only) else None,
        multiply_adds=adds.dense,
        nonzero_multiply_adds=adds.sparse,
        bytes=Bytes(
            dense=4 * compress.count_parameters(model),
            csr=csr,
            bitmap=bitmap,
            best=coded[best],
            best_encoding=f"{best}, lzma",
        ),
        layers=tuple(
            LayerCount(name=layer.name, parameters=layer.parameters, nonzero=layer.nonzero) for layer in layers(model)
        ),
        first_layer_shape=shape,
        first_layer=values,
    )


def _first_layer(model: torch.nn.Module) -> tuple[tuple[int, ...], tuple[float, ...]]:
    weight = next(model.parameters()).detach().cpu()
    if weight.ndim == 4:
        return tuple(weight.squeeze(1).shape), tuple(float(f"{w:.3g}") for w in weight.flatten().tolist())
    return (28, 28), tuple(float(count) for count in torch.count_nonzero(weight, 0).tolist())
