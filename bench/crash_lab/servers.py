"""Run PostgreSQL servers that can be killed, replaced by a standby, and cut off."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from services.loop_thread import Service
from services.postgres import OwnServer

START_SECONDS = 60.0


_DURABLE = "-c max_connections=100 -c fsync=on -c synchronous_commit=on -c wal_level=replica"


class MortalServer(OwnServer):
    """Be a server to be killed, which loses nothing it has acknowledged: fsync is on.

    With `has_standby` a commit returns only once a standby has it on its disk too, so that no
    acknowledged commit is lost when that is promoted.
    """

    def __init__(self, *, has_standby: bool = False) -> None:
        waits = " -c synchronous_standby_names=*" if has_standby else ""
        super().__init__(f"{_DURABLE}{waits}")

    def kill(self) -> None:
        """Kill the postmaster and all its children as `kill -9` does."""
        postmaster = int((self.dir / "data" / "postmaster.pid").read_text().split()[0])
        family = [postmaster, *_children(postmaster)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + START_SECONDS
        while any(_is_alive(pid) for pid in family) and time.monotonic() < end:
            time.sleep(0.01)

    def restart(self) -> None:
        """Start after a kill; the first tries may come before the kernel has let go of all."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.start()
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return


class Standby(MortalServer):
    """Be a streaming standby of another server."""

    def __init__(self, of: MortalServer) -> None:
        super().__init__()
        self._primary = of

    def _initialise(self) -> None:
        source = ["-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "postgres"]
        self._run("pg_basebackup", *self._data, *source, "-R", "-X", "stream", "-c", "fast")

    def promote(self) -> None:
        """Take over."""
        self._run("pg_ctl", *self._data, "-w", "promote")


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(entry.name))
    return found


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class CommitCutter(Service):
    """Be a proxy before a server that loses the answers to some commits.

    Of the commits that pass, `share` are hit: half of them reach the server, whose answer is
    dropped, and half do not get there. Either way the client's connection is reset, so it cannot
    tell one from the other.
    """

    def __init__(self, port: int, seed: str, *, share: float) -> None:
        super().__init__()
        self.port = 0
        self.lost_answers = 0
        self.lost_commits = 0
        self._server_port, self._share = port, share
        self._chance = random.Random(seed)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: asyncio.StreamWriter | None = None
        try:
            back, onward = await asyncio.open_connection("127.0.0.1", self._server_port)
            async with asyncio.TaskGroup() as group:
                answers = group.create_task(_pump(back, writer))
                group.create_task(self._requests(reader, onward, back, writer, answers))
        except* (ConnectionError, OSError):
            pass
        finally:
            for one in (writer, onward):
                if one is not None:
                    one.close()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
        back: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        """Pass the client's bytes on, and look for a COMMIT that is to be hit."""
        while data := await reader.read(65_536):
            if data.endswith(b"COMMIT\0") and self._chance.random() < self._share:
                answers.cancel()
                await asyncio.wait((answers,))
                if self._chance.random() < 0.5:
                    self.lost_answers += 1
                    onward.write(data)
                    await onward.drain()
                    await back.read(1)  # it has answered: the commit is done
                else:
                    self.lost_commits += 1
                _reset(writer)
                break
            onward.write(data)
            await onward.drain()
        onward.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
