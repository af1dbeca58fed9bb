"""A view of the playground in words: settings, steps, and what was done on the way; made again in NumPy.

The words are those of the page's address, such as ``?playground.steps=500``: settings at the start that
are not the usual ones, ``steps``, and ``story``, entries ``step*name*value`` joined by ``~`` for settings that were
changed while training, and ``step*prune*ratio*way of A*way of B``.
"""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..penalties import L0, L1, L2, Penalty
from . import network, tasks

ARMS = ("a", "b")
#: Steps that a view may have at most.
MOST_STEPS = 200_000


def _settings() -> dict[str, dict[str, Any]]:
    found = {}
    for s in json.loads((pathlib.Path(__file__).parent / "settings.json").read_text("utf-8")):
        if s.get("arm"):
            for arm, default in zip(ARMS, s["default"], strict=True):
                found[f"{arm}_{s['name']}"] = {**s, "default": default}
        else:
            found[s["name"]] = s
    return found


#: Every setting by its name; those of a network stand twice, as ``a_beta`` and ``b_beta``.
SETTINGS = _settings()


def defaults() -> dict[str, Any]:
    """Return the values that the playground starts with."""
    return {name: s["default"] for name, s in SETTINGS.items()}


def ladder(setting: Mapping[str, Any]) -> list[float]:
    """Return the values of a logarithmic slider: ``each`` of them a decade, to three digits, both ends included."""
    steps = round(math.log10(setting["max"] / setting["min"]) * setting["each"])
    return [float(f"{setting['min'] * 10 ** (i / setting['each']):.3g}") for i in range(steps + 1)]


def parse(name: str, value: Any) -> Any:
    """Return the value that a setting takes for ``value``, a number, a boolean or a text.

    Raises
    ------
    ValueError
        If there is no such setting, or it can take no such value.
    """
    if name not in SETTINGS:
        raise ValueError(f"{name} is no setting of the playground; it has {', '.join(SETTINGS)}")
    s = SETTINGS[name]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if s["kind"] == "choice":
        for known in s["values"]:
            if str(known) == text or (not isinstance(known, str) and known == number):
                return known
        raise ValueError(f"{name} must be one of {', '.join(map(str, s['values']))}; got {value!r}")
    if s["kind"] == "check":
        if text not in ("true", "false"):
            raise ValueError(f"{name} must be true or false; got {value!r}")
        return text == "true"
    if s["kind"] == "units":
        units = [int(part) if part.isdecimal() else 0 for part in text.split("-")]
        if not (len(units) <= s["most"] and all(s["min"] <= n <= s["max"] for n in units)):
            rule = f"1 to {s['most']} layers of {s['min']} to {s['max']} units, such as 16-16"
            raise ValueError(f"{name} must be {rule}; got {value!r}")
        return "-".join(map(str, units))
    if s["kind"] == "whole":
        if not (number.is_integer() and s["min"] <= number <= s["max"]):
            raise ValueError(f"{name} must be a whole number from {s['min']} to {s['max']}; got {value!r}")
        return int(number)
    if s["kind"] == "linear":
        near = round((number - s["min"]) / s["step"]) * s["step"] + s["min"] if math.isfinite(number) else math.nan
        if not (s["min"] <= number <= s["max"] and abs(near - number) < 1e-9):
            rule = f"a multiple of {s['step']} from {s['min']} to {s['max']}"
            raise ValueError(f"{name} must be {rule}; got {value!r}")
        return type(s["step"])(float(f"{near:.3g}"))
    if number > 0 and math.isfinite(number):
        rungs = ladder(s)
        near = rungs[min(len(rungs) - 1, max(0, round(math.log10(number / s["min"]) * s["each"])))]
        if abs(near / number - 1) < 1e-6:
            return near
    raise ValueError(f"{name} must be a value of its slider from {s['min']} to {s['max']}; got {value!r}")


def nearest(name: str, value: float) -> float:
    """Return the value nearest to ``value`` that a logarithmic slider can hold."""
    return min(ladder(SETTINGS[name]), key=lambda rung: abs(math.log(rung / value)))


def penalty_of(values: Mapping[str, Any], arm: str) -> Penalty | None:
    """Return the penalty of one network."""
    l2, l1, l0, beta = (values[f"{arm}_{name}"] for name in ("l2", "l1", "l0", "beta"))
    known = {"l2": L2(l2), "l1": L1(l1), "l0": L0(l0, beta), "l2+l0": L2(l2) + L0(l0, beta)}
    return known.get(values[f"{arm}_penalty"])


@dataclass(frozen=True)
class Run:
    """What a view comes to: the task, both networks, and their activation."""

    task: tasks.Task
    networks: dict[str, network.State]
    activation: str

    def accuracy(self, arm: str) -> float:
        """Return the share of right answers on the test examples."""
        found = network.scores(self.networks[arm], self.task.test_x, self.activation).argmax(1)
        return float(np.mean(found == self.task.test_y))


def run(words: Mapping[str, Any], arms: Sequence[str] = ARMS) -> Run:
    """Make a view: train both networks as its words say, or only the one in ``arms``: neither sees the other.

    Raises
    ------
    ValueError
        If a word is no setting, or a value, the steps or the story cannot be read, or ``arms`` holds none of
        :data:`ARMS`, or another one.
    """
    if not arms or not set(arms) <= set(ARMS):
        raise ValueError(f"arms must hold one or both of {', '.join(ARMS)}; got {arms!r}")
    values = defaults()
    steps, story = count_of_steps(words.get("steps", 0)), str(words.get("story", ""))
    values |= {name: parse(name, value) for name, value in words.items() if name not in ("steps", "story")}
    task = (
        tasks.digits()
        if values["task"] == "digits"
        else tasks.plane(values["task"], values["points"], values["noise"], values["seed"])
    )
    sizes = [task.x.shape[1], *map(int, values["hidden"].split("-")), task.classes]
    networks = {arm: network.initial(sizes, values["activation"], values["seed"]) for arm in arms}

    def made() -> int:
        return networks[arms[0]].step

    def train(goal: int) -> None:
        penalties = {arm: penalty_of(values, arm) for arm in arms}
        while made() < goal:
            chosen = network.batch(len(task.y), values["batch"], made(), values["seed"])
            for arm, state in networks.items():
                network.step(
                    state,
                    task.x[chosen],
                    task.y[chosen],
                    activation=values["activation"],
                    learning_rate=values["rate"],
                    momentum=values["momentum"],
                    penalty=penalties[arm],
                    clipped=values[f"{arm}_clipped"],
                )

    for entry in filter(None, story.split("~")):
        at, what, *rest = entry.split("*")
        if count_of_steps(at) < made() or count_of_steps(at) > steps:
            raise ValueError(f"story must go on from step to step, up to {steps}; got {entry!r}")
        train(count_of_steps(at))
        if what == "prune" and len(rest) == 3:
            ways = {arm: parse(f"{arm}_way", way) for arm, way in zip(ARMS, rest[1:], strict=True)}
            for arm, state in networks.items():
                total = sum(p.size for p in state.parameters)
                ratio = min(parse("ratio", rest[0]), total)
                network.prune(state, ratio, ways[arm], values["seed"])
        elif len(rest) == 1 and what in SETTINGS and not SETTINGS[what].get("restart"):
            values[what] = parse(what, rest[0])
        else:
            raise ValueError(f"story must hold step*name*value or step*prune*ratio*way*way; got {entry!r}")
    train(steps)
    return Run(task, networks, values["activation"])


def count_of_steps(value: Any) -> int:
    """Return a number of steps, given as a number or a text.

    Raises
    ------
    ValueError
        If it is no whole number from 0 to :data:`MOST_STEPS`.
    """
    text = str(value)
    if not text.isdecimal() or int(text) > MOST_STEPS:
        raise ValueError(f"steps must be a whole number from 0 to {MOST_STEPS}; got {value!r}")
    return int(text)
