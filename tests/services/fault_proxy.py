"""A TCP proxy on loopback that injects faults between the product and a server.

with FaultProxy(server_port) as proxy:        # or: async with
    proxy.lose_commit(3)                      # the third commit is done, its answer never comes
    proxy.refuse()                            # cut what is open, refuse who connects
    proxy.resume()
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from services.loop_thread import Service

COMMIT = b"COMMIT\x00"
"""How a commit stands in PostgreSQL's protocol, sent as a simple query."""

READING = b"READ ONLY"
"""What a transaction begins with that has nothing to commit."""


class FaultProxy(Service):
    """Pass bytes on to a port of this machine until told otherwise."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__()
        self._upstream_port = upstream_port
        self.port = 0
        self.cuts = 0
        """How many answers were swallowed."""
        self._left = 0
        self._clients: set[asyncio.StreamWriter] = set()

    def lose_commit(self, number: int) -> None:
        """Pass on the N-th commit of a transaction that writes, and cut when its answer comes."""
        self._left = number

    def refuse(self) -> None:
        """Reset all connections, and refuse new ones."""
        self.call(self._close())

    def resume(self) -> None:
        """Listen again, at the same port."""
        self.call(self._open())

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for client in tuple(self._clients):
            _reset(client)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._clients.add(client)
        cut = asyncio.Event()
        try:
            there, server = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            _reset(client)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ask(reader, server, cut))
                group.create_task(self._answer(there, client, cut))
        except* OSError:  # one side has gone: so does the other
            pass
        finally:
            self._clients.discard(client)
            for writer in (client, server):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _ask(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        is_reading = False
        while asked := await reader.read(65_536):
            if b"BEGIN" in asked:
                is_reading = READING in asked
            if self._left and COMMIT in asked and not is_reading:
                self._left -= 1
                if not self._left:
                    cut.set()
            server.write(asked)
            await server.drain()
        server.write_eof()

    async def _answer(
        self, there: asyncio.StreamReader, client: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while answered := await there.read(65_536):
            if cut.is_set():  # the server has done it: only its word is lost
                self.cuts += 1
                _reset(client)
                raise ConnectionResetError
            client.write(answered)
            await client.drain()
        client.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    line: socket.socket | None = writer.get_extra_info("socket")
    if line is not None and line.fileno() != -1:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
