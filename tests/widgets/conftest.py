"""A page with the explorers that compute from formulas alone, made without Sphinx."""

import json
import pathlib
import shutil

import pytest
from ipywidgets.embed import embed_data

from tests.browser import extension, serve, visit
from tests.widgets.kinds import one_of_each

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = """<!doctype html><html lang="en" class="js" data-theme="light" data-content_root="">
<head><meta charset="utf-8"><title>Explorers</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>
html {{ --pst-color-background: #fff; --pst-color-text-base: #222832; --pst-color-text-muted: #48566b;
  --pst-color-surface: #f3f4f5; --pst-color-border: #c9ced6; --pst-color-primary: #0b64a0; }}
html[data-theme=dark] {{
  --pst-color-background: #121212; --pst-color-text-base: #ced6dd;
  --pst-color-text-muted: #9ca4af; --pst-color-surface: #29313d;
  --pst-color-border: #48566b; --pst-color-primary: #6cb8f0; }}
body {{ background: var(--pst-color-background); color: var(--pst-color-text-base); }}
body {{ max-width: {width}; margin: auto; }}
</style><link rel="stylesheet" href="site.css"><link rel="stylesheet" href="explorers.css">
<noscript><style>.l0-place .l0-fallback {{ display: block !important; }}</style></noscript>
<script defer src="load-explorers.js" data-load="{scripts}"></script></head>
<body class="bd-content"><main><h1>Explorers</h1>{sections}</main>
<script type="application/vnd.jupyter.widget-state+json">{state}</script></body></html>"""


def write_page(folder, explorers, width="1060px"):
    """Write a page of at most ``width`` with ``explorers`` to ``folder``. Its widget state is shared as in the book."""
    static_widgets = extension("static_widgets")
    embedded = embed_data(views=explorers, drop_defaults=False)
    state = embedded["manager_state"]
    scripts = [*(f"{name}.iife.js" for name in static_widgets.share(state, "test page")), "widgets-slim.js"]
    sections = [
        f'<section id="part-{i}"><h2>Part {i}</h2><div class="cell_output">{e.fallback()["text/html"]}'
        f'<script type="application/vnd.jupyter.widget-view+json">{json.dumps(view)}</script></div></section>'
        for i, (e, view) in enumerate(zip(explorers, embedded["view_specs"], strict=True))
    ]
    body = static_widgets.place("\n".join(sections), state, "", folder)
    text = json.dumps(state).replace("</", "<\\/")
    (folder / "index.html").write_text(
        PAGE.format(sections=body, scripts=" ".join(scripts), state=text, width=width), "utf-8"
    )
    for name in scripts:
        shutil.copy(ROOT / "book/assets/vendor" / name, folder)
    for name in ("book/assets/site.css", "book/assets/load-explorers.js", "l0lib/widgets/static/explorers.css"):
        shutil.copy(ROOT / name, folder)


@pytest.fixture(scope="session")
def page_url(tmp_path_factory):
    """Address of the page with one explorer of each kind."""
    folder = tmp_path_factory.mktemp("page")
    write_page(folder, one_of_each())
    with serve(folder) as base:
        yield f"{base}/index.html"


@pytest.fixture(scope="module")
def address(folder):
    """Address of the page in the module's own ``folder``."""
    with serve(folder) as base:
        yield f"{base}/index.html"


@pytest.fixture
def page(chromium, address):
    with visit(chromium, address) as page:
        yield page
