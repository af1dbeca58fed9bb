"""What all pages load comes in few files, in the order in which it came in many."""

import re
import types

import pytest

from tests.book.pages import PAGES
from tests.browser import extension

HEAD = """<head>
<script src="{0}_static/store.js"></script>
<link rel="stylesheet" href="{0}_static/a.css?v=1" />
<link rel="stylesheet" type="text/css" href="{0}_static/deep/b.css" />
{1}<link href="{0}_static/c.css" rel="stylesheet" />
<link rel="preload" as="script" href="{0}_static/late.js?d=2" />
<script src="{0}_static/one.js"></script>
<script src="{0}_static/two.js?v=3"></script>
<script defer src="{0}_static/empty.js"></script>
{2}<script defer="defer" src="{0}_static/soon.js"></script>
</head><body>{0}<script defer src="{0}_static/late.js?d=2"></script></body>"""
OWN = (
    '<link rel="stylesheet" href="../_static/own.css" />\n',
    '<script data-load="x" src="../_static/own.js"></script>\n',
)
FILES = {
    "store.js": "'use strict'; var store = 1;",
    "one.js": '"use strict"; var one = 1;',
    "two.js": "two = one // a comment in the end",
    "empty.js": "",
    "soon.js": "soon();",
    "late.js": "late();",
    "own.js": "own();",
    "a.css": '@charset "UTF-8";\n@import "deep/base.css";\na { src: url(data:x) url("x.png") }',
    "deep/base.css": "base { src: url(font.woff2) }",
    "deep/b.css": "b { src: url(../y.png) url('#z') }",
    "c.css": "c {}",
    "own.css": "own {}",
}


@pytest.fixture
def site(tmp_path):
    """Two pages, one of which has something of its own, after the extension has been over them."""
    (tmp_path / "_static" / "deep").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    for name, text in FILES.items():
        (tmp_path / "_static" / name).write_text(text)
    (tmp_path / "plain.html").write_text(HEAD.format("", "", ""))
    (tmp_path / "notebooks" / "own.html").write_text(HEAD.format("../", *OWN))
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=plain.html" />')
    app = types.SimpleNamespace(outdir=str(tmp_path), builder=types.SimpleNamespace(format="html"))
    extension("few_files").finish(app, None)
    return tmp_path


def loaded(site, page):
    """The files of a page in the order of its tags, by kind: their names and their text."""
    tags = re.findall(r"<script[^>]*>|<link[^>]*>", (site / page).read_text())
    found = {"sheet": [], "head": [], "deferred": [], "preload": []}
    for tag in tags:
        kind = (
            "preload" if "preload" in tag else "sheet" if "<link" in tag else "deferred" if "defer" in tag else "head"
        )
        name = re.search(r'(?:src|href)="([^"?]+)', tag)[1]
        found[kind].append(((site / page).parent / name).resolve())
    return found


@pytest.mark.parametrize(("page", "own"), [("plain.html", False), ("notebooks/own.html", True)])
def test_everything_is_still_loaded_in_its_order(site, page, own):
    found = loaded(site, page)
    text = {kind: "".join(path.read_text() for path in paths) for kind, paths in found.items()}
    sheets = ["base {", "a {", "b {", *["own {"] * own, "c {"]
    assert re.findall(r"\w+ \{", text["sheet"]) == sheets
    assert "@" not in text["sheet"]
    assert re.findall(r"store =|one =|two =|own\(", text["head"]) == ["store =", "one =", "two =", *["own("] * own]
    assert re.findall(r"soon|late", text["deferred"]) == ["soon", "late"]
    assert found["preload"] == [], "what is put together would be loaded twice"
    assert [len(found[kind]) for kind in ("sheet", "head", "deferred")] == [2 + own, 2 + own, 1]


def test_pages_share_their_files(site):
    plain, other = loaded(site, "plain.html"), loaded(site, "notebooks/own.html")
    for kind in plain:
        assert set(plain[kind]) <= set(other[kind]), kind


def test_addresses_lead_where_they_led_and_no_script_is_made_strict(site):
    sheet = loaded(site, "plain.html")["sheet"][0]
    where = re.findall(r"""url\(["']?([^"')]+)""", sheet.read_text())
    assert [(sheet.parent / a).resolve() for a in where if a.endswith(("png", "woff2"))] == [
        (site / "_static" / name).resolve() for name in ("deep/font.woff2", "x.png", "y.png")
    ]
    assert {"data:x", "#z"} <= set(where)
    assert all(not p.read_text().lstrip().startswith(("'", '"')) for p in loaded(site, "plain.html")["head"])


def test_pages_of_the_book_load_few_files(html):
    """And what their style sheets name that the site has, they find."""
    for page in [*PAGES, "search.html"]:
        tags = re.findall(r'<script\b[^>]*\bsrc=|<link\b[^>]*\brel="stylesheet"', (html / page).read_text("utf8"))
        assert 5 < len(tags) <= 12, page
    sheets = list((html / "_static/together").glob("*.css"))
    fonts = [a for sheet in sheets for a in re.findall(r"url\(([^)]+\.woff2)\)", sheet.read_text("utf8"))]
    assert len(fonts) > 10
    assert [a for a in fonts if not (html / "_static/together" / a).resolve().is_file()] == []
