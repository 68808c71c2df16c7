"""Place a message in a Maildir, once, and the page of the latest digest beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from monitor.deliver.connections import Connections
from monitor.model.delivery import DeliveryKind, Outcome, Owed, Result

_WRITE_SECONDS = 30.0  # a network file system that hangs must not hold the worker


async def place_file(owed: Owed, connections: Connections) -> Outcome:
    """Write the message to `new/<key>.eml` of the channel's Maildir; digests to `latest.html` too.

    A key that is there already, in `new/` or `cur/`, is not written again.
    """
    try:
        async with asyncio.timeout(_WRITE_SECONDS):
            reason = await asyncio.to_thread(_place, owed, connections.data_dir)
    except TimeoutError:
        return _failed(owed, f"the disk did not answer within {_WRITE_SECONDS:g} s")
    except OSError as error:
        return _failed(owed, error.strerror or str(error))
    return Outcome(result=Result.SENT, reason=reason)


def _failed(owed: Owed, why: str) -> Outcome:
    return Outcome(
        result=Result.RETRY,
        reason=f"Could not write to {owed.channel.path}: {why}. It is kept and tried again.",
    )


def _place(owed: Owed, data_dir: Path) -> str:
    maildir = Path(owed.channel.path)
    for folder in ("tmp", "new", "cur"):
        (maildir / folder).mkdir(parents=True, exist_ok=True)
    name = f"{owed.key}.eml"
    is_there = _has(maildir, name)
    if not is_there:
        _write_then_rename(maildir / "tmp" / name, maildir / "new" / name, owed.message.body)
    if owed.kind is DeliveryKind.DIGEST and owed.message.html:
        _write_latest(data_dir, owed)
    return f"It was in {maildir} already." if is_there else f"Written to {maildir / 'new' / name}."


def _has(maildir: Path, name: str) -> bool:
    if (maildir / "new" / name).exists():
        return True
    # a reader that has seen it moves it to cur/ and appends flags: <name>:2,S
    with os.scandir(maildir / "cur") as seen:
        return any(entry.name == name or entry.name.startswith(f"{name}:") for entry in seen)


def _write_latest(data_dir: Path, owed: Owed) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    content = owed.message.html.encode("utf-8", "replace")
    _write_then_rename(data_dir / f".latest-{owed.key}.tmp", data_dir / "latest.html", content)


def _write_then_rename(draft: Path, target: Path, content: bytes) -> None:
    """Make `target` appear whole and durable, or not at all."""
    draft.unlink(missing_ok=True)  # of a process that died here
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
