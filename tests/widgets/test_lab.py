"""The same explorer in JupyterLab with a live kernel: the browser moves it and Python reads, Python moves it and the
browser follows; its address and its shared-link button belong to published pages only."""

import contextlib
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import numpy as np
import pytest

from l0lib.playground import view
from tests.browser import visit
from tests.widgets.ask import ASK
from tests.widgets.reference import CHECK, decode

pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).resolve().parents[2]
CELLS = {
    "explorer": ["from l0lib.widgets import Trajectories\nexplorer = Trajectories(beta=2.5)", "explorer"],
    "digits": [
        """import pathlib
from l0lib import compress
from l0lib.chapters import kept_networks
from l0lib.widgets import DrawADigit
model = compress.lenet_300_100(0)
dense = pathlib.Path("dense.js")
dense.write_text(kept_networks.as_arrays(model, "LeNet-300-100").script("dense"))
compress.prune_global(model, 20)
sparse = kept_networks.as_arrays(model, "LeNet-300-100")
explorer = DrawADigit(sparse, kept_networks.digit_examples(), dense, digit="4")""",
        "explorer",
    ],
    "playground": [
        "from l0lib.widgets import Playground\nplayground = Playground(task='rings', b_penalty='l0')",
        "playground",
    ],
}
DRAWN = "document.querySelector('.l0-view')?.l0?.stats.draws > 0"


def notebook(folder, name):
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    made.cells = [nbformat.v4.new_code_cell(source) for source in CELLS[name]]
    nbformat.write(made, folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Addresses of the notebooks in a JupyterLab with its own settings, on loopback."""
    home = tmp_path_factory.mktemp("lab")
    for name in CELLS:
        notebook(home, name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment = {
        **os.environ,
        **folders,
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home}", "--LabApp.news_url=None",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(240):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/api?token={token}", timeout=2):
                    break
                time.sleep(0.25)
            else:
                pytest.fail((home / "lab.log").read_text()[-2000:])
            yield {name: f"{base}/lab/workspaces/{name}/tree/{name}.ipynb?token={token}" for name in CELLS}
        finally:
            server.terminate()
            server.wait(30)


def run_below(page, code):
    """Run ``code`` in a new last cell; gives what it printed."""
    count = page.locator(".jp-Notebook .jp-CodeCell").count()
    page.keyboard.press("Escape")
    page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.wait_for_function("(n) => document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === n", arg=count + 1)
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    printed = page.locator(".jp-Notebook .jp-CodeCell").nth(count).locator(".jp-OutputArea-output pre")
    printed.wait_for(timeout=30000)
    return printed.inner_text().strip()


def run_all(page, drawn=DRAWN):
    """Run the open notebook until its widget is drawn."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90000)
    # cells that are run before the kernel stands are lost on a busy machine
    page.wait_for_function(
        "document.querySelector('#jp-bottom-panel, body').innerText.includes('| Idle')", timeout=90000
    )
    for button in page.locator(".jp-Dialog button.jp-mod-accept").all():
        button.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(drawn, timeout=90000)


def test_python_reads_the_digit_that_was_drawn_and_sends_the_dense_network(chromium, lab):
    with visit(chromium, lab["digits"], ready=None, allowed=["console"]) as page:
        run_all(page)
        pad = page.locator(".l0-pad")
        pad.scroll_into_view_if_needed()
        pad.focus()
        for key in (*["ArrowUp"] * 6, "Space", *["ArrowDown"] * 12, "Space"):
            page.keyboard.press(key)
        assert page.locator(".jp-Notebook .jp-CodeCell").count() == 2, "no key went to JupyterLab"
        read = "import json; print(json.dumps([explorer.digit, explorer.strokes, explorer.image.tolist()]))"
        digit, strokes, image = json.loads(run_below(page, read))
        assert digit == "own"
        assert strokes == [[x for k in range(13) for x in (140, 80 + 10 * k)]]
        answer = decode(page.locator(".l0-view").evaluate(ASK))
        CHECK["draw_a_digit"](answer["vals"], answer["data"])
        assert answer["data"]["image"] == [x for row in image for x in row]

        page.get_by_role("button", name="Run the dense network too").click()
        page.wait_for_function("document.querySelector('.l0-key').children.length === 2", timeout=30000)
        page.get_by_role("button", name="Clear").click()
        assert json.loads(run_below(page, read))[1] == []
        run_below(page, "explorer.strokes = [[100, 100, 200, 200]]; print('drawn')")
        page.wait_for_function("document.querySelector('.l0-view').l0.data().strokes.length === 1")


def test_browser_and_python_move_the_same_explorer(chromium, lab):
    # JupyterLab's own warnings are not ours to count: only what leaves the machine, and our own errors
    with visit(chromium, lab["explorer"], ready=None, allowed=["console"]) as page:
        run_all(page)
        ask = lambda: decode(page.locator(".l0-view").evaluate(ASK))  # noqa: E731

        answer = ask()
        assert answer["vals"]["beta"] == 2.5
        assert not page.locator(".l0-fallback img").is_visible(), "the picture gives way to the widget"
        assert page.get_by_role("button", name="Reset").count() == 1
        assert page.get_by_role("button", name="Copy link").count() == 0

        handle = page.locator(".l0-c-beta .noUi-handle")
        assert handle.get_attribute("aria-label") == "sharpness β"
        handle.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.locator(".l0-c-eta .noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="log", exact=True).click()
        page.wait_for_function("document.querySelector('.l0-view').l0.vals().axis === 'log'")
        read = "import json; print(json.dumps(explorer.settings))"
        settings = json.loads(run_below(page, read))
        assert (settings["beta"], settings["eta"], settings["axis"]) == (4.0, 0.05, "log")
        answer = ask()
        assert answer["vals"] == settings
        CHECK["trajectories"](answer["vals"], answer["data"])

        run_below(
            page, "explorer.beta = 6; explorer.eta = 0.1; explorer.equal = False; explorer.alpha_l0 = 0.5; print('set')"
        )
        shown = "document.querySelector('.l0-view').l0.vals()"
        page.wait_for_function(f"(v => v.beta === 6 && v.eta === 0.1 && !v.equal)({shown})")
        answer = ask()
        assert answer["vals"]["alpha_l0"] == 0.5
        CHECK["trajectories"](answer["vals"], answer["data"])
        assert page.locator(".l0-c-beta .widget-readout").inner_text() == "6.0"
        assert "beta must lie between 1 and 20" in run_below(
            page, "try: explorer.beta = 99\nexcept ValueError as e: print(e)"
        )

        page.get_by_role("button", name="Reset").click()
        page.wait_for_function("document.querySelector('.l0-view').l0.vals().beta === 2.5")
        page.wait_for_timeout(500)
        assert (
            json.loads(run_below(page, read))
            == ask()["vals"]
            == {**settings, "beta": 2.5, "eta": 0.04, "axis": "linear"}
        )

        run_below(page, "explorer.beta = 3; explorer.reset(); print('reset')")
        assert json.loads(run_below(page, read))["beta"] == 2.5
        assert not re.search(r"trajectories\.", page.url)


def test_python_sets_the_playground_and_reads_what_the_browser_came_to(chromium, lab):
    with visit(chromium, lab["playground"], ready=None, allowed=["console"]) as page:
        run_all(page, "document.querySelector('.pg')?.l0?.machine()")
        read = (
            "import json; print(json.dumps({'step': playground.step, 'settings': playground.settings, "
            "'weights': [w.tolist() for w in playground.weights['b']], 'history': sorted(playground.history)}))"
        )
        for _ in range(3):
            page.get_by_role("button", name="Step", exact=True).click()
        found = json.loads(run_below(page, read))
        assert found["step"] == 3
        assert (found["settings"]["task"], found["settings"]["b_penalty"]) == ("rings", "l0")
        for ours, theirs in zip(found["weights"], weights(task="rings", b_penalty="l0", steps=3), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert "b_accuracy" in found["history"]

        set_ = "playground.configure(steps=100, seed=5, b_penalty='l1', b_l1=1e-3); print('set')"
        run_below(page, set_)
        page.wait_for_function("document.querySelector('.pg').l0.machine().step === 100", timeout=60000)
        page.wait_for_timeout(500)
        found = json.loads(run_below(page, read))
        assert (found["step"], found["settings"]["seed"], found["settings"]["task"]) == (100, 5, "moons")
        for ours, theirs in zip(found["weights"], weights(seed=5, b_penalty="l1", b_l1=1e-3, steps=100), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)

        run_below(page, "playground.configure(task='digits'); print('set')")
        page.wait_for_function("document.querySelector('.pg').l0.machine()?.data.inputs === 64", timeout=60000)
        assert "configure" in page.locator(".jp-Notebook").inner_text()


def weights(**words):
    return [values.tolist() for values in view.run(words).networks["b"].parameters]
