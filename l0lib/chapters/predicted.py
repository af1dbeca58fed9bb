"""What came of the predictions that a chapter asks for, in words: sentences from the numbers that its page computes.

Errors, shares and accuracies are fractions of 1, and sentences give them in percent. Where other numbers say the
opposite, so do the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..labels import PENALTIES
from ..table import listed, times

if TYPE_CHECKING:
    from ..compress.latency import MatmulLatency
    from ..compress.storage import Size

#: A rise of the error by up to here, as a fraction of 1, costs nothing that a reader would notice.
NOTHING = 0.01
#: A second group of weights has a bin at least so many times as full as the emptiest one before it.
_STANDS_OUT = 1.5


def _percent(share: float) -> str:
    """Return a share as text: ``7.5 %``, ``0.005 %``."""
    return f"{100 * share:.1f} %" if share >= 0.001 or share == 0 else f"{100 * share:.1g} %"


def left_of_the_start(shares: Mapping[str, float], predicted: float) -> str:
    """Return what each penalty has left of weights that no loss holds.

    ``shares`` are mean magnitudes over those at the start, by the short name of the penalty; ``predicted`` is the share
    that theory leaves under l2.
    """
    own = shares["l2"]
    others = {name: share for name, share in shares.items() if name != "l2"}
    most = max(others.values())
    word = "as good as nothing" if most < own / 100 else "less" if most < own else "no less"
    return (
        f"Under ℓ2 {_percent(own)} of the first magnitude is left, where theory says {_percent(predicted)}. "
        f"{listed([PENALTIES[name] for name in others])} leave {word}: {_percent(most)} at most."
    )


def suffers_most(curves: Mapping[str, Mapping[str, np.ndarray]], ratio: float) -> str:
    """Return which penalty's networks err most just pruned to ``ratio``, and whether l1 and l0 are told apart.

    ``curves`` are those of :func:`~l0lib.chapters.two_penalties.curves`.
    """
    at = {name: list(curve["ratio"]).index(ratio) for name, curve in curves.items()}
    mean, low, high = (
        {name: float(curve[part][at[name]]) for name, curve in curves.items()} for part in ("mean", "low", "high")
    )
    worst = max(mean, key=mean.__getitem__)
    apart = all(low[worst] > high[name] for name in mean if name != worst)
    doubt = "" if apart else ", though its interval overlaps another"
    told = f"Just pruned {times(ratio)}, {PENALTIES[worst]} errs most, on {_percent(mean[worst])}{doubt}."
    l1, l0 = (f"{PENALTIES[name]} on {_percent(mean[name])}" for name in ("l1", "l0"))
    if low["l1"] > high["l0"]:
        verdict = "their intervals do not overlap: ℓ1 falls behind"
    elif low["l0"] > high["l1"]:
        verdict = "their intervals do not overlap: ℓ1 is ahead"
    else:
        verdict = "their intervals overlap, so this test shows no gap"
    return f"{told} {l1[0].upper()}{l1[1:]} and {l0}: {verdict}."


def valley(counts: Sequence[float], edges: Sequence[float], cut: float, ratio: float) -> str:
    """Return where pruning to ``ratio`` cuts, at magnitude ``cut``, beside the valley between two groups of weights.

    ``counts`` are the weights in bins between ``edges``, one more: the rising decimal logarithms of their ends. The
    first group is the fullest bin, the second the bin above it that stands out most from the emptiest one between.
    """
    found, ends = np.asarray(counts, dtype=float), 10.0 ** np.asarray(edges, dtype=float)
    first = int(np.searchsorted(ends, cut, side="right")) - 1
    below = _percent(float(found[:first].sum() / found.sum()))
    told = f"{below} of the weights end below the cut of {times(ratio)}, at {cut:.2g}."
    low = int(found.argmax())
    rise = (found[low:] + 1) / (np.minimum.accumulate(found[low:]) + 1)
    if rise.max() < _STANDS_OUT:
        return f"{told} There is one group, and the cut goes through it."
    high = low + int(rise.argmax())
    empty = low + int(found[low:high].argmin())
    middle = float(np.sqrt(ends[empty] * ends[empty + 1]))
    side = "right of the valley" if first > empty else "left of the valley" if first < empty else "in the valley itself"
    return f"{told} The valley between the two groups is emptiest at {middle:.2g}: the cut stands {side}."


def costs_nothing(before: Mapping[float, float], after: Mapping[float, float], dense: float, highest: float) -> str:
    """Return up to which ratio pruning alone costs nothing, and what fine-tuning wins back at ``highest``.

    ``before`` and ``after`` fine-tuning are errors by ratio; ``dense`` is the whole network's.
    """
    free = [ratio for ratio in sorted(before) if all(before[r] <= dense + NOTHING for r in before if r <= ratio)]
    limit = f"up to {times(free[-1])}" if free and free[-1] > 1 else "at no ratio"
    gained = before[highest] - after[highest]
    lost = before[highest] - dense
    told = (
        f"The whole network errs on {_percent(dense)}. Just pruned, it stays within a point of that {limit}. "
        f"At {times(highest)} it errs on {_percent(before[highest])}, fine-tuned on {_percent(after[highest])}"
    )
    if lost <= NOTHING:
        return f"{told}: there was nothing to win back."
    if gained <= 0:
        return f"{told}: nothing is won back."
    return f"{told}: {min(100 * gained / lost, 100):.0f} % of what was lost is back."


def file_sizes(sizes: Iterable[Size], dense: int, ratio: float) -> str:
    """Return how many times smaller than ``dense`` bytes the files of a network are that is ``ratio`` times smaller."""
    of = {(size.encoding, size.coding): dense / size.bytes for size in sizes}
    plain = [f"{times(of[name, 'none'])} as {word}" for name, word in (("csr", "CSR"), ("bitmap", "a bitmap"))]
    coded = max(of[name, "lzma"] for name in ("csr", "bitmap"))
    return (
        f"With {times(ratio)} fewer parameters the file is smaller by {listed(plain)} without entropy coding, and by "
        f"{times(coded)} with lzma. lzma makes the dense file, zeros and all, {times(of['dense', 'lzma'])} smaller."
    )


def stored_file(ratio: float, best: float) -> str:
    """Return into which of three answers a file falls that is ``best`` times smaller at a ratio of parameters."""
    told = f"At {times(ratio)} fewer parameters our smallest file is {times(best)} smaller than the dense one"
    if best > ratio:
        return f"{told}: more than the parameters."
    return f"{told}, {100 * best / ratio:.0f} % of the ratio: the rest is the price of the places."


def half_zero(measured: Mapping[int, Sequence[MatmulLatency]], ways: Mapping[str, str]) -> str:
    """Return how fast sparse products are at the least sparsity that was measured, and from where on they pay.

    ``measured`` holds the results of :func:`~l0lib.compress.latency.matmul_latency` by the number of vectors, ``ways``
    the names of sparse products.
    """
    first = [row[0] for row in measured.values()]
    speeds = [at.timings[way].speedup for at in first for way in ways]
    slow, fast = min(speeds), max(speeds)
    zeros = f"With {100 * first[0].sparsity:g} % zeros a sparse product was"
    if fast < 1:
        told = f"{zeros} slower in every case, {1 / fast:.2g} to {1 / slow:.2g} times as slow as the dense one."
    elif slow > 1:
        told = f"{zeros} faster in every case, {slow:.2g} to {fast:.2g} times."
    else:
        told = f"{zeros} faster in some cases and slower in others, {slow:.2g} to {fast:.2g} times as fast."
    pays = [at.sparsity for row in measured.values() for at in row if any(at.timings[way].speedup > 1 for way in ways)]
    return f"{told} It was faster {f'from {100 * min(pays):.4g} % zeros on at the earliest' if pays else 'nowhere'}."


def repaired(pruned: Mapping[str, float], tuned: Mapping[str, float], ratio: float) -> str:
    """Return how far l2 alone is behind l2 + l0 in accuracy, just pruned and fine-tuned; both by penalty."""
    cut, left = (found["l2+l0"] - found["l2"] for found in (pruned, tuned))
    told = (
        f"Just pruned {times(ratio)}, ℓ2 is {100 * cut:.1f} points behind ℓ2 + ℓ0; fine-tuned, {100 * left:.1f} points."
    )
    if cut <= NOTHING:
        return f"{told} There was no gap to repair."
    if left <= NOTHING:
        return f"{told} On this task fine-tuning repairs what pruning broke."
    return f"{told} Fine-tuning repairs {100 * (1 - left / cut):.0f} % of the gap, and a gap remains."


def best_of_each(accuracies: Mapping[str, Mapping[float, float]], ratio: float) -> str:
    """Return each penalty's best accuracy at ``ratio`` over its factors; ``accuracies`` by penalty and factor."""
    best = {name: max(found, key=found.__getitem__) for name, found in accuracies.items()}
    each = [f"{PENALTIES[n]} {_percent(accuracies[n][alpha])} (α = {alpha:g})" for n, alpha in best.items()]
    told = f"At {times(ratio)} the best of each keeps {listed(each)}"
    high, low = (pick(accuracies[n][alpha] for n, alpha in best.items()) for pick in (max, min))
    if high - low <= NOTHING:
        return f"{told}: no difference worth a word."
    first = max(best, key=lambda name: accuracies[name][best[name]])
    return f"{told}: {PENALTIES[first]} keeps more, by {100 * (high - low):.1f} points."


def product_says_it(pairs: Sequence[tuple[float, float, float, float]]) -> str:
    """Return how often small and large β of one αβ end with the same share of dead weights.

    Of each half decade of αβ with points on both sides: the least and the largest share at small β, then at large β.
    """
    if not pairs:
        return "Not recorded yet."
    same = sum(low <= other_high and other_low <= high for low, high, other_low, other_high in pairs)
    told = f"Of {len(pairs)} half decades of αβ with points on both sides, the shares of dead weights meet in {same}."
    fewer = sum(other_high < low for low, _, _, other_high in pairs)
    if same == len(pairs):
        return f"{told} Here the product says it all."
    return f"{told} In {fewer} a large β leaves fewer dead: there the product does not say it all."


def apart(measured: Mapping[str, tuple[float, tuple[float, float]]]) -> str:
    """Return which of several error rates are told apart: those whose intervals do not overlap.

    ``measured`` gives the error and its interval, by name.
    """
    found = [
        f"{one} errs less than {other}"
        for one, (_, (_, high)) in measured.items()
        for other, (_, (low, _)) in measured.items()
        if high < low
    ]
    shown = listed([f"{name} {_percent(error)}" for name, (error, _) in measured.items()])
    verdict = f"{listed(found)}, beyond their intervals" if found else "the intervals overlap, and none is told apart"
    return f"{shown}: {verdict}."
