"""What a cell computes of a prediction stands in the Predict box, and a tag that leads nowhere is refused."""

import json
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from l0lib.chapters.answer import Answer
from tests.browser import ROOT, tool

outcomes = tool("outcomes")

BOX = """Text before.

::::{admonition} Predict
:class: predict answer-1
:name: predict-it
Which?

1. This.
2. That.

:::{admonition} Look
:class: dropdown
A reason.
:::
::::

Text behind."""


def notebook(outputs, tags=("outcome-it",)):
    cell = new_code_cell("f()", outputs=outputs, metadata={"tags": ["remove-input", *tags]})
    return new_notebook(cells=[new_markdown_cell(BOX), cell])


def test_printed_lines_end_the_answer():
    made = notebook([new_output("stream", name="stdout", text="3 < 4 in all\nand more\n")])
    outcomes.bring(made)
    text = made.cells[0].source
    told = '<div class="predict-told"><p>3 &lt; 4 in all<br>and more</p></div>'
    assert f"A reason.\n\n{told}\n\n:::\n::::\n\nText behind." in text
    assert text.replace(f"\n{told}\n\n", "") == BOX, "and nothing else changes"


def test_an_answer_box_gives_its_sentences_and_a_table_stays():
    html = Answer("Does it?", "01-a#b", ("Yes.", "By 3 points."))._repr_html_()
    table = new_output("display_data", {"text/html": "<table><tr><td>9</td></tr></table>"})
    made = notebook([table, new_output("execute_result", {"text/html": html}, execution_count=1)])
    outcomes.bring(made)
    assert '<div class="predict-told"><p><strong>Yes.</strong> By 3 points.</p></div>' in made.cells[0].source
    assert "<td>" not in made.cells[0].source
    assert "Does it?" not in made.cells[0].source


def test_a_cell_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="has the tag outcome-it and prints nothing"):
        outcomes.bring(notebook([new_output("stream", name="stdout", text="\n")]))


def test_a_tag_without_its_box_is_refused():
    with pytest.raises(ValueError, match="no Predict box predict-other with an answer for the tag outcome-other"):
        outcomes.bring(notebook([new_output("stream", name="stdout", text="x")], tags=("outcome-other",)))


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_tag_of_a_chapter_names_a_box_of_it(path):
    cells = json.loads(path.read_text("utf8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    tags = [tag for cell in cells for tag in cell["metadata"].get("tags", ()) if tag.startswith(outcomes.TAG)]
    there = set(re.findall(r"^:name: predict-(\S+)$", text, re.M))
    assert {tag.removeprefix(outcomes.TAG) for tag in tags} <= there
