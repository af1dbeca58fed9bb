"""What the error on the test digits leaves out: shifted, rotated and noisy digits, and how sure a network is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .. import labels
from ..experiments.records import Measured, Record
from ..experiments.results import Result, mean_and_deviation, results
from ..paper import compare
from ..paper.compare import Comparison
from ..table import Table, times

#: How records change the test digits (:mod:`~l0lib.experiments.scores`).
WAYS = ("shifted", "rotated", "noisy")


@dataclass(frozen=True)
class Networks:
    """The networks of an arm at one compression ratio, fine-tuned: what was measured, by seed.

    A ratio of 1 is a dense arm, never pruned.
    """

    arm: str
    ratio: float
    measured: Mapping[int, Measured]

    def errors(self, how: str = "") -> list[float]:
        """Return the errors in percent on the test digits, or on those that are changed as one of :data:`WAYS`."""
        return [100 * (one.changed[how] if how else one.errors) / one.images for one in self.measured.values()]

    @property
    def cross_entropy(self) -> list[float]:
        """Mean over the test digits in nats."""
        return [one.cross_entropy for one in self.measured.values() if one.cross_entropy is not None]

    @property
    def calibration_error(self) -> list[float]:
        """In percentage points, :attr:`~l0lib.experiments.records.Measured.calibration_error`."""
        return [100 * one.calibration_error for one in self.measured.values() if one.calibration_error is not None]


def _tells(record: Record, network: str) -> bool:
    return record.config.network == network and record.dense.changed.keys() >= set(WAYS)


def networks(records: Iterable[Record], network: str = "lenet-300-100") -> list[Networks]:
    """Return the dense networks, then each arm's fine-tuned ones by rising ratio, where records tell of changed digits.

    Arms stand in the order of the records. Fine-tuned networks of which nothing was pruned are left out.
    """
    found: dict[tuple[str, float], dict[int, Measured]] = {}
    for record in records:
        if not _tells(record, network):
            continue
        if not record.points:
            found.setdefault((record.config.arm, 1.0), {})[record.seed] = record.dense
        for point in record.points:
            if point.fine_tuned and point.requested > 1:
                found.setdefault((record.config.arm, point.requested), {})[record.seed] = point.measured
    arms = list(dict.fromkeys(arm for arm, _ in found))
    order = sorted(found, key=lambda place: (place[1] > 1, arms.index(place[0]), place[1]))
    return [Networks(*place, found[place]) for place in order]


def on_changed(records: Iterable[Record], how: str, network: str = "lenet-300-100") -> list[Result]:
    """Return the results of a network on test digits that are changed as one of :data:`WAYS`, where records tell them.

    Which of the changed digits were missed is not recorded: intervals are the widest that the errors allow.

    Raises
    ------
    ValueError
        If ``how`` is none of :data:`WAYS`.
    """
    if how not in WAYS:
        raise ValueError(f"how must be one of {', '.join(WAYS)}; got {how!r}")

    def moved(measured: Measured) -> Measured:
        return Measured(errors=measured.changed[how], images=measured.images)

    return results(
        record.model_copy(
            update={
                "dense": moved(record.dense),
                "points": tuple(p.model_copy(update={"measured": moved(p.measured)}) for p in record.points),
            }
        )
        for record in records
        if _tells(record, network)
    )


def against(records: Iterable[Record], how: str, first: str, second: str) -> list[Comparison]:
    """Compare two arms of LeNet-300-100, fine-tuned, on digits that are changed as one of :data:`WAYS`."""
    found = [one for one in on_changed(records, how) if one.fine_tuned and one.requested > 1]
    return compare.pairs(compare.select(found, arm=first), compare.select(found, arm=second))


def over_dense(records: Iterable[Record], how: str, pruned: Networks, dense: Networks) -> Comparison | None:
    """Compare pruned networks with dense ones of the same seeds on digits that are changed as one of :data:`WAYS`.

    None if no record tells of them, or if they share no seed.
    """
    found = compare.select(on_changed(records, how), arm=pruned.arm, fine_tuned=True, requested=pruned.ratio)
    errors = {seed: 100 * one.changed[how] / one.images for seed, one in dense.measured.items()}
    if not found or not found[0].errors.keys() & errors.keys():
        return None
    return compare.compared(found[0], replace(found[0], errors=errors, wrong={}))


def table(records: Iterable[Record]) -> Table:
    """Return a row for every arm and ratio of LeNet-300-100: errors on all digits, and how sure the networks are."""
    rows = [
        (
            labels.run(one.arm),
            times(one.ratio),
            *(mean_and_deviation(one.errors(how)) for how in ("", *WAYS)),
            mean_and_deviation(one.cross_entropy, 3) if one.cross_entropy else "–",
            mean_and_deviation(one.calibration_error) if one.calibration_error else "–",
            len(one.measured),
        )
        for one in networks(records)
    ]
    headers = ("", "ratio", "test, %", *(f"{how}, %" for how in WAYS), "cross-entropy", "calibration error", "seeds")
    return Table(
        headers,
        rows,
        "LeNet-300-100, fine-tuned: error on the test digits and on the same ones changed; cross-entropy in nats, "
        "calibration error in points, both on the unchanged. Mean ± deviation over seeds. Stored.",
        absent="not recorded yet",
    )
