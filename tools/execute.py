"""Execute notebooks with papermill: notebooks/NAME.ipynb -> _build/executed/NAME.ipynb, or nothing where one fails.

.venv/bin/python tools/execute.py                                 every chapter of _toc.yml, one after the other
.venv/bin/python tools/execute.py notebooks/02-penalties.ipynb    this one
.venv/bin/python tools/execute.py --profile full                  the real experiments
"""

import argparse
import atexit
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXECUTED = ROOT / "_build" / "executed"
# One thread each: two notebooks run side by side on two cores, and sums do not depend on the number of cores.
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")] + ["VECLIB_MAXIMUM_THREADS"]


def pages() -> list[str]:
    """Every page of _toc.yml, without suffix, the root first."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def chapters() -> list[pathlib.Path]:
    """The notebooks among the pages."""
    return [ROOT / f"{page}.ipynb" for page in pages() if page.startswith("notebooks/")]


def private_channel() -> dict[str, str]:
    """Let the kernel talk through socket files in a folder of its own instead of open ports, where the system can."""
    if os.name == "nt":
        return {}
    folder = tempfile.mkdtemp(prefix="l0lib-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"transport": "ipc", "ip": os.path.join(folder, "kernel")}


def numbered(executed, text: str):
    """Return the notebook in ``text`` with widgets numbered as they were made, not by chance: two runs can be compared.

    ``executed`` is the same notebook as it came from the run, whose widgets stand in the order of their making.
    """
    from light import nbformat

    states = executed.metadata.get("widgets", {}).values()
    names = {name: f"{number:032x}" for number, name in enumerate(name for kept in states for name in kept["state"])}
    return nbformat.reads(
        re.sub(r"[0-9a-f]{32}(?![0-9a-f])", lambda found: names.get(found[0], found[0]), text), as_version=4
    )


def execute(source: pathlib.Path, profile: str, timeout: int) -> float:
    """Run one notebook; the output appears under its name only when every cell has run. Returns seconds."""
    import papermill
    from light import nbformat
    from traitlets.config import Config

    EXECUTED.mkdir(parents=True, exist_ok=True)
    target, draft = EXECUTED / source.name, EXECUTED / f".{source.stem}.running.ipynb"
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    try:
        executed = papermill.execute_notebook(
            str(source),
            str(draft),
            parameters={"profile": profile},
            cwd=str(source.parent),
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=timeout,
            config=Config({"KernelManager": private_channel()}),
        )
        nbformat.write(numbered(executed, draft.read_text(encoding="utf8")), draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path)
    parser.add_argument("--profile", default="fast", choices=["fast", "full"])
    parser.add_argument("--timeout", type=int, default=0, help="seconds a cell may take; 600 in fast")
    options = parser.parse_args(arguments)
    os.environ.update(dict.fromkeys(THREADS, "1"), PYTHONHASHSEED="0", PYDEVD_DISABLE_FILE_VALIDATION="1")
    timeout = options.timeout or (600 if options.profile == "fast" else -1)
    for notebook in options.notebooks or chapters():
        try:
            seconds = execute(notebook.resolve(), options.profile, timeout)
        except Exception as error:  # a failing cell, a dead kernel or a broken file: each must name the notebook
            sys.exit(f"{notebook} failed; no output was written.\n{error}")
        print(f"executed {notebook.name} in {seconds:.1f} s ({options.profile})", flush=True)


if __name__ == "__main__":
    main()
