"""What each arm of the full studies runs with, chosen on validation images (``l0lib tune``)."""

from __future__ import annotations

from dataclasses import dataclass

from .config import Gradual, Network, PenaltySettings, Training


@dataclass(frozen=True)
class Chosen:
    """Settings of one arm: the training under the penalty, and the fine-tuning."""

    training: Training
    fine_tuning: Training
    relu_after_pools: bool = False


def _caffe(penalty: PenaltySettings, rate: float = 0.03, tuning_rate: float = 0.02) -> Chosen:
    return Chosen(
        Training(epochs=14, learning_rate=rate, warm_up=1.0, bf16=True, penalty=penalty),
        Training(epochs=8, learning_rate=tuning_rate, bf16=True, penalty=penalty.l2_alone()),
        relu_after_pools=True,
    )


def _perceptron(penalty: PenaltySettings, rate: float = 0.1, tuning_rate: float = 0.02) -> Chosen:
    return Chosen(
        Training(epochs=40, learning_rate=rate, penalty=penalty),
        Training(epochs=20, learning_rate=tuning_rate, penalty=penalty.l2_alone()),
    )


EXPERIMENT_1: dict[str, Chosen] = {
    "l2": _caffe(PenaltySettings(alpha_l2=1e-4)),
    "l1": _caffe(PenaltySettings(alpha_l1=1e-4)),
    "l0": _caffe(PenaltySettings(alpha_l0=4e-5, beta=8)),
    "l2+l0": _caffe(PenaltySettings(alpha_l2=5e-5, alpha_l0=4e-5, beta=8)),
}

EXPERIMENT_2: dict[str, Chosen] = {
    "lenet-300-100-NORM": _perceptron(PenaltySettings(strategy="NORM", alpha_l2=2e-5, alpha_l0=5e-5, beta=4)),
    "lenet-300-100-SEP": _perceptron(
        PenaltySettings(
            strategy="SEP",
            alpha_l2_by_layer=(5e-5, 5e-5, 5e-5),
            alpha_l0_by_layer=(5e-5, 5e-5, 5e-5),
            beta_by_layer=(4, 4, 4),
        )
    ),
    "lenet-5-caffe-NORM": _caffe(PenaltySettings(strategy="NORM", alpha_l2=2e-5, alpha_l0=4e-5, beta=8)),
    "lenet-5-caffe-SEP": _caffe(
        PenaltySettings(
            strategy="SEP",
            alpha_l2_by_layer=(5e-5,) * 4,
            alpha_l0_by_layer=(4e-5,) * 4,
            beta_by_layer=(8,) * 4,
        )
    ),
}

GRADUAL: dict[str, tuple[Network, tuple[float, ...], Chosen, Gradual]] = {
    "lenet-300-100-gradual-shift": (
        "lenet-300-100",
        (96.0, 120.0),
        Chosen(
            Training(
                epochs=25,
                learning_rate=0.05,
                shift=1,
                penalty=PenaltySettings(alpha_l2=2e-5, alpha_l0=2e-5, beta=5),
            ),
            Training(epochs=40, learning_rate=0.03, shift=1),
        ),
        Gradual(
            first=20,
            training=Training(
                epochs=25,
                learning_rate=0.03,
                shift=1,
                penalty=PenaltySettings(alpha_l2=2e-5, alpha_l0=2e-5, beta=5),
            ),
        ),
    ),
}
