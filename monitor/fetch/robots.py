"""Ask robots.txt (RFC 9309) before a page is read; a feed that a user named is not asked for."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from protego import Protego

from monitor.errors import FetchError
from monitor.fetch.address import read_url
from monitor.fetch.follow import following
from monitor.fetch.robots_text import rules_for
from monitor.model.network import Limits
from monitor.net.bounded import read_prefix
from monitor.net.hosts import host_of

MAX_ROBOTS_BYTES = 500 * 1024
KEPT_FOR = timedelta(hours=24)
UNREACHABLE_KEPT_FOR = timedelta(hours=1)
MAX_ORIGINS = 1_000
MAX_KEPT_CHARS = 4_000_000


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Hold what an origin said: its rules, or why they could not be had, or neither."""

    rules: Protego | None
    unreachable: str | None
    until: datetime
    size: int


class Robots:
    """Remember what origins allow, at most for a day and within a bound of memory.

    `token` is our product token ("MediaMonitor"), without a version.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self._verdicts: OrderedDict[str, _Verdict] = OrderedDict()
        self._size = 0
        self._asking: dict[str, asyncio.Lock] = {}

    async def require(
        self, session: aiohttp.ClientSession, url: str, limits: Limits, *, now: datetime
    ) -> None:
        """Raise `FetchError` if a page may not be read: robots, or robots_unreachable.

        A robots.txt that is missing (4xx) allows everything, one that cannot be had (5xx, no
        connection) nothing, until it is asked again an hour later. For a URL that cannot be asked
        at all the error says so.
        """
        target = read_url(url)
        origin = str(target.origin())
        lock = self._asking.setdefault(origin, asyncio.Lock())
        try:
            async with lock:  # one question per origin, however many pages wait for it
                verdict = self._kept(origin, now)
                if verdict is None:
                    verdict = await self._ask(session, origin, limits, now)
                    self._keep(origin, verdict)
        finally:
            if not lock.locked():
                self._asking.pop(origin, None)
        if verdict.unreachable is not None:
            raise FetchError(verdict.unreachable, kind="robots_unreachable")
        if verdict.rules is not None and not verdict.rules.can_fetch(str(target), self._token):
            raise FetchError(
                f"{host_of(target)} asks in its robots.txt that this page is not read by "
                "programs.",
                kind="robots",
            )

    def _kept(self, origin: str, now: datetime) -> _Verdict | None:
        verdict = self._verdicts.get(origin)
        if verdict is None or now >= verdict.until:
            return None
        self._verdicts.move_to_end(origin)
        return verdict

    def _keep(self, origin: str, verdict: _Verdict) -> None:
        old = self._verdicts.pop(origin, None)
        self._size += verdict.size - (old.size if old else 0)
        self._verdicts[origin] = verdict
        while len(self._verdicts) > MAX_ORIGINS or (
            self._size > MAX_KEPT_CHARS and len(self._verdicts) > 1
        ):
            self._size -= self._verdicts.popitem(last=False)[1].size

    async def _ask(
        self, session: aiohttp.ClientSession, origin: str, limits: Limits, now: datetime
    ) -> _Verdict:
        try:
            async with asyncio.timeout(limits.feed_total_seconds):
                text = await _read(session, f"{origin}/robots.txt", limits)
        except TimeoutError:
            return _closed(f"{host_of(origin)} gave its robots.txt too slowly", now)
        except FetchError as error:
            if error.kind == "refused_address":
                raise
            return _closed(f"the robots.txt of {host_of(origin)} cannot be had", now)
        if text is None:
            return _Verdict(None, None, now + KEPT_FOR, 0)
        rules = rules_for(text, self._token)
        return _Verdict(Protego.parse(rules), None, now + KEPT_FOR, len(rules))


def _closed(clause: str, now: datetime) -> _Verdict:
    reason = f"{clause[:1].upper()}{clause[1:]}, so its pages are left alone for an hour."
    return _Verdict(None, reason, now + UNREACHABLE_KEPT_FOR, 0)


async def _read(session: aiohttp.ClientSession, url: str, limits: Limits) -> str | None:
    """Give robots.txt's text, None if there is none; raise FetchError if it cannot be had."""
    headers = {"Accept": "text/plain, */*;q=0.1", "Accept-Encoding": "gzip"}
    async with following(
        session, url, headers=headers, max_redirects=limits.max_redirects
    ) as arrival:
        status = arrival.response.status
        if 400 <= status < 500 and status != 429:
            arrival.response.close()
            return None
        if status != 200:
            arrival.response.close()
            raise FetchError(f"status {status}", kind="status", status=status)
        body = await read_prefix(arrival.response, max_bytes=MAX_ROBOTS_BYTES)
        return body.decode("utf-8", "replace")
