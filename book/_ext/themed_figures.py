"""HTML only: pictures of lines follow the page's theme. One file serves light and dark, and weighs what it weighed.

Notebooks hold Matplotlib's SVG in the light colours, on white, so that JupyterLab and a plain viewer show it whatever
their theme. Here each colour becomes a variable with two values, chosen by ``prefers-color-scheme``: within a picture
that asks for the ``color-scheme`` of the ``<img>``, which ``site.css`` sets with the theme and takes back on paper. The
ground is the page's own colour, not transparent: a browser that knows only the system's scheme still shows a legible
picture. Colours of the book's code get their dark twins from ``l0lib/figures/colours.json``; all others, shades and
blends, keep hue and get the lightness that is as far from the dark page as theirs was from the white one (in Oklab,
B. Ottosson 2020). Photographs, whose ``id`` says so, stay as they are; other images are turned like the lines.
"""

import re
from pathlib import Path

import numpy as np

from l0lib.figures import DARK, LIGHT

#: A colour in one of Matplotlib's ``style`` attributes.
COLOUR = re.compile(r"(?<=[:;] )#[0-9a-f]{6}\b")
METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.S)
#: What draws or places; a hundredth of a point is enough, and half the bytes.
SHAPE = re.compile(r'\b(?:d|x|y)="[^"]*"|translate\([^)]*\)')
FINER = re.compile(r"(\.\d\d)\d+")
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_TWINS = {LIGHT[name]: DARK[name] for name in LIGHT if len(LIGHT[name]) == 7} | {"#000000": DARK["text"]}


def to_oklab(colour: str) -> np.ndarray:
    """Return lightness (0 to 1), a and b of a colour ``#rrggbb``."""
    srgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return _TO_LAB @ np.cbrt(_TO_LMS @ linear)


def from_oklab(lab: np.ndarray) -> str:
    """Return the nearest colour ``#rrggbb`` of a screen."""
    linear = np.clip(np.linalg.inv(_TO_LMS) @ (np.linalg.inv(_TO_LAB) @ lab) ** 3, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * part):02x}" for part in srgb)


def dark(colour: str) -> str:
    """Return a colour's twin on a dark page."""
    if colour in _TWINS:
        return _TWINS[colour]
    lightness, a, b = to_oklab(colour)
    ground, ink = to_oklab(DARK["back"])[0], to_oklab(DARK["text"])[0]
    return from_oklab(np.array([ground + (1 - lightness) * (ink - ground), a, b]))


def rounded(found: re.Match) -> str:
    """Return numbers to a hundredth, on one line."""
    return FINER.sub(r"\1", " ".join(found[0].split()))


def themed(svg: str) -> str:
    """Return a picture of Matplotlib's whose colours follow the scheme that is asked for."""
    names = {colour: f"--{number}" for number, colour in enumerate(sorted({*COLOUR.findall(svg), "#000000"}))}
    light = ";".join(f"{name}:{colour}" for colour, name in names.items())
    twins = ";".join(f"{name}:{dark(colour)}" for colour, name in names.items())
    # what Matplotlib draws in black has no colour of its own
    style = (
        f"<style>:root{{{light};fill:var({names['#000000']})}}"
        f"@media (prefers-color-scheme:dark){{:root{{{twins}}}"
        'image:not([id^="photograph"]){filter:invert(.93) hue-rotate(180deg)}}</style>'
    )
    svg = COLOUR.sub(lambda found: f"var({names[found[0]]})", SHAPE.sub(rounded, METADATA.sub("", svg)))
    return re.sub(r"(<svg\b[^>]*>)", lambda found: found[0] + style, svg, count=1)


def finish(app, error):
    """Give all pictures of the built pages both schemes."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir, "_images").glob("*.svg"):
        svg = path.read_text("utf-8")
        if "matplotlib" in svg:
            path.write_text(themed(svg), "utf-8")


def setup(app):
    app.connect("build-finished", finish, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
