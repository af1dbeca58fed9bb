"""``l0lib tune`` at the terminal: its help, its bars, its end."""

import io
import sys

import pytest

from l0lib import cli
from l0lib.experiments import run as runner

COMMAND = ["tune", "experiment-2", "--arm", "lenet-300-100-NORM", "--trials", "1"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("words", "terminal", "bars"), [([], True, True), (["--quiet"], True, False), ([], False, False)]
)
def test_bars_are_for_a_terminal_and_quiet_takes_them_away(words, terminal, bars, tmp_path, monkeypatch):
    asked = []

    def objective(what, seed, runs, **options):
        asked.append(options["progress"])
        return 1.0

    monkeypatch.setattr(runner, "objective", objective)
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    assert cli.main([*COMMAND, "--runs", str(tmp_path), *words]) == 0
    assert asked == [bars]


def test_the_help_says_what_holds_of_every_study(capsys):
    with pytest.raises(SystemExit):
        cli.main(["tune", "--help"])
    assert "default: fast, on embedded images" in " ".join(capsys.readouterr().out.split())


def test_interrupted_it_ends_with_one_line(tmp_path, monkeypatch, capsys):
    def objective(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "objective", objective)
    assert cli.main([*COMMAND, "--runs", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "l0lib: interrupted\n"
