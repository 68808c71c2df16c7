"""Frame what goes between a process and its children: 8 bytes of length, then a pickle."""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from io import BytesIO
from typing import Any

HEADER = struct.Struct(">Q")
_READ_BYTES = 262_144
_PLAIN_NAMES = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "range", "slice"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
}


def framed(value: object) -> bytes:
    """Pickle a value and put its length in front."""
    payload = pickle.dumps(value, protocol=5)
    return HEADER.pack(len(payload)) + payload


async def send_frame(line: socket.socket, frame: bytes) -> None:
    """Send from the parent; the socket is non-blocking."""
    await asyncio.get_running_loop().sock_sendall(line, frame)


async def receive_frame(line: socket.socket, max_bytes: int) -> bytes:
    """Receive in the parent; raise EOFError when the child is gone, ValueError past the bound."""
    head = await _receive_exactly(line, HEADER.size)
    (length,) = HEADER.unpack(head)
    if length > max_bytes:
        raise ValueError(f"an answer of {length} bytes")
    return await _receive_exactly(line, length)


async def _receive_exactly(line: socket.socket, count: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    while len(data) < count:
        chunk = await loop.sock_recv(line, min(_READ_BYTES, count - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def answer_of(payload: bytes) -> Any:
    """Unpickle a child's answer, letting only our nouns and plain values come alive.

    The child has handled hostile input in C code; should it ever be taken over, its answer must
    not run anything here. Raises pickle.UnpicklingError.
    """
    return _AnswerUnpickler(BytesIO(payload)).load()


class _AnswerUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN_NAMES.get(module, ()):
            return super().find_class(module, name)
        if module.startswith("monitor.model."):
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__.startswith("monitor.model."):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} may not come out of a child")
