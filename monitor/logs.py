"""Set logging up: one line an event, facts as fields; JSON where no terminal reads it."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from datetime import datetime
from typing import TextIO, cast

import structlog


class _Steadfast:
    """Write to a stream and let go of what it does not take: a log must not end the work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write; a full disk or a closed pipe costs the text, nothing else."""
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(text)

    def flush(self) -> None:
        """Flush what was written."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def _plain(value: object) -> str:
    """Write what JSON has no word for: moments in RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def configure_logs(stream: TextIO | None = None, *, is_verbose: bool = False) -> None:
    """Log to a stream (None: stderr): on a terminal warnings for people, else all in JSON.

    With `is_verbose` a terminal shows all as well. What libraries say through the standard module
    comes out in the same form: warnings and worse.
    """
    chosen = stream or sys.stderr
    is_json = not chosen.isatty()
    steadfast = cast(TextIO, _Steadfast(chosen))
    stamps: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(default=_plain, ensure_ascii=False)
        if is_json
        else structlog.dev.ConsoleRenderer()
    )
    level = logging.INFO if is_verbose or is_json else logging.WARNING
    structlog.configure(
        processors=[*stamps, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(steadfast),
    )
    logging.raiseExceptions = False  # it would print a traceback for a line it could not write
    handler = logging.StreamHandler(steadfast)
    handler.setFormatter(_formatter(stamps, renderer))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _formatter(
    stamps: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> logging.Formatter:
    """Make a library's line one of ours: its logger's name is a fact beside the event."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamps],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
