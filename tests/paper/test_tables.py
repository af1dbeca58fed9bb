"""The published values: typed as printed, and their own paper."""

import pytest

from l0lib.paper import tables as paper


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2.7k", 2650, 2750),
        ("22k", 21500, 22500),
        ("96×", 95.5, 96.5),
        ("9.99×", 9.985, 9.995),
        ("-0.15%", -0.155, -0.145),
        ("1.2M", 1.15e6, 1.25e6),
    ],
)
def test_a_printed_number_stands_for_all_that_round_to_it(text, low, high):
    assert paper.printed_interval(text) == pytest.approx((low, high), rel=1e-12)
    assert paper.printed_value(text) == pytest.approx((low + high) / 2)


@pytest.mark.parametrize("text", ["", "about 3", "3 k", "*", "1e-7"])
def test_what_is_no_printed_number_is_refused(text):
    with pytest.raises(ValueError, match="text must be a printed number"):
        paper.printed_interval(text)


def test_every_value_of_every_table_can_be_read():
    for table in paper.TABLES.values():
        for row in table.rows:
            for text in (row.error, row.ratio, row.left, row.dropped, row.flops):
                assert text is None or paper.printed_interval(text)[0] < paper.printed_interval(text)[1]


def test_tables_have_the_rows_of_the_paper():
    assert {number: len(table.rows) for number, table in paper.TABLES.items()} == {2: 14, 3: 13, 4: 9, 5: 8, 6: 4, 7: 5}


def test_the_rows_that_disagree_with_themselves():
    off = {(check.table, check.row.method, check.row.ratio) for check in paper.check_ratios() if not check.agrees}
    assert off == {
        ("Table 2", "Proposed (SEP)", "96×"),
        ("Table 3", "CPA [48]", "317×"),
        ("Table 4", "SSS [53]", "1.67×"),
    }


def test_the_tolerance_is_half_a_unit_of_each_printed_digit():
    table = paper.PublishedTable(9, "net", "data", rows=(), total="100k")
    agreeing = paper.Published("m", "1%", "10.5×", left="10k")
    off = paper.Published("m", "1%", "10.7×", left="10k")
    assert paper.check_ratio(table, agreeing).agrees  # 100.5 / 9.5 is 10.58
    assert not paper.check_ratio(table, off).agrees
    assert paper.check_ratio(table, off).gap == pytest.approx(0.07)


def test_a_row_without_entries_has_nothing_to_check():
    table = paper.TABLES[7]
    assert all(paper.check_ratio(table, row) is None for row in table.rows)


def test_a_rival_dominates_only_if_nothing_printed_is_worse():
    dominated = {
        (table.name, row.method, row.ratio)
        for table in paper.TABLES.values()
        for row in table.rows
        if row.ours and paper.dominating(table, row)
    }
    assert dominated == {("Table 3", "Proposed (NORM)", "200×"), ("Table 7", "Proposed (NP)", "1.46×")}


def test_an_equal_rival_does_not_dominate():
    rows = (paper.Published("Proposed", "1.0%", "5×"), paper.Published("twin", "1.0%", "5×"))
    assert paper.dominating(paper.PublishedTable(9, "net", "data", rows), rows[0]) == []


def test_a_starred_error_counts_as_the_unpruned_one():
    rows = (paper.Published("Proposed", "1.0%", "5×"), paper.Published("star", None, "5×"))
    better = paper.PublishedTable(9, "net", "data", rows, dense_error="0.8%")
    worse = paper.PublishedTable(9, "net", "data", rows, dense_error="1.2%")
    assert paper.dominating(better, rows[0]) == [rows[1]]
    assert paper.dominating(worse, rows[0]) == []


def test_the_text_agrees_with_the_tables():
    checks = paper.check_text()
    assert len(checks) == 9
    assert all(check.agrees for check in checks)


def test_the_text_is_compared_with_what_the_tables_hold(monkeypatch):
    rows = tuple(
        paper.Published(row.method, row.error, "85×" if row.method == "Proposed (SEP)" else row.ratio, row.left)
        for row in paper.TABLES[2].rows
    )
    changed = paper.PublishedTable(2, "LeNet-300-100", "MNIST", rows, "267k", "1.64%")
    monkeypatch.setitem(paper.TABLES, 2, changed)
    assert [check.statement for check in paper.check_text() if not check.agrees] == ["LeNet-300-100, SEP: around 100×"]
