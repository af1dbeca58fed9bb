"""What a reader meets first, made from the executed notebooks: a chapter's opening, and its card on the landing.

Nothing here is typed: minutes, explorers and exercises are counted, pictures are the chapters' own.
"""

import base64
import io
import math
import pathlib
import re

from boxes import boxes
from light import nbformat
from PIL import Image, ImageChops

#: The tag of the cell whose picture or explorer opens its chapter, and of the landing's lists that become cards.
OPENING, CARDS = "opening", "chapter-cards"
#: Where a chapter has a deck of slides, under its own name.
DECKS = pathlib.Path(__file__).resolve().parent.parent / "course" / "slides"
#: Words that are read in a minute; a formula counts as one word.
PACE = 200
#: A card's picture: its width in pixels, and its colours; line drawings need few.
WIDTH, COLOURS = 360, 24

_VIEW = "application/vnd.jupyter.widget-view+json"
_NUMBERED = re.compile(r"(\d\d)-")
_NEEDS = re.compile(r"^\*You need\*:? *(.+?)\n\n", re.M | re.S)
_FENCE = re.compile(r"(`{3,}|~{3,}|:{3,})(.*)")
_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
_MARKUP = re.compile(r"^:[\w-]+:.*|\{[\w:-]+\}|\]\([^)]*\)", re.M)


def read_lines(text: str) -> list[str]:
    """Return the lines of a text that are read: no code, no folded solution, no fence."""
    kept: list[str] = []
    open_fences: list[tuple[str, bool]] = []  # how each closes, and whether what it holds is read
    for line in text.splitlines():
        fence = _FENCE.fullmatch(line.strip())
        if open_fences and fence and fence[1] == open_fences[-1][0] and not fence[2]:
            open_fences.pop()
        elif fence and all(read for _, read in open_fences):
            open_fences.append((fence[1], fence[2].startswith("{") and not fence[2].startswith("{solution}")))
        elif all(read for _, read in open_fences):
            kept.append(line)
    return kept


def title_of(notebook, name: str) -> str:
    """Return the title of a notebook, or its ``name`` where it has none."""
    found = re.search(r"^# (.+)$", notebook.cells[0].source, re.M)
    return found[1] if found else name


def words(notebook) -> int:
    """Return the number of words in a notebook's text that are read; a formula is one."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = _MARKUP.sub(" ", _FORMULA.sub(" x ", "\n".join(read_lines(text))))
    return len(re.findall(r"\w[\w'’.,–-]*", text))


def minutes(notebook) -> int:
    """Return the minutes that a notebook's text takes to read, at least one."""
    return max(1, math.ceil(words(notebook) / PACE))


def explorers(notebook) -> int:
    """Return the number of live explorers among a notebook's outputs."""
    return sum(_VIEW in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ()))


def exercises(notebook) -> int:
    """Return the number of exercises in a notebook."""
    return sum(len(list(boxes(cell.source, "exercise"))) for cell in notebook.cells if cell.cell_type == "markdown")


def counted(number: int, name: str) -> str:
    """Return a count in words: ``1 explorer``, ``7 exercises``."""
    return f"{number} {name}{'s' * (number != 1)}"


def facts(notebook) -> list[str]:
    """Return what a chapter takes: minutes, and explorers and exercises where it has some."""
    counts = ((explorers(notebook), "explorer"), (exercises(notebook), "exercise"))
    return [f"{minutes(notebook)} min of reading", *(counted(number, name) for number, name in counts if number)]


def open_up(notebook, name: str) -> None:
    """Put the picture of the cell tagged ``opening`` behind the chapter's first paragraph, and a row of facts below it.

    The cell itself stays where it runs, with a word that its picture stands above. What the chapter needs moves from
    *Before you start* into the row. ``name`` is the page's, for the label of the picture.
    """
    first = notebook.cells[0]
    aims = next((box for box in boxes(first.source, "admonition") if box["title"] == "Before you start"), None)
    if aims is None:
        return
    title, claim, *more = first.source[: aims.start()].strip().split("\n\n")
    row, box = facts(notebook), aims.group()
    if (DECKS / f"{name}.md").exists():
        row.append(f'<a href="../slides/{name}.html">slides</a>')
    if needs := _NEEDS.search(box):
        row.append(f"needs {needs.group(1).strip().rstrip('.')}")
        box = box.replace(needs.group(), "")
    listed = "\n".join([":::{div} l0-facts", *(f"- {fact}" for fact in row), ":::"])
    shown = picture(notebook, f"opening-{name}")
    label = [f"(opening-{name})="] if shown else []
    below = "\n\n".join([listed, *more, box, first.source[aims.end() :].strip()])
    first.source = "\n\n".join([title, claim, *label])
    notebook.cells[1:1] = [*shown, nbformat.v4.new_markdown_cell(below, id="chapter-facts")]


def picture(notebook, label: str) -> list:
    """Return a cell with the picture of the cell tagged ``opening``, which loses it and gets a link to ``label``."""
    for place, cell in enumerate(notebook.cells):
        if OPENING not in cell.metadata.get("tags", ()):
            continue
        drawn = [output for output in cell.outputs if output.output_type in ("display_data", "execute_result")]
        if not drawn:
            return []
        metadata = {**cell.metadata, "tags": ["remove-input", OPENING]}
        copy = nbformat.v4.new_code_cell(cell.source, id="chapter-picture", outputs=drawn, metadata=metadata)
        cell.outputs = [output for output in cell.outputs if output not in drawn]
        cell.metadata = {"tags": [tag for tag in cell.metadata.tags if tag != OPENING]}
        what = "explorer" if any(_VIEW in output.data for output in drawn) else "picture"
        above = nbformat.v4.new_markdown_cell(
            f"*The [{what}](#{label}) stands at the top of this chapter.*", id="chapter-above"
        )
        notebook.cells.insert(place + 1, above)
        return [copy]
    return []


class Cards:
    """The pages of a book as cards; ``notebooks`` are all executed ones by name, staged in ``folder``."""

    def __init__(self, notebooks: dict, folder: pathlib.Path):
        self.folder = folder
        self.pictures = {name: thumbnail(notebook) for name, notebook in notebooks.items()}
        self.counts = {name: (minutes(notebook), explorers(notebook)) for name, notebook in notebooks.items()}

    def replace_lists(self, notebook) -> None:
        """Make cards of the lists of links in cells tagged ``chapter-cards``, ``- [Title](name.ipynb) Question``."""
        for cell in notebook.cells:
            if CARDS in cell.metadata.get("tags", ()):
                cell.source = re.sub(r"(?:^- \[.+\n?)+", self._grid, cell.source, flags=re.M)

    def _grid(self, found: re.Match) -> str:
        items = re.findall(r"^- \[(.+?)\]\(([\w-]+)\.ipynb\) (.+)$", found.group(), re.M)
        cards = "\n".join(self._card(*item) for item in items)
        return f":::::{{grid}} 1 2 3 3\n:gutter: 3\n:class-container: l0-cards\n\n{cards}\n:::::\n"

    def _card(self, title: str, name: str, question: str) -> str:
        number = _NUMBERED.match(name)
        options = [f":link: {name}", ":link-type: doc"]
        if picture := self.pictures[name]:
            (self.folder / "cards").mkdir(exist_ok=True)
            suffix, data = picture
            (self.folder / "cards" / f"{name}.{suffix}").write_bytes(data)
            options += [f":img-top: cards/{name}.{suffix}", f":img-alt: A picture of {title}"]
        read, moving = self.counts[name]
        mark = " · [moves]{.l0-moves}" if moving else ""
        head = f"{int(number.group(1))}. {title}" if number else title
        below = [":::{card-footer}", f"{read} min{mark}", ":::"]
        return "\n".join([f"::::{{grid-item-card}} {head}", *options, "", question, "", *below, "::::"])


def thumbnail(notebook) -> tuple[str, bytes] | None:
    """Return a small picture of a notebook, with its file's suffix: of the cell tagged ``opening``, else the first."""
    for cell in sorted(notebook.cells, key=lambda cell: OPENING not in cell.metadata.get("tags", ())):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                # a tenth of a point is enough
                return "svg", re.sub(r"(\d\.\d)\d+", r"\1", data["image/svg+xml"]).encode()
            if "image/png" in data:
                return "png", _small(base64.b64decode(data["image/png"]))
    return None


def _small(png: bytes) -> bytes:
    """Return a picture without its margins, ``WIDTH`` wide and in few colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    corner = Image.new("RGB", image.size, image.getpixel((0, 0)))
    image = image.crop(ImageChops.difference(image, corner).getbbox())
    image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()
