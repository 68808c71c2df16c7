"""Take a backup of a database while it is at work."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.store import copies, migrate, restored
from monitor.store.copies import Progress, no_progress
from monitor.store.dumps import Tools
from monitor.store.engine import Store
from monitor.store.tables import Base

_OURS = re.compile(r"monitor-\d{8}T\d{6}Z\.(db|dump)")
_TABLE = "dumping contents of table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Be a backup that was taken."""

    file: Path
    taken_at: datetime
    size_bytes: int


def usual_name(store: Store, now: datetime) -> str:
    """Name a backup by its moment in UTC."""
    return f"monitor-{now:%Y%m%dT%H%M%SZ}.{'db' if store.is_sqlite else 'dump'}"


def take(
    store: Store,
    target: Path,
    *,
    now: datetime,
    tools: Tools,
    progress: Progress = no_progress,
) -> Backup:
    """Back the database up into a file that is whole and checked, or not there.

    Its moment is noted in the database first, so that the backup knows its own age. Raises
    StoreError.
    """
    _require_spare(target, Path(store.url.database or "") if store.is_sqlite else None)
    if not store.is_sqlite:
        with store.read() as tx:
            tools.require_server(tx)
    with store.write() as tx:
        if migrate.is_current(tx):  # an older schema has no place for it
            restored.note_backup(tx, now=now)
    if store.is_sqlite:
        copies.copy_sqlite(Path(store.url.database or ""), target, progress)
    else:
        _dump(tools, target, progress)
    return Backup(file=target, taken_at=now, size_bytes=target.stat().st_size)


def _require_spare(target: Path, database: Path | None) -> None:
    """Raise StoreError if a backup would take the place of what is none."""
    if database is not None and copies.is_part_of(target, database):
        raise StoreError("a backup of a database needs another file than the database itself")
    if target.exists() and not copies.is_backup(target):
        msg = f"{target} is there already and is no backup: name another file, or a folder"
        raise StoreError(msg)


def _dump(tools: Tools, target: Path, progress: Progress) -> None:
    draft, done, tables = target.with_name(f"{target.name}.part"), 0, len(Base.metadata.tables)

    def hear(line: str) -> None:
        nonlocal done
        if _TABLE in line:
            done += 1
            progress(min(done, tables), tables + 1)

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        tools.dump(draft, hear)
        tools.read_through(draft)
        copies.sync(draft)
        draft.replace(target)
        copies.sync(target.parent)
        progress(tables + 1, tables + 1)
    except OSError as error:
        msg = f"no backup was made at {target}: {error}"
        raise StoreError(msg) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def remove_older(folder: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest backups that bear our own names; give what was removed."""
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    old = ours[: max(0, len(ours) - keep)]
    for path in old:
        path.unlink()
    return tuple(old)
