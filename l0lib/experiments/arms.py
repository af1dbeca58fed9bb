"""Every arm of every experiment: what it runs with, which seeds, and which arms it is compared with.

The settings of the ``full`` profile stand in ``chosen.json``. Those marked as tuned are the choice of a search on
validation images, whose record is in ``book/records/tuning/``; a test compares the two. The others were set by hand,
before any run of theirs: the book says so beside what they led to. The ``fast`` profile runs the same in small.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from .config import Config, Data, Frozen, Gradual, Network, PenaltySettings, Pruning, Rival, Teacher, Training


class Chosen(Frozen):
    """Settings of one arm."""

    tuned: bool
    training: Training
    fine_tuning: Training | None = None
    relu_after_pools: bool = False
    gradual: Gradual | None = None
    teacher: Teacher | None = None
    rival: Rival | None = None


def load() -> dict[str, Chosen]:
    """Return the settings by ``<study>/<arm>``; Experiment 1 names penalties in place of arms."""
    text = files(__package__).joinpath("chosen.json").read_text(encoding="utf-8")
    return {name: Chosen.model_validate(values) for name, values in json.loads(text).items()}


CHOSEN = load()


def chosen_for(study: str) -> dict[str, Chosen]:
    """Return the settings of one study by the arm's name."""
    return {name.removeprefix(f"{study}/"): chosen for name, chosen in CHOSEN.items() if name.startswith(f"{study}/")}


#: From a profile, ``"fast"`` or ``"full"``, to arms by their names.
Arms = Callable[[str], dict[str, Config]]


@dataclass(frozen=True)
class Study:
    """A named set of runs; a result is the mean over its ``seeds``, which are fixed beforehand.

    ``make`` gives the arms of a profile: real experiments, or small ones on embedded images. ``fewer_seeds`` are
    endings of the names of arms that run with fewer seeds, and these; a whole name begins with ``/``. The arms of a
    ``grid`` are many points of one map, which lists and reports name only where they are asked for.
    """

    title: str
    summary: str
    seeds: tuple[int, ...]
    make: Arms
    fewer_seeds: tuple[tuple[str, tuple[int, ...]], ...] = ()
    grid: bool = False

    def arms(self, profile: str) -> dict[str, Config]:
        """Return the arms of ``profile``, ``"fast"`` or ``"full"``, by their names."""
        if profile not in ("fast", "full"):
            raise ValueError(f"profile must be one of fast, full; got {profile!r}")
        return self.make(profile)

    def seeds_of(self, arm: str) -> tuple[int, ...]:
        """Return the seeds of one arm."""
        return next((seeds for ending, seeds in self.fewer_seeds if f"/{arm}".endswith(ending)), self.seeds)


#: Every study by its name.
STUDIES: dict[str, Study] = {}


def _study(name: str, title: str, summary: str, seeds: tuple[int, ...], **more: Any) -> Callable[[Arms], Arms]:
    """Enter the function below it in :data:`STUDIES`, as what makes the arms of a study."""

    def enter(make: Arms) -> Arms:
        STUDIES[name] = Study(title, summary, seeds, make, **more)
        return make

    return enter


def _arm(chosen: Chosen, name: str, **fields: Any) -> Config:
    """Return the arm of a name with the settings of ``chosen``; ``fields`` replace and add some."""
    settings = dict(chosen)
    del settings["tuned"]
    return Config(arm=name, **(settings | fields))


def _l2_alone(chosen: Chosen) -> Chosen:
    """The baseline: the same training under the l2 term alone."""
    return chosen.model_copy(update={"training": _with(chosen.training, chosen.training.penalty.l2_alone())})


def _with(training: Training, penalty: PenaltySettings) -> Training:
    return training.model_copy(update={"penalty": penalty})


def _small(chosen: Chosen, epochs: int, fine_tuning: int = 1, gradual: int = 4, **more: Any) -> Chosen:
    """The same settings for embedded images: fewer epochs of fewer images, in plain float32."""

    def short(training: Training, epochs: int) -> Training:
        return training.model_copy(update={"epochs": epochs, "bf16": False, "warm_up": 0.0, **more})

    changes: dict[str, Any] = {"training": short(chosen.training, epochs)}
    if chosen.fine_tuning is not None:
        changes["fine_tuning"] = short(chosen.fine_tuning, fine_tuning)
    for name, length in (("teacher", epochs), ("gradual", gradual)):
        if (section := getattr(chosen, name)) is not None:
            changes[name] = section.model_copy(update={"training": short(section.training, length)})
    return chosen.model_copy(update=changes)


# ---------------------------------------------------------------------------------------------------- digits

_DIGITS = {"profile": "fast", "dataset": "digits"}
#: Penalties of Experiment 1, in the order of the paper's text.
PENALTIES = ("l2", "l1", "l0", "l2+l0")
#: Ratios before fine-tuning, from the paper's first, 2, to where every curve has collapsed.
RATIOS: tuple[float, ...] = (
    2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 75.0, 100.0, 150.0, 200.0, 275.0, 359.0, 500.0, 800.0, 1200.0
)  # fmt: skip
#: Fine-tuned ratios of Experiment 1: the eight of global pruning, and three for layerwise and for random pruning.
FINE_TUNED: Mapping[Pruning, tuple[float, ...]] = {
    "GP": (10.0, 50.0, 100.0, 200.0, 359.0, 500.0, 800.0, 1200.0),
    "LP": (10.0, 100.0, 359.0),
    "RP": (2.0, 5.0, 20.0),
}
SEEDS = (0, 1, 2, 3, 4)


@_study(
    "experiment-1",
    "Sparsity induction: four penalties, three ways to prune",
    "LeNet-5-Caffe on MNIST; paper, Section 4.1, Figures 3 and 4",
    SEEDS,
    fewer_seeds=(("-LP", (0, 1, 2)), ("-RP", (0, 1, 2))),
)
def experiment_1(profile: str) -> dict[str, Config]:
    """Experiment 1 on all of MNIST (paper, Section 4.1, Figures 3 and 4), or in small."""
    settings, common = chosen_for("experiment-1"), {"experiment": "experiment-1", "network": "lenet-5-caffe"}
    ratios = RATIOS
    if profile == "fast":
        settings = {name: _small(chosen, 6, 2) for name, chosen in settings.items()}
        ratios, common = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0), common | _DIGITS
    arms = {}
    for pruning, fine_tuned in FINE_TUNED.items():
        for penalty in PENALTIES:
            name = f"{penalty}-{pruning}"
            tuned = tuple(ratio for ratio in fine_tuned if ratio in ratios)
            ways: dict[str, Any] = {"pruning": pruning, "ratios": ratios, "fine_tuned_ratios": tuned}
            arms[name] = _arm(settings[penalty], name, dense_arm="l2-GP", **ways, **common)
    return arms


#: NORM with a power that is given: 1 is the reading of an independent replication (D. Barth and P. von Petersenn,
#: arXiv 2505.17469, 2025); with a negative one, larger layers get larger factors.
FIXED_POWERS: Mapping[str, float] = {"-power-1": 1.0, "-power-minus-0.25": -0.25}
#: Ratios of Experiment 2: those of the paper's rows in Tables 2 and 3, others around them for Figures 5 and 6.
LADDERS: Mapping[Network, tuple[float, ...]] = {
    "lenet-300-100": (20.0, 50.0, 90.0, 96.0, 120.0, 150.0),
    "lenet-5-caffe": (50.0, 100.0, 200.0, 359.0, 450.0),
}


@_study(
    "experiment-2",
    "Compression: NORM and SEP, with and without fine-tuning",
    "LeNet-300-100 and LeNet-5-Caffe on MNIST; paper, Section 4.2, Figures 5 and 6, Tables 2 and 3",
    SEEDS,
)
def experiment_2(profile: str) -> dict[str, Config]:
    """Experiment 2 on all of MNIST (paper, Section 4.2, Figures 5 and 6, Tables 2 and 3), or in small.

    The dense baseline has the same epochs and learning rate as NORM, under its l2 term alone. Where its settings were
    searched, a control is pruned and fine-tuned likewise under one l2 factor; at the ratio 1 it is a dense network
    with all the epochs, and the trials, of those that are pruned. The endings of :data:`FIXED_POWERS` are NORM with a
    power that is given, not searched. ``dense-tuned`` is a dense network with all the epochs of the pruned ones, whose
    own settings were searched with as many trials. ``NORM-scratch`` keeps the places that NORM keeps, and trains other
    first weights there for all epochs, under the l2 term: a control.
    """
    arms, settings = {}, chosen_for("experiment-2")
    for network, ladder in LADDERS.items():
        dense = f"{network}-dense"
        common: dict[str, Any] = {"experiment": "experiment-2", "dense_arm": dense, "network": network}
        own = {name: chosen for name, chosen in settings.items() if name.startswith(network)}
        if profile == "fast":
            lengths = (12, 4) if "300" in network else (6, 2)
            own = {name: _small(chosen, *lengths) for name, chosen in own.items()}
            common |= _DIGITS
        arms[dense] = _arm(_l2_alone(own[f"{network}-NORM"]), dense, fine_tuning=None, **common)
        alike = own.pop(f"{network}-dense-tuned", None)
        if alike is not None and profile == "full":
            arms[f"{dense}-tuned"] = _arm(alike, f"{dense}-tuned", **common)
        common |= {"ratios": RATIOS, "fine_tuned_ratios": ladder}
        arms |= {name: _arm(chosen, name, **common) for name, chosen in own.items()}
        if network == "lenet-300-100" and profile == "full":  # what is kept, without the weights that were learnt
            scratch = f"{network}-NORM-scratch"
            shape = {"arm": scratch, "ratios": (), "from_scratch": True}
            arms[scratch] = arms[f"{network}-NORM"].model_copy(update=shape)
        if (control := arms.get(f"{network}-l2")) is not None:  # at 1x, a dense network that was trained as long
            arms[control.arm] = control.model_copy(update={"fine_tuned_ratios": (1.0, *ladder)})
    return arms


#: What goes beyond the paper aims at these ratios, by network; gradual pruning alone at ratios of Experiment 1.
TARGETS: Mapping[Network, tuple[float, ...]] = {"lenet-300-100": (96.0, 120.0), "lenet-5-caffe": (359.0, 450.0)}
ALONE = (100.0, 359.0, 800.0)


@_study(
    "beyond",
    "Beyond the paper: a gradual schedule with the penalty on, shifted images, a teacher",
    "LeNet-300-100 and LeNet-5-Caffe on MNIST",
    SEEDS,
)
def beyond(profile: str) -> dict[str, Config]:
    """Beyond the paper, on all of MNIST or in small: a gradual schedule with the penalty on, shifts, a teacher.

    ``lenet-5-caffe-gradual`` is gradual magnitude pruning alone, under l2: a rival of the penalties of Experiment 1,
    with as many epochs as they have.
    """
    arms, fast = {}, profile == "fast"
    for name, chosen in chosen_for("beyond").items():
        network = next(network for network in TARGETS if name.startswith(network))
        targets = ALONE if name == "lenet-5-caffe-gradual" else TARGETS[network]
        common = {"experiment": "beyond", "network": network, **(_DIGITS if fast else {})}
        arms[name] = _arm(_small(chosen, 4, 3) if fast else chosen, name, fine_tuned_ratios=targets, **common)
    return arms


#: Ratios at which rival methods end, by network.
RIVAL_RATIOS: Mapping[Network, tuple[float, ...]] = {
    "lenet-300-100": (20.0, 50.0, 100.0, 200.0),
    "lenet-5-caffe": (50.0, 100.0, 300.0, 400.0),
}
#: The ratios by which their trials are judged, and how many trials each has.
RIVAL_TARGETS: Mapping[Network, tuple[float, ...]] = {"lenet-300-100": (50.0, 200.0), "lenet-5-caffe": (100.0, 400.0)}
RIVAL_TRIALS = 8
#: Their names in :data:`l0lib.compress.rivals.RIVALS`, which is not loaded for them.
RIVAL_NAMES: tuple[str, ...] = (
    "l2", "l1", "l0", "l2+l0", "log-sum", "mcp", "transformed-l1", "hoyer", "gradual", "rate-rewinding",
    "lottery-ticket", "rigl", "hard-concrete", "sparse-variational-dropout", "learning-compression",
    "soft-thresholds", "random", "snip", "synflow",
)  # fmt: skip
#: What all of them are given; the dense network beside them has it under a small l2 term.
RIVAL_TRAINING: Mapping[Network, Training] = {
    "lenet-300-100": Training(epochs=40, learning_rate=0.1, penalty=PenaltySettings(alpha_l2=5e-5)),
    "lenet-5-caffe": Training(epochs=20, learning_rate=0.05, batch_size=64, penalty=PenaltySettings(alpha_l2=5e-5)),
}


@_study(
    "rivals",
    "Rival methods under one budget: the same first weights, batches, epochs and trials",
    "LeNet-300-100 and LeNet-5-Caffe on MNIST",
    SEEDS,
)
def rivals(profile: str) -> dict[str, Config]:
    """The methods of :mod:`l0lib.compress.rivals` whose settings were searched, on all of MNIST or in small."""
    arms, fast = {}, profile == "fast"
    for name, chosen in chosen_for("rivals").items():
        network = next(network for network in RIVAL_RATIOS if name.startswith(network))
        common = {"experiment": "rivals", "network": network, **(_DIGITS if fast else {})}
        arms[name] = _arm(
            _small(chosen, 6) if fast else chosen, name, fine_tuned_ratios=RIVAL_RATIOS[network], **common
        )
    return arms


#: The map of α and β: a grid of the l0 term's factors, in quarters of a decade, and of β.
MAP_ALPHAS = tuple(float(f"{10 ** (-6 + k / 4):.2g}") for k in range(13))
MAP_BETAS = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0)
#: Three seeds stand at the corners, and where αβ is nearest to that of NORM's choice for the same network.
MAP_PRODUCT = 2e-4


def _map_point(alpha: float, beta: float) -> str:
    return f"alpha-{alpha:g}-beta-{beta:g}"


def _map_once() -> list[str]:
    """Return the arms of the map that have one seed."""
    thrice = {(alpha, beta) for alpha in (MAP_ALPHAS[0], MAP_ALPHAS[-1]) for beta in (MAP_BETAS[0], MAP_BETAS[-1])}
    thrice |= {(min(MAP_ALPHAS, key=lambda a: abs(math.log(a * beta / MAP_PRODUCT))), beta) for beta in MAP_BETAS}
    return [_map_point(a, b) for a in MAP_ALPHAS for b in MAP_BETAS if (a, b) not in thrice]


@_study(
    "alpha-beta-map",
    "What α and β do: one training at every point of a grid, without fine-tuning",
    "LeNet-300-100 on MNIST",
    (0, 1, 2),
    fewer_seeds=tuple((f"/{name}", (0,)) for name in _map_once()),
    grid=True,
)
def alpha_beta_map(profile: str) -> dict[str, Config]:
    """A map of the l0 term's two factors on all of MNIST, or four of its points in small.

    Every network is trained in thirty epochs under the same small l2 term, all weights under the same factors, and
    pruned without fine-tuning. Nothing here was searched. ``dense`` is trained likewise, without the l0 term.
    """
    fast = profile == "fast"
    alphas, betas = (MAP_ALPHAS[::8], MAP_BETAS[3::3]) if fast else (MAP_ALPHAS, MAP_BETAS)
    common: dict[str, Any] = {"experiment": "alpha-beta-map", "network": "lenet-300-100", **(_DIGITS if fast else {})}
    common["ratios"] = tuple(ratio for ratio in RATIOS if ratio <= 200)
    plain = PenaltySettings(alpha_l2=5e-5)
    factors = {"dense": plain} | {
        _map_point(alpha, beta): plain.model_copy(update={"alpha_l0": alpha, "beta": beta})
        for alpha in alphas
        for beta in betas
    }
    long = Training(epochs=3 if fast else 30, learning_rate=0.1)
    return {name: Config(arm=name, training=_with(long, its), **common) for name, its in factors.items()}


# ----------------------------------------------------------------------------------------------- photographs

#: Compression ratios before fine-tuning: around those of the paper's Tables 4 to 6 and of its rivals.
PHOTOGRAPH_RATIOS: Mapping[Network, tuple[float, ...]] = {
    "resnet-20": (1.26, 1.59, 1.75, 2.27, 3.17, 4.0, 5.0, 6.5, 8.0, 10.0, 15.0, 20.0),
    "vgg-16": (2.0, 2.78, 4.67, 6.92, 10.47, 14.76, 18.63, 25.0, 35.0, 50.0, 75.0, 100.0),
    "resnet-50": (2.0, 5.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 30.0, 40.0, 60.0, 100.0),
}
#: Those after fine-tuning.
PHOTOGRAPHS_FINE_TUNED: Mapping[str, tuple[float, ...]] = {"resnet-20": (5.0, 10.0), "vgg-16": (6.92, 14.76)}
#: Those of PHOTOGRAPH_RATIOS at which statistics are measured anew.
RECALIBRATED: Mapping[str, tuple[float, ...]] = {
    "resnet-20": (2.27, 4.0, 5.0, 6.5, 8.0, 10.0, 15.0, 20.0),
    "vgg-16": (2.0, 6.92, 14.76, 25.0, 35.0, 50.0, 75.0, 100.0),
}
#: The arm of Experiment 3 that trains longer.
LONGER = "longer-resnet-20-dense"
#: The factors of Experiments 4 and 5, as the paper has them.
ALPHAS_4 = (0.0, 1e-7, 2.5e-7, 5e-7)
#: Those of Experiment 4 times 40: the training of Experiment 3 has ten epochs at half the rate in place of 200.
SCALED_4 = (0.0, 4e-6, 1e-5, 2e-5)
ALPHAS_5, BETAS_5 = (1e-7, 5e-7, 1e-6), (5.0, 10.0)
#: Those of Experiment 5 times 10, for ResNet-20: ten epochs in place of a hundred, at the same rate.
SCALED_5 = (1e-6, 5e-6, 1e-5)
#: Experiment 6: shares of each layer's neurons and ratios after pruning on top, 1 for none. A share s of every layer
#: leaves about (1 - s)**2 of the multiply-adds; these take as many as the paper's Table 7, or a little more.
REMOVED: tuple[tuple[float, float], ...] = ((0.16, 1.0), (0.25, 1.0), (0.16, 9.21), (0.25, 18.38))


def _few(chosen: Chosen, epochs: int = 1) -> Chosen:
    """The same settings for the embedded photographs, which show that it runs and nothing more."""
    return _small(chosen, epochs, batch_size=50)


_FEW = {"profile": "fast", "dataset": "photographs"}


@_study(
    "experiment-3",
    "Deeper networks: NORM and SEP, with and without fine-tuning",
    "ResNet-20 and VGG-16 on CIFAR-10; paper, Section 4.3, Figure 7, Tables 4 and 5",
    (0, 1, 2),
    fewer_seeds=(("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,)), ("vgg-16-l2", (0,))),
)
def experiment_3(profile: str) -> dict[str, Config]:
    """Experiment 3 on CIFAR-10 (paper, Section 4.3, Figure 7, Tables 4 and 5), and a control under l2 alone.

    One more arm trains the dense ResNet-20 for longer, and says what the short schedule costs. Nothing is compared with
    it: a network that was pruned has the short one behind it. In small, ResNet-20 alone.
    """
    settings, data = chosen_for("experiment-3"), {"dataset": "cifar10"}
    networks: tuple[Network, ...] = ("resnet-20", "vgg-16")
    ratios, fine_tuned = PHOTOGRAPH_RATIOS, PHOTOGRAPHS_FINE_TUNED
    if profile == "fast":
        settings, networks, data = {name: _few(it, 2) for name, it in settings.items()}, ("resnet-20",), _FEW
        ratios, fine_tuned = {"resnet-20": (2.0, 5.0)}, {"resnet-20": (5.0,)}
    arms = {}
    for network in networks:
        dense, control = f"{network}-dense", f"{network}-l2"
        common: dict[str, Any] = {"experiment": "experiment-3", "dense_arm": dense, "network": network, **data}
        before, after = {"ratios": ratios[network]}, {"fine_tuned_ratios": fine_tuned[network]}
        plain = _l2_alone(settings[f"{network}-NORM"])
        arms[dense] = _arm(plain, dense, fine_tuning=None, **before, **common)
        # a control: the dense network pruned and fine-tuned, without the l0 term and with as many epochs
        arms[control] = _arm(plain, control, **after, **common)
        for name, it in settings.items():
            if name.startswith(network):
                arms[name] = _arm(it, name, **before, **after, **common)
    if profile == "full":
        short = arms["resnet-20-dense"]
        training = short.training.model_copy(update={"epochs": 60})
        change = {"arm": LONGER, "dense_arm": "", "ratios": (), "training": training}
        arms[LONGER] = short.model_copy(update=change)
    return arms


def _sweep(
    experiment: str,
    network: Network,
    dataset: Data,
    training: Training,
    points: Sequence[Mapping[str, float]],
    prefix: str = "",
) -> dict[str, Config]:
    """One training under several factors; the first of the points is the arm without the l0 term.

    The arms are named by the prefix, else the dataset, and the factors.
    """
    names = [f"{prefix or dataset}-{'-'.join(f'{value:g}' for value in point.values())}" for point in points]
    return {
        name: Config(
            experiment=experiment,
            arm=name,
            dense_arm=names[0],
            network=network,
            dataset=dataset,
            training=_with(training, training.penalty.model_copy(update=point)),
            ratios=PHOTOGRAPH_RATIOS[network],
        )
        for name, point in zip(names, points, strict=True)
    }


def _last_in_small(arms: Mapping[str, Config]) -> dict[str, Config]:
    """The last arm of Experiment 4 or 5, that of the largest of the paper's factors, in small."""
    *_, arm = arms.values()
    training = _few(chosen_for(arm.experiment)[arm.network]).training
    name = f"{arm.network}-small"
    small = {"training": _with(training, arm.training.penalty).model_dump(), "ratios": (2.0, 10.0), **_FEW}
    return {name: Config.model_validate(arm.model_dump() | {"arm": name, "dense_arm": ""} | small)}


@_study(
    "experiment-4",
    "A sweep of the l0 factor, without fine-tuning",
    "VGG-16 on CIFAR-10 and CIFAR-100; paper, Section 4.4, Figure 8, Table 6",
    (0,),
)
def experiment_4(profile: str) -> dict[str, Config]:
    """Experiment 4: VGG-16 under four factors of the l0 term (paper, Section 4.4, Figure 8, Table 6).

    On CIFAR-100 the factors are the paper's and the training is of a customary length. On CIFAR-10 the training is
    Experiment 3's and the factors are scaled, so that two of the four networks are those of Experiment 3; the arms
    ``short-cifar100-…`` do the same on CIFAR-100.
    """
    short, customary = chosen_for("experiment-3")["vgg-16-NORM"], chosen_for("experiment-4")["vgg-16"]
    arms: dict[str, Config] = {}
    sweeps: tuple[tuple[Data, str, Chosen, tuple[float, ...]], ...] = (
        ("cifar10", "", short, SCALED_4),
        ("cifar100", "short-cifar100", short, SCALED_4),
        ("cifar100", "", customary, ALPHAS_4),
    )
    for dataset, prefix, chosen, alphas in sweeps:
        points = [{"alpha_l0": alpha} for alpha in alphas]
        arms |= _sweep("experiment-4", "vgg-16", dataset, chosen.training, points, prefix)
    return arms if profile == "full" else _last_in_small(arms)


def _points_5(alphas: Sequence[float]) -> list[dict[str, float]]:
    """Return the points of Experiment 5: none of the l0 term, and every factor under both betas."""
    return [{"beta": BETAS_5[0], "alpha_l0": 0.0}, *({"beta": b, "alpha_l0": a} for b in BETAS_5 for a in alphas)]


@_study(
    "experiment-5",
    "A hundred epochs: sweeps of the l0 factor and of beta, without fine-tuning",
    "ResNet-50 on CIFAR-10 and CIFAR-100, ResNet-20 on CIFAR-10 in ten; paper, Section 4.5, Figure 9",
    (0,),
)
def experiment_5(profile: str) -> dict[str, Config]:
    """Experiment 5: ResNet-50 in a hundred epochs, three factors and two betas (paper, Section 4.5, Figure 9).

    The arms of ResNet-20 are the same sweep in small: a tenth of the epochs and ten times the paper's factors.
    """
    chosen = chosen_for("experiment-5")
    arms = _sweep(
        "experiment-5", "resnet-20", "cifar10", chosen["resnet-20"].training, _points_5(SCALED_5), "resnet-20"
    )
    for dataset in ("cifar10", "cifar100"):
        arms |= _sweep("experiment-5", "resnet-50", dataset, chosen["resnet-50"].training, _points_5(ALPHAS_5))
    return arms if profile == "full" else _last_in_small(arms)


@_study(
    "experiment-6",
    "Whole neurons removed, and parameters pruned on top",
    "VGG-16 on CIFAR-10; paper, Section 4.6, Table 7",
    (0,),
)
def experiment_6(profile: str) -> dict[str, Config]:
    """Experiment 6: neurons of VGG-16 removed, and pruning on top (paper, Section 4.6, Table 7), with two controls.

    The networks before are those of Experiment 3. Under ``l2`` the l0 term is left out; ``scratch`` trains the smaller
    shape anew, for as many epochs as training and fine-tuning take together. In small, ResNet-20.
    """
    settings, network, removed, data = chosen_for("experiment-3"), "vgg-16", REMOVED, {"dataset": "cifar10"}
    if profile == "fast":
        settings = {name: _few(it) for name, it in settings.items()}
        network, removed, data = "resnet-20", ((0.25, 1.0), (0.25, 5.0)), _FEW
    chosen, arms = settings[f"{network}-NORM"], {}
    for way in ("NORM", "l2", "scratch"):
        # a network that starts anew shows what the shape alone can do: it is not pruned
        taken = [pair for pair in removed if way != "scratch" or pair[1] == 1]
        shares, ratios = zip(*taken, strict=True)
        removal: dict[str, Any] = {"removed_shares": shares, "removed_ratios": ratios, "from_scratch": way == "scratch"}
        common: dict[str, Any] = {"experiment": "experiment-6", "dense_arm": f"{network}-l2", "network": network}
        name = f"{network}-{way}"
        arms[name] = _arm(chosen if way == "NORM" else _l2_alone(chosen), name, **removal, **common, **data)
    return arms


@_study(
    "recalibration",
    "Pruned, and the statistics of the normalisations measured anew, without fine-tuning",
    "ResNet-20 and VGG-16 on CIFAR-10; beyond the paper",
    (0, 1, 2),
    fewer_seeds=(("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,))),
)
def recalibration(profile: str) -> dict[str, Config]:
    """The networks of Experiment 3, just pruned, with the running statistics of the pruned networks; in small, one."""
    change: dict[str, Any] = {
        "dense_arm": "",
        "experiment": "recalibration",
        "fine_tuned_ratios": (),
        "fine_tuning": None,
        "recalibrated": True,
    }
    found = {}
    for name, arm in experiment_3(profile).items():
        if arm.ratios if profile == "full" else name == "resnet-20-NORM":
            # a ratio of one says what the statistics alone change
            change["ratios"] = (1.0, *(ratio for ratio in arm.ratios if ratio in RECALIBRATED[arm.network]))
            found[name] = Config.model_validate(arm.model_dump() | change)
    return found
