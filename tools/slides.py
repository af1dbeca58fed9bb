"""Build the decks of course/slides: reveal.js, with the book's own figures, tables, formulas and live explorers.

.venv/bin/python tools/slides.py          every deck into _build/slides; open _build/slides/index.html
.venv/bin/python tools/slides.py --site   into the built book, as `make book` does

A deck is one Markdown file with the name of its chapter. ``# Title`` begins it, each ``## Title`` a slide, with lines
``:section: …`` (a heading of the chapter) and ``:minutes: …`` below. What is shown comes from the executed chapter:

    ```{figure} fig-za-race           ```{table} Arrival               ```{explorer} trajectories
    ```                               columns: penalty, steps counted  equal: false
                                      ```                              ```
A figure is named by its label, a table by how its caption begins, an explorer by its kind; ``NN-name/label`` takes it
from another chapter. ```` ```{predict} ```` holds a question, ``---`` and its answer, ```` ```{notes} ```` what the
speaker sees. ``{{ expression }}`` puts in a number: ``cell(caption, row, column)`` reads it from a table of the
chapter, ``said(pattern)`` from its printed text; anything else is computed with the names of ```` ```{python} ````
blocks. No percentage is typed, nor a number put into an f-string as it is.
"""

from __future__ import annotations

import argparse
import ast
import base64
import html
import importlib
import json
import math
import pathlib
import re
import shutil
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import sheet
import yaml
from docutils.nodes import make_id  # type: ignore[import-untyped]
from execute import EXECUTED, ROOT

SOURCES = ROOT / "course" / "slides"
TARGET = ROOT / "_build" / "slides"
SITE = ROOT / "_build" / "html" / "slides"
STATIC = SOURCES / "static"
ASSETS = ROOT / "book" / "assets"
#: What a lecture takes, and how many slides that is.
MINUTES, SLIDES = 50, range(15, 26)
#: Where a deck finds the book: beside it in _build, or around it on the site.
BESIDE, WITHIN = "../html", ".."
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

_FENCE = re.compile(r"^(`{3,})\{(\w+)\}[ \t]*(.*?)\n(.*?)^\1[ \t]*$", re.M | re.S)
_OPTION = re.compile(r":(\w+):[ \t]*(.*)\n")
_EXPRESSION = re.compile(r"\{\{ (.+?) \}\}", re.S)
_TYPED = re.compile(r"\d[\d.,]*\s*%")
_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
_KINDS = ("figure", "table", "explorer", "predict", "notes")


@dataclass(frozen=True)
class Part:
    """A piece of a slide: text, or what a fence asks for by ``kind`` and ``name``, with its ``body``."""

    kind: str
    body: str
    name: str = ""


@dataclass
class Slide:
    """One slide of a deck, as written."""

    title: str
    section: str
    minutes: float
    parts: list[Part]
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Deck:
    """One deck, as written: its chapter's name, its slides (the first is the title's), and its Python blocks."""

    name: str
    slides: list[Slide]
    code: str

    @property
    def title(self) -> str:
        return self.slides[0].title

    @property
    def number(self) -> int:
        return int(self.name[:2])


def read(path: pathlib.Path) -> Deck:
    """Return the deck in one file.

    Raises
    ------
    ValueError
        If it is no deck: an unknown fence or option, a slide without section or minutes, too few or too many slides
        or minutes.
    """
    text = path.read_text("utf8")
    code = "\n".join(body for _, kind, _, body in _FENCE.findall(text) if kind == "python")
    text = _FENCE.sub(lambda found: "" if found[2] == "python" else found[0], text)
    slides: list[Slide] = []
    for block in _blocks(text):
        head, _, rest = block.partition("\n")
        title = head.lstrip("#").strip()
        where = f"{path.name}, slide {title!r}"
        options = {}
        while option := _OPTION.match(rest):
            options[option[1]] = option[2].strip()
            rest = rest[option.end() :]
        if unknown := sorted(set(options) - {"section", "minutes", "layout"}):
            raise ValueError(f"{where}: options are section, minutes and layout; got {unknown[0]}")
        first = not slides
        if first is head.startswith("## ") or (not first and not options.get("section")):
            raise ValueError(f"{where}: a deck begins with `# Title`, and each `## Title` after it needs a `:section:`")
        if options.get("layout", "columns") != "columns":
            raise ValueError(f"{where}: layout must be columns or left out; got {options['layout']}")
        try:
            minutes = float(options["minutes"])
        except (KeyError, ValueError):
            raise ValueError(f"{where}: `:minutes:` must be a number; got {options.get('minutes')!r}") from None
        parts = _parts(rest, where)
        if not any(part.kind == "notes" for part in parts):
            raise ValueError(f"{where}: the speaker needs notes")
        slides.append(Slide(title, options.get("section", ""), minutes, parts, options))
    total = sum(slide.minutes for slide in slides)
    if len(slides) not in SLIDES:
        raise ValueError(f"{path.name}: a deck has {SLIDES[0]} to {SLIDES[-1]} slides; got {len(slides)}")
    if total != MINUTES:
        raise ValueError(f"{path.name}: the minutes of a deck must add up to {MINUTES}; got {total:g}")
    titles = [slide.title for slide in slides]
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise ValueError(f"{path.name}: each slide needs a title of its own; got {twice[0]!r} twice")
    return Deck(path.stem, slides, code)


def _blocks(text: str) -> list[str]:
    """Split before each heading that stands in no fence."""
    kept, fence = [[]], ""  # type: tuple[list[list[str]], str]
    for line in text.splitlines(keepends=True):
        mark = re.match(r"`{3,}", line)
        if mark and not fence:
            fence = mark[0]
        elif mark and line.strip() == fence:
            fence = ""
        if not fence and re.match(r"##? ", line):
            kept.append([])
        kept[-1].append(line)
    return ["".join(lines) for lines in kept if "".join(lines).strip()]


def _parts(text: str, where: str) -> list[Part]:
    """Return the pieces of a slide in order."""
    parts, end = [], 0
    for found in _FENCE.finditer(text):
        parts.append(Part("text", text[end : found.start()]))
        if found[2] not in _KINDS:
            raise ValueError(f"{where}: a fence is one of {', '.join(_KINDS)}; got {found[2]}")
        parts.append(Part(found[2], found[4], found[3]))
        end = found.end()
    parts.append(Part("text", text[end:]))
    kept = [part for part in parts if part.kind != "text" or part.body.strip()]
    for part in kept:
        spoken = _FORMULA.sub("", _EXPRESSION.sub("", part.body))
        if typed := _TYPED.search(spoken):
            raise ValueError(f"{where}: a percentage is computed or read, not typed; got {typed[0]}")
        if dodges := [found for found in _EXPRESSION.findall(part.body) if _shows_a_literal(found)]:
            raise ValueError(f"{where}: a number in an f-string is computed or read, not typed; got {dodges[0]}")
    return kept


def _shows_a_literal(expression: str) -> bool:
    """Whether an expression holds an f-string that shows a number as it was typed: the rule above, dodged."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        return False  # who builds the page is told
    shown = [node.value for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)]
    bare = [one.operand if isinstance(one, ast.UnaryOp) else one for one in shown]
    return any(isinstance(one, ast.Constant) for one in bare)


class Chapter:
    """An executed chapter, as far as a deck shows it."""

    def __init__(self, name: str):
        path = EXECUTED / f"{name}.ipynb"
        if not (ROOT / "notebooks" / path.name).exists():
            raise ValueError(f"a chapter is one of notebooks/; got {name}")
        if not path.exists():
            sys.exit(f"{path.relative_to(ROOT)} is missing: run tools/execute.py (or `make book`) first")
        self.name = name
        # as JSON: to check a notebook's form takes longer than all else here
        self.notebook = _joined(json.loads(path.read_text("utf8")))
        text = "\n".join(c["source"] for c in self.notebook["cells"] if c["cell_type"] == "markdown")
        self.title = re.search(r"^# (.+)$", text, re.M)[1]  # type: ignore[index]
        self.sections = [re.sub(r"\s*\{[^}]*\}$", "", found) for found in re.findall(r"^## (.+)$", text, re.M)]
        opening = self.notebook["cells"][0]["source"].split("\n\n")
        self.claim = next(opening[i + 1] for i, block in enumerate(opening) if re.search(r"^# ", block, re.M))

    def _outputs(self) -> Iterable[tuple[Any, Any]]:
        for cell in self.notebook["cells"]:
            for output in cell.get("outputs", ()):
                yield cell, output

    def section(self, title: str) -> tuple[int, str]:
        """Return the number of a section and its anchor on the page."""
        if title not in self.sections:
            raise ValueError(f"{self.name} has the sections {'; '.join(self.sections)}; got {title}")
        return self.sections.index(title) + 1, make_id(re.sub(r"[*$`\\]", "", title))

    @cached_property
    def figures(self) -> dict[str, tuple[str, str, bytes]]:
        """By label: suffix, what the picture shows in words, and its bytes."""
        found = {}
        for cell, output in self._outputs():
            about = cell["metadata"].get("mystnb", {})
            label, data = about.get("figure", {}).get("name"), output.get("data", {})
            alt = about.get("image", {}).get("alt", "")
            if label and "image/svg+xml" in data:
                found[label] = ("svg", alt, data["image/svg+xml"].encode())
            elif label and "image/png" in data and label not in found:
                found[label] = ("png", alt, base64.b64decode(data["image/png"]))
        return found

    @cached_property
    def tables(self) -> dict[str, list[list[str]]]:
        """By caption: the rows of text, headers first."""
        found = {}
        for _, output in self._outputs():
            for table in re.findall(r"<table\b.*?</table>", output.get("data", {}).get("text/html", ""), re.S):
                if "<caption" not in table:
                    continue
                table = re.sub(r"<sup>(.*?)</sup>", r"^(\1)", table)  # as l0lib.table has it
                tree = ET.fromstring(re.sub(r"&(?!(?:amp|lt|gt|quot|#\w+);)", "&amp;", table))
                caption = "".join(tree.find("caption").itertext())  # type: ignore[union-attr]
                rows = [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]
                found[caption] = rows
        return found

    def table(self, caption: str) -> tuple[str, list[list[str]]]:
        """Return the table with this caption, or the only one whose caption begins so."""
        if caption in self.tables:
            return caption, self.tables[caption]
        fitting = {key: rows for key, rows in self.tables.items() if key.startswith(caption)}
        if len(fitting) != 1:
            known = "; ".join(repr(key[:60]) for key in self.tables)
            raise ValueError(f"{len(fitting)} tables of {self.name} begin with {caption!r}; it has {known}")
        return next(iter(fitting.items()))

    @cached_property
    def printed(self) -> str:
        """All that the cells print or say in words, marks of HTML left out."""
        texts = []
        for _, output in self._outputs():
            data = output.get("data", {})
            rich = data.get("text/markdown") or re.sub(r"<[^>]+>", " ", data.get("text/html", ""))
            texts.append(output.get("text", "") or html.unescape(rich) or data.get("text/plain", ""))
        return re.sub(r"\s+", " ", "\n".join(texts))

    @cached_property
    def explorers(self) -> dict[str, tuple[str, str]]:
        """By kind, as the anchors of the page: the model's identifier, and the still picture as HTML."""
        found: dict[str, tuple[str, str]] = {}
        state, still = {"state": self.state}, ""
        count: dict[str, int] = {}
        for _, output in self._outputs():
            data = output.get("data", {})
            if "l0-fallback" in data.get("text/html", ""):
                still = data["text/html"]
            if VIEW in data:
                model = data[VIEW]["model_id"]
                kind = _kind(state["state"], model)
                count[kind] = count.get(kind, 0) + 1
                found[kind if count[kind] == 1 else f"{kind}-{count[kind]}"] = (model, still)
                still = ""
        return found

    @cached_property
    def state(self) -> dict[str, Any]:
        """The state of the chapter's widgets, by identifier."""
        return self.notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


chapter = cache(Chapter)


def _joined(value: Any) -> Any:
    """Return a notebook with its texts whole: a file holds them as lists of lines."""
    if isinstance(value, list):
        if value and all(isinstance(line, str) for line in value):
            return "".join(value)
        return [_joined(one) for one in value]
    if isinstance(value, dict):
        return {key: (one if key in ("state", "tags") else _joined(one)) for key, one in value.items()}
    return value


def _children(state: dict[str, Any], model: str) -> list[str]:
    children = state[model]["state"].get("children", [])
    return [child.removeprefix("IPY_MODEL_") for child in children]


def _kind(state: dict[str, Any], model: str) -> str:
    traits = [state[key]["state"] for key in [model, *_children(state, model)]]
    return next((found["kind"] for found in traits if "kind" in found), "pictures")


def _references(value: Any) -> Iterable[str]:
    return re.findall(r"IPY_MODEL_([0-9a-f]{32})", json.dumps(value))


class Explorers:
    """The explorers of one deck: each a copy of one in a chapter, with settings of its own."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def add(self, source: Chapter, kind: str, settings: dict[str, Any]) -> str:
        """Copy an explorer with ``settings`` in place of its own; return its place as HTML."""
        if kind not in source.explorers:
            raise ValueError(f"{source.name} has the explorers {', '.join(source.explorers) or 'none'}; got {kind}")
        model, still = source.explorers[kind]
        wanted, queue = set(), [model]
        while queue:
            key = queue.pop()
            if key not in wanted:
                wanted.add(key)
                queue += _references(source.state[key]["state"])
        # links hold references to what they join, and nobody holds one to them
        for key, one in source.state.items():
            joined = set(_references(one["state"]))
            if "Link" in one["model_name"] and joined and joined <= wanted:
                wanted.add(key)
        names = {key: f"{len(self.state) + number:032x}" for number, key in enumerate(sorted(wanted))}
        text = json.dumps({key: source.state[key] for key in sorted(wanted)})
        made = json.loads(re.sub(r"[0-9a-f]{32}(?![0-9a-f])", lambda found: names.get(found[0], found[0]), text))
        view = next((one["state"] for one in made.values() if "kind" in one["state"]), None)
        if settings and view is None:
            raise ValueError(f"the explorer {kind} of {source.name} has no settings; got {', '.join(settings)}")
        for name, value in settings.items():
            assert view is not None
            _set(made, view, name, value)
        self.state |= made
        rows = len(_children(made, next(iter(_children(made, names[model]))))) if view else 0
        sort = f' data-kind="{view["kind"]}" style="--l0-rows: {rows}"' if view else ""
        if settings and view:
            still = _picture(view)
        reference = json.dumps({"version_major": 2, "version_minor": 0, "model_id": names[model]})
        return f'<div class="l0-place"{sort}>{still}<script type="{VIEW}">{reference}</script></div>'


def _set(made: dict[str, Any], view: dict[str, Any], name: str, value: Any) -> None:
    """Set one setting of a copied explorer: in its control, its view, and where Reset leads."""
    spec = next((one for one in view["spec"] if one["name"] == name), None)
    if spec is None:
        raise ValueError(f"{view['kind']} has {', '.join(one['name'] for one in view['spec'])}; got {name}")
    control = next(m["state"] for m in made.values() if f"l0-c-{name}" in m["state"].get("_dom_classes", ()))
    if values := spec.get("values"):
        close = [i for i, v in enumerate(values) if v == value or (_number(v, value) and math.isclose(v, value))]
        if not close:
            raise ValueError(f"{name} of {view['kind']} is one of {', '.join(map(str, values))}; got {value}")
        control["index"] = view[f"{name}_index"] = close[0]
        spec["start"] = values[close[0]]
        return
    if spec["kind"] == "linear" and not (_number(value) and spec["min"] <= value <= spec["max"]):
        raise ValueError(f"{name} of {view['kind']} lies between {spec['min']} and {spec['max']}; got {value}")
    if spec["kind"] == "check" and not isinstance(value, bool):
        raise ValueError(f"{name} of {view['kind']} is true or false; got {value}")
    control["value"] = view[name] = spec["start"] = value


def _number(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _picture(view: dict[str, Any]) -> str:
    """Return the still picture of a view that computes from its settings alone; of stored runs there is none."""
    from l0lib import widgets

    kinds: dict[str, Any] = {
        one.kind: one for one in vars(widgets).values() if isinstance(one, type) and hasattr(one, "kind")
    }
    if kinds[view["kind"]].carried():
        return ""
    return kinds[view["kind"]](**{one["name"]: one["start"] for one in view["spec"]}).fallback()["text/html"]


class Builder:
    """What turns one deck into a page: texts are gathered first, so that all formulas are set in one call."""

    def __init__(self, deck: Deck, pictures: dict[str, bytes]):
        self.deck, self.chapter, self.pictures = deck, chapter(deck.name), pictures
        self.explorers = Explorers()
        self.names: dict[str, Any] = {"cell": self.cell, "said": self.said, "math": math}
        self.texts: list[str] = []
        if deck.title != self.chapter.title:
            raise ValueError(f"{deck.name}: a deck has its chapter's title, {self.chapter.title}; got {deck.title}")
        exec(compile(deck.code, f"{deck.name}.md", "exec"), self.names)

    def cell(self, caption: str, row: str, column: str, of: str = "") -> str:
        """Return the text of a cell of a table of the chapter, or of the chapter ``of``."""
        source = chapter(of) if of else self.chapter
        _, (headers, *rows) = source.table(caption)
        begins = [(line, " ".join(line)) for line in rows]
        found = [line for line, text in begins if row == line[0] or text.startswith(f"{row} ")]
        if len(found) != 1 or headers.count(column) != 1:
            known = "; ".join(line[0] for line in rows)
            raise ValueError(
                f"table {caption!r} has the columns {'; '.join(headers)}, and rows that begin with {known}; "
                f"got column {column!r} and row {row!r}"
            )
        return found[0][headers.index(column)]

    def said(self, pattern: str, of: str = "") -> str:
        """Return the first group of ``pattern`` in what the chapter (or ``of``) prints; it must be one and the same."""
        source = chapter(of) if of else self.chapter
        found = {match[1] for match in re.finditer(pattern, source.printed)}
        if len(found) != 1:
            raise ValueError(f"{source.name} must print one text like {pattern!r}; got {sorted(found) or 'none'}")
        return found.pop()

    def filled(self, text: str, where: str) -> str:
        def value(found: re.Match) -> str:
            try:
                return str(eval(found[1], self.names))
            except Exception as error:
                raise ValueError(f"{where}: {{{{ {found[1]} }}}}: {error}") from error

        return _EXPRESSION.sub(value, text)

    def text(self, text: str, where: str) -> str:
        """Keep a text for later; return what stands for it until then."""
        self.texts.append(self.filled(text, where))
        return f"\0{self.deck.name} {len(self.texts) - 1}\0"

    def source(self, name: str) -> tuple[Chapter, str]:
        """Return the chapter and the label that a name means."""
        named = re.match(r"(\d\d-[\w-]+)/(.+)", name)
        return (chapter(named[1]), named[2]) if named else (self.chapter, name)

    def figure(self, part: Part, where: str) -> str:
        source, label = self.source(part.name)
        if label not in source.figures:
            raise ValueError(f"{source.name} has the figures {', '.join(source.figures) or 'none'}; got {label}")
        suffix, alt, data = source.figures[label]
        name = f"figures/{label}.{suffix}"
        if suffix == "svg" and name not in self.pictures:
            data = _extension("themed_figures").themed(data.decode()).encode()
        self.pictures.setdefault(name, data)
        return f'<div class="picture"><img alt="{html.escape(alt)}" src="{name}"></div>'

    def table(self, part: Part, where: str) -> str:
        source, name = self.source(part.name)
        caption, (headers, *rows) = source.table(name)
        asked = {
            key.strip(): value.strip() for key, _, value in (line.partition(":") for line in part.body.splitlines())
        }
        if unknown := sorted(set(asked) - {"columns", "rows", "caption"}):
            raise ValueError(f"a table is asked for columns, rows or a caption; got {unknown[0]}")
        columns = [one.strip() for one in asked.get("columns", "").split(";")] if "columns" in asked else headers
        if wrong := [one for one in columns if one not in headers]:
            raise ValueError(f"table {name!r} has the columns {'; '.join(headers)}; got {wrong[0]}")
        if "rows" in asked:
            wanted = [one.strip() for one in asked["rows"].split(";")]
            if wrong := [one for one in wanted if one not in [row[0] for row in rows]]:
                raise ValueError(f"table {name!r} has rows {'; '.join(row[0] for row in rows)}; got {wrong[0]}")
            rows = [row for one in wanted for row in rows if row[0] == one]
        places = [headers.index(one) for one in columns]
        shown = asked.get("caption", caption)

        def line(row: list[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{_raised(row[i])}</{tag}>" for i in places) + "</tr>"

        body = "".join(line(row, "td") for row in rows)
        head = line(headers, "th").replace("<th>", '<th scope="col">')
        return f"<table><caption>{_raised(shown)}</caption><thead>{head}</thead><tbody>{body}</tbody></table>"

    def explorer(self, part: Part, where: str) -> str:
        source, kind = self.source(part.name)
        try:
            settings = yaml.safe_load(part.body) or {}
        except yaml.YAMLError as error:
            raise ValueError(f"settings of an explorer are lines `name: value`; got {part.body.strip()!r}") from error
        if not isinstance(settings, dict):
            raise ValueError(f"settings of an explorer are lines `name: value`; got {part.body.strip()!r}")
        return self.explorers.add(source, kind, settings)

    def predict(self, part: Part, where: str) -> str:
        question, mark, answer = part.body.partition("\n---\n")
        if not mark or not answer.strip():
            raise ValueError("a predict fence holds a question, a line ---, and the answer")
        ask, tell = self.text(question, where), self.text(answer, where)
        return (
            f'<div class="predict"><p class="kind">Predict</p><div class="ask">{ask}</div>'
            f'<div class="answer fragment">{tell}</div></div>'
        )

    def slide(self, slide: Slide, place: int, begins: float) -> str:
        where = f"{self.deck.name}.md, slide {slide.title!r}"
        makers: dict[str, Callable[[Part, str], str]] = {
            kind: getattr(self, kind) for kind in ("figure", "table", "explorer", "predict")
        }
        shown, notes = [], ""
        for part in slide.parts:
            try:
                if part.kind == "notes":
                    notes = self.text(part.body, where)
                elif part.kind == "text":
                    shown.append(f'<div class="text">{self.text(part.body, where)}</div>')
                else:
                    shown.append(makers[part.kind](part, where))
            except ValueError as error:
                raise ValueError(str(error) if where in str(error) else f"{where}: {error}") from error
        if slide.options.get("layout"):
            if len(shown) < 2:
                raise ValueError(f"{where}: columns need two parts at least")
            shown = [f'<div class="columns"><div>{"".join(shown[:-1])}</div><div>{shown[-1]}</div></div>']
        when = f"Minute {begins:g} to {begins + slide.minutes:g}."
        aside = f'<aside class="notes"><p><strong>{when}</strong></p>{notes}</aside>'
        attributes = f'id="{make_id(slide.title)}" data-timing="{round(slide.minutes * 60)}"'
        kinds = {part.kind for part in slide.parts}
        words = "" if kinds & {"figure", "explorer"} else " tabled" if "table" in kinds else " words"
        body = f'<div class="body{words}">{"".join(shown)}</div>'
        address = f"\1/notebooks/{self.deck.name}.html"
        if place == 0:
            claim = self.text(self.chapter.claim, where)
            return (
                f'<section class="title" {attributes}><p class="chapter">Chapter {self.deck.number}</p>'
                f'<h1>{html.escape(slide.title)}</h1><div class="body"><div class="claim">{claim}</div>'
                f'{"".join(shown)}</div><p class="keys"><kbd>→</kbd> next · <kbd>S</kbd> speaker’s notes · '
                "<kbd>T</kbd> light or dark · <kbd>F</kbd> full screen · <kbd>O</kbd> overview</p>"
                f'<p class="source"><a href="{address}">The chapter in the book</a></p>{aside}</section>'
            )
        try:
            origin, name = self.source(slide.section)
            number, anchor = origin.section(name)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        title = self.text(slide.title, where)
        source = f"{int(origin.name[:2])}.{number} {html.escape(name)}"
        link = f'<p class="source"><a href="\1/notebooks/{origin.name}.html#{anchor}">{source}</a></p>'
        return f"<section {attributes}><h2>{title}</h2>{body}{link}{aside}</section>"

    def page(self) -> str:
        begins, sections = 0.0, []
        for place, slide in enumerate(self.deck.slides):
            sections.append(self.slide(slide, place, begins))
            begins += slide.minutes
        scripts, data = _scripts(self.explorers.state, self.deck.name)
        slides = "\n".join(sections)
        body = f'<div id="deck"><div class="slides">\n{slides}\n</div></div>\n{data}{scripts}'
        return _document(f"{self.deck.title}: slides of chapter {self.deck.number}", body)


def _extension(name: str) -> Any:
    """Return a module of the book's own extensions, which is no package."""
    folder = str(ROOT / "book" / "_ext")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def _scripts(state: dict[str, Any], name: str) -> tuple[str, str]:
    """Return the scripts of a deck, and the state of its explorers with each module named once."""
    files, data = ["deck.js"], ""
    if state:
        whole = {"version_major": 2, "version_minor": 0, "state": state}
        used = _extension("widget_state").share(whole, name)
        text = json.dumps(whole, separators=(",", ":")).replace("</", "<\\/")
        data = f'<script type="{STATE}">{text}</script>\n'
        files = [*(f"{module}.iife.js" for module in used), "widgets-slim.js", "deck.js"]
    return "\n".join(f'<script src="assets/{file}"></script>' for file in files), data


def _document(title: str, body: str) -> str:
    sheets = ("katex/katex.min.css", "site.css", "explorers.css", "deck.css")
    links = "\n".join(f'<link rel="stylesheet" href="assets/{name}">' for name in sheets)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="icon" href="assets/favicon.svg">
<script src="assets/head.js"></script>
{links}
</head>
<body>
{body}
</body>
</html>
"""


def _contents(decks: list[Deck]) -> str:
    """Return the page that lists the decks."""
    lines = "\n".join(
        f'<li value="{deck.number}"><a href="{deck.name}.html">{html.escape(deck.title)}</a>, '
        f"{len(deck.slides)} slides</li>"
        for deck in decks
    )
    body = f"""<main class="decks"><h1>Slides</h1>
<p>One deck for each chapter from 1 to 15, {MINUTES} minutes each. Explorers on a slide are live: drag, or move a slider
by its arrows.</p>
<ol>
{lines}
</ol>
<p><kbd>→</kbd> turns the page and then shows an answer, <kbd>S</kbd> opens the speaker's view with notes and times,
<kbd>T</kbd> changes between light and dark, <kbd>F</kbd> fills the screen, <kbd>O</kbd> shows all slides. For paper,
add <code>?print-pdf</code> to a deck's address and print it without margins.</p>
<p><a href="\1/index.html">The book</a></p></main>"""
    return _document("Slides", body)


def assets(folder: pathlib.Path) -> None:
    """Copy what every deck loads."""
    folder.mkdir(parents=True)
    vendor = ASSETS / "vendor"
    for source in (
        *STATIC.iterdir(),
        SOURCES / "js" / "head.js",
        ROOT / "l0lib" / "widgets" / "static" / "explorers.css",
        ASSETS / "site.css",
        ASSETS / "favicon.svg",
        *(vendor / name for name in ("explorers.iife.js", "playground.iife.js", "widgets-slim.js")),
    ):
        shutil.copy(source, folder / source.name)
    shutil.copytree(vendor / "katex", folder / "katex")


def sources() -> list[pathlib.Path]:
    """The decks' files, in order."""
    return sorted(SOURCES.glob("[0-9][0-9]-*.md"))


def build(folder: pathlib.Path, book: str = BESIDE) -> list[Deck]:
    """Build every deck into ``folder``, which is replaced as a whole; ``book`` leads from a deck to the book's pages.

    Raises
    ------
    ValueError
        If a deck asks for what its chapter does not have; it names deck and slide.
    """
    decks = [read(path) for path in sources()]
    pictures: dict[str, bytes] = {}
    builders = [Builder(deck, pictures) for deck in decks]
    pages = [builder.page() for builder in builders]
    set_texts = iter(sheet.markdown([text for builder in builders for text in builder.texts]))
    ready = {f"{b.deck.name} {i}": next(set_texts) for b in builders for i in range(len(b.texts))}

    def put(found: re.Match) -> str:
        return ready[found[1]].strip()

    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    assets(draft / "assets")
    (draft / "figures").mkdir()
    for name, data in pictures.items():
        (draft / name).write_bytes(data)
    for builder, page in zip(builders, pages, strict=True):
        page = re.sub(r"<(h2)>\0(.+?)\0</h2>", lambda found: f"<h2>{_inline(ready[found[2]])}</h2>", page)
        page = re.sub(r"\0(.+?)\0", put, page).replace("\1", book)
        (draft / f"{builder.deck.name}.html").write_text(page, "utf8")
    (draft / "index.html").write_text(_contents(decks).replace("\1", book), "utf8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return decks


def _raised(text: str) -> str:
    return re.sub(r"\^\((.*?)\)", r"<sup>\1</sup>", html.escape(text))


def _inline(text: str) -> str:
    return text.strip().removeprefix("<p>").removesuffix("</p>")


def main() -> None:
    parser = argparse.ArgumentParser(prog="slides.py", description="Build the decks of course/slides.")
    parser.add_argument("--site", action="store_true", help="into the built book, not beside it")
    site = parser.parse_args().site
    folder = SITE if site else TARGET
    if site and not folder.parent.exists():
        sys.exit(f"{folder.parent.relative_to(ROOT)} is missing: run tools/render.py (or `make book`) first")
    start = time.perf_counter()
    try:
        decks = build(folder, WITHIN if site else BESIDE)
    except ValueError as error:
        sys.exit(f"No slides were written. {error}")
    seconds = time.perf_counter() - start
    print(f"{len(decks)} decks in {seconds:.1f} s: open {folder.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
