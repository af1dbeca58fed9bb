"""A chapter's opening and its card: counted, moved and linked from what the notebook holds."""

import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tests.browser import tool

openings = tool("openings")

TITLE = """(ch-a)=
# A title

A claim.

More of it.

:::{admonition} Before you start
:class: dropdown
*You will be able to*
- do this.

*You need* {doc}`02-b`, and patience.

*Run time:* short.
:::"""


def png(width=800, height=500):
    file = io.BytesIO()
    image = Image.new("RGB", (width, height), "white")
    image.paste("navy", (100, 100, width - 100, height - 100))
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def chapter():
    shown = [
        new_output("stream", text="a number"),
        new_output("display_data", {"image/png": base64.b64encode(png()).decode()}),
        new_output("display_data", {openings._VIEW: {"model_id": "1"}}),
    ]
    return new_notebook(
        cells=[
            new_markdown_cell(TITLE),
            new_code_cell("start()", metadata={"tags": ["remove-input"]}),
            new_code_cell(
                "Explorer()", outputs=shown, metadata={"tags": ["hide-input", "opening"], "mystnb": {"a": 1}}
            ),
            new_markdown_cell(":::{exercise} One\n:::\n\n:::{solution} ex\nmany words that are folded\n:::"),
        ]
    )


def test_the_picture_opens_the_chapter_and_its_cell_keeps_the_rest(chapter):
    openings.open_up(chapter, "01-a")
    first, picture, _, _, cell, above, _ = chapter.cells
    assert first.source.split("\n\n") == ["(ch-a)=\n# A title", "A claim.", "(opening-01-a)="]
    assert [output.output_type for output in picture.outputs] == ["display_data", "display_data"]
    assert picture.metadata["mystnb"] == {"a": 1}
    assert [output.output_type for output in cell.outputs] == ["stream"]
    assert cell.metadata == {"tags": ["hide-input"]}, "a figure has one label"
    assert above.source == "*The [explorer](#opening-01-a) stands at the top of this chapter.*"
    nbformat.validate(chapter)


def test_the_row_of_facts_counts_and_says_what_is_needed(chapter):
    openings.open_up(chapter, "01-a")
    below = chapter.cells[2].source
    listed = [line for line in below.split(":::")[1].splitlines() if line.startswith("- ")]
    assert listed == ["- 1 min of reading", "- 1 explorer", "- 1 exercise", "- needs {doc}`02-b`, and patience"]
    assert "More of it." in below
    assert "You need" not in below, "it stands in the row"
    assert ":class: dropdown" in below


def test_a_chapter_without_a_marked_cell_gets_its_row_alone(chapter):
    chapter.cells[2].metadata["tags"] = ["hide-input"]
    openings.open_up(chapter, "01-a")
    assert len(chapter.cells) == 5
    assert "opening-01-a" not in chapter.cells[0].source


def test_minutes_are_of_words_that_are_read():
    read, many = "word " * 401 + "\n\n$$\na = b + c\n$$ (eq-a)\n\n", "word " * 999
    folded = f":::{{solution}} x\n```python\n{many}\n```\n{many}\n:::\n```\n{many}\n```"
    cells = [new_markdown_cell(f"{read}:::{{note}}\nTwo words.\n:::\n{folded}")]
    assert openings.words(new_notebook(cells=cells)) == 401 + 2 + 2  # the formula and its label, the note
    assert openings.minutes(new_notebook(cells=cells)) == 3
    assert openings.minutes(new_notebook()) == 1


def test_a_list_of_links_becomes_cards(chapter, tmp_path):
    listed = new_markdown_cell(
        "## Way\n\n- [A title](01-a.ipynb) What?\n- [B](b.ipynb) Who?\n\nEnd.", metadata={"tags": ["chapter-cards"]}
    )
    landing = new_notebook(cells=[listed])
    openings.Cards({"01-a": chapter, "b": new_notebook()}, tmp_path).replace_lists(landing)
    source = landing.cells[0].source
    assert source.startswith("## Way\n\n:::::{grid}")
    assert source.endswith("\n\nEnd.")
    assert "{grid-item-card} 1. A title\n:link: 01-a\n" in source
    assert "1 min · [moves]{.l0-moves}" in source
    assert "{grid-item-card} B\n" in source
    picture = Image.open(tmp_path / "cards" / "01-a.png")
    assert picture.width == openings.WIDTH, "and without its margins:"
    assert picture.convert("RGB").getpixel((2, 2)) == (0, 0, 128)
    assert (tmp_path / "cards" / "01-a.png").stat().st_size < 4000
    assert not (tmp_path / "cards" / "b.png").exists()
