"""The studies of the book by name: which arms each one has, and what each arm does.

The settings of the ``full`` profile stand in :mod:`~l0lib.experiments.settings`; they were chosen on validation images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import cifar_arms as cifar
from .config import Config, Network, Pruning
from .settings import Chosen, of

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
    return _experiment_1(of("experiment-1"), RATIOS)


def experiment_1_fast() -> dict[str, Config]:
    """Experiment 1 in small."""
    small = {name: _shorter(chosen, 6, 2) for name, chosen in of("experiment-1").items()}
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


def _dense(settings: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """The baseline: the same epochs and learning rate as NORM's, under its l2 term alone."""
    found: dict[str, Chosen] = {}
    for network in LADDERS:
        chosen = settings[f"{network}-NORM"]
        training = chosen.training.model_copy(update={"penalty": chosen.training.penalty.l2_alone()})
        found[network] = chosen.model_copy(update={"training": training})
    return found


def experiment_2() -> dict[str, Config]:
    """Experiment 2 on all of MNIST (paper, Section 4.2, Figures 5 and 6, Tables 2 and 3)."""
    return _experiment_2(of("experiment-2"), _dense(of("experiment-2")))


def experiment_2_fast() -> dict[str, Config]:
    """Experiment 2 in small."""
    small = {
        name: _shorter(chosen, 12 if "300" in name else 6, 4 if "300" in name else 2)
        for name, chosen in of("experiment-2").items()
    }
    return _experiment_2(small, _dense(small), profile="fast", dataset="digits")


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
    return _beyond(of("beyond"))


def beyond_fast() -> dict[str, Config]:
    """The same in small."""
    return _beyond(
        {name: _shorter(chosen, 4, 3) for name, chosen in of("beyond").items()}, profile="fast", dataset="digits"
    )


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
        cifar.experiment_3,
        cifar.experiment_3_fast,
        (("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,)), ("vgg-16-l2", (0,))),
    ),
    "experiment-4": Study(
        "A sweep of the l0 factor, without fine-tuning",
        "VGG-16 on CIFAR-10 and CIFAR-100; paper, Section 4.4, Figure 8, Table 6",
        (0,),
        cifar.experiment_4,
        partial(cifar.sweep_fast, "experiment-4", "vgg-16"),
    ),
    "experiment-5": Study(
        "A hundred epochs: sweeps of the l0 factor and of beta, without fine-tuning",
        "ResNet-50 on CIFAR-10 and CIFAR-100, ResNet-20 on CIFAR-10 in ten; paper, Section 4.5, Figure 9",
        (0,),
        cifar.experiment_5,
        partial(cifar.sweep_fast, "experiment-5", "resnet-50"),
    ),
    "experiment-6": Study(
        "Whole neurons removed, and parameters pruned on top",
        "VGG-16 on CIFAR-10; paper, Section 4.6, Table 7",
        (0,),
        cifar.experiment_6,
        cifar.experiment_6_fast,
    ),
    "recalibration": Study(
        "Pruned, and the statistics of the normalisations measured anew, without fine-tuning",
        "ResNet-20 and VGG-16 on CIFAR-10; beyond the paper",
        (0, 1, 2),
        cifar.recalibration,
        cifar.recalibration_fast,
        (("vgg-16-dense", (0,)), ("vgg-16-NORM", (0,))),
    ),
}
