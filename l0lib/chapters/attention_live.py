"""Tables of what the chapter "Attention" computes while its page is built: the text, the network, small prunings."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence

import torch

from .. import compress
from ..compress.transformer import ByteTransformer
from ..compress.wanda import prune_wanda
from ..penalties import L2
from ..table import Table, percent, times
from .attention import SETTINGS, Text, bits_per_byte, measure, wrong_share

#: Rules of pruning, by what the tables call them.
MAGNITUDE, WANDA = "global magnitude", "Wanda"


def table_of_text(text: Text) -> Table:
    """Return the parts of the library: modules, bytes, and the names of the four largest."""
    rows = [
        (part, len(its), f"{sum(map(len, its.values())):,}", ", ".join(sorted(its, key=lambda m: -len(its[m]))[:4]))
        for part, its in text.parts.items()
    ]
    caption = f"The library of Python {text.python}, digest {text.origin['digest']}. Computed now."
    return Table(("part", "modules", "bytes", "largest"), rows, caption)


def table_of_parameters() -> Table:
    """Return the parameters of the chapter's transformer, layer by layer; its blocks are alike, and stand once."""
    model = SETTINGS.network(seed=0)
    counts = {
        f"each block: {it.name.split('.', 2)[2]}" if it.name.startswith("blocks.") else it.name: it.parameters
        for it in compress.layers(model)
    }
    counts["all"] = compress.count_parameters(model)
    return Table(
        ("layer", "parameters"),
        [(name, f"{count:,}") for name, count in counts.items()],
        f"The transformer of this chapter: {SETTINGS.blocks} blocks, width {SETTINGS.width}, {SETTINGS.heads} heads, "
        f"{SETTINGS.context} bytes of context. Computed now.",
    )


def pruned(
    model: ByteTransformer, ratio: float, rule: str = MAGNITUDE, calibration: Sequence[torch.Tensor] = ()
) -> tuple[ByteTransformer, compress.Masks]:
    """Return a copy of a network, pruned by one of both rules, and its masks; normalisations are spared."""
    its = copy.deepcopy(model)
    if rule == WANDA:
        return its, prune_wanda(its, ratio, calibration)
    return its, compress.prune_global(its, ratio, spare=compress.norm_parameters(its))


def kept_of_writers(model: ByteTransformer, ratio: float = 2) -> float:
    """Return the share of what writes to the stream that global magnitude pruning keeps."""
    writers = pruned(model, ratio)[0].writers()
    return sum(int(torch.count_nonzero(w)) for w in writers) / sum(w.numel() for w in writers)


def largest_change(model: ByteTransformer, other: ByteTransformer, batch: torch.Tensor) -> float:
    """Return how far the outputs of two networks differ at most."""
    with torch.no_grad():
        return float((other(batch) - model(batch)).abs().max())


def table_of_equals(networks: Mapping[str, ByteTransformer], batch: torch.Tensor) -> Table:
    """Set networks that compute the same beside the first: outputs, ℓ2 penalty, and what pruning keeps of writers."""
    rows, first = [], next(iter(networks.values()))
    for name, its in networks.items():
        l2 = sum(float(L2(1.0).value(p.detach())) for p in its.parameters() if p.ndim > 1)
        kept = percent(kept_of_writers(its), 0)
        rows.append((name, f"{largest_change(first, its, batch):.1e}", f"{l2:,.0f}", kept))
    return Table(
        ("network", "largest change of an output", "ℓ2 penalty, α = 1", "kept of the writers"),
        rows,
        "Four networks that compute the same. Last column: what global magnitude pruning at 2× keeps of all that "
        "writes to the stream. Computed now.",
    )


def table_of_steps(steps: Mapping[float, tuple[float, float, float, Sequence[float]]]) -> Table:
    """Return a row for each scale: weights, gradient, Adam's step, and the pull of ℓ1 and of ℓ0 over both steps.

    All are root mean squares: of weights, gradient and step, then those of the two pulls.
    """
    rows = []
    for scale, (weights, gradient, step, pulls) in steps.items():
        over = (f"{pull / its:.2g}" for pull in pulls for its in (gradient, step))
        rows.append((f"{scale:g}", f"{weights:.2f}", f"{gradient:.1e}", f"{step:.2f}", *over))
    return Table(
        ("scale", "weights", "gradient", "Adam's step", "ℓ1 by SGD", "by Adam", "ℓ0 by SGD", "by Adam"),
        rows,
        "The stream's writers at four scales of one network: root mean square of weights and of the loss's steps at "
        "learning rate one, and the pull of ℓ1 (α = 0.01) and ℓ0 (α = 0.001, β = 10) over these steps. Computed now.",
    )


def table_of_masks(
    model: ByteTransformer, others: Mapping[str, ByteTransformer], calibration: Sequence[torch.Tensor], ratio: float = 4
) -> Table:
    """Return which share of the weights that each rule keeps in a network it drops in others that compute the same."""

    def kept(its: ByteTransformer, rule: str) -> torch.Tensor:
        return torch.cat([mask.flatten() for mask in pruned(its, ratio, rule, calibration)[1].values()])

    rows = []
    for rule in (MAGNITUDE, WANDA):
        first = kept(model, rule)
        for name, its in others.items():
            gone = int((first & ~kept(its, rule)).sum()) / int(first.sum())
            rows.append((rule, name, percent(gone)))
    return Table(
        ("rule", "the same network", "kept before, and not now"),
        rows,
        f"Pruning at {ratio:g}× of one function written in other weights. Computed now.",
    )


def table_of_pruned(
    arms: Mapping[str, tuple[ByteTransformer, str]],
    ratios: Iterable[float],
    modules: Mapping[str, bytes],
    calibration: Sequence[torch.Tensor],
) -> Table:
    """Return bits per byte and wrong next bytes of arms, a network and a rule each, whole and pruned to some ratios."""
    rows = []
    for ratio in (1, *ratios):
        for name, (model, rule) in arms.items():
            if ratio == 1 and rule == WANDA:  # the same network as that of one-shot pruning
                continue
            its = model if ratio == 1 else pruned(model, ratio, rule, calibration)[0]
            found = measure(its, modules)
            wrong = percent(wrong_share(found), 0)
            rows.append((times(compress.compression_ratio(its)), name, f"{bits_per_byte(found):.2f}", wrong))
    return Table(
        ("ratio", "arm", "bits per byte", "wrong next bytes"),
        rows,
        f"Just pruned, on the {len(modules)} smallest test modules. One seed, settings ours, a training of seconds: "
        "nothing can be concluded. Computed now.",
    )
