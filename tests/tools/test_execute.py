"""Running a notebook leaves a whole result or none."""

import nbformat
import pytest

from tests.browser import tool

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
