"""Map the element names of all feed formats to the few fields that we read.

Names are matched without regard to case, as feeds write `pubdate` and `PubDate` too.
"""

from __future__ import annotations

from functools import lru_cache

ATOM = "http://www.w3.org/2005/Atom"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RDF_ABOUT = "{" + RDF + "}about"

_PREFIXES = {
    "": "",
    ATOM.lower(): "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://purl.org/rss/1.0/modules/rss091#": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
_FIELDS = {
    "title": "title",
    "dc:title": "other_title",
    "media:title": "other_title",
    "link": "link",
    "feedburner:origlink": "original_link",
    "guid": "guid",
    "id": "guid",
    "description": "summary",
    "summary": "summary",
    "abstract": "summary",
    "dc:description": "other_summary",
    "dcterms:abstract": "other_summary",
    "media:description": "other_summary",
    "itunes:summary": "last_summary",
    "content:encoded": "encoded",
    "fullitem": "encoded",
    "content": "content",
    "body": "markup",
    "xhtml:body": "markup",
    "xhtml:div": "markup",
    "author": "author",
    "dc:creator": "other_author",
    "dc:author": "other_author",
    "itunes:author": "last_author",
    "category": "tag",
    "dc:subject": "tag",
    "keywords": "tag",
    "pubdate": "published",
    "published": "published",
    "issued": "published",
    "dcterms:issued": "published",
    "dc:date": "updated",
    "updated": "updated",
    "modified": "updated",
    "dcterms:modified": "updated",
    "created": "created",
    "dcterms:created": "created",
    "source": "source",
    "dc:language": "lang",
    "language": "lang",
    "media:group": "group",
    "media:content": "group",
    "ttl": "ttl",
    "lastbuilddate": "built",
}


@lru_cache(maxsize=1024)
def field_of(tag: str) -> str | None:
    """Name the field that an element `{namespace}name` fills, None if we do not read it."""
    namespace, _, name = tag[1:].partition("}") if tag[:1] == "{" else ("", "", tag)
    lower = namespace.lower()
    prefix = "" if "backend.userland.com/rss" in lower else _PREFIXES.get(lower)
    return None if prefix is None else _FIELDS.get(prefix + name.lower())
