"""The deep networks of chapter 12: what they consist of, and what pruning does to their normalisations."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch

from .. import compress
from ..compress.measure import evaluation_mode, forward_hooks
from ..table import Table, percent, times
from .kept_networks import KeptNetwork, standardised
from .reaching import magnitudes


def table_of_counts(networks: Mapping[str, Callable[[], torch.nn.Module]]) -> Table:
    """Return a row for each network: layers, parameters, those of normalisations, statistics, and multiply-adds."""
    example, rows = torch.zeros(1, 3, 32, 32), []
    for name, build in networks.items():
        model = build()
        own, norms = dict(model.named_parameters()), compress.norm_parameters(model)
        trained, running = compress.count_parameters(model), sum(b.numel() for b in model.buffers() if b.ndim)
        adds = compress.in_all(compress.multiply_adds(model, example)).dense
        counts = (trained, sum(own[norm].numel() for norm in norms), running, trained + running, adds)
        rows.append((name, len(compress.layer_sizes(model)), *(f"{count:,}" for count in counts)))
    return Table(
        ("network", "layers", "trained", "in norms", "running", "together", "multiply-adds"),
        rows,
        "The networks of this chapter and the next: layers with weights, trained parameters, those of them in "
        "normalisations, running statistics. Computed now.",
    )


def table_of_pulls(networks: Mapping[str, torch.nn.Module], betas: Sequence[float]) -> Table:
    r"""Return the mean of :math:`e^{-\beta|w|}` over the weights of each network, in percent, for some β.

    It is the mean pull of the smoothed ℓ0 over that of an ℓ1 with the factor αβ.
    """
    rows = []
    for name, model in networks.items():
        weights = magnitudes(model)
        pulls = (percent(float(torch.exp(-beta * weights).mean()), 0) for beta in betas)
        rows.append((name, f"{float(weights.mean()):.3f}", *pulls))
    return Table(
        ("network", "mean |w|", *(f"β = {beta:g}" for beta in betas)),
        rows,
        "Mean pull of the smoothed ℓ0 on the first weights, as a share of that of an ℓ1 with the factor αβ: 100 % is "
        "an ℓ1. Computed now.",
    )


def put_out(model: torch.nn.Module, images: torch.Tensor) -> dict[str, tuple[float, float]]:
    r"""Return what each batch normalisation puts out before its own scale and shift, meaned over channels.

    With the running mean m and variance v of a channel, and its inputs z: :math:`|\bar z - m|/\sqrt{v + \varepsilon}`
    and :math:`\operatorname{var}(z)/(v + \varepsilon)`. Own statistics would give 0 and 1.
    """
    norms = {module: name for name, module in model.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
    found: dict[str, tuple[float, float]] = {}

    def look(module: torch.nn.BatchNorm2d, given: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        z = given[0].transpose(0, 1).flatten(1)
        assert module.running_mean is not None
        assert module.running_var is not None
        scale = (module.running_var + module.eps).sqrt()
        shift = (z.mean(1) - module.running_mean) / scale
        found[norms[module]] = float(shift.abs().mean()), float((z.var(1) / scale**2).mean())

    with torch.no_grad(), evaluation_mode(model), forward_hooks(norms, look):
        model(images)
    return found


def table_of_stale(stale: Mapping[str, tuple[float, float]], own: Mapping[str, tuple[float, float]]) -> Table:
    """Return a row for each normalisation of a small ResNet-20, pruned 4×, by :func:`put_out` before and after."""
    (low, high), (least, most) = ((min(part), max(part)) for part in zip(*stale.values(), strict=True))
    (_, off), (left, right) = ((min(part), max(part)) for part in zip(*own.values(), strict=True))
    return Table(
        ("normalisation", "mean off by", "variance", "recalibrated: mean", "variance"),
        [(name, *(f"{value:.2f}" for value in (*stale[name], *own[name]))) for name in stale],
        "A small ResNet-20, pruned 4×: what its normalisations put out before their own scale and shift, on 200 "
        "photographs; means over channels. It should be 0 and 1: the mean is off by "
        f"{low:.2f} to {high:.2f}, the variance is {least:.2f} to {most:.2f}; recalibrated, the mean is off by at most "
        f"{off:.2f}, the variance is {left:.2f} to {right:.2f}. Computed now.",
    )


def table_of_further(its: KeptNetwork | None, data: compress.Dataset, factors: Iterable[float]) -> Table:
    """Prune a stored ResNet-20 further, by each factor, and count wrong answers before and after new statistics.

    They are measured on the photographs of training and validation, and the answers are to those of the test part.
    """
    rows = []
    if its is not None:
        look, one, other = (standardised(part) for part in (data.test, data.train, data.validation))
        shown = torch.cat([one[0], other[0]]), torch.cat([one[1], other[1]])
        first = compress.compression_ratio(its.model)
        for factor in factors:
            further = copy.deepcopy(its.model)
            if factor > 1:
                compress.prune_global(further, factor * first, spare=compress.norm_parameters(further))
            before = compress.evaluate(further, look).errors
            compress.recalibrate(further, shown, batch_size=250, shift=4, mirror=True)
            rows.append((times(factor * first), str(before), str(compress.evaluate(further, look).errors)))
    return Table(
        ("ratio", "just pruned", "recalibrated"),
        rows,
        "Wrong answers of a stored ResNet-20, pruned further, to 100 photographs that it was trained with. Computed "
        "now.",
        absent="not recorded yet",
    )
