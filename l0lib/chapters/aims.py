"""Aims that were set before the runs, and what came of them, in lines that follow from the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from ..experiments.records import Record
from ..experiments.results import Result, count_of_seeds
from ..labels import run
from ..paper import compare


def longer_training(records: Sequence[Record], found: Iterable[Result], aim: float) -> str:
    """Return how far the dense ResNet-20 of both schedules is from an aimed error in percent, and what pruning costs.

    The cost is that of NORM, fine-tuned at 5×, beside that of the short schedule.
    """
    told, means = [], []
    for arm in ("resnet-20-dense", "longer-resnet-20-dense"):
        dense = [r for r in records if r.config.arm == arm]
        if not dense:
            told.append(f"{run(arm)}: not recorded yet.")
            continue
        mean = fmean(r.dense.percent for r in dense)
        means.append(mean)
        gap = f"{mean - aim:.2f} points above" if mean > aim else "met"
        epochs = dense[0].config.training.epochs
        told.append(f"{run(arm)}, {epochs} epochs, {count_of_seeds(len(dense))}: {mean:.2f} %.")
        told.append(f"  We had aimed at {aim:.1f} %: {gap}.")
    five = compare.select(found, arm="resnet-20-NORM", fine_tuned=True, requested=5)
    if len(means) == 2 and five:
        (short, longer), pruned = means, five[0].test_error_mean
        told.append(f"The short schedule costs {short - longer:.2f} points, and pruning 5x in it {pruned - short:.2f}:")
        told.append(f"  the pruned network is {pruned - longer:.2f} points behind the longer training.")
    return "\n".join(told)


def fewer_multiply_adds(records: Sequence[Record], found: Iterable[Result], share: float, increase: float) -> str:
    """Return which networks without neurons save ``share`` percent of the multiply-adds, and their rise of the error.

    Weights pruned on top are left out. ``increase`` is the rise that was aimed at, in points. Nothing where none does.
    """
    told, given = [], list(found)
    for arm in ("vgg-16-NORM", "vgg-16-l2"):
        for r in compare.select(given, arm=arm):
            saved = 100 * (1 - 1 / r.structural_reduction)
            if r.requested > 1 or saved < share or r.dense_error_mean is None:
                continue
            over = fmean(r.increases) - increase
            extra = next(it.config.fine_tuning.epochs for it in records if it.config.fine_tuning)
            told.append(
                f"{run(arm)}: {saved:.1f} % fewer multiply-adds, {r.increase_over_seeds} of error over "
                f"{r.dense_error_mean:.2f} % of the dense network, which had {extra} epochs less."
            )
            told.append(
                f"  We had aimed at {share} % and at most {increase:+} points: "
                f"{'met' if over <= 0 else f'{over:.2f} above'} on {count_of_seeds(r.n_seeds)}"
                f"{f', {compare.TOO_FEW} for a verdict' if r.n_seeds < compare.LEAST_RUNS else ''}."
            )
    return "\n".join(told)
