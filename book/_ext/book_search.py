"""Search that finds numbers, what explorers show, and pages before the reference of the library.

Sphinx drops numbers from a query. Here a whole number of three digits or more is a word, with or without commas:
``n266610``, in the index and, by the splitter below, in the query. The order of results is that of ``scorer.js``.
"""

import re

import sphinx.search
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.search.en import SearchEnglish

import l0lib

#: A number on its own, or a word.
TOKEN = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*(?!\w)|\w+")
#: Sphinx takes tags away and leaves nothing in their place: without a space two cells would be one word.
BLOCK = re.compile(r"(</(?:td|th|tr|p|li|caption|div)>)(?=<)")


class English(SearchEnglish):
    """English with numbers."""

    js_splitter_code = r"""
var splitQuery = (query) => (query.match(
  /(?<![\p{Letter}\p{Number}_])\d+(?:[.,]\d+)*(?![\p{Letter}\p{Number}_])|[\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu
) ?? []).map((term) => (/^\d[\d.,]*$/.test(term) ? "n" + term.replaceAll(",", "") : term));
"""

    def split(self, input: str) -> list[str]:
        """Return the words of a text, and its whole numbers of three digits or more as words."""
        tokens = (re.sub(r"^(?=[\d,]+$)", "n", token).replace(",", "") for token in TOKEN.findall(input))
        return [token for token in tokens if not token[0].isdigit() and not re.fullmatch(r"n\d{1,2}", token)]


def add_words(app, doctree):
    """Let the index read cells apart, and what the still picture of an explorer says in words."""
    said = []
    for node in list(doctree.findall(nodes.raw)):
        if "html" not in node.get("format", "").split():
            continue
        text = node.astext()
        if "l0-fallback" in text:
            said += [image.get("alt", "") for image in BeautifulSoup(text, "html.parser").find_all("img")]
        elif BLOCK.search(text):
            node.children = [nodes.Text(BLOCK.sub(r"\1\n", text))]
            node.rawsource = node.astext()
    words = dict.fromkeys(English({}).split(" ".join(said)))
    if words:
        doctree.append(nodes.meta("", name="keywords", lang="en", content=", ".join(words)))


def setup(app):
    sphinx.search.languages["en"] = English
    app.connect("doctree-read", add_words)
    return {"version": l0lib.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
