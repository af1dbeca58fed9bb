"""SGD with momentum on a valley: its path beside plain gradient descent and Adam.

Its JavaScript stands in ``js/descent.js`` and ``js/valley.js`` (the paths).
"""

from __future__ import annotations

from ..chapters import networks_in_brief as brief
from ..figures import basics
from .explorer import Explorer, Setting


class Descent(Explorer):
    r"""Steps down the valley :math:`\frac12(x^2 + h y^2)`: plain gradient descent, momentum and Adam.

    Settings: ``eta`` and ``mu`` of SGD (plain descent has the same ``eta``), ``eta_adam``, ``steep`` (:math:`h`),
    ``steps``.
    """

    kind = "descent"
    declared = (
        Setting.log("eta", "learning rate η", 0.01, 1e-3, 1),
        Setting.linear("mu", "momentum μ", 0.9, 0, 0.99, 0.01),
        Setting.log("eta_adam", "η of Adam", 0.1, 1e-3, 1),
        Setting.log("steep", "steepness h", 50.0, 1, 100),
        Setting.log("steps", "steps", 100, 10, 500, whole=True),
    )

    def figure(self):
        return basics.descent(**self.settings)

    def describe(self) -> str:
        s = self.settings
        paths = {
            "Plain gradient descent": brief.momentum_path(s["steep"], s["eta"], 0, s["steps"]),
            f"momentum {s['mu']:g}": brief.momentum_path(s["steep"], s["eta"], s["mu"], s["steps"]),
            f"Adam with the learning rate {s['eta_adam']:g}": brief.adam_path(s["steep"], s["eta_adam"], s["steps"]),
        }
        ends = []
        for name, path in paths.items():
            loss = brief.valley(path[-1], s["steep"])
            ends.append(f"{name} has {f'come to a loss of {loss:.2g}' if loss < brief.LOST else 'left the valley'}")
        return (
            f"Left the paths of three methods down a valley that is {s['steep']:g} times as steep across as along, "
            f"right their loss at each of {s['steps']} steps, with the learning rate {s['eta']:g}. {', '.join(ends)}."
        )
