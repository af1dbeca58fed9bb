"""Records that nobody ran, with layers and a first layer, for the explorer of stored runs."""

import numpy as np

from l0lib.experiments.records import LayerCount
from tests import made_up

PENALTY = {"l2": {"alpha_l2": 1e-4}, "l1": {"alpha_l1": 1e-4}, "l0": {"alpha_l0": 1e-4}}
SIZES = {
    "lenet-5-caffe": {"convolution1": 520, "convolution2": 25_050, "hidden": 400_500, "output": 5_010},
    "lenet-300-100": {"hidden1": 235_500, "hidden2": 30_100, "output": 1_010},
    "resnet-20": {"convolution": 448, "norm": 32, "blocks.0.convolution1": 2_320, "blocks.0.norm1": 32,
                  "blocks.0.convolution2": 2_320, "blocks.1.convolution1": 267_264, "output": 650},
    "vgg-16": {"convolutions.0": 1_792, "norms.0": 128, "convolutions.1": 14_983_872, "output": 5_130},
}  # fmt: skip


def _filled(point, network, seed):
    """The point with its nonzeros shared out among the layers, and with a first layer for seed 0."""
    sizes = SIZES[network]
    kept = {name: point.nonzero * size // sum(sizes.values()) for name, size in sizes.items()}
    kept[max(sizes, key=lambda name: sizes[name])] += point.nonzero - sum(kept.values())
    layers = [LayerCount(name=name, parameters=size, nonzero=kept[name]) for name, size in sizes.items()]
    draw = np.random.default_rng(int(point.requested) + point.fine_tuned)
    shape: tuple[int, ...] = (28, 28)
    first = draw.integers(0, 300, 784) * (draw.random(784) < 1 / point.requested)
    if network == "lenet-5-caffe":
        shape, first = (20, 5, 5), draw.normal(size=500) * (draw.random(500) < 4 / point.requested)
    if network == "resnet-20":
        shape, first = (16, 3, 3, 3), draw.normal(size=432) * (draw.random(432) < 1 / point.requested)
    if network == "vgg-16":  # more than a record holds
        shape, first = (), np.array([])
    change = {"layers": tuple(layers)}
    if seed == 0:
        change |= {"first_layer_shape": shape, "first_layer": tuple(float(f"{x:.3g}") for x in first)}
    return point.model_copy(update=change)


def run(arm, seed=0, network="lenet-5-caffe", errors=100, ratios=(2, 10, 50, 100, 359), tuned=(10, 100), **change):
    """A run of Experiment 1 whose arm is named ``<penalty>-<pruning>``, or of another study."""
    name, _, pruning = arm.partition("-")
    penalty = PENALTY.get(name, {"alpha_l2": 1e-4, "alpha_l0": 1e-4})
    plain = {
        "experiment": "experiment-1",
        "arm": arm,
        "network": network,
        "pruning": pruning if pruning in ("GP", "LP", "RP") else "GP",
        "training": {"epochs": 20, "learning_rate": 0.1, "penalty": penalty},
        "ratios": list(ratios),
        "fine_tuned_ratios": list(tuned),
        "fine_tuning": {"epochs": 10, "learning_rate": 0.02} if tuned else None,
    }
    record = made_up.record(seed, errors, what=made_up.config(**(plain | change)))
    return record.model_copy(update={"points": tuple(_filled(p, network, seed) for p in record.points)})


def experiment_1(penalties=("l2", "l1", "l0", "l2+l0"), prunings=("GP", "LP"), seeds=(0, 1, 2)):
    """A few arms; the errors fall in the order of the penalties."""
    return [
        run(f"{penalty}-{pruning}", seed, errors=400 - 60 * place + 3 * seed)
        for place, penalty in enumerate(penalties)
        for pruning in prunings
        for seed in seeds
    ]
