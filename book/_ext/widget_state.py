"""The state of a page's widgets, with the copies of our modules that every explorer brings replaced by their names."""

from pathlib import Path

import l0lib

STATIC = Path(l0lib.__file__).parent / "widgets" / "static"
#: The library's modules, and the names under which their classic scripts stand.
MODULES = {"explorers": "L0Explorers", "playground": "L0Playground"}


def share(state, pagename):
    """Replace the copies in one widget state, in place; return the names of the modules that it uses, in order."""
    names = {(STATIC / f"{name}.js").read_text("utf-8"): name for name in MODULES}
    style = (STATIC / "explorers.css").read_text("utf-8")
    used = set()
    for model in state["state"].values():
        traits = model["state"]
        name = names.get(traits.get("_esm"))
        if name:
            used.add(name)
            traits["_esm"] = MODULES[name]
        elif traits.get("_anywidget_id", "").startswith("l0lib.widgets."):
            raise RuntimeError(f"{pagename} was executed with another build of the explorers: execute it again")
        if traits.get("_css") == style:
            traits["_css"] = ""
    return sorted(used)
