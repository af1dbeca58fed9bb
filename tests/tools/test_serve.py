"""The server on one's own machine: it says in one line what is wrong, and lets a browser leave."""

import socket
import struct
import subprocess
import sys
import threading

import pytest

from tests.browser import ROOT, tool

serve = tool("serve")


def served(folder, monkeypatch, capsys, *arguments):
    """What main() says of ``arguments`` before it ends, with a book in ``folder``."""
    monkeypatch.setattr(serve, "HTML", folder)
    monkeypatch.setattr(sys, "argv", ["serve.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        serve.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.count("\n") == 1
    return said


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text("<title>A book</title>" + "x" * 5_000_000)
    return tmp_path


@pytest.mark.parametrize("port", [["-1"], ["65536"], ["80a"], [""], ["1e3"], ["9" * 400], ["\u0663"], ["1", "2"]])
def test_an_absurd_port_is_refused(folder, monkeypatch, capsys, port):
    assert served(folder, monkeypatch, capsys, *port).startswith("PORT must be one whole number from 0 to 65535; got ")


def test_a_busy_port_is_named(folder, monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert f"PORT {port} cannot be had" in served(folder, monkeypatch, capsys, port)


def test_without_a_book_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    assert "run `make book`" in served(tmp_path, monkeypatch, capsys)


def test_a_browser_may_leave_in_the_middle(folder, capfd):
    with serve.server(0, folder) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        for _ in range(3):
            browser = socket.create_connection(("127.0.0.1", running.server_port))
            browser.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            browser.recv(10)
            # to close with this option resets the connection at once
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            browser.close()
        running.shutdown()
        thread.join()
    assert capfd.readouterr().err == ""


def test_the_command_itself_ends_with_two():
    done = subprocess.run([sys.executable, ROOT / "tools/serve.py", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
