"""The playground on its page of the book: all of it on one screen, wide, and where a link leads."""

import pytest

from tests.browser import visit
from tests.widgets.ask import settle

PG = "document.querySelector('.pg').l0"
ADDRESS = "notebooks/playground.html"
#: What lies outside the window or under the page's header, and what is cut.
OUTSIDE = """() => {
  const { bottom: top } = document.querySelector('.bd-header-article').getBoundingClientRect();
  const all = [...document.querySelectorAll('.pg, .pg *')];
  return all.filter((e) => e.checkVisibility() && !e.closest('.l0-status, label')).filter((e) => {
    const box = e.getBoundingClientRect(), hides = getComputedStyle(e).overflowY !== 'visible';
    return box.top < top || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth
      || hides && e.scrollHeight > e.clientHeight + 1;
  }).map((e) => e.outerHTML.slice(0, 120));
}"""
SHIFTS = """new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value;
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 300);
})"""


def ready(page):
    page.wait_for_function("document.querySelector('.pg')?.l0?.machine()")
    page.evaluate(f"{PG}.ready")
    page.wait_for_function(f"{PG}.curve()", timeout=60_000)
    settle(page)


@pytest.fixture
def page(chromium, book):
    with visit(chromium, f"{book}/{ADDRESS}#playground", viewport={"width": 1280, "height": 720}) as page:
        ready(page)
        yield page


def test_all_of_it_is_seen_at_once(page):
    assert page.evaluate(OUTSIDE) == []
    page.get_by_label("steps in each picture").select_option("100")
    for scene in page.locator(".pg-steps button").all():
        scene.click()
        page.wait_for_function(f"{PG}.machine().step === 1500 && !{PG}.playing() && {PG}.curve()", timeout=90_000)
        assert page.evaluate(OUTSIDE) == [], scene.inner_text()
    for arm in "AB":  # as many controls as there can be
        page.get_by_label(f"penalty, network {arm}").select_option("l2+l0")
    page.get_by_label("hidden layers").select_option("3")
    page.locator(".pg-more summary").click()
    page.get_by_label("compression ratio, as a number").fill("3.98")
    page.get_by_label("compression ratio, as a number").press("Enter")
    page.get_by_role("button", name="Prune and fine-tune").click()
    page.wait_for_function(f"{PG}.machine().cut && !{PG}.playing() && {PG}.curve()", timeout=90_000)
    assert page.evaluate(OUTSIDE) == []
    seen = page.evaluate("[...document.querySelectorAll('.pg canvas')].map((c) => [c.clientWidth, c.clientHeight])")
    assert len(seen) == 8
    assert all(width >= 150 and height >= 60 for width, height in seen)


@pytest.mark.parametrize("width", [1000, 1366, 1920])
def test_it_is_as_wide_as_the_page(chromium, book, width):
    with visit(chromium, f"{book}/{ADDRESS}", viewport={"width": width, "height": 1080}) as page:
        ready(page)
        box, main = (page.locator(name).bounding_box() for name in (".pg", ".bd-main"))
        assert box["width"] > main["width"] - 100
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for text in page.locator(".bd-article section > p").all():
            assert text.bounding_box()["width"] < 780, "prose stays as narrow as it reads well"


@pytest.mark.parametrize("size", [(1280, 720), (390, 800)])
def test_a_link_lands_on_it_and_the_page_holds_still(chromium, book, size):
    viewport = dict(zip(("width", "height"), size, strict=True))
    with visit(chromium, f"{book}/{ADDRESS}?playground.task=rings#playground", viewport=viewport) as page:
        ready(page)
        top = page.locator(".pg").bounding_box()["y"]
        assert page.locator(".bd-header-article").bounding_box()["height"] <= top < 100
        assert page.get_by_label("task", exact=True).input_value() == "rings"
        assert page.evaluate(SHIFTS) <= 0.1


def test_a_phone_shows_it_whole_and_nothing_sideways(chromium, book):
    with visit(chromium, f"{book}/{ADDRESS}#playground", viewport={"width": 390, "height": 800}) as page:
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sideways = """() => [...document.querySelectorAll('.pg *')].filter((e) => e.checkVisibility()
            && !e.closest('.l0-status, label') && e.getBoundingClientRect().right > innerWidth)
            .map((e) => e.outerHTML.slice(0, 120))"""
        assert page.evaluate(sideways) == []
        page.get_by_text("Task, network and penalties").click()
        page.locator(".pg-more summary").click()
        settle(page)
        assert page.evaluate(sideways) == []
        play, seen = (page.locator(name).first.bounding_box() for name in (".pg-play", ".pg-seen"))
        assert play["y"] < seen["y"]
