"""Pack the built site into one zip that opens from disk: unpack it, and open index.html by a double click.

.venv/bin/python tools/offline.py     _build/html -> _build/l0lib-offline.zip

Two packs of one site are equal to the byte.
"""

from __future__ import annotations

import io
import pathlib
import sys
import zipfile

from execute import ROOT

from l0lib._files import write_atomically

HTML = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "l0lib-offline.zip"
FOLDER = "l0lib"
#: What fits on a learning platform, and into a letter.
LIMIT = 40_000_000
#: What only a web server, another book or the theme reads.
LEFT_OUT = {
    "webpack-macros.html",
    "sbt-webpack-macros.html",
    ".nojekyll",
    ".buildinfo",
    ".buildinfo.bak",
    "404.html",
    "objects.inv",
}
#: Files that are compressed already.
STORED = {".png", ".woff2", ".gz", ".jpg", ".webp"}
NOTE = """\
l0lib: compressing networks with a smoothed l0 norm

Unpack this folder and open index.html in a browser. Nothing needs to be installed, and no page asks another host for
anything: explorers, quizzes, the playground and the search work without a network.

Code: MIT licence. Prose and figures: CC BY 4.0.
"""


def packed(site: pathlib.Path) -> bytes:
    """Return a zip of all files of ``site``, below one folder.

    Raises
    ------
    ValueError
        If there is no site, or the zip is larger than ``LIMIT``.
    """
    if not (site / "index.html").exists():
        raise ValueError(f"site must hold index.html; got {site}, run `make book` first")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as pack:
        write(pack, "README.txt", NOTE.encode("ascii"))
        for path in sorted(path for path in site.rglob("*") if path.is_file() and path.name not in LEFT_OUT):
            write(pack, path.relative_to(site).as_posix(), path.read_bytes())
    if made.tell() > LIMIT:
        raise ValueError(f"the zip must not be larger than {LIMIT / 1e6:.0f} MB; got {made.tell() / 1e6:.1f} MB")
    return made.getvalue()


def write(pack: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file without the time at which it was built."""
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", (2000, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    way = zipfile.ZIP_STORED if pathlib.PurePath(name).suffix in STORED else zipfile.ZIP_DEFLATED
    pack.writestr(entry, content, way, 9)


def main() -> None:
    try:
        content = packed(HTML)
    except ValueError as error:
        sys.exit(str(error))
    write_atomically(TARGET, content)
    print(f"{len(content) / 1e6:.1f} MB: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
