"""Name the page that stands at an address, however readers reach it.

AMP caches and viewers carry the page's own address (amp.dev, "AMP Cache URL Format"); sites serve
AMP and mobile variants under another host, path or query. The name is for comparison: it need not
lead anywhere.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_CACHED = re.compile(
    r"https://[^/]{1,253}\.(?:cdn\.ampproject\.org|bing-amp\.com)/[cv]/(?:s/)?(?P<page>[^/?#]+\.[^/?#]+/.+)"
)
_VIEWED = re.compile(
    r"https://(?:www\.)?(?:google|bing)\.[a-z.]{2,6}/amp/(?:s/)?(?P<page>[^/?#]+\.[^/?#]+/.+)"
)
_ENCODED_SIGN = re.compile("%3f", re.IGNORECASE)
_VARIANT_LABELS = frozenset({"www", "m", "mobile", "amp", "touch", "wap"})
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})
_AMP_FIRST = re.compile(r"^/amp(?=/.)")
_AMP_LAST = re.compile(r"(?<=.)(?:/amp(?:\.html?)?$|\.amp(?=(?:\.html?)?$))")
_AMP_QUERY = re.compile(
    r"(?:^|&)(?:amp(?:=[^&]*)?(?=&|$)|amp_(?:js_v|gsa|tf|ct|latest_update_time)=[^&]*|usqp=[^&]*|output(?:type)?=amp(?=&|$))",
    re.IGNORECASE,
)


def page_of(canonical_url: str) -> str:
    """Name the page at a canonical address; "" for one without a path, which is no article's."""
    found = _CACHED.fullmatch(canonical_url) or _VIEWED.fullmatch(canonical_url)
    try:
        parts = urlsplit(_unwrapped(found["page"]) if found else canonical_url)
    except ValueError:
        return canonical_url
    path, query = _path(parts), _query(parts)
    if not parts.netloc or not (path or query or parts.fragment):
        return ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"https://{_host(parts)}{path}{query}{fragment}"


def _unwrapped(page: str) -> str:
    """Give a page's own address, of which viewers write the query's "?" as %3F."""
    return "https://" + (page if "?" in page else _ENCODED_SIGN.sub("?", page, count=1))


def _host(parts: SplitResult) -> str:
    labels = parts.netloc.split(".")
    own = 3 if labels[-2:-1] and labels[-2] in _SECOND_LEVEL else 2  # amp.co.za is a name
    kept = [label for label in labels[:-own] if label not in _VARIANT_LABELS]
    return ".".join([*kept, *labels[-own:]])


def _path(parts: SplitResult) -> str:
    path = _AMP_FIRST.sub("", parts.path.rstrip("/"))
    return _AMP_LAST.sub("", path).rstrip("/")


def _query(parts: SplitResult) -> str:
    query = _AMP_QUERY.sub("", parts.query).removeprefix("&")
    return f"?{query}" if query else ""
