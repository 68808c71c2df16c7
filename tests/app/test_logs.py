"""Logs: a line that cannot be written costs the line."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO, cast

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
def test_a_log_that_cannot_be_written_is_let_go_of(stream: io.TextIOBase) -> None:
    configure_logs(cast(TextIO, stream), is_verbose=True)
    structlog.get_logger().error("disk full")
    logging.getLogger("library").error("disk full")


def test_facts_of_a_json_log_are_plain(capsys: pytest.CaptureFixture[str], now: datetime) -> None:
    configure_logs()
    structlog.get_logger().info("tried", again_at=now, folder=Path("/کراچی"), count=3)
    line = json.loads(capsys.readouterr().err)
    assert line["again_at"] == "2026-11-23T06:00:00Z"
    assert (line["folder"], line["count"], line["event"]) == ("/کراچی", 3, "tried")


def test_what_a_library_says_is_one_line_of_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers = []  # pytest's own, which it adds for each test's body
    configure_logs(sys.stdout)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed: %s", "why")
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["logger"]) == (
        "a task failed: why",
        "error",
        "asyncio",
    )
    assert "ValueError: two\nlines" in told["exception"]


def _until_hung_up(terminal: io.FileIO) -> Iterator[bytes]:
    with suppress(OSError):  # EIO: nobody holds its other end any more
        while found := terminal.read(10_000):
            yield found


def test_a_terminal_is_shown_warnings_for_people() -> None:
    logging.getLogger().handlers = []
    ours, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream:
        configure_logs(stream)
        structlog.get_logger().info("polled")
        structlog.get_logger().warning("disk nearly full")
        logging.getLogger("library").warning("slow")
    with os.fdopen(ours, "rb", buffering=0) as reader:
        shown = b"".join(_until_hung_up(reader)).decode()
    assert "disk nearly full" in shown
    assert "slow" in shown
    assert "polled" not in shown
    assert "{" not in shown
