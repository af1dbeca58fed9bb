"""The pages of the book, read from its table of contents."""

import sys

from tests.browser import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from execute import chapters  # noqa: E402
from execute import pages as toc_pages  # noqa: E402

PAGES = [f"{page}.html" for page in toc_pages()]
CHAPTERS = [f"notebooks/{path.stem}.html" for path in chapters()]
__all__ = ["CHAPTERS", "PAGES", "chapters", "toc_pages"]
