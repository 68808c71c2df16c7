"""Be the command line: `monitor`."""

from __future__ import annotations

from monitor.cli.streams import heed_sigterm, open_what_is_closed

heed_sigterm()
open_what_is_closed()  # first: as they are imported, commands ask what the streams are

from monitor.cli.main import main  # noqa: E402

__all__ = ["main"]
