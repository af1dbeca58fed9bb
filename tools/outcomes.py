"""What came of a prediction stands where it was asked: in the Predict box, copied from the cell that computes it.

A code cell with the tag ``outcome-NAME`` tells what happened to the box ``predict-NAME``, in lines that it prints or in
an answer box; its pictures and tables stay where they are. Nothing here is typed.
"""

import html
import re

from boxes import boxes

#: The tag of a cell that tells what happened, before the name of the box.
TAG = "outcome-"

_ANSWER = re.compile(r'<div class="admonition note answer">.*?</p>(?P<told>.*)</div>', re.S)


def told(cell) -> list[str]:
    """Return what an executed cell says in words, as HTML: lines that it prints, and what stands in answer boxes."""
    paragraphs = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            lines = [html.escape(line.strip(), quote=False) for line in output.text.strip().splitlines()]
            paragraphs += [f"<p>{'<br>'.join(lines)}</p>"] if any(lines) else []
        for answer in _ANSWER.finditer(output.get("data", {}).get("text/html", "")):
            paragraphs.append(answer["told"].strip())
    return paragraphs


def bring(notebook) -> None:
    """Copy what cells tagged ``outcome-NAME`` say to the end of the answers of the boxes ``predict-NAME``."""
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", ()):
            if not tag.startswith(TAG):
                continue
            words = told(cell)
            if not words:
                raise ValueError(f"the cell {cell.id} has the tag {tag} and prints nothing")
            _put(notebook, tag.removeprefix(TAG), '<div class="predict-told">' + "".join(words) + "</div>")


def _put(notebook, name: str, words: str) -> None:
    for cell in notebook.cells:
        for box in boxes(cell.source, "admonition") if cell.cell_type == "markdown" else ():
            for look in boxes(box["body"], "admonition"):
                if f":name: predict-{name}\n" in box["options"] and look["title"] == "Look":
                    end = box.start("body") + look.end("body")
                    cell.source = f"{cell.source[:end]}\n{words}\n\n{cell.source[end:]}"
                    return
    raise ValueError(f"no Predict box predict-{name} with an answer for the tag {TAG}{name}")
