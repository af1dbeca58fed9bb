"""Nothing that l0lib reads can run code: no unrestricted pickle stands anywhere in the library."""

import ast
import pickle

import pytest
import torch

from l0lib.compress import checkpoints
from tests.browser import ROOT

LIBRARY = sorted((ROOT / "l0lib").rglob("*.py"))
#: Modules whose loaders build arbitrary objects.
PICKLERS = ("pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve")
#: The one class that may build on an unpickler: it names what it lets through.
RESTRICTED = "find_class"


def name_of(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def dangers(source: str) -> list[str]:
    """Return each place of a source file that may load a pickle without restriction."""
    tree = ast.parse(source)
    found = []
    whence: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            whence |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            whence |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, _, rest = name_of(node.func).partition(".")
            called = f"{whence.get(head, head)}.{rest}".rstrip(".")
            options = {keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords}
            module, _, function = called.rpartition(".")
            if (
                (called in ("torch.load", "torch.hub.load") and options.get("weights_only") is not True)
                or (called in ("torch.jit.load", "torch.package.PackageImporter"))
                or (module == "numpy" and function in ("load", "fromfile") and options.get("allow_pickle", False))
                or (called.endswith("read_pickle"))
                or (module in PICKLERS and function in ("load", "loads", "open", "Unpickler"))
                or (None in options and function == "load" and module in ("torch", "numpy"))
            ):
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.ClassDef):
            bases = [
                whence.get(name_of(base).split(".")[0], "") + "." + name_of(base).split(".")[-1] for base in node.bases
            ]
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            if any(base.endswith("Unpickler") for base in bases) and RESTRICTED not in methods:
                found.append(f"line {node.lineno}: class {node.name}")
    return found


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_loads_a_pickle_without_restriction(path):
    assert dangers(path.read_text("utf8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import torch as t\nt.load(path, weights_only=flag)",
        "from torch import load\nload(path)",
        "import torch\ntorch.load(path, **options)",
        "import pickle\npickle.loads(data)",
        "from pickle import load as read\nread(file)",
        "import pickle\npickle.Unpickler(file).load()",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import pandas as pd\npd.read_pickle(path)",
        "import pickle\nclass Mine(pickle.Unpickler):\n    pass",
        "import torch\ntorch.jit.load(path)",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert len(dangers(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path)",
        "import json\njson.loads(text)",
        "from . import storage\nstorage.load(path)",
        "import pickle\nclass Mine(pickle.Unpickler):\n    def find_class(self, *name):\n        raise ValueError",
    ],
)
def test_the_search_lets_pass_what_is_safe(source):
    assert dangers(source) == []


class _Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle ran code')",))


def test_a_checkpoint_that_hides_code_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"step": 3, "bomb": _Bomb()}, path)
    with pytest.raises((ValueError, RuntimeError, pickle.UnpicklingError)):
        checkpoints.load(path)
