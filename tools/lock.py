"""Resolve every extra of pyproject.toml into requirements.lock: one file for all systems and Python versions.

The CUDA libraries are left out on purpose: torch's default Linux build pins them exactly itself, and the CPU build,
which has the same version, must be able to do without them. The header keeps what the download weighs.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CUDA = re.compile(r"^(nvidia-|cuda-|triton\b)")
HEADER = """\
# Versions that CI uses, for every system and Python >= 3.11; `make lock` writes this file from pyproject.toml.
# torch and torchvision are resolved together and stay a pair. The CUDA libraries of torch's Linux build are not
# listed: torch pins them exactly itself, and `make book TORCH=cpu` takes the CPU build of the same version instead.
# download: {total:.1f} GB on Linux (x86-64), of which PyTorch's default build {torch:.1f} GB
"""


def compile_(*options: str) -> None:
    """Run uv's resolver on the `dev` extra, quietly."""
    uv = str(pathlib.Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "pyproject.toml", "--extra=dev", "--universal", "--python-version=3.11"]
    subprocess.run([*command, "--quiet", *options], cwd=ROOT, check=True)


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
        if package["name"] == "torch" or CUDA.match(package["name"]):
            torch += size
    return total, torch


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        flat, full = pathlib.Path(folder, "flat.txt"), pathlib.Path(folder, "pylock.full.toml")
        compile_("--no-header", "--no-annotate", f"--output-file={flat}", *sys.argv[1:])
        compile_("--format=pylock.toml", f"--output-file={full}", *sys.argv[1:])
        sizes = download_sizes(tomllib.loads(full.read_text())["packages"])
        lines = [line for line in flat.read_text().splitlines() if not CUDA.match(line)]
    LOCK.write_text(HEADER.format(total=sizes[0], torch=sizes[1]) + "\n".join(lines) + "\n")
    print(f"requirements.lock: {len(lines)} packages, {sizes[0]:.1f} GB to download, {sizes[1]:.1f} GB of it PyTorch")


if __name__ == "__main__":
    main()
