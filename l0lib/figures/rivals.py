"""Figure of rival methods: a row each, grouped by what they do, with the error at each compression ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..chapters.rival_methods import FAMILIES, NAMES
from ..experiments.results import Result
from ..table import times
from ._style import INK, MARKS, PENALTY_STYLE, label_ticks, new_figure, say


def errors_by_method(methods: Mapping[str, Sequence[Result]]) -> Figure:
    """Draw the test error of each method, a mark a ratio: the mean, and its 95 % interval over seeds.

    ``methods`` is of :func:`l0lib.chapters.rival_methods.by_method`. Penalties have their colours. Without runs there
    is one line that says so.
    """
    ratios = sorted({r.requested for results in methods.values() for r in results})
    if not ratios:
        figure, axis = new_figure(7.2, 0.5)
        axis.set_axis_off()
        say(axis, "not run yet")
        return figure
    rows: list[tuple[str, Sequence[Result] | None]] = []
    for family, names in FAMILIES.items():
        own = sorted((name for name in names if name in methods), key=lambda name: methods[name][-1].test_error_mean)
        if own:
            rows += [(family, None), *((name, methods[name]) for name in own)]
    figure, axis = new_figure(7.2, 0.9 + 0.27 * len(rows))
    for height, (name, results) in enumerate(rows):
        for r in results or ():
            colour = PENALTY_STYLE[name]["color"] if name in PENALTY_STYLE else INK
            low, high = r.interval or (r.test_error_mean, r.test_error_mean)
            axis.plot([max(low, r.test_error_mean / 10), high], [height, height], color=colour, lw=1.4, alpha=0.7)
            mark = MARKS[ratios.index(r.requested) % len(MARKS)]
            axis.plot(r.test_error_mean, height, mark, color=colour, ms=5.5, mfc="white", mew=1.4)
    axis.set_yticks(range(len(rows)), [NAMES.get(name, name) for name, _ in rows])
    for label, (_, results) in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_fontweight("normal" if results else "bold")
    axis.tick_params(axis="y", length=0)
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlabel="test error, %")
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    label_ticks(axis.xaxis, [tick for tick in (1, 1.5, 2, 3, 4, 6, 10, 15, 20, 30, 50, 90) if low <= tick <= high])
    handles = [
        Line2D([], [], color=INK, ls="", marker=MARKS[i % len(MARKS)], mfc="white", mew=1.4, label=times(ratio))
        for i, ratio in enumerate(ratios)
    ]
    axis.legend(handles=handles, frameon=False, ncols=len(ratios), loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure
