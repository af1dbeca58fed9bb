"""Serve _build/html on this machine only, compressed as a pages host does; a browser keeps nothing.

.venv/bin/python tools/serve.py [PORT]     default 8000; 0 picks a free one
"""

import contextlib
import functools
import gzip
import http.server
import io
import pathlib
import re
import sys
from typing import NoReturn

HTML = pathlib.Path(__file__).resolve().parent.parent / "_build" / "html"
COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".txt", ".ipynb"}


@functools.lru_cache(maxsize=512)
def compressed(path: pathlib.Path, size: int, changed: int) -> bytes:
    """A file of ``size`` that was ``changed`` then, compressed: once, as a pages host does, not at each visit."""
    return gzip.compress(path.read_bytes(), 6)


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
            now = path.stat()
            body = compressed(path, now.st_size, now.st_mtime_ns)
            return self.reply(200, body, self.guess_type(str(path)), ("Content-Encoding", "gzip"))
        return super().send_head()


class Server(http.server.ThreadingHTTPServer):
    """A server whom a browser may leave in the middle of an answer."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(port: int, root: pathlib.Path = HTML, **more: str) -> Server:
    """A server bound to the loopback address, not yet running; each answer carries ``more`` headers."""
    return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(root), more=more))


def refuse(problem: str) -> NoReturn:
    """Say in one line why nothing is served, and end."""
    print(problem, file=sys.stderr)
    sys.exit(2)


def main() -> None:
    if not (HTML / "index.html").exists():
        refuse("There is no book in _build/html yet: run `make book`")
    port = sys.argv[1] if len(sys.argv) > 1 else "8000"
    if len(sys.argv) > 2 or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        refuse(f"PORT must be one whole number from 0 to 65535; got {' '.join(sys.argv[1:])!r}")
    try:
        running = server(int(port))
    except OSError as error:
        refuse(f"PORT {port} cannot be had ({error.strerror}): name another one, or 0 for any that is free")
    with running:
        print(f"The book: http://127.0.0.1:{running.server_port}/   (Ctrl+C stops)", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            running.serve_forever()


if __name__ == "__main__":
    main()
