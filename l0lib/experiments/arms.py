"""Every arm of every experiment: what it runs with, which seeds, and which arms it is compared with.

The settings of the ``full`` profile stand in ``chosen.json``. Those marked as tuned are the choice of a search on
validation images, whose record is in ``book/records/tuning/``; a test compares the two. The others were set by hand,
before any run of theirs: the book says so beside what they led to. The ``fast`` profile runs the same in small.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

from .config import Config, Data, Frozen, Gradual, Network, Pruning, Teacher, Training


class Chosen(Frozen):
    """Settings of one arm."""

    tuned: bool
    training: Training
    fine_tuning: Training
    relu_after_pools: bool = False
    gradual: Gradual | None = None
    teacher: Teacher | None = None


def load() -> dict[str, Chosen]:
    """Return the settings by ``<study>/<arm>``; Experiment 1 names penalties in place of arms."""
    text = files(__package__).joinpath("chosen.json").read_text(encoding="utf-8")
    return {name: Chosen.model_validate(values) for name, values in json.loads(text).items()}


CHOSEN = load()


def chosen_for(study: str) -> dict[str, Chosen]:
    """Return the settings of one study by the arm's name."""
    return {name.removeprefix(f"{study}/"): chosen for name, chosen in CHOSEN.items() if name.startswith(f"{study}/")}


@dataclass(frozen=True)
class Study:
    """A named set of runs.

    Attributes
    ----------
    title, summary : str
    seeds : tuple of int
        Fixed beforehand; a result is the mean over them.
    full, fast : function () -> mapping of str to Config
        The arms: real experiments, and small ones on the embedded digits.
    fewer_seeds : mapping of str to tuple of int
        Arms that run with fewer seeds than ``seeds``, by the ending of their names.
    """

    title: str
    summary: str
    seeds: tuple[int, ...]
    full: Callable[[], Mapping[str, Config]]
    fast: Callable[[], Mapping[str, Config]]
    fewer_seeds: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def arms(self, profile: str) -> Mapping[str, Config]:
        """Return the arms of ``profile``, ``"fast"`` or ``"full"``, by their names."""
        if profile not in ("fast", "full"):
            raise ValueError(f"profile must be one of fast, full; got {profile!r}")
        return self.full() if profile == "full" else self.fast()

    def seeds_of(self, arm: str) -> tuple[int, ...]:
        """Return the seeds of one arm."""
        return next((seeds for ending, seeds in self.fewer_seeds if arm.endswith(ending)), self.seeds)


# ---------------------------------------------------------------------------------------------------- digits

#: Penalties of Experiment 1, in the order of the paper's text.
PENALTIES = ("l2", "l1", "l0", "l2+l0")
#: Ratios before fine-tuning, from the paper's first, 2, to where every curve has collapsed.
RATIOS = (2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 75.0, 100.0, 150.0, 200.0, 275.0, 359.0, 500.0, 800.0, 1200.0)
#: Fine-tuned ratios of Experiment 1: the eight of global pruning, and three for layerwise and for random pruning.
FINE_TUNED: Mapping[Pruning, tuple[float, ...]] = {
    "GP": (10.0, 50.0, 100.0, 200.0, 359.0, 500.0, 800.0, 1200.0),
    "LP": (10.0, 100.0, 359.0),
    "RP": (2.0, 5.0, 20.0),
}
SEEDS = (0, 1, 2, 3, 4)


def _experiment_1(settings: Mapping[str, Chosen], ratios: tuple[float, ...], **more: Any) -> dict[str, Config]:
    arms = {}
    for pruning, fine_tuned in FINE_TUNED.items():
        for name in PENALTIES:
            chosen = settings[name]
            arms[f"{name}-{pruning}"] = Config(
                experiment="experiment-1",
                arm=f"{name}-{pruning}",
                dense_arm="l2-GP",
                network="lenet-5-caffe",
                relu_after_pools=chosen.relu_after_pools,
                training=chosen.training,
                pruning=pruning,
                ratios=ratios,
                fine_tuned_ratios=tuple(ratio for ratio in fine_tuned if ratio in ratios),
                fine_tuning=chosen.fine_tuning,
                **more,
            )
    return arms


def _shorter(chosen: Chosen, epochs: int, fine_tuning: int, gradual: int = 4) -> Chosen:
    """The same settings for the embedded digits: fewer epochs of fewer images, in plain float32."""
    changes: dict[str, Any] = {
        "training": chosen.training.model_copy(update={"epochs": epochs, "bf16": False, "warm_up": 0.0}),
        "fine_tuning": chosen.fine_tuning.model_copy(update={"epochs": fine_tuning, "bf16": False}),
    }
    if chosen.teacher is not None:
        taught = chosen.teacher.training.model_copy(update={"epochs": epochs, "bf16": False, "warm_up": 0.0})
        changes["teacher"] = chosen.teacher.model_copy(update={"training": taught})
    if chosen.gradual is not None:
        steady = chosen.gradual.training.model_copy(update={"epochs": gradual, "bf16": False})
        changes["gradual"] = chosen.gradual.model_copy(update={"training": steady})
    return chosen.model_copy(update=changes)


def experiment_1() -> dict[str, Config]:
    """Experiment 1 on all of MNIST (paper, Section 4.1, Figures 3 and 4)."""
    return _experiment_1(chosen_for("experiment-1"), RATIOS)


def experiment_1_fast() -> dict[str, Config]:
    """Experiment 1 in small."""
    small = {name: _shorter(chosen, 6, 2) for name, chosen in chosen_for("experiment-1").items()}
    return _experiment_1(small, (2.0, 5.0, 10.0, 20.0, 50.0, 100.0), profile="fast", dataset="digits")


#: Ratios of Experiment 2: those of the paper's rows in Tables 2 and 3, others around them for Figures 5 and 6.
LADDERS: Mapping[Network, tuple[float, ...]] = {
    "lenet-300-100": (20.0, 50.0, 90.0, 96.0, 120.0, 150.0),
    "lenet-5-caffe": (50.0, 100.0, 200.0, 359.0, 450.0),
}


def _experiment_2(settings: Mapping[str, Chosen], dense: Mapping[str, Chosen], **more: Any) -> dict[str, Config]:
    arms = {}
    for network, ladder in LADDERS.items():
        common = {"experiment": "experiment-2", "dense_arm": f"{network}-dense", "network": network, **more}
        plain = dense[network]
        arms[f"{network}-dense"] = Config(
            arm=f"{network}-dense", training=plain.training, relu_after_pools=plain.relu_after_pools, **common
        )
        for strategy in ("NORM", "SEP"):
            chosen = settings[f"{network}-{strategy}"]
            arms[f"{network}-{strategy}"] = Config(
                arm=f"{network}-{strategy}",
                training=chosen.training,
                relu_after_pools=chosen.relu_after_pools,
                ratios=RATIOS,
                fine_tuned_ratios=ladder,
                fine_tuning=chosen.fine_tuning,
                **common,
            )
    return arms


def _dense_baselines(settings: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """The baseline: the same epochs and learning rate as NORM's, under its l2 term alone."""
    found: dict[str, Chosen] = {}
    for network in LADDERS:
        chosen = settings[f"{network}-NORM"]
        training = chosen.training.model_copy(update={"penalty": chosen.training.penalty.l2_alone()})
        found[network] = chosen.model_copy(update={"training": training})
    return found


def experiment_2() -> dict[str, Config]:
    """Experiment 2 on all of MNIST (paper, Section 4.2, Figures 5 and 6, Tables 2 and 3)."""
    return _experiment_2(chosen_for("experiment-2"), _dense_baselines(chosen_for("experiment-2")))


def experiment_2_fast() -> dict[str, Config]:
    """Experiment 2 in small."""
    small = {
        name: _shorter(chosen, 12 if "300" in name else 6, 4 if "300" in name else 2)
        for name, chosen in chosen_for("experiment-2").items()
    }
    return _experiment_2(small, _dense_baselines(small), profile="fast", dataset="digits")


#: What goes beyond the paper aims at these ratios, by network; gradual pruning alone at ratios of Experiment 1.
TARGETS: Mapping[Network, tuple[float, ...]] = {"lenet-300-100": (96.0, 120.0), "lenet-5-caffe": (359.0, 450.0)}
ALONE = (100.0, 359.0, 800.0)


def _beyond(settings: Mapping[str, Chosen], **more: Any) -> dict[str, Config]:
    arms = {}
    for name, chosen in settings.items():
        network: Network = "lenet-300-100" if name.startswith("lenet-300-100") else "lenet-5-caffe"
        arms[name] = Config(
            experiment="beyond",
            arm=name,
            network=network,
            relu_after_pools=chosen.relu_after_pools,
            training=chosen.training,
            fine_tuned_ratios=ALONE if name == "lenet-5-caffe-gradual" else TARGETS[network],
            fine_tuning=chosen.fine_tuning,
            gradual=chosen.gradual,
            teacher=chosen.teacher,
            **more,
        )
    return arms


def beyond() -> dict[str, Config]:
    """Beyond the paper, on all of MNIST: a gradual schedule with the penalty on, shifts, a teacher.

    ``lenet-5-caffe-gradual`` is gradual magnitude pruning alone, under l2: a rival of the penalties of Experiment 1,
    with as many epochs as they have.
    """
    return _beyond(chosen_for("beyond"))


def beyond_fast() -> dict[str, Config]:
    """The same in small."""
    return _beyond(
        {name: _shorter(chosen, 4, 3) for name, chosen in chosen_for("beyond").items()},
        profile="fast",
        dataset="digits",
    )


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
REMOVED = ((0.16, 1.0), (0.25, 1.0), (0.16, 9.21), (0.25, 18.38))


def _l2_alone(training: Training) -> Training:
    """The baseline: the same training under the l2 term alone."""
    return training.model_copy(update={"penalty": training.penalty.l2_alone()})


def _experiment_3(settings: Mapping[str, Chosen], networks: tuple[Network, ...], **more: Any) -> dict[str, Config]:
    arms = {}
    ratios, fine_tuned = more.pop("ratios", PHOTOGRAPH_RATIOS), more.pop("fine_tuned", PHOTOGRAPHS_FINE_TUNED)
    for network in networks:
        common = {"experiment": "experiment-3", "dense_arm": f"{network}-dense", "network": network, **more}
        common["ratios"] = ratios[network]
        plain = _l2_alone(settings[f"{network}-NORM"].training)
        arms[f"{network}-dense"] = Config(arm=f"{network}-dense", training=plain, **common)
        # a control: the dense network pruned and fine-tuned, without the l0 term and with as many epochs
        arms[f"{network}-l2"] = Config(
            arm=f"{network}-l2",
            training=plain,
            fine_tuned_ratios=fine_tuned[network],
            fine_tuning=settings[f"{network}-NORM"].fine_tuning,
            **{**common, "ratios": ()},
        )
        for name, it in settings.items():
            if name.startswith(network):
                arms[name] = Config(
                    arm=name,
                    training=it.training,
                    fine_tuned_ratios=fine_tuned[network],
                    fine_tuning=it.fine_tuning,
                    **common,
                )
    return arms


def experiment_3() -> dict[str, Config]:
    """Experiment 3 on CIFAR-10 (paper, Section 4.3, Figure 7, Tables 4 and 5), and a control under l2 alone.

    One more arm trains the dense ResNet-20 for longer, and says what the short schedule costs. Nothing is compared with
    it: a network that was pruned has the short one behind it.
    """
    arms = _experiment_3(chosen_for("experiment-3"), ("resnet-20", "vgg-16"), dataset="cifar10")
    dense = arms["resnet-20-dense"]
    training = dense.training.model_copy(update={"epochs": 60})
    change = {"arm": LONGER, "dense_arm": "", "ratios": (), "training": training}
    return arms | {LONGER: dense.model_copy(update=change)}


def _small(chosen: Chosen, epochs: int = 2, fine_tuning: int = 1) -> Chosen:
    """The same settings for the embedded photographs, which show that it runs and nothing more."""
    change = {"bf16": False, "warm_up": 0.0, "batch_size": 50}
    return chosen.model_copy(
        update={
            "training": chosen.training.model_copy(update={"epochs": epochs, **change}),
            "fine_tuning": chosen.fine_tuning.model_copy(update={"epochs": fine_tuning, **change}),
        }
    )


def experiment_3_fast() -> dict[str, Config]:
    """Experiment 3 in small, ResNet-20 alone."""
    small = {name: _small(it) for name, it in chosen_for("experiment-3").items()}
    few = {"ratios": {"resnet-20": (2.0, 5.0)}, "fine_tuned": {"resnet-20": (5.0,)}}
    return _experiment_3(small, ("resnet-20",), dataset="photographs", profile="fast", **few)


def _with(training: Training, **factors: float) -> Training:
    return training.model_copy(update={"penalty": training.penalty.model_copy(update=factors)})


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
            training=_with(training, **point),
            ratios=PHOTOGRAPH_RATIOS[network],
        )
        for name, point in zip(names, points, strict=True)
    }


def experiment_4() -> dict[str, Config]:
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
    return arms


def _points_5(alphas: Sequence[float]) -> list[dict[str, float]]:
    """Return the points of Experiment 5: none of the l0 term, and every factor under both betas."""
    return [{"beta": BETAS_5[0], "alpha_l0": 0.0}, *({"beta": b, "alpha_l0": a} for b in BETAS_5 for a in alphas)]


def experiment_5() -> dict[str, Config]:
    """Experiment 5: ResNet-50 in a hundred epochs, three factors and two betas (paper, Section 4.5, Figure 9).

    The arms of ResNet-20 are the same sweep in small: a tenth of the epochs and ten times the paper's factors.
    """
    chosen = chosen_for("experiment-5")
    arms = _sweep(
        "experiment-5", "resnet-20", "cifar10", chosen["resnet-20"].training, _points_5(SCALED_5), "resnet-20"
    )
    for dataset in ("cifar10", "cifar100"):
        arms |= _sweep("experiment-5", "resnet-50", dataset, chosen["resnet-50"].training, _points_5(ALPHAS_5))
    return arms


def _experiment_6(
    chosen: Chosen, network: Network, removed: tuple[tuple[float, float], ...], **more: Any
) -> dict[str, Config]:
    dense = _l2_alone(chosen.training)
    ways = {"NORM": (chosen.training, False), "l2": (dense, False), "scratch": (dense, True)}
    arms = {}
    for way, (training, fresh) in ways.items():
        # a network that starts anew shows what the shape alone can do: it is not pruned
        taken = [pair for pair in removed if not fresh or pair[1] == 1]
        arms[f"{network}-{way}"] = Config(
            experiment="experiment-6",
            arm=f"{network}-{way}",
            dense_arm=f"{network}-l2",
            network=network,
            training=training,
            fine_tuning=chosen.fine_tuning,
            removed_shares=tuple(share for share, _ in taken),
            removed_ratios=tuple(ratio for _, ratio in taken),
            from_scratch=fresh,
            **more,
        )
    return arms


def experiment_6() -> dict[str, Config]:
    """Experiment 6: neurons of VGG-16 removed, and pruning on top (paper, Section 4.6, Table 7), with two controls.

    The networks before are those of Experiment 3. Under ``l2`` the l0 term is left out; ``scratch`` trains the smaller
    shape anew, for as many epochs as training and fine-tuning take together.
    """
    return _experiment_6(chosen_for("experiment-3")["vgg-16-NORM"], "vgg-16", REMOVED, dataset="cifar10")


def _recalibration(arms: Mapping[str, Config]) -> dict[str, Config]:
    """Arms of Experiment 3 without fine-tuning, the statistics measured anew after pruning."""
    change: dict[str, Any] = {
        "dense_arm": "",
        "experiment": "recalibration",
        "fine_tuned_ratios": (),
        "fine_tuning": None,
        "recalibrated": True,
    }
    found = {}
    for name, arm in arms.items():
        # a ratio of one says what the statistics alone change
        change["ratios"] = (1.0, *(ratio for ratio in arm.ratios if ratio in RECALIBRATED[arm.network]))
        found[name] = Config.model_validate(arm.model_dump() | change)
    return found


def recalibration() -> dict[str, Config]:
    """The networks of Experiment 3, just pruned, with the running statistics of the pruned networks."""
    return _recalibration({name: arm for name, arm in experiment_3().items() if arm.ratios})


def recalibration_fast() -> dict[str, Config]:
    """The same in small, under both penalties."""
    return _recalibration({"resnet-20-NORM": experiment_3_fast()["resnet-20-NORM"]})


def experiment_6_fast() -> dict[str, Config]:
    """Experiment 6 in small, on ResNet-20."""
    chosen = _small(chosen_for("experiment-3")["resnet-20-NORM"], 1)
    return _experiment_6(chosen, "resnet-20", ((0.25, 1.0), (0.25, 5.0)), dataset="photographs", profile="fast")


def sweep_fast(experiment: str, network: Network) -> dict[str, Config]:
    """One arm of Experiment 4 or 5 in small."""
    arms = experiment_4() if experiment == "experiment-4" else experiment_5()
    arm = arms[list(arms)[-1]]  # the largest of the paper's factors
    training = _small(chosen_for(experiment)[network], 1).training
    small = {
        "arm": f"{network}-small",
        "dense_arm": "",
        "dataset": "photographs",
        "profile": "fast",
        "training": training.model_copy(update={"penalty": arm.training.penalty}).model_dump(),
        "ratios": (2.0, 10.0),
    }
    return {f"{network}-small": Config.model_validate(arm.model_dump() | small)}


STUDIES: dict[str, Study] = {
    "experiment-1": Study(
        "Sparsity induction: four penalties, three ways to prune",
        "LeNet-5-Caffe on MNIST; paper, Section 4.1, Figures 3 and 4",
        SEEDS,
        experiment_1,
        experiment_1_fast,
        (("-LP", (0, 1, 2)), ("-RP", (0, 1, 2))),
    ),
    "experiment-2": Study(
        "Compression: NORM and SEP, with and without fine-tuning",
        "LeNet-300-100 and LeNet-5-Caffe on MNIST; paper, Section 4.2, Figures 5 and 6, Tables 2 and 3",
        SEEDS,
        experiment_2,
        experiment_2_fast,
    ),
    "beyond": Study(
        "Beyond the paper: a gradual schedule with the penalty on, shifted images, a teacher",
        "LeNet-300-100 and LeNet-5-Caffe on MNIST",
        SEEDS,
        beyond,
        beyond_fast,
    ),
    "experiment-3": Study(
        "Deeper networks: NORM and SEP, with and without fine-tuning",
        "ResNet-20 and VGG-16 on CIFAR-10; paper, Section 4.3, Figure 7, Tables 4 and 5",
        (0, 1, 2),
        experiment_3,
        experiment_3_fast,
        (("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,)), ("vgg-16-l2", (0,))),
    ),
    "experiment-4": Study(
        "A sweep of the l0 factor, without fine-tuning",
        "VGG-16 on CIFAR-10 and CIFAR-100; paper, Section 4.4, Figure 8, Table 6",
        (0,),
        experiment_4,
        partial(sweep_fast, "experiment-4", "vgg-16"),
    ),
    "experiment-5": Study(
        "A hundred epochs: sweeps of the l0 factor and of beta, without fine-tuning",
        "ResNet-50 on CIFAR-10 and CIFAR-100, ResNet-20 on CIFAR-10 in ten; paper, Section 4.5, Figure 9",
        (0,),
        experiment_5,
        partial(sweep_fast, "experiment-5", "resnet-50"),
    ),
    "experiment-6": Study(
        "Whole neurons removed, and parameters pruned on top",
        "VGG-16 on CIFAR-10; paper, Section 4.6, Table 7",
        (0,),
        experiment_6,
        experiment_6_fast,
    ),
    "recalibration": Study(
        "Pruned, and the statistics of the normalisations measured anew, without fine-tuning",
        "ResNet-20 and VGG-16 on CIFAR-10; beyond the paper",
        (0, 1, 2),
        recalibration,
        recalibration_fast,
        (("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,))),
    ),
}
