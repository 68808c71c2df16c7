"""The world outside: papers that publish, and desks that receive mails and webhooks.

It knows what was published, so it knows what must be told: `wants`. What arrives is kept in
`ledger`. A paper's window slides only over what the product has stored, which the validator that
it sends back proves; so whatever is not told in the end was lost by the product.
"""

from __future__ import annotations

import asyncio
import email.message
import email.utils
import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP
from services.http_server import Answer, Hit, HttpServer
from services.product import rss

from crash_lab.wants import KINDS, Want, wanted_of
from monitor.clock import system_clock

WINDOW = 8
"""Entries a feed holds, unless more wait to be stored."""

BACKLOG = 40
"""Nothing is published while so much of what is wanted is not told yet."""

COPY_SHARE = 0.15
"""Of the news, so much appears in a second paper as well, word for word."""

SLOWEST_ANSWER_SECONDS = 0.02

_TOKEN = re.compile(r"Ev\d{6}")
_OF_ONE = re.compile(r"Watch \w+: Ev\d{6}")  # a digest's subject counts its stories first
_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wa", "zel", "dor", "fin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Be a message that a desk has taken: by which life it came, and what it tells."""

    id: str
    label: str
    wants: frozenset[Want]
    body: bytes


@dataclass(slots=True)
class _Paper:
    """Be a feed: its entries, each with the version it came with."""

    number: int
    entries: list[tuple[int, str]] = field(default_factory=list)
    version: int = 1
    stored: int = 0

    def add(self, entry: str) -> None:
        self.version += 1
        self.entries.append((self.version, entry))

    def slide(self, stored: int) -> None:
        """Let go of old entries that are stored for certain."""
        self.stored = max(self.stored, stored)
        while len(self.entries) > WINDOW and self.entries[0][0] <= self.stored:
            self.entries.pop(0)


class World(HttpServer):
    """Serve papers and a webhook's desk over HTTP, and two mail desks over SMTP, on loopback."""

    def __init__(self, seed: str, *, papers: int) -> None:
        super().__init__()
        self.host = "0.0.0.0"  # every loopback address: each paper is a host of its own
        self.smtp_port = 0
        self.ledger: list[Accepted] = []
        self.wants: dict[Want, None] = {}
        self.untold: set[Want] = set()
        self.published: dict[str, str] = {}
        """Address to token of every article."""
        self.kinds: dict[str, str] = {}
        """Token to kind of every event."""
        self.is_publishing = True
        self._held: dict[str, asyncio.Queue[int]] = {}
        self.arrivals: list[str] = []
        """Tokens of webhooks that have come in, answered or not."""
        self._chance = random.Random(seed)
        self._papers = [_Paper(number) for number in range(papers)]
        self._reported: dict[str, tuple[_Paper, str, str, str]] = {}
        self._talks: dict[object, str] = {}
        self._by_label: defaultdict[str, list[Accepted]] = defaultdict(list)
        self._read: set[str] = set()

    def feed_url(self, paper: int) -> str:
        """Give the address of a paper's feed."""
        return f"http://127.0.1.{paper + 1}:{self.port}/feed/{paper}"

    @property
    def hook_url(self) -> str:
        """Give the address that takes webhooks."""
        return f"http://127.0.0.1:{self.port}/hook"

    # what it publishes

    def publish(self, kind: str, *papers: int, is_held: bool = False) -> str:
        """Let an event of a kind happen and these papers report it; give its token.

        With `is_held` its webhooks are answered only when `answer` says how.
        """

        async def work() -> str:
            token = self._publish(kind, *papers)
            if is_held:
                self._held[token] = asyncio.Queue()
            return token

        return self.call(work())

    def answer(self, token: str, *statuses: int) -> None:
        """Answer the next webhooks of a held event, in the order in which they came in."""

        async def work() -> None:
            for status in statuses:
                self._held[token].put_nowait(status)

        self.call(work())

    def _publish(self, kind: str, *papers: int) -> str:
        token, title, body = self._happen(kind)
        for number in papers:
            self._report(self._papers[number], token, title, body)
        return token

    def seed(self, kind: str) -> tuple[str, str]:
        """Let an event of a kind happen and give a seed file that reports it: name and text."""
        token, title, body = self._happen(kind)
        url = f"https://seeds.test/{token}"
        self.published[url] = token
        day = system_clock().isoformat()
        return f"{token}.md", f"---\ntitle: {title}\nurl: {url}\ndate: {day}\n---\n{body}\n"

    def _happen(self, kind: str) -> tuple[str, str, str]:
        token = f"Ev{len(self.kinds) + 1:06}"
        words = ["".join(self._chance.choices(_SYLLABLES, k=4)) for _ in range(60)]
        self.kinds[token] = kind
        for want in wanted_of(kind, token):
            self.wants[want] = None
            self.untold.add(want)
        title = " ".join([token, *words[:4], *KINDS[kind].words])
        return token, title, " ".join([*words, *KINDS[kind].words])

    def revise(self, url: str) -> bool:
        """Let a paper print a newer version of an article; False if no paper has reported it."""

        async def work() -> bool:
            if url not in self._reported:
                return False
            paper, token, title, body = self._reported[url]
            self._report(paper, token, title, f"{body} again")
            return True

        return self.call(work())

    def _report(self, paper: _Paper, token: str, title: str, body: str) -> None:
        url = f"https://paper{paper.number}.test/{token}"
        self.published[url] = token
        self._reported[url] = (paper, token, title, body)
        day = email.utils.format_datetime(system_clock())
        paper.add(
            f"<item><guid>{url}</guid><link>{url}</link><title>{title}</title>"
            f"<description>{body}</description><pubDate>{day}</pubDate></item>"
        )

    def _print(self, paper: _Paper) -> None:
        """Publish an issue, now that the last one is stored."""
        if not self.is_publishing or len(self.untold) > BACKLOG:
            return
        kinds = list(KINDS)
        for _ in range(self._chance.randint(1, 3)):
            others = [p for p in self._papers if p.stored and p is not paper]
            copies = others and self._chance.random() < COPY_SHARE
            more = [self._chance.choice(others).number] if copies else []
            self._publish(self._chance.choice(kinds), paper.number, *more)

    def _feed(self, number: int, hit: Hit) -> Answer:
        paper = self._papers[number]
        known = re.fullmatch(r'"\d+-(\d+)"', hit.headers.get("If-None-Match", ""))
        stored = int(known[1]) if known else 0
        paper.slide(stored)
        if stored == paper.version:
            self._print(paper)
        tag = (("ETag", f'"{number}-{paper.version}"'),)
        if stored == paper.version:
            return Answer(304, headers=tag)
        body = rss(*(entry for _, entry in paper.entries), title=f"Paper {number}")
        kind = ("Content-Type", "application/rss+xml; charset=utf-8")
        return Answer(200, body.encode(), (kind, *tag))

    # what it receives

    async def _answer(self, request: web.Request, hit: Hit) -> web.StreamResponse:
        talk = object()
        self._talks[talk] = hit.headers.get("User-Agent", "").partition("/")[0]
        try:
            answer = await self._respond(hit)
            return await answer.give(request)
        finally:
            del self._talks[talk]

    async def _respond(self, hit: Hit) -> Answer:
        if hit.path.startswith("/feed/"):
            return self._feed(int(hit.path.removeprefix("/feed/")), hit)
        if hit.path == "/hook":
            return await self._hook(hit)
        return Answer(404)

    async def _hook(self, hit: Hit) -> Answer:
        told = json.loads(hit.body)["data"]
        tokens = {
            found for article in told["articles"] for found in _TOKEN.findall(article["title"])
        }
        self.arrivals += tokens
        for token in tokens & self._held.keys():
            status = await self._held[token].get()
            if status != 200:
                return Answer(status)
        wants = frozenset(Want("now", told["channel"], "hook", token) for token in tokens)
        label = hit.headers.get("User-Agent", "").partition("/")[0]
        self._keep(hit.headers["webhook-id"], label, wants, hit.body)
        await self._think()
        return Answer(200)

    def _keep(self, key: str, label: str, wants: frozenset[Want], body: bytes) -> None:
        message = Accepted(id=key, label=label, wants=wants, body=body)
        self.ledger.append(message)
        self._by_label[label].append(message)
        self.untold -= wants

    async def _think(self) -> None:
        """Take a moment to answer: the life may be killed while it waits for that."""
        await asyncio.sleep(self._chance.random() * SLOWEST_ANSWER_SECONDS)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail (a hook of aiosmtpd)."""
        mail = email.message_from_bytes(envelope.original_content, policy=policy.default)
        (recipient,) = envelope.rcpt_tos
        mode = "now" if _OF_ONE.match(mail["Subject"]) else "digest"
        channel = "desk" if recipient.startswith("desk@") else "evening"
        wants = frozenset(Want(mode, channel, recipient, token) for token in _tokens_in(mail))
        key = mail["Message-ID"].strip("<>").partition("@")[0]
        label = session.host_name.removesuffix(".test")
        self._keep(key, label, wants, envelope.original_content)
        await self._think()
        return "250 2.0.0 kept"

    def is_stored(self) -> bool:
        """Tell whether the product has shown that it stored all that every paper holds."""
        return all(paper.stored == paper.version for paper in self._papers)

    def read_maildir(self, folder: Path) -> None:
        """Take the mails that lie in a Maildir now and did not before; each lies there once."""
        names = {path.name for path in folder.glob("new/*.eml")} - self._read
        self._read |= names
        found = {name: (folder / "new" / name).read_bytes() for name in sorted(names)}
        self.call(self._take_files(found))

    async def _take_files(self, found: dict[str, bytes]) -> None:
        for name, body in found.items():
            mail = email.message_from_bytes(body, policy=policy.default)
            tokens = _tokens_in(mail)
            wants = frozenset(Want("digest", "mailbox", "mailbox", token) for token in tokens)
            self._keep(name.removesuffix(".eml"), "", wants, body)

    def accepted_from(self, label: str) -> set[str]:
        """List the messages that a life has got accepted."""
        return {message.id for message in self._by_label[label]}

    async def _open(self) -> None:
        await super()._open()
        loop = asyncio.get_running_loop()
        self._post = await loop.create_server(lambda: _Conversation(self), "127.0.0.1", 0)
        self.smtp_port = self._post.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._post.close()
        await super()._close()

    # what it lets the campaign know

    def let_finish(self, label: str) -> None:
        """Wait until all that a dead life has sent is received, or dropped.

        Its sockets are closed by then. What it had connected before is accepted before what
        connects now, so two connections of our own come behind all of its.
        """
        self.call(self._let_finish(label))

    async def _let_finish(self, label: str) -> None:
        for port in (self.port, self.smtp_port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.transport.abort()  # type: ignore[attr-defined]
        for _ in range(200):
            await asyncio.sleep(0.005)
            if not any(whose in {label, ""} for whose in self._talks.values()):
                return


def _tokens_in(mail: email.message.EmailMessage) -> set[str]:
    part = mail.get_body(("plain",))
    assert part is not None
    return set(_TOKEN.findall(part.get_content()))


class _Conversation(SMTP):
    """Be one connection of a mail client, known to the world while it lasts."""

    def __init__(self, world: World) -> None:
        super().__init__(world, hostname="mail.example.test")
        self._world = world

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._world._talks[self] = ""
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._world._talks.pop(self, None)
        super().connection_lost(error)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        self._world._talks[self] = hostname.removesuffix(".test")
        await super().smtp_EHLO(hostname)
