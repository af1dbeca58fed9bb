"""The scoreboard in a real browser: sort, filter, slider, links, keyboard, CSV, and all of it without JavaScript.

The page is the table of all stored rows with the site's own script and style sheet, under the strictest content policy
that a host may set; the built book's page is tested with all others.
"""

import contextlib
import csv
import io
import shutil

import pytest

from l0lib.chapters.scoreboard import STOPS, Scoreboard
from l0lib.experiments.records import read_all
from l0lib.paper import scoreboard
from tests.book.test_content_policy import HEADER, STRICT
from tests.browser import ROOT, serve, visit

ASSETS = ROOT / "book" / "assets"
HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf8"><title>Scoreboard</title><link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="site.css"><link rel="stylesheet" href="print.css">'
    '<script src="scoreboard.js" defer></script><main class="bd-article">'
    "<h1>Scoreboard</h1>"
)
LENET = ("lenet-300-100", "mnist")
SHOWN = "[...document.querySelectorAll('.sb tbody:not([hidden]) tr[id]:not([hidden])')].map((row) => row.id)"
POINTS = """[...document.querySelectorAll('.sb-plot:not([hidden]) svg a')]
    .filter((a) => a.getAttribute('visibility') !== 'hidden')"""


@pytest.fixture(scope="module")
def rows():
    return scoreboard.rows(read_all())


@pytest.fixture(scope="module")
def site(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scoreboard")
    for name in ("site.css", "print.css", "scoreboard.js"):
        shutil.copy(ASSETS / name, folder)
    (folder / "index.html").write_text(HEAD + Scoreboard(rows)._repr_html_(), encoding="utf8")
    with serve(folder, **{HEADER: STRICT}) as address:
        yield f"{address}/index.html"


@contextlib.contextmanager
def opened(chromium, address, **context):
    with visit(chromium, address, ready=None, **context) as view:
        yield view


def of(rows, board=LENET, just=False):
    """The rows of a network that a view holds at first, or with ``just`` those of networks just pruned as well."""
    return [row for row in rows if row.board == board and (just or row.stage != "just pruned" or row.front)]


def test_at_first_one_network_stands_by_rising_ratio(chromium, site, rows):
    with opened(chromium, site) as view:
        assert view.evaluate(SHOWN) == [row.key for row in of(rows)]
        assert view.locator(".sb-plot:visible").count() == 1
        assert view.locator("[role=status]").inner_text() == f"{len(of(rows))} of {len(of(rows, just=True))} rows"


def test_a_header_sorts_by_its_numbers_and_a_second_press_turns_the_order(chromium, site, rows):
    errors = [row.error for row in of(rows) if row.error is not None]
    with opened(chromium, site) as view:
        button = view.locator("thead button", has_text="Error, %")
        button.focus()
        for order, way in ((sorted(errors), "ascending"), (sorted(errors, reverse=True), "descending")):
            view.keyboard.press("Enter")
            shown = view.evaluate(SHOWN)
            by_key = {row.key: row.error for row in rows}
            assert [by_key[key] for key in shown if by_key[key] is not None] == order
            assert all(by_key[key] is None for key in shown[len(errors) :]), "what is not given stands last"
            assert view.locator("th[aria-sort]").get_attribute("aria-sort") == way


def test_filters_narrow_the_rows_and_the_points(chromium, site, rows):
    with opened(chromium, site) as view:
        view.get_by_label("Find").fill("sparse mom")
        keys = [row.key for row in of(rows) if row.method == "Sparse Momentum"]
        assert view.evaluate(SHOWN) == keys
        points = f"{POINTS}.map((a) => a.getAttribute('href').slice(1))"
        assert set(view.evaluate(points)) == set(keys)
        view.get_by_label("Find").fill("")
        view.locator("[name=kind]").select_option("run here")
        assert view.evaluate(SHOWN) == [row.key for row in of(rows) if row.run_here]
        view.get_by_label("with networks just pruned").check()
        assert view.evaluate(SHOWN) == [row.key for row in of(rows, just=True) if row.run_here]
        view.get_by_label("the front alone").check()
        assert view.evaluate(SHOWN) == [row.key for row in of(rows) if row.run_here and row.front]


def test_the_slider_shows_the_nearest_row_above_of_each_method(chromium, site, rows):
    with opened(chromium, site) as view:
        slider = view.get_by_label("Ratio at least")
        slider.focus()
        for _ in range(STOPS.index(100)):
            view.keyboard.press("ArrowRight")
        nearest = {}
        for row in of(rows):
            if row.ratio >= 100 and (row.group not in nearest or row.ratio < nearest[row.group].ratio):
                nearest[row.group] = row
        expected = sorted(nearest.values(), key=lambda row: (row.error is None, row.error or 0, row.ratio))
        assert view.evaluate(SHOWN) == [row.key for row in expected]
        assert len(expected) > 3
        assert slider.get_attribute("aria-valuetext").startswith("100×")


def test_the_address_keeps_a_view_and_a_bad_one_is_no_error(chromium, site, rows):
    with opened(chromium, site) as view:
        view.get_by_role("link", name="LeNet-5-Caffe, MNIST", exact=True).first.press("Enter")
        view.get_by_label("the front alone").check()
        view.locator("thead button", has_text="Ratio").click()
        view.locator("thead button", has_text="Ratio").click()
        shown, address = view.evaluate(SHOWN), view.url
        assert view.locator(".sb-view").evaluate("(link) => link.href") == address
        caffe = [row.key for row in of(rows, ("lenet-5-caffe", "mnist")) if row.front]
        assert sorted(shown) == sorted(caffe)
    with opened(chromium, address) as view:
        assert view.evaluate(SHOWN) == shown
    with opened(
        chromium, f"{site}?scoreboard.network=nosuch&scoreboard.ratio=x&scoreboard.sort=%3Cb%3E#%E0%A4"
    ) as view:
        assert view.evaluate(SHOWN) == [row.key for row in of(rows)]


def test_the_link_of_a_row_shows_it_even_where_it_was_filtered(chromium, site, rows):
    hidden = next(row for row in rows if row.board == ("resnet-20", "cifar10") and row.stage == "just pruned")
    with opened(chromium, f"{site}?scoreboard.kind=printed#{hidden.key}") as view:
        assert view.locator(f"[id='{hidden.key}']").is_visible()
        view.evaluate("(key) => { location.hash = key; }", rows[0].key)
        view.wait_for_function("(key) => document.getElementById(key).checkVisibility()", arg=rows[0].key)


def test_csv_is_what_python_writes_of_the_rows_shown(chromium, site, rows):
    with opened(chromium, site) as view:
        with view.expect_download() as started:
            view.get_by_role("button", name="Save as CSV").click()
        text = started.value.path().read_text("utf8")
    assert list(csv.reader(io.StringIO(text))) == list(csv.reader(io.StringIO(scoreboard.as_csv(of(rows)))))


def test_without_javascript_every_row_and_plot_stands_and_links_work(chromium, site, rows):
    with opened(chromium, site, java_script_enabled=False) as view:
        assert view.locator(".sb tr[id]:visible").count() == len(rows)
        assert view.locator(".sb-plot svg:visible").count() >= 4
        assert not view.locator(".sb-controls").is_visible()
        tabs = view.locator(".sb-tabs a").all()
        assert all(view.locator(f"[id='{tab.get_attribute('href')[1:]}']").is_visible() for tab in tabs)


def test_on_paper_its_numbers_stay_whole(chromium, site):
    with visit(chromium, site, viewport={"width": 720, "height": 1000}) as view:
        view.emulate_media(media="print")
        broken = view.eval_on_selector_all(
            ".sb td.n",
            """cells => cells.filter((cell) => {
                const range = document.createRange();
                range.selectNodeContents(cell);
                const lines = [...range.getClientRects()].map((line) => line.top);
                return Math.max(...lines) - Math.min(...lines) > 2;
            }).map((cell) => cell.textContent)""",
        )
        assert broken == []
        assert view.locator(".sb-on-paper").is_visible()
        shown = view.locator(".sb tbody tr[id]:visible").count()
        assert 0 < shown < view.locator(".sb tbody tr[id]").count() / 2
        assert view.locator(".sb table").evaluate("(e) => e.getBoundingClientRect().right") <= 721


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium, site, axe, scheme):
    with opened(chromium, site, color_scheme=scheme, bypass_csp=True) as view:  # axe is put into the page
        assert axe(view) == []


def test_the_slider_answers_at_once(chromium, site):
    with opened(chromium, f"{site}?scoreboard.network=lenet-5-caffe-mnist&scoreboard.just=1") as view:
        took = view.evaluate(
            """() => { const slider = document.querySelector("[name=ratio]"), began = performance.now();
            const moved = () => slider.dispatchEvent(new Event("input", {bubbles: true}));
            for (let k = 1; k <= 20; k++) { slider.value = k; moved(); }
            return (performance.now() - began) / 20; }"""
        )
        assert took < 100
