"""Find the article in a page's HTML."""

from monitor.extract.page import extract_page

__all__ = ["extract_page"]
