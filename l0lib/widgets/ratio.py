"""Slide the compression ratio of stored runs: error on its curve, what each layer keeps, the first layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, log
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets as t

from .. import labels
from ..figures import PENALTY_STYLE
from ..figures import explorers as pictures
from .explorer import Explorer, Setting

if TYPE_CHECKING:
    from ..experiments.config import Config
    from ..experiments.records import LayerCount, Record

_STAGES = {"before": "just pruned", "after": "fine-tuned"}
_TYPICAL = 100.0


#: Methods in the order of the menu, the paper's two first.
_METHODS = {"NORM": "NORM", "SEP": "SEP"} | labels.WAYS
#: By what records may be told apart: the setting's label, the value of a configuration, and the words for some values.
#: A method is the arm's name without its network: ``NORM``, ``SEP``, ``gradual-shift``.
FACETS: dict[str, tuple[str, Callable[[Config], str], dict[str, str]]] = {
    "network": ("network", lambda config: config.network, labels.NETWORKS),
    "penalty": ("penalty", lambda config: config.penalty_name, labels.PENALTIES),
    "pruning": ("pruning", lambda config: config.pruning, labels.PRUNINGS),
    "method": ("method", lambda config: config.arm.removeprefix(f"{config.network}-"), _METHODS),
}


def pack(records: Iterable[Record], facets: Sequence[str]) -> dict[str, Any]:
    """Return what the view shows as plain data: one entry an arm, with its curves before and after fine-tuning.

    ``records`` are runs of any number of arms and seeds, all of one profile and measured on the same images; ``facets``
    names of :data:`FACETS` that tell the arms apart. The dict holds ``facets``, and ``arms``: each with ``choices``,
    ``name``, ``style``, ``dense`` (mean error before pruning, percent), ``layers``, ``shape`` of the first layer, and
    under ``before`` and ``after`` one list for each of ``requested``, ``ratio`` (counted; None where nothing is left),
    ``errors`` (of every seed, percent), ``mean``, ``low``, ``high`` (the 95 % Wilson interval), ``kept`` (of each of
    its :func:`parts`, lowest seed) and ``first`` (whole numbers: counts, or weights in 127ths of the largest one).

    Raises
    ------
    ValueError
        If two arms have the same facets, or records are missing, mixed or of no use.
    """
    from ..experiments.results import results  # not at the top: the theory's explorers need no records

    given = list(records)
    kinds = {(r.config.profile, r.config.evaluate_on) for r in given}
    if len(kinds) != 1:
        raise ValueError(f"records must be of one profile, measured on the same images; got {sorted(kinds)}")
    (kind,) = kinds
    found = results(given, *kind)
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in given:
        groups.setdefault((record.config.experiment, record.config.arm), []).append(record)
    arms: dict[tuple[str, ...], dict[str, Any]] = {}
    for (experiment, name), group in groups.items():
        config = group[0].config
        choice = tuple(FACETS[facet][1](config) for facet in facets)
        of_arm = [r for r in found if (r.experiment, r.arm) == (experiment, name)]
        if not of_arm:  # a run that prunes nothing, such as the dense baseline
            continue
        if choice in arms:
            raise ValueError(f"facets must tell the arms apart; {name} has the same {', '.join(facets)} as another arm")
        points = {(p.requested, p.fine_tuned): p for p in min(group, key=lambda r: r.seed).points}
        some = next(iter(points.values()))
        stages = {}
        for stage, tuned in (("before", False), ("after", True)):
            chosen = sorted((r for r in of_arm if r.fine_tuned == tuned), key=lambda r: r.requested)
            stages[stage] = {
                "requested": [r.requested for r in chosen],
                "ratio": [round(r.ratio, 2) if isfinite(r.ratio) else None for r in chosen],  # JSON has no infinity
                "errors": [[round(e, 4) for e in r.errors.values()] for r in chosen],
                "mean": [r.test_error_mean for r in chosen],
                "low": [r.test_interval[0] for r in chosen],
                "high": [r.test_interval[1] for r in chosen],
                "kept": [[kept for _, kept in parts(points[r.requested, tuned].layers).values()] for r in chosen],
                "first": [_whole(points[r.requested, tuned].first_layer) for r in chosen],
            }
        arms[choice] = {
            "choices": dict(zip(facets, choice, strict=True)),
            "name": ", ".join(FACETS[f][2].get(c, c) for f, c in zip(facets, choice, strict=True)),
            "style": config.penalty_name if config.penalty_name in PENALTY_STYLE else "grey",
            "dense": sum(r.dense.percent for r in group) / len(group),
            "layers": [{"name": name, "parameters": size} for name, (size, _) in parts(some.layers).items()],
            "shape": list(next((p.first_layer_shape for p in points.values() if p.first_layer), ())),
            **stages,
        }
    if not arms:
        raise ValueError("records must hold at least one pruned network; got none")
    order = [list(FACETS[facet][2]) for facet in facets]
    ranked = sorted(arms, key=lambda choice: [_rank(*pair) for pair in zip(order, choice, strict=True)])
    return {"facets": list(facets), "arms": [arms[choice] for choice in ranked]}


def _rank(order: Sequence[str], value: str) -> int:
    return order.index(value) if value in order else len(order)


def parts(layers: Iterable[LayerCount]) -> dict[str, tuple[int, int]]:
    """Return by name what has a bar of its own, with its parameters and the nonzero ones.

    That is a layer; but a residual block is one part, and so are all batch normalisations together: the forty layers of
    a ResNet-20 would be a wall of bars.
    """
    found: dict[str, tuple[int, int]] = {}
    for layer in layers:
        first, *rest = layer.name.split(".")
        if any(piece.startswith("norm") for piece in (first, *rest)):
            name = "normalisations"
        elif first == "blocks":
            name = f"block {int(rest[0]) + 1}"
        else:
            name = f"{first.removesuffix('s')} {int(rest[0]) + 1}" if rest else first
        size, kept = found.get(name, (0, 0))
        found[name] = (size + layer.parameters, kept + layer.nonzero)
    return found


def _whole(values: Sequence[float]) -> list[int]:
    if all(value == int(value) for value in values):
        return [int(value) for value in values]
    most = max(map(abs, values))
    # what is left must not round to zero, which is what was removed
    return [round(127 * v / most) or (v > 0) - (v < 0) for v in values]


def nearest(ratios: Iterable[float], ratio: float) -> float:
    """Return the entry of ``ratios`` nearest to ``ratio`` on a logarithmic scale; the lower of two equally near."""
    return min(sorted(ratios), key=lambda each: abs(log(each / ratio)))


class CompressionRatio(Explorer):
    """Stored runs at a compression ratio of the reader's choice.

    Above, test error against compression ratio, just pruned and fine-tuned: the mean, every seed as a dot, and the
    interval that so many test images allow. Below, what each layer keeps and what is left of the first layer.

    Settings: ``ratio`` (those stored), ``stage`` (whose layers are shown: ``"before"`` or ``"after"`` fine-tuning),
    and one for each of ``facets``.

    Parameters
    ----------
    records : iterable of Record
        As :func:`pack` takes them.
    facets : sequence of str, default ("penalty", "pruning")
        By what the reader chooses among them: ``network``, ``penalty``, ``pruning``, ``method``.

    Raises
    ------
    ValueError
        As in :func:`pack`, or if a setting has a value that no run has.
    """

    kind = "compression_ratio"

    def __new__(cls, records: Iterable[Record], facets: Sequence[str] = ("penalty", "pruning"), **settings: object):
        # what can be set depends on the records, and settings are declared by class: each has a class of its own
        stored = pack(records, facets)
        own = {"declared": _declared(stored), "stored": stored, "__module__": cls.__module__}
        return super().__new__(type(cls.__name__, (cls,), own))

    def __init__(self, records: Iterable[Record], facets: Sequence[str] = ("penalty", "pruning"), **settings: object):
        super().__init__(**settings)
        self.view.stored = self.stored

    stored: ClassVar[dict[str, Any]]

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        return {"stored": t.Dict()}

    def chosen(self) -> dict[str, Any]:
        """Return what is shown: ``arm`` (None where none is recorded), ``asked``, ``before`` and ``after`` at it."""
        s = self.settings
        names = self.stored["facets"]
        arm = next((a for a in self.stored["arms"] if all(a["choices"][n] == s[n] for n in names)), None)
        if arm is None:
            return {"arm": None, "asked": None, "before": None, "after": None}
        asked = nearest([*arm["before"]["requested"], *arm["after"]["requested"]], s["ratio"])
        at: dict[str, Any] = {"arm": arm, "asked": asked}
        for stage in _STAGES:
            place = arm[stage]["requested"].index(asked) if asked in arm[stage]["requested"] else None
            at[stage] = None if place is None else {key: column[place] for key, column in arm[stage].items()}
        return at

    def figure(self):
        return pictures.compression_ratio(self.stored, self.chosen(), self.settings["stage"])

    def describe(self) -> str:
        at = self.chosen()
        if at["arm"] is None:
            return "No runs of this choice are recorded yet; other choices show test error against compression ratio."
        told = []
        for stage, words in _STAGES.items():
            here = at[stage]
            found = "nothing stored here"
            if here is not None:
                found = f"test error {here['mean']:.2f} % (95 % interval {here['low']:.2f} to {here['high']:.2f})"
            told.append(f"{words}: {found}")
        here = at[self.settings["stage"]] or at["before"] or at["after"]
        layers = ", ".join(
            f"{layer['name']} {kept:,} of {layer['parameters']:,}"
            for layer, kept in zip(at["arm"]["layers"], here["kept"], strict=True)
        )
        return (
            f"Test error against compression ratio of {at['arm']['name']}, with a mark at {at['asked']:g}. "
            f"{'; '.join(told)}; whole network {at['arm']['dense']:.2f} %. Kept by layer: {layers}."
        )


def _declared(stored: dict[str, Any]) -> tuple[Setting, ...]:
    arms = stored["arms"]
    ratios = sorted({r for arm in arms for stage in _STAGES for r in arm[stage]["requested"]})
    settings = []
    for facet in stored["facets"]:
        label, _, words = FACETS[facet]
        values = list(dict.fromkeys(arm["choices"][facet] for arm in arms))
        values.sort(key=lambda value: _rank(list(words), value))
        settings.append(Setting.choice(facet, label, values[0], {value: words.get(value, value) for value in values}))
    stage = "after" if any(arm["after"]["requested"] for arm in arms) else "before"
    settings.append(Setting.choice("stage", "layers shown", stage, _STAGES))
    start = nearest(ratios, _TYPICAL)
    settings.append(Setting("ratio", "ratio", "log", start, min=ratios[0], max=ratios[-1], options=tuple(ratios)))
    return tuple(settings)
