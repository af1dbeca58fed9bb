"""One convolution, step by step: a window of nine weights moves over a small digit; ReLU and pooling follow.

Its JavaScript stands in ``js/one_convolution.js`` and ``js/convolution.js`` (the arithmetic).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import traitlets as t

from .. import _validate
from ..chapters import networks_in_brief as brief
from ..figures import basics
from .explorer import Explorer, Setting

_OWN = "own"
#: The reader's window before it is edited: it copies the pixel in the middle.
_COPY = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
#: A weight that a reader may enter lies between minus and plus this.
LARGEST = 9


class OneConvolution(Explorer):
    """A window of 3 x 3 weights on an image of 14 x 14 pixels: the products, their sum, ReLU and 2 x 2 pooling.

    Settings: ``digit`` (``"0"`` to ``"9"``), ``kernel`` (a name of
    :data:`~l0lib.chapters.networks_in_brief.KERNELS`, or ``"own"``), ``bias``, ``position`` of the window (0 to 143,
    row by row).

    Parameters
    ----------
    digits : uint8 array, (10, 14, 14)
        An image of each digit: :func:`~l0lib.chapters.networks_in_brief.small_digits`.
    """

    kind = "one_convolution"
    declared = (
        Setting.choice("digit", "digit", "7", {str(d): str(d) for d in range(10)}),
        Setting.choice("kernel", "weights", "upright", {**{name: name for name in brief.KERNELS}, _OWN: "yours"}),
        Setting.linear("position", "window's place", 89, 0, brief.SUMS**2 - 1, 1),
        Setting.linear("bias", "bias", 0.0, -2, 2, 0.1),
    )

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        return {"digits": t.Unicode(), "kernels": t.Dict(), "own": t.List(), "largest": t.Int()}

    def __init__(self, digits: np.ndarray, **settings):
        digits = np.asarray(digits)
        if digits.shape != (10, brief.SIDE, brief.SIDE) or digits.dtype != np.uint8:
            raise ValueError(f"digits must be uint8 of shape (10, 14, 14); got {digits.dtype} of {digits.shape}")
        self._digits = digits
        super().__init__(**settings)
        self.view.digits = base64.b64encode(digits.tobytes()).decode()
        self.view.kernels = {name: list(weights) for name, weights in brief.KERNELS.items()}
        self.view.own, self.view.largest = list(_COPY), LARGEST

    @property
    def own(self) -> list[float]:
        """The reader's nine weights, row by row; setting them chooses them."""
        return list(self.view.own)

    @own.setter
    def own(self, weights: Sequence[float]) -> None:
        array = np.ravel(_validate.float64("own", weights))
        if array.size != brief.WINDOW**2 or np.abs(array).max() > LARGEST:
            raise ValueError(f"own must hold nine weights from -{LARGEST} to {LARGEST}; got {_validate.shown(weights)}")
        self.view.own = array.tolist()
        self.kernel = _OWN

    @property
    def weights(self) -> np.ndarray:
        """The window in use, (3, 3)."""
        name = self.settings["kernel"]
        return np.reshape(self.view.own if name == _OWN else brief.KERNELS[name], (brief.WINDOW, brief.WINDOW))

    @property
    def image(self) -> np.ndarray:
        """The pixels, (14, 14), in [0, 1]."""
        return self._digits[int(self.settings["digit"])] / 255

    def reset(self) -> None:
        super().reset()
        self.view.own = list(_COPY)

    def figure(self):
        return basics.one_convolution(self.image, self.weights, self.settings["bias"], int(self.settings["position"]))

    def describe(self) -> str:
        row, column = divmod(int(self.settings["position"]), brief.SUMS)
        sums = brief.convolve(self.image, self.weights, self.settings["bias"])
        here, pooled = sums[row, column], brief.max_pool(brief.relu(sums))[row // 2, column // 2]
        weights = ", ".join(f"{w:g}" for w in self.weights.ravel())
        return (
            f"A handwritten {self.settings['digit']} of 14 by 14 pixels, and what a window of 3 by 3 weights makes of "
            f"it (row by row: {weights}): 12 by 12 sums, the same after ReLU, and 6 by 6 after pooling. With the "
            f"window at row {row + 1}, column {column + 1}, the sum with the bias is {here:.3g}; ReLU gives "
            f"{max(here, 0):.3g}, and pooling keeps {pooled:.3g} there."
        )
