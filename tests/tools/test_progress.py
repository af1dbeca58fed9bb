"""The table of My progress: what a notebook asks is counted, and the page must say where the table stands."""

import nbformat
import pytest

from tests.browser import tool

progress = tool("progress")

TEXT = """# One

:::{exercise} A
:label: ex-1-1
:class: on-page
:::

:::{admonition} Question
:class: quiz answer-2
:::

:::{admonition} Question
:class: quiz answer-1
:::

:::{admonition} Predict
:class: predict answer-1
:::
"""


def notebook(text):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def test_exercises_questions_and_guesses_are_counted():
    assert progress.counts(notebook(TEXT)) == [1, 2, 1]


def test_notebooks_that_ask_something_get_a_row():
    made = progress.page(f"# Mine\n\n{progress.PLACE}\n", [("one", notebook(TEXT)), ("two", notebook("# Two"))])
    assert "| [One](../notebooks/one.ipynb) | 1 | 2 | 1 |" in made
    assert "Two" not in made


@pytest.mark.parametrize("text", ["# Mine", f"{progress.PLACE} {progress.PLACE}"])
def test_a_page_that_does_not_say_once_where_the_table_stands_is_refused(text):
    with pytest.raises(ValueError, match=r"the page must hold .* once; got it [02] times"):
        progress.page(text, [])
