"""Tables in notebooks."""

from l0lib.table import Folded, Table, percent


def test_a_folded_table_opens_by_its_caption():
    told = Folded(("a",), [("<1>",)], "Numbers & more")._repr_html_()
    assert told.startswith("<details><summary>Numbers &amp; more</summary>")
    assert told.endswith("</table></div></details>")
    assert "&lt;1&gt;" in told
    assert repr(Folded(("a",), [(1,)], "c")) == repr(Table(("a",), [(1,)], "c"))


def test_what_stands_in_back_quotes_is_code():
    table = Table(("how",), [("`l0lib run <NAME>` makes it",)], "By `l0lib`")
    shown = table._repr_html_()
    assert "<code>l0lib run &lt;NAME&gt;</code> makes it" in shown
    assert 'aria-label="By l0lib"' in shown


def test_a_table_without_rows_says_what_is_absent():
    assert Table(("a", "b", "c"), [], "c", absent="not yet").rows == (("not yet", "–", "–"),)
    assert Table(("a",), (row for row in [(1,)]), "c", absent="not yet").rows == ((1,),)
    assert Table(("a", "b"), [], "c").rows == ()


def test_a_share_in_percent():
    assert (percent(0.075), percent(0.5, 0), percent(1.25, 2)) == ("7.5 %", "50 %", "125.00 %")
