"""Which photographs one of two networks gets wrong and the other does not, from the stored runs of Experiment 3."""

from __future__ import annotations

from collections.abc import Iterable

from ..experiments import answers
from ..experiments.records import Measured, Record
from ..table import Table, percent


def table(records: Iterable[Record]) -> Table:
    """Set networks of ResNet-20 beside the dense one of seed 0: another seed of it, and NORM unpruned and fine-tuned.

    The deviation and its bound are those of :func:`~l0lib.experiments.answers.disagreement`.
    """
    runs = {(r.config.arm, r.seed): r for r in records}
    dense, other, norm = (runs.get((f"resnet-20-{arm}", n)) for arm, n in (("dense", 0), ("dense", 1), ("NORM", 0)))
    against: dict[str, tuple[Measured, Measured]] = {}
    if dense and other:
        against["dense, another seed"] = other.dense, dense.dense
    if dense and norm:
        against["NORM, not pruned"] = norm.dense, dense.dense
        for point in norm.points:
            if point.fine_tuned:
                against[f"NORM, {point.requested:g}×, fine-tuned"] = point.measured, dense.dense
    rows = []
    for name, (one, whole) in against.items():
        it = answers.disagreement(one.wrong, whole.wrong, whole.images)
        shares = (percent(it.only_first), percent(it.only_second), f"{100 * it.difference:+.2f}")
        rows.append((name, *shares, f"{100 * it.deviated:.2f}", f"{100 * it.bounded:.2f}"))
    headers = ("only it is wrong", "only dense is wrong", "difference (points)", "deviation", "at most")
    return Table(
        ("against the dense network", *headers),
        rows,
        "ResNet-20 on CIFAR-10, against the unpruned network of seed 0 under ℓ2: test photographs that only one of the "
        "two gets wrong, the difference of the error rates with its deviation, and the bound that knows the rates "
        "alone. Stored.",
        absent="not recorded yet",
    )
