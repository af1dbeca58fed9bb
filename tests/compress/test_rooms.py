"""The engine's optimiser is quick to load."""

import subprocess
import sys
from pathlib import Path

import l0lib.compress

ROOM = Path(l0lib.compress.__file__).parent


def test_the_optimiser_does_not_import_the_compiler():
    code = """
import sys
from l0lib import compress
compress.PenalisedSGD(compress.lenet_300_100().parameters(), lr=0.1).zero_grad()
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOM.parents[1])
