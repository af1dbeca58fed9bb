r"""Wanda: pruning by weights and activations. M. Sun, Z. Liu, A. Bair and J. Z. Kolter, *A Simple and Effective Pruning
Approach for Large Language Models*, ICLR 2024 (arXiv 2306.11695).

The score of a weight from input j to output i of a linear layer is its magnitude times the ℓ2 norm of that input over
all places of a calibration batch,

.. math:: S_{ij} = |W_{ij}| \cdot \|X_j\|_2 ,

and scores are compared **within an output**: of each row the same share stays. The paper prunes the linear layers of
the blocks and trains nothing afterwards.

Our readings. All matrices are pruned, as every other rule here does it, so that a ratio of the whole network can be
met: an embedding is a linear layer whose input is a one for the byte that stands there, so :math:`\|X_j\|^2` counts
byte j, and an output is a column of its table. All layers are scored before the first is pruned; the paper goes from
block to block, and scores each behind the pruned ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import torch
from torch import nn

from .. import _validate
from .._counts import apportion
from .masks import Masks, keep_largest
from .measure import evaluation_mode, forward_hooks
from .pruning import number_to_keep_besides
from .selection import check_plain, named_parameters, plain_name

#: What scores are compared within.
GROUPS = ("output", "layer")


@torch.no_grad()
def input_norms(model: nn.Module, batches: Iterable[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the l2 norm of each input of each linear layer and embedding, by layer, over all places of ``batches``.

    ``batches`` are what ``model`` is called with. The network is left as it is.
    """
    squares: dict[str, torch.Tensor] = {}

    names: dict[nn.Module, str] = {layer: name for name, layer in _matrices(model).items()}

    def listen(layer: nn.Module, inputs: tuple[torch.Tensor, ...], _: torch.Tensor) -> None:
        if isinstance(layer, nn.Embedding):
            found = torch.bincount(inputs[0].flatten(), minlength=layer.num_embeddings).double()
        else:
            found = inputs[0].flatten(0, -2).double().square().sum(0)
        squares[names[layer]] = squares.get(names[layer], 0) + found

    with evaluation_mode(model), forward_hooks(names, listen):
        for batch in batches:
            model(batch)
    if not squares:
        raise ValueError("batches must hold at least one batch, of a model with linear layers; got neither")
    return {name: found.sqrt() for name, found in squares.items()}


def _matrices(model: nn.Module) -> dict[str, nn.Linear | nn.Embedding]:
    return {plain_name(n): m for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Embedding)}


@torch.no_grad()
def prune_wanda(
    model: nn.Module, ratio: float | Fraction, batches: Iterable[torch.Tensor], within: str = "output"
) -> Masks:
    r"""Remove the weights of the smallest scores :math:`|W_{ij}|\,\|X_j\|_2`, the same share of each output.

    Parameters
    ----------
    model : Module
        Changed in place. Weights of linear layers and embeddings are pruned; all else stays, and counts.
    ratio : float or Fraction
        All parameters over kept ones, >= 1.
    batches : iterable of tensors
        What to measure the inputs on: a calibration batch of training data.
    within : {"output", "layer"}
        What the scores are compared within; the paper tries both, and keeps the first.

    Returns
    -------
    Masks
        Exactly :math:`\lfloor n/r \rfloor` parameters are kept. Layers get their due of them,
        rounded down or up, and so do the outputs of a layer. Among equal scores the first count.

    Raises
    ------
    ValueError
        If an argument breaks its rule, or ``ratio`` leaves less than what is not pruned.
    """
    _validate.choice("within", within, GROUPS)
    check_plain(model)
    norms = input_norms(model, batches)
    layers = {f"{name}.weight": (layer, norms[name]) for name, layer in _matrices(model).items() if name in norms}
    masks = {name: torch.ones_like(p, dtype=torch.bool) for name, p in named_parameters(model)}
    left = number_to_keep_besides(model, ratio, [name for name in masks if name not in layers])
    for name, keep in zip(layers, apportion([masks[name].numel() for name in layers], left), strict=True):
        layer, norm = layers[name]
        table = layer.weight.detach()
        by_output = table.T if isinstance(layer, nn.Embedding) else table
        scores = by_output.double().abs() * norm
        if within == "layer":
            kept = keep_largest(scores, keep)
        else:
            shares = torch.tensor(apportion([scores.shape[1]] * len(scores), keep), device=scores.device)
            rank = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
            kept = rank < shares[:, None]
        masks[name] = kept.T.contiguous() if isinstance(layer, nn.Embedding) else kept
    found = Masks(masks)
    found.apply_(model)
    return found
