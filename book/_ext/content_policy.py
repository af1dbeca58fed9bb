"""HTML only: pages that stay whole under the content policy ``script-src 'self'``, as a learning platform may set it.

Such a policy runs scripts of the site's own files and nothing that stands in a page. So each script in a page becomes a
file, in its place, so that the order stays; and the first of all is the one that lends a store where site data is
blocked, since the theme's own first script asks for it.
"""

import hashlib
import re
from pathlib import Path

import l0lib

# A comment may hold what looks like a script, a script what looks like a comment: whichever begins first counts.
PART = re.compile(
    r"""<!--.*?-->|<script\b(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*)>(?P<code>.*?)</script\s*>""", re.S | re.I
)
ATTRIBUTE = re.compile(r"""\s+([^\s=>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")
#: Types of a script that a browser runs; any other type is data.
RUN = {"", "module", "text/javascript", "application/javascript"}
#: What no file can stand for: code in an attribute of a tag. The pages have none, and get none unseen.
HANDLER = re.compile(
    r"""<[a-z](?:[^>"']|"[^"]*"|'[^']*')*?\s(on[a-z]+\s*=|(?:href|src|action)\s*=\s*["']?javascript:)""", re.I
)
STORAGE = "_static/storage.js"


def moved(page: str, root: str, files: dict[str, str]) -> str:
    """Return ``page`` with a file for each script that stands in it; ``files`` gets their text by name.

    ``root`` leads from the page to the site's own root, such as ``../``.

    Raises
    ------
    ValueError
        If a tag holds code in an attribute.
    """

    def move(found: re.Match) -> str:
        if found["code"] is None:
            return found[0]
        values = {name.lower(): a or b or c for name, a, b, c in ATTRIBUTE.findall(found["attributes"])}
        if "src" in values or values.get("type", "").lower() not in RUN or not found["code"].strip():
            return found[0]
        name = f"_static/inline/{hashlib.sha256(found['code'].encode()).hexdigest()[:16]}.js"
        files[name] = found["code"].strip() + "\n"
        # on a script in a page these two say nothing, on a file they would change the order
        kept = "".join(a[0] for a in ATTRIBUTE.finditer(found["attributes"]) if a[1].lower() not in ("async", "defer"))
        return f'<script{kept} src="{root}{name}"></script>'

    code = HANDLER.search(PART.sub("", page))
    if code:
        raise ValueError(f"no tag may hold code in an attribute, a content policy forbids it; got {code[0][:200]}")
    page = PART.sub(move, page)
    return re.sub(r"<head\b[^>]*>", rf'\g<0>\n<script src="{root}{STORAGE}"></script>', page, count=1)


def finish(app, error):
    """Rewrite every page of the built site."""
    if error or app.builder.format != "html":
        return
    out, files = Path(app.outdir), {}
    for path in sorted(out.rglob("*.html")):
        name = path.relative_to(out)
        # what stands below _static is nobody's page; the page of a missing address is served at any depth
        if name.parts[0] == "_static" or name.name == "404.html":
            continue
        root = "".join("../" for _ in name.parts[1:])
        try:
            path.write_text(moved(path.read_text("utf-8"), root, files), "utf-8")
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}") from None
    for name, text in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8")


def setup(app):
    app.connect("build-finished", finish)
    return {"version": l0lib.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
