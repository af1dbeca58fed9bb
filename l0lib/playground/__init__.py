"""The playground's arithmetic in NumPy: what a reader's browser computes on the page, said once more and tested.

The page trains small networks in JavaScript. Whatever it does is defined here: its random numbers (:mod:`chance`), what
the networks learn (:mod:`tasks`), how they are trained and pruned (:mod:`network`), and a whole view of the page in
words (:mod:`view`).
"""

from . import chance, network, tasks, view

__all__ = ["chance", "network", "tasks", "view"]
