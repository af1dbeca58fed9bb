"""Staging: what the pages are made of, and the one setting that switches the buttons on."""

import types

import nbformat
import pytest
import yaml
from jupyter_book.config import get_final_config

from tests.browser import ROOT, extension, tool

render = tool("render")


@pytest.fixture
def site():
    return extension("book_site")


def configured(site, url):
    """The theme's options as Jupyter Book makes them from our _config.yml with this address, then our extension."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    assert settings["repository"]["url"] == "", "no button may point nowhere"
    settings["repository"]["url"] = url
    made, _ = get_final_config(user_yaml=settings, cli_config={"latex_individualpages": False})
    config = types.SimpleNamespace(html_theme_options=made["html_theme_options"], myst_substitutions={})
    tags: set[str] = set()
    site.configure(types.SimpleNamespace(tags=tags), config)
    return config.html_theme_options, tags


def test_without_an_address_no_button_points_anywhere(site):
    options, tags = configured(site, "")
    assert not options["use_repository_button"]
    assert not options["use_issues_button"]
    assert options["launch_buttons"] == {}
    assert "href" not in options["extra_footer"]
    assert tags == set()


def test_an_address_switches_on_every_button(site):
    options, tags = configured(site, "https://github.com/someone/l0lib/")
    assert options["use_repository_button"]
    assert options["use_issues_button"]
    assert {"binderhub_url", "colab_url"} <= set(options["launch_buttons"])
    assert 'href="https://github.com/someone/l0lib/issues/new"' in options["extra_footer"]
    assert tags == {"repository"}


def test_the_footer_names_version_commit_and_date(site, monkeypatch):
    for name, value in render.stamp().items():
        monkeypatch.setenv(name, value)
    footer = configured(site, "")[0]["extra_footer"]
    assert f"Version {site.l0lib.__version__} · commit " in footer
    assert render.stamp()["L0LIB_BOOK_DATE"] in footer


def test_staging_drops_the_injected_cell_and_keeps_what_was_measured(tmp_path):
    cell = nbformat.v4.new_code_cell
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nText."),
        cell('profile = "fast"', metadata={"tags": ["parameters"]}),
        cell('profile = "full"', metadata={"tags": ["injected-parameters"]}),
    ]
    run = {"duration": 1.25, "start_time": "2026-11-22T08:00:00", "parameters": {"profile": "full"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"papermill": run}), tmp_path / "a.ipynb")
    found = render.stage_notebooks({"a": render.executed(tmp_path / "a.ipynb")}, tmp_path / "out")
    assert len(nbformat.read(tmp_path / "out" / "a.ipynb", as_version=4).cells) == 2
    page = render.status_page(found)
    assert "| [A title](../notebooks/a.ipynb) | 1.2 s | full | 2026-11-22 08:00 UTC |" in page


def test_the_status_page_tells_what_every_recorded_run_took():
    from l0lib.experiments import records

    rows = [row.strip("| ").split(" | ") for row in render.recorded_runs()]
    assert sum(int(row[2]) for row in rows) == len(list(records.read_all()))
    lenet = next(row for row in rows if row[:2] == ["Experiment 2", "LeNet-300-100"])
    minutes, threads, machine = lenet[3:]
    assert float(minutes.removesuffix(" min")) > 0
    assert int(threads) == 1
    assert machine


def test_every_old_address_leads_to_a_page(tmp_path):
    pages = dict.fromkeys(tool("execute").pages(), "Title & more")
    render.put_up_signposts(tmp_path, pages)
    for old, new in render.MOVED.items():
        text = (tmp_path / f"{old}.html").read_text("utf8")
        target = f"../{new}.html"
        assert f'<meta http-equiv="refresh" content="0; url={target}">' in text
        assert f'<a href="{target}">Title &amp; more</a>' in text
        assert f'<script src="../_static/moved.js" data-to="{target}"></script>' in text, "no script stands in the page"
        assert (tmp_path / old).parent.joinpath(target).resolve().relative_to(tmp_path)
    with pytest.raises(ValueError, match="MOVED must lead from where no page is to one"):
        render.put_up_signposts(tmp_path, {**pages, "book/index": "a page again"})


def test_renamed_chapters_have_their_old_address():
    """What the history says of names, as far as it is there."""
    log = render.git("log", "--diff-filter=R", "-M", "--name-status", "--format=", "--", "notebooks")
    renamed = {line.split("\t")[1].removesuffix(".ipynb") for line in log.splitlines() if line.startswith("R")}
    there = set(tool("execute").pages())
    assert renamed - there <= set(render.MOVED), "an address that was given away"
