"""Settings tried on validation images: Optuna is asked for them and told what came of them.

One process asks and tells; the trials are evaluated here, on several processes or on a Dask cluster. Settings that were
written down first are the first trials. Cut off at any moment, a search resumes and ends as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from .. import provenance
from . import records
from .arms import FIXED_POWERS, RIVAL_NAMES, RIVAL_TARGETS, RIVAL_TRAINING, RIVAL_TRIALS, STUDIES
from .config import Config, Gradual, Network, PenaltySettings, Rival, Teacher, Training, with_settings
from .records import TUNINGS, Choices, Origin, Range, Trial, Tuning

if TYPE_CHECKING:
    import optuna

_LENETS: tuple[Network, ...] = ("lenet-300-100", "lenet-5-caffe")
#: The arms that are searched, by study. Layerwise and random pruning take the settings of global pruning.
ARMS: dict[str, tuple[str, ...]] = {
    "experiment-1": ("l2-GP", "l1-GP", "l0-GP", "l2+l0-GP"),
    "experiment-2": tuple(
        f"{network}-{strategy}"
        for network in _LENETS
        for strategy in ("NORM", "SEP", "l2", "dense-tuned", *(f"NORM{ending}" for ending in FIXED_POWERS))
    ),
    "beyond": (
        *(f"{network}-gradual-shift" for network in _LENETS),
        "lenet-5-caffe-gradual",
        "lenet-300-100-distilled",
    ),
    "experiment-3": ("resnet-20-NORM", "resnet-20-SEP", "vgg-16-NORM"),
    "rivals": tuple(f"{network}-{name}" for network in _LENETS for name in RIVAL_NAMES),
}
#: Seed of the trials' networks; the results have others.
SEED = 100
#: Of the sampler.
SAMPLER_SEED = 0
#: Optuna's TPE draws at random until it has so many trials to learn from.
STARTUP = 8
SAMPLER = f"TPE of Optuna, multivariate; at random in its first {STARTUP} trials"

# -------------------------------------------------------------------------------------------------- spaces

#: From a trial to the configuration to try.
Space = Callable[["optuna.trial.BaseTrial"], Config]


@dataclass(frozen=True)
class Fixed:
    """What the searches of a network hold fixed.

    ``epochs`` and ``batches`` are those before pruning and of fine-tuning; ``targets`` are the ratios by which a trial
    is judged, ``stretch`` what both stretches of training have in common.
    """

    study: str
    dataset: str
    epochs: tuple[int, int]
    batches: tuple[int, int]
    targets: tuple[float, ...]
    warm_up: float
    stretch: Mapping[str, Any]
    relu_after_pools: bool = False

    def config(
        self, network: Network, arm: str, training: Training, fine_tuning: Training | None, **more: Any
    ) -> Config:
        """Return the configuration of a trial; ``more`` replaces and adds fields."""
        fields: dict[str, Any] = {"experiment": self.study, "dataset": self.dataset}
        fields |= {"relu_after_pools": self.relu_after_pools, "fine_tuned_ratios": self.targets}
        fields |= {"training": training, "fine_tuning": fine_tuning, **more}
        return Config(arm=arm, network=network, evaluate_on="validation", **fields)

    def stretches(self, rates: tuple[float, float], penalty: PenaltySettings, l2: PenaltySettings) -> list[Training]:
        """Return the training before pruning, and the fine-tuning."""
        first, second = (
            {"epochs": epochs, "learning_rate": rate, "batch_size": batch, **self.stretch}
            for epochs, rate, batch in zip(self.epochs, rates, self.batches, strict=True)
        )
        return [Training(warm_up=self.warm_up, penalty=penalty, **first), Training(penalty=l2, **second)]


_DIGITS: dict[str, Any] = {"study": "experiment-2", "dataset": "mnist"}
_PHOTOGRAPHS: dict[str, Any] = {
    "study": "experiment-3", "dataset": "cifar10", "batches": (128, 128), "warm_up": 1.0,
    "stretch": {"shift": 4, "mirror": True, "bf16": True},
}  # fmt: skip
FIXED: dict[str, Fixed] = {
    "lenet-300-100": Fixed(
        **_DIGITS, epochs=(60, 40), batches=(64, 128), targets=(90.0, 120.0), warm_up=0.0, stretch={}
    ),
    "lenet-5-caffe": Fixed(
        **_DIGITS, epochs=(20, 20), batches=(64, 64), targets=(200.0, 359.0), warm_up=1.0, stretch={"bf16": True},
        relu_after_pools=True,
    ),
    # fewer epochs than those of the results
    "resnet-20": Fixed(**_PHOTOGRAPHS, epochs=(8, 2), targets=(5.0, 10.0)),
    "vgg-16": Fixed(**_PHOTOGRAPHS, epochs=(6, 2), targets=(6.92, 14.76)),
}  # fmt: skip
#: Experiment 1 has many more networks to train, and takes fewer epochs; every penalty is chosen by these ratios, before
#: and after fine-tuning alike.
_EXPERIMENT_1 = replace(FIXED["lenet-5-caffe"], study="experiment-1", epochs=(10, 10), targets=(50.0, 200.0, 359.0))

#: NORM: where each network's factors and rates are searched.
_NORM_POWERS = {"digits": (0.1, 0.25, 0.5, 1.0), "photographs": (0.0, 0.1, 0.25, 0.5)}
_NORM_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "digits": {
        "alpha_l2": (2e-6, 2e-4), "alpha_l0": (3e-6, 3e-4), "beta": (2, 20),
        "fine_tuning_learning_rate": (0.004, 0.08),
    },
    "photographs": {
        "alpha_l2": (1e-5, 1e-3), "alpha_l0": (1e-7, 5e-5), "beta": (3, 15),
        "learning_rate": (0.02, 0.3), "fine_tuning_learning_rate": (0.003, 0.1),
    },
}  # fmt: skip


def _within(trial: optuna.trial.BaseTrial, name: str, low: float, high: float) -> float:
    return trial.suggest_float(name, low, high, log=True)


def norm(network: Network, ending: str = "") -> Space:
    """Three global factors, normalised by a power of the layer sizes, and two learning rates.

    ``ending`` is one of :data:`FIXED_POWERS`: then the power is not searched.
    """
    kind = "digits" if network in _LENETS else "photographs"
    high = 0.3 if network == "lenet-300-100" else 0.1
    ranges = {"learning_rate": (high / 12, high), **_NORM_RANGES[kind]}

    def space(trial: optuna.trial.BaseTrial) -> Config:
        found = {name: _within(trial, name, *bounds) for name, bounds in ranges.items()}
        powers = (FIXED_POWERS[ending],) if ending else _NORM_POWERS[kind]
        power = trial.suggest_categorical("power", powers)
        factors: dict[str, Any] = {name: found[name] for name in ("alpha_l2", "alpha_l0", "beta")}
        penalty = PenaltySettings(strategy="NORM", power=power, **factors)
        rates = found["learning_rate"], found["fine_tuning_learning_rate"]
        fixed = FIXED[network]
        return fixed.config(network, f"{network}-NORM{ending}", *fixed.stretches(rates, penalty, penalty.l2_alone()))

    return space


def l2_alone(network: Network) -> Space:
    """The control of Experiment 2: one l2 factor for all weights, and the learning rates of :func:`norm`."""
    high = 0.3 if network == "lenet-300-100" else 0.1

    def space(trial: optuna.trial.BaseTrial) -> Config:
        penalty = PenaltySettings(alpha_l2=_within(trial, "alpha_l2", 5e-6, 1e-3))
        first, last = (high / 12, high), _NORM_RANGES["digits"]["fine_tuning_learning_rate"]
        rates = _within(trial, "learning_rate", *first), _within(trial, "fine_tuning_learning_rate", *last)
        fixed = FIXED[network]
        return fixed.config(network, f"{network}-l2", *fixed.stretches(rates, penalty, penalty))

    return space


def dense(network: Network) -> Space:
    """A dense network with all the epochs of the pruned ones: its l2 factor and learning rate, judged unpruned."""
    high = 0.3 if network == "lenet-300-100" else 0.1
    fixed = FIXED[network]

    def space(trial: optuna.trial.BaseTrial) -> Config:
        penalty = PenaltySettings(alpha_l2=_within(trial, "alpha_l2", 2e-6, 1e-3))
        rate = _within(trial, "learning_rate", high / 12, high)
        (training, _) = fixed.stretches((rate, rate), penalty, penalty)
        longer = training.model_copy(update={"epochs": sum(fixed.epochs)})
        return fixed.config(network, f"{network}-dense-tuned", longer, None, fine_tuned_ratios=(), ratios=(1.0,))

    return space


def separate(network: Network, best: Mapping[str, float]) -> Space:
    """Factors of each layer on their own, around those that :func:`norm` chose, with its learning rates.

    ResNet-20 has one multiple for each stage, not for each of its 22 layers, and β as it is.
    """
    from .. import compress
    from ..compress.models import ResNet20
    from ..penalties import L0

    fresh: dict[str, Callable[[], Any]] = {
        "lenet-300-100": compress.lenet_300_100, "lenet-5-caffe": compress.lenet_5_caffe, "resnet-20": ResNet20
    }  # fmt: skip
    unit = compress.normalised(L0(1.0, 1.0), compress.layer_sizes(fresh[network]()), best["power"])
    shares = {layer: float(penalty.alpha) for layer, penalty in unit.items()}
    by_stage = network == "resnet-20"
    groups = [stage_of(layer) for layer in shares] if by_stage else list(range(1, 1 + len(shares)))

    def space(trial: optuna.trial.BaseTrial) -> Config:
        def times(name: str, low: float = 0.1, high: float = 8) -> list[float]:
            each = {group: _within(trial, f"times_{name}_{group}", low, high) for group in dict.fromkeys(groups)}
            return [each[group] for group in groups]

        def factors(name: str) -> tuple[float, ...]:
            every = zip(shares.values(), times(name), strict=True)
            return tuple(best[f"alpha_{name}"] * share * multiple for share, multiple in every)

        l2, l0 = factors("l2"), factors("l0")
        multiples = [1.0] * len(groups) if by_stage else times("beta", 0.4, 2.5)
        beta = tuple(max(1.0, best["beta"] * multiple) for multiple in multiples)
        common: dict[str, Any] = {"strategy": "SEP", "alpha_l2_by_layer": l2, "beta_by_layer": beta}
        penalty = PenaltySettings(alpha_l0_by_layer=l0, **common)
        kept = PenaltySettings(alpha_l0_by_layer=(0.0,) * len(l0), **common)
        rates = best["learning_rate"], best["fine_tuning_learning_rate"]
        fixed = FIXED[network]
        return fixed.config(network, f"{network}-SEP", *fixed.stretches(rates, penalty, kept))

    return space


def stage_of(layer: str) -> int:
    """Return the stage of a layer of ResNet-20: 0 the first convolution, 1 to 3 the stages, 4 the output."""
    if layer.startswith("blocks."):
        return 1 + int(layer.split(".")[1]) // 3
    return 0 if layer == "convolution" else 4


def penalty(name: str) -> Space:
    """Experiment 1: one penalty of ``l2``, ``l1``, ``l0`` and ``l2+l0``, the same factors for all weights."""
    ranges = {
        "l2": {"alpha_l2": (1e-5, 3e-4 if "+" in name else 2e-3)},
        "l1": {"alpha_l1": (1e-5, 1e-3)},
        "l0": {"alpha_l0": (5e-6, 3e-4), "beta": (3, 15)},
    }

    def space(trial: optuna.trial.BaseTrial) -> Config:
        bounds = {setting: limits for term in name.split("+") for setting, limits in ranges[term].items()}
        chosen: dict[str, Any] = {setting: _within(trial, setting, *limits) for setting, limits in bounds.items()}
        whole = PenaltySettings(**chosen)
        rates = _within(trial, "learning_rate", 0.02, 0.1), _within(trial, "fine_tuning_learning_rate", 0.01, 0.05)
        stretches = _EXPERIMENT_1.stretches(rates, whole, whole.l2_alone())
        return _EXPERIMENT_1.config("lenet-5-caffe", f"{name}-GP", *stretches, ratios=_EXPERIMENT_1.targets)

    return space


#: Who teaches LeNet-300-100: a dense LeNet-5-Caffe of the same seed.
TEACHER = Teacher(
    network="lenet-5-caffe",
    relu_after_pools=True,
    training=Training(
        epochs=20, learning_rate=0.05, batch_size=64, warm_up=1.0, bf16=True, penalty=PenaltySettings(alpha_l2=5e-5)
    ),
)


def gradual(network: Network, shift: int = 1, teacher: Teacher | None = None) -> Space:
    """Beyond the paper: a gradual schedule with the penalty on, then fine-tuning; with shifted images or a teacher."""
    epochs = {"lenet-300-100": (40, 40, 60), "lenet-5-caffe": (8, 20, 20)}[network]
    fixed = FIXED[network]
    common: dict[str, Any] = {"shift": shift, "batch_size": fixed.batches[0], **fixed.stretch}

    def space(trial: optuna.trial.BaseTrial) -> Config:
        l2 = PenaltySettings(alpha_l2=_within(trial, "alpha_l2", 2e-6, 2e-4))
        alpha_l0, beta = _within(trial, "alpha_l0", 3e-6, 1e-4), _within(trial, "beta", 3, 15)
        penalty = PenaltySettings(alpha_l2=l2.alpha_l2, alpha_l0=alpha_l0, beta=beta)
        rate = _within(trial, "learning_rate", 0.02, 0.12)
        steady, last = (_within(trial, f"{name}_learning_rate", 0.01, 0.08) for name in ("gradual", "fine_tuning"))
        return fixed.config(
            network,
            f"{network}-distilled" if teacher else f"{network}-gradual-shift",
            Training(epochs=epochs[0], learning_rate=rate, warm_up=fixed.warm_up, penalty=penalty, **common),
            Training(epochs=epochs[2], learning_rate=last, penalty=l2, **common),
            experiment="beyond",
            gradual=Gradual(
                first=_within(trial, "first_ratio", 5, 60),
                training=Training(epochs=epochs[1], learning_rate=steady, penalty=penalty, **common),
            ),
            teacher=teacher,
            fine_tuned_ratios=(120.0,) if network == "lenet-300-100" else (359.0, 450.0),
        )

    return space


def gradual_alone() -> Space:
    """A rival of the penalties of Experiment 1: gradual magnitude pruning under l2, in as many epochs as they have."""
    fixed, total = _EXPERIMENT_1, sum(_EXPERIMENT_1.epochs)

    def space(trial: optuna.trial.BaseTrial) -> Config:
        l2 = PenaltySettings(alpha_l2=_within(trial, "alpha_l2", 1e-5, 2e-3))
        common: dict[str, Any] = {"batch_size": fixed.batches[0], "penalty": l2, **fixed.stretch}
        rate = _within(trial, "learning_rate", 0.02, 0.1)
        steady = _within(trial, "gradual_learning_rate", 0.01, 0.08)
        last = _within(trial, "fine_tuning_learning_rate", 0.01, 0.05)
        return fixed.config(
            "lenet-5-caffe",
            "lenet-5-caffe-gradual",
            Training(epochs=total * 3 // 10, learning_rate=rate, warm_up=fixed.warm_up, **common),
            Training(epochs=total * 7 // 20, learning_rate=last, **common),
            experiment="beyond",
            gradual=Gradual(
                schedule="cubic",
                first=_within(trial, "first_ratio", 2, 20),
                training=Training(epochs=total * 7 // 20, learning_rate=steady, **common),
            ),
        )

    return space


def rival(network: Network, name: str) -> Space:
    """A rival method: the settings that its module wrote down, by their number."""
    from ..compress.rivals import TRIALS

    def space(trial: optuna.trial.BaseTrial) -> Config:
        number = trial.suggest_categorical("trial", tuple(map(float, range(len(TRIALS[name])))))
        settings = tuple(TRIALS[name][int(number)].items())
        return Config(
            experiment="rivals",
            arm=f"{network}-{name}",
            network=network,
            relu_after_pools=network == "lenet-5-caffe",
            evaluate_on="validation",
            training=RIVAL_TRAINING[network],
            fine_tuned_ratios=RIVAL_TARGETS[network],
            rival=Rival(name=name, settings=settings),
        )

    return space


def _written_down(what: Search) -> tuple[Mapping[str, float], ...]:
    """Return the first trials of a search: its ``start``, and of a rival method without one what its module says."""
    if what.experiment != "rivals":
        return what.start
    if what.trials > RIVAL_TRIALS:
        raise SearchError(
            f"--trials must be at most {RIVAL_TRIALS} for {what.arm}, all written down; got {what.trials}"
        )
    return what.start or tuple({"trial": float(number)} for number in range(RIVAL_TRIALS))


def space_of(experiment: str, arm: str, best: Callable[[str], Mapping[str, float]]) -> Space:
    """Return the search space of one of :data:`ARMS`; ``best`` of another arm gives what was chosen for that one."""
    if experiment == "experiment-1":
        return penalty(arm.removesuffix("-GP"))
    network: Any = next(network for network in FIXED if arm.startswith(network))
    if experiment == "rivals":
        return rival(network, arm.removeprefix(f"{network}-"))
    match arm.removeprefix(f"{network}-"):
        case "NORM":
            return norm(network)
        case "SEP":
            return separate(network, best(f"{network}-NORM"))
        case "l2":
            return l2_alone(network)
        case "dense-tuned":
            return dense(network)
        case other if other.removeprefix("NORM") in FIXED_POWERS:
            return norm(network, other.removeprefix("NORM"))
        case "gradual":
            return gradual_alone()
        case "distilled":
            return gradual(network, shift=0, teacher=TEACHER)
        case _:
            return gradual(network)


# ------------------------------------------------------------------------------------------------- the search


class SearchError(ValueError):
    """A search cannot be begun or resumed with these arguments."""


@dataclass(frozen=True)
class Search:
    """What to search, how long, and where its trials are kept.

    ``experiment`` and ``arm`` are of :data:`ARMS`; ``trials`` counts those that are there already. ``runs`` is where
    the trials' runs are kept and, in one file, the study; ``records`` the folder where an arm that starts from another
    one's choice reads it, else among the book's. ``settings`` are taken over by every trial
    (:func:`l0lib.experiments.config.with_settings`), those of ``start`` were written down beforehand, for the first
    trials. ``at_once`` trials are asked for before any of them is told. The rest is as in
    :func:`l0lib.experiments.run.run`.
    """

    experiment: str
    arm: str
    profile: str
    trials: int
    runs: Path
    records: Path
    settings: tuple[tuple[str, str], ...] = ()
    start: tuple[Mapping[str, float], ...] = ()
    at_once: int = 1
    device: str = "cpu"
    threads: int = 1
    progress: bool = False

    @property
    def name(self) -> str:
        """Of the study and of its record."""
        return f"{self.experiment}-{self.arm}{'' if self.profile == 'full' else '-fast'}"

    @property
    def file(self) -> Path:
        """The study: one SQLite file."""
        return self.runs / "searches" / f"{self.name}.db"


def search(what: Search, evaluate: Callable[..., Future], tell: Callable[[str], object] = lambda line: None) -> Tuning:
    """Make trials until there are enough, and return the record of all.

    Trials are asked for ``what.at_once`` at a time, and told in their order. So a search that was cut off, at any
    moment, ends with the trials of an undisturbed one.

    ``evaluate`` takes a function and its arguments and returns a future of its result
    (:func:`l0lib.experiments.launch.pool`); ``tell`` is told in one line what each trial came to.

    Raises
    ------
    SearchError
        If the search was begun with other settings, another process makes it, or ``start`` does not fit its space.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError  # of what Optuna keeps studies with

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    begun: dict[str, Any] = {"seed": SEED, "sampler seed": SAMPLER_SEED, "trials at once": what.at_once}
    begun |= {f"--set {name}": value for name, value in what.settings}

    def best(arm: str) -> Mapping[str, float]:
        begun[f"start at {arm}"] = dict(_chosen(replace(what, arm=arm), what.arm, tell))
        return begun[f"start at {arm}"]

    plain, settings, first = space_of(what.experiment, what.arm, best), _settings(what), _written_down(what)

    def space(trial: optuna.trial.BaseTrial) -> Config:
        config = with_settings({what.arm: plain(trial)}, settings)[what.arm]
        return config.model_copy(update={"profile": what.profile})

    _check_start(first, space)
    what.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(what.file.with_suffix(".lock"), timeout=0)
        with lock:
            study = optuna.create_study(
                study_name=what.name, storage=f"sqlite:///{what.file}", load_if_exists=True, direction="minimize"
            )
            start = _same_search(study, begun, [dict(point) for point in first])
            study.set_user_attr("device", what.device)
            study.set_user_attr("threads", what.threads)
            _make_trials(study, space, what, start, evaluate, tell)
            return _record(study)
    except Timeout as error:
        raise SearchError(f"{what.name} is being searched by another process, which holds {lock.lock_file}") from error
    except (SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        cause = " ".join(str(getattr(error, "orig", None) or error.__cause__ or error).split())
        raise SearchError(f"{what.file} must be a search that can be read and written: {cause}") from error


def _make_trials(
    study: optuna.Study,
    space: Space,
    what: Search,
    start: Sequence[Mapping[str, float]],
    evaluate: Callable[..., Future],
    tell: Callable[[str], object],
) -> None:
    from optuna.trial import TrialState

    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if "place" not in left.user_attrs:  # cut off while it was asked for: it is asked for anew
            study.tell(left.number, state=TrialState.FAIL)
    while True:
        done, running = (
            study.get_trials(deepcopy=False, states=(state,)) for state in (TrialState.COMPLETE, TrialState.RUNNING)
        )
        if not running and len(done) >= what.trials:
            return
        # all of a batch are asked for before one of them is told: until it is whole, none of it can be done
        batch = min(what.trials, len(done) - len(done) % what.at_once + what.at_once)
        for place in range(len(done) + len(running), batch):
            _ask(study, space, place, len(done), start)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        running.sort(key=lambda trial: trial.user_attrs["place"])
        how = (str(what.runs.absolute()), what.device, what.threads, what.progress)
        futures = [evaluate(_evaluate, trial.user_attrs["config"], *how) for trial in running]
        for trial, future in zip(running, futures, strict=True):
            error, seconds = future.result()
            study.set_user_attr(f"seconds {trial.number}", seconds)
            study.tell(trial.number, error)
            told = ", ".join(f"{name} {value:.3g}" for name, value in trial.params.items())
            place, source = trial.user_attrs["place"], trial.user_attrs["source"]
            tell(f"{what.name} trial {place}: {error:.3f} %, {told} ({source})")


def _ask(study: optuna.Study, space: Space, place: int, done: int, start: Sequence[Mapping[str, float]]) -> None:
    """Begin the trial that stands at ``place``: written down, or sampled by what that place and what is done settle."""
    import numpy as np
    import optuna
    from optuna.trial import TrialState

    seed = int(np.random.SeedSequence((SAMPLER_SEED, place)).generate_state(1)[0])
    source = "written down" if place < len(start) else "TPE" if done >= STARTUP else "drawn at random"
    study.sampler = optuna.samplers.RandomSampler(seed)
    if source == "TPE":
        study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=1, constant_liar=True)
    if source == "written down" and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial(dict(start[place]))
    trial = study.ask()
    config = space(trial)
    if config.evaluate_on != "validation":
        raise ValueError(f"evaluate_on must be 'validation' for a choice; got {config.evaluate_on!r}")
    known = {"config": config.model_dump_json(), "source": source, "commit": provenance.commit(), "place": place}
    for name, value in known.items():
        trial.set_user_attr(name, value)


def _evaluate(config: str, runs: str, device: str, threads: int, progress: bool) -> tuple[float, float]:
    """Return the error of a trial in percent, and the seconds that it took."""
    import time

    from . import run

    began = time.perf_counter()
    how: dict[str, Any] = {"device": device, "threads": threads, "progress": progress}
    return run.objective(Config.model_validate_json(config), SEED, Path(runs), **how), time.perf_counter() - began


#: What a fast trial takes from the arm's fast configuration besides the data: the length, not what is searched.
_FAST_STRETCH = ("epochs", "bf16", "warm_up")


def _settings(what: Search) -> dict[str, str]:
    """Return the settings that every trial takes over."""
    found: dict[str, Any] = {}
    if what.profile == "fast":
        arm = STUDIES[what.experiment].arms("fast").get(what.arm)
        if arm is None:
            raise SearchError(f"--profile must be full for {what.arm}, which has no fast one; got 'fast'")
        found["dataset"] = arm.dataset
        gradual = arm.gradual.training if arm.gradual else None
        stretches = {"training": arm.training, "fine_tuning": arm.fine_tuning, "gradual.training": gradual}
        for place, stretch in stretches.items():
            found |= {f"{place}.{name}": getattr(stretch, name) for name in _FAST_STRETCH if stretch}
    return {name: str(value) for name, value in found.items()} | dict(what.settings)


def _chosen(other: Search, arm: str, tell: Callable[[str], object]) -> Mapping[str, float]:
    """Return what was chosen for another arm: by a search of ours, or by the book's on record."""
    for folder in (other.records, TUNINGS):
        path = folder / f"{other.name}.json"
        if path.is_file():
            tell(f"{arm} starts from the record of {other.name}")
            return records.read_tuning(path).best.params
    raise SearchError(f"--arm {arm} starts from what was chosen for {other.arm}: search that one first")


def _check_start(start: Sequence[Mapping[str, float]], space: Space) -> None:
    """Make sure that a trial can try each point: every setting of the space, and no other, each within its range."""
    import optuna

    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    space(trial)
    for number, point in enumerate(start):
        where = f"--start, trial {number}"
        if point.keys() != trial.params.keys():
            raise SearchError(f"{where}: settings must be {', '.join(trial.params)}; got {', '.join(point):.200}")
        for name, found in trial.distributions.items():
            allowed = _allowed(found)
            if point[name] not in allowed:
                raise SearchError(f"{where}: {name} must be {allowed}; got {point[name]:g}")
        if point in start[:number]:  # a record of trials that repeat each other is refused
            first = list(start).index(point)
            raise SearchError(f"{where}: settings must differ from each other; got those of trial {first}")


def _allowed(found: optuna.distributions.BaseDistribution) -> Range | Choices:
    import optuna

    if isinstance(found, optuna.distributions.CategoricalDistribution):
        return Choices.model_validate({"choices": found.choices})
    assert isinstance(found, optuna.distributions.FloatDistribution)
    return Range(low=found.low, high=found.high, log=found.log)


def _same_search(study: optuna.Study, begun: dict[str, Any], start: list[dict[str, float]]) -> list[dict[str, float]]:
    """Remember what a search was begun with, or make sure that it is the same; return the trials written down.

    These may become more while no sampled trial stands in their places.
    """
    known: dict[str, Any] | None = study.user_attrs.get("begun")
    if known is None:
        study.set_user_attr("start", start)
        study.set_user_attr("begun", begun)  # last: cut off before it, the search is begun anew
        return start
    other = [
        f"{name} {known.get(name, 'not given')}, not {begun.get(name, 'left out')}"
        for name in sorted({**known, **begun})
        if known.get(name) != begun.get(name)
    ]
    earlier: list[dict[str, float]] = study.user_attrs["start"]
    made = len(study.get_trials(deepcopy=False))
    if start and start[: max(len(earlier), made)] != earlier:
        other.append(f"--start {earlier}, not {start}")
    if other:
        raise SearchError(f"{study.study_name} was begun with {'; '.join(other)}: give the same, or another --runs")
    if len(start) > len(earlier):
        study.set_user_attr("start", start)
    return start or earlier


def _record(study: optuna.Study) -> Tuning:
    """Return the record of a study's finished trials."""
    import optuna

    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    done.sort(key=lambda trial: trial.user_attrs["place"])
    best = min(done, key=lambda trial: (trial.value, trial.user_attrs["place"]))
    config = Config.model_validate_json(best.user_attrs["config"])
    trials = tuple(
        Trial(number=of["place"], params=trial.params, errors=(trial.values[0],), source=of["source"])
        for trial in done
        for of in [trial.user_attrs]
    )
    return Tuning(
        experiment=config.experiment,
        arm=config.arm,
        sampler=SAMPLER if any(trial.source != "written down" for trial in trials) else "",
        sampler_seed=SAMPLER_SEED,
        seeds=(SEED,),
        search={name: _allowed(found) for name, found in best.distributions.items()},
        trials=trials,
        chosen=best.user_attrs["place"],
        config=config,
        origin=Origin(
            date=max(trial.datetime_complete for trial in done if trial.datetime_complete).date().isoformat(),
            commit=", ".join(dict.fromkeys(trial.user_attrs["commit"] for trial in done)),
            versions={**provenance.versions(), "optuna": optuna.__version__},
            hardware=provenance.hardware(),
            device=study.user_attrs["device"],
            threads=study.user_attrs["threads"],
            seconds=round(sum(study.user_attrs[f"seconds {trial.number}"] for trial in done), 1),
        ),
    )
