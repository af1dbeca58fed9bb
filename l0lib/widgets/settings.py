"""What a reader may set in an explorer, declared once: control, check of a value and the page's address follow it."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as W

#: Round numbers of one decade, evenly enough spaced on a log scale, so that readers meet 0.04 and not 0.0398107.
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


def _decades(low: float, high: float) -> tuple[float, ...]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values = (float(f"{mantissa}e{power}") for power in range(first, last + 1) for mantissa in _ROUND)
    return tuple(v for v in values if low <= v <= high)


@dataclass(frozen=True)
class Setting:
    """One setting of an explorer.

    Parameters
    ----------
    name : str
        The Python name and the key in the page's address.
    label : str
        What stands beside the control.
    default : float, str or bool
        The value when none is given.

    Notes
    -----
    Make one with :meth:`linear` (a slider in equal steps), :meth:`log` (a slider over round numbers),
    :meth:`choice` (buttons) or :meth:`check` (a tick box).
    """

    name: str
    label: str
    kind: str
    default: Any
    min: float = 0.0
    max: float = 0.0
    step: float = 0.0
    whole: bool = False
    options: tuple = field(default=())

    @classmethod
    def linear(cls, name: str, label: str, default: float, low: float, high: float, step: float) -> Setting:
        """A slider from ``low`` to ``high`` in steps of ``step``."""
        return cls(name, label, "linear", default, min=low, max=high, step=step)

    @classmethod
    def log(cls, name: str, label: str, default: float, low: float, high: float, whole: bool = False) -> Setting:
        """A slider over the round numbers (ten in a decade) from ``low`` to ``high``."""
        options = _decades(low, high)
        if whole:
            options = tuple(int(v) for v in options if v == int(v))
        return cls(name, label, "log", default, min=low, max=high, whole=whole, options=options)

    @classmethod
    def choice(cls, name: str, label: str, default: str, options: dict[str, str]) -> Setting:
        """One of a few named options; ``options`` maps the value to the words on its button."""
        return cls(name, label, "choice", default, options=tuple(options.items()))

    @classmethod
    def check(cls, name: str, label: str, default: bool) -> Setting:
        """Yes or no."""
        return cls(name, label, "check", default)

    @property
    def values(self) -> tuple:
        """The values of a setting whose control holds only an index; empty for the others."""
        return tuple(v for v, _ in self.options) if self.kind == "choice" else self.options

    def validate(self, value):
        """Return ``value`` in its own type if the control can show it exactly.

        Raises
        ------
        ValueError
            Otherwise. A slider would move such a value to its nearest step when the page loads, without a word.
        """
        if self.kind == "check":
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} must be True or False; got {value!r}")
            return value
        if self.kind == "choice":
            if value not in self.values:
                raise ValueError(f"{self.name} must be one of {', '.join(map(repr, self.values))}; got {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise ValueError(f"{self.name} must be a finite number; got {value!r}")
        value = float(value)
        if not self.min * (1 - 1e-9) <= value <= self.max * (1 + 1e-9):
            raise ValueError(f"{self.name} must lie between {self.min:g} and {self.max:g}; got {value:g}")
        near = self._nearest(value)
        if not any(math.isclose(value, v, rel_tol=1e-9, abs_tol=1e-12) for v in near):
            names = " and ".join(f"{v:g}" for v in near)
            raise ValueError(f"{self.name} must be a value that its slider can hold (nearest: {names}); got {value:g}")
        best = min(near, key=lambda v: abs(v - value))
        return int(best) if self.whole else best

    def _nearest(self, value: float) -> tuple[float, ...]:
        if self.kind == "log":
            low = max((v for v in self.options if v <= value), default=self.options[0])
            high = min((v for v in self.options if v >= value), default=self.options[-1])
        else:
            count = (value - self.min) / self.step
            # twelve digits: 0.1 * 3 is to read 0.3
            low, high = (float(f"{self.min + k * self.step:.12g}") for k in (math.floor(count), math.ceil(count)))
        return (low, high) if low != high else (low,)

    def tidy(self, value):
        """Return the control's value in twelve digits: a slider adds up its steps and comes to 3.5000000000000004."""
        return float(f"{value:.12g}") if self.kind == "linear" else value

    def control(self, value) -> W.Widget:
        """Return the ipywidgets control that shows ``value``."""
        common = {"description": self.label, "layout": W.Layout(width="auto")}
        control: W.Widget
        if self.kind == "linear":
            decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
            control = W.FloatSlider(
                value=value, min=self.min, max=self.max, step=self.step, readout_format=f".{decimals}f", **common
            )
        elif self.kind == "log":
            control = W.SelectionSlider(options=[(f"{v:.12g}", v) for v in self.options], value=value, **common)
        elif self.kind == "choice":
            control = W.ToggleButtons(options=[(label, v) for v, label in self.options], value=value, **common)
        else:
            control = W.Checkbox(value=value, indent=False, **common)
        if self.kind != "check":
            control.style.description_width = "8.4em"
        control.add_class(f"l0-c-{self.name}")
        return control

    def spec(self, start) -> dict:
        """Return what the view needs to know, as plain JSON; ``start`` is the value the explorer was made with."""
        spec = {"name": self.name, "label": self.label, "kind": self.kind, "start": start}
        if self.kind == "linear":
            return spec | {"min": self.min, "max": self.max, "step": self.step}
        return spec | ({"values": list(self.values)} if self.values else {})
