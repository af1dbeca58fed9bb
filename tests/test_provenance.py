"""The foot of a chapter says where its numbers come from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from l0lib import provenance


def test_footer_holds_every_fact():
    provenance.start("fast")
    facts = provenance.footer().facts
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facts["Computed now, on"])
    assert facts["profile"] == "fast"
    assert "numpy" in facts["with"]
    assert re.fullmatch(r"\d+\.\d s", facts["in"])
    assert "cores" in facts["on"]
    assert "<p" in provenance.footer()._repr_html_()


def test_a_library_installed_into_somebodys_checkout_is_not_of_that_checkout(tmp_path):
    def git(*words):
        own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *words], cwd=tmp_path, check=True, capture_output=True)

    there = tmp_path / "venv" / "l0lib"
    there.mkdir(parents=True)
    for name in ("__init__.py", "provenance.py"):
        (there / name).write_text(Path(provenance.__file__).read_text() if name == "provenance.py" else "")
    (tmp_path / ".gitignore").write_text("venv\n")
    git("init")
    git("add", ".gitignore")
    git("commit", "-m", "a thesis")
    ask = [sys.executable, "-c", "from l0lib import provenance; print(provenance.commit())"]
    found = subprocess.run(ask, cwd=there.parent, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "unknown"
    git("add", "-f", "venv")
    git("commit", "-m", "with the library")
    found = subprocess.run(ask, cwd=there.parent, capture_output=True, text=True, check=True).stdout
    assert re.match("[0-9a-f]{7}", found), "a checkout that holds it is named"


def test_unknown_profile():
    with pytest.raises(ValueError, match="profile must be one of"):
        provenance.start("quick")
