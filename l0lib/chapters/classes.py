"""Errors class by class, what wrong answers name, and who is wrong alone: what the records say of each test image."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..experiments import answers
from ..experiments.records import RECORDS, Measured, Record
from ..table import Table, percent, signed

#: The twenty superclasses of CIFAR-100, five classes each (Krizhevsky, 2009).
SUPERCLASSES: dict[str, tuple[str, ...]] = {
    "aquatic mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit and vegetables": ("apple", "mushroom", "orange", "pear", "sweet pepper"),
    "household electrical devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large man-made outdoor things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large natural outdoor scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large omnivores and herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium-sized mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple tree", "oak tree", "palm tree", "pine tree", "willow tree"),
    "vehicles 1": ("bicycle", "bus", "motorcycle", "pickup truck", "train"),
    "vehicles 2": ("lawn mower", "rocket", "streetcar", "tank", "tractor"),
}
#: The classes of a dataset in the order of their labels.
NAMES: dict[str, tuple[str, ...]] = {
    "mnist": tuple("0123456789"),
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    "cifar100": tuple(sorted(name for names in SUPERCLASSES.values() for name in names)),
}
#: SHA-256 of the labels of the test images, one byte each.
LABELS_SHA256 = {
    "mnist": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    "cifar10": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
    "cifar100": "4dad7d09c7c97d33f6cb928d705cf4196221316fd6e31bdd978a08ed9103ee0b",
}


@functools.cache
def test_labels(dataset: str) -> np.ndarray:
    """Return the labels of a dataset's test images, uint8, in their order: stored, so that nobody has to fetch it.

    Raises
    ------
    ValueError
        If no labels of ``dataset`` are stored, or the file is not the one whose digest stands here.
    """
    from ..compress.data import digest  # not before it is needed: it loads torch

    if dataset not in NAMES:
        raise ValueError(f"dataset must be one of {', '.join(NAMES)}; got {dataset!r}")
    path = RECORDS / "labels" / f"{dataset}.txt"
    digits, width = path.read_text(encoding="ascii").replace("\n", ""), len(str(len(NAMES[dataset]) - 1))
    found = np.array([int(digits[i : i + width]) for i in range(0, len(digits), width)], dtype=np.uint8)
    if (told := digest(found)) != LABELS_SHA256[dataset]:
        raise ValueError(f"{path.name} must have the SHA-256 {LABELS_SHA256[dataset]}; got {told}: altered")
    return found


def errors(wrong: Iterable[str], dataset: str) -> np.ndarray:
    """Return the top-1 error of each class of ``dataset``, one of :data:`NAMES`, in percent, (networks, classes).

    ``wrong`` says for each network which of the test images it missed (:func:`~l0lib.experiments.answers.pack`).
    """
    labels = test_labels(dataset)
    missed = np.array([answers.unpack(text, len(labels)) for text in wrong])
    return np.array([100 * missed[:, labels == label].mean(1) for label in range(len(NAMES[dataset]))]).T


@dataclass(frozen=True)
class Told:
    """What a network answered of each class: errors in percent, shape (classes,), and where its wrong answers lie.

    ``within`` is the share of the wrong answers, in percent, that name another class of the same superclass. By chance
    it would be 4 of 99.
    """

    errors: np.ndarray
    within: float

    @property
    def fine(self) -> float:
        """Top-1 error over all classes, in percent; all have as many test images."""
        return float(self.errors.mean())

    @property
    def coarse(self) -> float:
        """Error of the superclass, in percent: wrong answers within the superclass count as right."""
        return self.fine * (1 - self.within / 100)


def superclass_of() -> np.ndarray:
    """Return the number of each class's superclass in :data:`SUPERCLASSES`, shape (100,)."""
    place = {name: number for number, names in enumerate(SUPERCLASSES.values()) for name in names}
    return np.array([place[name] for name in NAMES["cifar100"]])


def told(measured: Measured) -> Told:
    """Return what a network made of the test images of CIFAR-100.

    Raises
    ------
    ValueError
        If ``measured`` does not say what each image was taken for.
    """
    if not measured.answered:
        raise ValueError("measured must say what each image was taken for; got a record that is older than that")
    labels = test_labels("cifar100")
    answered = answers.unpack_answers(measured.answered, labels, len(NAMES["cifar100"]))
    missed, coarse = answered != labels, superclass_of()
    near = missed & (answered >= 0) & (coarse[answered] == coarse[labels])
    return Told(errors([measured.wrong], "cifar100")[0], 100 * near.sum() / max(1, missed.sum()))


def surviving(before: Told, after: Told, count: int = 10) -> tuple[list[str], list[str]]:
    """Return the names of the classes whose error grew least, and most, by pruning, ``count`` of each, in that order.

    Classes that grew alike stand in the order of their errors after it, then of their labels.
    """
    grown = after.errors - before.errors
    order = np.lexsort((np.arange(len(grown)), after.errors, grown))
    names = [NAMES["cifar100"][one] for one in order]
    return names[:count], names[::-1][:count]


def in_words(record: Record | None, ratio: float) -> str:
    """Return what pruning to ``ratio`` did to the hundred classes of a stored run, in sentences; without one, so."""
    points = () if record is None else record.points
    point = next((p for p in points if p.requested == ratio and not p.fine_tuned), None)
    if record is None or point is None or not (record.dense.answered and point.measured.answered):
        return "No run on a hundred classes that tells its answers is on record yet."
    before, after = told(record.dense), told(point.measured)
    least, most = surviving(before, after, 3)
    number = {name: place for place, name in enumerate(NAMES["cifar100"])}

    def change(name: str) -> str:
        return f"{name} ({before.errors[number[name]]:.0f} to {after.errors[number[name]]:.0f} %)"

    chance = 100 * 4 / 99
    return (
        f"Whole, the network errs on {before.fine:.1f} % of the photographs; just pruned to {ratio:g}×, on "
        f"{after.fine:.1f} %. Lost first: {', '.join(map(change, most))}. Kept best: {', '.join(map(change, least))}. "
        f"Counted by superclass the errors are {before.coarse:.1f} and {after.coarse:.1f} %: of the wrong answers, "
        f"{before.within:.0f} % named a neighbour in the superclass before pruning and {after.within:.0f} % after it, "
        f"where blind guessing would name one in {chance:.0f} %."
    )


def table_of_disagreement(records: Iterable[Record]) -> Table:
    """Set networks of ResNet-20 beside the dense one of seed 0: another seed of it, and NORM unpruned and fine-tuned.

    The deviation and its bound are those of :func:`~l0lib.experiments.answers.disagreement`.
    """
    runs = {(r.config.arm, r.seed): r for r in records}
    dense, other, norm = (runs.get((f"resnet-20-{arm}", n)) for arm, n in (("dense", 0), ("dense", 1), ("NORM", 0)))
    against: dict[str, tuple[Measured, Measured]] = {}
    if dense and other:
        against["dense, another seed"] = other.dense, dense.dense
    if dense and norm:
        against["NORM, not pruned"] = norm.dense, dense.dense
        for point in norm.points:
            if point.fine_tuned:
                against[f"NORM, {point.requested:g}×, fine-tuned"] = point.measured, dense.dense
    rows = []
    for name, (one, whole) in against.items():
        it = answers.disagreement(one.wrong, whole.wrong, whole.images)
        shares = (percent(it.only_first), percent(it.only_second), f"{100 * it.difference:+.2f}")
        rows.append((name, *shares, f"{100 * it.deviated:.2f}", f"{100 * it.bounded:.2f}"))
    headers = ("only it is wrong", "only dense is wrong", "difference (points)", "deviation", "at most")
    return Table(
        ("against the dense network", *headers),
        rows,
        "ResNet-20 on CIFAR-10, against the unpruned network of seed 0 under ℓ2: test photographs that only one of the "
        "two gets wrong, the difference of the error rates with its deviation, and the bound that knows the rates "
        "alone. Stored.",
        absent="not recorded yet",
    )


def cost_in_words(before: Iterable[str], after: Iterable[str], dataset: str) -> str:
    r"""Return whether pruning costs the classes of ``dataset`` alike, in sentences.

    ``before`` and ``after`` say for each network, paired by seed, which test images it missed
    (:func:`~l0lib.experiments.answers.pack`). The cost of class :math:`k` is its increase of error :math:`d_k`, the
    mean over its images and over seeds, with the variance :math:`v_k` of that mean over images. Costs are called
    unequal where :math:`\sum_k (d_k - \bar d)^2/v_k`, with the mean :math:`\bar d` weighted by :math:`1/v_k`, exceeds
    what chance exceeds in one of twenty cases (:math:`\chi^2`, one degree of freedom less than classes). Classes of
    which no answer changed are left out of the sum.

    Raises
    ------
    ValueError
        If there are no networks, or not as many before as after.
    """
    from scipy.stats import chi2

    labels = test_labels(dataset)
    first, second = (np.array([answers.unpack(text, len(labels)) for text in side], float) for side in (before, after))
    if not len(first) or len(first) != len(second):
        raise ValueError(
            f"after must hold as many networks as before, one at least; got {len(second)} and {len(first)}"
        )
    grown = 100 * (second - first).mean(0)
    of = [grown[labels == label] for label in range(len(NAMES[dataset]))]
    costs = np.array([one.mean() for one in of])
    variances = np.array([one.var(ddof=1) / len(one) for one in of])
    certain, order = variances > 0, np.argsort(-costs, kind="stable")
    weights = 1 / variances[certain]
    centre = np.average(costs[certain], weights=weights) if weights.size else 0.0
    unequal = weights.size > 1 and float(weights @ (costs[certain] - centre) ** 2) > chi2.ppf(0.95, weights.size - 1)
    most, least = (
        ", ".join(f"{NAMES[dataset][one]} ({signed(costs[one], '+.1f')})" for one in chosen)
        for chosen in (order[:3], order[::-1][:3])
    )
    lead = (
        "No: the costs differ by more than other test images alone would make likely."
        if unequal
        else "No difference is shown: other test images alone could make the costs differ as much."
    )
    return f"{lead} Points of error over the unpruned network: most {most}; least {least}."
