"""Set logging up: one line an event, facts as fields; JSON where no terminal reads it."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(*, is_verbose: bool = False) -> None:
    """Log to stderr: on a terminal warnings for people (all with `is_verbose`), else JSON."""
    is_terminal = sys.stderr.isatty()
    level = logging.INFO if is_verbose or not is_terminal else logging.WARNING
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    # Libraries speak through the standard module: their warnings come out as they are.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
