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


def is_json_log() -> bool:
    """Tell whether a machine reads the log: then what is said to people is not said there."""
    return not sys.stderr.isatty()


def _plain(value: object) -> str:
    """Write what JSON has no word for: moments in RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def configure_logs(*, is_verbose: bool = False) -> None:
    """Log to stderr: on a terminal warnings for people (all with `is_verbose`), else JSON."""
    level = logging.INFO if is_verbose or is_json_log() else logging.WARNING
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(default=_plain, ensure_ascii=False)
        if is_json_log()
        else structlog.dev.ConsoleRenderer()
    )
    steadfast = cast(TextIO, _Steadfast(sys.stderr))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(steadfast),
    )
    logging.raiseExceptions = False  # it would print a traceback for a line it could not write
    # Libraries speak through the standard module: their warnings come out as they are.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
