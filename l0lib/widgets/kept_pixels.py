"""What a pruned network still reads: a switch over compression ratios that is live on the page without a kernel."""

from __future__ import annotations

import base64
import copy
import html
import io
from collections.abc import Mapping, Sequence

import ipywidgets as W
import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from .. import labels
from ..figures import PENALTY_STYLE
from .explorer import Pictured, still


def kept_per_pixel(model, ratios: Sequence[float]) -> dict[float, np.ndarray]:
    """Return, for each ratio, how many first-layer weights of every pixel survive global pruning, as (28, 28) arrays.

    ``model`` is a :class:`~l0lib.compress.LeNet300100`; it is not changed.
    """
    from ..compress import prune_global

    found = {}
    for ratio in ratios:
        masks = prune_global(copy.deepcopy(model), ratio)
        found[ratio] = masks["hidden1.weight"].sum(0).reshape(28, 28).numpy()
    return found


def _picture(counts: np.ndarray, colour: str, most: int) -> str:
    """Return a PNG of one pixel a pixel, as a data address: white where nothing is kept, ``colour`` where most is."""
    share = np.where(counts > 0, 0.2 + 0.8 * counts / most, 0.0)  # a single kept weight can be seen
    rgb = 1 - share[..., None] * (1 - np.array(to_rgb(colour)))
    buffer = io.BytesIO()
    Image.fromarray((255 * rgb).round().astype(np.uint8)).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


class KeptPixels(Pictured, W.VBox):
    """Buttons for the compression ratio, and for the chosen one a map of the pixels that each network still reads.

    ``maps`` has by ``l2``, ``l1``, ``l0``, ``l2+l0`` what :func:`kept_per_pixel` says of a network, all with the same
    ratios; ``errors`` by the same names the test error at each ratio, a fraction. ``ratio`` is the one to begin with.

    Raises
    ------
    ValueError
        If ``ratio`` is none of the ratios, or the names of ``maps`` and ``errors`` differ.
    """

    def __init__(
        self, maps: Mapping[str, Mapping[float, np.ndarray]], errors: Mapping[str, Mapping[float, float]], ratio: float
    ):
        ratios = list(next(iter(maps.values())))
        if ratio not in ratios:
            raise ValueError(f"ratio must be one of {ratios}; got {ratio!r}")
        if list(maps) != list(errors):
            raise ValueError(f"errors must have the names of maps, {list(maps)}; got {list(errors)}")
        self.pages = [self._page(maps, errors, each) for each in ratios]
        start = ratios.index(ratio)
        # buttons and not a slider: they have names for a screen reader on a page without a kernel
        self.buttons = W.ToggleButtons(options=[f"{each:g}×" for each in ratios], index=start)
        self.buttons.style.button_width = "4.4em"
        self.stack = W.Stack([W.HTML(page) for page in self.pages], selected_index=start)
        super().__init__([self.buttons, self.stack])
        # in the browser the link makes it live without a kernel; a choice made from Python is followed here
        self._link = W.jslink((self.buttons, "index"), (self.stack, "selected_index"))
        self.buttons.observe(lambda change: setattr(self.stack, "selected_index", change["new"]), "index")

    @staticmethod
    def _page(maps, errors, ratio: float) -> str:
        cells, most = [], max(int(by_ratio[ratio].max()) for by_ratio in maps.values())
        for name, by_ratio in maps.items():
            counts = by_ratio[ratio]
            label, read = labels.PENALTIES[name], int((counts > 0).sum())
            error = f"error {100 * errors[name][ratio]:.1f} %"
            told = f"{read} of {counts.size} pixels read, {int(counts.sum()):,} weights, {error}"
            alt = f"{label} at {ratio:g}×: map of the pixels that the first layer still reads; {told}"
            picture = _picture(counts, PENALTY_STYLE[name]["color"], most)
            cells.append(
                f'<figure style="margin:0;width:10.5em"><img alt="{html.escape(alt)}" src="{picture}" '
                'style="width:100%;image-rendering:pixelated;border:1px solid #8888">'
                f'<figcaption style="line-height:1.35;font-size:0.85em"><b>{label}</b><br>{told}</figcaption></figure>'
            )
        return f'<div style="display:flex;flex-wrap:wrap;gap:0.8em;padding:0.4em 0">{"".join(cells)}</div>'

    @property
    def _title(self) -> str:
        return f"Compression ratio {self.buttons.options[self.buttons.index]}"

    def fallback(self) -> dict[str, str]:
        """Return the maps of the chosen ratio, for readers without JavaScript and for paper."""
        page = still(f"<p>{self._title}</p>{self.pages[self.buttons.index]}")
        return {"text/html": page, "text/plain": self.describe()}

    def describe(self) -> str:
        """Return what the maps are of."""
        return f"Maps of kept pixels. {self._title}"
