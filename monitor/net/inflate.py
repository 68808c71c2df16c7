"""Inflate bodies in small steps, so that a bomb is noticed before it has grown."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli

from monitor.errors import FetchError

STEP_BYTES = 65_536  # the most that one step may give out
_GZIP_MAGIC = b"\x1f\x8b"


class Inflater(Protocol):
    """Turn the bytes on the wire into those of the body."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give what a chunk inflates to, in pieces of about `STEP_BYTES` at most."""
        ...

    def is_complete(self) -> bool:
        """Tell whether the stream may end here."""
        ...


def inflater_for(encoding: str) -> Inflater:
    """Choose by the Content-Encoding header; raise FetchError(kind="encoding") if unknown."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name in ("gzip", "x-gzip"):
        return _Zlib(wbits=16 + zlib.MAX_WBITS, may_repeat=True)
    if name == "deflate":
        return _Deflate()
    if name == "br":
        return _Brotli()
    raise FetchError(
        f"The answer is packed as '{name[:40]}', which was not asked for.",
        kind="encoding",
    )


def _broken(name: str) -> FetchError:
    return FetchError(f"The answer says it is packed with {name} but is not.", kind="encoding")


class _Identity:
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def is_complete(self) -> bool:
        return True


class _Zlib:
    """Inflate gzip (RFC 1952, members may follow each other) or one deflate stream."""

    def __init__(self, *, wbits: int, may_repeat: bool) -> None:
        self._wbits = wbits
        self._may_repeat = may_repeat
        self._stream = zlib.decompressobj(wbits)
        self._has_ended = False
        self._has_begun = False
        self._held = b""  # the first byte of what may be the next member's magic

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        data = self._held + chunk
        self._held = b""
        while data:
            if self._stream.eof and not self._next_member(data):
                return
            self._has_begun = True
            try:
                piece = self._stream.decompress(data, STEP_BYTES)
            except zlib.error as error:
                raise _broken("gzip" if self._may_repeat else "deflate") from error
            if piece:
                yield piece
            data = self._stream.unconsumed_tail or self._stream.unused_data
        yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        """Give what zlib still holds although it has eaten all input."""
        while not self._stream.eof:
            piece = self._stream.decompress(b"", STEP_BYTES)
            if not piece:
                return
            yield piece

    def _next_member(self, data: bytes) -> bool:
        """Begin the next member; what follows the last (padding, junk) is ignored."""
        if self._has_ended or not self._may_repeat:
            return False
        if data == _GZIP_MAGIC[:1]:
            self._held = data
            return False
        if not data.startswith(_GZIP_MAGIC):
            self._has_ended = True
            return False
        self._stream = zlib.decompressobj(self._wbits)
        return True

    def is_complete(self) -> bool:
        return self._stream.eof or not self._has_begun


class _Deflate:
    """Inflate what servers call deflate: zlib's form (RFC 1950), or the bare one (RFC 1951)."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Zlib | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._head += chunk
            if len(self._head) < 2:
                return
            is_zlib = self._head[0] & 0x0F == 8 and int.from_bytes(self._head[:2], "big") % 31 == 0
            wbits = zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS
            self._inner = _Zlib(wbits=wbits, may_repeat=False)
            chunk = self._head
        yield from self._inner.feed(chunk)

    def is_complete(self) -> bool:
        return self._inner.is_complete() if self._inner else not self._head


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._has_begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self._has_begun = self._has_begun or bool(chunk)
        piece = self._step(chunk)
        while piece:
            yield piece
            if self._stream.can_accept_more_data():
                return
            piece = self._step(b"")

    def _step(self, data: bytes) -> bytes:
        if self._stream.is_finished():
            return b""  # junk after the end
        try:
            return bytes(self._stream.process(data, output_buffer_limit=STEP_BYTES))
        except brotli.error as error:
            raise _broken("brotli") from error

    def is_complete(self) -> bool:
        return bool(self._stream.is_finished()) or not self._has_begun
