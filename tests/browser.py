"""Chromium with every other host refused, and pages that may ask nobody else and may not fail."""

import contextlib
import importlib
import pathlib
import re
import sys
import threading
import time

from playwright.sync_api import Error, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _module(folder, name):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(name)


def tool(name):
    """Import tools/NAME.py, which is no package."""
    return _module(ROOT / "tools", name)


def extension(name):
    """Import book/_ext/NAME.py, an extension of Sphinx: as there, its folder is on the path."""
    return _module(ROOT / "book/_ext", name)


HTML, server = tool("serve").HTML, tool("serve").server

CHROMIUM = tool("printing").chromium()
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# Explorers announce themselves when all of the page's are drawn. They wait until one comes near: here they are called.
READY = (
    "!document.querySelector('script[type=\"application/vnd.jupyter.widget-view+json\"]')"
    " || (document.dispatchEvent(new Event('l0:wake')), document.documentElement.dataset.widgetsReady === '1')"
)


def explorer_pages(folder):
    """Return the addresses within the site of the book's pages that hold explorers; decks have tests of their own."""
    found = [p for p in sorted(folder.rglob("*.html")) if p.parent.name != "slides"]
    found = [p for p in found if re.search('"_view_name": ?"AnyView"', p.read_text("utf8"))]
    return [p.relative_to(folder).as_posix() for p in found]


@contextlib.contextmanager
def serve(folder=HTML, **headers):
    """Serve ``folder`` on a free loopback port, compressed as a pages host does; gives its address."""
    running = server(0, pathlib.Path(folder), **headers)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@contextlib.contextmanager
def chromium():
    """The system's Chromium; no other host resolves."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _holds(page, expression):
    try:
        return page.evaluate(expression)
    except Error as error:  # a page that leads to another one leaves while it is asked
        if "because of a navigation" not in str(error):
            raise
        return False


def until(page, expression, seconds=30):
    """Wait until ``expression`` holds, asked from here: under a strict policy a page may evaluate no text by itself."""
    end = time.monotonic() + seconds
    while not _holds(page, expression):
        assert time.monotonic() < end, f"not true after {seconds} s: {expression}"
        page.wait_for_timeout(20)


@contextlib.contextmanager
def visit(browser, url, *, ready=READY, allowed=(), **context):
    """Open ``url`` in a fresh profile; on leaving, no foreign or failed request and no script error may have been.

    ``allowed`` lists addresses whose failing is the point of the test.
    """
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **context})
    page = made.new_page()
    base = url if url.startswith("file:") else "/".join(url.split("/")[:3])
    home = ("file:",) if url.startswith("file:") else (base,)
    bad: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((*home, "data:", "blob:")) else bad.append(f"foreign {r.url}")
    )
    scripted = context.get("java_script_enabled", True)  # without scripts their preloading is broken off, as it should

    def failed(request):
        if (scripted or request.resource_type != "script") and request.url not in allowed:
            bad.append(f"failed {request.url}")

    def answered(response):
        if response.status >= 400 and response.url not in allowed:
            bad.append(f"{response.status} {response.url}")

    page.on("requestfailed", failed)
    page.on("response", answered)
    page.on("console", lambda m: bad.append(m.text) if m.type in ("error", "warning") and not allowed else None)
    page.on("pageerror", lambda e: bad.append(f"script error {e}"))
    try:
        page.goto(url)
        if ready and scripted:
            until(page, ready)
        yield page
        assert not bad, bad
    finally:
        made.close()


#: The rules of axe that another theme may break.
COLOURS = ["color-contrast", "link-in-text-block"]


def serious(axe, page, part=None, *, colours=False):
    """What the script ``axe`` calls serious or critical on ``page``, or on the ``part`` of it that a selector names.

    With ``colours`` only the rules about colours are asked: those that another theme may break.
    """
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=str(axe))
    options = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": COLOURS}} if colours else {})}
    found = page.evaluate("([part, options]) => axe.run(part ?? document, options)", [part, options])["violations"]
    return [
        f"{v['id']} ({v['impact']}): {n['html'][:120]} {n['failureSummary'][:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for n in v["nodes"][:4]
    ]
