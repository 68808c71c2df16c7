"""Copy SQLite files whole, also one that is being written, and tell whether a file is sound."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from monitor.errors import StoreError

Progress = Callable[[int, int], None]
"""Be told how much of how much is done."""

STEP_PAGES = 1_000
"""How many pages are copied at a time: 4 MB, so that progress shows and Ctrl-C is heard."""

SPARE_BYTES = 4_000_000
"""Room left on a disk beside what a copy takes."""

SIDE_FILES = ("-wal", "-shm")
"""What SQLite keeps beside a database that is in use."""

SQLITE_MAGIC = b"SQLite format 3\0"
DUMP_MAGIC = b"PGDMP"
"""How a SQLite file and an archive of pg_dump begin."""

_FAULTS_SHOWN = 5
_OWNERS = stat.S_IRUSR | stat.S_IWUSR
"""What a copy's owner may do in any case: a backup that was locked away is to be restored."""


def is_part_of(path: Path, database: Path) -> bool:
    """Tell whether a path, however it is written, names a database or what lies beside it."""
    real = database.resolve()
    return path.resolve() in {real, *(real.with_name(real.name + end) for end in SIDE_FILES)}


def is_backup(path: Path) -> bool:
    """Tell whether a file begins as a SQLite file or an archive of pg_dump does."""
    try:
        with path.open("rb") as file:
            start = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise StoreError(msg) from error
    return start == SQLITE_MAGIC or start.startswith(DUMP_MAGIC)


def no_progress(_done: int, _all: int) -> None:
    """Show nothing."""


def copy_sqlite(source: Path, target: Path, progress: Progress = no_progress) -> None:
    """Copy a database to a file that is either whole, checked and on disk, or not there.

    The copy shows one moment: a read transaction is held, which in WAL keeps no writer waiting
    and keeps a write from making the copy begin anew. Raises StoreError.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        with _translated(target):
            require_room(target.parent, _size(source))
            _copy(source, draft, progress)
            require_sound(draft)
            sync(draft)
            draft.replace(target)
            sync(target.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _copy(source: Path, draft: Path, progress: Progress) -> None:
    draft.unlink(missing_ok=True)
    with open_to_read(source) as reading, closing(sqlite3.connect(draft)) as writing:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment begins

        def tell(_status: int, remaining: int, total: int) -> None:
            progress(total - remaining, total)

        reading.backup(writing, pages=STEP_PAGES, progress=tell)
        writing.execute("PRAGMA journal_mode=DELETE")  # one file, which can be carried away
    draft.chmod(stat.S_IMODE(source.stat().st_mode) | _OWNERS)


def _size(source: Path) -> int:
    files = (source, source.with_name(source.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def require_room(folder: Path, size_bytes: int) -> None:
    """Raise StoreError if a folder's disk has no room for so much."""
    folder.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < size_bytes + SPARE_BYTES:
        msg = (
            f"there is no room for a copy of the database in {folder}: it takes "
            f"{_megabytes(size_bytes)}, {_megabytes(free_bytes)} are free. Make room; nothing was "
            "changed"
        )
        raise StoreError(msg)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.1f} MB"


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that must exist; a copy in a folder that cannot be written too."""
    is_alone = not any(path.with_name(path.name + end).exists() for end in SIDE_FILES)
    is_fixed = is_alone and not os.access(path.parent, os.W_OK)
    mode = "mode=ro&immutable=1" if is_fixed else "mode=ro"
    uri = f"{path.absolute().as_uri()}?{mode}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        yield connection


def require_sound(path: Path) -> None:
    """Raise StoreError if a file is no database, or one with a fault in its structure."""
    try:
        with open_to_read(path) as connection:
            faults = structure_faults(connection)
    except sqlite3.Error as error:
        faults = (str(error),)
    if faults:
        msg = f"{path} is no sound database: {'; '.join(faults)}"
        raise StoreError(msg)


def structure_faults(connection: sqlite3.Connection, *, is_quick: bool = False) -> tuple[str, ...]:
    """List what SQLite finds wrong in a file's structure; quick leaves the indexes' order out."""
    pragma = "quick_check" if is_quick else "integrity_check"
    rows = connection.execute(f"PRAGMA {pragma}({_FAULTS_SHOWN})").fetchall()
    return tuple(" ".join(row[0].split()) for row in rows if row[0] != "ok")


def unused(path: Path) -> Path:
    """Give a path that names nothing yet: this one, or one numbered behind it."""
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in count(2))
    return next(one for one in chain((path,), numbered) if not one.exists())


def damaged(path: Path | str, reason: object) -> str:
    """Say that a file is damaged, and the cure."""
    return (
        f"{path} cannot be read as a database ({reason}): stop `monitor run`, and put a backup "
        "in its place: monitor db restore FILE; nothing was deleted"
    )


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated(target: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        msg = f"no copy was made at {target}: {error}"
        raise StoreError(msg) from error
