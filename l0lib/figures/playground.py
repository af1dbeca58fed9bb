"""The playground's picture: two networks on one task, what each has learnt, and how its weights are spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..playground import network, view
from ._style import GREY, PENALTY_STYLE, new_figure

__all__ = ["playground"]

_REACH = 1.15
_CLASS = (PENALTY_STYLE["l2"]["color"], PENALTY_STYLE["l1"]["color"])
_LABEL = {"none": "no penalty", "l2": "ℓ2", "l1": "ℓ1", "l0": "ℓ0", "l2+l0": "ℓ2 + ℓ0"}


def playground(made: view.Run, settings: Mapping[str, Any]) -> Figure:
    """Draw a view of the playground: above what each network says of the plane, below the magnitudes of its weights.

    Parameters
    ----------
    made : Run
        Of :func:`l0lib.playground.view.run`.
    settings : mapping
        Its settings by name.
    """
    figure, axes = new_figure(7.2, 5.6, rows=2, columns=2, height_ratios=(3, 1.4))
    for column, arm in enumerate(view.ARMS):
        state, above, below = made.networks[arm], axes[0, column], axes[1, column]
        if made.task.x.shape[1] == 2:
            _plane(above, made, state)
        else:
            _filters(above, state)
        above.set_title(f"network {arm.upper()}: {_LABEL[settings[f'{arm}_penalty']]}", fontsize=11)
        above.set_xticks([])
        above.set_yticks([])
        above.grid(False)
        sizes = np.abs(np.concatenate([w.ravel() for w in state.weights]))
        colour = PENALTY_STYLE["l2+l0" if arm == "b" else "l1"]["color"]
        below.hist(np.log10(np.clip(sizes, 1e-5, 10)), bins=np.linspace(-5, 1, 37), color=colour)
        below.axvline(np.log10(settings["threshold"]), color=GREY, ls="--", lw=1)
        below.set_xticks([-5, -3, -1, 0], ["$10^{-5}$", "$10^{-3}$", "0.1", "1"])
        below.set_xlabel("magnitude of a weight")
    axes[1, 0].set_ylabel("weights")
    return figure


def _plane(axis, made: view.Run, state: network.State) -> None:
    grid = np.linspace(-_REACH, _REACH, 80)
    x, y = np.meshgrid(grid, grid)
    z = network.scores(state, np.stack([x.ravel(), y.ravel()], 1), made.activation)
    sure = np.tanh((z[:, 1] - z[:, 0]) / 2).reshape(x.shape)  # from -1, surely the first class, to 1
    shades = LinearSegmentedColormap.from_list("classes", [_CLASS[0], "white", _CLASS[1]])
    axis.imshow(
        0.62 * sure, extent=(-_REACH, _REACH, -_REACH, _REACH), origin="lower", cmap=shades, vmin=-1, vmax=1,
        interpolation="bilinear",
    )  # fmt: skip
    for label, colour in enumerate(_CLASS):
        chosen = made.task.x[made.task.y == label]
        axis.plot(*chosen.T, ".", ms=2.5, color=colour)
    axis.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), aspect="equal")


def _filters(axis, state: network.State, side: int = 8) -> None:
    units = state.weights[0].reshape(-1, side, side)
    columns = int(np.ceil(np.sqrt(len(units))))
    rows = -(-len(units) // columns)
    sheet = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1), np.nan)
    for place, unit in enumerate(units):
        row, column = divmod(place, columns)
        sheet[row * (side + 1) :][:side, column * (side + 1) :][:, :side] = unit
    top = np.nanmax(np.abs(sheet))
    shades = LinearSegmentedColormap.from_list("signs", [_CLASS[1], "white", _CLASS[0]])
    axis.imshow(sheet, cmap=shades, vmin=-top, vmax=top)
