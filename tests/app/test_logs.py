"""Logs: a line that cannot be written costs the line."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from monitor.logs import configure_logs


class Full(io.TextIOBase):
    """Be a stream on a full disk."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


class Closed(Full):
    """Be a stream that was closed."""

    def write(self, _: str) -> int:
        raise ValueError("I/O operation on closed file")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising = root.handlers, root.level, logging.raiseExceptions
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.raiseExceptions = raising
    structlog.reset_defaults()


@pytest.mark.parametrize("stream", [Full(), Closed()])
def test_a_log_that_cannot_be_written_is_let_go_of(
    stream: io.TextIOBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        configure_logs(is_verbose=True)
        structlog.get_logger().error("disk full")
        logging.getLogger("library").error("disk full")
