"""Remove neurons from a network: pick units, and see the shapes and counts of the layers that hang on them change.

Its JavaScript stands in ``js/remove_neurons.js`` and ``js/removal.js`` (what is left of each layer).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import traitlets as t

from ..figures import explorers as pictures
from .explorer import Explorer, Setting

if TYPE_CHECKING:
    from ..compress.neurons import Blueprint

#: Every family keeps so many units.
KEEP = 1


class RemoveNeurons(Explorer):
    """The layers of a network, unit by unit: which can go, and what goes with them.

    One row a layer. A unit is drawn the fuller the larger its norm. The slider removes the same share of every family,
    smallest norms first; a click or the space key removes one unit more or brings it back.

    Settings: ``share``.

    Parameters
    ----------
    plan : Blueprint
        Of :func:`l0lib.compress.neurons.blueprint`.
    name : str
        What the network is called.
    """

    kind = "remove_neurons"
    declared = (Setting.linear("share", "share removed", 0.25, 0, 0.9, 0.05),)

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        return {"plan": t.Dict(), "network_name": t.Unicode(), "toggled": t.List()}

    def __init__(self, plan: Blueprint, name: str = "the network", **settings: object):
        self._plan, self._name = plan, name
        super().__init__(**settings)
        self.view.plan = plan.as_json()
        self.view.network_name = name

    def _by_share(self) -> list[set[int]]:
        chosen = []
        for norms in self._plan.norms:
            order = sorted(range(len(norms)), key=norms.__getitem__)
            going = math.floor(self.settings["share"] * len(norms) + 1e-9)
            chosen.append(set(order[: min(going, len(norms) - KEEP)]))
        return chosen

    @property
    def removed(self) -> dict[str, list[int]]:
        """The units that are removed, by the first layer of their family: as ``remove_neurons`` takes them."""
        chosen = self._by_share()
        for family, unit in self.view.toggled:
            chosen[family] ^= {unit}
        names = [family[0] for family in self._plan.families]
        return {name: sorted(units) for name, units in zip(names, chosen, strict=True) if units}

    @removed.setter
    def removed(self, removed: Mapping[str, Iterable[int]]) -> None:
        wanted = {name: set(units) for name, units in removed.items()}
        self._plan.without(wanted)  # refuses what is no unit of the network
        toggled = []
        for place, (family, units) in enumerate(zip(self._plan.families, self._by_share(), strict=True)):
            own = wanted.get(family[0], set())
            if len(own) > len(self._plan.norms[place]) - KEEP:
                raise ValueError(f"removed must leave {KEEP} unit of {family[0]}; got all {len(own)}")
            toggled += [[place, unit] for unit in sorted(own ^ units)]
        self.view.toggled = toggled

    def reset(self) -> None:
        super().reset()
        self.view.toggled = []

    def totals(self) -> dict[str, int]:
        """Return units, parameters and multiply-adds, of the whole network and of what is left."""
        left, whole = self._plan.without(self.removed), self._plan.without()
        units = sum(map(len, self._plan.norms))
        return {
            "units": units,
            "units_left": units - sum(map(len, self.removed.values())),
            "parameters": sum(size.parameters for size in whole),
            "parameters_left": sum(size.parameters for size in left),
            "multiply_adds": sum(size.multiply_adds for size in whole),
            "multiply_adds_left": sum(size.multiply_adds for size in left),
        }

    def figure(self):
        return pictures.remove_neurons(self._plan, self.removed)

    def describe(self) -> str:
        n = self.totals()
        return (
            f"The layers of {self._name}, one row each, a mark for every unit, fuller the larger its norm. "
            f"{n['units_left']:,} of {n['units']:,} units are left, with {n['parameters_left']:,} of "
            f"{n['parameters']:,} parameters and {n['multiply_adds_left']:,} of {n['multiply_adds']:,} multiply-adds."
        )
