"""The reference lists whatever the engine makes public."""

import ast
import importlib
import inspect
import re
from pathlib import Path

from l0lib import compress
from tests.browser import ROOT

API = (ROOT / "book/api.md").read_text("utf8")
PUBLIC = {
    alias.name
    for node in ast.parse(Path(compress.__file__).read_text("utf8")).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}


def listed(kind: str) -> set[str]:
    return set(re.findall(rf"^\.\. {kind}:: l0lib\.compress\.([\w.]+)$", API, re.M))


def test_every_public_name_of_the_engine_stands_in_the_reference():
    modules = {name for name in PUBLIC if inspect.ismodule(getattr(compress, name))}
    whole = listed("automodule")
    single = listed("auto(?:function|class|exception|data)")
    assert modules <= whole
    in_whole = {
        f"{module}.{name}" for module in whole for name in vars(importlib.import_module(f"l0lib.compress.{module}"))
    }
    missing = PUBLIC - modules - single - {name.partition(".")[2] for name in in_whole}
    assert not missing
    for name in single:
        assert hasattr(compress, name.split(".")[0]), name


def test_every_module_has_a_place():
    """A module stands there as a whole, or something from it does."""
    room = Path(compress.__file__).parent
    modules = {path.stem for path in room.glob("*.py") if not path.stem.startswith("_")}
    from_them = {
        inspect.getmodule(getattr(compress, name)).__name__.rpartition(".")[2]
        for name in PUBLIC
        if callable(getattr(compress, name))
    }
    assert modules - listed("automodule") - from_them <= {"sources"}, "this one only fetches files"
