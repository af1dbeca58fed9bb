"""The site's own touches: footer, buttons behind one setting, page descriptions, lean scripts, loud mathematics."""

import html
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

from docutils import nodes
from sphinxcontrib import katex

import l0lib

# A notebook host each; they are reached by the reader's click only, and only where the repository has an address.
LAUNCHERS = {"binderhub_url": "https://mybinder.org", "colab_url": "https://colab.research.google.com"}

# What screen readers stumble over: docutils calls the bibliography a list whose children are no list items, and
# MyST-NB gives a folded cell a name that is not its visible text. Cards wait with their pictures until they are near.
REPLACED = {
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    '<summary aria-label="Toggle hidden content">': "<summary>",
    'class="sd-card-img-top': 'loading="lazy" class="sd-card-img-top',
}


# Style sheets of single pages.
STYLES = {"notebooks/index": "landing-page.css", "notebooks/playground": "playground-page.css"}

# A frame of its own for each figure's picture: on a phone the picture scrolls within it, and the caption stays.
PICTURE = re.compile(r"(<figure\b[^>]*>\s*)((?:<a\b[^>]*>)?<img\b[^>]*>(?:</a>)?)")


def configure(app, config):
    """Everything that follows from the repository's address, and the footer."""
    options = config.html_theme_options
    url = (options.get("repository_url") or "").rstrip("/")
    options["repository_url"] = url
    options["use_repository_button"] = options["use_issues_button"] = bool(url)
    options["launch_buttons"] = {**LAUNCHERS, "notebook_interface": "jupyterlab"} if url else {}
    if url:
        app.tags.add("repository")
    times = json.loads(os.environ.get("L0LIB_BOOK_TIMES", "{}"))
    config.myst_substitutions = {**config.myst_substitutions, "repository": url, **times}
    commit, date = os.environ.get("L0LIB_BOOK_COMMIT", "unknown"), os.environ.get("L0LIB_BOOK_DATE", "unknown")
    report = f' · <a href="{url}/issues/new">Report an error</a>' if url else ""
    options["extra_footer"] = (
        f'<p class="l0-version">Version {l0lib.__version__} · commit {commit} · {date}{report}</p>'
        "<p>Code: MIT licence. Prose and figures: CC BY 4.0.</p>"
    )
    # A formula that KaTeX cannot read fails the build instead of standing red on the page; a busy machine may be slow.
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 30.0
    katex.KaTeXServer.start_server_process = staticmethod(start_katex)


def start_katex(rundir, timeout):
    """Start KaTeX's Node process on a Unix socket and connect.

    The extension's own version connects as soon as the socket's file exists, which can be before anyone listens, and
    leaves the process behind when that fails.
    """
    path = rundir / "katex.sock"
    command = katex.KaTeXServer.build_command(socket=path)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=rundir)
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            time.sleep(0.01)
        else:
            return process, connection
    process.kill()
    raise katex.KaTeXError(f"Node did not serve KaTeX within {timeout:.0f} s: {' '.join(map(str, command))}")


def first_paragraph(doctree):
    """The page's opening paragraph as plain text, cut at a word."""
    for node in doctree.findall(nodes.paragraph):
        if isinstance(node.parent, nodes.section | nodes.document):
            text = re.sub(r"\s+", " ", node.astext()).strip()
            return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + "…"
    return ""


def describe(app, pagename, templatename, context, doctree):
    """A description of each page for search engines and previews."""
    if doctree is None:
        return
    if pagename in STYLES:
        app.add_css_file(STYLES[pagename], priority=900)
    for wrong, right in REPLACED.items():
        context["body"] = context["body"].replace(wrong, right)
    context["body"] = PICTURE.sub(r'\1<div class="picture">\2</div>', context["body"])
    title = re.sub(r"<[^>]+>", "", context.get("title", ""))
    written = re.search(r'<meta content="([^"]*)" name="description"', context.get("metatags", ""))
    text = html.unescape(written.group(1)) if written else first_paragraph(doctree)
    for name, key, value in (
        ("name", "description", "" if written else text),
        ("property", "og:title", title),
        ("property", "og:description", text),
        ("property", "og:type", "article"),
    ):
        if value:
            tag = f'\n<meta {name}="{key}" content="{html.escape(value)}">'
            context["metatags"] = context.get("metatags", "") + tag


def finish(app, error):
    """Drop what no page uses: 1.5 MB of icons as script (the theme's web font draws the same) and source maps."""
    if error or app.builder.format != "html":
        return
    static = pathlib.Path(app.outdir, "_static")
    icons = static / "scripts" / "fontawesome.js"
    if icons.exists():
        icons.write_text("")
    for junk in static.rglob("*.map"):
        junk.unlink()
    shutil.rmtree(static / "locales", ignore_errors=True)


def setup(app):
    app.connect("config-inited", configure, priority=100)
    app.connect("html-page-context", describe)
    app.connect("build-finished", finish)
    return {"version": l0lib.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
