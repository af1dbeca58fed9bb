"""The pages under the policy that a learning platform may set: scripts from files of the site alone."""

import re

import pytest

from tests.book.pages import PAGES
from tests.browser import ROOT, extension, serve, visit
from tests.widgets.ask import settle

HEADER = "Content-Security-Policy"
STRICT = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self'"
SITE = [*PAGES, "search.html"]
VALUES = "(view) => JSON.stringify(view.l0.vals())"
STEP = "document.querySelector('.pg').l0.machine()?.step"


@pytest.fixture(scope="module")
def guarded(html):
    """Address of the built book, served under the policy."""
    with serve(html, **{HEADER: STRICT}) as base:
        yield base


@pytest.mark.parametrize("page", SITE)
def test_a_page_is_whole_under_the_policy(chromium, guarded, html, page):
    """Every explorer moves, an answer unfolds; `visit` fails on what the browser refuses, since its console says so."""
    text = (html / page).read_text("utf8")
    with visit(chromium, f"{guarded}/{page}") as view:
        assert view.locator(".l0-view, .pg").count() == len(re.findall('"_view_name": ?"AnyView"', text))
        for box in view.locator(".l0-explorer:has(.l0-view)").all():
            drawn = box.locator(".l0-view")
            before = drawn.evaluate(VALUES)
            box.locator(".noUi-handle:visible").first.focus()
            for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):  # one of them moves it, wherever it stands
                view.keyboard.press(key)
                settle(view)
                if drawn.evaluate(VALUES) != before:
                    break
            assert drawn.evaluate(VALUES) != before
        folded = view.locator(".toggle-hidden:not(.quiz-explanation)")
        count = folded.count()
        assert count or 'class="solution' not in text
        if count:
            folded.first.locator("button.toggle-button").first.click()
            assert folded.count() == count - 1


def test_the_playground_trains_under_the_policy(chromium, guarded):
    with visit(chromium, f"{guarded}/notebooks/playground.html") as view:
        view.wait_for_function(f"{STEP} === 0")
        view.get_by_role("button", name="Step", exact=True).click()
        view.wait_for_function(f"{STEP} > 0")


def test_theme_and_search_work_under_the_policy(chromium, guarded):
    with visit(chromium, f"{guarded}/search.html?q=swing") as view:
        view.wait_for_selector("#search-results li a")
        view.locator("button.theme-switch-button:visible").first.click()
        assert view.evaluate("document.documentElement.dataset.mode") != "auto"


@pytest.mark.parametrize("address", ["nothing.html", "notebooks/nothing.html", "a/b/c/d.html"])
def test_a_missing_page_leads_home(chromium, guarded, address):
    """Its script is asked for at each depth, and found at the book's root."""
    gone, parts = f"{guarded}/{address}", address.split("/")[:-1]
    probes = {f"{guarded}/{'/'.join([*parts[:n], '_static/missing.js'])}" for n in range(1, len(parts) + 1)}
    with visit(chromium, gone, allowed={gone, *probes}) as view:
        assert view.locator("h1").inner_text() == "This page was pruned"
        view.wait_for_selector("#more:not([hidden])")
        assert view.get_attribute("#search", "href") == f"{guarded}/search.html"
        view.click("#home")
        view.wait_for_url("**/notebooks/index.html")


@pytest.mark.parametrize("policy", ["script-src 'none'", "sandbox"])
def test_where_no_script_may_run_the_pictures_stay_and_say_why(chromium, html, policy):
    with serve(html, **{HEADER: policy}) as base:
        page = chromium.new_page()
        page.goto(f"{base}/notebooks/05-at-zero.html")
        assert page.locator(".l0-fallback img").first.is_visible()
        assert "needs scripts" in page.locator(".l0-why").first.inner_text()
        page.close()


def test_where_the_explorers_script_is_missing_the_pictures_stay(chromium, html):
    with serve(html) as base:
        page = chromium.new_page()
        page.route("**/explorers.iife.js*", lambda route: route.abort())
        page.goto(f"{base}/notebooks/05-at-zero.html")
        page.locator(".l0-place").first.scroll_into_view_if_needed()
        page.wait_for_selector(".l0-fallback img", state="visible")
        assert page.locator(".l0-why").first.is_visible()
        assert page.locator(".l0-explorer").count() == 0
        page.close()


# --- what the extension does with a page -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy():
    return extension("content_policy")


def test_scripts_become_files_in_their_place_and_data_stays(policy):
    page = """<head><!-- <script>no()</script> -->
<script data-kept="a>b" async>let a = "<!--";</script><script src="x.js"></script><SCRIPT type='module'>b()</SCRIPT >
<script type="application/json">{"a": 1}</script><script>let a = "<!--";</script></head>"""
    files: dict[str, str] = {}
    made = policy.moved(page, "../", files)
    assert sorted(files.values()) == ["b()\n", 'let a = "<!--";\n'], "equal scripts are one file"
    names = {text: name for name, text in files.items()}
    first, second = (f'src="../{names[text]}"></script>' for text in ('let a = "<!--";\n', "b()\n"))
    expected = f"""<head>
<script src="../_static/storage.js"></script><!-- <script>no()</script> -->
<script data-kept="a>b" {first}<script src="x.js"></script><script type='module' {second}
<script type="application/json">{{"a": 1}}</script><script {first}</head>"""
    assert made == expected


@pytest.mark.parametrize("tag", ['<b onclick="a()">', '<img src="x.png" ONLOAD = a()>', '<a href="javascript:a()">'])
def test_code_in_an_attribute_is_refused(policy, tag):
    with pytest.raises(ValueError, match="no tag may hold code in an attribute"):
        policy.moved(f"<p>{tag}", "", {})
    assert policy.moved(
        "<p>&lt;b onclick=&quot;a()&quot;&gt; on = javascript: <script>x('<b onclick=1>')</script>", "", {}
    )


def test_no_page_holds_code_and_each_begins_with_the_store(html):
    for page in SITE:
        text = (html / page).read_text("utf8")
        scripts = re.findall(r"<script\b[^>]*>", text)
        first = re.search(r'src="(?:\.\./)*([^"?]+)', scripts[0])[1]
        store = (ROOT / "book/assets/storage.js").read_text("utf8").strip()
        assert (html / first).read_text("utf8").lstrip(";").startswith(store), page
        assert [s for s in scripts if "src=" not in s and 'type="application/' not in s] == [], page


def test_an_old_address_leads_on_with_what_follows_it(chromium, guarded):
    with visit(chromium, f"{guarded}/notebooks/12-few-epochs.html?reach.beta=7#explorer-reach") as view:
        view.wait_for_url("**/notebooks/13-few-epochs.html?reach.beta=7#explorer-reach")
        assert view.locator("#explorer-reach").count() == 1


def test_an_old_address_leads_on_without_scripts(chromium, guarded):
    with visit(chromium, f"{guarded}/notebooks/12-few-epochs.html", java_script_enabled=False) as view:
        view.wait_for_url("**/notebooks/13-few-epochs.html")
