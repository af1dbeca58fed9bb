"""The printed book: numbers of pages, outline, links, figures as vectors, nothing empty, nothing cut, text to copy."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pypdf
import pypdfium2
import pypdfium2.raw as raw
import pytest
from bs4 import BeautifulSoup

from tests.browser import tool

bank, pdf = tool("bank"), tool("pdf")
STEM = "04-zero-attraction"
#: Millimetres of the sheet's margins at left and right, and points of a millimetre.
MARGIN, MM = 20, 72 / 25.4


@dataclass
class Print:
    """A printed file, the number of sheets that its maker told, and the HTML that was printed."""

    path: object
    told: int

    @cached_property
    def document(self):
        return pypdfium2.PdfDocument(self.path)

    @cached_property
    def text(self):
        """What stands on each sheet."""
        return [page.get_textpage().get_text_range() for page in self.document]

    @cached_property
    def reader(self):
        return pypdf.PdfReader(self.path)

    @cached_property
    def soup(self):
        return BeautifulSoup((self.path.parent / "pages" / f"{self.path.stem}.html").read_text("utf8"), "html.parser")


def printed(chromium, folder, stems, code=False, solutions=True):
    names = [(name, part) for name, part in pdf.parts() if name.removeprefix("notebooks/") in stems]
    target = folder / "print.pdf"
    return Print(target, pdf.build(chromium, names, target, "A title: of the print", code, solutions))


@pytest.fixture(scope="module")
def handout(chromium, html, tmp_path_factory):
    """A chapter of theory as a handout, with code and solutions."""
    return printed(chromium, tmp_path_factory.mktemp("handout"), [STEM], code=True)


@pytest.fixture(scope="module")
def two(chromium, html, tmp_path_factory):
    """Two pages, one of them with the widest tables: with contents, and links from one to the other."""
    return printed(chromium, tmp_path_factory.mktemp("two"), ["07-two-penalties", "10-hundredfold"])


@pytest.fixture(params=["handout", "two"])
def each(request):
    return request.getfixturevalue(request.param)


def outside(page):
    """What stands left or right of the print area; half a millimetre is allowed to letters that lean."""
    text, width = page.get_textpage(), page.get_width()
    low, high = (MARGIN - 0.5) * MM, width - (MARGIN - 0.5) * MM
    boxes = ((text.get_charbox(i), text.get_text_range(i, 1)) for i in range(text.count_chars()))
    return "".join(letter for (left, _, right, _), letter in boxes if letter.strip() and (left < low or right > high))


def ink(page):
    """The share of the sheet that is not white, head and foot left out."""
    picture = np.asarray(page.render(scale=0.5).to_pil().convert("L"))
    height = len(picture)
    return (picture[round(0.06 * height) : round(0.93 * height)] < 250).mean()


def goals(reader):
    """The sheets to which links within the file lead, and the addresses of all others."""
    named, inside, addresses = reader.named_destinations, [], []
    for page in reader.pages:
        for link in page.get("/Annots") or []:
            link = link.get_object()
            if "/Dest" in link:
                inside.append(named[link["/Dest"]])
            elif link.get("/A", {}).get("/S") == "/GoTo":
                inside.append(named[link["/A"]["/D"]])
            else:
                addresses.append(link["/A"]["/URI"])
    return [reader.get_destination_page_number(goal) for goal in inside], addresses


def test_the_number_of_sheets_is_told(each):
    assert each.told == len(each.document) >= 10


def test_no_sheet_is_empty_and_no_column_is_cut(each):
    for number, page in enumerate(each.document, 1):
        assert ink(page) > 0.003, f"sheet {number} is empty"
        assert outside(page) == "", f"sheet {number}"


def test_what_is_cut_or_empty_would_be_seen(chromium, tmp_path):
    """So the test above could fail."""
    wide = "<p>wide</p><p style='break-before: page'>&nbsp;</p>"
    (tmp_path / "a.html").write_text(f"<style>@page {{ size: A4; margin: {MARGIN - 12}mm }}</style>{wide}", "utf8")
    tool("printing").print_with(chromium, tmp_path / "a.html", tmp_path / "a.pdf", prefer_css_page_size=True)
    first, second = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    assert "wide" in outside(first)
    assert ink(second) == 0


def test_the_outline_names_chapters_and_sections(each):
    told = [entry.get_title() for entry in each.document.get_toc()]
    heads = [pdf.plain(head) for head in each.soup.select("main :is(h1, h2)")]
    assert len(heads) > 10
    assert [head for head in heads if head.replace(" ", "") not in {title.replace(" ", "") for title in told}] == []
    assert any(re.match(r"\d+\.\d+\. ", title) for title in told)


def test_links_lead_to_sheets_and_nowhere_else_on_this_machine(each):
    inside, addresses = goals(each.reader)
    assert len(inside) > 10
    assert all(sheet is not None for sheet in inside)
    assert [address for address in addresses if not address.startswith(("https://", "http://", "mailto:"))] == []


def test_links_lead_from_chapter_to_chapter(two):
    reader, named = two.reader, two.reader.named_destinations
    of_chapter = [
        next((head for head in ("7. Two penalties", "10. A hundred times") if head in said), "") for said in two.text
    ]
    crossing = set()
    for i, page in enumerate(reader.pages):
        for link in page.get("/Annots") or []:
            name = link.get_object().get("/Dest")
            if name in named:
                goal = reader.get_destination_page_number(named[name])
                crossing.add((of_chapter[i], of_chapter[goal]))
    assert {("7. Two penalties", "10. A hundred times"), ("10. A hundred times", "7. Two penalties")} <= crossing


def test_contents_tell_the_sheets_of_headings(two):
    rows = re.findall(r"^(\d+\.\d+\. .+?)\s*(\d+)\r?$", two.text[1], re.M)
    assert len(rows) > 10
    for title, sheet in rows:
        assert title.replace(" ", "") in two.text[int(sheet) - 1].replace(" ", ""), (title, sheet)


def test_every_figure_is_there_and_drawn_in_lines(each):
    """A caption, and on its sheet or the one before many paths: vectors. Explorers have still pictures."""
    numbers = [head.get_text().strip() for head in each.soup.select("figcaption .caption-number")]
    assert numbers
    for number in numbers:
        sheets = [i for i, said in enumerate(each.text) if re.search(rf"{re.escape(number)}\b", said)]
        assert sheets, number
        paths = [
            sum(thing.type == raw.FPDF_PAGEOBJ_PATH for thing in each.document[i].get_objects(max_depth=8))
            for i in sheets
        ]
        assert max(paths) > 30, number
    stills = sum(
        thing.type == raw.FPDF_PAGEOBJ_IMAGE for page in each.document for thing in page.get_objects(max_depth=8)
    )
    assert stills >= len(each.soup.select(".l0-fallback img"))
    # a shadow would be printed as a picture of its box: half of the file
    assert stills <= len(each.soup.select("img"))


def test_text_can_be_copied_with_its_signs(handout):
    # by pypdf: PDFium takes ligatures apart by itself
    text = " ".join(" ".join(page.extract_text() for page in handout.reader.pages).split())
    assert re.search(r"after the step, η ?> ?0 ?the learning rate and α ?> ?0 ?the penalty factor", text)
    assert [sign for sign in "ℓαβηλτ≤" if sign not in text] == []
    assert "ﬁ" not in text
    assert "smoothed ℓ0" in text


def test_code_and_solutions_come_by_choice(chromium, html, handout, tmp_path):
    plain = printed(chromium, tmp_path, [STEM], solutions=False)
    with_all, without = handout.soup.get_text(), plain.soup.get_text()
    assert "Solution to" in with_all
    assert "Solution to" not in without
    assert "Answer to question 1" in with_all
    assert "Answer to question 1" not in without
    assert handout.soup.select(".cell_input")
    assert not plain.soup.select(".cell_input")
    assert plain.told < handout.told


def test_solutions_stand_behind_all_pages(two):
    main = two.soup.select_one("main")
    places = [section["id"] for section in main.find_all("section", class_="l0-page", recursive=False)]
    assert places[-1] == "solutions"
    assert not main.select(".l0-page:not(#solutions) div.solution")
    assert len(main.select("#solutions div.solution")) >= 10


def test_nothing_of_the_screen_is_left(each):
    assert not each.soup.select("script, button, input, noscript, .headerlink")
    assert not each.soup.select("[loading], details:not([open])")


def test_ids_are_the_books_own(two):
    ids = [tag["id"] for tag in two.soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in two.soup.select("main a[href^='#']")]
    assert len(links) > 30
    assert [link for link in links if link[1:] not in set(ids)] == []


def test_what_cannot_be_had_is_told(capsys, monkeypatch, tmp_path):
    for arguments, said in ((["--chapter", "99"], "chapter must be from 1 to"), ([], "The book is not built")):
        monkeypatch.setattr(pdf, "HTML", tmp_path)
        with pytest.raises(SystemExit) as ended:
            pdf.main(arguments)
        assert ended.value.code
        assert said in capsys.readouterr().err
