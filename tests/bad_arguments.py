"""Calls of the public functions with arguments nobody should give, and a few that are right.

A call returns something of the right shape without NaN, or raises a ValueError that names an argument and says a rule;
it warns of nothing and takes no longer than two seconds. ``python -m tests.bad_arguments --calls 30000 --seed 1`` makes
many calls and prints those that break this.
"""

from __future__ import annotations

import argparse
import copy
import random
import re
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch

from l0lib import L0, L1, L2, Sum, _counts, attraction, compress, count_nonzero, landscape
from l0lib.compress import augment, data, distill, inference, models, neurons, storage

SECONDS = 2


class Door(NamedTuple):
    """A public function, what a right argument is, by name, and whether a result is right."""

    call: Callable
    right: dict[str, Callable[[random.Random], Any]]
    holds: Callable[[Any, dict], bool]


def number(low: float, high: float) -> Callable[[random.Random], float]:
    """A number between two positive ones, evenly on a logarithmic scale."""
    return lambda draw: float(np.exp(draw.uniform(np.log(low), np.log(high))))


def odd(draw: random.Random) -> Any:
    """Something that is an argument only by accident, if at all."""
    return draw.choice(
        [
            lambda: draw.choice([0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e154, 1e300, 1.7e308, -1e300]),
            lambda: 10.0 ** draw.uniform(-320, 308) * draw.choice([1, 1, -1]),
            lambda: draw.choice([float("nan"), float("inf"), -float("inf")]),
            lambda: draw.choice([10**400, -(10**400), 10**5000, 10**12, 0, -1, 2, True, False]),
            lambda: draw.choice([None, "", "1.5", "moons", b"1", 1j, object(), print, Ellipsis, {}, {"a": 1}, {1.0}]),
            lambda: draw.choice([Fraction(1, 3), Fraction(10**400), Decimal("0.5"), Decimal("NaN"), np.float32(2)]),
            lambda: draw.choice([np.int64(3), np.bool_(True), np.float64("nan"), np.str_("a"), np.datetime64("2020")]),
            lambda: draw.choice([[], [1.0, 2.0], [[1.0], [2.0, 3.0]], [None], ["a"], (1, 2, 3), range(3), [10**400]]),
            lambda: np.array([draw.choice([1.0, 0.5, 1e300, 0.0, -2.0]) for _ in range(draw.randrange(4))]),
            lambda: draw.choice([np.ones((2, 3)), np.ones((3, 1)), np.ones(2, int), np.array(1.5), np.zeros((0, 2))]),
            lambda: draw.choice([np.array([1, "a"], object), np.array([1j]), np.array(["a"]), np.array([np.inf])]),
            lambda: draw.choice([np.ones(3, np.float32), np.ones(2, np.float16), L1(1.0), L2, iter([1.0])]),
        ]
    )()


weight, rate = (lambda draw: draw.uniform(-2, 2)), number(1e-3, 1.0)
alpha, beta = number(1e-6, 10.0), number(1.0, 1e3)
below_one = number(1e-3, 0.99)


def falling_rates(draw: random.Random) -> Any:
    return np.sort([rate(draw) for _ in range(draw.randrange(1, 9))])[::-1]


def some(draw: random.Random) -> Any:
    """A penalty of any kind, now and then with strengths at the ends of what floats hold."""
    strength, sharp = (alpha, beta) if draw.random() < 0.7 else (number(1e-300, 1e150), number(1.0, 1e150))
    kinds = [L2(strength(draw)), L1(strength(draw)), L0(strength(draw), sharp(draw)), L1(0.0), L0(0.0, 5.0)]
    kinds.append(L0(np.array([0.1, 0.2]), 5.0))
    return draw.choice([*kinds, kinds[0] + kinds[2], kinds[1] + kinds[2], kinds[0] + kinds[1], Sum(*kinds[:3])])


def smooth(draw: random.Random) -> Any:
    return L0(alpha(draw), beta(draw)) if draw.random() < 0.6 else L0(number(1e-300, 1e150)(draw), 1e150)


def shaped(result: Any, given: dict) -> bool:
    """Of the arguments' common shape, and without NaN."""
    shapes = [np.shape(value) for value in given.values() if not isinstance(value, L1 | L2 | L0 | Sum)]
    for penalty in (value for value in given.values() if isinstance(value, L1 | L2 | L0 | Sum)):
        shapes += [np.shape(value) for term in penalty.terms for value in vars(term).values()]
    common = np.broadcast_shapes(*shapes)  # or a part of it, where an argument does not matter
    return np.broadcast_shapes(common, np.shape(result)) == common and not np.isnan(np.asarray(result)).any()


def without_nan(result: Any, given: dict) -> bool:
    return not any(np.isnan(np.asarray(part, dtype=float)).any() for part in np.atleast_1d(result))


def pair_of_numbers(result: Any, given: dict) -> bool:
    return len(result) == 2 and all(np.isfinite(result))


def anything(result: Any, given: dict) -> bool:
    return True


def method(name: str) -> Callable:
    """A method of a penalty as a function."""

    def call(self, **arguments):
        return getattr(self, name)(**arguments)

    call.__name__ = name
    return call


def total(draw: random.Random) -> int:
    return draw.choice([1, 10, 1000, 10**9, 10**400])


THEORY = [
    Door(L2, {"alpha": alpha}, anything),
    Door(L0, {"alpha": alpha, "beta": beta}, anything),
    Door(count_nonzero, {"w": weight}, without_nan),
    *(Door(method(name), {"self": some, "w": weight}, shaped) for name in ("elementwise", "gradient")),
    Door(method("value"), {"self": some, "w": weight}, without_nan),
    Door(method("prox"), {"self": some, "v": weight, "step": rate}, shaped),
    *(
        Door(call, {"penalty": some, "w": weight, "eta": rate}, shaped)
        for call in (attraction.term, attraction.step, attraction.scaling_factor, attraction.alpha_bound)
    ),
    Door(
        attraction.trajectory,
        {
            "penalty": some,
            "w0": weight,
            "eta": rate,
            "steps": lambda draw: draw.randrange(200),
            "sample": lambda draw: draw.choice([None, "final", [0], [0, 1]]),
        },
        without_nan,
    ),
    *(
        Door(call, {"penalty": some, "eta": rate}, shaped)
        for call in (attraction.critical_magnitude, attraction.crossing_magnitude)
    ),
    Door(attraction.swing_band, {"penalty": some, "eta": rate, "momentum": below_one}, anything),
    Door(
        attraction.alpha_for_threshold,
        {"penalty": some, "threshold": rate, "eta": rate, "momentum": below_one},
        without_nan,
    ),
    Door(attraction.mean_under_noise, {"penalty": some, "eta": rate, "noise": rate}, shaped),
    Door(
        attraction.square_norm_at_rest,
        {"gamma": rate, "eta": rate, "alpha": rate, "momentum": below_one},
        without_nan,
    ),
    Door(attraction.swing_after, {"penalty": some, "rates": falling_rates}, without_nan),
    Door(
        attraction.momentum_trajectory,
        {"penalty": some, "w0": weight, "rates": falling_rates, "momentum": below_one},
        without_nan,
    ),
    Door(
        attraction.adam_trajectory,
        {"penalty": some, "w0": weight, "eta": rate, "steps": lambda draw: draw.randrange(50)},
        without_nan,
    ),
    Door(landscape.separating_start, {"penalty": smooth, "v": weight, "curvature": rate}, anything),  # NaN: none
    Door(landscape.kept_by_rising_beta, {"alpha": alpha, "curvature": rate}, without_nan),
    Door(
        attraction.steps_to_zero,
        {"penalty": some, "w0": weight, "eta": rate, "epsilon": lambda draw: draw.choice([None, None, 1e-3])},
        shaped,
    ),
    Door(attraction.reach, {"penalty": some, "total": number(1e-3, 1e4)}, shaped),
    Door(attraction.settled_bands, {"penalty": smooth, "eta": rate}, pair_of_numbers),
    Door(attraction.match_initial_rate, {"first_step": rate, "w0": weight, "eta": rate, "beta": beta}, anything),
    Door(attraction.best_beta, {"magnitude": rate}, shaped),
    Door(attraction.crossover_l1, {"beta": beta}, shaped),
    Door(attraction.crossover_l2, {"beta": beta}, shaped),
    Door(landscape.kappa, {"penalty": smooth, "curvature": rate}, shaped),
    Door(landscape.kill_zone, {"penalty": smooth, "curvature": rate}, shaped),
    Door(landscape.objective, {"penalty": smooth, "w": weight, "v": weight, "curvature": rate}, shaped),
    Door(landscape.minimiser, {"penalty": smooth, "v": weight, "curvature": rate}, shaped),
    Door(landscape.stationary_point, {"penalty": smooth, "v": weight, "curvature": rate}, anything),  # NaN: none
    Door(landscape.regime, {"penalty": smooth, "v": weight, "curvature": rate}, anything),  # words
    Door(landscape.jump, {"penalty": smooth, "curvature": rate}, pair_of_numbers),
    Door(landscape.soft_threshold, {"v": weight, "threshold": rate}, shaped),
    Door(landscape.hard_threshold, {"v": weight, "threshold": rate}, shaped),
    Door(
        _counts.number_to_keep, {"total": total, "ratio": number(1.0, 10.0)}, lambda result, given: type(result) is int
    ),
    Door(
        _counts.apportion,
        {"sizes": lambda draw: [total(draw) for _ in range(3)], "keep": lambda draw: draw.randrange(4)},
        lambda result, given: sum(result) == given["keep"],
    ),
    Door(
        _counts.wilson_interval,
        {
            "errors": lambda draw: draw.randrange(100),
            "images": lambda draw: draw.randrange(100, 10**6),
            "confidence": lambda draw: draw.choice([0.95, 0.5, 1 - 2**-53]),
        },
        pair_of_numbers,
    ),
]


def network(draw: random.Random) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))


def odd_of_torch(draw: random.Random) -> Any:
    """As :func:`odd`, and what only torch knows."""
    if draw.random() < 0.5:
        return odd(draw)
    return draw.choice(
        [
            lambda: draw.choice([torch.nn.LazyLinear(3), torch.nn.ReLU(), torch.nn.Linear(4, 2), torch.nn.Linear]),
            lambda: draw.choice([torch.ones(2), torch.ones(3, dtype=torch.long), torch.tensor(1.0), torch.ones(0)]),
            lambda: draw.choice([torch.ones(2, 3, dtype=torch.complex64), torch.ones(2, 4), torch.ones(2, 1, 5, 5)]),
            lambda: draw.choice([[], [torch.nn.Linear(2, 2)], "cosine", torch.Generator(), torch.float32]),
        ]
    )()


def batch(*shape: int) -> Callable[[random.Random], torch.Tensor]:
    return lambda draw: torch.rand(*shape)


def one(value: Any) -> Callable[[random.Random], Any]:
    return lambda draw: value


def whole(least: int, most: int) -> Callable[[random.Random], int]:
    return lambda draw: draw.randint(least, most)


GENERATOR, SPLIT = one(torch.Generator()), {"labels": one(np.arange(10) % 2), "sizes": one((6, 4))}
LABELS, LOSS_LABELS = one(torch.tensor([0, 1, 1, 0, 1])), one(torch.tensor([0, 1, 2, 0]))
RUN = {"step": whole(0, 4), "steps": whole(5, 9)}
RATIOS = {**RUN, "first": number(1, 2), "last": number(3, 9)}
WARM = {"schedule": one("cosine"), "steps": whole(5, 9), "start": rate, "warm_up": whole(0, 4)}
SHIFT = {"images": batch(3, 5, 5), "dx": whole(-2, 2), "dy": whole(-2, 2), "reach": one(None)}
LOSS = {"scores": batch(4, 3), "teacher_scores": batch(4, 3), "labels": LOSS_LABELS, "temperature": rate}


class Chained(torch.nn.Sequential):
    def chain(self):
        return [(self[0], torch.relu), (self[2], lambda x: x)]


PRUNED = Chained(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
KEPT = compress.prune_global(PRUNED, 2)


def chain(draw: random.Random) -> torch.nn.Module:
    return copy.deepcopy(PRUNED)


def normed(draw: random.Random) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))


def found_neurons(draw: random.Random) -> list:
    return neurons.neurons(network(draw), torch.rand(1, 4))


SEED = {"seed": whole(0, 9)}
TRAINING = {"epochs": whole(1, 2), "learning_rate": rate, "batch_size": whole(1, 9), **SEED}
HOW = {"learning_rate": rate, "update": one("coupled"), "momentum": one(0.9), "warm_up": one(0.5), "device": one("cpu")}
HOW |= {"schedule": one("cosine"), "shift": one(0), "mirror": one(False), "bf16": one(False), "temperature": one(2.0)}
BATCHES = {"model": network, "batches": lambda draw: [(torch.rand(5, 4), LABELS(draw))]}
TEST = {"model": network, "part": lambda draw: (torch.rand(5, 4), LABELS(draw)), "batch_size": whole(1, 9)}
ENGINE = [
    Door(compress.cosine, {**RUN, "start": rate, "end": one(0.5)}, without_nan),
    Door(compress.step_decay, {**RUN, "start": rate}, without_nan),
    Door(compress.learning_rates, WARM, without_nan),
    *(Door(schedule, RATIOS, without_nan) for schedule in compress.SCHEDULES.values()),
    Door(augment.shift, SHIFT, anything),
    Door(
        augment.draw_shifts, {"count": whole(0, 5), "most": whole(0, 5), "generator": one(torch.Generator())}, anything
    ),
    Door(augment.mirror, {"images": batch(3, 5, 5), "which": one(torch.ones(3, dtype=torch.bool))}, anything),
    Door(augment.draw_mirrors, {"count": whole(0, 5), "generator": GENERATOR}, anything),
    Door(distill.loss, LOSS, anything),
    Door(distill.scores, {"teacher": network, "images": batch(5, 4), "batch_size": whole(1, 9)}, anything),
    Door(data.stratified_split, {**SPLIT, "seed": whole(0, 9)}, anything),
    Door(compress.lenet_300_100, {"seed": whole(0, 9)}, anything),
    Door(models.restart, {"model": network, "seed": whole(0, 9)}, anything),
    *(
        Door(getattr(compress, name), {"model": network}, anything)
        for name in (
            "count_parameters",
            "count_nonzero_parameters",
            "compression_ratio",
            "weights_only_ratio",
            "layers",
            "footprint",
            "norm_parameters",
            "layer_sizes",
            "bytes_on_disk",
        )
    ),
    Door(compress.keep_largest, {"scores": batch(5), "keep": whole(0, 5)}, anything),
    Door(compress.prune_global, {"model": network, "ratio": number(1, 4)}, anything),
    Door(compress.prune_layerwise, {"model": network, "ratio": number(1, 4)}, anything),
    Door(compress.prune_random, {"model": network, "ratio": number(1, 4), "seed": whole(0, 9)}, anything),
    Door(compress.multiply_adds, {"model": network, "example": batch(1, 4)}, anything),
    Door(neurons.neurons, {"model": network, "example": batch(1, 4)}, anything),
    Door(compress.normalised, {"penalty": some, "sizes": one({"a": 3, "b": 5}), "power": one(0.5)}, anything),
    Door(compress.parameter_groups, {"model": network, "penalty": some}, anything),
    Door(
        compress.PenalisedSGD,
        {"params": lambda draw: list(network(draw).parameters()), "lr": rate, "momentum": one(0.9), "penalty": some},
        anything,
    ),
    Door(compress.wrong_answers, TEST, anything),
    Door(compress.evaluate, TEST, anything),
    Door(compress.train, {"model": network, "part": TEST["part"], "penalty": some, **TRAINING}, anything),
    Door(compress.train, {"model": network, "part": TEST["part"], "epochs": whole(1, 2), **HOW}, anything),
    Door(compress.recalibrate, {"model": normed, "part": TEST["part"], "batch_size": whole(2, 9), **SEED}, anything),
    Door(compress.prune_to_tolerance, {**BATCHES, "tolerance": rate}, anything),
    Door(compress.layer_sensitivity, {**BATCHES, "ratios": one([1, 2])}, anything),
    Door(compress.add_gradient_, {"parameters": network, "penalty": some}, anything),
    Door(compress.pull_, {"parameters": network, "penalty": some, "lr": rate, "update": one("clipped")}, anything),
    Door(compress.strip, {"model": network}, anything),
    Door(inference.sparse_network, {"model": network, "backend": one("torch-csr")}, anything),
    Door(compress.shrink, {"model": chain, "masks": one(KEPT)}, anything),
    Door(compress.remove_dead_paths, {"model": chain, "masks": one(KEPT)}, anything),
    Door(compress.prune_alive, {"model": chain, "ratio": number(1, 3), "prune": one(compress.prune_global)}, anything),
    Door(neurons.smallest_neurons, {"found": found_neurons, "share": one(0.5)}, anything),
    Door(neurons.remove_neurons, {"model": network, "units": one({"0": [1]}), "example": batch(1, 4)}, anything),
    Door(neurons.silence_neurons, {"model": network, "units": one({"0": [1]}), "example": batch(1, 4)}, anything),
    Door(storage.pack, {"tensors": one({"a": torch.ones(3)}), "encoding": one("csr"), "coding": one("zlib")}, anything),
    Door(storage.unpack, {"data": one(storage.pack({"a": torch.ones(3)}, "csr", "zlib"))}, anything),
]


@contextmanager
def limited() -> Iterator[None]:
    """Break off what takes longer than it may."""

    def broken_off(*_: Any) -> None:
        raise TimeoutError(f"takes longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, broken_off)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fault(door: Door, given: dict[str, Any]) -> str:
    """What is wrong with a call: an empty text, if nothing is."""
    try:
        with limited(), warnings.catch_warnings():
            warnings.simplefilter("error")
            result = door.call(**given)
            return "" if door.holds(result, given) else f"returned {result!r}"
    except ValueError as error:
        # penalties are made of alpha and beta, and a rule says what must be
        names = "|".join([*given, "epochs", "alpha", "beta", "penalty", "shapes", "w", "model", "distillation_weight"])
        says = re.search(rf"\b({names})\b.* must .*", str(error)) and "\n" not in str(error)
        return "" if says else f"names no argument and rule: {error}"
    except (RuntimeError, TypeError) as error:
        # what the network itself says of images of another shape is for the caller
        frames = traceback.extract_tb(error.__traceback__)
        its_own = "torch/nn/modules" in frames[-1].filename or "loss must stay finite" in str(error)
        return "" if its_own else f"{type(error).__name__}: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def calls(doors: list[Door], number: int, seed: int) -> Iterator[tuple[Door, dict[str, Any]]]:
    """Draw calls with one odd argument as a rule, now and then none or all."""
    draw = random.Random(seed)
    for _ in range(number):
        door = draw.choice(doors)
        share = draw.choice([0.0, 1 / len(door.right), 1 / len(door.right), 0.5, 1.0])
        strange = odd_of_torch if door in ENGINE else odd
        bad = {name for name in door.right if name != "self" and draw.random() < share}
        yield door, {name: strange(draw) if name in bad else right(draw) for name, right in door.right.items()}


def faults(doors: list[Door], number: int, seed: int) -> list[str]:
    """Make the calls and describe those that break the rule."""
    found = []
    for door, given in calls(doors, number, seed):
        if what := fault(door, given):
            shown = ", ".join(f"{name}={_shown(value)}" for name, value in given.items())
            found.append(f"{door.call.__name__}({shown}): {what[:300]}")
    return found


def _shown(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # too many digits to print
        return type(value).__name__


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--doors", choices=["theory", "engine"], default="theory")
    parser.add_argument("--calls", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = faults({"theory": THEORY, "engine": ENGINE}[asked.doors], asked.calls, asked.seed)
    print(*found, sep="\n")
    print(f"{len(found)} of {asked.calls} calls of the {asked.doors} break the rule")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
