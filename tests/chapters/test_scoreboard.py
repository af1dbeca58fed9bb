"""The scoreboard's page: a table that stands by itself, and plots whose points are its rows."""

import re
from dataclasses import replace

import pytest

from l0lib.chapters.scoreboard import STOPS, Scoreboard, plot, short_table
from l0lib.paper import scoreboard
from l0lib.paper.published import PAPER
from tests.made_up import record


@pytest.fixture(scope="module")
def rows():
    return scoreboard.rows([record(seed, 180 + seed) for seed in range(5)])


def test_the_page_holds_every_row_once_with_a_link_to_it(rows):
    page = Scoreboard(rows)._repr_html_()
    assert re.findall(r'<tr id="([^"]+)"', page) == [row.key for row in rows]
    for row in rows:
        assert f'<th scope="row"><a href="#{row.key}">' in page
    assert page.count("<td") == len(rows) * (len(scoreboard.COLUMNS) - 1)
    assert page.count("<tbody") == len({row.board for row in rows})


def test_printed_and_run_here_differ_without_colour(rows):
    page = Scoreboard(rows)._repr_html_()
    assert page.count(">● run here<") == sum(row.run_here for row in rows)
    assert page.count(">△ printed<") == sum(not row.run_here for row in rows)


def test_paper_takes_the_front_and_what_the_paper_prints(rows):
    page = Scoreboard(rows)._repr_html_()
    on_paper = {row.key for row in rows} - set(re.findall(r'<tr id="([^"]+)"[^>]* data-screen', page))
    assert on_paper >= {row.key for row in rows if row.on_front or row.on_our_front}
    others = [row for row in rows if row.key in on_paper and not (row.on_front or row.on_our_front)]
    assert others
    assert {(row.run_here, row.citation) for row in others} == {(False, PAPER.citation)}
    assert f"{len(on_paper)} of {len(rows)} rows" in page


def test_text_is_escaped(rows):
    page = Scoreboard([replace(rows[0], method="<b>&", provenance='"q"')])._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page
    assert "&quot;q&quot;" in page


def test_a_plot_has_a_point_for_each_error_and_ends_where_networks_collapse(rows):
    board = ("lenet-300-100", "mnist")
    drawn = [row for row in rows if row.board == board and row.error is not None]
    least = min(row.error for row in drawn)
    collapsed = replace(drawn[0], key="collapsed", error=9 * least)
    picture = plot(board, [*drawn, collapsed])
    links = set(re.findall(r'<a href="#([^"]+)"', picture))
    assert links == {row.key for row in drawn}
    assert "collapsed" not in links
    # the keyboard goes along the front alone
    front = {row.key for row in drawn if row.on_front}
    assert {key for key, rest in re.findall(r'<a href="#([^"]+)"([^>]*)>', picture) if "tabindex" not in rest} == front


def test_a_board_without_errors_has_no_plot(rows):
    assert plot(("vgg-16", "cifar100"), [row for row in rows if row.board == ("vgg-16", "cifar100")]) == ""


def test_the_slider_stops_at_rising_ratios():
    assert list(STOPS) == sorted(set(STOPS))
    assert STOPS[0] == 1


def test_a_chapters_table_links_each_row_to_the_scoreboard(rows):
    board = [row for row in rows if row.board == ("lenet-300-100", "mnist") and row.front]
    table = short_table(board, "The front")
    assert [cells[0].href for cells in table.rows] == [f"scoreboard.html#{row.key}" for row in board]
    (ours,) = [cells for cells, row in zip(table.rows, board, strict=True) if row.stage == "fine-tuned"]
    assert ours[1:] == ("run here", "1.82 ± 0.02 %", 5, "90.6×", 30, "all")


def test_a_chapters_table_has_increases_where_a_source_prints_nothing_else(rows):
    board = [row for row in rows if row.board == ("vgg-16", "cifar100")]
    table = short_table(board, "Table 6")
    assert table.headers[2] == "Over its dense network"
    assert [cells[2] for cells in table.rows] == ["−0.07 points", "+0.30 points", "+2.67 points", "+5.95 points"]
    assert all(cells[3] == "not given" for cells in table.rows)


def test_a_chapters_table_says_where_nothing_is_recorded():
    assert short_table([], "none").rows[0][0] == "not recorded yet"
