"""The first page's numbers: read from records, chosen by a rule, and refused where there is nothing to read."""

import re
from dataclasses import replace

import pytest

from l0lib.chapters import kept_networks, landing
from l0lib.experiments.records import RECORDS, read_all
from l0lib.paper import scoreboard

BOARD = ("lenet-300-100", "mnist")
ROW = scoreboard.Row(
    key="a", network=BOARD[0], dataset=BOARD[1], method="m", citation="", year=None, error=2.0, ratio=10.0,
    run_here=True, provenance="", convention="", increase=0.5, study="s",
)  # fmt: skip


def test_the_furthest_row_is_the_highest_ratio_within_the_points():
    rows = [
        ROW,
        replace(ROW, key="further", ratio=50.0, increase=1.0),
        replace(ROW, key="too far", ratio=90.0, increase=1.01),
        replace(ROW, key="printed", ratio=200.0, run_here=False),
        replace(ROW, key="other board", ratio=200.0, network="vgg-16"),
    ]
    assert landing.furthest(rows, BOARD).key == "further"
    assert landing.furthest(rows, BOARD, points=0.5).key == "a"
    with pytest.raises(ValueError, match=r"rows must hold one of .* within 0\.1 points"):
        landing.furthest(rows, BOARD, points=0.1)


@pytest.fixture(scope="module")
def rows():
    return scoreboard.rows(read_all())


def test_the_headlines_lead_to_their_rows(rows):
    headlines = landing.Headlines(rows)
    page = headlines._repr_html_()
    assert len(headlines.rows) == 3
    for row, key in zip(headlines.rows, re.findall(r'href="scoreboard.html#([^"]+)"', page), strict=True):
        assert key == row.key in {r.key for r in rows}
        assert row.increase <= 1
        assert f"{row.error:.2f} % error" in page
        worse = [r for r in rows if r.board == row.board and r.run_here and r.ratio > row.ratio and r.error is not None]
        assert all(r.increase > 1 for r in worse)


def test_the_sentence_says_what_the_record_says(rows):
    found = kept_networks.load_lenet(RECORDS / "weights" / "lenet-5-caffe-NORM-359x.l0")
    said = repr(landing.Sentence(found, rows))
    assert f"{found.plain.nonzero:,} of its {found.plain.parameters:,}" in said
    assert f"{100 - found.point.measured.percent:.1f} %" in said
    whole = next(r for r in rows if r.key == "experiment-2-lenet-5-caffe-dense-no-pruning")
    assert said.endswith(f"the whole network reads {100 - whole.error:.1f} %.")
    with pytest.raises(ValueError, match="before pruning; got none"):
        landing.Sentence(found, [ROW])
    with pytest.raises(ValueError, match="got a stand-in"):
        landing.Sentence(replace(found, record=None), rows)
