"""The first command says what it does, and what is missing, before it does anything."""

import re
import subprocess
import sys
import zipfile

import pytest
import yaml

from tests.browser import ROOT, tool

environment, lock = tool("environment"), tool("lock")
LOCK = (ROOT / "requirements.lock").read_text()


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer; this is 3\.10\.4"):
        environment.check_python()


def test_a_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"apt install python3\.\d+-venv"):
        environment.check_python()


def test_the_download_is_announced_with_its_size_and_a_smaller_choice(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "linux")
    environment.announce("")
    said = capsys.readouterr().out
    assert re.search(r"To download: \d\.\d GB", said)
    assert "make book TORCH=cpu" in said


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What main() would install, and a stamp of the test's own."""
    made: list[str] = []
    monkeypatch.setattr(environment, "install", made.append)
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(environment, "PYTHON", ROOT / "tools" / "environment.py")  # any file that exists
    return made


def test_a_finished_environment_is_left_alone_until_something_changes(monkeypatch, calls, tmp_path):
    for arguments, installs in (([], [""]), ([], [""]), (["--torch=cpu"], ["", "cpu"]), ([], ["", "cpu"])):
        monkeypatch.setattr(sys, "argv", ["environment.py", *arguments])
        environment.main()
        assert calls == installs
    other = tmp_path / "other.lock"
    other.write_text(LOCK + "# changed\n")
    monkeypatch.setattr(environment, "LOCK", other)
    environment.main()
    assert calls == ["", "cpu", "cpu"], "the PyTorch build that was chosen is kept"


def test_a_failed_install_is_no_finished_one(monkeypatch, calls):
    def fails(torch):
        raise subprocess.CalledProcessError(2, ["uv", "pip", "install"])

    monkeypatch.setattr(environment, "install", fails)
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    with pytest.raises(SystemExit, match="not complete: uv pip install failed"):
        environment.main()
    assert environment.installed() == {}


def test_the_lock_names_versions_and_the_hash_of_every_file_and_no_place():
    entries = environment.entries(LOCK)
    assert len(entries) > 200
    assert "".join(entry for _, entry in entries) == "".join(
        line for line in LOCK.splitlines(keepends=True) if not line.startswith("#")
    ), "nothing else stands there"
    for name, entry in entries:
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .*)?", environment.pin(entry)), name
        hashes = entry.splitlines()[1:]
        assert hashes, name
        for line in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), name
    assert "://" not in LOCK


def test_another_build_of_torch_is_one_pair_without_cuda_and_without_the_hashes_of_pypi():
    assert environment.requirements(LOCK, "") == LOCK
    chosen = dict(environment.entries(environment.requirements(LOCK, "cpu")))
    assert [name for name in chosen if environment.CUDA.match(name)] == []
    assert [name for name, entry in chosen.items() if "--hash" not in entry] == ["torch", "torchvision"]
    left_out = {name for name, _ in environment.entries(LOCK)} - set(chosen)
    assert left_out
    assert all(environment.CUDA.match(name) for name in left_out)


def test_binder_takes_the_versions_of_the_lock():
    pins = {environment.pin(entry) for _, entry in environment.entries(LOCK)}
    lines = [line for line in lock.BINDER.read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "-e ."
    names = {line.split("==")[0] for line in lines[1:]}
    assert {"torch", "ipywidgets", "anywidget", "matplotlib", "jupyterlab-myst"} <= names
    versions = {pin.split(" ; ")[0] for pin in pins}
    assert [line for line in lines[1:] if line.split(" ; ")[0] not in versions] == []


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_actions_are_named_by_commit():
    """A tag can be moved to other code; the comment says which one the commit was."""
    uses = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    assert len(uses) >= 5
    for line in uses:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*$", line), line


def test_only_the_deploying_job_may_write():
    for path in WORKFLOWS:
        made = yaml.safe_load(path.read_text())
        assert made["permissions"] == {"contents": "read"}
        for name, job in made["jobs"].items():
            expected = {"pages": "write", "id-token": "write"} if name == "deploy" else None
            assert job.get("permissions") == expected, name
            assert name != "deploy" or not [step for step in job["steps"] if "run" in step]


def test_download_sizes_take_one_wheel_of_each_package_for_this_kind_of_machine():
    packages = [
        {"name": "torch", "wheels": [{"url": "x/torch-2-cp311-cp311-manylinux_2_28_x86_64.whl", "size": 5e8},
                                     {"url": "x/torch-2-cp311-cp311-win_amd64.whl", "size": 1e8}]},
        {"name": "nvidia-cufft", "wheels": [{"url": "x/n-13-py3-none-manylinux_2_27_x86_64.whl", "size": 4e8}]},
        {"name": "attrs", "wheels": [{"url": "x/attrs-26-py3-none-any.whl", "size": 1e5}]},
        {"name": "w", "marker": "sys_platform == 'win32'", "wheels": [{"url": "x/w-1-py3-none-any.whl", "size": 9e9}]},
    ]  # fmt: skip
    assert lock.download_sizes(packages) == pytest.approx((0.9001, 0.9))


def test_the_wheel_holds_the_library_alone_with_the_built_explorers(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("l0lib-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"l0lib"}
    static = {f"l0lib/widgets/static/{name}" for name in ("explorers.js", "explorers.css", "playground.js")}
    assert static | {"l0lib/compress/photographs.png"} <= set(names)
    assert not [name for name in names if name.startswith("l0lib/widgets/js/")]
    photographs = zipfile.ZipFile(wheel).getinfo("l0lib/compress/photographs.png").compress_size
    assert wheel.stat().st_size - photographs < 600_000
    assert photographs < 1_400_000
