"""Take the power away: what SQLite did not fsync of its write-ahead log is gone.

A killed process loses nothing that it wrote: the kernel has it. So a kill alone cannot tell
`synchronous=FULL` from NORMAL. In a watched life SQLite's own call that syncs the log (`xSync` of
its file) is followed by a copy of the log, taken before the call returns, as the disk holds it
then. After the death the log is replaced by the last copy: later frames are lost, and where the
log had begun anew the old ones are back, as on a disk that wrote nothing since. The database file
stays as it is: SQLite writes to it only what is in a synced log.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Any

from crash_lab.swaps import PatchError

_OPEN_WAL = 0x0008_0000  # SQLITE_OPEN_WAL
_SYNC = 5  # its place in sqlite3_io_methods; each place is a pointer wide
_PLACES = 19
_kept: list[Any] = []  # callbacks and tables that SQLite holds pointers to

_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_Open = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,  # the path: SQLite keeps the pointer, so it must be passed on as it is
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_int,
    ctypes.c_void_p,
)


class _Vfs(ctypes.Structure):
    """Be the head of sqlite3_vfs: how files are opened."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("path_bytes", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", _Open),
    )


def watch(folder: Path) -> None:
    """Keep in `folder` a copy of the log as of its last sync, from now on in this process."""
    folder.mkdir(exist_ok=True)
    vfs = _default_vfs()
    place = ctypes.addressof(vfs) + _Vfs.open.offset  # a field read as such would change with it
    really_open = _Open(ctypes.c_void_p.from_address(place).value)
    tables: dict[int, Any] = {}

    def opened(of: int, name: int, file: Any, flags: int, out: int) -> int:
        found = really_open(of, name, file, flags, out)
        if found == 0 and flags & _OPEN_WAL:
            methods = file[0]
            if methods not in tables:
                log = Path(os.fsdecode(ctypes.string_at(name)))
                tables[methods] = _with_copying_sync(methods, log, folder)
            file[0] = ctypes.addressof(tables[methods])
        return int(found)

    vfs.open = _Open(opened)
    _kept.append((vfs.open, really_open, tables))


def _default_vfs() -> _Vfs:
    """Find the library that Python's sqlite3 uses, and its way to files."""
    import _sqlite3

    library = ctypes.CDLL(_sqlite3.__file__)
    if not hasattr(library, "sqlite3_vfs_find"):
        raise PatchError("this Python hides SQLite's functions: no power can be cut")
    find = library.sqlite3_vfs_find
    find.restype = ctypes.POINTER(_Vfs)
    vfs: _Vfs = find(None).contents
    return vfs


def _with_copying_sync(methods: int, log: Path, folder: Path) -> Any:
    """Copy a table of methods, with a sync that also copies the log."""
    table = (ctypes.c_void_p * _PLACES).from_buffer_copy(
        (ctypes.c_void_p * _PLACES).from_address(methods)
    )
    really_sync = _Sync(table[_SYNC])

    def sync(file: int, flags: int) -> int:
        found = really_sync(file, flags)
        if found == 0:
            shutil.copyfile(log, folder / "draft")
            (folder / "draft").rename(folder / "log")
        return int(found)

    mine = _Sync(sync)
    table[_SYNC] = ctypes.cast(mine, ctypes.c_void_p).value
    _kept.append(mine)
    return table


def cut(database: Path, folder: Path) -> None:
    """Give the log of a dead process back the bytes that were synced."""
    log, synced = Path(f"{database}-wal"), folder / "log"
    Path(f"{database}-shm").unlink(missing_ok=True)
    if synced.exists():
        shutil.copyfile(synced, log)
    else:
        log.unlink(missing_ok=True)
