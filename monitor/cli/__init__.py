"""Be the command line: `monitor`."""

from __future__ import annotations

from monitor.cli.main import main

__all__ = ["main"]
