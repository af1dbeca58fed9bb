"""The explorers as Python objects: settings, checks, pictures, and what a notebook shows."""

import pathlib
import re
import subprocess
import sys

import pytest

from l0lib import figures, widgets
from l0lib.figures import explorers as pictures
from l0lib.widgets import AtZero, Trajectories
from tests.widgets.kinds import ALL

JS, STATIC = (pathlib.Path(widgets.__file__).parent / name for name in ("js", "static"))


@pytest.mark.parametrize("kind", ALL)
def test_every_setting_reads_sets_and_resets(kind):
    explorer = kind()
    start = explorer.settings
    for setting in kind.declared:
        values = setting.values or ((True, False) if setting.kind == "check" else (setting.min, setting.max))
        for value in (values[0], values[-1]):
            setattr(explorer, setting.name, value)
            assert getattr(explorer, setting.name) == explorer.settings[setting.name] == value
            shown = getattr(explorer.view, f"{setting.name}_index" if setting.values else setting.name)
            assert (setting.values[shown] if setting.values else shown) == value
    assert explorer.settings != start
    explorer.reset()
    assert explorer.settings == start


@pytest.mark.parametrize("kind", ALL)
def test_declarations_hold_their_own_defaults(kind):
    for setting in kind.declared:
        assert setting.validate(setting.default) == setting.default
        assert list(setting.values) == sorted(setting.values) or setting.kind == "choice"


def test_reset_returns_to_what_the_author_chose():
    explorer = Trajectories(eta=0.1, beta=5)
    explorer.beta = 7.5
    explorer.reset()
    assert (explorer.eta, explorer.beta) == (0.1, 5.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"eta": 0.041}, "eta must be a value that its slider can hold (nearest: 0.04 and 0.05); got 0.041"),
        ({"beta": 3.3}, "beta must be a value that its slider can hold (nearest: 3 and 3.5); got 3.3"),
        ({"beta": 0.5}, "beta must lie between 1 and 20; got 0.5"),
        ({"w0": float("nan")}, "w0 must be a finite number; got nan"),
        ({"eta": "0.04"}, "eta must be a finite number; got '0.04'"),
        ({"beta": True}, "beta must be a finite number; got True"),
        ({"axis": "cubic"}, "axis must be one of 'linear', 'log'; got 'cubic'"),
        ({"equal": 1}, "equal must be True or False; got 1"),
        ({"gamma": 2}, "gamma is no setting of Trajectories"),
    ],
)
def test_values_that_the_page_could_not_show_are_refused(settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Trajectories(**settings)


def test_setting_is_checked_like_making():
    explorer = Trajectories()
    with pytest.raises(ValueError, match="beta must lie between 1 and 20; got 21"):
        explorer.beta = 21
    assert explorer.beta == 3


def test_steps_are_whole_and_tenths_are_tenths():
    explorer = Trajectories(steps=500.0, w0=0.1 * 3)
    assert isinstance(explorer.steps, int)
    assert explorer.w0 == 0.3


@pytest.mark.parametrize("kind", ALL)
def test_picture_and_words_follow_the_settings(kind):
    explorer = kind()
    words = explorer.describe()
    setting = next(s for s in kind.declared if s.name in ("alpha", "beta", "beta_1"))
    setattr(explorer, setting.name, setting.min)
    assert explorer.describe() != words
    assert len(words) > 80
    figure = explorer.figure()
    assert figure.canvas is not None
    assert all(axes.get_xlabel() or axes.get_shared_x_axes().get_siblings(axes) for axes in figure.axes)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("end", [0, -1])
def test_pictures_draw_at_the_ends_of_every_slider(kind, end):
    for setting in kind.declared:
        values = setting.values or ((False, True) if setting.kind == "check" else (setting.min, setting.max))
        kind(**{setting.name: values[end]}).figure().canvas.draw()


def test_pictures_refuse_what_they_do_not_know():
    for draw, name in (
        (pictures.trajectories, "axis"),
        (pictures.penalty_and_pull, "axis"),
        (pictures.scaling_factor, "penalty"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be one of"):
            draw(**{name: "l7"})


def test_notebook_gets_the_picture_with_alt_text_and_then_the_widget(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **how: shown.append(data))
    explorer = AtZero(beta=10)
    explorer._ipython_display_()
    picture, widget = shown
    assert f'<img alt="{explorer.describe()}"' in picture["text/html"]
    assert "l0-fallback" in picture["text/html"]
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id


def test_colours_are_those_of_the_figures():
    """Both read one file; here the explorers' code, bundled, says what it read."""
    bundle = (STATIC / "explorers.js").read_text("utf-8")
    told = [dict(re.findall(r'"?([\w+]+)"?:"(#\w{6,8})"', part)) for part in re.findall(r"\{[^{}]*\}", bundle)]
    for palette in (figures.LIGHT, figures.DARK):
        assert palette in told
    for kind, style in figures.PENALTY_STYLE.items():
        assert style["color"] == figures.LIGHT[kind]


def test_every_explorer_is_wired_in_javascript_and_in_pictures():
    index, url = ((JS / name).read_text("utf-8") for name in ("index.js", "url.js"))
    for kind in ALL:
        assert f"  {kind.kind}: [" in index
        assert f'"{kind.kind}"' in url
        assert callable(getattr(pictures, kind.kind))
    assert set(widgets.__all__) >= {"Explorer", *(k.__name__ for k in ALL)}


def test_explorers_need_no_torch_and_no_pyplot():
    code = (
        "import sys, l0lib.widgets as w; w.AtZero().figure(); "
        "sys.exit('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
