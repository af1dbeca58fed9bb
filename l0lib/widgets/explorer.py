"""The ground under every explorer: what can be set, a view that computes in the browser, and a picture for everyone."""

from __future__ import annotations

import base64
import html
import io
import math
import numbers
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import anywidget
import ipywidgets as W
import traitlets as t
from PIL import Image

from ..figures import explorers as pictures

#: The built scripts and the style sheet.
STATIC = pathlib.Path(__file__).parent / "static"
#: Round numbers of one decade, evenly enough spaced on a log scale, so that readers meet 0.04 and not 0.0398107.
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


def _decades(low: float, high: float) -> tuple[float, ...]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values = (float(f"{mantissa}e{power}") for power in range(first, last + 1) for mantissa in _ROUND)
    return tuple(v for v in values if low <= v <= high)


@dataclass(frozen=True)
class Setting:
    """One setting of an explorer; made with :meth:`linear`, :meth:`log`, :meth:`choice` or :meth:`check`.

    ``name`` is the Python name and the key in the page's address, ``label`` what stands beside the control.
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
            span = {"min": self.min, "max": self.max, "step": self.step, "readout_format": f".{decimals}f"}
            control = W.FloatSlider(value=value, **span, **common)
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


class ExplorerView(anywidget.AnyWidget):
    """The drawing: JavaScript that computes its curves from the traits here, with no kernel behind it."""

    _esm = STATIC / "explorers.js"
    _css = STATIC / "explorers.css"
    kind = t.Unicode().tag(sync=True)
    spec: t.List = t.List().tag(sync=True)


def still(content: str) -> str:
    """Return the HTML that stands in an explorer's place where no script runs, with a word on why, and on paper."""
    # the view's style sheet hides all of it on screen: so it is seen exactly where the script does not run
    why = "A still picture: the live explorer needs scripts, which are switched off or not allowed here."
    return f'<div class="l0-fallback">{content}<p class="l0-why">{why}</p></div>'


class Pictured:
    """A widget with a still picture in its place where no script runs. Subclasses draw and describe it."""

    _repr_mimebundle_: Callable[..., Any]

    def figure(self):
        """Return the Matplotlib picture of the present settings."""
        raise TypeError(f"{type(self).__name__} is the common ground of the explorers: use one of them")

    def describe(self) -> str:
        """Return one or two sentences that say what the picture shows, for readers who do not see it."""
        raise TypeError(f"{type(self).__name__} is the common ground of the explorers: use one of them")

    def fallback(self) -> dict[str, str]:
        """Return the picture for readers without JavaScript and for paper, as a notebook's MIME bundle."""
        drawn, small = io.BytesIO(), io.BytesIO()
        self.figure().savefig(drawn, format="png", dpi=110)
        # line drawings need few colours: a quarter of the bytes, on pages that carry the picture and the widget
        Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        png = base64.b64encode(small.getvalue()).decode()
        alt = self.describe()
        page = still(f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}">')
        return {"text/html": page, "image/png": png, "text/plain": alt}

    def _ipython_display_(self, **kwargs) -> None:
        from IPython.display import display

        display(self.fallback(), raw=True)
        bundle = self._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display(data, metadata=metadata, raw=True)


def _view_class(name: str, settings: tuple[Setting, ...], carried: dict[str, t.TraitType]) -> type[ExplorerView]:
    """Return the view with one synced trait a setting; where a control sends only its index, so does the view."""
    traits: dict[str, Any] = {key: trait.tag(sync=True) for key, trait in carried.items()}
    for s in settings:
        if s.values:
            traits[f"{s.name}_index"] = t.Int().tag(sync=True)
        else:
            traits[s.name] = (t.Bool() if s.kind == "check" else t.Float()).tag(sync=True)
    return type(f"{name}View", (ExplorerView,), {**traits, "__module__": __name__})


def _setting_property(setting: Setting) -> property:
    def get(self):
        return setting.tidy(self._controls[setting.name].value)

    def put(self, value):
        self._set(setting, setting.validate(value))

    return property(get, put, doc=f"``{setting.label}`` (see ``settings``).")


class Explorer(Pictured, W.VBox):
    """A figure with controls. Subclasses declare ``kind``, ``declared`` and ``describe``.

    Every setting is an attribute: ``explorer.beta`` reads what the reader sees, ``explorer.beta = 5`` sets the control
    and the drawing. As the last expression of a notebook cell an explorer shows itself; a page without JavaScript, and
    paper, show its Matplotlib picture instead.

    Raises
    ------
    ValueError
        If a setting is unknown, out of its range, or between two steps of its slider.
    """

    kind: ClassVar[str] = ""
    declared: ClassVar[tuple[Setting, ...]] = ()
    _view_type: ClassVar[type[ExplorerView]]

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._view_type = _view_class(cls.__name__, cls.declared, cls.carried())
        for setting in cls.declared:
            setattr(cls, setting.name, _setting_property(setting))

    def __init__(self, **settings):
        names = [s.name for s in self.declared]
        for name in settings:
            if name not in names:
                raise ValueError(f"{name} is no setting of {type(self).__name__}; it has {', '.join(names)}")
        start = {s.name: s.validate(settings.get(s.name, s.default)) for s in self.declared}
        self._start = start
        self._controls = {s.name: s.control(start[s.name]) for s in self.declared}
        self.view = self._view_type(kind=self.kind, spec=[s.spec(start[s.name]) for s in self.declared])
        links = [self._link(s) for s in self.declared]
        for s in self.declared:
            self._set(s, start[s.name])
        panel = W.Box(children=list(self._controls.values()))
        panel.add_class("l0-controls")
        super().__init__(children=[panel, self.view])
        self._links = links
        self.add_class("l0-explorer")

    @classmethod
    def carried(cls) -> dict[str, t.TraitType]:
        """Return what the view gets besides the settings, such as stored results: name and trait, for a subclass."""
        return {}

    def _link(self, setting: Setting) -> W.Widget:
        control = self._controls[setting.name]
        if setting.values:  # a selection sends no `value` to the browser, only `index`
            return W.jslink((control, "index"), (self.view, f"{setting.name}_index"))
        return W.jslink((control, "value"), (self.view, setting.name))

    def _set(self, setting: Setting, value) -> None:
        self._controls[setting.name].value = value
        if setting.values:
            setattr(self.view, f"{setting.name}_index", setting.values.index(value))
        else:
            setattr(self.view, setting.name, value)

    @property
    def settings(self) -> dict[str, Any]:
        """All present settings by name, as the reader sees them."""
        # the links run in the browser, so the view's traits lag behind a control set from Python: read the controls
        return {s.name: s.tidy(self._controls[s.name].value) for s in self.declared}

    def reset(self) -> None:
        """Put every setting back to the value the explorer was made with."""
        for setting in self.declared:
            self._set(setting, self._start[setting.name])

    def figure(self):
        """Return the Matplotlib picture of the present settings: :mod:`l0lib.figures.explorers` on them."""
        return getattr(pictures, self.kind)(**self.settings)
