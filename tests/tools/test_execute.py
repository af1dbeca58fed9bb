"""Running a notebook leaves a whole result or none."""

import json
import re
import subprocess
import sys

import nbformat
import pytest

from tests.browser import ROOT, tool

execute = tool("execute")


def notebook(folder, *sources):
    cells = [nbformat.v4.new_code_cell('profile = "fast"', metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    made = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    )
    nbformat.write(made, folder / "sample.ipynb")
    return folder / "sample.ipynb"


@pytest.fixture
def executed(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "EXECUTED", tmp_path / "executed")
    for name in execute.THREADS:
        monkeypatch.setenv(name, "7")  # what main() sets is taken back after the test
    return tmp_path / "executed"


def test_a_notebook_runs_with_its_profile_one_thread_and_its_own_folder(tmp_path, executed):
    source = notebook(
        tmp_path, "import os", "print(profile, os.environ['OMP_NUM_THREADS'], os.path.basename(os.getcwd()))"
    )
    execute.main([str(source), "--profile", "full"])
    text = nbformat.read(executed / "sample.ipynb", as_version=4).cells[-1].outputs[0].text
    assert text.split() == ["full", "1", tmp_path.name]


def test_a_failing_notebook_leaves_nothing_not_even_the_last_good_result(tmp_path, executed):
    executed.mkdir()
    (executed / "sample.ipynb").write_text("an earlier result")
    with pytest.raises(SystemExit, match=r"(?s)sample.ipynb failed; no output was written.*ZeroDivisionError"):
        execute.main([str(notebook(tmp_path, "1 / 0"))])
    assert list(executed.iterdir()) == []


def compared(path):
    """The cells with what they show, less the times of the run and the name of the cell that papermill adds."""
    made = nbformat.read(path, as_version=4)
    cells = [c for c in made.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    shown = json.dumps([[c.source, c.get("outputs")] for c in cells])
    return re.sub(r"in:? \d+\.\d s", "in TIME", shown), made.metadata.widgets


@pytest.mark.slow
def test_two_runs_differ_in_nothing_but_their_times(tmp_path, executed, monkeypatch):
    """From two folders, in two time zones: the same pictures to the byte, the same widgets under the same names."""
    sources = (
        "from l0lib.provenance import footer, start\nstart(profile)",
        "import matplotlib.figure\npicture = matplotlib.figure.Figure()\naxes = picture.subplots()\n"
        "axes.plot([1, 2], marker='o')\naxes.fill_between([0, 1], [0, 1])\npicture",
        "from l0lib.widgets import Trajectories\nTrajectories()",
        "footer()",
    )
    found = []
    for zone in ("Asia/Tokyo", "America/Lima"):
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        monkeypatch.setenv("TZ", zone)
        execute.main([str(notebook(folder, *sources))])
        found.append(compared(executed / "sample.ipynb"))
    assert "svg" in found[0][0]
    assert "Trajectories" in found[0][0]
    assert found[0] == found[1]


def test_a_notebook_is_read_without_the_grammar_of_addresses():
    """Else each process of the build would compile it, which takes longer than all else that reading needs."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); from light import nbformat; "
        f"nbformat.validate(nbformat.read({str(next((ROOT / 'notebooks').glob('*.ipynb')))!r}, as_version=4)); "
        "assert 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
