"""The ground under every explorer: controls, a view that computes in the browser, and a picture for everyone else."""

from __future__ import annotations

import base64
import html
import io
import pathlib
from collections.abc import Callable
from typing import Any, ClassVar

import anywidget
import ipywidgets as W
import traitlets as t
from PIL import Image

from .settings import Setting

#: The built scripts and the style sheet.
STATIC = pathlib.Path(__file__).parent / "static"


class ExplorerView(anywidget.AnyWidget):
    """The drawing: JavaScript that computes its curves from the traits here, with no kernel behind it."""

    _esm = STATIC / "explorers.js"
    _css = STATIC / "explorers.css"
    kind = t.Unicode().tag(sync=True)
    spec: t.List = t.List().tag(sync=True)


class Pictured:
    """A widget with a still picture in its place where no script runs. Subclasses draw and describe it."""

    _repr_mimebundle_: Callable[..., Any]

    def figure(self):
        """Return the Matplotlib picture of the present settings."""
        raise TypeError("Pictured is the common ground of the explorers: use one of them")

    def describe(self) -> str:
        """Return one or two sentences that say what the picture shows, for readers who do not see it."""
        raise TypeError("Pictured is the common ground of the explorers: use one of them")

    def fallback(self) -> dict[str, str]:
        """Return the picture for readers without JavaScript and for paper, as a notebook's MIME bundle."""
        drawn, small = io.BytesIO(), io.BytesIO()
        self.figure().savefig(drawn, format="png", dpi=110)
        # line drawings need few colours: a quarter of the bytes, on pages that carry the picture and the widget
        Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        png = base64.b64encode(small.getvalue()).decode()
        alt = self.describe()
        # the view's style sheet hides this on screen: so it stands exactly where the script does not run, and on paper
        page = f'<div class="l0-fallback"><img alt="{html.escape(alt)}" src="data:image/png;base64,{png}"></div>'
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
        from ..figures import explorers

        return getattr(explorers, self.kind)(**self.settings)

    def describe(self) -> str:
        """Return one or two sentences that say what the picture shows, for readers who do not see it."""
        raise TypeError("Explorer is the common ground of the explorers: use one of them")
