"""Take outputs, execution counts and widget state out of notebooks/*.ipynb; with --check only say which have some."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    notebooks = sorted(str(path) for path in (ROOT / "notebooks").glob("*.ipynb"))
    command = [sys.executable, "-m", "nbstripout", "--keep-id", "--extra-keys", "metadata.papermill metadata.widgets"]
    verify = ["--verify"] if "--check" in arguments else []
    return subprocess.run([*command, *verify, *notebooks], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
