"""What the arms of a study run with, as a table: factors, rates, epochs, and how they were chosen."""

from __future__ import annotations

import fnmatch

from .. import labels
from ..experiments import records
from ..experiments.arms import STUDIES, chosen_for
from ..experiments.config import Config, PenaltySettings
from ..table import Folded, Table

#: Studies whose networks before pruning are those of another one.
_SHARED = {"experiment-6": "experiment-3", "recalibration": "experiment-3"}


def _span(values: tuple[float, ...]) -> str:
    low, high = min(values), max(values)
    return f"{low:.2g}" if low == high else f"{low:.2g} to {high:.2g}"


def factors(penalty: PenaltySettings) -> tuple[str, str]:
    """Return the factors of a penalty and its β as text: ``ℓ2 0.0001, ℓ0 1e-05`` and ``5``."""
    if penalty.strategy == "SEP":
        terms = {"ℓ2": penalty.alpha_l2_by_layer, "ℓ0": penalty.alpha_l0_by_layer}
        betas = penalty.beta_by_layer
    else:
        terms = {"ℓ2": (penalty.alpha_l2,), "ℓ1": (penalty.alpha_l1,), "ℓ0": (penalty.alpha_l0,)}
        betas = (penalty.beta,)
    told = ", ".join(f"{name} {_span(values)}" for name, values in terms.items() if any(values))
    return told or "none", _span(betas) if any(terms["ℓ0"]) else "–"


def _choice(study: str, arm: Config) -> str:
    """Return how the settings of an arm came about."""
    study = _SHARED.get(study, study)
    chosen = chosen_for(study)
    # a baseline or a point of a sweep takes its settings from the arm that was searched
    name = next(key for key in (arm.arm, f"{arm.network}-NORM", arm.network) if key in chosen)
    if not chosen[name].tuned:
        return "set by hand, not tuned"
    trials = next(len(it.trials) for it in records.tunings() if (it.experiment, it.arm) == (study, name))
    return f"{trials} trials{'' if name == arm.arm else f' of {labels.run(name, network=True)}'}"


def made_with(study: str, pattern: str = "*") -> Table:
    """Return a row for each arm of the full study whose name matches ``pattern``.

    Raises
    ------
    ValueError
        If no arm does.
    """
    arms = {name: arm for name, arm in STUDIES[study].arms("full").items() if fnmatch.fnmatchcase(name, pattern)}
    if not arms:
        raise ValueError(f"pattern must match an arm of {study}; got {pattern!r}")
    rows = []
    for name, arm in arms.items():
        how, after = arm.training, arm.fine_tuning
        # what pruning kept, begun anew, has the penalty of the fine-tuning all along
        told, beta = factors(after.penalty if after is not None and arm.from_scratch else how.penalty)
        rates, epochs = f"{how.learning_rate:g}", f"{how.epochs}"
        if after is not None and arm.from_scratch:
            epochs = f"{how.epochs + after.epochs}, from fresh weights"
        elif after is not None:
            rates, epochs = f"{rates}, {after.learning_rate:g}", f"{epochs} + {after.epochs}"
        called = labels.run(name, network=True)
        rows.append((called, how.penalty.strategy, told, beta, rates, epochs, _choice(study, arm)))
    return Folded(
        ("arm", "strategy", "factors α", "β", "learning rates", "epochs", "chosen by"),
        rows,
        f"What the runs of {labels.study(study)} are made with: of training and of fine-tuning. Batches of "
        f"{', '.join(map(str, sorted({arm.training.batch_size for arm in arms.values()})))} images.",
    )


def trials(study: str, pattern: str = "*") -> Table:
    """Return every trial of the searches on record of ``study`` whose arm matches ``pattern``, the best first."""
    found = [it for it in records.tunings() if it.experiment == study and fnmatch.fnmatchcase(it.arm, pattern)]
    tried = [trial.params for it in found for trial in it.trials]
    names = list(dict.fromkeys(name for params in tried for name in params))
    values = {name: {params.get(name) for params in tried} for name in names}
    moved = [name for name in names if len(values[name]) > 1]
    held = ", ".join(f"{name} {next(iter(values[name])):g}" for name in names if name not in moved)
    rows = []
    for it in found:
        for trial in sorted(it.trials, key=lambda trial: trial.value):
            told = (f"{trial.params[name]:g}" if name in trial.params else "–" for name in moved)
            rows.append((labels.run(it.arm, network=True), f"{trial.value:.2f} %", *told))
    aims = " and ".join(dict.fromkeys(f"{ratio:g}×" for it in found for ratio in it.config.fine_tuned_ratios))
    both = [(it.config.training, it.config.fine_tuning) for it in found]
    epochs = ", ".join(dict.fromkeys(f"{first.epochs} + {then.epochs}" for first, then in both if then))
    caption = f"Every trial of the searches of {labels.study(study)}: "
    what = f"error on validation images, the geometric mean over {aims}, after {epochs} epochs. "
    caption += f"{what}{f'Held: {held}. ' if held else ''}Stored." if rows else "none on record yet."
    return Folded(("arm", "error", *moved), rows or [("none recorded yet", "–")], caption)
