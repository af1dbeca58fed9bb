"""The colour code: one file for both languages, colours that differ and can be seen, and no other colours beside it."""

import pathlib
import re

import pytest

from l0lib import figures, labels, widgets
from l0lib.figures import _style
from tests.browser import ROOT, extension

PALETTES = {"light": figures.LIGHT, "dark": figures.DARK}
#: Areas and a class of points, which are never letters: graphics ask for a contrast of 3 (WCAG 1.4.11), areas for none.
AREAS = {"amber", "back", "grid"}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_lines_and_letters_stand_out_from_the_page(theme):
    palette = PALETTES[theme]
    for name in palette.keys() - AREAS:
        least = 3 if name == "plus" else 4.5
        assert contrast(palette[name], palette["back"]) >= least, name


@pytest.mark.parametrize("theme", PALETTES)
def test_a_penaltys_colour_means_nothing_else(theme):
    palette = PALETTES[theme]
    assert figures.LIGHT.keys() == figures.DARK.keys()
    of_penalties = [palette[name] for name in labels.PENALTIES]
    others = {colour for name, colour in palette.items() if name not in labels.PENALTIES}
    assert len(set(of_penalties)) == len(of_penalties)
    assert not others & set(of_penalties)
    assert {name: style["color"] for name, style in figures.PENALTY_STYLE.items()} == {
        name: figures.LIGHT[name] for name in labels.PENALTIES
    }
    assert not {style["color"] for style in _style.PLAIN} & {figures.LIGHT[name] for name in labels.PENALTIES}


def test_a_line_of_a_penalty_is_broken_alike_in_both_languages():
    for name, style in figures.PENALTY_STYLE.items():
        told = _style._CODE["dashes"][name]
        assert style["linestyle"] == "-" if not told else [2 * part for part in style["linestyle"][1]] == told


def greyish(colour):
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return max(parts) - min(parts) <= 20


def test_no_figure_and_no_explorer_has_a_colour_of_its_own():
    """Whites and greys apart, colours stand in the one file."""
    room, scripts = pathlib.Path(figures.__file__).parent, pathlib.Path(widgets.__file__).parent / "js"
    for path in [*room.glob("*.py"), *scripts.rglob("*.js")]:
        own = [
            colour for colour in re.findall(r"[\"'](#[0-9a-fA-F]{6})", path.read_text("utf-8")) if not greyish(colour)
        ]
        assert not own, f"{path.relative_to(ROOT)}: {own}"


def test_other_colours_get_a_twin_as_far_from_a_dark_page_as_they_were_from_white():
    themed_figures = extension("themed_figures")
    assert themed_figures.dark("#ffffff") == figures.DARK["back"]
    assert themed_figures.dark("#000000") == figures.DARK["text"]
    for name in labels.PENALTIES:
        assert themed_figures.dark(figures.LIGHT[name]) == figures.DARK[name]
    pale, strong = themed_figures.dark("#c9dcc4"), themed_figures.dark("#2c6a1e")
    assert contrast(strong, figures.DARK["back"]) > contrast(pale, figures.DARK["back"]) > 1.2
    assert themed_figures.from_oklab(themed_figures.to_oklab("#8fb87f")) == "#8fb87f"
    shape = '<path d="M 1.23456 2 \nL 3 4" style="fill: #ffffff; stroke: #0b64a0"/>'
    svg = f'<svg viewBox="0 0 9 9">{shape}<use xlink:href="#abcdef"/></svg>'
    told = themed_figures.themed(svg)
    assert 'd="M 1.23 2 L 3 4"' in told
    assert 'xlink:href="#abcdef"' in told
    assert not re.search(r'style="[^"]*#', told)
    assert figures.DARK["l2"] in told
