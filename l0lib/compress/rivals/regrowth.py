r"""RigL: U. Evci, T. Gale, J. Menick, P. S. Castro and E. Elsen, *Rigging the Lottery: Making All Tickets Winners*,
ICML 2020. The network is sparse from the first step to the last, and its places move.

Layer :math:`l` keeps as many weights as the Erdős–Rényi kernel rule says: in proportion to the sum of the dimensions of
its weights (inputs, outputs, height and width of a kernel), so that its density is :math:`\varepsilon\,(n_{l-1} + n_l +
w_l + h_l)/(n_{l-1} n_l w_l h_l)`. Where that exceeds 1 the layer is dense, and the others share what is left. The first
places are drawn at random. Every :math:`\Delta T` steps up to :math:`T_{end}`, the share

.. math:: f(t) = \tfrac{\alpha}{2}\left(1 + \cos\frac{\pi t}{T_{end}}\right)

of a layer's places, those of the smallest weights, becomes free, and as many places grow where the gradient of the
batch is largest among those that are free then; they start from zero, and without momentum.

Our reading: a dropped weight whose place grows at once keeps its value, as in the authors' code. The step is taken
first and the places move after it, by the gradient of that step; the authors leave out the step. All tensors of two and
more dimensions are layers; biases and normalisations stay dense, as in the paper, and count among the n/r.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..._counts import apportion
from ..._validate import number, whole
from ..masks import Masks, keep_largest, keep_largest_of_all
from ..pruning import number_to_keep_besides
from ..schedules import cosine
from ..selection import check_plain, named_parameters, norm_parameters
from .protocol import Data, Plan, train


def erdos_renyi(shapes: Sequence[torch.Size], keep: int) -> list[int]:
    """Return how many of ``keep`` weights each layer gets: in proportion to its dimensions' sum, none over its size."""
    sizes = [shape.numel() for shape in shapes]
    keep = min(keep, sum(sizes))
    dense = [False] * len(shapes)
    while True:
        left = keep - sum(size for size, full in zip(sizes, dense, strict=True) if full)
        # multiplied, since what is apportioned may not exceed the sum of the dues
        dues = apportion([0 if full else sum(shape) * keep for shape, full in zip(shapes, dense, strict=True)], left)
        counts = [size if full else due for size, full, due in zip(sizes, dense, dues, strict=True)]
        over = [count > size for count, size in zip(counts, sizes, strict=True)]
        if not any(over):
            return counts
        dense = [full or more for full, more in zip(dense, over, strict=True)]


def moved(weight: torch.Tensor, gradient: torch.Tensor, mask: torch.Tensor, share: float) -> torch.Tensor:
    """Return the mask after one update: ``share`` of its places given up by magnitude, as many grown by gradient."""
    count = int(mask.sum())
    change = int(share * count)
    (stay,) = keep_largest_of_all([weight], count - change, magnitudes=True, allowed=[mask])
    (grown,) = keep_largest_of_all([gradient], change, magnitudes=True, allowed=[~stay])
    return stay | grown


def rigl(
    model: torch.nn.Module,
    data: Data,
    plan: Plan,
    *,
    every: int = 100,
    share: float = 0.3,
    end: float = 0.75,
    weight_decay: float = 1e-4,
) -> Masks:
    r"""Train a sparse network; ``every`` is :math:`\Delta T`, ``share`` :math:`\alpha`, ``end`` :math:`T_{end}` / T."""
    whole("every", every, 1)
    number("share", share, "share must be >= 0 and <= 1", lambda x: 0 <= x <= 1)
    check_plain(model)
    norms, parameters = norm_parameters(model), dict(named_parameters(model))
    layers = {name: p for name, p in parameters.items() if p.dim() > 1 and p.requires_grad and name not in norms}
    keep = number_to_keep_besides(model, plan.ratio, parameters.keys() - layers.keys())
    generator = torch.Generator(next(iter(parameters.values())).device).manual_seed(plan.seed)
    places = {name: torch.ones_like(p, dtype=torch.bool) for name, p in parameters.items()}
    counts = erdos_renyi([p.shape for p in layers.values()], keep)
    for (name, p), count in zip(layers.items(), counts, strict=True):
        places[name] = keep_largest(torch.rand(p.shape, generator=generator, device=p.device), count)
    gradients: dict[str, torch.Tensor] = {}
    last = int(end * plan.epochs * -(-len(data[1]) // plan.batch_size))
    Masks(places).apply_(model)

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def hook(gradient: torch.Tensor) -> torch.Tensor:
            gradients[name] = gradient
            return gradient * places[name]

        return layers[name].register_hook(hook)

    def after_step(step: int, _: int) -> None:
        if step % every == 0 and step < last:
            for name, p in layers.items():
                places[name] = moved(p.detach(), gradients[name], places[name], cosine(step, last, share))
        Masks(places).apply_(model)

    handles = [watch(name) for name in layers]
    try:
        train(model, data, plan, 0, plan.epochs, weight_decay=weight_decay, after_step=after_step)
    finally:
        for handle in handles:
            handle.remove()
    return Masks(places)


#: Settings to search. The first is that of the authors' experiments with this network.
TRIALS: tuple[dict[str, float], ...] = (
    {"learning_rate": 0.2, "every": 100, "share": 0.3, "end": 0.45},
    {"learning_rate": 0.1, "every": 100, "share": 0.3, "end": 0.75},
    {"learning_rate": 0.1, "every": 100, "share": 0.5, "end": 0.75},
    {"learning_rate": 0.1, "every": 300, "share": 0.3, "end": 0.75},
    {"learning_rate": 0.1, "every": 300, "share": 0.5, "end": 0.9},
    {"learning_rate": 0.2, "every": 1000, "share": 0.5, "end": 0.75},
    {"learning_rate": 0.1, "every": 1000, "share": 0.3, "end": 0.75},
    {"learning_rate": 0.1, "every": 300, "share": 0.3, "end": 0.75, "weight_decay": 5e-4},
)
