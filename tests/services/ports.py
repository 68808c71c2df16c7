"""Find ports for servers that have to be told theirs before they start."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 15_000, 32_000  # below what systems give to clients, who would take one meanwhile
_TRIES = 100


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on, and that nobody is given by chance."""
    draw = random.SystemRandom()  # not the seed of the tests, which all their processes share
    for _ in range(_TRIES):
        port = draw.randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    msg = f"no port is free between {_FIRST} and {_LAST}"
    raise RuntimeError(msg)
