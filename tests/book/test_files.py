"""The built files themselves: every page there, every link and anchor met, every picture told in words."""

import pathlib
import re
from collections import Counter
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.book.pages import PAGES, toc_pages
from tests.browser import ROOT, tool


@pytest.fixture(scope="module")
def soups(html):
    """Every page of the site, parsed once."""
    files = [p for p in sorted(html.rglob("*.html")) if "_static" not in p.parts]
    return {p: BeautifulSoup(p.read_text("utf8"), "html.parser") for p in files}


def test_every_page_of_the_contents_is_there(html):
    assert [page for page in PAGES if not (html / page).exists()] == []


def test_a_pages_host_serves_the_folder_as_it_is(html):
    """Without this file one that runs Jekyll would leave out _static."""
    assert (html / ".nojekyll").is_file()


def test_every_notebook_and_prose_page_is_in_the_contents():
    files = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "book").glob("*.md")]
    sources = {str(p.relative_to(ROOT).with_suffix("")) for p in files}
    assert sources | {"book/status"} == set(toc_pages())


def test_no_internal_link_or_anchor_is_broken(html, soups):
    ids = {page: {tag["id"] for tag in soup.find_all(id=True)} for page, soup in soups.items()}
    broken = []
    for page, soup in soups.items():
        if page.name == "404.html":
            continue  # served at any depth: its script sets the links (test_site.py)
        for tag in soup.find_all(["a", "link", "script", "img", "source"]):
            address = tag.get("href") or tag.get("src")
            if not address or urlsplit(address).scheme:
                continue
            path, anchor = unquote(urlsplit(address).path), unquote(urlsplit(address).fragment)
            target = (page.parent / path).resolve() if path else page
            if not target.is_file() or not target.is_relative_to(html):
                broken.append(f"{page.relative_to(html)} -> {address}")
            elif anchor and target in ids and anchor not in ids[target]:
                broken.append(f"{page.relative_to(html)} -> {address} (no such anchor)")
    assert broken == []


def called(target):
    """What a page calls the equation, statement or figure with this anchor; nothing for what has no number."""
    if target.name == "div" and "math" in target.get("class", ()):
        number = target.find(class_="eqno")
        return f"Eq. {re.search(r'[0-9.]+', number.text)[0]}" if number else None
    number = target.find(class_="caption-number") if target.name in ("figure", "div") else None
    return number.text.strip() if number else None


def test_a_link_with_a_number_names_what_has_that_number(html, soups):
    """Numbers are typed into the sources, for readers of the notebooks: the pages' own decide whether they hold."""
    wrong, kinds = [], Counter()
    for page in (html / name for name in PAGES):
        for link in soups[page].select("article a.reference.internal[href*='#']"):
            words = link.text.strip()
            if not re.fullmatch(r"(Eq\.|Figure|Proposition|Theorem|Corollary|Definition|Remark) \d+\.\d+", words):
                continue
            path, _, anchor = unquote(link["href"]).partition("#")
            target = soups[(page.parent / path).resolve() if path else page].find(id=anchor)
            kinds[words.split()[0]] += 1
            if called(target) != words:
                wrong.append(f"{page.relative_to(html)}: {words} leads to {called(target)}, {anchor}")
    assert wrong == [], "build, then run tools/renumber.py"
    assert min(kinds[kind] for kind in ("Eq.", "Figure", "Proposition", "Theorem")) >= 5


def test_the_sources_name_the_numbers_that_the_pages_have(capsys):
    """What a notebook's reader sees is what the page says."""
    assert tool("renumber").main(["--check"]) == 0, capsys.readouterr().out


def test_every_image_is_told_in_words(html, soups):
    silent = []
    for page, soup in soups.items():
        for image in soup.find_all("img"):
            alt = (image.get("alt") or "").strip()
            if not alt or re.search(r"\.(png|svg|jpg)$|^_images|/_images/", alt):
                silent.append(f"{page.relative_to(html)}: {image.get('src', '')[:60]} alt={alt!r}")
    assert silent == []


def test_every_page_describes_itself(html, soups):
    for page in PAGES:
        soup = soups[html / page]
        descriptions = soup.find_all("meta", attrs={"name": "description"})
        assert len(descriptions) == 1, page
        assert len(descriptions[0]["content"]) > 40, page
        assert re.search(r"commit (unknown|[0-9a-f]{7,})", soup.find(class_="l0-version").text), page
        assert soup.find("html")["lang"] == "en"


def test_no_address_of_another_host_is_loaded(soups):
    """Links may lead elsewhere; scripts, styles, fonts and pictures come with the book."""
    for page, soup in soups.items():
        for tag in soup.find_all(["script", "img", "link", "iframe", "source"]):
            address = tag.get("src") or (tag.get("href") if tag.name == "link" else "") or ""
            assert not re.match(r"(https?:)?//", address), f"{page}: {address}"


def test_style_sheets_load_nothing_foreign(html):
    for sheet in html.rglob("*.css"):
        for address in re.findall(r"url\(\s*[\"']?((?:https?:)?//[^)\"']+)", sheet.read_text("utf8")):
            pytest.fail(f"{sheet.relative_to(html)} loads {address}")


def test_no_mathematics_is_left_raw_or_red(soups):
    for page, soup in soups.items():
        assert not soup.find(class_="katex-error"), page
        for span in soup.select("span.math, div.math"):
            assert span.find(class_="katex"), f"{page}: {span.text[:60]}"


def test_citations_and_bibliography_name_a_work_alike(html, soups):
    listing = soups[html / "book/bibliography.html"]
    labels = {tag["id"]: tag.find(class_="label").text.strip("[]") for tag in listing.find_all(class_="citation")}
    assert len(labels) > 20
    cited = 0
    for page, soup in soups.items():
        for link in soup.select('a[href*="bibliography.html#id"]'):
            label, text = labels[urlsplit(link["href"]).fragment], link.text
            # In running text the authors stand before the bracket and the link is the year alone.
            assert label == text or (re.fullmatch(r"\d{4}", text) and label.endswith(text)), (
                f"{page}: {text} for {label}"
            )
            cited += 1
    assert cited > 20


def test_the_vendored_katex_is_the_one_that_renders():
    from sphinxcontrib import katex

    sheet = (ROOT / "book/assets/vendor/katex/katex.min.css").read_text()
    assert f'content:"{katex.katex_version}"' in sheet
    fonts = set(re.findall(r"fonts/([\w-]+\.woff2)", sheet))
    assert fonts == {p.name for p in pathlib.Path(ROOT / "book/assets/vendor/katex/fonts").iterdir()}


def test_no_style_asks_what_the_whole_page_holds():
    """``html:has(…)`` is tried anew at every change of a page: a move of a slider then takes ten times as long."""
    sheets = [*ROOT.glob("book/assets/*.css"), ROOT / "l0lib/widgets/js/explorers.css"]
    assert len(sheets) > 5
    wide = re.compile(r"(?:html|:root|body|main|article|section|\.bd-[\w-]+)(?:\[[^]]*\]|\.[\w-]+)*:has\(")
    assert wide.search("a {} html[data-theme=dark] .x, .bd-article:has(.y) {}")
    for sheet in sheets:
        assert wide.findall(sheet.read_text("utf8")) == [], sheet.name
