"""SQLite without power: what was said to be kept is there, wherever the cut falls.

The database is written under strace. A disk is then played back call by call, with the power cut
after each: what was not synced by then is on it in part, at random.
"""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

WRITER = """
import os, sys
from sqlalchemy import event, text
from monitor.store.engine import Store

store = Store("sqlite:///" + sys.argv[1])
with store.write() as tx:
    tx.execute(text("CREATE TABLE kept (n INTEGER PRIMARY KEY, filler TEXT)"))
store.engine.dispose()
event.listen(store.engine, "connect", lambda raw, _: [raw.execute(line) for line in sys.argv[2:]])
for n in range(60):
    with store.write() as tx:
        tx.execute(text("INSERT INTO kept VALUES (:n, :filler)"), {"n": n, "filler": "x" * 3000})
    os.write(1, b"kept %d" % n)
"""

OFTEN = "PRAGMA wal_autocheckpoint = 12"
"""So that cuts fall into checkpoints as well."""


@dataclass
class Disk:
    """Be what a disk holds of some files, and what it has only been told."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    waiting: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)

    def write(self, name: str, offset: int, content: bytes) -> None:
        """Take a write, which power loss may undo until the file is synced."""
        self.waiting.setdefault(name, []).append((offset, content))

    def truncate(self, name: str, size: int) -> None:
        """Take a truncation, likewise."""
        self.waiting.setdefault(name, []).append((size, None))

    def sync(self, name: str) -> None:
        """Keep what was written for good."""
        _apply(self.synced.setdefault(name, bytearray()), self.waiting.pop(name, []))

    def unlink(self, name: str) -> None:
        """Take a file away; its folder is synced by SQLite where it matters."""
        self.synced.pop(name, None)
        self.waiting.pop(name, None)

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Give the files as a power cut may leave them: of what waits any part is written."""
        left = {}
        for name in self.synced.keys() | self.waiting.keys():
            held = bytearray(self.synced.get(name, b""))
            _apply(held, [one for one in self.waiting.get(name, []) if chance.random() < 0.5])
            left[name] = bytes(held)
        return left


def _apply(held: bytearray, writes: list[tuple[int, bytes | None]]) -> None:
    for offset, content in writes:
        if content is None:
            del held[offset:]
            continue
        held.extend(bytes(max(0, offset - len(held))))
        held[offset : offset + len(content)] = content


CALL = re.compile(
    r"(?P<name>\w+)\((?P<fd>\d+)<(?P<path>[^>]*)>(, (?P<rest>.*))?\) += (?P<done>-?\d+)"
)
UNLINK = re.compile(r'unlink\("(?P<path>[^"]*)"\) += 0')
BYTES = re.compile(r'"(?P<hex>(\\x[0-9a-f]{2})*)", \d+(, (?P<offset>\d+))?')


def lost_after_power_cuts(folder: Path, *pragmas: str) -> set[int]:
    """Write rows under strace; give those said to be kept that some power cut loses.

    After each call the power is cut: what was not synced is there in part, at random, and the
    database is opened from what is left. Raises AssertionError if it is corrupt.
    """
    trace, file = folder / "trace", folder / "kept.db"
    calls = "trace=pwrite64,write,ftruncate,fdatasync,fsync,unlink"
    strace = ("strace", "-f", "-y", "-xx", "-qq", "-s", "70000", "-o", str(trace), "-e", calls)
    command = [*strace, sys.executable, "-c", WRITER, str(file), OFTEN, *pragmas]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    disk, kept, lost, chance = Disk(), set[int](), set[int](), random.Random(1)
    for line in trace.read_text("ascii").splitlines():
        if gone := UNLINK.search(line):
            disk.unlink(Path(_unescaped(gone["path"]).decode()).name)
        call = CALL.search(line)
        path = _unescaped(call["path"]).decode() if call else ""
        if call is None or int(call["done"]) < 0:
            continue
        if call["name"] == "write" and call["fd"] == "1":
            said = BYTES.match(call["rest"])
            assert said
            kept.add(int(_unescaped(said["hex"]).removeprefix(b"kept ")))
        elif path.startswith(str(file)) and not path.endswith("-shm"):
            _replay(disk, Path(path).name, call)
            if kept:
                lost |= kept - rows_left(folder / "cut", disk.after_a_cut(chance))
    assert len(kept) == 60
    return lost


def _unescaped(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _replay(disk: Disk, name: str, call: re.Match[str]) -> None:
    if call["name"] == "ftruncate":
        disk.truncate(name, int(call["rest"]))
    elif call["name"] == "pwrite64":
        written = BYTES.match(call["rest"])
        assert written
        disk.write(name, int(written["offset"]), _unescaped(written["hex"]))
    else:
        disk.sync(name)


def rows_left(folder: Path, files: dict[str, bytes]) -> set[int]:
    """Open the database from what is left of its files, as a start does."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with closing(sqlite3.connect(folder / "kept.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        return {row[0] for row in database.execute("select n from kept")}


@needs_strace
@pytest.mark.slow
def test_what_was_committed_outlives_a_power_cut_at_each_write_and_sync(tmp_path: Path) -> None:
    assert lost_after_power_cuts(tmp_path) == set()


@needs_strace
@pytest.mark.slow
def test_a_power_cut_would_be_seen_to_lose_what_is_not_synced(tmp_path: Path) -> None:
    assert lost_after_power_cuts(tmp_path, "PRAGMA synchronous = NORMAL") != set()
