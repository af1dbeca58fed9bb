"""The chapters as they are committed: no outputs, the furniture a reader relies on, exercises that can be solved."""

import json
import linecache
import re

import nbformat
import pytest

from tests.browser import ROOT, tool

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if re.match(r"\d\d-", path.name)]
PROSE = sorted((ROOT / "book").glob("*.md"))
boxes = tool("boxes").boxes


def read(path):
    return nbformat.read(path, as_version=4)


def markdown(path):
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def exercises(path):
    """Number and stub cell of each checked exercise."""
    return {c.metadata["exercise"]: c for c in read(path).cells if "exercise" in c.metadata}


def solution(path, number):
    """The Python block of one exercise's hidden solution."""
    label = "ex-" + number.replace(".", "-")
    (body,) = (box["body"] for box in boxes(markdown(path), "solution") if box["title"] == label)
    blocks = re.findall(r"^```python\n(.*?)^```", body, re.M | re.S)
    assert len(blocks) == 1, f"{label}: one python block, not {len(blocks)}"
    return blocks[0]


def test_the_chapters_and_the_ledger_are_here():
    numbers = [path.name.split("-")[0] for path in CHAPTERS]
    assert numbers[:16] == [f"{number:02d}" for number in range(16)]
    assert len(set(numbers)) == len(numbers), "two chapters of one number"
    assert ROOT / "notebooks" / "claims-ledger.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_without_outputs(path):
    raw = json.loads(path.read_text("utf8"))
    assert set(raw["metadata"]) <= {"kernelspec", "language_info"}
    for cell in raw["cells"]:
        assert cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert len({cell["id"] for cell in raw["cells"]}) == len(raw["cells"])


def test_the_whole_git_index_holds_no_outputs():
    assert tool("strip").main(["--check"]) == 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_opens_and_closes_as_all_do(path):
    cells = read(path).cells
    assert re.match(r"(\(ch-[\w-]+\)=\n)?# [^\n]+\n\n\S", cells[0].source), "a title, then an opening paragraph"
    assert len(re.findall(r"^# ", markdown(path), re.M)) == 1
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code[0].metadata["tags"] == ["parameters", "remove-input"]
    assert code[0].source.startswith('profile = "fast"')
    assert "start(profile)" in code[1].source
    assert code[-1].source.strip() == "footer()"
    assert "interact(" not in "".join(c.source for c in code)
    assert "tqdm.auto" not in "".join(c.source for c in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_page_shows_code_on_request(path):
    """Setup, footer and calls of figures are not shown, exercises that nobody can run there neither; the rest folds.

    What teaches an equation stays open, and is short.
    """
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    kinds = ("remove-input", "remove-cell", "hide-input")
    tags = [[tag for tag in cell.metadata.get("tags", []) if tag in kinds] for cell in code]
    assert [tags[0], tags[1], tags[-1]] == [["remove-input"]] * 3
    for cell, its in zip(code, tags, strict=True):
        assert len(its) <= 1
        assert (its == ["remove-cell"]) == ("exercise" in cell.metadata), cell.id
        called = cell.source.strip().splitlines()[-1]
        if not its:
            assert len(cell.source.splitlines()) <= 30, f"{cell.id} is too long to stay open"
            assert not re.match(r"(stored_)?figures\.|Table\(|display\(", called), (
                f"{cell.id} shows, and teaches nothing"
            )


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_a_chapter_has_its_furniture(path):
    text = markdown(path)
    opening = ("Before you start", "You will be able to", "You need", "Run time")
    for words in (*opening, "## Summary", "## Exercises", "## Quiz"):
        assert words in text, words
    shown = [cell for cell in read(path).cells if "opening" in cell.metadata.get("tags", [])]
    assert len(shown) == 1, "one picture or explorer opens the page"
    assert ":::{admonition} Before you start\n:class: dropdown\n" in text, "aims fold"
    assert any(kind.startswith("predict") for kind, _, _ in questions(path))
    asked = [re.search(r"^:label: (\S+)$", box["options"], re.M)[1] for box in boxes(text, "exercise")]
    assert len(asked) >= 4
    assert [box["title"] for box in boxes(text, "solution")] == asked
    assert text.count(":class: dropdown") >= 4 + 1 + 3
    assert len(exercises(path)) >= 2
    quizzes = [(kind, body) for kind, _, body in questions(path) if kind.startswith("quiz")]
    assert 3 <= len(quizzes) <= 5
    for kind, body in quizzes:
        options = re.findall(r"^(\d)\. ", body, re.M)
        assert options == [str(n + 1) for n in range(len(options))]
        assert kind in [f"quiz answer-{n}" for n in options]
        assert [box["title"] for box in boxes(body, "admonition")] == ["Hint", "Answer"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_half_of_the_exercises_ask_for_numbers_or_a_judgement(path):
    asked = [box["body"] for box in boxes(markdown(path), "exercise")]
    code = [text for text in asked if re.search(r"\bWrite (`\w|a function|the (step|proximal|gradient))", text)]
    assert 2 * len(code) <= len(asked)


def questions(path):
    """Class, name and body of each quiz and Predict box; no name where it has none."""
    found = []
    for box in boxes(markdown(path), "admonition"):
        options = dict(re.findall(r"^:([\w-]+): *(.*)$", box["options"], re.M))
        if re.match(r"(quiz|predict)\b", options.get("class", "")):
            found.append((options["class"], options.get("name", ""), box["body"]))
    return found


def test_every_question_has_a_name_of_its_own_that_no_renumbering_changes():
    """A device keeps answers under it; two chapters may stand on one page of progress."""
    names = [(kind.split()[0], name) for path in NOTEBOOKS for kind, name, _ in questions(path)]
    assert all(re.fullmatch(rf"{kind}-[a-z]\w*(-\w+)*", name) for kind, name in names)
    assert len(set(names)) == len(names) >= 96


def words(text):
    return re.findall(r"[\w.]*\w", text.lower())


def gives_away(hint, options, right):
    """Whether ``hint`` says option ``right`` (from 1), or all the words that tell it from the others."""
    said, mine = words(hint), words(options[right - 1])
    others = {word for n, option in enumerate(options, 1) if n != right for word in words(option)}
    own = [word for word in mine if word not in others]
    whole = f" {' '.join(mine)} " in f" {' '.join(said)} "
    return whole or bool(own and set(own) <= set(said)) or f"**{right}" in hint


def test_a_hint_that_gives_the_answer_away_is_found():
    options = ["At zero.", "Near zero at every second step.", "Beyond the band."]
    assert gives_away("It is near zero at every second step!", options, 2)
    assert gives_away("Every other step, so the second one, is near.", options, 2)
    assert gives_away("**2.**", options, 2)
    assert not gives_away("Does zero hold a weight that stands just beside it?", options, 2)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_quiz_has_a_hint_that_leaves_the_answer_to_the_reader(path):
    for kind, name, body in questions(path):
        if not kind.startswith("quiz"):
            continue
        hints = [box["body"] for box in boxes(body, "admonition") if box["options"] == ":class: hint dropdown\n"]
        assert len(hints) == 1, name
        options = re.findall(r"^\d\. (.+)$", body, re.M)
        assert len(hints[0].split()) >= 6, name
        assert not gives_away(hints[0], options, int(kind.rsplit("-", 1)[1])), name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_figure_cell_has_a_caption_and_words_for_who_cannot_see_it(path):
    for cell in read(path).cells:
        meta = cell.metadata.get("mystnb", {})
        called = re.match(r"(stored_)?figures\.\w+\(", cell.source.strip().rsplit("\n", 1)[-1])
        if cell.cell_type == "code" and (called or "figure" in meta):
            assert len(meta.get("image", {}).get("alt", "")) > 20, cell.source
            assert re.search(r"\b([Cc]omputed|[Dd]rawn) now\b|\bStored\b", meta["figure"]["caption"]), cell.source
            assert meta["figure"]["name"].startswith("fig-")


def pairs():
    return [pytest.param(path, number, id=number) for path in CHAPTERS for number in exercises(path)]


def run(source, name, space):
    """Execute a cell so that its source can be found again, as Jupyter does: the check of a stub reads it."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)  # trusted: our own chapters


@pytest.mark.parametrize(("path", "number"), pairs())
def test_an_exercise_accepts_its_solution_and_not_its_stub(path, number):
    """The chapter's code above the exercise is not run: stub and solution stand on the setup cell alone."""
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    space: dict = {"profile": "fast", "__name__": "chapter"}
    run(code[1], "<setup>", space)
    verdicts = []
    check = space["check"]

    def listening(name, answer):
        verdicts.append(check(name, answer))
        return verdicts[-1]

    space["check"] = listening
    stub = exercises(path)[number].source
    run(stub, f"<stub {number}>", space)
    assert len(verdicts) == 1, "the stub asks for one verdict"
    assert not verdicts[0].ok
    assert "not answered yet" in verdicts[0].message
    run(solution(path, number), f"<solution {number}>", space)
    call = re.search(r"^check\(.*\)$", stub, re.M | re.S)
    assert call, "the stub ends in check(...)"
    run(call.group(), f"<check {number}>", space)
    assert verdicts[-1].ok, verdicts[-1].message


def titles():
    """The title of every page that a notebook may link to, by its path from ``notebooks/``."""
    found = {}
    for path in [*NOTEBOOKS, *(ROOT / "book").glob("*.md")]:
        text = markdown(path) if path.suffix == ".ipynb" else path.read_text("utf8")
        found[path.name if path in NOTEBOOKS else f"../book/{path.name}"] = re.search(r"^# (.+)$", text, re.M)[1]
    return found


def everything_read(path):
    """The Markdown that a page is made of, captions of figures too."""
    if path.suffix != ".ipynb":
        return path.read_text("utf8")
    captions = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for cell in read(path).cells]
    return "\n\n".join([markdown(path), *captions])


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PROSE], ids=lambda path: path.stem)
def test_links_have_words_that_a_plain_viewer_shows_too(path):
    """JupyterLab and plain viewers show no text for an empty link, and the raw label of a role."""
    text = everything_read(path)
    raw = re.findall(r"\{(?:eq|numref|prf:ref)\}`[^`]*`", text)
    if path in NOTEBOOKS:  # the pages of book/ are read as pages
        raw += re.findall(r"\{(?:doc|ref)\}`[^`]*`|(?<!!)\[\]\([^)]*\)", text)
    assert not raw, "write [words](page.ipynb), [words](#label) or, with its number, [Eq. 5.1](#label)"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_boxes_are_text_where_nobody_knows_them(path):
    """A plain viewer shows a fence of backticks as code, and one of colons as paragraphs: the first for code alone."""
    text = markdown(path)
    assert not re.findall(r"^(?:`{3,}|~{3,})\{(?!figure)[\w:-]+\}", text, re.M), "write :::{...}"
    assert not re.findall(r"^:{3,}\{[\w:-]+\}[^\n]*\n(?::[\w-]+:[^\n]*\n)+[^\n:]", text, re.M), (
        "options, a blank line, text"
    )


def test_links_by_label_lead_somewhere_and_exercises_have_their_number():
    everything = "\n".join(everything_read(path) for path in [*NOTEBOOKS, *PROSE])
    there = set(re.findall(r"^\(([\w-]+)\)=|^:(?:label|name): ([\w-]+)$|^\$\$ \(([\w-]+)\)$", everything, re.M))
    there = {name for names in there for name in names if name} | {"draw"}
    figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for path in NOTEBOOKS for cell in read(path).cells]
    there |= {figure["name"] for figure in figures if figure}
    for path in [*NOTEBOOKS, *PROSE]:
        for words, label in re.findall(r"(?<!!)\[([^\]]+)\]\(#([\w-]+)\)", everything_read(path)):
            assert label in there or label.startswith("sec-"), (path.name, label)
            if re.fullmatch(r"ex-\d+-\d+", label):
                assert words == "Exercise " + label.removeprefix("ex-").replace("-", "."), (path.name, label)


def test_links_to_pages_lead_to_pages_and_numbered_ones_by_their_titles():
    known = titles()
    for path in NOTEBOOKS:
        for words, page in re.findall(r"(?<!!)\[([^\]]+)\]\(((?:\.\./book/)?[\w-]+\.(?:ipynb|md))\)", markdown(path)):
            assert page in known, (path.name, page)
            if words in known.values():
                assert words == known[page], (path.name, words, page)
