"""Describe who publishes, and the addresses polled for it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.keys import SourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Describe a publisher; `None` means unknown, which passes every filter that is not strict.

    `key` is its key in sources.yaml, or its registered domain if it stands in no file.
    `domains` are lower-case host suffixes ("dawn.com" covers "www.dawn.com"). `country` is
    ISO 3166-1 alpha-2 in upper case, `lang` BCP 47 in lower case, `tier` counts from 1 (best).
    `headers` are sent with its feeds (logins, tokens): secrets, never printed.
    """

    key: SourceKey
    name: str
    domains: tuple[str, ...] = ()
    country: str | None = None
    lang: str | None = None
    tier: int | None = None
    group: str | None = None
    is_syndicator: bool = False
    is_verified: bool = False
    feeds: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    is_listed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHints:
    """Carry what a feed asks of its readers: a floor in seconds for the next poll, and a hub."""

    ttl_seconds: int | None = None
    hub: str | None = None
