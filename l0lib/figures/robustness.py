"""Figure of errors on changed digits, and of how sure networks are, against the compression ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from matplotlib.figure import Figure

from .. import labels
from ..chapters.robustness import WAYS, Networks
from ._style import GREY, PENALTY_STYLE, label_ticks, new_figure, say

_BOTH, _L2 = (PENALTY_STYLE[name]["color"] for name in ("l2+l0", "l2"))
#: Dashes and marks for the arms; each has the colour of its penalty, and the control under l2 that of l2.
_LOOKS = {
    "NORM": {"color": _BOTH, "marker": "o", "ls": "-"},
    "SEP": {"color": _BOTH, "marker": "s", "ls": "--"},
    "NORM-scratch": {"color": _BOTH, "marker": "v", "ls": ":"},
    "distilled": {"color": _BOTH, "marker": "<", "ls": (0, (7, 2))},
    "l2": {"color": _L2, "marker": "^", "ls": "-."},
}
_LEVELS = ((0, (6, 4)), (0, (2, 2)))
_OTHER = {"color": _BOTH, "marker": "D", "ls": "-."}


def robustness(found: Sequence[Networks]) -> Figure:
    """Draw errors on the test digits and on changed ones, and the calibration error, against the compression ratio.

    One line an arm, fine-tuned: means, and bars of one deviation over seeds. Grey levels are dense networks.
    """
    panels: dict[str, Callable[[Networks], list[float]]] = {"test digits: error, %": Networks.errors}
    for how in WAYS:
        panels[f"{how}: error, %"] = lambda one, how=how: one.errors(how)  # type: ignore[misc]
    panels["calibration error, points"] = lambda one: one.calibration_error
    figure, axes = new_figure(7.6, 5.4, rows=2, columns=3)
    *places, corner = axes.flat
    arms = list(dict.fromkeys(one.arm for one in found if one.ratio > 1))
    for axis, (title, of) in zip(places, panels.items(), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set(xscale="log", xlabel="compression ratio")
        if not found:
            say(axis, "no runs recorded yet")
        for arm in arms:
            line = [one for one in found if one.arm == arm and of(one)]
            spread = [stdev(of(one)) if len(of(one)) > 1 else 0.0 for one in line]
            look = _LOOKS.get(arm.removeprefix("lenet-300-100-"), _OTHER)
            means = [fmean(of(one)) for one in line]
            axis.errorbar([one.ratio for one in line], means, spread, label=labels.run(arm), ms=4, lw=1.4, **look)
        for one, dashes in zip((one for one in found if one.ratio == 1), _LEVELS, strict=False):
            if of(one):
                axis.axhline(fmean(of(one)), color=GREY, lw=1, ls=dashes, label=labels.run(one.arm))
        label_ticks(axis.xaxis, sorted({one.ratio for one in found if one.ratio in (20, 50, 100, 150)}), "×")
        axis.set_ylim(0)  # only now: it ends the search for the upper end
    corner.axis("off")
    if found:
        corner.legend(*places[0].get_legend_handles_labels(), frameon=False, loc="center left")
    return figure
