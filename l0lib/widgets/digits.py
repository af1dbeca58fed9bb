"""Draw a digit: a network runs on it in the reader's browser, a dense one beside it where the reader asks for it.

Its JavaScript stands in ``js/draw_a_digit.js``, ``js/digit.js`` (from a drawing to an image) and ``js/network.js``.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import traitlets as t

from ..chapters.image_networks import ImageNetwork, read_script, script_json
from ..figures import explorers as pictures
from .explorer import Explorer, Setting

#: A drawing's coordinates are whole numbers from 0 to this, the side of the drawing square.
UNITS = 280
_GRID, _SIDE, _BOX = 112, 28, 20
_OWN = "own"

Strokes = Sequence[Sequence[float]]


def ink(strokes: Strokes, pen: float) -> np.ndarray:
    """Return a drawing in black and white, a boolean array (112, 112), top row first.

    Each stroke is x0, y0, x1, y1, ... in ``UNITS``, y pointing down. ``pen`` is the width of the pen in percent of the
    square's side: a cell is ink where its centre is within half of it.
    """
    grid = np.zeros((_GRID, _GRID), dtype=bool)
    cell, reach = UNITS / _GRID, pen / 200 * UNITS
    x, y = np.meshgrid((np.arange(_GRID) + 0.5) * cell, (np.arange(_GRID) + 0.5) * cell)
    for stroke in strokes:
        points = np.asarray(stroke, dtype=float).reshape(-1, 2)
        for (x0, y0), (x1, y1) in zip(points[[0, *range(len(points) - 1)]], points, strict=True):
            dx, dy = x1 - x0, y1 - y0
            length = dx * dx + dy * dy
            along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) if length else np.zeros_like(x)
            grid |= ((x - x0) - along * dx) ** 2 + ((y - y0) - along * dy) ** 2 <= reach * reach
    return grid


def _shrinking(width: int, step: float) -> np.ndarray:
    """Return the matrix that averages ``width`` cells in groups of ``step``; a group may end within a cell."""
    edges = np.minimum(np.arange(np.ceil(width / step - 1e-9) + 1) * step, width)
    cells = np.arange(width)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.maximum(overlap, 0) / step


def drawn_image(strokes: Strokes, pen: float) -> np.ndarray:
    """Return a drawing as MNIST's makers would have stored it, (28, 28) with values in [0, 1].

    The black and white drawing is scaled into a box of 20 x 20 with its proportions kept, which gives grey edges, and
    moved by whole pixels so that its centre of mass comes to the centre of the image :cite:p:`lecun1998gradient`.
    """
    grid = ink(strokes, pen)
    image = np.zeros((_SIDE, _SIDE))
    if not grid.any():
        return image
    rows, columns = (np.flatnonzero(grid.any(axis=axis)) for axis in (1, 0))
    cut = grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
    step = max(cut.shape) / _BOX
    box = _shrinking(cut.shape[0], step) @ cut @ _shrinking(cut.shape[1], step).T
    (top, left), (tall, wide) = _place(box), box.shape
    image[top : top + tall, left : left + wide] = np.floor(255 * box + 0.5 + 1e-9) / 255
    return image


def _place(box: np.ndarray) -> tuple[int, int]:
    """Return the row and column at which ``box`` has to begin for its centre of mass to be in the middle."""
    found = []
    for axis in (0, 1):
        size = box.shape[axis]
        centre = (box.sum(axis=1 - axis) * np.arange(size)).sum() / box.sum()
        found.append(int(np.clip(np.floor(_SIDE / 2 - centre + 0.5 + 1e-9), 0, _SIDE - size)))
    return found[0], found[1]


class DrawADigit(Explorer):
    """A square to draw a digit in, and what a compressed network says of it, beside the dense one.

    The drawing is made into an image such as MNIST's (:func:`drawn_image`), and the network runs on it where the reader
    is: on a published page in JavaScript without a kernel.

    Settings: ``digit`` (``"own"`` for the reader's drawing, ``"0"`` to ``"9"`` for an example), ``pen`` (its width in
    percent of the square).

    Parameters
    ----------
    network : ImageNetwork
        The compressed network.
    examples : uint8 array, (10, 28, 28)
        An image of each digit, 0 to 9, to begin with.
    dense : path or None
        A script with the dense network (:meth:`ImageNetwork.script`), named for its key, to be run beside the other
        when the reader asks for it. A published page loads it from its own folder ``_static/networks``.
    with_dense : bool
        Whether the page holds what the dense network says of the examples, and the reader's first stroke asks for the
        network itself, unless the browser is to save data.
    """

    kind = "draw_a_digit"
    declared = (
        Setting.choice("digit", "digit", "7", {_OWN: "yours", **{str(d): str(d) for d in range(10)}}),
        Setting.linear("pen", "pen width (%)", 9.0, 4, 16, 1),
    )

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        return {
            "network": t.Dict(),
            "examples": t.Unicode(),
            "strokes": t.List(),
            "dense_key": t.Unicode(),
            "dense_bytes": t.Int(),
            "dense_wanted": t.Bool(),
            "dense_scores": t.List(),
            "dense_json": t.Unicode(),
        }

    def __init__(
        self,
        network: ImageNetwork,
        examples: np.ndarray,
        dense: str | Path | None = None,
        *,
        with_dense: bool = False,
        **settings,
    ):
        examples = np.asarray(examples)
        if examples.shape != (10, _SIDE, _SIDE) or examples.dtype != np.uint8:
            raise ValueError(f"examples must be uint8 of shape (10, 28, 28); got {examples.dtype} of {examples.shape}")
        self._network, self._examples = network, examples
        self._dense = None if dense is None else Path(dense)
        super().__init__(**settings)
        self.view.network = network.sparse()
        self.view.examples = base64.b64encode(examples.tobytes()).decode()
        if self._dense is not None:
            script_json(self._dense)  # a broken file is told here and not to the reader of the page
            self.view.dense_key, self.view.dense_bytes = self._dense.stem, self._dense.stat().st_size
            if with_dense:
                self.view.dense_scores = read_script(self._dense).scores(examples / 255).tolist()
            self.view.observe(self._send_dense, "dense_wanted")

    def _send_dense(self, change) -> None:
        # only where a kernel answers; a published page loads the file itself
        if change["new"] and self._dense is not None:
            self.view.dense_json = script_json(self._dense)

    @property
    def strokes(self) -> list[list[float]]:
        """The reader's drawing: strokes of x0, y0, x1, y1, ... from 0 to 280, y pointing down."""
        return [list(stroke) for stroke in self.view.strokes]

    @strokes.setter
    def strokes(self, strokes: Strokes) -> None:
        put = [[float(x) for x in stroke] for stroke in strokes]
        for stroke in put:
            if not stroke or len(stroke) % 2 or not all(0 <= x <= UNITS for x in stroke):
                raise ValueError(f"strokes must be pairs x, y from 0 to {UNITS}; got {stroke!r}")
        self.view.strokes = put
        self.digit = _OWN

    @property
    def image(self) -> np.ndarray:
        """What the networks see: (28, 28), in [0, 1]."""
        digit, pen = self.settings["digit"], self.settings["pen"]
        return drawn_image(self.view.strokes, pen) if digit == _OWN else self._examples[int(digit)] / 255

    @property
    def probabilities(self) -> np.ndarray:
        """The compressed network's class probabilities (10,), computed in Python."""
        return self._network.probabilities(self.image)[0]

    def figure(self):
        return pictures.draw_a_digit(self.image, self.probabilities)

    def describe(self) -> str:
        found = self.probabilities
        what = "The reader's drawing" if self.settings["digit"] == _OWN else f"A handwritten {self.settings['digit']}"
        n = self._network
        return (
            f"{what} of 28 by 28 pixels and the scores of the ten classes. The compressed network, {n.name}, with "
            f"{n.nonzero:,} of {n.parameters:,} parameters, says {int(found.argmax())} ({100 * found.max():.0f} %). "
            "With JavaScript you can draw a digit of your own here and ask it."
        )
