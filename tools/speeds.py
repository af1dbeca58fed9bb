"""Print each measured speed beside its target; install and build apart.

    .venv/bin/python tools/speeds.py         everything; --ci makes a figure far above its target an error
    .venv/bin/python tools/speeds.py build   only the modules named (build, or a module of bench/)

A module of bench/ has ``rows()``, which gives ``(name, value, unit, target)``; smaller is better. Far above is twice a
target that is a ratio, and three times one in seconds: machines differ by more than two in what they take for the same.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time

from execute import EXECUTED, ROOT, chapters
from light import nbformat

STAMP = ROOT / ".venv" / ".l0lib.json"
Row = tuple[str, float, str, float | None]


def make(*arguments: str) -> float:
    """Seconds that one `make` took, with the environment's own output kept for failures."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    start = time.perf_counter()
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=inherited, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"make {' '.join(arguments)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return time.perf_counter() - start


def run_time(notebook: pathlib.Path) -> float:
    """What papermill measured for one executed notebook."""
    return nbformat.read(EXECUTED / notebook.name, as_version=4).metadata["papermill"]["duration"]


def build() -> list[Row]:
    """The book from nothing executed, again with nothing changed, and after an edit to one chapter."""
    make("environment")
    make("clean")
    rows: list[Row] = [
        ("install (not part of the build)", json.loads(STAMP.read_text())["seconds"], "s", None),
        ("build from nothing executed", make("book"), "s", 180.0),
        ("`make book` with nothing changed", make("book"), "s", 5.0),
    ]
    first = chapters()[0]
    os.utime(first)
    seconds = make("book")
    rows.append((f"after an edit to {first.stem}, beyond its own run", seconds - run_time(first), "s", 30.0))
    return rows


def registered(path: pathlib.Path) -> list[Row]:
    """Rows of one module of bench/."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rows()


def main() -> None:
    sys.path.insert(0, str(ROOT))
    modules = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py"))}
    wanted = [name for name in sys.argv[1:] if name != "--ci"] or ["build", *modules]
    if unknown := [name for name in wanted if name not in ("build", *modules)]:
        sys.exit(f"names must be of {', '.join(('build', *modules))}; got {', '.join(unknown)}")
    late = []
    for name in wanted:
        for what, value, unit, target in build() if name == "build" else registered(modules[name]):
            aim = f"target {target:g} {unit}" if target is not None else "no target"
            print(f"{value:10.2f} {unit:3}  {aim:18}  {what}", flush=True)
            if target is not None and value > (3 if unit == "s" else 2) * target:
                late.append(what)
    if late and "--ci" in sys.argv:
        sys.exit("Far above the target: " + "; ".join(late))


if __name__ == "__main__":
    main()
