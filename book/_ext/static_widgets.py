"""HTML only: what a page with live explorers carries, and what it leaves for the moment when one comes into view.

MyST-NB embeds the widgets' state as it is, so every explorer brings its own copy of its module and style sheet. Copies
equal to the library's files become the name under which a classic script, ``vendor/<name>.iife.js``, puts the same
module; the style sheet stands once, as a file that every page with explorers names.

Each explorer gets a place of its own: with an anchor, with its kind and the number of its controls, from which the
style sheet reserves its height before any script runs. ``load-explorers.js`` loads the scripts. The still picture
becomes a file, which a browser loads only where it is shown: without scripts, and on paper.
"""

import base64
import hashlib
import json
import re
import shutil
import struct
from pathlib import Path

from myst_nb.core.render import sanitize_script_content
from myst_nb.sphinx_ import NbMetadataCollector
from widget_state import MODULES, STATIC, share

_KEY = "ipywidgets_state"
LOADER, MANAGER, STYLE = "load-explorers.js", "vendor/widgets-slim.js", "vendor/explorers.css"

#: A still picture, and behind it the live view that stands for it.
VIEW = re.compile(
    r'(?:<div class="output text_html">\s*)?(?P<still><div class="l0-fallback">.*?<p class="l0-why">.*?</p>\s*</div>)'
    r'(?:\s*</div>)?\s*(?P<view><script type="application/vnd\.jupyter\.widget-view\+json">(?P<spec>.*?)</script>)',
    re.S,
)
EMBEDDED = re.compile(r'src="data:image/png;base64,([^"]+)"')


def shrink(app, pagename, templatename, context, doctree):
    """Put the explorers of one page in their places, and replace the copies in its widget state."""
    files = NbMetadataCollector.get_js_files(app.env, pagename)
    if _KEY not in files:
        return
    uri, options = files[_KEY]
    state = json.loads(options["body"])
    used = share(state, pagename)
    root = "../" * pagename.count("/")
    pictures = Path(app.outdir, "_images")
    context["body"] = place(context["body"], state, f"{root}_images/", pictures)
    app.add_css_file(STYLE)
    scripts = " ".join(f"{root}_static/{name}" for name in [f"vendor/{name}.iife.js" for name in used] + [MANAGER])
    # an explorer that stands before the first section is on the first screen, so its code comes with the page
    soon = {"data-soon": ""} if opens(context["body"]) else {"defer": "defer"}
    for key in [key for key, (uri, _) in files.items() if uri == LOADER]:
        files[key] = (LOADER, {**soon, "data-load": scripts})
    body = sanitize_script_content(json.dumps(state, separators=(",", ":")))
    files[_KEY] = (uri, {**options, "body": body})


def opens(body):
    """Whether an explorer stands before the first section of a page."""
    return 'class="l0-place' in body.split("<h2", 1)[0]


def view_of(state, model_id):
    """Return the traits of the drawing in the widget ``model_id``, if our script draws it, and count its controls."""
    models = {key: model["state"] for key, model in state["state"].items()}

    def inside(traits):
        return [models[key.removeprefix("IPY_MODEL_")] for key in traits.get("children", [])]

    parts = inside(models[model_id]) or [models[model_id]]
    view = next((part for part in parts if part.get("_esm") in MODULES.values()), {})
    return view, sum(len(inside(part)) for part in parts)


def place(body, state, address, folder):
    """Return a page's ``body`` with each explorer in a place, its picture a file in ``folder`` (at ``address``)."""
    count: dict[str, int] = {}

    def file(found):
        picture = base64.b64decode(found[1])
        name = f"explorer-{hashlib.sha256(picture).hexdigest()[:16]}.png"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture)
        width, height = struct.unpack(
            ">II", picture[16:24]
        )  # of the PNG's header: it keeps its place until it is loaded
        return f'loading="lazy" width="{width}" height="{height}" src="{address}{name}"'

    def put(found):
        view, controls = view_of(state, json.loads(found["spec"])["model_id"])
        kind = view.get("kind")
        name = kind or ("playground" if view else "pictures")
        count[name] = count.get(name, 0) + 1
        key = name if count[name] == 1 else f"{name}-{count[name]}"
        reserved = f' data-kind="{kind}" style="--l0-rows: {controls}"' if kind else ""
        still = EMBEDDED.sub(file, found["still"])
        margin = " popout" if kind else ""  # to the theme: it needs the margin, where the contents fold
        return f'<div class="l0-place{margin}" id="explorer-{key}"{reserved}>{still}{found["view"]}</div>'

    return VIEW.sub(put, body)


def finish(app, error):
    """Give the site the explorers' style sheet."""
    if not error and app.builder.format == "html":
        shutil.copy(STATIC / "explorers.css", Path(app.outdir, "_static", STYLE))


def setup(app):
    """Hook into the build."""
    app.connect("html-page-context", shrink, priority=400)
    app.connect("build-finished", finish, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
