"""HTML only: carry the explorers' script and style once for the whole site instead of once for each explorer.

MyST-NB embeds the widgets' state as it is, so every explorer brings its own copy of its module and style sheet. Copies
equal to the library's files become the name under which a classic script, ``vendor/<name>.iife.js``, puts the same
module; of the style sheets the first of a page remains. A page loads the classic scripts that it uses.
"""

import json
from pathlib import Path

from myst_nb.core.render import sanitize_script_content
from myst_nb.sphinx_ import NbMetadataCollector

from l0lib.widgets import explorer

_KEY = "ipywidgets_state"
#: The library's modules, and the names under which their classic scripts stand.
MODULES = {"explorers": "L0Explorers", "playground": "L0Playground"}


def shrink(app, pagename, templatename, context, doctree):
    """Replace the copies in the widget state of one page."""
    files = NbMetadataCollector.get_js_files(app.env, pagename)
    if _KEY not in files:
        return
    uri, options = files[_KEY]
    state = json.loads(options["body"])
    used = share(state, pagename)
    unused = {f"vendor/{name}.iife.js" for name in MODULES if name not in used}
    for key in [key for key, (uri, _) in files.items() if uri in unused]:
        del files[key]
    body = sanitize_script_content(json.dumps(state, separators=(",", ":")))
    files[_KEY] = (uri, {**options, "body": body})


def share(state, pagename):
    """Replace the copies in one widget state, in place; return the names of the modules that it uses."""
    static = Path(explorer.__file__).parent / "static"
    names = {(static / f"{name}.js").read_text("utf-8"): name for name in MODULES}
    style = (static / "explorers.css").read_text("utf-8")
    used, styled = set(), False
    for model in state["state"].values():
        traits = model["state"]
        name = names.get(traits.get("_esm"))
        if name:
            used.add(name)
            traits["_esm"] = MODULES[name]
        elif traits.get("_anywidget_id", "").startswith("l0lib.widgets."):
            raise RuntimeError(f"{pagename} was executed with another build of the explorers: execute it again")
        if traits.get("_css") == style:
            if styled:
                traits["_css"] = ""
            styled = True
    return used


def setup(app):
    """Hook into the build."""
    app.connect("html-page-context", shrink, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
