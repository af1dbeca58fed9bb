"""Numbers in the sources' links follow the built pages, and an old one is found."""

import pytest

from tests.browser import tool

renumber = tool("renumber")

PAGE = """<div class="math notranslate nohighlight" id="equation-eq-map">
 <span class="eqno">(5.2)<a class="headerlink" href="#equation-eq-map">#</a></span></div>
<div class="proof theorem admonition" id="prop-settle">
<p class="admonition-title"><span class="caption-number">Theorem 5.1 </span> (Two piles)</p></div>
<div class="proof admonition" id="proof"><p>Proof. No number.</p></div>
<figure class="align-default" id="bare"><img alt="" src="a.svg"/></figure>
<figure class="align-default" id="fig-piles"><img alt="" src="b.svg"/>
<figcaption><p><span class="caption-number">Figure 5.3 </span>Piles.</p></figcaption></figure>"""
KNOWN = {"eq-map": "Eq. 5.2", "prop-settle": "Theorem 5.1", "fig-piles": "Figure 5.3"}


def test_a_page_tells_what_has_a_number():
    assert renumber.names(PAGE) == KNOWN


def test_old_numbers_and_kinds_are_replaced_and_other_words_stay():
    old = "By [Eq. 5.1](#eq-map) and [Proposition 5.4](#prop-settle): [Figure 5.3](#fig-piles), [piles](#prop-settle)."
    new = "By [Eq. 5.2](#eq-map) and [Theorem 5.1](#prop-settle): [Figure 5.3](#fig-piles), [piles](#prop-settle)."
    assert renumber.renumbered(old, KNOWN) == new
    other = "[Exercise 5.1](#ex-5-1), [Chapter 3](03-smooth-l0.ipynb)"
    assert renumber.renumbered(other, KNOWN) == other


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one page and one source whose numbers are old."""
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "one.html").write_text(PAGE, encoding="utf8")
    source = tmp_path / "one.ipynb"
    source.write_text("[Eq. 5.1](#eq-map), [Figure 5.3](#fig-piles)", encoding="utf8")
    monkeypatch.setattr(renumber, "HTML", tmp_path / "html")
    monkeypatch.setattr(renumber, "ROOT", tmp_path)
    monkeypatch.setattr(renumber, "pages", lambda: ["one"])
    monkeypatch.setattr(renumber, "sources", lambda: iter([source]))
    return source


def test_check_says_what_is_old_and_changes_nothing(book, capsys):
    before = book.read_text("utf8")
    assert renumber.main(["--check"]) == 1
    assert capsys.readouterr().out == "one.ipynb: [Eq. 5.1](#eq-map) is Eq. 5.2\n"
    assert book.read_text("utf8") == before


def test_without_check_the_sources_are_written_and_then_hold(book):
    assert renumber.main([]) == 0
    assert book.read_text("utf8") == "[Eq. 5.2](#eq-map), [Figure 5.3](#fig-piles)"
    assert renumber.main(["--check"]) == 0
