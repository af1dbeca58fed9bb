"""``l0lib tune`` at the terminal: its help, its bars, its end."""

import io
import logging
import sys

import pytest

from l0lib import cli
from l0lib.experiments import run as runner

COMMAND = ["tune", "experiment-2", "--arm", "lenet-300-100-NORM", "--trials", "1"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Nobody:
    """Processes that do nothing."""

    @classmethod
    def get_context(cls, method):
        return cls

    Process = classmethod(lambda cls, **how: cls)
    start = join = kill = staticmethod(lambda **how: None)


@pytest.mark.parametrize(
    ("words", "terminal", "bars"),
    [([], True, True), (["--quiet"], True, False), ([], False, False), (["--jobs", "2"], True, False)],
)
def test_bars_are_for_one_process_at_a_terminal_and_quiet_takes_them_away(words, terminal, bars, tmp_path, monkeypatch):
    asked = []

    def objective(what, seed, runs, **options):
        asked.append(options["progress"])
        return 1.0

    monkeypatch.setattr(runner, "objective", objective)
    monkeypatch.setattr("l0lib.experiments.search.multiprocessing", Nobody)
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    assert cli.main([*COMMAND, "--runs", str(tmp_path), *words]) == 0
    assert asked == [bars]


def test_the_help_says_what_holds_of_every_study(capsys):
    with pytest.raises(SystemExit):
        cli.main(["tune", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "default: fast, on embedded images" in text


def test_interrupted_it_ends_with_one_line(tmp_path, monkeypatch, capsys, caplog):
    def objective(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(logging.getLogger("optuna"), "handlers", [caplog.handler])
    monkeypatch.setattr(runner, "objective", objective)
    assert cli.main([*COMMAND, "--runs", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "l0lib: interrupted\n"
    assert [record.getMessage() for record in caplog.records] == []
