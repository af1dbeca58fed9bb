"""HTML only: a block of text far down a page is laid out when it comes near, and keeps a place of about its height.

A chapter is ten thousand boxes, most of them of formulas; to lay out all of them takes longer than all else that a
visit does until its first explorer answers. CSS leaves a block out by ``content-visibility: auto``; the place that it
keeps is estimated here, in lines, from what the block holds. Once it was shown, the browser knows its height itself.
"""

import html.parser
import math
import re
from collections.abc import Iterable
from pathlib import Path

#: Blocks that are left out. One within another is left out with it.
BLOCKS = {"p", "ul", "ol", "dl"}
CLASSES = {"admonition", "proof", "exercise", "solution", "math", "amsmath", "math-wrapper", "cell", "table-wrapper"}
#: Explorers measure themselves, and the scoreboard hides what was not asked for: a block with one is laid out at once.
WHOLE = {"l0-place", "l0-explorer", "pg", "sb"}
#: Of a box that opens on request only the title is seen.
FOLDED = {"dropdown", "toggle"}
VOID = {"br", "img", "input", "hr", "meta", "link", "source", "wbr", "col"}
LETTERS = (95, 44)  # in a line of text, on a wide page and on a phone
LINE = 26.4  # pixels
PICTURES = (820, 690)  # pixels: the most that a picture is wide there, and how wide it is made there (site.css)
SIDES = ("width", "height")
PICTURE = (836, 616)  # pixels of a picture that tells no size
CELL = 1.5  # letters of a table count so often, because its columns wrap
FORM = 6  # lines that the fields of an exercise take which is answered on the page
FIRST = 60  # lines of a page that are laid out at once: two screens


class Blocks(html.parser.HTMLParser):
    """The blocks of a page's article: where their opening tags end, their lines, and what they must not lose."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.stack: list[tuple[str, set[str]]] = []
        self.found: list[dict] = []
        self.block: dict | None = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        classes = set((dict(attributes).get("class") or "").split())
        if tag in VOID:
            if self.block is not None and tag == "img" and not self.unseen():
                known = dict(attributes)
                width, height = (float(known.get(side, whole)) for side, whole in zip(SIDES, PICTURE, strict=True))
                shown = min(width, PICTURES[0]), PICTURES[1]
                self.add([height * at / width / LINE for at in shown])
            return
        parent = self.stack[-1][0] if self.stack else ""
        self.stack.append((tag, classes))
        if self.block is None:
            within = parent == "section" and any(name == "article" for name, _ in self.stack)
            if within and (tag in BLOCKS or classes & CLASSES):
                line, column = self.getpos()
                end = self.starts[line - 1] + column + len(self.get_starttag_text()) - 1
                self.block = {"end": end, "depth": len(self.stack)}
                self.block |= {"lines": [FORM * ("on-page" in classes)] * 2, "letters": 0, "whole": False}
        if self.block is not None:
            self.block["whole"] |= bool(classes & WHOLE)
            if not self.unseen() and (tag in {"p", "li", "tr", "dt", "dd"} or "katex-display" in classes):
                self.end_line(1.5 if "katex-display" in classes else 0.6 if tag == "tr" else 0.4)

    def unseen(self) -> bool:
        """Whether what comes now is folded, or the copy of a formula that is only read aloud."""
        inside = self.stack[self.block["depth"] - 1 :]
        folded = any((name == "details" or FOLDED & classes) for name, classes in inside)
        title = any(name == "summary" or "admonition-title" in classes for name, classes in inside)
        return (folded and not title) or any("katex-mathml" in classes for _, classes in inside)

    def add(self, lines: Iterable[float]):
        """Count lines, on a wide page and on a phone."""
        self.block["lines"] = [so_far + more for so_far, more in zip(self.block["lines"], lines, strict=True)]

    def end_line(self, more: float = 0):
        """Count the lines of the letters so far, and ``more``."""
        letters, self.block["letters"] = self.block["letters"], 0
        self.add(math.ceil(letters / line) + more for line in LETTERS)

    def handle_data(self, data):
        if self.block is None or self.unseen():
            return
        if any(name == "pre" for name, _ in self.stack[self.block["depth"] - 1 :]):
            self.end_line(0.85 * data.count("\n"))
        else:
            in_table = any(name == "td" for name, _ in self.stack[self.block["depth"] - 1 :])
            self.block["letters"] += len(" ".join(data.split())) * (CELL if in_table else 1)

    def handle_endtag(self, tag):
        if tag in VOID or all(name != tag for name, _ in self.stack):
            return
        while True:
            left, _ = self.stack.pop()
            if self.block is not None and self.block["depth"] > len(self.stack):
                self.end_line()
                self.found.append(self.block)
                self.block = None
            if left == tag:
                return


def left_out(text: str) -> str:
    """Return a page whose blocks below the first screens are left out until they come near."""
    before, parts, done = 0.0, [], 0
    for block in Blocks(text).found:
        wide, narrow = block["lines"]
        before += wide + 1
        if before > FIRST and not block["whole"] and wide >= 1:
            end = block["end"]
            parts += [text[done:end], f' data-far style="--l0-wide:{wide:.3g};--l0-narrow:{narrow:.3g}"']
            done = end
    return "".join([*parts, text[done:]])


def sized(text: str, page: Path) -> str:
    """Return a page whose pictures in SVG tell their size, and so keep their room while they are loaded.

    All but the first, which may stand on the first screen, are loaded when they come near: a browser parses each as a
    document of thousands of elements.
    """
    lazy = ""

    def size(tag: re.Match) -> str:
        nonlocal lazy
        picture = page.parent / tag[1]
        found = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', picture.read_text("utf-8")[:2000])
        if not found or " width=" in tag[0]:
            return tag[0]
        width, height = (round(float(points) * 4 / 3) for points in found.groups())
        told, lazy = f'<img{lazy} width="{width}" height="{height}"{tag[0][4:]}', ' loading="lazy"'
        return told

    return re.sub(r'<img[^>]* src="([^":]*_images/[^"]*\.svg)"[^>]*>', size, text)


def finish(app, error):
    """Give the pictures of all pages their size, and mark the blocks."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if "_static" not in path.parts:
            path.write_text(left_out(sized(path.read_text("utf-8"), path)), "utf-8")


def setup(app):
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
