"""Create .venv with the packages of requirements.lock and l0lib itself. Standard library only; Python 3.11 or newer.

python3 tools/environment.py                 PyTorch's default build (several GB on Linux; runs without a GPU too)
python3 tools/environment.py --torch=cpu     the small CPU build; any backend that uv knows may be named
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".l0lib.json"
CUDA = re.compile(r"^(nvidia-|cuda-|triton\b)")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def check_python():
    """Stop with a sentence that helps where a venv cannot be made."""
    if sys.version_info < (3, 11):  # noqa: UP036 (an older Python may well run this very file)
        here = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"l0lib needs Python 3.11 or newer; this is {here}. Name a newer one: make book PYTHON=python3.12")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "This Python cannot create virtual environments (no venv or ensurepip). On Debian and Ubuntu:\n"
            f"    apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )


def wanted(torch):
    """What a finished environment looks like; the stamp holds it."""
    inputs = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return {"inputs": hashlib.sha256(inputs).hexdigest(), "torch": torch}


def installed():
    """What the stamp says, or an empty record where there is no finished environment."""
    try:
        return json.loads(STAMP.read_text()) if PYTHON.exists() else {}
    except (OSError, ValueError):
        return {}


def entries(lock):
    """Split a lock file into packages: the name of each, and its lines with all hashes."""
    return [(found[1], found[0]) for found in re.finditer(r"^([\w.-]+)==.*\n(?: .*\n)*", lock, re.M)]


def pin(entry):
    """Version, and on which systems, without the hashes."""
    return entry.splitlines()[0].removesuffix(" \\")


def requirements(lock, torch):
    """What is installed for one PyTorch build. Another build is made of other files, and brings its own libraries."""
    if not torch:
        return lock
    kept = [(name, entry) for name, entry in entries(lock) if not CUDA.match(name)]
    return "".join(pin(entry) + "\n" if name in ("torch", "torchvision") else entry for name, entry in kept)


def announce(torch):
    """Say what is downloaded, how large it is and how to choose a smaller build."""
    weight = re.search(r"^# download: (.*)$", LOCK.read_text(), re.M)
    count = len(entries(requirements(LOCK.read_text(), torch)))
    print(f"Installing {count} packages from requirements.lock into {VENV.name}/ (only here, nothing system-wide).")
    if torch:
        print(f"PyTorch build: {torch}. This replaces the default build of several GB on Linux.", flush=True)
    elif sys.platform == "linux":
        print(f"To download: {weight.group(1) if weight else 'several GB'}, less what uv has in its cache.")
        print("The default build carries CUDA libraries; the book needs no GPU. A far smaller build, from the PyTorch")
        print(
            "project's own index:    make book TORCH=cpu    (or: python3 tools/environment.py --torch=cpu)", flush=True
        )
    else:
        print("To download: under 1 GB; PyTorch's build for this system has no CUDA libraries.", flush=True)


def install(torch):
    """Create the environment and fill it."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    # KaTeX's server, run by Node from inside .venv, is CommonJS; the project's own package.json says ES modules.
    (VENV / "package.json").write_text('{"type": "commonjs"}\n')
    # a file whose hash is not in the lock file is not installed
    listed, first, lock = VENV / "l0lib-requirements.txt", VENV / "l0lib-uv.txt", LOCK.read_text()
    listed.write_text(requirements(lock, torch))
    first.write_text(dict(entries(lock))["uv"])
    run = [str(PYTHON), "-m"]
    if subprocess.run([*run, "uv", "--version"], capture_output=True, check=False).returncode:
        pip = [*run, "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(first)]
        subprocess.run(pip, check=True)
    pip = [*run, "uv", "pip", "install", "--python", str(PYTHON)]
    hashes = [f"--torch-backend={torch}", "--verify-hashes"] if torch else ["--require-hashes"]
    subprocess.run([*pip, "-r", str(listed), *hashes], cwd=ROOT, check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], cwd=ROOT, check=True)


def main():
    check_python()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default="", help="PyTorch build, for example cpu; default: the one on PyPI")
    options = parser.parse_args()
    before = installed()
    torch = options.torch or before.get("torch", "")
    target = wanted(torch)
    if {**before, "seconds": 0} == {**target, "seconds": 0}:
        return
    announce(torch)
    start = time.perf_counter()
    try:
        install(torch)
    except subprocess.CalledProcessError as error:
        sys.exit(f"The environment is not complete: {' '.join(map(str, error.cmd))} failed ({error.returncode}).")
    seconds = time.perf_counter() - start
    STAMP.write_text(json.dumps({**target, "seconds": round(seconds, 1)}))
    print(f"Environment ready after {seconds:.0f} s (install, not counted as build time).", flush=True)


if __name__ == "__main__":
    main()
