"""The playground: two small networks trained side by side in the reader's browser, pruned and fine-tuned.

Its JavaScript stands in ``js/playground``, its arithmetic once more in :mod:`l0lib.playground`.
"""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import traitlets as t

from ..figures import explorers as pictures
from ..playground import tasks, view
from ..playground.view import Run
from .explorer import STATIC, ExplorerView, Pictured


class Playground(Pictured, ExplorerView):
    """Two networks on one task, A and B, each under a penalty of its own; the reader trains, prunes and fine-tunes.

    On a published page everything runs in the reader's browser. In JupyterLab, Python sets the configuration and reads
    what the reader's browser has come to: every pause sends it.

    Parameters
    ----------
    **settings
        Settings to begin with (:data:`l0lib.playground.view.SETTINGS`): ``task``, ``noise``, ``points``, ``seed``,
        ``hidden`` (such as ``"16-16"``), ``activation``, ``batch``, ``rate``, ``momentum``, ``threshold``, ``ratio``;
        and for each network, with ``a_`` or ``b_`` in front, ``penalty``, ``l2``, ``l1``, ``l0``, ``beta``,
        ``clipped``, ``way``. Values between two steps of a slider are refused.

    Raises
    ------
    ValueError
        If a setting is unknown or can take no such value.

    Examples
    --------
    >>> playground = Playground(task="rings", b_penalty="l0")
    >>> playground.settings["b_penalty"]
    'l0'
    """

    _esm = STATIC / "playground.js"

    #: Steps of the picture that stands where the page cannot train.
    PICTURED = 1500

    view: t.Dict = t.Dict().tag(sync=True)
    state: t.Dict = t.Dict().tag(sync=True)
    digits: t.Dict = t.Dict().tag(sync=True)
    digits_wanted: t.Bool = t.Bool().tag(sync=True)

    def __init__(self, **settings: Any):
        super().__init__(kind="playground", view=_words(settings))
        self.observe(self._send_digits, "digits_wanted")

    def _send_digits(self, change) -> None:
        # only where a kernel answers; a published page loads them from a file of its own
        if change["new"]:
            text = tasks.digits_script()
            self.digits = json.loads(text[text.index("{") : text.rindex("}") + 1])

    def configure(self, steps: int = 0, **settings: Any) -> None:
        """Begin anew with these settings, the usual ones for all others, and train ``steps`` steps."""
        words = _words(settings)
        if steps:
            words["steps"] = str(view.count_of_steps(steps))
        self.view = words

    @property
    def settings(self) -> dict[str, Any]:
        """All settings at the start of what is shown."""
        words = {name: value for name, value in self.view.items() if name not in ("steps", "story")}
        return view.defaults() | {name: view.parse(name, value) for name, value in words.items()}

    @property
    def step(self) -> int:
        """Steps made, as of the last pause."""
        return int(self.state.get("step", self.view.get("steps", 0)))

    @property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Weights and biases of each network in turn, as of the last pause; NumPy's if no browser has sent any."""
        if not self.state:
            made = view.run(self.view)
            return {arm: [p.copy() for p in state.parameters] for arm, state in made.networks.items()}
        found = {}
        for arm in view.ARMS:
            flat, sizes = np.array(self.state[arm]["parameters"], dtype=float), self.state[arm]["sizes"]
            shapes = [shape for n, units in itertools.pairwise(sizes) for shape in ((units, n), (units,))]
            parts = np.split(flat, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
            found[arm] = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        return found

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Columns over time, as of the last pause: ``step``, and for each network its loss and its test accuracy."""
        told = self.state.get("history", {})
        return {name: np.array(column, dtype=float) for name, column in told.items() if name != "every"}

    def _pictured(self) -> Run:
        return view.run({"steps": self.PICTURED, **self.view})

    def figure(self):
        """Return a Matplotlib picture of the view, with networks trained by NumPy; an untrained one is trained."""
        return pictures.playground(self._pictured(), self.settings)

    def describe(self) -> str:
        """Return what the picture shows, for readers who do not see it."""
        made, values = self._pictured(), self.settings
        parts = []
        for arm in view.ARMS:
            sizes = np.abs(np.concatenate([w.ravel() for w in made.networks[arm].weights]))
            parts.append(
                f"Network {arm.upper()} ({values[f'{arm}_penalty']}): test accuracy {100 * made.accuracy(arm):.1f} %, "
                f"{int((sizes < values['threshold']).sum())} of {sizes.size} weights below {values['threshold']}."
            )
        return (
            f"Two networks after {made.networks['a'].step} steps on the task {values['task']}. {' '.join(parts)} "
            "With JavaScript they are trained, pruned and fine-tuned here, by you."
        )


def _words(settings: dict[str, Any]) -> dict[str, str]:
    usual = view.defaults()
    taken = {name: view.parse(name, value) for name, value in settings.items()}
    plain = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in taken.items()}
    return {name: plain[name] for name, value in taken.items() if value != usual[name]}
