"""The map of α and β: what the two factors of the smoothed l0 term did to a network at every point of a grid.

Its JavaScript stands in ``js/alpha_beta_map.js`` and ``js/map.js`` (what is read at a point).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets as t

from ..figures import explorers as pictures
from .explorer import Explorer, Setting

if TYPE_CHECKING:
    from ..chapters.alpha_beta_map import Reading
    from ..experiments.records import Record


class AlphaBetaMap(Explorer):
    """The grid of trained networks over α and β; a point moves over it, and a second one is compared with it.

    Settings: ``colour`` (what the map shows: ``"error"``, ``"ratio"`` or ``"dead"``), ``ratio`` (1: not pruned),
    ``alpha`` and ``beta`` of the point, ``compare``, and ``alpha_2`` and ``beta_2`` of the second point.

    Parameters
    ----------
    records : iterable of Record
        Runs of the study ``alpha-beta-map``, as many as there are: a point without any says so.

    Raises
    ------
    ValueError
        If a setting has a value that the grid does not have.
    """

    kind = "alpha_beta_map"
    stored: ClassVar[dict[str, Any]]

    def __new__(cls, records: Iterable[Record], **settings: object):
        # the grid is the study's, and settings are declared by class: the theory's explorers load no study
        from ..chapters.alpha_beta_map import table

        data = table(records)
        own = {"declared": _declared(data), "stored": data, "__module__": cls.__module__}
        return super().__new__(type(cls.__name__, (cls,), own))

    def __init__(self, records: Iterable[Record], **settings: object):
        super().__init__(**settings)
        self.view.stored = self.stored

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        return {"stored": t.Dict()}

    def readings(self) -> list[Reading]:
        """Return what is read at the point and, where it is compared, at the second one."""
        from ..chapters.alpha_beta_map import read

        s = self.settings
        points = [(s["alpha"], s["beta"])] + [(s["alpha_2"], s["beta_2"])] * s["compare"]
        return [read(self.stored, alpha, beta, s["ratio"]) for alpha, beta in points]

    def figure(self):
        return pictures.alpha_beta_map(self.stored, self.readings(), self.settings["colour"])

    def describe(self) -> str:
        from ..chapters.alpha_beta_map import COLOURS

        points = [point for row in self.stored["points"] for point in row]
        done = sum(point["run"] is not None for point in points)
        s = self.settings
        shown = COLOURS[s["colour"]] + (f", {s['ratio']:g}×" if s["colour"] == "error" else "")
        told = " ".join(reading.words() for reading in self.readings())
        return f"Map of α and β, {done} of {len(points)} points run, coloured by {shown}. {told}"


def _declared(data: dict[str, Any]) -> tuple[Setting, ...]:
    from ..chapters.alpha_beta_map import COLOURS

    def grid(name: str, label: str, default: float, values: list[float]) -> Setting:
        return Setting(name, label, "log", default, min=values[0], max=values[-1], options=tuple(values))

    alphas, betas, ratios = data["alphas"], data["betas"], [1.0, *data["ratios"]]
    return (
        Setting.choice("colour", "colour", "error", COLOURS),
        grid("ratio", "ratio", 20.0, ratios),
        Setting.check("compare", "compare with a second point, B", False),
        grid("alpha", "A: α of ℓ0", 3.2e-5, alphas),
        grid("beta", "A: β", 5.0, betas),
        grid("alpha_2", "B: α of ℓ0", 1e-6, alphas),
        grid("beta_2", "B: β", 5.0, betas),
    )
