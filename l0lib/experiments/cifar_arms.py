"""The studies of the CIFAR chapters: compression (3), sweeps of the factors without fine-tuning (4, 5), neurons (6).

The paper runs 4 and 5 on CIFAR-100. The sweeps run on CIFAR-10 too, in arms of their own: there Experiment 4 trains for
as long as Experiment 3 does, and Experiment 5 also has ResNet-20, in ten epochs. Both scale the factors to match.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .config import Config, Data, Network, Training
from .settings import Chosen, of

#: Compression ratios before fine-tuning: around those of the paper's Tables 4 to 6 and of its rivals.
RATIOS: Mapping[Network, tuple[float, ...]] = {
    "resnet-20": (1.26, 1.59, 1.75, 2.27, 3.17, 4.0, 5.0, 6.5, 8.0, 10.0, 15.0, 20.0),
    "vgg-16": (2.0, 2.78, 4.67, 6.92, 10.47, 14.76, 18.63, 25.0, 35.0, 50.0, 75.0, 100.0),
    "resnet-50": (2.0, 5.0, 8.0, 10.0, 13.0, 16.0, 20.0, 25.0, 30.0, 40.0, 60.0, 100.0),
}
#: Those after fine-tuning.
FINE_TUNED: Mapping[str, tuple[float, ...]] = {"resnet-20": (5.0, 10.0), "vgg-16": (6.92, 14.76)}
#: Those of RATIOS at which statistics are measured anew.
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


def _dense(training: Training) -> Training:
    """The baseline: the same training under the l2 term alone."""
    return training.model_copy(update={"penalty": training.penalty.l2_alone()})


def _experiment_3(settings: Mapping[str, Chosen], networks: tuple[Network, ...], **more: Any) -> dict[str, Config]:
    arms = {}
    ratios, fine_tuned = more.pop("ratios", RATIOS), more.pop("fine_tuned", FINE_TUNED)
    for network in networks:
        common = {"experiment": "experiment-3", "dense_arm": f"{network}-dense", "network": network, **more}
        common["ratios"] = ratios[network]
        plain = _dense(settings[f"{network}-NORM"].training)
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
    arms = _experiment_3(of("experiment-3"), ("resnet-20", "vgg-16"), dataset="cifar10")
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
    small = {name: _small(it) for name, it in of("experiment-3").items()}
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
            ratios=RATIOS[network],
        )
        for name, point in zip(names, points, strict=True)
    }


def experiment_4() -> dict[str, Config]:
    """Experiment 4: VGG-16 under four factors of the l0 term (paper, Section 4.4, Figure 8, Table 6).

    On CIFAR-100 the factors are the paper's and the training is of a customary length. On CIFAR-10 the training is
    Experiment 3's and the factors are scaled, so that two of the four networks are those of Experiment 3; the arms
    ``short-cifar100-…`` do the same on CIFAR-100.
    """
    short, customary = of("experiment-3")["vgg-16-NORM"], of("experiment-4")["vgg-16"]
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
    chosen = of("experiment-5")
    arms = _sweep(
        "experiment-5", "resnet-20", "cifar10", chosen["resnet-20"].training, _points_5(SCALED_5), "resnet-20"
    )
    for dataset in ("cifar10", "cifar100"):
        arms |= _sweep("experiment-5", "resnet-50", dataset, chosen["resnet-50"].training, _points_5(ALPHAS_5))
    return arms


def _experiment_6(
    chosen: Chosen, network: Network, removed: tuple[tuple[float, float], ...], **more: Any
) -> dict[str, Config]:
    dense = _dense(chosen.training)
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
    return _experiment_6(of("experiment-3")["vgg-16-NORM"], "vgg-16", REMOVED, dataset="cifar10")


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
    chosen = _small(of("experiment-3")["resnet-20-NORM"], 1)
    return _experiment_6(chosen, "resnet-20", ((0.25, 1.0), (0.25, 5.0)), dataset="photographs", profile="fast")


def sweep_fast(experiment: str, network: Network) -> dict[str, Config]:
    """One arm of Experiment 4 or 5 in small."""
    arms = experiment_4() if experiment == "experiment-4" else experiment_5()
    arm = arms[list(arms)[-1]]  # the largest of the paper's factors
    training = _small(of(experiment)[network], 1).training
    small = {
        "arm": f"{network}-small",
        "dense_arm": "",
        "dataset": "photographs",
        "profile": "fast",
        "training": training.model_copy(update={"penalty": arm.training.penalty}).model_dump(),
        "ratios": (2.0, 10.0),
    }
    return {f"{network}-small": Config.model_validate(arm.model_dump() | small)}
