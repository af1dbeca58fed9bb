"""Serve _build/html on this machine only, compressed as a pages host does; nothing is cached.

.venv/bin/python tools/serve.py [PORT]     default 8000; 0 picks a free one
"""

import contextlib
import functools
import gzip
import http.server
import io
import pathlib
import sys

HTML = pathlib.Path(__file__).resolve().parent.parent / "_build" / "html"
COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".txt", ".ipynb"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files with gzip, and the book's own 404 page."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, more: dict[str, str] | None = None, **named):
        self.more = {"Cache-Control": "no-cache", **(more or {})}
        super().__init__(*arguments, **named)

    def log_message(self, *arguments):
        """Stay silent: a reader's terminal is no log."""

    def end_headers(self):
        for name, value in self.more.items():
            self.send_header(name, value)
        super().end_headers()

    def reply(self, status: int, body: bytes, kind: str, *headers: tuple[str, str]) -> io.BytesIO:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        return io.BytesIO(body)

    def send_head(self):
        path = pathlib.Path(self.translate_path(self.path))
        if path.is_dir() and self.path.split("?")[0].endswith("/"):
            path = path / "index.html"
        if not path.exists():
            body = pathlib.Path(self.directory, "404.html").read_bytes()
            return self.reply(404, body, "text/html; charset=utf-8")
        if path.suffix in COMPRESSED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(path.read_bytes(), 6)
            return self.reply(200, body, self.guess_type(str(path)), ("Content-Encoding", "gzip"))
        return super().send_head()


def server(port: int, root: pathlib.Path = HTML, **more: str) -> http.server.ThreadingHTTPServer:
    """A server bound to the loopback address, not yet running; each answer carries ``more`` headers."""
    handler = functools.partial(Handler, directory=str(root), more=more)
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    if not (HTML / "index.html").exists():
        sys.exit("There is no book in _build/html yet: run `make book`")
    with server(int(sys.argv[1]) if len(sys.argv) > 1 else 8000) as running:
        print(f"The book: http://127.0.0.1:{running.server_port}/   (Ctrl+C stops)", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            running.serve_forever()


if __name__ == "__main__":
    main()
