"""Tell on what kind of file system a database lies: SQLite's log needs one of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.errors import StoreError

MOUNTS = Path("/proc/self/mountinfo")
"""What the kernel says is mounted; other systems than Linux have no such file."""

_NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "coda", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2",
     "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs"}
)  # fmt: skip
"""File systems on which two machines do not share memory, and locks are not to be relied on."""


def refuse_network(database: Path, mounts: Path = MOUNTS) -> None:
    """Raise StoreError if a SQLite file lies, or would lie, on a network file system."""
    folder = next(place for place in (database, *database.absolute().parents) if place.exists())
    kind = _kind_of(folder.stat().st_dev, mounts)
    if kind in _NETWORK:
        msg = (
            f"{database} lies on a network file system ({kind}): SQLite would be damaged there. "
            "Name a folder on a disk of this machine in MONITOR_DATA, or use PostgreSQL"
        )
        raise StoreError(msg)


def _kind_of(device: int, mounts: Path) -> str:
    """Give the kind of the file system of a device, "" if it is not known.

    A line reads: `36 35 98:0 /root /mount options shared:1 - ext3 /dev/sda rw`.
    """
    sought = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, mark, after = line.partition(" - ")
        if mark and before.split()[2:3] == [sought]:
            return after.split()[0]
    return ""
