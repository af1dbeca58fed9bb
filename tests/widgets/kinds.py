"""The explorers that compute from formulas alone, as their module defines them, and what the page with all holds."""

from l0lib.widgets import Explorer, Trajectories, explorers

ALL = [
    found
    for found in vars(explorers).values()
    if isinstance(found, type) and issubclass(found, Explorer) and found is not Explorer
]
#: The page holds one of each, and a second race as the last.
KINDS = [*(kind.kind for kind in ALL), "trajectories-2"]


def one_of_each():
    """Return what :data:`KINDS` names."""
    return [*(kind() for kind in ALL), Trajectories(equal=False)]
