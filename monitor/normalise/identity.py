"""Give each entry of a document its key, and the further names it may come back under.

A key is H(feed, guid); without a guid H(feed, canonical link), else H(feed, title and day). Real
feeds repeat guids (a home page for all, a counter that restarts), so where one repeats within the
document, the link is added, and where that repeats too, the title: two different entries never
become one. Aliases let an entry that comes back with another guid or link be known as a revision;
what repeats in the document is no alias.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.model.keys import ArticleKey, article_key, digest_of
from monitor.normalise.urls import canonical_url, is_front_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Be what an entry is known by: its guid, canonical link (or ""), title, and day."""

    guid: str
    link: str
    title: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Be an entry's key and its aliases."""

    key: ArticleKey
    aliases: tuple[str, ...]


def identify(feed: str, names: Sequence[Names]) -> list[Identity]:
    """Give each entry of a document its identity; equal keys are the same entry twice."""
    forms = [_forms(one) for one in names]
    # An entry that stands twice counts once: its key must not change when it stands once again.
    different = dict(zip(forms, names, strict=True))
    seen = [Counter(form[step] for form in different) for step in range(3)]
    guids = Counter(_bare_guid(one.guid) for one in different.values())
    links = Counter(one.link for one in different.values())
    return [
        Identity(
            key=article_key(feed, _first_unique(form, seen)),
            aliases=_aliases(feed, one, guids, links),
        )
        for one, form in zip(names, forms, strict=True)
    ]


def _forms(one: Names) -> tuple[str, str, str]:
    base = one.guid or one.link or f"{one.title}\n{one.day}"
    longer = f"{base}|{one.link}"
    return base, longer, f"{longer}|{one.title}"


def _first_unique(form: tuple[str, str, str], seen: list[Counter[str]]) -> str:
    for text, count in zip(form, seen, strict=True):
        if count[text] == 1:
            return text
    return form[-1]


def _aliases(feed: str, one: Names, guids: Counter[str], links: Counter[str]) -> tuple[str, ...]:
    found = []
    guid = _bare_guid(one.guid)
    if guid and guids[guid] == 1:
        found.append(digest_of("guid", feed, guid))
    if one.link and links[one.link] == 1 and not is_front_page(one.link):
        found.append(digest_of("link", feed, one.link))
    return tuple(found)


def _bare_guid(guid: str) -> str:
    """Strip scheme, host, fragment and tracking off a guid that is an address.

    Sites move to https or another host, and the BBC counts revisions in the fragment.
    """
    canonical = canonical_url(guid) if guid[:4].lower() == "http" else ""
    if not canonical:
        return guid
    parts = urlsplit(canonical)
    bare = parts.path + ("?" + parts.query if parts.query else "")
    return "" if bare == "/" else bare
