r"""Pruning before training: by chance, by the gradient of one batch, by the flow of synapses without any data.

**Random pruning** keeps n/r parameters, any as likely as any other: the control of the other two.

**SNIP** (N. Lee, T. Ajanthan and P. Torr, *SNIP: single-shot network pruning based on connection sensitivity*, ICLR
2019) keeps those to whose removal the loss :math:`L` of one batch is most sensitive. With a factor :math:`c_j` on each
weight,

.. math:: s_j = \Big|\frac{\partial L(c \odot w)}{\partial c_j}\Big|_{c = 1} = |w_j\,\partial L/\partial w_j| .

**SynFlow** (H. Tanaka, D. Kunin, D. Yamins and S. Ganguli, *Pruning neural networks without any data by iteratively
conserving synaptic flow*, NeurIPS 2020) takes, in place of the loss, the sum of the outputs for an image of ones where
every parameter has its absolute value: of a perceptron :math:`R = 1^T \prod_l |W_l|\,1`, and
:math:`s_j = |w_j|\,\partial R/\partial |w_j|`. In :math:`K = 100` rounds the ratio grows to :math:`r^{k/K}`; after each
the scores are taken anew, so that no layer is emptied while another has more than one weight.

All three then train what is left, from the weights that it began with, for all epochs. Our readings: the sources prune
weights alone, so biases stay (``spare_biases`` 0 prunes them too; one that is zero has the score zero), yet they
count, as everywhere here; networks keep their own initialisation, where SNIP has one of its own; and SynFlow computes
in double precision, since products of many layers leave the range of floats.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from ..._validate import whole
from ..masks import Masks
from ..pruning import prune_by_scores, prune_random
from ..selection import named_parameters, norm_parameters
from .protocol import Data, Plan, batches, train

Scores = dict[str, torch.Tensor]


def _products(model: torch.nn.Module, result: torch.Tensor) -> Scores:
    """Return each parameter times the derivative of ``result`` by it."""
    named = dict(named_parameters(model))
    slopes = torch.autograd.grad(result, list(named.values()), allow_unused=True, materialize_grads=True)
    return {name: p.detach() * slope for (name, p), slope in zip(named.items(), slopes, strict=True)}


def sensitivity(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Scores:
    r"""Return :math:`w_j\,\partial L/\partial w_j` on one batch: SNIP's scores but for the sign."""
    twin = copy.deepcopy(model).train()  # whose running statistics nobody needs
    return _products(twin, cross_entropy(twin(images), labels))


def synaptic_flow(model: torch.nn.Module, shape: torch.Size) -> Scores:
    r"""Return SynFlow's scores for images of ``shape``."""
    twin = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        for p in twin.parameters():
            p.abs_()
    ones = torch.ones(1, *shape, dtype=torch.float64, device=next(twin.parameters()).device)
    return _products(twin, twin(ones).sum())


def prune_randomly(model: torch.nn.Module, data: Data, plan: Plan, spare: set[str]) -> Masks:
    """Keep what the plan's seed draws."""
    return prune_random(model, plan.ratio, seed=plan.seed, spare=spare)


def prune_by_sensitivity(model: torch.nn.Module, data: Data, plan: Plan, spare: set[str]) -> Masks:
    """Keep what SNIP keeps, by the first batch."""
    return prune_by_scores(model, plan.ratio, sensitivity(model, *next(batches(data, plan, 0, 1))), spare=spare)


def prune_by_flow(model: torch.nn.Module, data: Data, plan: Plan, spare: set[str], rounds: int = 100) -> Masks:
    """Keep what SynFlow keeps after ``rounds`` rounds."""
    masks: Masks | None = None
    for k in range(1, whole("rounds", rounds, 1) + 1):
        ratio = plan.ratio if k == rounds else plan.ratio ** (k / rounds)
        masks = prune_by_scores(model, ratio, synaptic_flow(model, data[0].shape[1:]), masks, spare)
    assert masks is not None
    return masks


def before_training(prune: Callable[..., Masks]) -> Callable[..., Masks]:
    """Return the method that prunes by ``prune(model, data, plan, spare)``, then trains what is left."""

    def method(
        model: torch.nn.Module, data: Data, plan: Plan, *, weight_decay: float = 5e-4, spare_biases: float = 1
    ) -> Masks:
        """Prune, then train for all epochs; with ``spare_biases`` 0 biases are pruned as weights are."""
        biases = {name for name, p in named_parameters(model) if p.ndim <= 1}
        masks = prune(model, data, plan, biases if spare_biases else norm_parameters(model))
        train(model, data, plan, 0, plan.epochs, masks=masks, weight_decay=weight_decay)
        return masks

    return method


#: The three by their names.
BEFORE_TRAINING = {
    "random": before_training(prune_randomly),
    "snip": before_training(prune_by_sensitivity),
    "synflow": before_training(prune_by_flow),
}

#: Settings to try of each of them, chosen before any of them was run; the first is SNIP's for MNIST.
TRIALS: tuple[dict[str, float], ...] = tuple(
    {"learning_rate": rate, "weight_decay": decay, "spare_biases": biases}
    for rate, decay, biases in (
        *((0.1, 5e-4, 1), (0.1, 1e-4, 1), (0.1, 0, 1), (0.05, 1e-4, 1)),
        *((0.2, 1e-4, 1), (0.1, 1e-4, 0), (0.2, 0, 0), (0.05, 2e-5, 0)),
    )
)
