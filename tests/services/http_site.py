"""A site on loopback that serves feeds and pages, with validators and a count of hits.

with HttpSite() as site:                      # or: async with
    url = site.put("/feed.xml", xml, content_type="application/rss+xml")
    ...                                       # the product polls url
    assert site.count("/feed.xml") == 1
    site.put("/feed.xml", changed)            # a new ETag; an unchanged one answers 304
    site.answer("/feed.xml", Answer(503), Answer(behaviour=...))   # once each, then as put
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from dataclasses import dataclass

from aiohttp import web
from services.http_server import Answer, Hit, HttpServer, redirect
from services.loop_thread import Arrivals


@dataclass(frozen=True, slots=True)
class _Document:
    body: bytes
    headers: tuple[tuple[str, str], ...]
    etag: str
    last_modified: str
    status: int

    def is_known_to(self, hit: Hit) -> bool:
        """Tell whether the client holds this version already."""
        if self.etag and "If-None-Match" in hit.headers:
            return self.etag in hit.headers["If-None-Match"]
        since = hit.headers.get("If-Modified-Since")
        return bool(self.last_modified) and since == self.last_modified

    @property
    def validators(self) -> tuple[tuple[str, str], ...]:
        """List the headers by which a client recognises this version."""
        stated = (("ETag", self.etag), ("Last-Modified", self.last_modified))
        return tuple(pair for pair in stated if pair[1])


class HttpSite(HttpServer):
    """Serve documents by path; a path never put answers 404."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.hits: Arrivals[Hit] = Arrivals()
        self._documents: dict[str, _Document] = {}
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def put(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str = "application/rss+xml; charset=utf-8",
        headers: tuple[tuple[str, str], ...] = (),
        has_etag: bool = True,
        last_modified: str = "",
        status: int = 200,
    ) -> str:
        """Serve `body` at `path` from now on and give its address."""
        content = body.encode() if isinstance(body, str) else body
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"' if has_etag else ""
        stated = (("Content-Type", content_type), *headers)
        self._documents[path] = _Document(content, stated, etag, last_modified, status)
        return self.base + path

    def redirect(self, path: str, to: str, status: int = 301) -> str:
        """Point from `path` to the address `to` from now on."""
        answer = redirect(to, status)
        self._documents[path] = _Document(b"", answer.headers, "", "", status)
        return self.base + path

    def remove(self, path: str) -> None:
        """Answer 404 at `path` from now on."""
        self._documents.pop(path, None)

    def answer(self, path: str, *answers: Answer) -> None:
        """Queue answers for the next requests of `path`, before its document is served again."""
        self._answers[path].extend(answers)

    def count(self, path: str) -> int:
        """Count the requests of a path."""
        return sum(hit.path == path for hit in self.hits.all)

    async def _answer(self, request: web.Request, hit: Hit) -> web.StreamResponse:
        self.hits.add(hit)
        if self._answers[hit.path]:
            return await self._answers[hit.path].popleft().give(request)
        document = self._documents.get(hit.path)
        if document is None:
            return await Answer(404, b"no such path").give(request)
        if document.is_known_to(hit):
            return await Answer(304, headers=document.validators).give(request)
        headers = (*document.headers, *document.validators)
        return await Answer(document.status, document.body, headers).give(request)
