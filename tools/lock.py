"""Resolve every extra of pyproject.toml into requirements.lock: one file for all systems and Python versions, with the
hash of each file that may be installed. The header keeps what the download weighs. .binder/requirements.txt gets the
versions of what Binder needs.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import environment

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BINDER = ROOT / ".binder" / "requirements.txt"
HEADER = """\
# Versions that CI uses, for every system and Python >= 3.11; `make lock` writes this file from pyproject.toml.
# torch and torchvision are resolved together and stay a pair. `make book TORCH=cpu` takes the CPU build of the same
# versions instead, from PyTorch's own index and not by the hashes of these two, and none of the CUDA libraries.
# download: {total:.1f} GB on Linux (x86-64), of which PyTorch's default build {torch:.1f} GB
"""


def compile_(*options: str, extras: tuple[str, ...] = ("dev",)) -> None:
    """Run uv's resolver on extras, quietly."""
    uv = str(pathlib.Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version=3.11", "--quiet"]
    subprocess.run([*command, *(f"--extra={extra}" for extra in extras), *options], cwd=ROOT, check=True)


def download_sizes(packages: list[dict]) -> tuple[float, float]:
    """Return (all, torch and its CUDA libraries) in GB: the smallest fitting Linux x86-64 wheel of each package."""
    total = torch = 0.0
    for package in packages:
        if "win32" in package.get("marker", "") and "!=" not in package.get("marker", ""):
            continue
        fitting = [
            wheel["size"]
            for wheel in package.get("wheels", [])
            if re.search(r"-(py3|py2\.py3|cp311|cp3\d+-abi3)[^/]*-(any|.*linux.*x86_64)\.whl$", wheel["url"])
        ]
        size = min(fitting, default=0) / 1e9
        total += size
        if package["name"] == "torch" or environment.CUDA.match(package["name"]):
            torch += size
    return total, torch


def binder(lock: str) -> str:
    """Return Binder's list: the library from its own checkout, and all that it needs in the versions of ``lock``.

    pip takes no hashes beside a checkout, so these are versions alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        pins, flat = pathlib.Path(folder, "pins.txt"), pathlib.Path(folder, "flat.txt")
        pins.write_text("".join(environment.pin(entry) + "\n" for _, entry in environment.entries(lock)))
        compile_("--no-header", "--no-annotate", f"-c={pins}", f"-o={flat}", extras=("widgets", "torch"))
        extension = next(line for line in pins.read_text().splitlines() if line.startswith("jupyterlab-myst=="))
        return f"# Versions of requirements.lock; `make lock` writes this file.\n-e .\n{extension}\n{flat.read_text()}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        flat, full = pathlib.Path(folder, "flat.txt"), pathlib.Path(folder, "pylock.full.toml")
        compile_("--no-header", "--no-annotate", "--generate-hashes", f"--output-file={flat}", *sys.argv[1:])
        compile_("--format=pylock.toml", f"--output-file={full}", *sys.argv[1:])
        sizes = download_sizes(tomllib.loads(full.read_text())["packages"])
        text = HEADER.format(total=sizes[0], torch=sizes[1]) + flat.read_text()
    LOCK.write_text(text)
    BINDER.write_text(binder(text))
    count = len(environment.entries(text))
    print(f"requirements.lock: {count} packages, {sizes[0]:.1f} GB to download, {sizes[1]:.1f} GB of it PyTorch")


if __name__ == "__main__":
    main()
