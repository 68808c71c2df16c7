"""A webhook receiver (aiohttp) that keeps every raw request and answers from a list.

with WebhookSink() as sink:                   # or: async with
    sink.script(Answer(503), Answer(200))
    ...                                       # the product posts to sink.url
    first, second = sink.hits.wait_for(2)
"""

from __future__ import annotations

from collections import deque

from aiohttp import web
from services.http_server import Answer, Hit, HttpServer
from services.loop_thread import Arrivals


class WebhookSink(HttpServer):
    """Receive webhooks; each request takes the next scripted answer, else `default`."""

    def __init__(self, *, default: Answer = Answer(200), port: int = 0) -> None:  # noqa: B008
        super().__init__(port=port)
        self.hits: Arrivals[Hit] = Arrivals()
        self.default = default
        self._answers: deque[Answer] = deque()

    @property
    def url(self) -> str:
        """Give the address to post to."""
        return f"{self.base}/hook"

    def script(self, *answers: Answer) -> None:
        """Queue the answers to the next requests."""
        self._answers.extend(answers)

    async def _answer(self, request: web.Request, hit: Hit) -> web.StreamResponse:
        self.hits.add(hit)
        answer = self._answers.popleft() if self._answers else self.default
        return await answer.give(request)
