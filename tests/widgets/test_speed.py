"""Eighty moves: the explorers answer the hand. A shared machine drifts, so only twice the target fails."""

import pytest

from bench.widgets import FEWER_MOVES, TARGETS, calmest, measure
from tests.browser import explorer_pages


def test_a_deck_is_no_page_and_a_page_without_explorers_is_not_measured(html, chromium, book):
    pages = explorer_pages(html)
    assert len(pages) > 10
    assert list(html.glob("slides/*.html")), "decks stand on the site"
    assert not [page for page in pages if "slides/" in page]
    with pytest.raises(ValueError, match="page must hold explorers; got none"):
        measure(chromium, f"{book}/book/glossary.html")


@pytest.mark.slow
@pytest.mark.alone
def test_speed(chromium, page_url):
    measured = calmest(chromium, page_url)
    print(measured)
    assert sum(count for count, _, _ in measured["by kind"].values()) >= 0.9 * FEWER_MOVES
    for name, target in TARGETS.items():
        assert measured[name] <= 2 * target, (name, measured)
