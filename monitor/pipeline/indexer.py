"""Put into the full-text index what is stored and was never put in, a little at a time.

The assigner puts in each article that it places; what is left was stored before there was an
index, by an earlier release beside this one, or in another database. One process at a time does
it (a leased role); a stop or a crash costs nothing, for what is left is found again.
"""

from __future__ import annotations

import structlog

from monitor.pipeline.ports import Ports
from monitor.store import fulltext, roles
from monitor.store.roles import Role

log = structlog.get_logger()

BATCH = 50
"""How many articles go in one transaction, which holds SQLite's writer for some 20 ms."""


class Indexer:
    """Index what is left, one batch a call."""

    def __init__(self, ports: Ports) -> None:
        """Begin without the role: the first work takes it."""
        self._ports = ports
        self._role: Role | None = None
        self._left: list[int] = []
        self._done = 0

    def index_due(self) -> int:
        """Index one batch; give the number of articles (0: all are, or another process does it).

        Raises StoreError if the database refuses; the next call goes on from there.
        """
        ports, now = self._ports, self._ports.now()
        if not self._left and not self._found():
            return 0
        batch = self._left[:BATCH]
        with ports.store.write() as tx:
            self._role = roles.take(
                tx, roles.INDEXER, ports.holder, self._role, now=now, lease=ports.terms.lease
            )
            if self._role is None:
                self._left.clear()
                return 0
            fulltext.put_stored(tx, batch)
        del self._left[:BATCH]
        self._done += len(batch)
        return len(batch)

    def _found(self) -> bool:
        """Look for what is left, unless another process is at it."""
        ports = self._ports
        with ports.store.read() as tx:
            if roles.is_open(tx, roles.INDEXER, ports.holder, now=ports.now()):
                self._left = fulltext.unindexed(tx, is_placed=True)
        if self._done and not self._left:
            log.info("stored articles indexed", articles=self._done)
            self._done = 0
        return bool(self._left)
