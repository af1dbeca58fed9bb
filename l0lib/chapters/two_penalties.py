"""Chapter "Two penalties, one network": LeNet-300-100 on the embedded digits under four penalties, pruned and measured.

The chapter calls :func:`run` for every penalty and seed. Which penalty factors it uses was settled beforehand, on the
validation images alone, by ``python -m l0lib.chapters.two_penalties``: every setting of :data:`GRID` is tried, as many
for one penalty as for another, and the outcome is written to ``book/records/``.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import compress, provenance
from .._files import read_whole, write_atomically
from ..labels import PENALTIES
from ..penalties import L0, L1, L2, Penalty
from ..table import Table

RECORD = Path(__file__).resolve().parents[2] / "book" / "records" / "two-penalties-tuning.json"


@dataclass(frozen=True)
class Settings:
    """What every penalty has in common: an equal budget of epochs, one learning rate, the same seeds and ratios.

    ``learning_rate`` is that of the first step, in training and again in fine-tuning; it falls to 0 along half a
    cosine. ``ratios`` (all parameters over kept ones) are those at which the network is pruned and tested,
    ``fine_tune_ratios`` those of them at which it is also fine-tuned. There is one network for each seed, with the same
    initial weights and batches under every penalty.
    """

    epochs: int
    fine_tune_epochs: int
    learning_rate: float = 0.2
    batch_size: int = 128
    ratios: tuple[float, ...] = (1, 2, 5, 10, 20, 35, 50, 70, 100, 140, 200)
    fine_tune_ratios: tuple[float, ...] = (20, 50, 100, 200)
    seeds: tuple[int, ...] = (0, 1, 2)


SETTINGS = {
    "fast": Settings(epochs=16, fine_tune_epochs=4),
    "full": Settings(epochs=40, fine_tune_epochs=10, seeds=(0, 1, 2, 3, 4)),
}


def _geometric(first: float, count: int) -> list[float]:
    """Return ``count`` numbers from ``first``, each the square root of two larger, to two digits."""
    return [float(f"{first * 2 ** (k / 2):.1e}") for k in range(count)]


#: Eighteen settings for each penalty: the same number of trials, whatever the number of knobs.
GRID: dict[str, tuple[Penalty, ...]] = {
    "l2": tuple(L2(alpha) for alpha in _geometric(1e-4, 18)),
    "l1": tuple(L1(alpha) for alpha in _geometric(2e-5, 18)),
    "l0": tuple(L0(alpha, beta) for alpha in (2.5e-5, 5e-5, 1e-4, 2e-4, 4e-4, 8e-4) for beta in (4, 8, 16)),
    "l2+l0": tuple(L2(a2) + L0(a0, b) for a2 in (1e-4, 5e-4) for a0 in (1e-4, 2e-4, 4e-4) for b in (4, 8, 16)),
}
#: Tuning looks at these ratios only, and trains with seeds that the chapter does not use.
TUNING_RATIOS = (20, 50, 100)
TUNING_SEEDS = (100, 101)


@dataclass(frozen=True)
class Outcome:
    """One network: the ``history`` of its training, and its wrong answers once pruned.

    ``before`` and ``after`` fine-tuning map a compression ratio to wrong answers, ``achieved`` the ratio asked for to
    the one counted after pruning. ``model`` is the trained network, not pruned.
    """

    history: list[compress.Epoch]
    before: dict[float, int]
    after: dict[float, int]
    achieved: dict[float, float]
    model: torch.nn.Module


def run(train, test, penalty: Penalty | None, settings: Settings, seed: int) -> Outcome:
    """Train one LeNet-300-100 under ``penalty``, prune copies of it at every ratio, fine-tune some, count the errors.

    ``train`` and ``test`` are what to fit and what to count wrong answers on, (images, labels) tensors
    (:meth:`l0lib.compress.Part.tensors`). Fine-tuning has no penalty. ``seed`` is that of the initial weights and of
    the order of the batches.
    """
    plan: dict[str, Any] = {"learning_rate": settings.learning_rate, "batch_size": settings.batch_size, "seed": seed}
    model = compress.lenet_300_100(seed)
    history = compress.train(model, train, penalty, epochs=settings.epochs, **plan)
    before, after, achieved = {}, {}, {}
    for ratio in settings.ratios:
        pruned = copy.deepcopy(model)
        masks = compress.prune_global(pruned, ratio)
        achieved[ratio] = compress.compression_ratio(pruned)
        before[ratio] = compress.evaluate(pruned, test).errors
        if ratio in settings.fine_tune_ratios:
            compress.train(pruned, train, epochs=settings.fine_tune_epochs, masks=masks, **plan)
            after[ratio] = compress.evaluate(pruned, test).errors
    return Outcome(history, before, after, achieved, model)


def cut(model: torch.nn.Module, ratio: float) -> float:
    """Return the least magnitude that global pruning at ``ratio`` keeps; ``model`` is not changed."""
    kept = compress.prune_global(copy.deepcopy(model), ratio).by_parameter(model)
    return min(float(parameter.detach()[mask].abs().min()) for parameter, mask in kept.items() if mask.any())


def curves(runs: dict[str, list[Outcome]], stage: str, images: int) -> dict[str, dict[str, np.ndarray]]:
    """Return, for each penalty, test errors against compression ratio, ``"before"`` or ``"after"`` fine-tuning.

    ``runs`` maps a penalty to its networks, one for each seed; ``images`` test images are behind every count. Of each
    penalty: ``ratio`` (r,); ``errors`` (networks, r) and their ``mean`` (r,), fractions of 1; ``low`` and ``high``
    (r,), the 95 % Wilson interval that ``images`` images allow at the mean. It does not narrow with the number of
    networks, because all of them are tested on the same images.
    """
    found = {}
    for name, outcomes in runs.items():
        counts = np.array([list(getattr(outcome, stage).values()) for outcome in outcomes], dtype=float)
        mean = counts.mean(0)
        low, high = np.array([compress.wilson_interval(float(count), images) for count in mean]).T
        ratio = np.array(list(getattr(outcomes[0], stage)), dtype=float)
        found[name] = {"ratio": ratio, "errors": counts / images, "mean": mean / images, "low": low, "high": high}
    return found


def overlaps(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> int:
    """Count the ratios at which the intervals of two of :func:`curves` overlap."""
    return int(np.sum((a["low"] <= b["high"]) & (b["low"] <= a["high"])))


def to_json(penalty: Penalty) -> list[dict]:
    """Return the terms of ``penalty`` as plain data: ``[{"kind": "L0", "alpha": …, "beta": …}]``."""
    return [
        {"kind": type(term).__name__, **{k: getattr(term, k) for k in ("alpha", "beta") if hasattr(term, k)}}
        for term in penalty.terms
    ]


def from_json(terms: list[dict]) -> Penalty:
    """Return the penalty that :func:`to_json` wrote."""
    kinds = {"L0": L0, "L1": L1, "L2": L2}
    first, *others = (kinds[term["kind"]](**{k: v for k, v in term.items() if k != "kind"}) for term in terms)
    return sum(others, first)


def score(trial: dict) -> float:
    """Return what tuning minimises: the mean error over ratios, before and after fine-tuning, over seeds."""
    errors = [count for stage in ("before", "after") for counts in trial[stage].values() for count in counts]
    return sum(errors) / len(errors) / trial["images"]


def best(trials: list[dict]) -> dict:
    """Return the trial of lowest :func:`score` (the first of them, on a tie)."""
    return min(trials, key=score)


def load(path: Path = RECORD) -> dict:
    """Return the tuning record; see :func:`tune` for what is in it.

    Raises
    ------
    FileNotFoundError
        Outside a checkout of the book, where there are no records.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.name} stands in book/records/ of a checkout of the book; none is here")
    return json.loads(read_whole(path, "tuning record", 1 << 20))


def chosen(record: dict, profile: str) -> dict[str, Penalty]:
    """Return the penalties that tuning chose, by name: ``l2``, ``l1``, ``l0``, ``l2+l0``."""
    return {name: from_json(best(trials)["penalty"]) for name, trials in record["profiles"][profile]["trials"].items()}


def table_of_choices(tuning: dict) -> Table:
    """Return what tuning chose for each penalty: its score, and the error of its networks before pruning."""
    its = {name: best(trials) for name, trials in tuning["trials"].items()}
    rows = [
        (
            PENALTIES[name],
            len(tuning["trials"][name]),
            from_json(one["penalty"]),
            *(f"{100 * it:.1f}\N{NO-BREAK SPACE}%" for it in (score(one), np.mean(one["dense"]) / one["images"])),
        )
        for name, one in its.items()
    ]
    made, images = tuning["provenance"], next(iter(its.values()))["images"]
    return Table(
        ("penalty", "trials", "chosen", "score", "error unpruned"),
        rows,
        f"Choice on {images:,} validation images. Stored: {made['date']}, commit {made['commit']}, {made['hardware']}, "
        f"torch {made['versions']['torch']}, {made['wall_seconds'] / 60:.0f} minutes",
    )


def table_of_curves(stages: dict[str, dict[str, dict[str, np.ndarray]]], settings: Settings, images: int) -> Table:
    """Return the errors of :func:`curves` with their intervals, stage by stage, at the ratios that are fine-tuned."""

    def entry(curve: dict[str, np.ndarray], ratio: float) -> str:
        at = list(curve["ratio"]).index(ratio)
        mean, low, high = (100 * curve[part][at] for part in ("mean", "low", "high"))
        return f"{mean:.1f} ({low:.1f}–{high:.1f})"

    rows = [
        (stage, f"{ratio:g}×", *(entry(curve, ratio) for curve in its.values()))
        for stage, its in stages.items()
        for ratio in settings.fine_tune_ratios
    ]
    return Table(
        ("", "ratio", *(PENALTIES[name] for name in next(iter(stages.values())))),
        rows,
        f"Top-1 error in percent on {images:,} test images, mean of {len(settings.seeds)} seeds, with the 95 % "
        "interval",
    )


def tune(profile: str) -> dict:
    """Try every setting of :data:`GRID` on the validation images; return settings, trials and provenance."""
    origin = provenance.origin()  # of the code that runs, which may change meanwhile
    data = compress.embedded_digits()
    train, validation = data.train.tensors(), data.validation.tensors()
    settings = replace(
        SETTINGS[profile], ratios=(1, *TUNING_RATIOS), fine_tune_ratios=TUNING_RATIOS, seeds=TUNING_SEEDS
    )
    began = time.perf_counter()

    def trial(penalty: Penalty) -> dict:
        outcomes = [run(train, validation, penalty, settings, seed) for seed in settings.seeds]
        found = {
            "penalty": to_json(penalty),
            "images": len(data.validation),
            "dense": [outcome.before[1] for outcome in outcomes],
            "before": {str(r): [outcome.before[r] for outcome in outcomes] for r in TUNING_RATIOS},
            "after": {str(r): [outcome.after[r] for outcome in outcomes] for r in TUNING_RATIOS},
        }
        print(f"{profile} {penalty!r}: score {100 * score(found):.2f} %", flush=True)
        return found

    return {
        "settings": asdict(settings),
        "trials": {name: [trial(penalty) for penalty in penalties] for name, penalties in GRID.items()},
        "provenance": {
            **origin,
            "threads": torch.get_num_threads(),
            "wall_seconds": round(time.perf_counter() - began, 1),
        },
    }


def main() -> None:
    """Tune the profiles named on the command line and write the record, keeping the other profiles in it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("profiles", nargs="+", choices=sorted(SETTINGS))
    parser.add_argument("--record", type=Path, default=RECORD, help="the file; by default the checkout's own")
    given = parser.parse_args()
    for profile in given.profiles:
        tuned = tune(profile)
        record = load(given.record) if given.record.exists() else {"profiles": {}}
        record["profiles"][profile] = tuned
        write_atomically(given.record, (json.dumps(record, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
