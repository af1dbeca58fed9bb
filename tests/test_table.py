"""Tables in notebooks."""

from l0lib.table import Folded, Table


def test_a_folded_table_opens_by_its_caption():
    told = Folded(("a",), [("<1>",)], "Numbers & more")._repr_html_()
    assert told.startswith("<details><summary>Numbers &amp; more</summary>")
    assert told.endswith("</table></div></details>")
    assert "&lt;1&gt;" in told
    assert repr(Folded(("a",), [(1,)], "c")) == repr(Table(("a",), [(1,)], "c"))
