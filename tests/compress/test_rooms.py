"""The engine stands on the penalties, on counts and whole files, and on nothing above itself."""

import ast
import subprocess
import sys
from pathlib import Path

import l0lib.compress

ROOM = Path(l0lib.compress.__file__).parent


def relative_imports(source: str, level: int) -> set[str]:
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.level == level)
    return {(node.module or "").split(".")[0] for node in nodes}


def test_engine_imports_only_the_penalties_and_plain_helpers_from_the_rest_of_the_library():
    above = set()
    for module in ROOM.glob("*.py"):
        source = module.read_text(encoding="utf-8")
        assert "import l0lib" not in source
        assert "from l0lib" not in source
        above |= relative_imports(source, level=2)
    assert above == {"penalties", "_counts", "_files"}
    for name in above - {"penalties"}:
        helper = ROOM.parent.joinpath(f"{name}.py").read_text(encoding="utf-8")
        assert not relative_imports(helper, level=1), "it stands on nothing of ours"


def test_the_theory_side_does_not_import_torch_and_the_optimiser_not_its_compiler():
    code = """
import sys
import l0lib
assert "torch" not in sys.modules
from l0lib import compress
compress.PenalisedSGD(compress.lenet_300_100().parameters(), lr=0.1).zero_grad()
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOM.parents[1])
