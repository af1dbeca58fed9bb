"""The paper's tables shown: what is printed, and what is not where a cell is empty."""

from l0lib.chapters import printed
from l0lib.paper.tables import TABLES, Published, PublishedTable, RatioCheck, check_text


def check(ratio, central, low, high, **row):
    return RatioCheck("Table 9", Published("A", row.pop("error", None), ratio, **row), central, low, high)


def test_the_unpruned_network_stands_first_and_a_star_has_its_error():
    rows = (Published("A", None, "10×", left="1 K"), Published("B", "2%", "20×", left="0.5 K"))
    table = printed.table_of_methods(PublishedTable(9, "A network", "some data", rows, "10 K", "1.5%"))
    assert table.rows == (
        ("No Prune", "1.5%", "10 K", ""),
        ("A", "as No Prune", "1 K", "10×"),
        ("B", "2%", "0.5 K", "20×"),
    )
    assert table.caption == "A network: the paper's Table 9, as printed"


def test_a_ratio_agrees_if_its_row_allows_it():
    right = check("10×", 10.1, 9.5, 10.7, left="27 K", error="1%")
    wrong = check("12×", 10.0, 9.8, 10.2, dropped="90%")
    every = printed.table_of_ratios([right, wrong])
    assert every.rows[0] == ("Table 9", "A", "1%", "27 K", "10×", "9.50 to 10.70", "yes")
    assert every.rows[1] == ("Table 9", "A", "as unpruned", "90%", "12×", "9.80 to 10.20", "no")
    off = printed.table_of_gaps([right, wrong])
    assert off.rows == (("Table 9", "A", "90%", "12×", "10.00×", "9.80 to 10.20", "+20.0 %"),)
    assert off.caption.endswith(": 1 of 2")


def test_numbers_of_the_text_stand_beside_those_of_the_tables():
    rows = printed.table_of_text().rows
    assert [row[3] == "yes" for row in rows] == [one.agrees for one in check_text()]
    assert {row[3] for row in rows} <= {"yes", "no"}


def test_rivals_that_dominate_are_named_with_their_numbers(monkeypatch):
    rows = (
        Published("Rival [1]", "1%", "20×"),
        Published("Proposed", "2%", "10×"),
        Published("Proposed, far", "1%", "50×"),
    )
    monkeypatch.setattr(printed, "TABLES", {9: PublishedTable(9, "A network", "some data", rows, "10 K", "1.5%")})
    assert printed.table_of_dominated().rows == (
        ("Table 9", "Proposed", "2%", "10×", "Rival [1] (1%, 20×)"),
        ("Table 9", "Proposed, far", "1%", "50×", "none"),
    )


def test_every_row_of_the_papers_own_has_a_line():
    own = [row.method for table in TABLES.values() for row in table.rows if row.ours]
    assert [row[1] for row in printed.table_of_dominated().rows] == own
