"""Draw the README's and the landing page's picture, book/assets/first-look.svg, from l0lib.figures."""

import pathlib
import sys

import matplotlib

from l0lib import figures

TARGET = pathlib.Path(__file__).resolve().parent.parent / "book" / "assets" / "first-look.svg"


def draw(target: pathlib.Path) -> None:
    """Write the picture; the same versions give the same bytes."""
    with matplotlib.rc_context({"svg.hashsalt": "l0lib", "svg.fonttype": "path"}):
        figures.first_look().savefig(target, format="svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    draw(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
