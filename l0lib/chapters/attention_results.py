"""What came out of the chapter "Attention": bits per byte over seeds, differences of arms, and whose text it was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from ..experiments import answers
from ..experiments.results import count_of_seeds, mean_and_deviation, mean_interval
from ..paper.compare import LEAST_RUNS, TOO_FEW
from ..table import Table, signed, times
from .attention import ARMS, RECORDS, TRIALS, bits_per_byte, library_text, load, wrong_share


def by_arm(records: Iterable[Mapping[str, Any]]) -> dict[str, dict[float, dict[int, dict]]]:
    """Return the points of records by arm, ratio and seed."""
    found: dict[str, dict[float, dict[int, dict]]] = {}
    for record in records:
        for point in record["points"]:
            found.setdefault(record["arm"], {}).setdefault(point["ratio"], {})[record["seed"]] = point
    return {arm: found[arm] for arm in ARMS if arm in found}


@dataclass(frozen=True)
class Gap:
    """Bits per byte of one arm less another's, on seeds that both have; ``interval`` counts other seeds and modules.

    Attributes
    ----------
    mean : float
        Over seeds.
    interval : pair of floats
        95 %: Student's over seeds, widened by the deviation over modules (:func:`over_modules`).
    seeds : int
    """

    mean: float
    interval: tuple[float, float]
    seeds: int

    def __str__(self) -> str:
        low, high = self.interval
        return f"{signed(self.mean, '+.3f')} ({signed(low, '+.3f')} to {signed(high, '+.3f')})"


def over_modules(first: Sequence[Mapping[str, Sequence]], second: Sequence[Mapping[str, Sequence]]) -> float:
    r"""Return the standard deviation that other test modules would give the difference of two arms' bits per byte.

    Bytes of one module are no independent witnesses, modules are taken to be. With :math:`d_m` the difference of the
    bits of module m, summed over its :math:`n_m` bytes and averaged over seeds, the difference is
    :math:`D = \sum d_m / \sum n_m`, and its variance that of a ratio of sums over M modules,

    .. math:: \frac{M}{M - 1}\,\frac{\sum_m (d_m - D n_m)^2}{(\sum_m n_m)^2} .
    """
    names = list(first[0])
    sizes = [first[0][name][2] for name in names]
    pairs = list(zip(first, second, strict=True))
    gaps = [fmean(ours[name][0] - theirs[name][0] for ours, theirs in pairs) for name in names]
    mean, m = sum(gaps) / sum(sizes), len(names)
    if m < 2:
        return math.inf
    squares = math.fsum((gap - mean * size) ** 2 for gap, size in zip(gaps, sizes, strict=True))
    return math.sqrt(m / (m - 1) * squares) / sum(sizes)


def gap(first: Mapping[int, dict], second: Mapping[int, dict], stage: str = "after") -> Gap | None:
    """Compare two arms at one ratio, their points by seed; None if they have no seed in common."""
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return None
    ours, theirs = ([points[seed][stage] for seed in seeds] for points in (first, second))
    gaps = [bits_per_byte(a) - bits_per_byte(b) for a, b in zip(ours, theirs, strict=True)]
    interval = answers.wide(fmean(gaps), mean_interval(gaps), over_modules(ours, theirs))
    return Gap(fmean(gaps), interval, len(seeds))


def table(records: Iterable[Mapping[str, Any]]) -> Table:
    """Return bits per byte and wrong next bytes of each arm and ratio, and the gap to one-shot pruning."""
    found = by_arm(records)
    rows = []
    for arm, ratios in found.items():
        for ratio, points in sorted(ratios.items()):
            cells = [mean_and_deviation((bits_per_byte(p[s]) for p in points.values()), 3) for s in ("before", "after")]
            wrong = mean_and_deviation((100 * wrong_share(p["after"]) for p in points.values()), 1)
            rival = found.get("one-shot", {}).get(ratio)
            away = gap(points, rival) if rival and arm != "one-shot" else None
            achieved = fmean(p["achieved"] for p in points.values())
            told = [ARMS[arm], times(achieved), len(points), *cells, f"{wrong} %", "–" if away is None else away]
            rows.append(tuple(map(str, told)))
    return Table(
        ("arm", "ratio", "seeds", "bits per byte, pruned", "fine-tuned", "wrong bytes", "less one-shot's"),
        rows,
        "Bits per byte on test modules, as pruned and fine-tuned; bytes that were not the likeliest; the difference "
        "to one-shot pruning, with its 95 % interval for other seeds and modules. Mean ± standard deviation over "
        "seeds. Gradual pruning is over before fine-tuning begins. The dense network takes as many steps. Stored.",
        absent="not run yet",
    )


def curves(records: Iterable[Mapping[str, Any]], stage: str = "after") -> dict[str, dict[float, list[float]]]:
    """Return bits per byte by arm and ratio, one for each seed."""
    return {
        arm: {ratio: [bits_per_byte(p[stage]) for p in points.values()] for ratio, points in ratios.items()}
        for arm, ratios in by_arm(records).items()
    }


def kept_shares(records: Iterable[Mapping[str, Any]], ratio: float) -> tuple[list[str], dict[str, list[float]]]:
    """Return the layers, and for each arm which share of each is left at ``ratio``, mean over seeds."""
    layers: list[str] = []
    shares = {}
    for arm, ratios in by_arm(records).items():
        if arm != "dense" and ratio in ratios:
            counted = [point["layers"] for point in ratios[ratio].values()]
            layers = list(counted[0])
            shares[arm] = [fmean(its[name]["nonzero"] / its[name]["weights"] for its in counted) for name in layers]
    return layers, shares


def scales(records: Iterable[Mapping[str, Any]]) -> Table:
    """Return what each penalty leaves before pruning: rms of what writes to the stream and of all else, small weights.

    What writes to the stream has a free scale (the chapter's first proposition).
    """
    rows = []
    for arm in ARMS:
        own = [record["unpruned"]["layers"] for record in records if record["arm"] == arm and record["unpruned"]]
        if not own or arm in ("one-shot", "wanda"):  # they begin with the dense network
            continue
        cells = []
        for wanted in (True, False):
            some = [[its for name, its in layers.items() if writes(name) == wanted] for layers in own]
            rms = [math.sqrt(sum(i["weights"] * i["rms"] ** 2 for i in s) / sum(i["weights"] for i in s)) for s in some]
            cells.append(mean_and_deviation(rms, 4))
        dead = [100 - 100 * sum(i["alive"] for i in s.values()) / sum(i["weights"] for i in s.values()) for s in own]
        rows.append((ARMS[arm], str(len(own)), *cells, f"{mean_and_deviation(dead, 1)} %"))
    return Table(
        ("arm", "seeds", "rms, writers", "rms, others", "below 0.001"),
        rows,
        "Networks before pruning: root mean square of the matrices that write to the stream, and of the others; "
        "weights below a thousandth. Mean ± standard deviation over seeds. Stored.",
        absent="not run yet",
    )


def writes(layer: str) -> bool:
    """Return whether a layer writes to the stream (:meth:`~l0lib.compress.transformer.ByteTransformer.writers`)."""
    return layer in ("bytes", "places") or layer.endswith("output")


def chosen(records: Path = RECORDS) -> Table:
    """Return what each arm chose, the scores of its eight trials, and which values are the last of those tried."""
    record = load(records / "chosen.json") or {"arms": {}}
    rows = []
    for arm, found in record["arms"].items():
        told = [
            f"{name} = {value:g}" if isinstance(value, float | int) else f"{name}: {value}"
            for name, value in found["setting"].items()
        ]
        ends = [name for name in found["setting"] if at_the_end(arm, name, found["setting"][name])]
        spread = f"{min(found['scores']):.3f} to {max(found['scores']):.3f}"
        rows.append((ARMS[arm], ", ".join(told), spread, ", ".join(ends) or "–"))
    return Table(
        ("arm", "chosen of eight", "bits per byte, best to worst", "at the end of what was tried"),
        rows,
        "What each arm chose on validation modules: bits per byte after fine-tuning, mean over the tuning's ratios. A "
        "value at the end of those tried might be better still beyond it. Stored.",
        absent="not tuned yet",
    )


def at_the_end(arm: str, name: str, value: Any) -> bool:
    """Return whether a value is the smallest or the largest of at least three that an arm has tried."""
    tried = sorted({trial[name] for trial in TRIALS[arm]})
    return len(tried) > 2 and value in (tried[0], tried[-1])


def conclusion(records: Iterable[Mapping[str, Any]], ratio: float) -> str:
    """Return which arm has the fewest bits at ``ratio``, and which are not told apart from it; words follow numbers."""
    at = {arm: points[ratio] for arm, points in by_arm(records).items() if ratio in points and arm != "dense"}
    if len(at) < 2:
        return f"Nothing to compare at {times(ratio)} is on record yet."
    means = {arm: fmean(bits_per_byte(p["after"]) for p in points.values()) for arm, points in at.items()}
    best = min(means, key=means.__getitem__)
    gaps = {arm: gap(at[arm], at[best]) for arm in at if arm != best}
    few = [it.seeds for it in gaps.values() if it is not None and it.seeds < LEAST_RUNS]
    if few:
        return f"{times(ratio)}: {TOO_FEW} for a verdict ({count_of_seeds(min(few))})."
    near = [ARMS[arm] for arm, it in gaps.items() if it is None or it.interval[0] <= 0]
    told = f"{times(ratio)}: {ARMS[best]} needs the fewest bits per byte, {means[best]:.3f}"
    return f"{told}; not told apart from it: {', '.join(near)}." if near else f"{told}; all others need more."


def origin(records: Sequence[Mapping[str, Any]]) -> str:
    """Return whose library the records read, and whether it is the one that runs here."""
    known = {(r["text"]["python"], r["text"]["digest"]): r["text"] for r in records}
    ours, told = library_text().origin, []
    for (python, digest), its in known.items():
        counts = ", ".join(f"{part} {m} modules, {n:,} bytes" for part, (m, n) in its["modules and bytes"].items())
        same = "that of this page, too"
        if digest != ours["digest"]:
            same = f"another text than that of this page, Python {ours['python']}, {ours['digest']}"
        told.append(f"Library of Python {python} ({digest}; {same}): {counts}.")
    if len(known) > 1:
        told.append("The records are of several libraries: do not compare them.")
    return "\n".join(told) or "No run is on record yet."
