"""Choose how a document is read: cheaply and strictly, or leniently in a child process."""

from __future__ import annotations

from monitor.errors import ParseError
from monitor.model.article import ParsedFeed
from monitor.model.network import Limits
from monitor.parse.fast import read_fast
from monitor.parse.jsonfeed import looks_like_json, read_json_feed
from monitor.parse.verdict import plainly_no_feed

LIGHT_MAX_BYTES = 512 * 1024
"""Up to here the strict path takes at most some 5 ms: fit to run in the event loop's process."""


def is_light(body: bytes) -> bool:
    """Tell whether `parse_light` may run inline; a larger document belongs in a child process."""
    return len(body) <= LIGHT_MAX_BYTES


def parse_light(
    body: bytes, *, content_type: str | None, charset: str | None, url: str, limits: Limits
) -> ParsedFeed | None:
    """Read a feed if that is cheap and beyond doubt; None asks for `parse_carefully`.

    Raise ParseError, with one clear reason, if the document certainly is no feed. `content_type`
    and `charset` are what the server said, `url` is where the document came from.
    """
    if reason := plainly_no_feed(body, content_type, url):
        raise ParseError(reason)
    if looks_like_json(body):
        return read_json_feed(body, charset, limits)
    return read_fast(body, charset, limits)


def parse_carefully(
    body: bytes, *, content_type: str | None, charset: str | None, url: str, limits: Limits
) -> ParsedFeed:
    """Read a feed of any format, leniently where it must be: for a child process with limits.

    Raise ParseError, with one clear reason, if the document is no feed. May take seconds on a
    hostile document.
    """
    from monitor.parse.careful import read_carefully  # feedparser is loaded where it is needed

    read = parse_light(body, content_type=content_type, charset=charset, url=url, limits=limits)
    return read or read_carefully(body, charset, content_type, limits)
