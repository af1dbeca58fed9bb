"""The search spaces of the tuning: what was tried for each arm, and what was held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import optuna

from ..compress import layer_sizes, lenet_5_caffe, lenet_300_100, normalised
from ..penalties import L0
from .cifar_spaces import photographs, separate_stages
from .config import Config, Gradual, Network, PenaltySettings, Teacher, Training

#: Epochs before pruning and of fine-tuning, fixed beforehand for each network, the same for all arms of a study.
EPOCHS: dict[Network, tuple[int, int]] = {"lenet-300-100": (60, 40), "lenet-5-caffe": (20, 20)}
#: Experiment 1 has many more networks to train, and takes fewer.
FEWER = (10, 10)
#: Batch sizes before pruning and of fine-tuning, fixed likewise.
BATCHES: dict[Network, tuple[int, int]] = {"lenet-300-100": (64, 128), "lenet-5-caffe": (64, 64)}
#: The ratios whose mean error after fine-tuning is minimised.
TARGETS = {"lenet-300-100": (90.0, 120.0), "lenet-5-caffe": (200.0, 359.0)}
LAYERS = {"lenet-300-100": 3, "lenet-5-caffe": 4}


def _config(network: Network, arm: str, training: Training, fine_tuning: Training, **more: Any) -> Config:
    return Config(
        experiment=more.pop("experiment", "experiment-2"),
        arm=arm,
        network=network,
        relu_after_pools=more.pop("relu_after_pools", network == "lenet-5-caffe"),
        evaluate_on="validation",
        training=training,
        fine_tuning=fine_tuning,
        fine_tuned_ratios=more.pop("targets", TARGETS.get(network)),
        **more,
    )


def _stretches(
    network: Network,
    rate: float,
    tuning_rate: float,
    penalty: PenaltySettings,
    l2: PenaltySettings,
    epochs: tuple[int, int] | None = None,
):
    first, second = epochs or EPOCHS[network]
    batch, tuning_batch = BATCHES[network]
    bf16 = network == "lenet-5-caffe"
    warm_up = 1.0 if network == "lenet-5-caffe" else 0.0
    return (
        Training(
            epochs=first,
            learning_rate=rate,
            batch_size=batch,
            penalty=penalty,
            bf16=bf16,
            warm_up=warm_up,
        ),
        Training(epochs=second, learning_rate=tuning_rate, batch_size=tuning_batch, penalty=l2, bf16=bf16),
    )


def norm(network: Network) -> Callable[[optuna.Trial], Config]:
    """Three global factors, normalised by a power of the layer sizes, and two learning rates."""

    def space(trial: optuna.Trial) -> Config:
        l2 = trial.suggest_float("alpha_l2", 2e-6, 2e-4, log=True)
        penalty = PenaltySettings(
            strategy="NORM",
            power=trial.suggest_categorical("power", (0.1, 0.25, 0.5, 1.0)),
            alpha_l2=l2,
            alpha_l0=trial.suggest_float("alpha_l0", 3e-6, 3e-4, log=True),
            beta=trial.suggest_float("beta", 2, 20, log=True),
        )
        kept = penalty.l2_alone()
        high = 0.3 if network == "lenet-300-100" else 0.1
        rate = trial.suggest_float("learning_rate", high / 12, high, log=True)
        tuning_rate = trial.suggest_float("fine_tuning_learning_rate", 0.004, 0.08, log=True)
        return _config(network, f"{network}-NORM", *_stretches(network, rate, tuning_rate, penalty, kept))

    return space


def separate(network: Network, best: Mapping[str, float]) -> Callable[[optuna.Trial], Config]:
    """Factors of each layer on their own, around those that ``norm`` chose, with its learning rates."""
    sizes = layer_sizes(lenet_300_100() if network == "lenet-300-100" else lenet_5_caffe())
    unit = normalised(L0(1.0, 1.0), sizes, best["power"])
    shares = [float(penalty.alpha) for penalty in unit.values()]

    def space(trial: optuna.Trial) -> Config:
        l2, l0, beta = [], [], []
        for number, share in enumerate(shares, 1):
            l2.append(best["alpha_l2"] * share * trial.suggest_float(f"times_l2_{number}", 0.1, 8, log=True))
            l0.append(best["alpha_l0"] * share * trial.suggest_float(f"times_l0_{number}", 0.1, 8, log=True))
            beta.append(max(1.0, best["beta"] * trial.suggest_float(f"times_beta_{number}", 0.4, 2.5, log=True)))
        common: dict[str, Any] = {"strategy": "SEP", "alpha_l2_by_layer": tuple(l2), "beta_by_layer": tuple(beta)}
        penalty = PenaltySettings(alpha_l0_by_layer=tuple(l0), **common)
        kept = PenaltySettings(alpha_l0_by_layer=(0.0,) * len(l0), **common)
        rates = best["learning_rate"], best["fine_tuning_learning_rate"]
        return _config(network, f"{network}-SEP", *_stretches(network, *rates, penalty, kept))

    return space


#: Experiment 1: every penalty is chosen by these ratios, before and after fine-tuning alike.
ALL_ROUND = (50.0, 200.0, 359.0)


def penalty(name: str) -> Callable[[optuna.Trial], Config]:
    """Experiment 1: one penalty of ``l2``, ``l1``, ``l0`` and ``l2+l0``, the same factors for all weights."""
    terms = name.split("+")

    def space(trial: optuna.Trial) -> Config:
        chosen: dict[str, Any] = {}
        if "l2" in terms:
            chosen["alpha_l2"] = trial.suggest_float("alpha_l2", 1e-5, 2e-3 if len(terms) == 1 else 3e-4, log=True)
        if "l1" in terms:
            chosen["alpha_l1"] = trial.suggest_float("alpha_l1", 1e-5, 1e-3, log=True)
        if "l0" in terms:
            chosen["alpha_l0"] = trial.suggest_float("alpha_l0", 5e-6, 3e-4, log=True)
            chosen["beta"] = trial.suggest_float("beta", 3, 15, log=True)
        whole = PenaltySettings(**chosen)
        rate = trial.suggest_float("learning_rate", 0.02, 0.1, log=True)
        tuning_rate = trial.suggest_float("fine_tuning_learning_rate", 0.01, 0.05, log=True)
        first, second = _stretches("lenet-5-caffe", rate, tuning_rate, whole, whole.l2_alone(), FEWER)
        more = {"experiment": "experiment-1", "ratios": ALL_ROUND, "targets": ALL_ROUND}
        return _config("lenet-5-caffe", f"{name}-GP", first, second, **more)

    return space


#: Who teaches LeNet-300-100: a dense LeNet-5-Caffe of the same seed.
TEACHER = Teacher(
    network="lenet-5-caffe",
    relu_after_pools=True,
    training=Training(
        epochs=20, learning_rate=0.05, batch_size=64, warm_up=1.0, bf16=True, penalty=PenaltySettings(alpha_l2=5e-5)
    ),
)


def gradual(network: Network, shift: int = 1, teacher: Teacher | None = None) -> Callable[[optuna.Trial], Config]:
    """Beyond the paper: a gradual schedule with the penalty on, then fine-tuning; with shifted images or a teacher."""
    epochs = {"lenet-300-100": (40, 40, 60), "lenet-5-caffe": (8, 20, 20)}[network]
    bf16 = network == "lenet-5-caffe"

    def space(trial: optuna.Trial) -> Config:
        l2 = PenaltySettings(alpha_l2=trial.suggest_float("alpha_l2", 2e-6, 2e-4, log=True))
        penalty = PenaltySettings(
            alpha_l2=l2.alpha_l2,
            alpha_l0=trial.suggest_float("alpha_l0", 3e-6, 1e-4, log=True),
            beta=trial.suggest_float("beta", 3, 15, log=True),
        )
        common: dict[str, Any] = {"shift": shift, "bf16": bf16, "batch_size": BATCHES[network][0]}
        training = Training(
            epochs=epochs[0],
            learning_rate=trial.suggest_float("learning_rate", 0.02, 0.12, log=True),
            warm_up=1.0 if bf16 else 0.0,
            penalty=penalty,
            **common,
        )
        steady = Training(
            epochs=epochs[1],
            learning_rate=trial.suggest_float("gradual_learning_rate", 0.01, 0.08, log=True),
            penalty=penalty,
            **common,
        )
        last = Training(
            epochs=epochs[2],
            learning_rate=trial.suggest_float("fine_tuning_learning_rate", 0.01, 0.08, log=True),
            penalty=l2,
            **common,
        )
        first = trial.suggest_float("first_ratio", 5, 60, log=True)
        return _config(
            network,
            f"{network}-distilled" if teacher else f"{network}-gradual-shift",
            training,
            last,
            experiment="beyond",
            gradual=Gradual(first=first, training=steady),
            teacher=teacher,
            targets=(120.0,) if network == "lenet-300-100" else (359.0, 450.0),
        )

    return space


def gradual_alone() -> Callable[[optuna.Trial], Config]:
    """A rival of the penalties of Experiment 1: gradual magnitude pruning under l2, in as many epochs as they have."""
    network: Network = "lenet-5-caffe"
    all_epochs = sum(FEWER)
    epochs = (all_epochs * 3 // 10, all_epochs * 7 // 20, all_epochs * 7 // 20)

    def space(trial: optuna.Trial) -> Config:
        l2 = PenaltySettings(alpha_l2=trial.suggest_float("alpha_l2", 1e-5, 2e-3, log=True))
        rate = trial.suggest_float("learning_rate", 0.02, 0.1, log=True)
        common: dict[str, Any] = {"bf16": True, "batch_size": BATCHES[network][0], "penalty": l2}
        steady = trial.suggest_float("gradual_learning_rate", 0.01, 0.08, log=True)
        last = trial.suggest_float("fine_tuning_learning_rate", 0.01, 0.05, log=True)
        return _config(
            network,
            f"{network}-gradual",
            Training(epochs=epochs[0], learning_rate=rate, warm_up=1.0, **common),
            Training(epochs=epochs[2], learning_rate=last, **common),
            experiment="beyond",
            gradual=Gradual(
                schedule="cubic",
                first=trial.suggest_float("first_ratio", 2, 20, log=True),
                training=Training(epochs=epochs[1], learning_rate=steady, **common),
            ),
            targets=ALL_ROUND,
        )

    return space


def of_arm(experiment: str, arm: str, best: Callable[[str], Mapping[str, float]]) -> Callable[[optuna.Trial], Config]:
    """Return the search space of one of :data:`~l0lib.experiments.tuning.ARMS`.

    ``best`` of another arm gives what was chosen for that one.
    """
    if experiment == "experiment-1":
        return penalty(arm.removesuffix("-GP"))
    if experiment == "experiment-3":
        if arm == "resnet-20-SEP":
            return separate_stages(best("resnet-20-NORM"))
        networks: tuple[Network, ...] = ("resnet-20", "vgg-16")
        return photographs(next(network for network in networks if arm.startswith(network)))
    network = next(network for network in EPOCHS if arm.startswith(network))
    match arm.removeprefix(f"{network}-"):
        case "NORM":
            return norm(network)
        case "SEP":
            return separate(network, best(f"{network}-NORM"))
        case "gradual":
            return gradual_alone()
        case "distilled":
            return gradual(network, shift=0, teacher=TEACHER)
        case _:
            return gradual(network)
