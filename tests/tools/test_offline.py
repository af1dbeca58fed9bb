"""The site in one zip: small, the same to the byte, and alive from a folder on disk."""

import io
import re
import zipfile

import pytest

from tests.browser import tool, until, visit

offline = tool("offline")


@pytest.fixture(scope="module")
def content(html):
    return offline.packed(html)


@pytest.fixture(scope="module")
def unpacked(content, tmp_path_factory):
    """A folder whose name needs quoting in an address, as names on a stick do."""
    folder = tmp_path_factory.mktemp("a stick") / "Füße & 100 %"
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    return folder / offline.FOLDER


def test_it_is_small_and_whole(content, html):
    assert len(content) < offline.LIMIT
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    pages = {path.relative_to(html).as_posix() for path in html.rglob("*.html") if path.name not in offline.LEFT_OUT}
    assert pages <= {name.removeprefix(f"{offline.FOLDER}/") for name in names}
    assert names[0] == "l0lib/README.txt"
    assert all(name.startswith("l0lib/") for name in names)


def test_two_packs_are_equal(content, html):
    assert offline.packed(html) == content


def test_what_is_too_large_or_no_site_is_told(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"site must hold index\.html; got .*, run `make book` first"):
        offline.packed(tmp_path)
    (tmp_path / "index.html").write_text("page")
    monkeypatch.setattr(offline, "LIMIT", 10)
    with pytest.raises(ValueError, match=r"the zip must not be larger than 0 MB; got 0\.0 MB"):
        offline.packed(tmp_path)


def test_every_link_and_file_of_every_page_is_there(unpacked):
    """Also those that no test opens; an address without a file name would show a list of files from disk."""
    lost = []
    for page in unpacked.rglob("*.html"):
        text = re.sub(r"<(script|style)\b(?![^>]*\bsrc=).*?</\1>", "", page.read_text("utf8"), flags=re.S)
        for address in re.findall(r'<[a-z][^>]*?\s(?:href|src)="([^"]*)"', text):
            path = re.split(r"[?#]", address)[0]
            if path and not re.match(r"[a-z]+:|//", path) and not (page.parent / path).is_file():
                lost.append((page.name, address))
    assert lost == []


def test_an_explorer_moves(chromium, unpacked):
    with visit(chromium, (unpacked / "notebooks" / "04-zero-attraction.html").as_uri()) as view:
        values = "JSON.stringify(document.querySelector('.l0-view').l0.vals())"
        before = view.evaluate(values)
        view.locator(".l0-explorer .noUi-handle:visible").first.focus()
        view.keyboard.press("PageUp")
        view.wait_for_function(f"(then) => {values} !== then && location.search.length > 1", arg=before)
        assert view.url.startswith("file:")


def test_the_search_finds_words_and_numbers(chromium, unpacked):
    for words, page in (("swing", "05-at-zero"), ("266610", "01-why-compress")):
        with visit(chromium, f"{(unpacked / 'search.html').as_uri()}?q={words}") as view:
            until(view, "document.querySelectorAll('#search-results li > a').length > 0")
            links = view.eval_on_selector_all("#search-results li > a", "(all) => all.map((a) => a.href)")
            assert any(page in link for link in links)
            assert all(link.startswith("file:") for link in links)


def test_the_landing_reads_a_digit(chromium, unpacked):
    """The networks' weights come from files beside the page."""
    with visit(chromium, (unpacked / "index.html").as_uri()) as view:
        pad = view.locator(".l0-pad")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        for i, (x, y) in enumerate([(0.22, 0.22), (0.73, 0.22), (0.6, 0.43), (0.5, 0.82)]):
            view.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
            if i == 0:
                view.mouse.down()
        view.mouse.up()
        for network in ("compressed", "dense"):
            view.locator(".l0-key", has_text=f"The {network} network says 7 (").wait_for()


def test_the_playground_steps_and_fetches_its_digits(chromium, unpacked):
    with visit(chromium, (unpacked / "notebooks" / "playground.html").as_uri()) as view:
        view.get_by_label("task", exact=True).select_option("digits")
        view.wait_for_function("document.querySelector('.pg').l0.machine().data.inputs === 64")
        view.get_by_role("button", name="Step", exact=True).click()
        view.wait_for_function("document.querySelector('.pg').l0.machine().step > 0")
