"""A loopback server, Chromium with every other host refused, and the questions the tests put to an explorer."""

import contextlib
import functools
import gzip
import http.server
import io
import os
import pathlib
import shutil
import threading

from playwright.sync_api import sync_playwright

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
READY = "document.documentElement.dataset.widgetsReady === '1'"
TEXT = (".html", ".js", ".css", ".svg", ".json")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, text compressed as an ordinary static host does, nothing on the terminal."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send_head(self):
        path = self.translate_path(self.path)
        if not (os.path.isfile(path) and path.endswith(TEXT) and "gzip" in self.headers.get("Accept-Encoding", "")):
            return super().send_head()
        body = _compressed(path, os.path.getmtime(path))
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)


@functools.lru_cache(maxsize=256)
def _compressed(path, changed):
    return gzip.compress(pathlib.Path(path).read_bytes(), 6)


@contextlib.contextmanager
def serve(folder):
    """Serve ``folder`` on a free loopback port; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def chromium():
    """Debian's or the system's Chromium; no other host resolves."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visit(browser, url, *, ready=True, **context):
    """Open ``url`` in a fresh profile; on leaving, no foreign or failed request and no script error may have been."""
    context = {"viewport": {"width": 1280, "height": 1000}, **context}
    made = browser.new_context(**context)
    page = made.new_page()
    base = "/".join(url.split("/")[:3])
    bad = []
    page.on(
        "request", lambda r: bad.append(f"foreign {r.url}") if not r.url.startswith((base, "data:", "blob:")) else None
    )
    page.on("requestfailed", lambda r: bad.append(f"failed {r.url}"))
    page.on("response", lambda r: bad.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on("console", lambda m: bad.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: bad.append(f"script error {e}"))
    try:
        page.goto(url)
        if ready and context.get("java_script_enabled", True):
            page.wait_for_function(READY, timeout=30000)
        yield page
        assert not bad, bad
    finally:
        made.close()


ASK = """(root) => {
  const encode = (x) => typeof x === "number" ? (Number.isFinite(x) ? x : String(x))
    : x === null || typeof x !== "object" ? x
    : ArrayBuffer.isView(x) || Array.isArray(x) ? Array.from(x, encode)
    : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, encode(v)]));
  return encode({ kind: root.l0.kind, vals: root.l0.vals(), data: root.l0.data() });
}"""


def settle(page):
    """Wait until the change that was asked for is drawn."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"
    )
