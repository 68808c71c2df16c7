"""Logs: a line that cannot be written costs the line."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from monitor.logs import configure_logs, is_json_log


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


def test_facts_of_a_json_log_are_plain(capsys: pytest.CaptureFixture[str], now: datetime) -> None:
    configure_logs()
    assert is_json_log()
    structlog.get_logger().info("tried", again_at=now, folder=Path("/کراچی"), count=3)
    line = json.loads(capsys.readouterr().err)
    assert line["again_at"] == "2026-11-23T06:00:00Z"
    assert (line["folder"], line["count"], line["event"]) == ("/کراچی", 3, "tried")
