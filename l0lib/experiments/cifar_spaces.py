"""The search spaces of the CIFAR chapters' tuning: what was tried for each arm, and what was held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import optuna

from ..compress import layer_sizes, normalised
from ..compress.models import ResNet20
from ..penalties import L0
from .config import Config, Network, PenaltySettings, Training

#: Epochs of a trial on CIFAR-10 before pruning and of fine-tuning, fewer than those of the results, and the ratios by
#: which it is judged.
PHOTOGRAPHS: Mapping[str, tuple[int, int, tuple[float, ...]]] = {
    "resnet-20": (8, 2, (5.0, 10.0)),
    "vgg-16": (6, 2, (6.92, 14.76)),
}


def photographs(network: Network) -> Callable[[optuna.Trial], Config]:
    """Experiment 3: the strategy NORM on a network with batch normalisation."""
    epochs, tuning_epochs, targets = PHOTOGRAPHS[network]

    def space(trial: optuna.Trial) -> Config:
        penalty = PenaltySettings(
            strategy="NORM",
            power=trial.suggest_categorical("power", (0.0, 0.1, 0.25, 0.5)),
            alpha_l2=trial.suggest_float("alpha_l2", 1e-5, 1e-3, log=True),
            alpha_l0=trial.suggest_float("alpha_l0", 1e-7, 5e-5, log=True),
            beta=trial.suggest_float("beta", 3, 15, log=True),
        )
        common: dict[str, Any] = {"batch_size": 128, "shift": 4, "mirror": True, "bf16": True}
        rate = trial.suggest_float("learning_rate", 0.02, 0.3, log=True)
        tuning_rate = trial.suggest_float("fine_tuning_learning_rate", 0.003, 0.1, log=True)
        return Config(
            experiment="experiment-3",
            arm=f"{network}-NORM",
            network=network,
            dataset="cifar10",
            evaluate_on="validation",
            training=Training(epochs=epochs, learning_rate=rate, warm_up=1.0, penalty=penalty, **common),
            fine_tuning=Training(epochs=tuning_epochs, learning_rate=tuning_rate, penalty=penalty.l2_alone(), **common),
            fine_tuned_ratios=targets,
        )

    return space


#: SEP on ResNet-20 searches one multiple for each of these, not for each of its 22 layers.
STAGES = ("first", "stage 1", "stage 2", "stage 3", "output")


def stage_of(layer: str) -> int:
    """Return the place in :data:`STAGES` of a layer of ResNet-20."""
    if layer.startswith("blocks."):
        return 1 + int(layer.split(".")[1]) // 3
    return 0 if layer == "convolution" else len(STAGES) - 1


def separate_stages(best: Mapping[str, float]) -> Callable[[optuna.Trial], Config]:
    """Experiment 3: ResNet-20 with factors of each stage on their own, around those that ``photographs`` chose."""
    sizes = layer_sizes(ResNet20())
    shares = {layer: float(unit.alpha) for layer, unit in normalised(L0(1.0, 1.0), sizes, best["power"]).items()}
    norm = photographs("resnet-20")

    def space(trial: optuna.Trial) -> Config:
        times = {
            term: [trial.suggest_float(f"times_{term}_{stage}", 0.1, 8, log=True) for stage in range(len(STAGES))]
            for term in ("l2", "l0")
        }
        l2 = tuple(best["alpha_l2"] * share * times["l2"][stage_of(layer)] for layer, share in shares.items())
        l0 = tuple(best["alpha_l0"] * share * times["l0"][stage_of(layer)] for layer, share in shares.items())
        common: dict[str, Any] = {
            "strategy": "SEP", "alpha_l2_by_layer": l2, "beta_by_layer": (best["beta"],) * len(l2)
        }  # fmt: skip
        whole = PenaltySettings(alpha_l0_by_layer=l0, **common)
        kept = PenaltySettings(alpha_l0_by_layer=(0.0,) * len(l0), **common)
        config = norm(cast(optuna.Trial, optuna.trial.FixedTrial(dict(best))))
        return config.model_copy(
            update={
                "arm": "resnet-20-SEP",
                "training": config.training.model_copy(update={"penalty": whole}),
                "fine_tuning": config.fine_tuning and config.fine_tuning.model_copy(update={"penalty": kept}),
            }
        )

    return space
