"""The order of imports: a module stands on the rooms below its own, and what is light to import stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import l0lib

PACKAGE = Path(l0lib.__file__).parent

#: Helpers that know nothing of ours but how an argument is checked.
HELPERS = {"labels", "table", "provenance", "_counts", "_files", "_validate"}
#: The theory; ``l0lib`` is the package itself, whose names are the theory's.
THEORY = {"penalties", "attraction", "landscape", "l0lib"}
#: The rooms from the bottom to the top, and what each may import besides itself.
MAY_IMPORT: dict[str, set[str]] = {helper: set() for helper in HELPERS}
MAY_IMPORT["penalties"] = MAY_IMPORT["_counts"] = {"_validate"}
MAY_IMPORT["attraction"] = MAY_IMPORT["landscape"] = {"penalties", "_validate"}
MAY_IMPORT["l0lib"] = {"penalties", "attraction", "landscape"}
MAY_IMPORT["playground"] = THEORY | HELPERS
MAY_IMPORT["compress"] = {"penalties", "_counts", "_files", "_validate"}
# beside theory the exercises take one network of the engine, inside the check that needs it
MAY_IMPORT["exercises"] = {"compress"} | THEORY | HELPERS
MAY_IMPORT["experiments"] = {"compress"} | THEORY | HELPERS
MAY_IMPORT["paper"] = {"experiments"} | MAY_IMPORT["experiments"]
# the random numbers that a browser draws too
MAY_IMPORT["chapters"] = {"paper", "playground"} | MAY_IMPORT["paper"]
MAY_IMPORT["figures"] = {"chapters", "playground"} | MAY_IMPORT["chapters"]
MAY_IMPORT["widgets"] = MAY_IMPORT["cli"] = {"figures"} | MAY_IMPORT["figures"]
MAY_IMPORT["__main__"] = {"cli"}


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module of ours, given the parts of its dotted name without ``l0lib``."""
    return parts[0] if parts else "l0lib"


def modules(package: Path) -> Iterator[tuple[tuple[str, ...], ast.Module]]:
    """Every module of a package: the parts of its path below it, and its syntax tree."""
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package).with_suffix("").parts, ast.parse(path.read_text(encoding="utf-8"))


def imports(parts: tuple[str, ...], tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Every import in a module, also in functions and for types alone, as the parts of an absolute name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ("l0lib", *parts)[: len(parts) + 1 - node.level] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, *module, alias.name) for alias in node.names)


def misplaced(package: Path) -> list[str]:
    """The imports of a package that go against the order, and its modules that stand in no room."""
    found = []
    for parts, tree in modules(package):
        room = room_of(() if parts == ("__init__",) else parts)
        if room not in MAY_IMPORT:
            found.append(f"{'/'.join(parts)}: {room} is no room")
            continue
        for name in imports(parts, tree):
            if name[0] != "l0lib":
                continue
            below = package.joinpath(name[1]) if len(name) > 1 else package
            ours = below.is_dir() or below.with_suffix(".py").is_file()
            other = room_of(name[1:] if ours else ())  # a name that is no module is one of the package's own
            if other != room and other not in MAY_IMPORT[room]:
                found.append(f"{'/'.join(parts)}: {'.'.join(name)}")
    return found


def test_a_module_imports_from_rooms_below_its_own_alone():
    assert misplaced(PACKAGE) == []


def test_every_public_room_is_there():
    rooms = {room_of(() if parts == ("__init__",) else parts) for parts, _ in modules(PACKAGE)}
    assert {room for room in MAY_IMPORT if room[0] != "_"} <= rooms


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("compress/a.py", "from ..penalties import L0\nfrom .b import c\nimport torch", []),
        ("compress/rivals/a.py", "from ... import _counts\nfrom ..masks import Masks", []),
        ("compress/a.py", "from ..experiments import run", ["compress/a: l0lib.experiments.run"]),
        ("compress/a.py", "def f():\n    from .. import experiments", ["compress/a: l0lib.experiments"]),
        ("compress/a.py", "import l0lib.cli", ["compress/a: l0lib.cli"]),
        ("compress/a.py", "from .. import L0", ["compress/a: l0lib.L0"]),
        ("compress/rivals/a.py", "from ...attraction import step", ["compress/rivals/a: l0lib.attraction.step"]),
        (
            "paper/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..figures.results import by_arm",
            ["paper/a: l0lib.figures.results.by_arm"],
        ),
        ("table.py", "from . import labels", ["table: l0lib.labels"]),
        ("_files.py", "from .landscape import regime", ["_files: l0lib.landscape.regime"]),
        ("news.py", "", ["news: news is no room"]),
        ("studies/a.py", "import math", ["studies/a: studies is no room"]),
    ],
)
def test_what_goes_against_the_order_is_found(path, source, found, tmp_path):
    for room in PACKAGE.iterdir():
        if room.is_dir():
            tmp_path.joinpath(room.name).mkdir()
        else:
            tmp_path.joinpath(room.name).touch()
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source)
    assert misplaced(tmp_path) == found


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("l0lib", ["torch", "matplotlib", "ipywidgets", "distributed"]),
        ("l0lib.exercises", ["torch"]),
        ("l0lib.paper", ["torch"]),
        ("l0lib.figures", ["torch", "matplotlib.pyplot"]),
        ("l0lib.widgets", ["torch", "matplotlib.pyplot"]),
    ],
)
def test_what_is_light_to_import_stays_light(name, absent):
    """Of a package every module is imported: that of ``l0lib`` itself are rooms of their own."""
    code = f"""
import importlib, pkgutil, sys
package = importlib.import_module({name!r})
if {name!r} != "l0lib":
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module({name!r} + "." + module.name)
print(*sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(told.stdout.split()) & set(absent)


def private_names(tree: ast.Module) -> Iterator[str]:
    """Private names of other libraries that a module uses: imported, or reached through what it imported."""
    foreign = {}

    def private(name: str) -> bool:
        return name.startswith("_") and not name.endswith("__")

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            foreign |= {(alias.asname or alias.name.split(".")[0]): alias.name for alias in node.names}
            yield from (a.name for a in node.names if any(map(private, a.name.split("."))))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            foreign |= {(alias.asname or alias.name): f"{node.module}.{alias.name}" for alias in node.names}
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (n for n in names if n != "__future__.annotations" and any(map(private, n.split("."))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in foreign:
                yield ast.unparse(node)


#: Names that begin with an underscore and are documented all the same, or for which no public one exists.
NO_OTHER_NAME = {
    "os._exit",  # documented: the way out of a forked process
    "argparse._SubParsersAction",  # only as types
    "torch.nn.modules.batchnorm._BatchNorm",  # what the normalisations of all dimensions have in common
    "torch.nn.modules.batchnorm._NormBase",
    "torch.nn.modules.conv._ConvNd",
    # documented: one call for many tensors
    *(f"torch._foreach_{name}" for name in ("abs", "add", "add_", "addcmul", "mul_", "sign")),
}


def test_no_private_name_of_another_library_is_used():
    found = {f"{'/'.join(parts)}: {name}" for parts, tree in modules(PACKAGE) for name in private_names(tree)}
    found = {each for each in found if each.split(": ")[1] not in NO_OTHER_NAME}
    assert not found


def test_a_private_name_is_found_where_it_stands():
    source = "import torch\nfrom numpy import _core\nimport os.path as p\nfrom . import _a\ntorch._b.c\np._d\nself._e"
    assert sorted(private_names(ast.parse(source))) == ["numpy._core", "p._d", "torch._b"]
