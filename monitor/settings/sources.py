"""Read sources.yaml: who publishes, and the addresses polled."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from monitor.model.keys import SourceKey
from monitor.model.problem import Severity
from monitor.model.source import Source
from monitor.settings import checks
from monitor.settings.fields import Desk, Section
from monitor.settings.values import SecretText
from monitor.text.yaml_nodes import Entry, Mapping, YamlNode, problem_at

_FEED_CURE = "write an http(s) URL; user and password belong in `login:`"
_DOMAIN_CURE = "write a host name alone, such as dawn.com"


def read_sources(desk: Desk, document: YamlNode | None) -> tuple[Source, ...]:
    """Read `sources:`; those with a defect are left out and their problems listed."""
    if document is None:
        return ()
    if not isinstance(document, Mapping):
        cure = "begin with the line `sources:`"
        desk.complain(document, "this is no list of sources", cure, code="settings-type")
        return ()
    top = Section(desk, document, "sources.yaml")
    entries = top.entries("sources")
    top.finish()
    polled: dict[str, str] = {}
    found = (_source(desk, entry, polled) for entry in entries)
    sources = tuple(source for source in found if source)
    _warn_of_shared_domains(desk, sources, {entry.key.text: entry for entry in entries})
    return sources


def _warn_of_shared_domains(
    desk: Desk, sources: Sequence[Source], entries: dict[str, Entry]
) -> None:
    """Name domains that two sources claim; those of one group may share them, feed by feed."""
    owners: dict[str, Source] = {}
    for source in sources:
        for domain in source.domains:
            owner = owners.setdefault(domain, source)
            if owner is source or (owner.group and owner.group == source.group):
                continue
            entry = entries[source.key]
            place = entry.value.get("domains") if isinstance(entry.value, Mapping) else None
            desk.warnings.append(
                problem_at(
                    place or entry.key,
                    f"the domain {domain} is claimed by source '{owner.key}' too, whose it is "
                    "wherever else an article of it is found",
                    "put the feeds into one source, or both sources into one `group`",
                    code="settings-domain-twice",
                    severity=Severity.WARNING,
                )
            )


def _source(desk: Desk, entry: Entry, polled: dict[str, str]) -> Source | None:
    key, before = entry.key.text, len(desk.problems)
    if not checks.is_source_key(key):
        what = f"'{key[:60]}' cannot be the key of a source"
        cure = "use a-z, 0-9, _, . and -"
        desk.complain(entry.key, what, cure, code="settings-source-key")
    if not isinstance(entry.value, Mapping):
        cure = f"write `{key[:60]}: {{name: ..., domains: [...], feeds: [...]}}`"
        desk.complain(
            entry.value,
            f"source '{key[:60]}' must be a mapping",
            cure,
            code="settings-type",
        )
        return None
    part = Section(desk, entry.value, f"source '{key}'")
    source = _read(part, key, polled)
    part.finish()
    return source if len(desk.problems) == before else None


def _read(part: Section, key: str, polled: dict[str, str]) -> Source:
    return Source(
        key=SourceKey(key),
        name=part.checked("name", checks.one_line, "write a name of one line") or key,
        domains=_each(part, "domains", checks.domain_name, "no domain", _DOMAIN_CURE),
        country=part.checked("country", checks.country_code, "write two letters, such as PK"),
        lang=part.checked("lang", checks.lang_code, "write a language code, such as en or ur"),
        tier=part.number("tier", 1, 99),
        group=part.checked("group", checks.one_line, "write a name of one line"),
        is_syndicator=part.boolean("syndicator") or False,
        is_verified=part.boolean("verified") or False,
        feeds=_feeds(part, key, polled),
        headers=_headers(part),
    )


def _each(
    part: Section, name: str, check: Callable[[str], str | None], what: str, cure: str
) -> tuple[str, ...]:
    """Read a list through a check; what stands there twice is kept once."""
    found: dict[str, None] = {}
    for node, text in part.texts(name):
        normal = check(text)
        if normal is None:
            code = f"settings-{name}"
            part.desk.complain(node, f"'{text[:80]}' is {what}", cure, code=code)
        else:
            found[normal] = None
    return tuple(found)


def _feeds(part: Section, key: str, polled: dict[str, str]) -> tuple[str, ...]:
    feeds: list[str] = []
    for node, text in part.texts("feeds"):
        url = checks.web_url(text)
        if url is None:  # not shown: it may hold a password
            part.desk.complain(node, "this is no feed address", _FEED_CURE, code="settings-feeds")
            continue
        other = polled.setdefault(checks.feed_identity(url), key)
        if other != key or url in feeds:
            what = f"this feed stands in source '{other}' already"
            part.desk.complain(node, what, "keep it in one of them", code="settings-feed-twice")
            continue
        feeds.append(url)
    return tuple(feeds)


def _headers(part: Section) -> tuple[tuple[str, str], ...]:
    """Read what is sent along: `headers:`, and `login:` or `token:` as Authorization."""
    headers: dict[str, str] = {}
    for entry in part.entries("headers"):
        name, text = (
            checks.header_name(entry.key.text),
            part.desk.text_of(entry.value, "a header"),
        )
        value = checks.header_value(text) if text is not None else None
        if name is None or (text is not None and value is None):
            what, cure = (
                "this is no HTTP header",
                "write `Name: value` in visible ASCII",
            )
            part.desk.complain(entry.key, what, cure, code="settings-headers")
        elif value is not None:
            headers[name] = SecretText(value)
    login, token = _login(part), part.secret("token")
    if token and checks.header_value(token) is None:
        part.complain("token", "the token holds a character that no header may", "check it")
        token = None
    granted = [f"Bearer {token}"] if token else []
    granted += [login] if login else []
    has_own = any(name.lower() == "authorization" for name in headers)
    if len(granted) + has_own > 1:
        what = "login, token and an Authorization header exclude each other"
        part.complain("login", what, "keep one of them")
    for value in granted:
        headers["Authorization"] = SecretText(value)
    return tuple(headers.items())


def _login(part: Section) -> str | None:
    login = part.section("login")
    if login is None:
        return None
    before = login.desk.faults
    username, password = login.text("username"), login.secret("password")
    login.finish()
    if username and password is not None:
        pair = f"{username}:{password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")
    if login.desk.faults == before:
        login.complain("username", "the login lacks username or password", "add both")
    return None
