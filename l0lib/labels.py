"""How networks, datasets, prunings, penalties and runs are called before readers: once, for all that shows them."""

import re

#: The paper's names of the networks.
NETWORKS = {
    "lenet-300-100": "LeNet-300-100",
    "lenet-5-caffe": "LeNet-5-Caffe",
    "resnet-20": "ResNet-20",
    "vgg-16": "VGG-16",
    "resnet-50": "ResNet-50",
}
#: Those of the datasets that the tables speak of.
DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
#: The rules of pruning, by the paper's short names.
PRUNINGS = {"GP": "global", "LP": "layerwise", "RP": "random"}
#: The penalties as axes and legends print them.
PENALTIES = {"l2": "ℓ2", "l1": "ℓ1", "l0": "smoothed ℓ0", "l2+l0": "ℓ2 + ℓ0"}
#: Ways to a smaller network without a penalty.
WITHOUT_PENALTY = {
    "dense": "dense",
    "gradual": "gradual magnitude",
    "one-shot": "one-shot magnitude",
    "wanda": "Wanda",
}
#: What the end of an arm's name stands for, where it is no factor.
WAYS = {
    "l2": "ℓ2 alone",
    "scratch": "from scratch",
    "dense-tuned": "dense, tuned, all epochs",
    "NORM-scratch": "NORM's places, trained anew",
    "gradual": "gradual, ℓ2",
    "gradual-shift": "gradual, shifted images",
    "power-1": "NORM, power 1",
    "power-minus-0.25": "NORM, power −0.25",
}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: ``4e-06``, or ``0``: the factor of the l0 term, after β where both vary.
_FACTOR = re.compile(r"(?:(\d+)-)?(0|\d+(?:\.\d+)?e-\d+)")


def scientific(value: float) -> str:
    """Return a small factor as it is written: ``4·10⁻⁶``, ``10⁻⁵``; ``0``."""
    if value == 0:
        return "0"
    digits, _, power = f"{value:.2e}".partition("e")
    digits = digits.rstrip("0").rstrip(".")
    ten = f"10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return ten if digits == "1" else f"{digits}·{ten}"


def study(name: str) -> str:
    """Return the readers' name of a study: ``Experiment 4`` for ``experiment-4``."""
    return name.replace("experiment-", "Experiment ")


def setting(arm: str) -> tuple[float, float] | None:
    """Return β (0 where it is not varied) and the factor of the ℓ0 term of an arm of a sweep; None for others."""
    match = _FACTOR.fullmatch(_parts(arm)[1])
    return (float(match[1] or 0), float(match[2])) if match else None


def _parts(arm: str) -> tuple[str, str]:
    """Return the network or the images that an arm's name begins with, and what is left of the name."""
    rest = arm.removeprefix("longer-").removeprefix("short-")
    start = next((name for name in (*NETWORKS, *DATASETS) if rest.startswith(f"{name}-")), "")
    return start, rest.removeprefix(f"{start}-")


def run(arm: str, *, network: bool = False) -> str:
    """Return the readers' name of an arm: ``NORM``, ``ℓ2 alone``, ``α₀ = 4·10⁻⁶``, ``β = 5, α₀ = 10⁻⁵``.

    With ``network`` the network's name, or that of a sweep's images, stands before it: ``ResNet-20, NORM``.
    """
    longer, short = arm.startswith("longer-"), arm.startswith("short-")
    known, (start, rest) = {**NETWORKS, **DATASETS}, _parts(arm)
    penalty, _, pruning = rest.rpartition("-")
    if match := _FACTOR.fullmatch(rest):
        beta, factor = match[1], float(match[2])
        told = f"{f'β = {beta}, ' if beta else ''}α₀ = {scientific(factor)}" if factor else "without ℓ0"
    elif penalty in PENALTIES and pruning in PRUNINGS:
        told = f"{PENALTIES[penalty]}, {PRUNINGS[pruning]}"
    else:
        told = WAYS.get(rest) or PENALTIES.get(rest) or rest.replace("-", " ")
    told += ", longer training" * longer
    return f"{known[start]}, {'short training, ' * short}{told}" if network and start else told
