"""The pages of the book, read from its table of contents."""

from tests.browser import tool

chapters, toc_pages = tool("execute").chapters, tool("execute").pages

PAGES = [f"{page}.html" for page in toc_pages()]
CHAPTERS = [f"notebooks/{path.stem}.html" for path in chapters()]
__all__ = ["CHAPTERS", "PAGES", "chapters", "toc_pages"]
