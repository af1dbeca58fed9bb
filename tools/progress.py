"""The table of the page My progress: how many exercises, questions and guesses each notebook has for a reader."""

import re
from collections.abc import Iterable
from typing import Any

from openings import title_of

#: Where the table stands in the page's source.
PLACE = "<!-- table of the chapters -->"
#: What is counted, by the line that only such a box has.
KINDS = {
    "Exercises on the page": re.compile(r"^:class: on-page\b", re.M),
    "Questions": re.compile(r"^:class: quiz\b", re.M),
    "Guesses": re.compile(r"^:class: predict\b", re.M),
}


def counts(notebook: Any) -> list[int]:
    """Return how many of each kind a notebook has."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [len(kind.findall(text)) for kind in KINDS.values()]


def page(text: str, notebooks: Iterable[tuple[str, Any]]) -> str:
    """Return the page's source with the table of these notebooks, given with their names in the order of the book.

    Raises
    ------
    ValueError
        If the page does not say once where the table stands.
    """
    if text.count(PLACE) != 1:
        raise ValueError(f"the page must hold {PLACE!r} once; got it {text.count(PLACE)} times")
    rows = [(name, notebook, counts(notebook)) for name, notebook in notebooks]
    lines = [
        f"| [{title_of(notebook, name)}](../notebooks/{name}.ipynb) | {' | '.join(map(str, found))} |"
        for name, notebook, found in rows
        if any(found)
    ]
    table = [f"| Chapter | {' | '.join(KINDS)} |", f"|---{'|--:' * len(KINDS)}|", *lines]
    return text.replace(PLACE, "\n".join(["::::{div} l0-progress-table", "", *table, "", "::::"]))
