"""The playground's arithmetic in NumPy: what a reader's browser computes on the page, said once more and tested.

The page trains small networks in JavaScript. Whatever it does is defined here: its random numbers (:mod:`chance`), what
the networks learn (:mod:`tasks`), and how they are trained and pruned (:mod:`network`).
"""

from . import chance, network, tasks

__all__ = ["chance", "network", "tasks"]
