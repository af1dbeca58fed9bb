"""Searches that are killed at random moments, and end as an undisturbed one does: the trials and all that was drawn.

``python -m tests.experiments.killed_searches --kills 100 --seed 1`` kills so many times; test_search.py a few.
The objective is made up: a trial takes a few milliseconds, so that every part of a search is cut off, Optuna's too.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import optuna  # noqa: F401  a fork need not import it, and is killed in what comes after

from l0lib.experiments import launch, search
from l0lib.experiments import run as runner
from l0lib.experiments.search import Search
from tests.made_up import config

#: Enough of them that TPE draws some.
TRIALS = 11
#: Seconds after which an attempt of its own is a hang.
PATIENCE = 120
POINTS = tuple({"alpha_l0": 10.0**-power, "power": 0.5} for power in (6, 4))


def small(experiment, arm, best):
    """A space of two settings, from which TPE draws differently for each history."""

    def space(trial):
        alpha = trial.suggest_float("alpha_l0", 1e-6, 1e-3, log=True)
        power = trial.suggest_categorical("power", [0.1, 0.25, 0.5])
        penalty = {"strategy": "NORM", "alpha_l0": alpha, "power": power}
        training = {"epochs": 2, "learning_rate": 0.1, "penalty": penalty}
        return config(evaluate_on="validation", arm="lenet-300-100-NORM", training=training)

    return space


def objective(what, seed, runs, **options):
    time.sleep(0.004)
    penalty = what.training.penalty
    return 100 * (penalty.alpha_l0**0.5 + 0.01 * penalty.power)


def searched(folder, at_once):
    """Make the search, or what is left of it, and return its trials."""
    what = Search("experiment-2", "lenet-300-100-NORM", "full", TRIALS, folder, folder, start=POINTS, at_once=at_once)
    with launch.pool() as evaluate:
        found = search.search(what, evaluate)
    return [(trial.number, trial.params, trial.errors, trial.source) for trial in found.trials]


def attempt(folder, at_once, after):
    """Fork a search and kill it after so many seconds; return its exit status, -9 if it was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            searched(folder, at_once)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    began = time.perf_counter()
    wait = PATIENCE if after is None else after
    while time.perf_counter() - began < wait:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if after is None:
        raise AssertionError(f"a search did not end within {PATIENCE} seconds")
    return -signal.SIGKILL


def try_kills(kills, draw, folder):
    """Kill searches so many times in all; return how many searches that took and what each difference was."""
    search.space_of, runner.objective = small, objective
    seen, number, differences = 0, 0, []
    whole, seconds = {}, {}
    for at_once in (1, 3):
        began = time.perf_counter()
        assert attempt(folder / f"whole-{at_once}", at_once, None) == 0
        seconds[at_once] = time.perf_counter() - began
        whole[at_once] = searched(folder / f"whole-{at_once}", at_once)
    while seen < kills:
        number += 1
        at_once = draw.choice((1, 3))
        place, status, mine = folder / f"cut-{number}", None, 0
        while status != 0:
            after = draw.uniform(0, 0.5 * seconds[at_once]) if mine < 8 and seen < kills else None
            status = attempt(place, at_once, after)
            mine += status == -signal.SIGKILL
            seen += status == -signal.SIGKILL
            if status not in (0, -signal.SIGKILL):
                differences.append(f"search {number}, after {mine} kills: ended with status {status}")
                break
        else:
            if (found := searched(place, at_once)) != whole[at_once]:
                differences.append(f"search {number}, {at_once} at once, {mine} kills: {found} for {whole[at_once]}")
    return number, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        number, differences = try_kills(options.kills, random.Random(options.seed), Path(folder))
    print("\n".join(differences))
    print(f"{options.kills} kills of {number} searches, {len(differences)} that ended otherwise")
    return bool(differences)


if __name__ == "__main__":
    raise SystemExit(main())
