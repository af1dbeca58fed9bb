"""What a record holds of a pruned network: parameters, multiply-adds and bytes, layer by layer."""

from __future__ import annotations

from typing import Any

import torch

from .. import compress
from ..compress import storage
from ..compress.measure import in_all, layers, multiply_adds


def coding_of(nonzero: int) -> str:
    """Return how a network with so many nonzero parameters is coded: beyond a million lzma takes many seconds."""
    return "lzma" if nonzero <= 1_000_000 else "zlib"


def count(
    model: torch.nn.Module,
    image: torch.Tensor,
    requested: float,
    *,
    fine_tuned: bool,
    picture: bool = False,
    whole: torch.nn.Module | None = None,
) -> dict[str, Any]:
    """Count everything about a pruned network that a record holds, as plain data.

    ``image`` is any one image that the network takes. ``whole`` is the network from which neurons were removed, if any
    were. See :class:`~l0lib.experiments.records.Point`, to which the wrong answers are still to be added.
    """
    adds = in_all(multiply_adds(model, image[None]))
    state = {name: p.detach() for name, p in model.named_parameters()}
    csr, bitmap = (len(storage.pack(state, encoding, "none")) for encoding in ("csr", "bitmap"))
    nonzero = compress.count_nonzero_parameters(model)
    coding = coding_of(nonzero)
    coded = {encoding: len(storage.pack(state, encoding, coding)) for encoding in ("csr", "bitmap")}
    best = min(coded, key=lambda encoding: coded[encoding])
    kept = sum(layer.nonzero_weights for layer in layers(model))
    weights = sum(layer.weights for layer in layers(model if whole is None else whole))
    shape, values = _first_layer(model) if picture else ((), ())
    parameters, all_adds = compress.count_parameters(model), adds.dense
    if whole is not None:
        parameters = compress.count_parameters(whole)
        all_adds = in_all(multiply_adds(whole, image[None])).dense
    return {
        "requested": requested,
        "fine_tuned": fine_tuned,
        "parameters": parameters,
        "nonzero": nonzero,
        "weights_only_ratio": weights / kept if kept else None,
        "multiply_adds": all_adds,
        "nonzero_multiply_adds": adds.sparse,
        "bytes": {
            "dense": 4 * parameters,
            "csr": csr,
            "bitmap": bitmap,
            "best": coded[best],
            "best_encoding": f"{best}, {coding}",
        },
        "layers": [
            {"name": layer.name, "parameters": layer.parameters, "nonzero": layer.nonzero} for layer in layers(model)
        ],
        "first_layer_shape": shape,
        "first_layer": values,
    }


#: Filters of colours with more weights than this are not stored: a record stays small.
_MOST_WEIGHTS = 1_000


def _first_layer(model: torch.nn.Module) -> tuple[tuple[int, ...], tuple[float, ...]]:
    weight = next(model.parameters()).detach().cpu()
    if weight.ndim == 4:
        if weight.numel() > _MOST_WEIGHTS:
            return (), ()
        filters = weight.squeeze(1)  # of one colour: rows and columns alone
        return tuple(filters.shape), tuple(float(f"{w:.3g}") for w in filters.flatten().tolist())
    return (28, 28), tuple(float(count) for count in torch.count_nonzero(weight, 0).tolist())
