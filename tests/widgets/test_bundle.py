"""The committed scripts are what the sources give, and they speak to no other host."""

import pathlib
import re
import subprocess
import sys

import pytest

from tests.widgets.node import NODE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = [
    "l0lib/widgets/static/explorers.js",
    "l0lib/widgets/static/explorers.css",
    "l0lib/widgets/static/playground.js",
    "book/assets/vendor/explorers.iife.js",
    "book/assets/vendor/playground.iife.js",
    "book/assets/vendor/answers.iife.js",
    "book/assets/vendor/widgets-slim.js",
    "course/slides/static/deck.js",
    "course/slides/static/deck.css",
]


def test_rebuilt_bundle_equals_the_committed_one(packages, tmp_path):
    subprocess.run([NODE, ROOT / "tools/bundle/bundle.mjs", sys.executable, tmp_path], cwd=ROOT, check=True)
    for name in BUILT:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), f"{name}: run `make bundle` and commit"


def test_lock_file_holds_no_download_address():
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


@pytest.mark.parametrize("name", BUILT)
def test_no_script_loads_from_elsewhere(name):
    text = (ROOT / name).read_text("utf-8")
    for call in re.findall(r"""(?:import\(|fetch\(|importScripts\(|src\s*=\s*|url\()\s*["'`](https?:)""", text):
        pytest.fail(f"{name} asks another host: {call}")
    for host in ("unpkg.com", "jsdelivr.net", "cdnjs", "esm.sh"):
        assert host not in text or (name.endswith("widgets-slim.js") and f"//{host}" not in text)


def test_every_bundled_package_is_named_in_the_notice(packages):
    notice = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
    done = subprocess.run(
        [NODE, ROOT / "tools/bundle/notice.mjs", "--names", sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.split()
    assert {"uplot", "reveal.js"} <= set(names)
    for name in names:
        assert f"## {name} " in notice
