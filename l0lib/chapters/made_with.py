"""What the arms of a study run with, as tables: factors, rates, epochs, and how they were chosen."""

from __future__ import annotations

import fnmatch
from statistics import median

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


def _penalty(arm: Config) -> PenaltySettings:
    """Return the factors under which an arm trains: what pruning kept, begun anew, has those of the fine-tuning."""
    return arm.fine_tuning.penalty if arm.from_scratch and arm.fine_tuning else arm.training.penalty


def _epochs(arm: Config) -> str:
    """Return the epochs of training and of fine-tuning, which are one stretch from fresh weights."""
    how, after = arm.training.epochs, arm.fine_tuning.epochs if arm.fine_tuning else 0
    if arm.from_scratch:
        return f"{how + after}, from fresh weights"
    return f"{how} + {after}" if after else f"{how}"


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
        told, beta = factors(_penalty(arm))
        rates = f"{how.learning_rate:g}" + (f", {after.learning_rate:g}" if after and not arm.from_scratch else "")
        called = labels.run(name, network=True)
        rows.append((called, how.penalty.strategy, told, beta, rates, _epochs(arm), _choice(study, arm)))
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
    return Folded(("arm", "error", *moved), rows, caption, absent="none recorded yet")


def of_penalties(study: str) -> Table:
    """Return the settings of each penalty of a study under global pruning, and how many trials chose them."""
    of = {it.arm: it for it in records.tunings() if it.experiment == study}
    rows = []
    for name, arm in STUDIES[study].arms("full").items():
        if arm.pruning != "GP" or arm.fine_tuning is None:
            continue
        penalty, own = arm.training.penalty, of.get(name)
        terms = {"ℓ2": penalty.alpha_l2, "ℓ1": penalty.alpha_l1, "ℓ0": penalty.alpha_l0}
        told = ", ".join(f"{term} {alpha:.3g}" for term, alpha in terms.items() if alpha)
        beta = f"{penalty.beta:.3g}" if penalty.alpha_l0 else "–"
        epochs = f"{arm.training.epochs} + {arm.fine_tuning.epochs}"
        search = own or of.get(arm.penalty_name)
        tried = len(search.trials) if search else "not recorded yet"
        edge = ", ".join(own.at_the_edge) or "none" if own else "–"
        rows.append((labels.PENALTIES[arm.penalty_name], told, beta, epochs, tried, edge))
    return Table(
        ("penalty", "factors α", "β", "epochs", "trials", "best at the edge of"),
        rows,
        "Epochs of training + fine-tuning, and the settings whose best value is the least or the largest that was "
        "tried. Stored.",
    )


def by_layer(study: str) -> Table:
    """Return the factors of every layer of each arm of a study, and its epochs."""
    from ..compress import layer_sizes  # it loads torch
    from ..experiments.run import network

    sizes: dict[str, dict[str, int]] = {}
    rows = []
    for name, arm in STUDIES[study].arms("full").items():
        if arm.network not in sizes:
            sizes[arm.network] = layer_sizes(network(arm, 0))
        own = sizes[arm.network]
        for layer, penalty in _penalty(arm).build(own).items():
            terms = {type(term).__name__: term for term in penalty.terms} if penalty else {}
            l2, l0 = terms.get("L2"), terms.get("L0")
            told = (f"{l2.alpha:.2g}" if l2 else "–", *((f"{l0.alpha:.2g}", f"{l0.beta:.3g}") if l0 else "––"))
            rows.append((labels.run(name, network=True), layer, f"{own[layer]:,}", *told, _epochs(arm)))
    return Folded(
        ("arm", "layer", "weights", "α of ℓ2", "α of ℓ0", "β", "epochs"),
        rows,
        "The factors of every layer, and the epochs of training and of fine-tuning",
    )


def searches(study: str) -> Table:
    """Return a row for each search on record of a study: trials, their errors, and the power of NORM's best one."""
    rows = []
    for it in (it for it in records.tunings() if it.experiment == study):
        errors, penalty = [trial.value for trial in it.trials], it.config.training.penalty
        drawn = sum(trial.source != "written down" for trial in it.trials)
        aims = " and ".join(f"{ratio:g}×" for ratio in it.config.fine_tuned_ratios) or "dense"
        spread = (f"{pick(errors):.2f} %" for pick in (min, median, max))
        power = f"{penalty.power:g}" if penalty.strategy == "NORM" else "–"
        rows.append((labels.run(it.arm, network=True), len(errors), drawn, aims, *spread, power))
    return Table(
        ("arm", "trials", "drawn by the sampler", "aimed at", "best", "middle", "worst", "power"),
        rows,
        "The searches on validation images, and the power that NORM's best trial has. Stored.",
        absent="not recorded yet",
    )


def sources() -> Table:
    """Return where the trials of each search on record came from."""
    kinds: tuple[str, ...] = ("written down", "drawn at random", "TPE")
    rows = []
    for it in records.tunings():
        found: list[str] = [trial.source for trial in it.trials]
        name = f"{labels.study(it.experiment)}, {labels.run(it.arm, network=True)}"
        rows.append((name, *(str(found.count(kind)) for kind in kinds)))
    return Table(
        ("search", "written down", "drawn at random", "by TPE"),
        rows,
        "Where the trials of each search on record came from. Stored.",
        absent="not recorded yet",
    )
