"""Tell whether the data folder still takes something: a full database cannot say so itself."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

from monitor.store.problems import Trouble

ROOM_BYTES = 1_000_000
"""A disk without this much room is full: a digest or a feed may take as much."""


def full_disk(folder: Path, now: datetime) -> tuple[Trouble, ...]:
    """Say so if the disk of a folder is full or read-only; a folder that is not there is not."""
    try:
        facts = os.statvfs(folder)
    except OSError:
        return ()
    reason = disk_reason(facts)
    if not reason:
        return ()
    return (
        Trouble(
            kind="disk",
            subject=str(folder),
            reason=f"nothing can be written there: {reason}",
            cure="make room on its disk; nothing is lost, and what waits goes on by itself",
            first_at=now,
            last_at=now,
            count=1,
        ),
    )


def disk_reason(facts: os.statvfs_result) -> str:
    """Say why a file system takes nothing, "" if it does.

    Some count no files (`f_files` is 0 on btrfs): there only the bytes decide.
    """
    if facts.f_flag & os.ST_RDONLY:
        return os.strerror(errno.EROFS)
    has_files = facts.f_files == 0 or facts.f_favail > 0
    if facts.f_bavail * facts.f_frsize < ROOM_BYTES or not has_files:
        return os.strerror(errno.ENOSPC)
    return ""
