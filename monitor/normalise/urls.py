"""Bring web addresses into one form, so that one article has one address.

The result of `canonical_url` is for identity only (it always says https); what is fetched and
shown is the address as published.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MAX_URL_CHARS = 4_096

_TRACKING_PREFIXES = ("utm_", "mtm_", "hsa_", "oly_", "vero_", "at_", "xtor", "fb_", "pk_")
# campaign parameters of the large mailers and ad networks, as in miniflux's cleaner; not
# `ref` or `source`, which pages use for themselves
_TRACKING = frozenset(
    [
        "fbclid",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "gclsrc",
        "gad_source",
        "srsltid",
        "msclkid",
        "twclid",
        "ttclid",
        "igshid",
        "igsh",
        "li_fat_id",
        "yclid",
        "ysclid",
        "ymclid",
        "_openstat",
        "wickedid",
        "mc_cid",
        "mc_eid",
        "mc_tc",
        "mkt_tok",
        "_hsenc",
        "_hsmi",
        "__hssc",
        "__hstc",
        "__hsfp",
        "hsctatracking",
        "campaign_id",
        "campaign_medium",
        "campaign_name",
        "campaign_source",
        "campaign_term",
        "campaign_content",
        "cmpid",
        "ftag",
        "sc_cid",
        "_branch_match_id",
        "_branch_referrer",
        "ns_campaign",
        "ns_source",
        "ns_mchannel",
        "ns_linkname",
        "ns_fee",
        "s_cid",
        "trk_contact",
        "trk_msg",
        "trk_module",
        "trk_sid",
        "_kx",
        "_bhlid",
        "mibextid",
        "guccounter",
        "guce_referrer",
        "guce_referrer_sig",
    ]
)
_UNFIT = re.compile(
    "[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_LINE_CHARS = re.compile(r"[\t\r\n]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,30}):")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\]")
_SAFE = "/%:@!$&'()*+,;=~-._"
_PORTS = {"http": 80, "https": 443}


def absolute_link(link: str | None, base: str) -> str:
    """Resolve a link as a feed states it; "" if it is none that can be followed (http, https).

    Control, space and bidi characters inside are percent-encoded or dropped.
    """
    text = _LINE_CHARS.sub("", (link or "").strip())
    if not text or len(text) > MAX_URL_CHARS:
        return ""
    if text[:4].lower() == "www.":
        text = "https://" + text
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() not in _PORTS:
        return ""
    joined = _joined(text, base)
    cleaned = _UNFIT.sub(lambda found: "%20" if found[0] == " " else "", joined)
    return cleaned if host_of(cleaned) else ""


def _joined(text: str, base: str) -> str:
    if text[:8].lower().startswith(("http://", "https://")):
        return text
    try:
        return urljoin(base, text)
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def _split(url: str) -> tuple[SplitResult, str] | None:
    """Take an http(s) address apart, host in lower case and punycode; None if it is none."""
    try:
        parts = urlsplit(url)
        host = _ascii_host(parts.hostname or "")
        is_usable = parts.scheme in _PORTS and host and parts.port != 0
    except ValueError:
        return None
    return (parts, host) if is_usable else None


def host_of(url: str) -> str:
    """Give an address's host in lower case and punycode, "" if there is none."""
    found = _split(url)
    return found[1].strip("[]") if found else ""


@lru_cache(maxsize=1024)
def _ascii_host(host: str) -> str:
    host = host.lower().rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return host if _HOST.fullmatch(host) else ""


@lru_cache(maxsize=1024)
def canonical_url(url: str) -> str:
    """Normalise an address for identity; "" if it is no http(s) address.

    Host in lower case and punycode; user, default port, tracking parameters and fragment (unless
    "#!") are dropped; http counts as https; nothing is sorted. Idempotent.
    """
    found = _split(_UNFIT.sub("", url.strip()) if len(url) <= MAX_URL_CHARS else "")
    if found is None:
        return ""
    parts, host = found
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    query = _without_tracking(parts.query)
    fragment = "#" + _quoted(parts.fragment, "?") if parts.fragment.startswith("!") else ""
    path = _quoted(parts.path, "") or "/"
    return f"https://{host}{port}{path}{'?' + query if query else ''}{fragment}"


def _without_tracking(query: str) -> str:
    if not query:
        return ""
    kept = [pair for pair in query.split("&") if pair and not _is_tracking(pair)]
    return _quoted("&".join(kept), "?")


def _is_tracking(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _quoted(text: str, also_safe: str) -> str:
    encoded = quote(text, safe=_SAFE + also_safe, errors="replace")
    return _ESCAPE.sub(lambda found: found[0].upper(), encoded)


def is_front_page(canonical: str) -> bool:
    """Tell whether a canonical address is a site's front page, which names no article."""
    return canonical.count("/") == 3 and canonical.endswith("/")
